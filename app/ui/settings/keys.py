"""The services and their keys: on the settings page, and in the engines panel."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.core.events import Event, KeyChanged, LookUpKeys, ProviderChecked, SettingChanged
from app.ui import theme as look
from app.ui.labels import plain_label, show_text
from app.ui.settings.provider_row import ProviderRow
from app.ui.theme import Theme

LOCAL_ONLY = "llm.local_only"


class ServiceKeys(QWidget):
    """A row for each service.

    The keyring is looked into when the user turns to a key, not when the page is opened: a locked
    one makes the desktop ask for a password.

    Signals:
        intent: what the user wants, for who keeps the keys.
        changed: it needs another height now.
        unfolded: the field of this row has opened, and wants to be seen.
    """

    intent = Signal(object)
    changed = Signal()
    unfolded = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._local_only = False
        self._looked_up = False
        self.rows: dict[str, ProviderRow] = {}
        self._remark = plain_label("small")
        self._remark.hide()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, look.SPACE_S, 0, 0)
        self._column.setSpacing(look.SPACE_M)
        self._column.addWidget(self._remark)

    @property
    def words(self) -> str:
        """Everything it says now."""
        return " ".join(row.text for row in self.rows.values())

    def tab_stops(self) -> list[QWidget]:
        """What Tab reaches, from top to bottom."""
        return [
            control
            for row in self.rows.values()
            for control in (row.edit, row.test, row.field, row.save, row.forget)
        ]

    def handle(self, event: Event) -> None:
        """Take an event about keys or settings; others are let through."""
        match event:
            case KeyChanged():
                self._show_key(event)
            case ProviderChecked() if event.name in self.rows:
                self.rows[event.name].show_verdict(event)
            case SettingChanged(name=name) if name == LOCAL_ONLY:
                self.show_local_only(bool(event.value))
            case _:
                return
        self.changed.emit()

    def show_local_only(self, on: bool) -> None:
        self._local_only = on
        for row in self.rows.values():
            row.show_local_only(on)

    def open(self, name: str) -> ProviderRow | None:
        """Unfold the field for this service's key; its row, if there is one."""
        row = self.rows.get(name)
        if row is not None:
            row.edit.setChecked(True)
        return row

    def look_up(self) -> None:
        """Have the keyring looked into, once."""
        if not self._looked_up:
            self._looked_up = True
            self.intent.emit(LookUpKeys())

    def _show_key(self, event: KeyChanged) -> None:
        row = self.rows.get(event.engine.name)
        if row is not None:
            row.show_key(event)
        else:
            row = self.rows[event.engine.name] = ProviderRow(event, self._theme)
            row.show_local_only(self._local_only)
            row.intent.connect(self.intent)
            row.edit.toggled.connect(lambda unfolded, row=row: self._unfold(row, unfolded))
            row.test.clicked.connect(self.changed)
            self._column.insertWidget(self._column.count() - 1, row)
        show_text(self._remark, event.remark)

    def _unfold(self, row: ProviderRow, unfolded: bool) -> None:
        """Its field came or went."""
        self.changed.emit()
        if unfolded:
            self.look_up()
            self.unfolded.emit(row)
