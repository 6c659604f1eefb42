"""The round talk button. Its ring is the level meter while you speak, a slow pulse while Parley
thinks, and the voice's envelope while it speaks."""

from __future__ import annotations

import math
from collections import deque

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QFocusEvent, QHideEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QAbstractButton, QWidget

from app.core.events import State
from app.ui import icons
from app.ui.motion import reduced_motion
from app.ui.states import ATTENTION, FACES
from app.ui.theme import Theme, faded

SIZE_PX = 96
_DISC_PX = 60
_RING_PX = 76
"""Diameter of the ring's middle line."""

FRAME_MS = 33
"""30 pictures a second, as many as levels are measured."""

PULSE_S = 1.8
"""One breath of the thinking ring."""

_TICKS = 56
_FALL = 0.80
"""What is left of the shown level after a frame without a louder one."""

_QUIET_DB = -46.0
"""A peak this low shows as nothing."""


def shown_level(peak: float) -> float:
    """How far the meter goes for a peak of 0 to 1: loudness is heard in decibels."""
    if peak <= 0:
        return 0.0
    decibels = 20 * math.log10(peak)
    return min(1.0, max(0.0, 1 - decibels / _QUIET_DB))


class TalkButton(QAbstractButton):
    """Shows the state and is held to talk: `pressed` and `released` are the talk key's."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._state: str = State.READY
        self._level = 0.0
        self._envelope: deque[float] = deque([0.0] * (_TICKS // 2), maxlen=_TICKS // 2)
        self._phase_s = 0.0
        self._focus_shown = False
        """The focus came by keyboard: who holds the button need not be told where it is."""
        self._clock = QTimer(self)
        self._clock.setInterval(FRAME_MS)
        self._clock.timeout.connect(self._tick)
        self.setFixedSize(SIZE_PX, SIZE_PX)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(self.tr("Talk"))
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(SIZE_PX, SIZE_PX)

    @property
    def state(self) -> str:
        return self._state

    @property
    def level(self) -> float:
        """The level the ring shows, 0 to 1."""
        return self._level

    @property
    def animating(self) -> bool:
        return self._clock.isActive()

    def show_state(self, state: str) -> None:
        if state == self._state:
            return
        self._state = state
        self._level = 0.0
        self._phase_s = 0.0
        self._envelope.extend([0.0] * len(self._envelope))
        self._run_clock()
        self.update()

    def show_level(self, peak: float) -> None:
        """Take a new measurement, a peak of 0 to 1."""
        if self._ring in ("meter", "voice"):
            self._level = max(self._level, shown_level(peak))

    # --- motion ---------------------------------------------------------------------------

    @property
    def _ring(self) -> str:
        return FACES[self._state].ring

    def _run_clock(self) -> None:
        moving = self._ring in ("meter", "voice") or (
            self._ring == "pulse" and not reduced_motion()
        )
        if moving and self.isVisible():
            self._clock.start()
        else:
            self._clock.stop()

    def _tick(self) -> None:
        self._phase_s += FRAME_MS / 1000
        self._envelope.appendleft(self._level)
        self.update()
        self._level *= _FALL

    def focusInEvent(self, event: QFocusEvent) -> None:
        if event.reason() != Qt.FocusReason.ActiveWindowFocusReason:
            self._focus_shown = event.reason() in (
                Qt.FocusReason.TabFocusReason,
                Qt.FocusReason.BacktabFocusReason,
            )
        super().focusInEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._run_clock()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()

    # --- picture --------------------------------------------------------------------------

    def hitButton(self, where: QPoint) -> bool:
        away = QPointF(where) - QPointF(self.rect().center())
        return math.hypot(away.x(), away.y()) <= _RING_PX / 2 + 4

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(self.width() / 2, self.height() / 2)
        self._paint_ring(painter)
        self._paint_disc(painter)
        if self.hasFocus() and self._focus_shown:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(self._theme.tokens.text), 2))
            painter.drawEllipse(QPointF(0, 0), _DISC_PX / 2 + 2.5, _DISC_PX / 2 + 2.5)
        painter.end()

    def _paint_disc(self, painter: QPainter) -> None:
        tokens = self._theme.tokens
        face = FACES[self._state]
        colour = QColor(getattr(tokens, face.colour))
        filled = self._state in (State.READY, State.LISTENING, "opening")
        if self.isDown():
            colour = colour.darker(112) if not tokens.dark else colour.lighter(108)
        if filled:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
        else:
            painter.setPen(QPen(colour, 1.5))
            painter.setBrush(QColor(tokens.surface if not self.underMouse() else tokens.sunk))
        radius = _DISC_PX / 2 - (0 if filled else 0.75)
        painter.drawEllipse(QPointF(0, 0), radius, radius)
        ink = tokens.accent_ink if filled else getattr(tokens, face.colour)
        name = "microphone-off" if self._state == ATTENTION else "microphone"
        icons.paint(painter, name, ink, QRectF(-14, -14, 28, 28))

    def _paint_ring(self, painter: QPainter) -> None:
        tokens = self._theme.tokens
        colour = getattr(tokens, FACES[self._state].colour)
        ring = self._ring
        circle = QRectF(-_RING_PX / 2, -_RING_PX / 2, _RING_PX, _RING_PX)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if ring == "voice":
            self._paint_voice(painter, colour)
            return
        painter.setPen(QPen(QColor(tokens.line), 3))
        painter.drawEllipse(circle)
        pen = QPen(QColor(colour), 4)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        if ring == "meter" and self._level > 0.01:
            # From the foot of the ring up both sides, like a gauge.
            painter.setPen(pen)
            sweep = round(self._level * 180 * 16)
            painter.drawArc(circle, -90 * 16 - sweep, 2 * sweep)
        elif ring == "closing":
            pen.setWidthF(3)
            painter.setPen(pen)
            for quarter in range(4):
                painter.drawArc(circle, (quarter * 90 + 20) * 16, 50 * 16)
        elif ring == "pulse":
            breath = 0.5 - 0.5 * math.cos(2 * math.pi * self._phase_s / PULSE_S)
            if reduced_motion():
                breath = 1.0
            pen.setColor(faded(colour, 0.25 + 0.75 * breath))
            pen.setWidthF(3)
            painter.setPen(pen)
            grown = 2.5 * breath
            painter.drawEllipse(circle.adjusted(-grown, -grown, grown, grown))

    def _paint_voice(self, painter: QPainter, colour: str) -> None:
        """Ticks around the button: the last second of the voice, running down both sides."""
        pen = QPen(QColor(colour), 2.0)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        inner = _DISC_PX / 2 + 5.0
        for number in range(_TICKS):
            side = number if number < _TICKS // 2 else _TICKS - 1 - number
            angle = math.pi * 2 * (number + 0.5) / _TICKS - math.pi / 2
            length = 1.5 + 10.5 * self._envelope[side]
            x, y = math.cos(angle), math.sin(angle)
            painter.drawLine(
                QPointF(x * inner, y * inner),
                QPointF(x * (inner + length), y * (inner + length)),
            )
