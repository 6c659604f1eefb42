"""The part of the engines panel about services that take a key, with the switch that keeps every
word on this computer."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.core.events import ChangeSetting, Event, KeyChanged, SettingChanged
from app.ui import icons
from app.ui import theme as look
from app.ui.cards import Glyph
from app.ui.labels import plain_label
from app.ui.settings.keys import LOCAL_ONLY, ServiceKeys
from app.ui.settings.provider_row import ProviderRow
from app.ui.switch import Switch
from app.ui.theme import Theme


class ProviderKeys(QWidget):
    """The local-only switch, and a row for each service, folded away until wanted.

    Signals:
        intent: what the user wants, for who keeps keys and settings.
        changed: it needs another height now.
        unfolded: this widget of it has grown and wants to be seen.
    """

    intent = Signal(object)
    changed = Signal()
    unfolded = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._services = ServiceKeys(theme)
        self._services.intent.connect(self.intent)
        self._services.changed.connect(self.changed)
        self._services.unfolded.connect(self.unfolded)
        self._glyph = Glyph("computer", "", 22)
        title = plain_label("strong", self.tr("Stay on this computer"))
        self.local_only = Switch(theme)
        self.local_only.setAccessibleName(title.text())
        self.local_only.setToolTip(self.tr("Send nothing to a cloud service"))
        self.local_only.clicked.connect(self._switch)
        self._meaning = plain_label("small")
        self.unfold = QPushButton()
        self.unfold.setProperty("role", "quiet")
        self.unfold.setCheckable(True)
        self.unfold.setText(self.tr("Services and keys"))
        self.unfold.toggled.connect(self._fold)
        words_beside = QVBoxLayout()
        words_beside.setSpacing(2)
        words_beside.addWidget(title)
        words_beside.addWidget(self._meaning)
        words_beside.addWidget(self.unfold, 0, Qt.AlignmentFlag.AlignLeft)
        head = QHBoxLayout()
        head.setSpacing(look.SPACE_M)
        head.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words_beside, 1)
        head.addWidget(self.local_only, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)  # the services bring their own
        column.addLayout(head)
        column.addWidget(self._services)
        self._services.hide()
        self.setVisible(False)  # until somebody tells of a service
        theme.changed.connect(self._dress)
        self._dress()

    @property
    def rows(self) -> dict[str, ProviderRow]:
        """The services, by name."""
        return self._services.rows

    def handle(self, event: Event) -> None:
        """Take an event about keys or settings; others are let through."""
        match event:
            case KeyChanged():
                self.setVisible(True)
            case SettingChanged(name=name) if name == LOCAL_ONLY:
                self._show_local_only(bool(event.value))
        self._services.handle(event)
        if isinstance(event, KeyChanged):
            stops = (self.local_only, self.unfold, *self._services.tab_stops())
            for one, next_one in pairwise(stops):  # as the eye goes, not as they were made
                QWidget.setTabOrder(one, next_one)

    def _show_local_only(self, on: bool) -> None:
        self.local_only.setChecked(on)
        self._meaning.setText(
            self.tr("Nothing is sent to a cloud service.")
            if on
            else self.tr("A cloud service may answer when no model here can, if it has a key.")
        )

    def _switch(self, on: bool) -> None:
        self._show_local_only(on)
        self._services.show_local_only(on)
        self.intent.emit(ChangeSetting(name=LOCAL_ONLY, value=on))
        self.changed.emit()

    def _fold(self, unfolded: bool) -> None:
        self._services.setVisible(unfolded)
        self._dress()
        if unfolded:
            self._services.look_up()
        self.changed.emit()
        if unfolded:
            self.unfolded.emit(self)

    @Slot()
    def _dress(self) -> None:
        self._glyph.show_icon("computer", self._theme.tokens.muted)
        chevron = "chevron-down" if self.unfold.isChecked() else icons.onward(self)
        self.unfold.setIcon(icons.icon(chevron, self._theme.tokens.muted, size=16))
        self._show_local_only(self.local_only.isChecked())
