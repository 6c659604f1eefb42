"""The chart of one turn: what lies where, and what a screen reader is told."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from app.ui.conversation.waterfall import AXIS_PX, ROW_PX, Axis, Waterfall, rows
from app.ui.theme import Theme
from tests.ui.demo import AHEAD_SPANS, AHEAD_STARTS, SPOKEN_SPANS, TYPED_SPANS

WIDE = 600


@pytest.fixture
def chart(qtbot: QtBot) -> Waterfall:
    chart = Waterfall(Theme("light"))
    qtbot.addWidget(chart)
    chart.resize(WIDE, 100)
    return chart


def drawn(chart: Waterfall) -> QImage:
    chart.resize(WIDE, chart.height())
    return chart.grab().toImage()


def columns(image: QImage, row: int, colour: str) -> list[int]:
    """Where this colour is on the middle line of a row's bar, in pixels of the chart."""
    scale = image.devicePixelRatio()
    y = round((AXIS_PX + (row + 0.5) * ROW_PX) * scale)
    wanted = QColor(colour).rgb()
    return [round(x / scale) for x in range(image.width()) if image.pixel(x, y) == wanted]


def test_a_spoken_turn_of_earlier_times(chart: Waterfall) -> None:
    lines = rows(SPOKEN_SPANS, {})
    assert [line.label for line in lines] == [
        "You spoke",
        "Understanding you",
        "First word",
        "First sentence",
        "Making the voice",
        "Loudspeaker",
        "Key up to first sound",
        "Writing the whole reply",
    ]
    assert lines[0].end_ms == 0.0
    assert [line.start_ms for line in lines[1:6]] == [0.0, 98.0, 176.0, 237.0, 325.0]
    assert not any(line.waited for line in (lines[0], lines[-1]))


def test_what_was_done_ahead_is_not_waited_for() -> None:
    lines = {line.label: line for line in rows(AHEAD_SPANS, AHEAD_STARTS)}
    assert lines["Answered ahead"].start_ms == -240.0
    assert lines["Read ahead"].end_ms == -300.0
    assert not lines["Answered ahead"].waited
    assert lines["Making the voice"].start_ms == 102.0
    assert "First word" not in lines, "3 ms are nothing to wait for"


def test_the_axis_keeps_the_wait_large() -> None:
    axis = Axis.of(rows(AHEAD_SPANS, AHEAD_STARTS), 100.0, 400.0)
    assert axis.x(-2480.0) == 100.0, "two and a half seconds of speech are cut"
    assert axis.x(412.0 + 98.0) == 500.0, "and so is what follows the first sound"
    assert axis.x(167.0) - axis.x(0.0) > 200.0
    typed = Axis.of(rows(TYPED_SPANS, {}), 100.0, 400.0)
    assert typed.x(0.0) == 100.0, "nothing comes before a typed question"


@pytest.mark.parametrize(
    "direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft]
)
def test_the_bars_are_drawn_where_the_time_went(
    chart: Waterfall, direction: Qt.LayoutDirection
) -> None:
    chart.setLayoutDirection(direction)
    chart.show_spans(SPOKEN_SPANS, {})
    tokens = Theme("light").tokens
    image = drawn(chart)
    whole = columns(image, 6, tokens.accent)
    stt, voice = (columns(image, row, tokens.edge) for row in (1, 4))
    if direction == Qt.LayoutDirection.RightToLeft:
        whole, stt, voice = ([WIDE - 1 - x for x in reversed(each)] for each in (whole, stt, voice))
    length = whole[-1] - whole[0]
    assert stt[0] == pytest.approx(whole[0], abs=2)
    assert (stt[-1] - stt[0]) / length == pytest.approx(96 / 352, abs=0.02)
    assert (voice[0] - whole[0]) / length == pytest.approx(237 / 352, abs=0.02)
    spoke = columns(image, 0, tokens.edge)
    assert len(spoke) < 6, "hollow: its outline alone crosses the middle line"


def test_it_is_read_out_row_by_row(chart: Waterfall) -> None:
    chart.show_spans(AHEAD_SPANS, AHEAD_STARTS)
    said = chart.accessibleDescription()
    assert "Answered ahead: 310 ms, from 240 ms before the key came up." in said
    assert "Understanding you: 96 ms." in said
    assert "Key up to first sound: 167 ms." in said


def test_a_turn_without_spans_takes_no_room(chart: Waterfall) -> None:
    chart.show_spans({}, {})
    assert chart.height() == 0
    assert chart.lines == []
