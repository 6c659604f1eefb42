"""The chip in the header while the chosen microphone or loudspeaker is not there: what it is, as
long as it is so."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QSizePolicy, QStyleOptionButton, QWidget

from app.ui import icons
from app.ui.elided_button import ElidedButton
from app.ui.engines.status import EngineStatus
from app.ui.theme import Theme


class DeviceChip(ElidedButton):
    """Takes no room while all is well. That there is no microphone at all is the state that Parley
    is in, and is said there.

    Signals:
        setting_wanted: the user wants to choose another, by the setting's name in the file.
        went: it is gone, and the keyboard was on it.
    """

    setting_wanted = Signal(str)
    went = Signal()

    def __init__(self, engines: EngineStatus, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._engines = engines
        self._theme = theme
        self._why = ""
        self._setting = "audio.input"
        self.setProperty("role", "pill")
        self.setIconSize(QSize(16, 16))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.clicked.connect(lambda: self.setting_wanted.emit(self._setting))
        engines.changed.connect(self._refresh)
        theme.changed.connect(self._dress)
        self.hide()
        self._refresh()

    @property
    def why(self) -> str:
        """What is not as it was chosen, in whole sentences; empty when all is well."""
        return self._why

    def minimumSizeHint(self) -> QSize:
        """The icon: the words may go."""
        hint = super().minimumSizeHint()
        spare = self.fontMetrics().horizontalAdvance(self.text())
        return QSize(min(hint.width(), self.sizeHint().width() - spare), hint.height())

    def _option(self) -> QStyleOptionButton:
        """All of the words, or the icon alone."""
        option = self._style_option()
        if not self._room_for(option.text):
            option.text = ""
        return option

    def _refresh(self) -> None:
        words, why = self._words()
        if why == self._why:
            return
        before, self._why = self._why, why
        had_focus = self.hasFocus()
        if words:
            self.setText(f" {words}")
            self.setAccessibleName(why.replace("\n", " "))
            self.setToolTip(why)
            self._dress()
        # A new widget appears with what it stands in; shown before that, it would be a window.
        if self.parentWidget() is not None:
            self.setVisible(bool(words))
        if words and self.isVisible() and QAccessible.isActive():
            QAccessible.updateAccessibility(
                QAccessibleAnnouncementEvent(self, self.accessibleName())
            )
        if before and not words and had_focus:
            self.went.emit()

    def _words(self) -> tuple[str, str]:
        """What the chip says, and why."""
        engines = self._engines
        microphone = engines.microphone_detail if engines.microphone else ""
        loudspeaker = engines.loudspeaker_detail
        self._setting = "audio.input" if microphone else "audio.output"
        if microphone and loudspeaker:
            return self.tr("Devices missing"), f"{microphone}\n{loudspeaker}"
        if microphone:
            return self.tr("Another microphone"), microphone
        if not loudspeaker:
            return "", ""
        if engines.loudspeaker:
            return self.tr("Another loudspeaker"), loudspeaker
        return self.tr("No loudspeaker"), loudspeaker

    def _dress(self) -> None:
        icon = "microphone" if self._setting == "audio.input" else "voice"
        self.setIcon(icons.icon(icon, self._theme.tokens.warn, size=16))
