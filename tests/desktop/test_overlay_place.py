"""A place that fits every screen."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, QSize

from app.desktop.overlay_place import EDGE_PX, as_share, kept_on, place, share_of

SIZE = QSize(288, 64)
LAPTOP = QRect(0, 28, 1366, 740)
BESIDE_IT = QRect(1366, -200, 2560, 1400)
"""A larger screen at its right that begins higher."""
TINY = QRect(0, 0, 200, 40)


@pytest.mark.parametrize("room", [LAPTOP, BESIDE_IT])
def test_the_usual_place_is_bottom_centre(room):
    corner = place(room, SIZE, None)
    frame = QRect(corner, SIZE)
    assert abs(frame.center().x() - room.center().x()) <= 1
    assert room.bottom() - frame.bottom() == EDGE_PX


@pytest.mark.parametrize("room", [LAPTOP, BESIDE_IT])
@pytest.mark.parametrize("x", [0.0, 0.31, 1.0])
@pytest.mark.parametrize("y", [0.0, 0.77, 1.0])
def test_a_place_survives_being_written_down(room, x, y):
    corner = place(room, SIZE, QPointF(x, y))
    assert room.contains(QRect(corner, SIZE))
    assert place(room, SIZE, share_of(room, SIZE, corner)) == corner


def test_the_corner_of_one_screen_is_the_corner_of_the_other():
    top_right = QPoint(LAPTOP.right() - SIZE.width() + 1, LAPTOP.top())
    share = share_of(LAPTOP, SIZE, top_right)
    there = place(BESIDE_IT, SIZE, share)
    assert there == QPoint(BESIDE_IT.right() - SIZE.width() + 1, BESIDE_IT.top())


def test_what_would_lie_beside_the_screen_is_brought_back():
    assert kept_on(LAPTOP, SIZE, QPoint(-500, 9000)) == QPoint(0, 28 + 740 - 64)
    assert kept_on(TINY, SIZE, QPoint(50, 50)) == TINY.topLeft(), "where it does not fit at all"


@pytest.mark.parametrize(
    "saved", [None, "", "0.5", [], ["0.5"], ["a", "b"], ["nan", "0"], ["2", "0"], 7]
)
def test_what_is_no_place_is_none(saved):
    assert as_share(saved) is None


def test_a_saved_place_is_read():
    assert as_share(["0.2500", "1.0000"]) == QPointF(0.25, 1.0)
