"""A switch: on or off, at once."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QWidget

from app.ui.theme import Theme

_TRACK = QSize(36, 20)
_KNOB_PX = 14.0
_RING_PX = 3
"""Room for the ring that shows the keyboard's focus."""


class Switch(QCheckBox):
    """A check box in the shape of a switch; the position of its knob says as much as the colour.

    It has no text of its own: the words stand beside it, and in its accessible name.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return _TRACK + QSize(2 * _RING_PX, 2 * _RING_PX)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        return self.rect().contains(pos)

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens, on = self._theme.tokens, self.isChecked()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(_RING_PX, _RING_PX, _TRACK.width(), _TRACK.height())
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            ring = track.adjusted(-2, -2, 2, 2)
            painter.drawRoundedRect(ring, ring.height() / 2, ring.height() / 2)
        painter.setPen(QPen(QColor(tokens.accent if on else tokens.edge), 1))
        painter.setBrush(QColor(tokens.accent if on else tokens.surface))
        outline = track.adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(outline, outline.height() / 2, outline.height() / 2)
        gap = (track.height() - _KNOB_PX) / 2
        right = on != (self.layoutDirection() == Qt.LayoutDirection.RightToLeft)
        left = track.right() - gap - _KNOB_PX if right else track.left() + gap
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.accent_ink if on else tokens.edge))
        painter.drawEllipse(QRectF(left, track.top() + gap, _KNOB_PX, _KNOB_PX))
        painter.end()
