"""Where the overlay stands: a share of the room there is, so that it fits every screen."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRect, QSize

from app.ui import theme as look

EDGE_PX = look.SPACE_XL
"""Between the window and the edge of the screen, where it opens for the first time."""


def place(room: QRect, size: QSize, share: QPointF | None) -> QPoint:
    """The top left corner on a screen with so much room; without a share bottom centre."""
    free = room.size() - size
    if share is None:
        at = QPointF(free.width() / 2, free.height() - EDGE_PX)
    else:
        at = QPointF(share.x() * free.width(), share.y() * free.height())
    return kept_on(room, size, room.topLeft() + at.toPoint())


def share_of(room: QRect, size: QSize, corner: QPoint) -> QPointF:
    """What `place` makes this corner of, 0 to 1 both ways."""
    free = room.size() - size
    at = kept_on(room, size, corner) - room.topLeft()
    return QPointF(at.x() / max(1, free.width()), at.y() / max(1, free.height()))


def kept_on(room: QRect, size: QSize, corner: QPoint) -> QPoint:
    """The nearest corner with the whole window on the screen."""
    free = room.size() - size
    return QPoint(
        room.left() + min(max(0, free.width()), max(0, corner.x() - room.left())),
        room.top() + min(max(0, free.height()), max(0, corner.y() - room.top())),
    )


def as_share(saved: object) -> QPointF | None:
    """A saved place; None when there is none, or it is none."""
    if not isinstance(saved, list) or len(saved) != 2:
        return None
    try:
        x, y = (float(part) for part in saved)
    except (TypeError, ValueError):
        return None
    return QPointF(x, y) if 0 <= x <= 1 and 0 <= y <= 1 else None
