"""Conversations out of the file and back into it, whole."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from app.errors import InputError
from app.history import sessions as rows
from app.history import turn_rows
from app.history.exchange import Session
from app.history.rows import Imported


def sessions(database: sqlite3.Connection, session_id: int | None) -> Iterator[Session]:
    """The conversation with this number, or all of them, the oldest first."""
    found = database.execute(
        "SELECT id, uuid, started_at, title, own_title, pinned FROM sessions "
        "WHERE deleted_at IS NULL AND (?1 IS NULL OR id = ?1) ORDER BY started_at, id",
        (session_id,),
    ).fetchall()
    for number, uuid, started_at, title, own_title, pinned in found:
        turns = database.execute(
            f"SELECT {turn_rows.COLUMNS} FROM turns WHERE session_id = ? ORDER BY started_at, id",
            (number,),
        )
        records = [turn_rows.turn(row).record for row in turns]
        yield Session(uuid, started_at, title, records, own_title=own_title, pinned=bool(pinned))


def add(database: sqlite3.Connection, imported: Sequence[Session]) -> Imported:
    """Add what is not there yet; runs inside the caller's transaction."""
    added = known = 0
    for session in imported:
        session_id = _row_of(database, session)
        for record in session.turns:
            values = (session_id, record.turn_id, *turn_rows.values(record))
            new = database.execute(turn_rows.INSERT, values).fetchone() is not None
            added += new
            known += not new
    return Imported(added, known)


def _row_of(database: sqlite3.Connection, session: Session) -> int:
    """The row of an imported conversation, made when it is not known; in sight again."""
    row = database.execute(
        "SELECT id FROM sessions WHERE uuid = ?", (turn_rows.clean(session.uuid),)
    ).fetchone()
    if row is None:
        return rows.add(
            database,
            started_at=session.started_at,
            title=session.title,
            own_title=session.own_title,
            pinned=session.pinned,
            session_uuid=session.uuid,
        )
    rows.take_back(database, row[0])
    rows.name_by(database, row[0], turn_rows.clean(session.title))
    return int(row[0])


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """A file to write text into; it appears whole or not at all, replacing one of that name.

    Raises:
        InputError: it cannot be written there.
    """
    # Beside the target and then renamed: an export that fails leaves no half file, and does not
    # cost the one that was there.
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as out:
            yield out
        part.replace(path)
    except OSError as exc:
        _remove(part)
        raise InputError(
            f"{path} cannot be written ({exc.strerror or type(exc).__name__}).",
            "Choose another file or folder.",
        ) from exc
    except BaseException:
        _remove(part)
        raise


def _remove(part: Path) -> None:
    with contextlib.suppress(OSError):  # a folder without permission: there is nothing in it
        if part.is_file():
            part.unlink(missing_ok=True)
