"""How far a download is, as a thin line."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QProgressBar, QSizePolicy, QWidget

from app.ui.theme import Theme

_HEIGHT_PX = 4
_STEPS = 1000


class ThinBar(QProgressBar):
    """A progress bar without frame or text; the numbers stand under it in words."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setRange(0, _STEPS)
        self.setTextVisible(False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_share(self, share: float) -> None:
        """
        Args:
            share: how much is done, 0 to 1.
        """
        self.setValue(round(min(max(share, 0.0), 1.0) * _STEPS))

    def sizeHint(self) -> QSize:
        return QSize(120, _HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, _HEIGHT_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        track = QRectF(0, (self.height() - _HEIGHT_PX) / 2, self.width(), _HEIGHT_PX)
        painter.setBrush(QColor(tokens.line))
        painter.drawRoundedRect(track, _HEIGHT_PX / 2, _HEIGHT_PX / 2)
        done = QRectF(track)
        done.setWidth(max(track.width() * self.value() / _STEPS, _HEIGHT_PX))
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            done.moveRight(track.right())
        if self.value() > 0:
            painter.setBrush(QColor(tokens.accent))
            painter.drawRoundedRect(done, _HEIGHT_PX / 2, _HEIGHT_PX / 2)
        painter.end()
