"""The figures of the whole history, on a real file."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from app.core.figures import HOUR_S, Cause, Figures, SessionWaits, Wait
from app.history.store import SqliteHistory
from tests.support.turns import turn

NOW = 1_800_000_000.0


def save(
    history: SqliteHistory, number: int, started_at: float, ms: float, cause: str = ""
) -> None:
    spans = {"capture": 900.0, "voice_to_voice": ms}
    history.save(turn(number, started_at=started_at, spans=spans, slow_because=cause))


def test_an_empty_history_has_no_figures(history: SqliteHistory) -> None:
    figures = history.figures(NOW)
    assert figures.last_hour == figures.all_time == Figures()
    assert figures.recent_spikes == ()


@pytest.mark.parametrize("count", [1, 2, 7, 60])
def test_sqlite_and_python_add_up_to_the_same(history: SqliteHistory, count: int) -> None:
    chance = random.Random(count)
    session = SessionWaits()
    for number in range(1, count + 1):
        started_at = NOW - chance.uniform(-60.0, 3 * HOUR_S)
        ms = chance.choice([chance.uniform(50, 399), chance.uniform(401, 3000), 200.0, 400.0])
        cause = chance.choice(list(Cause)) if ms > 400 else ""
        save(history, number, started_at, ms, cause)
        session.add(Wait(started_at, ms, cause))
    kept, counted = history.figures(NOW), session.figures(NOW)
    assert kept.from_history
    for one, other in (
        (kept.last_hour, counted.last_hour),
        (kept.all_time, counted.all_time),
    ):
        assert one.turns == other.turns
        assert one.since == other.since
        assert one.average_ms == pytest.approx(other.average_ms)
        assert one.p50_ms == pytest.approx(other.p50_ms)
        assert one.p95_ms == pytest.approx(other.p95_ms)
        assert one.share_fast == pytest.approx(other.share_fast)
        assert list(one.spikes.items()) == list(other.spikes.items())
    assert kept.recent_spikes == counted.recent_spikes


def test_turns_without_a_key_up_are_not_counted(history: SqliteHistory) -> None:
    history.save(turn(1, source="text", spans={"request_to_voice": 90.0}))
    history.save(turn(2, spans={}))
    history.save(turn(3, spans={"voice_to_voice": float("nan")}))
    assert history.figures(NOW).all_time.turns == 0


def test_a_turn_that_is_saved_again_counts_once_and_a_deleted_one_not_at_all(
    history: SqliteHistory,
) -> None:
    history.save(turn(1, started_at=NOW, outcome="", spans={}))
    save(history, 1, NOW, 500.0, Cause.VOICE)
    save(history, 1, NOW, 300.0)
    assert history.figures(NOW).all_time.turns == 1
    assert history.figures(NOW).all_time.p50_ms == 300.0
    assert history.figures(NOW).all_time.spikes == {}
    history.delete_all()
    assert history.figures(NOW).all_time == Figures()


def test_no_query_reads_a_turn(history: SqliteHistory, path: Path) -> None:
    save(history, 1, NOW, 500.0, Cause.VOICE)
    asked: list[str] = []
    database = history._connection
    assert database is not None
    database.set_trace_callback(asked.append)
    history.figures(NOW)
    database.set_trace_callback(None)
    queries = [sql for sql in asked if sql.startswith("SELECT")]
    assert len(queries) >= 6
    with sqlite3.connect(path) as other:
        for sql in queries:
            plan = " ".join(row[3] for row in other.execute(f"EXPLAIN QUERY PLAN {sql}"))
            assert "COVERING INDEX" in plan, f"{sql}: {plan}"


def test_places_and_causes_come_back_with_their_turn(history: SqliteHistory) -> None:
    record = turn(
        1,
        spans={"draft": 310.0, "voice_to_voice": 480.0},
        starts={"draft": -240.0, "voice_to_voice": 0.0},
        slow_because=Cause.BUSY,
    )
    history.save(record)
    (row,) = history.turns()
    assert row.record == record
