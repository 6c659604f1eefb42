"""Parley's face: it listens, thinks and speaks. Painted, without pictures."""

from __future__ import annotations

import math
import random
from dataclasses import replace

from PySide6.QtCore import QElapsedTimer, QEvent, QPointF, QSize, Qt, QTimer, Slot
from PySide6.QtGui import (
    QColor,
    QHideEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QShowEvent,
    QTransform,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.core.events import State
from app.core.mouth import MouthShape
from app.ui import states
from app.ui.face_drawing import (
    BREATH_REACH,
    EYES_REACH,
    MOUTH_REACH,
    empty_picture,
    mouth_path,
    paint_eyes,
    paint_head,
    turned,
)
from app.ui.face_expression import LONGEST_MOVE_S, Expression, Pose
from app.ui.motion import reduced_motion
from app.ui.talk_button import shown_level
from app.ui.theme import SETTLE_MS, Theme

SMALLEST_PX, USUAL_PX, LARGEST_PX = 48, 96, 200

FRAME_MS = 16
"""60 pictures a second while it follows a voice, or changes to another state."""

SLOW_FRAME_MS = 33
"""30 while it blinks and looks about: nobody compares that with a sound."""

SEEN_PX = 0.25
"""What moves by less looks still."""

_LASTING = (State.READY, states.ATTENTION)
"""States that may last for hours. Without the keyboard the window is then not looked at, and its
face is still."""


class Face(QWidget):
    """A calm figure whose mouth follows the voice. Sized by its owner, 48 to 200 px.

    It paints only when something is different, and nothing moves under reduced motion.
    """

    def __init__(
        self,
        theme: Theme,
        parent: QWidget | None = None,
        *,
        expression: Expression | None = None,
    ) -> None:
        """
        Args:
            expression: what moves it; None blinks and looks about by chance.
        """
        super().__init__(parent)
        self._theme = theme
        self._state: str = State.READY
        self._expression = expression or Expression(random.Random())
        self._ratio = 0.0
        """Of the pictures that are kept: pixels of the screen to a logical one."""
        self._head_before = QPixmap()
        self._still: tuple[float, ...] | None = None
        self._still_before: tuple[float, ...] | None = None
        """What but the mouth `_above_mouth` shows, and what was painted last."""
        self._above_mouth = QPixmap()
        self._repaint_all()
        self._fading_ms = 0.0
        """How much of the change to the present colour is still to come."""
        self._frame_is_due = False
        """The clock runs for the next frame, not for a breath or a blink."""
        self._since = QElapsedTimer()
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.setTimerType(Qt.TimerType.PreciseTimer)
        self._clock.timeout.connect(self._tick)
        self.setMinimumSize(SMALLEST_PX, SMALLEST_PX)
        self.setMaximumSize(LARGEST_PX, LARGEST_PX)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleDescription(self.tr("A drawing of what Parley is doing"))
        self._name()
        theme.changed.connect(self._repaint_all)

    def sizeHint(self) -> QSize:
        return QSize(USUAL_PX, USUAL_PX)

    @property
    def state(self) -> str:
        return self._state

    @property
    def pose(self) -> Pose:
        """As it is painted."""
        return self._expression.pose

    @property
    def animating(self) -> bool:
        """Whether a picture is due by itself."""
        return self._clock.isActive()

    # --- what happens ---------------------------------------------------------------------

    def show_state(self, state: str) -> None:
        """Look as the state of `app.ui.states` wants it."""
        if state == self._state:
            return
        self._state = state
        self._expression.show_state(state)
        self._name()
        before = self._head
        self._repaint_all()
        self._head_before = before
        self._fading_ms = SETTLE_MS if self._may_move else 0.0
        self._wake()

    def show_level(self, peak: float) -> None:
        """Take a new measurement of the microphone or the voice, a peak of 0 to 1."""
        self._expression.show_level(shown_level(peak))
        self._wake()

    def show_mouth(self, shape: MouthShape) -> None:
        """Take the shape of the mouth that makes the sound heard now."""
        self._expression.show_mouth(shape)
        self._wake()

    def _name(self) -> None:
        self.setAccessibleName(
            self.tr("Parley's face: %1").replace("%1", states.word(self._state).lower())
        )

    # --- motion ---------------------------------------------------------------------------

    @property
    def _may_move(self) -> bool:
        return self.isVisible() and not reduced_motion()

    @property
    def _moves(self) -> bool:
        return self._expression.moving or self._fading_ms > 0

    @property
    def _looked_at(self) -> bool:
        return self._state not in _LASTING or self.isActiveWindow()

    def _wake(self) -> None:
        """Go on with the next frame, however long the face was still."""
        if self._frame_is_due:
            return
        if not self._may_move:
            self._stop()
        elif self._moves or not self._clock.isActive():
            if not self._clock.isActive():
                self._since.start()
            self._wait(self._frame_ms)

    @property
    def _frame_ms(self) -> int:
        follows_a_voice = self._state in (State.LISTENING, State.SPEAKING)
        return FRAME_MS if follows_a_voice or self._fading_ms > 0 else SLOW_FRAME_MS

    def _wait(self, milliseconds: int) -> None:
        self._frame_is_due = milliseconds <= SLOW_FRAME_MS
        self._clock.start(milliseconds)

    def _rest(self) -> None:
        """Stay as it is until something happens."""
        self._clock.stop()
        self._frame_is_due = False

    def _stop(self) -> None:
        self._rest()
        self._expression.settle()
        self._fading_ms = 0.0

    @Slot()
    def _tick(self) -> None:
        if not self._may_move:
            self._stop()
            self.update()
            return
        passed_ms = self._since.restart()
        fades = self._fading_ms > 0
        self._fading_ms = max(0.0, self._fading_ms - min(passed_ms, 1000 * LONGEST_MOVE_S))
        before = self._expression.pose
        if self._expression.step(passed_ms / 1000) or fades:
            if fades:
                self.update()
            else:
                self._update_from(before)
        if self._moves:
            self._wait(self._frame_ms)
        elif self._looked_at:
            self._wait(int(self._expression.idle_s * 1000) + 1)
        else:
            self._rest()

    def _update_from(self, before: Pose) -> None:
        """Paint what is different now; the head behind the features never moves."""
        pose = self._expression.pose
        if pose.still == before.still:
            self.update(self._mouth_area)
        elif replace(pose, eyes=before.eyes) == before:
            self.update(self._eyes_area)
        else:
            self.update(self._eyes_area | self._mouth_area)

    def event(self, event: QEvent) -> bool:
        """Somebody looks again: go on."""
        if event.type() == QEvent.Type.WindowActivate:
            self._wake()
        return super().event(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._wake()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._stop()

    # --- picture --------------------------------------------------------------------------

    @Slot()
    def _repaint_all(self) -> None:
        """The size, the theme or the screen is another."""
        self._ink = QColor(getattr(self._theme.tokens, states.FACES[self._state].colour))
        self._head = self._head_before = QPixmap()
        self._still = None
        size = self._size = min(self.width(), self.height())
        self._corner = QPointF((self.width() - size) / 2, (self.height() - size) / 2)
        middle = QTransform.fromTranslate(self.width() / 2, self.height() / 2)
        self._place = middle.scale(size / 2, size / 2)
        self._mouth_area = self._place.mapRect(MOUTH_REACH).toAlignedRect()
        self._eyes_area = self._place.mapRect(EYES_REACH).toAlignedRect()
        breath_px = BREATH_REACH * size / 2 * self._ratio
        self._expression.draw_breath_in(max(1, math.ceil(breath_px / SEEN_PX)))
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._repaint_all()

    def paintEvent(self, _event: QPaintEvent) -> None:
        pose = self._expression.pose
        if self._ratio != self.devicePixelRatioF():
            self._ratio = self.devicePixelRatioF()
            self._repaint_all()
        if self._head.isNull():
            self._head = self._draw(None)
        if pose.still != self._still and pose.still == self._still_before and not self._fading_ms:
            # The second picture in a row in which the mouth alone moves: there will be more.
            self._still, self._above_mouth = pose.still, self._draw(pose)
        self._still_before = pose.still
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if pose.still == self._still:
            painter.drawPixmap(self._corner, self._above_mouth)
            painter.setTransform(turned(pose, self._place), True)
        else:
            if self._fading_ms and not self._head_before.isNull():
                painter.drawPixmap(self._corner, self._head_before)
                painter.setOpacity(1 - self._fading_ms / SETTLE_MS)
            painter.drawPixmap(self._corner, self._head)
            painter.setOpacity(1.0)
            painter.setTransform(turned(pose, self._place), True)
            paint_eyes(painter, pose, self._ink)
        painter.fillPath(mouth_path(pose), self._ink)
        painter.end()

    def _draw(self, pose: Pose | None) -> QPixmap:
        """The head; with all of this pose but its mouth."""
        picture = empty_picture(self._size, self._ratio)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place = QTransform.fromScale(self._size / 2, self._size / 2).translate(1, 1)
        painter.setTransform(place, True)
        paint_head(painter, self._ink, QColor(self._theme.tokens.surface))
        if pose is not None:
            painter.resetTransform()
            painter.setTransform(turned(pose, place), True)
            paint_eyes(painter, pose, self._ink)
        painter.end()
        return picture
