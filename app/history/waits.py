"""How long replies took to sound, added up by SQLite where the turns are many.

Three partial indexes hold the waits (`migrations.where_the_time_went`); every query here is
answered from one of them, without reading a turn.
"""

from __future__ import annotations

import sqlite3

from app.core.figures import (
    FAST_MS,
    HOUR_S,
    SHOWN_SPIKES,
    SPIKE_MS,
    Figures,
    RollingFigures,
    Wait,
    by_frequency,
    percentile_places,
    summed_up,
)


def figures(database: sqlite3.Connection, now: float) -> RollingFigures:
    """The figures at this Unix time.

    Raises:
        sqlite3.Error: the file cannot be read.
    """
    last_hour = database.execute(
        "SELECT started_at, voice_to_voice, slow_because FROM turns "
        "WHERE voice_to_voice IS NOT NULL AND started_at BETWEEN ? AND ?",
        (now - HOUR_S, now),
    )
    recent_spikes = database.execute(
        "SELECT started_at, voice_to_voice, slow_because FROM turns "
        "WHERE voice_to_voice IS NOT NULL AND voice_to_voice > ? "
        "ORDER BY started_at DESC LIMIT ?",
        (SPIKE_MS, SHOWN_SPIKES),
    )
    return RollingFigures(
        last_hour=summed_up([Wait(*row) for row in last_hour]),
        all_time=_all_time(database),
        recent_spikes=tuple(Wait(*row) for row in recent_spikes),
    )


def _all_time(database: sqlite3.Connection) -> Figures:
    turns, average_ms, fast = database.execute(
        "SELECT count(*), avg(voice_to_voice), total(voice_to_voice < ?) FROM turns "
        "WHERE voice_to_voice IS NOT NULL",
        (FAST_MS,),
    ).fetchone()
    if not turns:
        return Figures()
    (since,) = database.execute(
        "SELECT min(started_at) FROM turns WHERE voice_to_voice IS NOT NULL"
    ).fetchone()
    spikes = database.execute(
        "SELECT slow_because, count(*) FROM turns "
        "WHERE voice_to_voice IS NOT NULL AND voice_to_voice > ? GROUP BY slow_because",
        (SPIKE_MS,),
    )
    return Figures(
        turns=turns,
        since=since,
        average_ms=average_ms,
        p50_ms=_percentile(database, turns, 50),
        p95_ms=_percentile(database, turns, 95),
        share_fast=fast / turns,
        spikes=by_frequency(dict(spikes)),
    )


def _percentile(database: sqlite3.Connection, turns: int, percent: float) -> float:
    below, above, part = percentile_places(turns, percent)
    values = [
        row[0]
        for row in database.execute(
            "SELECT voice_to_voice FROM turns WHERE voice_to_voice IS NOT NULL "
            "ORDER BY voice_to_voice LIMIT ? OFFSET ?",
            (above - below + 1, below),
        )
    ]
    return float(values[0] + (values[-1] - values[0]) * part)
