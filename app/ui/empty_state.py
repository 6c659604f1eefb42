"""What an empty conversation shows: how to begin, and a few things to ask."""

from __future__ import annotations

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.core.events import Event
from app.ui import states
from app.ui import theme as look
from app.ui.models.first_minute import FirstMinute
from app.ui.theme import Theme

_EXAMPLES_PX = 150
"""What the words and the examples above the panel take, with the room around them."""


class EmptyState(QScrollArea):
    """Signals:
    asked: an example was clicked (str).

    Attributes:
        first_minute: the panel for new users; None without a theme.
    """

    asked = Signal(str)

    def __init__(
        self,
        mode: str,
        key: str = "Space",
        theme: Theme | None = None,
        remembered: QSettings | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """
        Args:
            mode: "hold", "toggle" or "hybrid" (`TalkSettings.mode`).
            key: the talk key (`TalkSettings.key`).
            theme: of the panel for new users; None leaves it out.
            remembered: where it is kept that they skipped it.
        """
        super().__init__(parent)
        self._mode, self._key = mode, states.key_name(key)
        self.first_minute = FirstMinute(theme, remembered) if theme is not None else None
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
        self._examples = QWidget()
        row = QHBoxLayout(self._examples)
        row.setContentsMargins(0, look.SPACE_L, 0, 0)
        row.setSpacing(look.SPACE_S)
        row.addStretch(1)
        for chip in self.chips:
            chip.setProperty("role", "chip")
            chip.setAccessibleName(self.tr("Ask: %1").replace("%1", chip.text()))
            chip.setToolTip(self.tr("Ask this"))
            chip.clicked.connect(self._ask)
            row.addWidget(chip)
        row.addStretch(1)
        inside = QWidget()
        inside.setObjectName("panelBody")
        column = QVBoxLayout(inside)
        column.setContentsMargins(look.SPACE_XL, look.SPACE_S, look.SPACE_XL, look.SPACE_S)
        column.setSpacing(look.SPACE_S)
        column.addStretch(1)
        column.addWidget(self._title)
        column.addWidget(self._sub)
        column.addWidget(self._examples)
        if self.first_minute is not None:
            self.first_minute.shown.connect(self._fit)
            self.first_minute.closed.connect(self._fit)
            panel = QHBoxLayout()
            panel.setContentsMargins(0, look.SPACE_L, 0, 0)
            panel.addStretch(1)
            panel.addWidget(self.first_minute, 100)
            panel.addStretch(1)
            column.addLayout(panel)
        column.addStretch(1)
        self.setObjectName("clear")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(inside)
        self.show_microphone(True)

    @property
    def title(self) -> str:
        return self._title.text()

    def show_talk_key(self, mode: str, key: str) -> None:
        """Another `TalkSettings.mode`, or `key`, was chosen."""
        self._mode, self._key = mode, states.key_name(key)
        self.show_microphone(self._there)

    def show_microphone(self, there: bool) -> None:
        """How to begin depends on whether there is a microphone."""
        self._there = there
        if not there:
            self._title.setText(self.tr("Type a question"))
            self._sub.setText(self.tr("No microphone is connected. I notice when one is."))
            return
        self._title.setText(states.how_to_begin(self._mode, self._key))
        self._sub.setText(self.tr("Or try one of these"))

    def handle(self, event: Event) -> None:
        """Take an event of the app; all but those of the panel are let through."""
        if self.first_minute is not None:
            self.first_minute.handle(event)

    def _fit(self) -> None:
        """Where there is little room, the panel takes that of the examples."""
        panel = self.first_minute
        needed = panel.sizeHint().height() + _EXAMPLES_PX if panel and not panel.isHidden() else 0
        roomy = needed <= self.viewport().height()
        for part in (self._sub, self._examples):
            part.setVisible(roomy)
        across = self.viewport().width() - 2 * look.SPACE_L
        for chip in self.chips:
            # As many as stand side by side; the first one always.
            across -= chip.sizeHint().width() + look.SPACE_S
            chip.setVisible(across >= 0 or chip is self.chips[0])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _ask(self) -> None:
        chip = self.sender()
        if isinstance(chip, QPushButton):
            self.asked.emit(chip.text())
