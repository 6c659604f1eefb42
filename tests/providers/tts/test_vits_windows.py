"""The windows of a clause on computers of different speed, on a clock that only computing moves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from app.core.ports import Audio
from app.providers.tts.vits_windows import AROUND_S, FIRST_S, LONGEST_S, Pace, doubling

FRAMES_PER_S = 62.5
SAMPLES_PER_FRAME = 256


class Computer:
    """Computes a window and its surroundings at a given speed."""

    def __init__(self, rtf: float) -> None:
        self.rtf = rtf
        self.now = 0.0
        self.windows: list[tuple[int, int]] = []

    def clock(self) -> float:
        return self.now

    def compute(self, start: int, stop: int) -> Audio:
        self.windows.append((start, stop))
        self.now += self.rtf * ((stop - start) / FRAMES_PER_S + AROUND_S)
        return np.zeros((stop - start) * SAMPLES_PER_FRAME, np.float32)


def ending_at(frames: int) -> Callable[[int], int]:
    """A clause of so many frames."""
    return lambda frame: min(frame, frames)


def least_lead(pace: Pace, computer: Computer, frames: int) -> float:
    """Seconds still to be played when the window after them was ready; below 0 it fell silent."""
    played_until: float | None = None
    least = float("inf")
    for samples in pace.windows(ending_at(frames), computer.compute):
        if played_until is None:
            played_until = computer.now
        else:
            least = min(least, played_until - computer.now)
            played_until = max(played_until, computer.now)
        played_until += len(samples) / SAMPLES_PER_FRAME / FRAMES_PER_S
    return least


@pytest.mark.parametrize("frames", [0, 1, 9, 10, 11, 83, 1000])
@pytest.mark.parametrize("rtf", [0.01, 0.3, 0.9, 2.0])
def test_the_windows_are_the_clause(frames: int, rtf: float) -> None:
    computer = Computer(rtf)
    pace = Pace(FRAMES_PER_S, computer.clock)
    for _ in range(2):
        computer.windows.clear()
        sounds = list(pace.windows(ending_at(frames), computer.compute))
        assert sum(map(len, sounds)) == frames * SAMPLES_PER_FRAME
        edges = [0, *(stop for _, stop in computer.windows)]
        assert [start for start, _ in computer.windows] == edges[:-1]
        assert edges[-1] == frames


@pytest.mark.parametrize("rtf", [0.01, 0.1, 0.2, 0.3, 0.4, 0.5])
@pytest.mark.parametrize("frames", [20, 83, 350, 2000])
def test_at_half_of_real_time_and_faster_it_never_falls_silent(rtf: float, frames: int) -> None:
    computer = Computer(rtf)
    assert least_lead(Pace(FRAMES_PER_S, computer.clock), computer, frames) >= 0


@pytest.mark.parametrize("rtf", [0.6, 0.7, 0.8])
def test_a_slower_computer_begins_with_more_once_it_knows(rtf: float) -> None:
    computer = Computer(rtf)
    pace = Pace(FRAMES_PER_S, computer.clock)
    list(pace.windows(ending_at(300), computer.compute))
    assert least_lead(pace, computer, 300) >= -1e-9
    assert pace.rtf == pytest.approx(rtf)


def test_the_first_window_is_short_and_the_same_on_any_fast_computer() -> None:
    for rtf in (0.01, 0.2, 0.5):
        computer = Computer(rtf)
        pace = Pace(FRAMES_PER_S, computer.clock)
        for _ in range(3):
            first = next(iter(pace.windows(ending_at(500), computer.compute)))
            assert len(first) / SAMPLES_PER_FRAME / FRAMES_PER_S == pytest.approx(FIRST_S)


def test_windows_grow_to_the_longest_and_no_further() -> None:
    computer = Computer(0.2)
    list(Pace(FRAMES_PER_S, computer.clock).windows(ending_at(2000), computer.compute))
    sizes = [stop - start for start, stop in computer.windows]
    assert sizes[:-1] == sorted(sizes[:-1])
    assert max(sizes) / FRAMES_PER_S == pytest.approx(LONGEST_S, abs=0.02)
    assert len(sizes) < 2000 / max(sizes) + 8


def test_a_fast_computer_may_suddenly_be_three_times_as_slow() -> None:
    computer = Computer(0.15)
    pace = Pace(FRAMES_PER_S, computer.clock)
    list(pace.windows(ending_at(300), computer.compute))
    computer.rtf = 0.5
    assert least_lead(pace, computer, 300) >= 0


def test_one_slow_window_does_not_make_the_next_clause_wait() -> None:
    computer = Computer(0.2)
    pace = Pace(FRAMES_PER_S, computer.clock)
    list(pace.windows(ending_at(300), computer.compute))
    computer.rtf = 5.0
    next(iter(pace.windows(ending_at(300), computer.compute)))
    computer.windows.clear()
    next(iter(pace.windows(ending_at(300), computer.compute)))
    assert computer.windows == [(0, round(FIRST_S * FRAMES_PER_S))]


@pytest.mark.parametrize("rtf", [0.01, 0.3, 0.5, 2.0])
def test_windows_have_the_sizes_they_may_have(rtf: float) -> None:
    sizes = doubling(13, FRAMES_PER_S)
    assert sizes == [13, 26, 52]
    computer = Computer(rtf)
    pace = Pace(FRAMES_PER_S, computer.clock, sizes)
    assert least_lead(pace, computer, 700) >= 0 or rtf > 1
    made = [stop - start for start, stop in computer.windows]
    assert set(made[:-1]) <= set(sizes)
    assert made[0] == sizes[0]
    assert made[-2] == sizes[-1]
    assert sum(made) == 700


def test_finding_out_how_far_a_clause_goes_is_computing_too() -> None:
    computer = Computer(0.2)

    def until(frame: int) -> int:
        computer.now += 1.0
        return min(frame, 100)

    pace = Pace(FRAMES_PER_S, computer.clock)
    list(pace.windows(until, computer.compute))
    assert pace.rtf > 1


def test_time_in_which_nobody_asks_is_not_computing() -> None:
    computer = Computer(0.2)
    pace = Pace(FRAMES_PER_S, computer.clock)
    for _ in pace.windows(ending_at(300), computer.compute):
        computer.now += 60
    assert pace.rtf < 0.5
