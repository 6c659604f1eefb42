"""The history in one SQLite file."""

from __future__ import annotations

import json
import logging
import math
import sqlite3
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from app.core.figures import SPAN, RollingFigures
from app.core.ports import Engine, Stage, TurnRecord
from app.errors import HistoryError
from app.history import exchange, search, waits
from app.history.database import DamagedHistoryError, connect, explained, set_aside
from app.history.rows import Deleted, Hit, Imported, SessionRow, TurnRow

log = logging.getLogger(__name__)

_REPLY = "reply"
"""In the engines column, beside the names of the stages."""
TITLE_CHARS = 80
"""Length of a session's title."""

_TURN_COLUMNS = (
    "id, session_id, turn_id, started_at, source, transcript, language, reply_generated, "
    "reply_heard, outcome, engines, spans, starts, slow_because"
)
_WRITTEN_COLUMNS = f"{_TURN_COLUMNS.removeprefix('id, ')}, voice_to_voice"
_PLACEHOLDERS = ", ".join("?" for _ in _WRITTEN_COLUMNS.split(", "))


class SqliteHistory:
    """Keeps turns (`HistoryStore`), and finds, exports and deletes them.

    One object belongs to one thread, from `open` to `close`: the history thread has one, the
    window another, a command in another process its own. They work at the same time; a writer
    makes others wait at most `busy_timeout_ms`.

    Every method opens the file by itself when it is not open, so after a `HistoryError` the
    caller just tries again later: a locked file is free then, a damaged one has been set aside
    and a new one is begun, and a newer one refuses again.
    """

    def __init__(self, path: Path, *, busy_timeout_ms: int = 2000) -> None:
        self._path = path
        self._busy_timeout_ms = busy_timeout_ms
        self._connection: sqlite3.Connection | None = None
        self._set_aside = True
        self._session_uuid = ""
        self._session_started_at = 0.0
        self._identity = (0, 0)

    def open(self, *, set_damaged_aside: bool = True) -> None:
        """Open or create the file and start a session.

        The session gets its row with the first turn, so that a run in which nothing was said
        leaves nothing. A damaged file is renamed to `<name>.corrupt-<time>`; with
        `set_damaged_aside` off (a command that only reads) it stays where it is.

        Raises:
            HistoryError: locked, damaged, not writable, or written by a newer Parley.
        """
        if self._connection is not None:
            return
        self._set_aside = set_damaged_aside
        if not self._session_uuid:
            self._session_uuid = str(uuid.uuid4())
            self._session_started_at = time.time()
        try:
            self._connection = connect(self._path, self._busy_timeout_ms)
        except DamagedHistoryError as exc:
            raise self._after_damage(exc) from exc
        self._identity = _identity(self._path)

    def close(self) -> None:
        """Close the file; the next `open` starts another session."""
        self._session_uuid = ""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # --- writing --------------------------------------------------------------------------

    def save(self, record: TurnRecord) -> int:
        """Write the turn, replacing what was saved of it in this session; its row id.

        On return it is on disk.

        Raises:
            HistoryError: locked, damaged or no room on the disk; nothing was changed.
        """
        with self._writing() as database:
            session_id = self._session(
                database, self._session_uuid, self._session_started_at, _title(record.transcript)
            )
            changed = _WRITTEN_COLUMNS.split(", ")[2:]
            changes = ", ".join(f"{name} = excluded.{name}" for name in changed)
            row = database.execute(
                f"INSERT INTO turns ({_WRITTEN_COLUMNS}) VALUES ({_PLACEHOLDERS}) "
                f"ON CONFLICT (session_id, turn_id) DO UPDATE SET {changes} RETURNING id",
                (session_id, *_values(record)),
            ).fetchone()
        return int(row[0])

    def delete_session(self, session_id: int) -> Deleted:
        """Forget one session. Raises HistoryError."""
        return self._delete("session_id = ?", (session_id,))

    def delete_before(self, unix_time: float) -> Deleted:
        """Forget the turns that began before that time. Raises HistoryError."""
        return self._delete("started_at < ?", (unix_time,))

    def delete_all(self) -> Deleted:
        """Forget everything. Raises HistoryError."""
        return self._delete("1", ())

    def import_json(self, source: TextIO) -> Imported:
        """Add the turns of a JSON export; a turn that is there already stays as it is.

        Raises:
            InputError: not an export, or one of a newer Parley. Nothing was changed.
            HistoryError: as `save`.
        """
        sessions = exchange.read_json(source)
        added = known = 0
        with self._writing() as database:
            for session in sessions:
                session_id = self._session(
                    database, session.uuid, session.started_at, session.title
                )
                for record in session.turns:
                    cursor = database.execute(
                        f"INSERT INTO turns ({_WRITTEN_COLUMNS}) VALUES ({_PLACEHOLDERS}) "
                        "ON CONFLICT (session_id, turn_id) DO NOTHING",
                        (session_id, *_values(record)),
                    )
                    added += cursor.rowcount
                    known += 1 - cursor.rowcount
        return Imported(added, known)

    # --- reading --------------------------------------------------------------------------

    def sessions(self, *, limit: int = -1, offset: int = 0) -> list[SessionRow]:
        """Sessions, the newest first; a negative limit means all. Raises HistoryError."""
        with self._reading() as database:
            rows = database.execute(
                "SELECT s.id, s.uuid, s.started_at, s.title, "
                "(SELECT count(*) FROM turns WHERE session_id = s.id) "
                "FROM sessions s ORDER BY s.started_at DESC, s.id DESC LIMIT ? OFFSET ?",
                (limit, offset),
            ).fetchall()
        return [SessionRow(*row) for row in rows]

    def turns(
        self,
        session_id: int | None = None,
        *,
        limit: int = -1,
        offset: int = 0,
        newest_first: bool = False,
    ) -> list[TurnRow]:
        """Turns of a session, or of all, in the order they were begun. Raises HistoryError."""
        where = "" if session_id is None else "WHERE session_id = ?"
        key = () if session_id is None else (session_id,)
        way = "DESC" if newest_first else "ASC"
        with self._reading() as database:
            rows = database.execute(
                f"SELECT {_TURN_COLUMNS} FROM turns {where} "
                f"ORDER BY started_at {way}, id {way} LIMIT ? OFFSET ?",
                (*key, limit, offset),
            ).fetchall()
        return [_turn(row) for row in rows]

    def search(self, text: str, *, limit: int = 50, offset: int = 0) -> list[Hit]:
        """Turns in which you or Parley said all of these words, the last saved first.

        "Quoted words" are found together; the last word may be the beginning of one. Case and
        accents make no difference. The order is that of saving, not of relevance: weighing
        every match takes too long when a common word has 100,000.

        Raises:
            HistoryError: as for reading.
        """
        words = search.terms(text)
        if not words:
            return []
        if search.needs_scan(words):
            return self._scan(words, limit, offset)
        columns = ", ".join(f"t.{name}" for name in _TURN_COLUMNS.split(", "))
        with self._reading() as database:
            rows = database.execute(
                f"SELECT {columns}, snippet(turns_text, -1, ?, ?, '…', ?) "
                "FROM turns_text JOIN turns t ON t.id = turns_text.rowid "
                "WHERE turns_text MATCH ? ORDER BY turns_text.rowid DESC LIMIT ? OFFSET ?",
                (
                    search.START,
                    search.END,
                    search.SNIPPET_WORDS,
                    search.match_query(words),
                    limit,
                    offset,
                ),
            ).fetchall()
        return [Hit(_turn(row[:-1]), search.pieces(row[-1])) for row in rows]

    def figures(self, now: float) -> RollingFigures:
        """How long replies took to sound, over the hour before `now` (Unix time) and all time.

        About 15 ms for 100,000 turns.

        Raises:
            HistoryError: as for reading.
        """
        with self._reading() as database:
            database.execute("BEGIN")  # one snapshot, while others go on writing
            try:
                return waits.figures(database, now)
            finally:
                database.execute("COMMIT")

    def export(self, format: exchange.Format, out: TextIO) -> None:
        """Write everything, the oldest session first, as it is at this moment.

        Raises:
            HistoryError: as for reading.
            OSError: `out` cannot be written.
        """
        with self._reading() as database:
            database.execute("BEGIN")  # one snapshot, while others go on writing
            try:
                exchange.write(format, self._exported(database), out)
            finally:
                database.execute("COMMIT")

    # --- within ---------------------------------------------------------------------------

    def _delete(self, where: str, values: tuple[object, ...]) -> Deleted:
        with self._writing() as database:
            turns = database.execute(f"DELETE FROM turns WHERE {where}", values).rowcount
            sessions = database.execute(
                "DELETE FROM sessions "
                "WHERE NOT EXISTS (SELECT 1 FROM turns WHERE session_id = sessions.id)"
            ).rowcount
            # The index marks words as deleted and drops them when it merges: merge now.
            database.execute("INSERT INTO turns_text (turns_text) VALUES ('optimize')")
        return Deleted(sessions, turns, scrubbed=self._scrub())

    def _scrub(self) -> bool:
        """Give freed pages back and empty the write-ahead file; False when others are in it."""
        try:
            with self._reading() as database:
                database.execute("PRAGMA incremental_vacuum").fetchall()
                busy, _, _ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except HistoryError as exc:  # the turns are deleted all the same
            log.info("traces of deleted turns stay for now: %s", exc)
            return False
        return not busy

    def _scan(self, words: list[str], limit: int, offset: int) -> list[Hit]:
        one = "(transcript LIKE ? ESCAPE '\\' OR reply_generated LIKE ? ESCAPE '\\')"
        where = " AND ".join(one for _ in words)
        patterns = [search.like_pattern(word) for word in words for _ in range(2)]
        with self._reading() as database:
            rows = database.execute(
                f"SELECT {_TURN_COLUMNS} FROM turns WHERE {where} "
                "ORDER BY id DESC LIMIT ? OFFSET ?",
                (*patterns, limit, offset),
            ).fetchall()
        found = [_turn(row) for row in rows]
        return [
            Hit(turn, search.cut((turn.record.transcript, turn.record.reply_generated), words))
            for turn in found
        ]

    def _exported(self, database: sqlite3.Connection) -> Iterator[exchange.Session]:
        sessions = database.execute(
            "SELECT id, uuid, started_at, title FROM sessions ORDER BY started_at, id"
        ).fetchall()
        for session_id, session_uuid, started_at, title in sessions:
            rows = database.execute(
                f"SELECT {_TURN_COLUMNS} FROM turns WHERE session_id = ? ORDER BY turn_id",
                (session_id,),
            )
            records = [_turn(row).record for row in rows]
            yield exchange.Session(session_uuid, started_at, title, records)

    def _session(
        self, database: sqlite3.Connection, session_uuid: str, started_at: float, title: str
    ) -> int:
        """The session's row, made when it is missing: it is new, or was deleted meanwhile."""
        row = database.execute(
            "SELECT id, title FROM sessions WHERE uuid = ?", (session_uuid,)
        ).fetchone()
        if row is None:
            row = database.execute(
                "INSERT INTO sessions (uuid, started_at, title) VALUES (?, ?, ?) "
                "RETURNING id, title",
                (_clean(session_uuid), started_at, _clean(title)),
            ).fetchone()
        elif title and not row[1]:
            database.execute("UPDATE sessions SET title = ? WHERE id = ?", (_clean(title), row[0]))
        return int(row[0])

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """The connection; SQLite's errors become the user's."""
        if self._connection is not None and _identity(self._path) != self._identity:
            # Somebody deleted the file, or set it aside: what we write to ours would be lost.
            log.warning("the history file was replaced; opening what is there now")
            self._connection.close()
            self._connection = None
        if self._connection is None:
            self.open(set_damaged_aside=self._set_aside)
        assert self._connection is not None
        try:
            yield self._connection
        except sqlite3.Error as exc:
            error = explained(exc, self._path)
            if isinstance(error, DamagedHistoryError):
                error = self._after_damage(error)
            raise error from exc

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it, or nothing."""
        with self._reading() as database:
            # IMMEDIATE waits for another writer now, not half-way through.
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                if database.in_transaction:  # a full disk has rolled back by itself
                    database.execute("ROLLBACK")
                raise

    def _after_damage(self, damage: DamagedHistoryError) -> HistoryError:
        """Let go of the damaged file, and say what became of it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if not self._set_aside:
            return damage
        aside = set_aside(self._path)
        log.error("the history file was damaged; it is now %s", aside)
        return HistoryError(
            "The history file was damaged, so Parley begins a new one.",
            f"The old one is kept as {aside}.",
        )


