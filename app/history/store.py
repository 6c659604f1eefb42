"""The history in one SQLite file."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from app.core.figures import RollingFigures
from app.core.history_events import ConversationRow, FoundTurn
from app.core.ports import TurnRecord
from app.errors import HistoryError, InputError
from app.history import archive, exchange, search, sessions, turn_rows, waits
from app.history.file import HistoryFile
from app.history.rows import Deleted, Hit, Imported, SessionRow, TurnRow

log = logging.getLogger(__name__)


_TITLE = (
    "(SELECT CASE own_title WHEN '' THEN title ELSE own_title END FROM sessions s "
    "WHERE s.id = t.session_id)"
)
"""Of a turn's conversation."""


class SqliteHistory(HistoryFile):
    """Keeps turns (`HistoryStore`), and finds, exports and deletes them.

    A run of Parley numbers its conversations and its turns; which rows they have is known here
    alone, because an old conversation that goes on has turns with the same numbers.
    """

    def __init__(self, path: Path, *, busy_timeout_ms: int = 2000) -> None:
        super().__init__(path, busy_timeout_ms)
        self._sessions: dict[int, int] = {}
        """The row of each conversation of this run that has one."""
        self._turns: dict[tuple[int, int], int] = {}
        """The row of each turn of this run that was saved, by conversation and turn."""

    def _let_go(self) -> None:
        self._sessions.clear()
        self._turns.clear()
        super()._let_go()

    # --- writing --------------------------------------------------------------------------

    def begin(self, conversation: int, session_id: int) -> None:
        """The turns of this conversation go on with that session. Reads and writes nothing."""
        self._sessions[conversation] = session_id

    def save(self, record: TurnRecord) -> int:
        """Write the turn, replacing what was saved of it in this run; its row id, or 0 when it
        was deleted meanwhile and stays so.

        A conversation without a row, or whose row was deleted, gets a new one. On return the
        turn is on disk.

        Raises:
            HistoryError: locked, damaged or no room on the disk; nothing was changed.
            ValueError: it is private: whoever keeps the turns must not let it come this far.
        """
        if record.private:
            raise ValueError("a private turn is not to be written")
        turn = (record.conversation, record.turn_id)
        with self.writing() as database:
            row_id = self._turns.get(turn)  # asked when it is certain that this is the file
            if row_id is not None:
                return row_id if _changed(database, row_id, record) else 0
            session_id = self._session(database, record)
            row_id = _added(database, session_id, record)
        self._sessions[record.conversation] = session_id
        self._turns[turn] = row_id
        return row_id

    def rename(self, session_id: int, title: str) -> bool:
        """Give a conversation a name, or none; False when it is gone. Raises HistoryError."""
        with self.writing() as database:
            return sessions.rename(database, session_id, turn_rows.title(title))

    def pin(self, session_id: int, pinned: bool) -> bool:
        """Keep it at the top of the list or not; False when it is gone. Raises HistoryError."""
        with self.writing() as database:
            return sessions.pin(database, session_id, pinned)

    # --- deleting -------------------------------------------------------------------------

    def put_away(self, session_id: int, at: float) -> bool:
        """Delete it so that it can be taken back: out of sight since that Unix time.

        False when there is no such conversation. Raises HistoryError.
        """
        with self.writing() as database:
            return sessions.put_away(database, session_id, at)

    def take_back(self, session_id: int) -> bool:
        """Undo `put_away`; False when it is gone for good. Raises HistoryError."""
        with self.writing() as database:
            return sessions.take_back(database, session_id)

    def waiting(self) -> dict[int, float]:
        """What was put away and is still there: since when, by number. Raises HistoryError."""
        with self.reading() as database:
            return sessions.waiting(database)

    def purge(self, session_ids: Collection[int]) -> None:
        """Forget those of them for good that are still put away. Raises HistoryError."""
        places = ", ".join("?" for _ in session_ids)
        away = f"SELECT id FROM sessions WHERE deleted_at IS NOT NULL AND id IN ({places})"
        if session_ids:
            self._delete(f"session_id IN ({away})", tuple(session_ids))

    def expire(self, before: float, *, keep: int = 0) -> int:
        """Forget the conversations whose last turn is older than that Unix time; how many.

        Pinned ones stay, and the one with the number `keep`. Raises HistoryError.
        """
        old = "SELECT id FROM sessions WHERE last_at < ? AND NOT pinned AND id <> ?"
        with self.reading() as database:
            if not database.execute(f"{old} LIMIT 1", (before, keep)).fetchone():
                return 0
        return self._delete(f"session_id IN ({old})", (before, keep)).sessions

    def forget_turn(self, conversation: int, turn_id: int) -> None:
        """Delete one turn of this run, or of an old conversation (its row's number, negative);
        nothing to do when it was never saved. Raises HistoryError."""
        row_id = -turn_id if turn_id < 0 else self._turns.get((conversation, turn_id))
        if row_id is None:
            return
        with self.reading() as database:
            found = database.execute(
                "SELECT session_id FROM turns WHERE id = ?", (row_id,)
            ).fetchone()
        if found is None:
            return
        self._delete("id = ?", (row_id,))
        with self.writing() as database:
            sessions.lose_title(database, int(found[0]))

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
        """Add the turns of a JSON export; a turn that is there already stays as it is, and so do
        the name and the pin of its conversation.

        Raises:
            InputError: not an export, or one of a newer Parley. Nothing was changed.
            HistoryError: as `save`.
        """
        imported = exchange.read_json(source)
        with self.writing() as database:
            return archive.add(database, imported)

    # --- reading --------------------------------------------------------------------------

    def sessions(self, *, limit: int = -1, offset: int = 0) -> list[SessionRow]:
        """Conversations, pinned ones first, then by their last turn, the newest first; a
        negative limit means all. Raises HistoryError."""
        with self.reading() as database:
            return sessions.listed(database, limit, offset)

    def conversations(self, limit: int) -> tuple[list[ConversationRow], int]:
        """The first of `sessions` as the window shows them, and how many there are in all.

        Raises:
            HistoryError: as for reading.
        """
        with self.reading() as database:
            rows, total = sessions.listed(database, limit), sessions.total(database)
        shown = [
            ConversationRow(
                session_id=row.id,
                title=row.title,
                started_at=row.started_at,
                last_at=row.last_at,
                turns=row.turns,
                pinned=row.pinned,
            )
            for row in rows
        ]
        return shown, total

    def title(self, session_id: int) -> str | None:
        """Of this conversation; None when there is none, or it is deleted. Raises HistoryError."""
        with self.reading() as database:
            row = sessions.live(database, session_id)
        return row.title if row else None

    def session_of(self, conversation: int) -> int:
        """The row that this run's conversation is written to; 0 while it has none."""
        with self.reading() as database:
            session_id = self._sessions.get(conversation, 0)
            return session_id if sessions.live(database, session_id) else 0

    def turns(
        self,
        session_id: int | None = None,
        *,
        limit: int = -1,
        offset: int = 0,
        newest_first: bool = False,
    ) -> list[TurnRow]:
        """Turns of a session, or of all, in the order they were begun. Raises HistoryError."""
        where, key = (
            (sessions.LIVE, ()) if session_id is None else ("session_id = ?", (session_id,))
        )
        way = "DESC" if newest_first else "ASC"
        with self.reading() as database:
            rows = database.execute(
                f"SELECT {turn_rows.COLUMNS} FROM turns WHERE {where} "
                f"ORDER BY started_at {way}, id {way} LIMIT ? OFFSET ?",
                (*key, limit, offset),
            ).fetchall()
        return [turn_rows.turn(row) for row in rows]

    def records(self, session_id: int) -> list[TurnRecord]:
        """Turns of a session as the window shows them, oldest first: each is numbered with the
        negative of its row, a number that no turn of this run has. Raises HistoryError."""
        return [replace(row.record, turn_id=-row.id) for row in self.turns(session_id)]

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
        columns = ", ".join(f"t.{name}" for name in turn_rows.COLUMNS.split(", "))
        with self.reading() as database:
            rows = database.execute(
                f"SELECT {columns}, {_TITLE}, snippet(turns_text, -1, ?, ?, '…', ?) "
                "FROM turns_text JOIN turns t ON t.id = turns_text.rowid "
                f"WHERE turns_text MATCH ? AND t.{sessions.LIVE} "
                "ORDER BY turns_text.rowid DESC LIMIT ? OFFSET ?",
                (
                    search.START,
                    search.END,
                    search.SNIPPET_WORDS,
                    search.match_query(words),
                    limit,
                    offset,
                ),
            ).fetchall()
        return [Hit(turn_rows.turn(row[:-2]), search.pieces(row[-1]), row[-2]) for row in rows]

    def find(self, text: str, limit: int) -> list[FoundTurn]:
        """What `search` finds, as the window shows it. Raises HistoryError."""
        return [
            FoundTurn(
                session_id=hit.turn.session_id,
                row_id=hit.turn.id,
                title=hit.title,
                started_at=hit.turn.record.started_at,
                pieces=tuple((piece.text, piece.match) for piece in hit.snippet),
            )
            for hit in self.search(text, limit=limit)
        ]

    def figures(self, now: float) -> RollingFigures:
        """How long replies took to sound, over the hour before `now` (Unix time) and all time.

        About 15 ms for 100,000 turns.

        Raises:
            HistoryError: as for reading.
        """
        with self.reading() as database:
            database.execute("BEGIN")  # one snapshot, while others go on writing
            try:
                return waits.figures(database, now)
            finally:
                database.execute("COMMIT")

    def export(self, format: exchange.Format, out: TextIO, *, session_id: int | None = None) -> int:
        """Write a conversation, or everything, the oldest first, as it is at this moment.

        Returns how many turns were written.

        Raises:
            InputError: there is no such conversation.
            HistoryError: as for reading.
            OSError: `out` cannot be written.
        """
        written = 0

        def counted() -> Iterator[exchange.Session]:
            nonlocal written
            for session in archive.sessions(database, session_id):
                written += len(session.turns)
                yield session

        with self.reading() as database:
            database.execute("BEGIN")  # one snapshot, while others go on writing
            try:
                if session_id is not None and sessions.live(database, session_id) is None:
                    raise InputError(
                        "This conversation is no longer there.", "There is nothing to export."
                    )
                exchange.write(format, counted(), out)
            finally:
                database.execute("COMMIT")
        return written

    def export_file(
        self, path: Path, format: exchange.Format, *, session_id: int | None = None
    ) -> int:
        """`export` into a file, which appears whole or not at all; one of that name is replaced.

        Raises:
            InputError: it cannot be written there, or there is no such conversation.
            HistoryError: as for reading.
        """
        with archive.whole_file(path) as out:
            return self.export(format, out, session_id=session_id)

    # --- within ---------------------------------------------------------------------------

    def _delete(self, where: str, values: tuple[object, ...]) -> Deleted:
        with self.writing() as database:
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
            with self.reading() as database:
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
        with self.reading() as database:
            rows = database.execute(
                f"SELECT {turn_rows.COLUMNS}, {_TITLE} FROM turns t "
                f"WHERE {where} AND {sessions.LIVE} ORDER BY id DESC LIMIT ? OFFSET ?",
                (*patterns, limit, offset),
            ).fetchall()
        hits = []
        for row in rows:
            turn = turn_rows.turn(row[:-1])
            texts = (turn.record.transcript, turn.record.reply_generated)
            hits.append(Hit(turn, search.cut(texts, words), row[-1]))
        return hits

    def _session(self, database: sqlite3.Connection, record: TurnRecord) -> int:
        """The row of the turn's conversation, made when it has none: it is new, or was deleted
        meanwhile."""
        title = turn_rows.title(record.transcript)
        session_id = self._sessions.get(record.conversation, 0)
        if session_id and sessions.live(database, session_id):
            sessions.name_by(database, session_id, title)
            return session_id
        return sessions.add(database, started_at=record.started_at, title=title)


def _changed(database: sqlite3.Connection, row_id: int, record: TurnRecord) -> bool:
    """Write what is new about a turn; False when its row is gone."""
    values = (*turn_rows.values(record), row_id)
    row = database.execute(turn_rows.UPDATE, values).fetchone()
    if row is None:
        return False
    sessions.name_by(database, row[0], turn_rows.title(record.transcript))
    return True


def _added(database: sqlite3.Connection, session_id: int, record: TurnRecord) -> int:
    """The new row of a turn; it keeps its number unless its conversation has one of that number
    from an earlier run."""
    (free,) = database.execute(
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM turns WHERE session_id = ?1 AND turn_id = ?2) "
        "THEN (SELECT max(turn_id) + 1 FROM turns WHERE session_id = ?1) ELSE ?2 END",
        (session_id, record.turn_id),
    ).fetchone()
    values = (session_id, free, *turn_rows.values(record))
    return int(database.execute(turn_rows.INSERT, values).fetchone()[0])
