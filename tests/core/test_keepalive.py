from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.keepalive import LONGEST_BEAT_S, KeepaliveRhythm


@pytest.mark.parametrize("interval_s", [0.5, 1.0, 7.0, 30.0, 300.0])
def test_it_looks_once_in_every_interval(interval_s: float) -> None:
    rhythm = KeepaliveRhythm(interval_s, now=0.0)
    assert rhythm.beat_s <= LONGEST_BEAT_S
    beats = [n * rhythm.beat_s for n in range(1, round(10 * interval_s / rhythm.beat_s) + 1)]
    looks = [now for now in beats if rhythm.beat(now) == "keepalive"]
    assert looks == pytest.approx([n * interval_s for n in range(1, 11)])


def test_after_the_computer_slept_it_looks_at_once() -> None:
    rhythm = KeepaliveRhythm(300.0, now=0.0)
    assert rhythm.beat(5.0) is None
    assert rhythm.beat(3605.0) == "wake"
    assert rhythm.beat(3610.0) is None


def test_a_clock_set_back_does_not_stop_it() -> None:
    rhythm = KeepaliveRhythm(30.0, now=1_000_000.0)
    assert rhythm.beat(5.0) == "keepalive"
    assert [rhythm.beat(5.0 + 5.0 * n) for n in range(1, 7)] == [None] * 5 + ["keepalive"]


@given(st.lists(st.floats(0.3, 0.7), min_size=20, max_size=60))
def test_beats_that_come_a_little_early_or_late_are_no_sleep(gaps: list[float]) -> None:
    rhythm = KeepaliveRhythm(0.5, now=0.0)
    now, looks = 0.0, 0
    for gap in gaps:
        now += gap
        looks += rhythm.beat(now) == "keepalive"
    assert looks >= len(gaps) // 2
