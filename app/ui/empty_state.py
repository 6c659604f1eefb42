"""What an empty conversation shows: how to begin, and a few things to ask."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.ui import theme as look


class EmptyState(QWidget):
    """Signals: `asked`: an example was clicked (str)."""

    asked = Signal(str)

    def __init__(self, mode: str, parent: QWidget | None = None) -> None:
        """
        Args:
            mode: "hold", "toggle" or "hybrid" (`TalkSettings.mode`).
        """
        super().__init__(parent)
        self._mode = mode
        self._title = QLabel()
        self._title.setProperty("role", "title")
        self._title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._sub = QLabel()
        self._sub.setProperty("role", "small")
        self._sub.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.chips = [
            QPushButton(text)
            for text in (
                self.tr("What time is it in Tokyo?"),
                self.tr("Set a timer for ten minutes"),
                self.tr("What is 18 percent of 240?"),
            )
        ]
        row = QHBoxLayout()
        row.setSpacing(look.SPACE_S)
        row.addStretch(1)
        for chip in self.chips:
            chip.setProperty("role", "chip")
            chip.setAccessibleName(self.tr("Ask: %1").replace("%1", chip.text()))
            chip.setToolTip(self.tr("Ask this"))
            chip.clicked.connect(self._ask)
            row.addWidget(chip)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(look.SPACE_S)
        column.addStretch(1)
        column.addWidget(self._title)
        column.addWidget(self._sub)
        column.addSpacing(look.SPACE_L)
        column.addLayout(row)
        column.addStretch(1)
        self.show_microphone(True)

    @property
    def title(self) -> str:
        return self._title.text()

    def show_mode(self, mode: str) -> None:
        """Another `TalkSettings.mode` was chosen."""
        self._mode = mode
        self.show_microphone(self._there)

    def show_microphone(self, there: bool) -> None:
        """How to begin depends on whether there is a microphone."""
        self._there = there
        if not there:
            self._title.setText(self.tr("Type a question"))
            self._sub.setText(self.tr("No microphone is connected. I notice when one is."))
            return
        self._title.setText(
            self.tr("Press space and talk")
            if self._mode == "toggle"
            else self.tr("Hold space and talk")
        )
        self._sub.setText(self.tr("Or try one of these"))

    def _ask(self) -> None:
        chip = self.sender()
        if isinstance(chip, QPushButton):
            self.asked.emit(chip.text())
