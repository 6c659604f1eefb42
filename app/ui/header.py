"""The line at the top of the conversation: where one is, how the engines stand, ways elsewhere."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from app.ui import icons
from app.ui import theme as look
from app.ui.cards import Glyph
from app.ui.engines.panel import EnginePill
from app.ui.labels import plain_label
from app.ui.theme import Theme


class Header(QWidget):
    """Lives in the GUI thread.

    Attributes:
        sidebar_button: opens and closes the list of conversations.
        new_button: begins a conversation.
        pill: opens the engines' panel.
        settings_button: opens the settings.
    """

    def __init__(self, theme: Theme, pill: EnginePill) -> None:
        super().__init__()
        self._theme = theme
        self._private = False
        self.pill = pill
        self.sidebar_button = self._button(
            self.tr("Conversations"), self.tr("Show or hide the conversations (Ctrl+B)")
        )
        self.sidebar_button.setCheckable(True)
        self.new_button = self._button(
            self.tr("New conversation"), self.tr("New conversation (Ctrl+N)")
        )
        self.settings_button = self._button(self.tr("Settings"), self.tr("Settings (Ctrl+,)"))
        self._mark = Glyph("circle", "", 22)
        self._name = plain_label("strong", "Parley", wraps=False)
        line = self._line = QHBoxLayout(self)
        line.setContentsMargins(look.SPACE_L, look.SPACE_M, look.SPACE_XL, look.SPACE_S)
        line.setSpacing(look.SPACE_S)
        line.addWidget(self.sidebar_button)
        line.addWidget(self.new_button)
        line.addSpacing(look.SPACE_XS)
        line.addWidget(self._mark)
        line.addWidget(self._name)
        line.addStretch(1)
        line.addWidget(pill)
        line.addWidget(self.settings_button)
        theme.changed.connect(self._dress)
        self._dress()

    def add_timers(self, chip: QWidget) -> None:
        """Put them before the engines."""
        self._line.insertWidget(self._line.indexOf(self.pill), chip)

    def add_devices(self, chip: QWidget) -> None:
        """Put them before the engines and the timers."""
        self._line.insertWidget(self._line.indexOf(self._name) + 2, chip)

    @property
    def name(self) -> str:
        """What stands beside the mark."""
        return self._name.text()

    def show_conversation(self, *, private: bool) -> None:
        """Say so when nothing of this conversation is kept."""
        self._private = private
        self._name.setText(self.tr("Private conversation") if private else "Parley")
        self._name.setToolTip(self.tr("Nothing of it is kept.") if private else "")
        self._dress()

    def show_sidebar(self, opened: bool) -> None:
        """The list has a button of its own for a new conversation."""
        self.sidebar_button.setChecked(opened)
        self.new_button.setVisible(not opened)

    @staticmethod
    def _button(name: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setProperty("role", "icon")
        button.setIconSize(QSize(20, 20))
        button.setAccessibleName(name)
        button.setToolTip(tip)
        return button

    def _dress(self) -> None:
        tokens = self._theme.tokens
        self._mark.show_icon(
            "private" if self._private else "parley",
            tokens.text if self._private else tokens.accent,
        )
        for button, icon in (
            (self.sidebar_button, "sidebar"),
            (self.new_button, "plus"),
            (self.settings_button, "settings"),
        ):
            button.setIcon(icons.icon(icon, tokens.muted, size=20))
