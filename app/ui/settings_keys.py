"""The services and their keys, as a part of the settings page."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.core.events import Event, KeyChanged, LookUpKeys, ProviderChecked, SettingChanged
from app.ui import theme as look
from app.ui.provider_keys import LOCAL_ONLY, ProviderRow
from app.ui.theme import Theme


class ServiceKeys(QWidget):
    """A row for each service.

    The keyring is looked into when the user turns to a key, not when the page is opened: a locked
    one makes the desktop ask for a password.

    Signals:
        intent: what the user wants, for who keeps the keys.
    """

    intent = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._local_only = False
        self._looked_up = False
        self.rows: dict[str, ProviderRow] = {}
        self._remark = QLabel()
        self._remark.setProperty("role", "small")
        self._remark.setTextFormat(Qt.TextFormat.PlainText)
        self._remark.setWordWrap(True)
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
                self._local_only = bool(event.value)
                for row in self.rows.values():
                    row.show_local_only(self._local_only)

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
            row.edit.toggled.connect(self._unfolded)
            self._column.insertWidget(self._column.count() - 1, row)
        self._remark.setText(event.remark)
        self._remark.setVisible(bool(event.remark))

    def _unfolded(self, unfolded: bool) -> None:
        if unfolded:
            self.look_up()
