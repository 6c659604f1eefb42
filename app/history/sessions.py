"""Conversations as rows: the list of them, and what can be changed about one.

A conversation that was deleted keeps its row, with the time, until it can no longer be taken
back; `LIVE` leaves it out. Everything here runs inside the caller's transaction.
"""

from __future__ import annotations

import sqlite3
import uuid
from typing import Any

from app.history.rows import SessionRow
from app.history.turn_rows import clean

LIVE = "session_id NOT IN (SELECT id FROM sessions WHERE deleted_at IS NOT NULL)"
"""Of turns: their conversation is not deleted. Found once per query, not once per turn."""

_TITLE = "CASE own_title WHEN '' THEN title ELSE own_title END"
_COLUMNS = f"id, uuid, started_at, {_TITLE}, turns, last_at, pinned"


def listed(database: sqlite3.Connection, limit: int, offset: int = 0) -> list[SessionRow]:
    """Pinned ones first, then by their last turn, the newest first."""
    rows = database.execute(
        f"SELECT {_COLUMNS} FROM sessions WHERE deleted_at IS NULL "
        "ORDER BY pinned DESC, last_at DESC, id DESC LIMIT ? OFFSET ?",
        (limit, offset),
    )
    return [_session(row) for row in rows]


def total(database: sqlite3.Connection) -> int:
    """How many there are."""
    query = "SELECT count(*) FROM sessions WHERE deleted_at IS NULL"
    return int(database.execute(query).fetchone()[0])


def live(database: sqlite3.Connection, session_id: int) -> SessionRow | None:
    """This one; None when there is none, or it is deleted."""
    row = database.execute(
        f"SELECT {_COLUMNS} FROM sessions WHERE id = ? AND deleted_at IS NULL", (session_id,)
    ).fetchone()
    return _session(row) if row else None


def add(
    database: sqlite3.Connection,
    *,
    started_at: float,
    title: str = "",
    own_title: str = "",
    pinned: bool = False,
    session_uuid: str = "",
) -> int:
    """A new one; its number."""
    (session_id,) = database.execute(
        "INSERT INTO sessions (uuid, started_at, last_at, title, own_title, pinned) "
        "VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        (
            clean(session_uuid) or str(uuid.uuid4()),
            started_at,
            started_at,
            clean(title),
            clean(own_title),
            pinned,
        ),
    ).fetchone()
    return int(session_id)


def name_by(database: sqlite3.Connection, session_id: int, first_words: str) -> None:
    """Give it a title, unless it has one from an earlier turn."""
    if first_words:
        database.execute(
            "UPDATE sessions SET title = ? WHERE id = ? AND title = ''", (first_words, session_id)
        )


def lose_title(database: sqlite3.Connection, session_id: int) -> None:
    """Its first words were taken back, and no others are there: the next turn gives it a title."""
    database.execute(
        "UPDATE sessions SET title = '' WHERE id = ? AND NOT EXISTS "
        "(SELECT 1 FROM turns WHERE session_id = sessions.id AND transcript <> '')",
        (session_id,),
    )


def rename(database: sqlite3.Connection, session_id: int, own_title: str) -> bool:
    """Its user's own name for it, empty for none; False when there is no such conversation."""
    query = "UPDATE sessions SET own_title = ? WHERE id = ? AND deleted_at IS NULL"
    return database.execute(query, (own_title, session_id)).rowcount > 0


def pin(database: sqlite3.Connection, session_id: int, pinned: bool) -> bool:
    """Keep it at the top of the list or not; False when there is no such conversation."""
    query = "UPDATE sessions SET pinned = ? WHERE id = ? AND deleted_at IS NULL"
    return database.execute(query, (pinned, session_id)).rowcount > 0


def put_away(database: sqlite3.Connection, session_id: int, at: float) -> bool:
    """Out of sight since that Unix time; False when there is no such conversation."""
    query = "UPDATE sessions SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL"
    return database.execute(query, (at, session_id)).rowcount > 0


def take_back(database: sqlite3.Connection, session_id: int) -> bool:
    """In sight again; False when it is gone for good."""
    query = "UPDATE sessions SET deleted_at = NULL WHERE id = ? AND deleted_at IS NOT NULL"
    return database.execute(query, (session_id,)).rowcount > 0


def waiting(database: sqlite3.Connection) -> dict[int, float]:
    """The deleted ones that can still be taken back: since when (Unix time), by number."""
    query = "SELECT id, deleted_at FROM sessions WHERE deleted_at IS NOT NULL"
    return dict(database.execute(query).fetchall())


def _session(row: tuple[Any, ...]) -> SessionRow:
    *plain, pinned = row
    return SessionRow(*[*plain, bool(pinned)])
