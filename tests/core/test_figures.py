"""Many waits, summed up."""

from __future__ import annotations

import random
import statistics
from itertools import pairwise

import pytest

from app.core.figures import (
    KEPT_WAITS,
    SHOWN_SPIKES,
    Cause,
    Figures,
    SessionWaits,
    Wait,
    percentile,
    summed_up,
)

NOON = 1_800_000_000.0


def waits(*milliseconds: float, cause: str = "") -> list[Wait]:
    return [Wait(NOON + number, ms, cause) for number, ms in enumerate(milliseconds)]


def test_the_figures_of_a_few_turns() -> None:
    figures = summed_up(waits(100.0, 300.0, 199.9, 500.0, 200.0))
    assert figures.turns == 5
    assert figures.since == NOON
    assert figures.average_ms == pytest.approx(259.98)
    assert figures.p50_ms == 200.0
    assert figures.p95_ms == pytest.approx(460.0)
    assert figures.share_fast == pytest.approx(0.4), "200 ms is not under 200 ms"


def test_without_turns_there_is_nothing_to_say() -> None:
    assert summed_up([]) == Figures()
    assert Figures().slow_turns == 0


def test_a_spike_is_longer_than_400_ms_and_counted_by_its_cause() -> None:
    figures = summed_up(
        waits(400.0, 120.0)
        + waits(400.1, cause=Cause.VOICE)
        + waits(900.0, 800.0, cause=Cause.COLD)
        + waits(410.0)
    )
    assert figures.spikes == {Cause.COLD: 2, Cause.VOICE: 1, "": 1}
    assert next(iter(figures.spikes)) == Cause.COLD, "the most frequent first"
    assert figures.slow_turns == 4


@pytest.mark.parametrize("count", [1, 2, 3, 20, 101])
def test_percentiles_are_those_of_the_standard_library(count: int) -> None:
    chance = random.Random(count)
    values = sorted(chance.uniform(50, 2000) for _ in range(count))
    assert percentile(values, 50) == pytest.approx(statistics.median(values))
    if count > 1:
        cuts = statistics.quantiles(values, n=20, method="inclusive")
        assert percentile(values, 95) == pytest.approx(cuts[-1])


def test_the_last_hour_moves_on() -> None:
    session = SessionWaits()
    for minute in range(0, 120, 10):
        session.add(Wait(NOON + 60.0 * minute, 100.0 + minute))
    now = NOON + 60.0 * 110
    figures = session.figures(now)
    assert figures.all_time.turns == 12
    assert figures.last_hour.turns == 7
    assert figures.last_hour.since == NOON + 60.0 * 50
    assert not figures.from_history
    later = session.figures(now + 3601.0)
    assert later.last_hour == Figures()
    assert later.all_time == figures.all_time


def test_a_clock_that_was_set_back_puts_no_turn_of_tomorrow_into_the_hour() -> None:
    session = SessionWaits()
    session.add(Wait(NOON + 86_400.0, 100.0))
    assert session.figures(NOON).last_hour.turns == 0


def test_the_newest_spikes_are_listed_newest_first() -> None:
    session = SessionWaits()
    for number in range(3 * SHOWN_SPIKES):
        session.add(Wait(NOON + number, 1000.0 if number % 2 else 100.0, Cause.MODEL))
    listed = session.figures(NOON).recent_spikes
    assert len(listed) == SHOWN_SPIKES
    assert listed[0].started_at == NOON + 3 * SHOWN_SPIKES - 1
    assert all(one.started_at > other.started_at for one, other in pairwise(listed))
    assert all(wait.is_spike for wait in listed)


def test_one_run_does_not_pile_up_for_ever() -> None:
    session = SessionWaits()
    for number in range(KEPT_WAITS + 5):
        session.add(Wait(NOON + number, 100.0))
    figures = session.figures(NOON)
    assert figures.all_time.turns == KEPT_WAITS
    assert figures.all_time.since == NOON + 5
