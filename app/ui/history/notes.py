"""The short messages inside the sidebar: what was deleted and can come back, a question before
everything goes, what does not get kept."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.ui import theme as look


class HistoryNote(QFrame):
    """A sentence on a card, with up to two buttons under it.

    Signals:
        pressed: the first button.
        dismissed: the second button.
    """

    pressed = Signal()
    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._words = QLabel()
        self._words.setProperty("role", "small")
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        self.button, self.other = QPushButton(), QPushButton()
        self.button.clicked.connect(self.pressed)
        self.other.clicked.connect(self.dismissed)
        buttons = QHBoxLayout()
        buttons.setSpacing(look.SPACE_S)
        buttons.addWidget(self.button)
        buttons.addWidget(self.other)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(look.SPACE_M, look.SPACE_S, look.SPACE_M, look.SPACE_S)
        column.setSpacing(look.SPACE_S)
        column.addWidget(self._words)
        column.addLayout(buttons)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def words(self) -> str:
        return self._words.text()

    def say(self, words: str, *, button: str = "", other: str = "", for_ms: int = 0) -> None:
        """Show it; without `for_ms` until it is put away."""
        self._words.setText(words)
        self.setAccessibleName(words)
        for each, text in ((self.button, button), (self.other, other)):
            each.setText(text)
            each.setAccessibleName(text)
            each.setAccessibleDescription(words)
            each.setVisible(bool(text))
        self._timer.stop()
        if for_ms:
            self._timer.start(for_ms)
        self.show()

    def put_away(self) -> None:
        self._timer.stop()
        self.hide()