def _identity(path: Path) -> tuple[int, int]:
    """Which file a path names just now: device and inode; zeros when there is none."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_dev, status.st_ino)


def _values(record: TurnRecord) -> tuple[object, ...]:
    """The record in the order of the columns, without id and session."""
    spans = _finite(record.spans)
    return (
        record.turn_id,
        record.started_at,
        _clean(record.source),
        _clean(record.transcript),
        _clean(record.language),
        _clean(record.reply_generated),
        _clean(record.reply_heard),
        _clean(record.outcome),
        _json(_who(record)),
        _json(spans),
        _json(_finite(record.starts)),
        _clean(record.slow_because),
        spans.get(SPAN),
    )


def _finite(milliseconds: Mapping[str, float]) -> dict[str, object]:
    """A span that is no number has no place in JSON, and must not cost us the turn."""
    return {name: ms for name, ms in milliseconds.items() if math.isfinite(ms)}


def _who(record: TurnRecord) -> dict[str, object]:
    """The engines column: an engine by stage name, and how the reply came to be."""
    who: dict[str, object] = {stage: asdict(engine) for stage, engine in record.engines.items()}
    if record.asked or record.answered_by:
        who[_REPLY] = {
            "answered_by": [asdict(engine) for engine in record.answered_by],
            "asked": [asdict(engine) for engine in record.asked],
            "why_not_first": _clean(record.why_not_first),
        }
    return who


def _turn(row: tuple[Any, ...]) -> TurnRow:
    turn_row_id, session_id, *plain, engines, spans, starts, slow_because = row
    names = _TURN_COLUMNS.split(", ")[2:10]
    who = json.loads(engines)
    reply = who.pop(_REPLY, {})
    record = TurnRecord(
        **dict(zip(names, plain, strict=True)),
        engines={stage: _engine(engine) for stage, engine in who.items()},
        answered_by=tuple(map(_engine, reply.get("answered_by", ()))),
        asked=tuple(map(_engine, reply.get("asked", ()))),
        why_not_first=reply.get("why_not_first", ""),
        spans=json.loads(spans),
        starts=json.loads(starts),
        slow_because=slow_because,
    )
    return TurnRow(turn_row_id, session_id, record)


def _engine(plain: Mapping[str, Any]) -> Engine:
    return Engine(**{**plain, "stage": Stage(plain["stage"])})


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, separators=(",", ":"))


def _clean(text: str) -> str:
    """Text that can be written as UTF-8: a lone surrogate from a broken stream becomes "?"."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _title(transcript: str) -> str:
    line = " ".join(transcript.split())
    return line if len(line) <= TITLE_CHARS else line[: TITLE_CHARS - 1].rstrip() + "…"
