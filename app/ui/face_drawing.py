"""How a face is drawn: paths from a pose, in halves of the face's width from its middle."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPainterPath, QPen, QPixmap, QTransform

from app.ui.face_expression import Pose

_EYE_X, _EYE_Y = 0.31, -0.10
_EYE_WIDTH, _EYE_HEIGHT = 0.165, 0.33
_BROW_Y, _BROW_REACH = -0.42, 0.12
_MOUTH_Y = 0.37
_LIP = 0.0375
"""Half the thickness of the line that a closed mouth is."""
_BROW_STROKE = 0.055

BREATH_REACH = 0.014
"""How far a breath moves the features."""

EYES_REACH = QRectF(-0.72, -0.82, 1.44, 1.12)
MOUTH_REACH = QRectF(-0.52, 0.0, 1.04, 0.95)
"""Where in the head the eyes with their brows and the mouth come to, however it is turned."""


def empty_picture(size: int, ratio: float) -> QPixmap:
    """A transparent square of `size` logical pixels at a device pixel ratio."""
    picture = QPixmap(round(size * ratio), round(size * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    return picture


def paint_head(painter: QPainter, ink: QColor, ground: QColor) -> None:
    """The shape behind the features: a tint of their colour on the window's."""
    shade = QLinearGradient(0, -1, 0, 1)
    shade.setColorAt(0, _mixed(ground, ink, 0.10))
    shade.setColorAt(1, _mixed(ground, ink, 0.22))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(shade)
    painter.drawPath(_head_outline())


def turned(pose: Pose, place: QTransform) -> QTransform:
    """Where the features are, on a head at this place."""
    place = QTransform(place)
    place.rotate(10 * pose.tilt)
    place.translate(0.05 * pose.gaze_x, 0.05 * pose.gaze_y + BREATH_REACH * pose.breath)
    return place


def paint_eyes(painter: QPainter, pose: Pose, ink: QColor) -> None:
    """Both eyes, and the brows when they say something."""
    eyes = QPainterPath()
    for side in (-1, 1):
        _add_eye(eyes, pose, side)
    painter.fillPath(eyes, ink)
    seen = _seen_of_brows(pose)
    if seen > 0:
        painter.setOpacity(seen)
        pen = QPen(ink, _BROW_STROKE)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for side in (-1, 1):
            painter.drawPath(_brow(pose, side))
        painter.setOpacity(1.0)


def _mixed(one: QColor, other: QColor, part: float) -> QColor:
    """`one` with a part, 0 to 1, of `other`."""
    red, green, blue = (
        round(a + (b - a) * part)
        for a, b in (
            (one.red(), other.red()),
            (one.green(), other.green()),
            (one.blue(), other.blue()),
        )
    )
    return QColor(red, green, blue)


def _head_outline() -> QPainterPath:
    """A circle with a little more room at its corners."""
    far, bend = 0.98, 0.57  # 0.55 is a circle
    path = QPainterPath(QPointF(0, -far))
    x, y = 0.0, -far
    for _ in range(4):
        next_x, next_y = -y, x
        path.cubicTo(
            x + bend * next_x,
            y + bend * next_y,
            next_x + bend * x,
            next_y + bend * y,
            next_x,
            next_y,
        )
        x, y = next_x, next_y
    return path


def _add_eye(features: QPainterPath, pose: Pose, side: int) -> None:
    x = side * _EYE_X + 0.09 * pose.gaze_x
    y = _EYE_Y + 0.08 * pose.gaze_y
    # The eye that is further round the head is seen from the side.
    width = _EYE_WIDTH * (1 - 0.10 * max(0.0, side * pose.gaze_x))
    height = max(_EYE_HEIGHT * pose.eyes, 0.4 * _EYE_WIDTH)
    radius = min(width, height) / 2
    features.addRoundedRect(QRectF(x - width / 2, y - height / 2, width, height), radius, radius)


def _seen_of_brows(pose: Pose) -> float:
    """Brows are there when they say something; a face at rest has none."""
    says = max(abs(pose.brows), abs(pose.doubt), pose.worry)
    return min(1.0, max(0.0, 5 * says - 0.6))


def _brow(pose: Pose, side: int) -> QPainterPath:
    x = side * (_EYE_X + 0.01) + 0.09 * pose.gaze_x
    raised = pose.brows + 0.6 * side * pose.doubt
    y = _BROW_Y - 0.10 * raised + 0.07 * pose.gaze_y
    inner, outer = x - side * _BROW_REACH, x + side * _BROW_REACH
    turn = 0.06 * pose.worry - 0.015
    brow = QPainterPath(QPointF(inner, y - turn))
    brow.quadTo(QPointF(x, y - 0.045), QPointF(outer, y + turn))
    return brow


def mouth_path(pose: Pose) -> QPainterPath:
    """The outline of the lips: a line with round ends while they are closed.

    Two curves between the corners, each moved out by half the thickness of the line, which costs a
    third of having Qt draw that line.
    """
    half = 0.12 + 0.16 * pose.wide + 0.02 * pose.smile
    x = 0.06 * pose.gaze_x
    y = _MOUTH_Y + 0.03 * pose.gaze_y - 0.04 * pose.smile
    drop = 0.28 * pose.open
    sag = 0.13 * pose.smile
    # A closed mouth is an arc; of open ones, rounded lips make an O and spread ones a bowl.
    opened = min(1.0, 4 * pose.open)
    bend = half * (0.45 + (0.55 - 0.35 * pose.wide) * opened)
    low_bend = half * (0.45 + (0.55 - 0.1 * pose.wide) * opened)
    upper = _lip(bend - half, sag - drop * (0.85 - 0.6 * pose.wide), -1)
    lower = _lip(low_bend - half, sag + drop, 1)
    left, right = x - half, x + half
    end_x, end_y, bow_x, bow_y, start = upper
    mouth = QPainterPath(QPointF(left - end_x, y + end_y))
    mouth.cubicTo(left - bow_x, y + bow_y, right + bow_x, y + bow_y, right + end_x, y + end_y)
    end_x, end_y, bow_x, bow_y, end = lower
    mouth.arcTo(right - _LIP, y - _LIP, 2 * _LIP, 2 * _LIP, start, end - start)
    mouth.cubicTo(right + bow_x, y + bow_y, left - bow_x, y + bow_y, left - end_x, y + end_y)
    mouth.arcTo(left - _LIP, y - _LIP, 2 * _LIP, 2 * _LIP, 180 - end, end - start)
    return mouth


def _lip(bow_x: float, bow_y: float, side: int) -> tuple[float, float, float, float, float]:
    """The outer edge of a lip beside the right corner, from there on.

    Args:
        bow_x, bow_y: control point of its middle line.
        side: -1 for the upper lip, 1 for the lower.

    Returns:
        Where the edge ends (x, y), its control point (x, y), and the angle of the end as Qt
        counts (degrees).
    """
    length = math.hypot(bow_x, bow_y) or 1.0
    out_x, out_y = side * bow_y / length, -side * bow_x / length
    # As thick in the middle as at its ends, which it leaves in the direction of its middle line.
    thicker = _LIP * (4 * side - out_y) / 3 - _LIP * out_y
    if abs(bow_y) > _LIP / 4:
        longer = min(1.5, max(0.6, 1 + thicker / bow_y))
        bow_x, bow_y = longer * bow_x, longer * bow_y
    angle = math.degrees(math.atan2(-out_y, out_x))
    return _LIP * out_x, _LIP * out_y, bow_x + _LIP * out_x, bow_y + _LIP * out_y, angle
