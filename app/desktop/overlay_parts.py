"""What the overlay is made of: the level in bars, and a line whose end is seen."""

from __future__ import annotations

from collections import deque

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QWidget

from app.ui.theme import Theme


class LevelTrace(QWidget):
    """How loud it was a moment ago: five bars, the newest at the right."""

    _BARS = 5
    _BAR_PX, _GAP_PX, _HEIGHT_PX = 3, 2, 14

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._colour = ""
        self._levels: deque[float] = deque([0.0] * self._BARS, maxlen=self._BARS)
        self._peak = 0.0
        self._odd = False
        self.setFixedSize(
            self._BARS * (self._BAR_PX + self._GAP_PX) - self._GAP_PX, self._HEIGHT_PX
        )
        theme.changed.connect(self.update)

    @property
    def levels(self) -> list[float]:
        """What the bars show, 0 to 1, oldest first."""
        return list(self._levels)

    def add(self, level: float) -> None:
        """The next measurement, 0 to 1. Two make a bar, or they would run too fast to be seen."""
        self._odd = not self._odd
        self._peak = max(self._peak, level)
        if not self._odd:
            self._levels.append(self._peak)
            self._peak = 0.0
            self.update()

    def show_colour(self, token: str) -> None:
        """Paint in a token's colour; empty hides the bars."""
        if token != self._colour:
            self._colour = token
            self._levels.extend([0.0] * self._BARS)
        self.setVisible(bool(token))

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self._colour:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(self._theme.tokens, self._colour)))
        for index, level in enumerate(self._levels):
            height = self._BAR_PX + level * (self._HEIGHT_PX - self._BAR_PX)
            left = index * (self._BAR_PX + self._GAP_PX)
            bar = QRectF(left, (self._HEIGHT_PX - height) / 2, self._BAR_PX, height)
            painter.drawRoundedRect(bar, self._BAR_PX / 2, self._BAR_PX / 2)
        painter.end()


class ElidedLine(QLabel):
    """One line of text whose end is seen; dots stand for what does not fit before it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._whole = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setMinimumWidth(1)
        self.hide()

    @property
    def whole(self) -> str:
        return self._whole

    def show_text(self, text: str) -> None:
        """An empty line takes no room."""
        if text == self._whole and text:
            return
        self._whole = text
        self._fit()
        self.setVisible(bool(text))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        metrics = self.fontMetrics()
        shown = metrics.elidedText(self._whole, Qt.TextElideMode.ElideLeft, self.width())
        if shown != self._whole and " " in shown:
            shown = f"… {shown.split(' ', 1)[1]}"  # whole words
        self.setText(shown)
