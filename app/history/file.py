"""The history file while it is open: reading, writing, and what happens when it is in trouble."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import HistoryError
from app.history.database import DamagedHistoryError, connect, explained, set_aside

log = logging.getLogger(__name__)


class HistoryFile:
    """One connection to the file.

    One object belongs to one thread, from `open` to `close`: the history thread has one, the
    window another, a command in another process its own. They work at the same time; a writer
    makes others wait at most `busy_timeout_ms`.

    Every method opens the file by itself when it is not open, so after a `HistoryError` the
    caller just tries again later: a locked file is free then, a damaged one has been set aside
    and a new one is begun, and a newer one refuses again.
    """

    def __init__(self, path: Path, busy_timeout_ms: int) -> None:
        self._path = path
        self._busy_timeout_ms = busy_timeout_ms
        self._connection: sqlite3.Connection | None = None
        self._set_aside = True
        self._identity = (0, 0)

    @property
    def exists(self) -> bool:
        """Whether there is a file yet."""
        return self._path.exists()

    def open(self, *, set_damaged_aside: bool = True) -> None:
        """Open or create the file.

        A damaged file is renamed to `<name>.corrupt-<time>`; with
        `set_damaged_aside` off (a command that only reads) it stays where it is.

        Raises:
            HistoryError: locked, damaged, not writable, or written by a newer Parley.
        """
        if self._connection is not None:
            return
        self._set_aside = set_damaged_aside
        try:
            self._connection = connect(self._path, self._busy_timeout_ms)
        except DamagedHistoryError as exc:
            raise self._after_damage(exc) from exc
        self._identity = _identity(self._path)

    def close(self) -> None:
        """Close the file; what is said after the next `open` is another conversation."""
        self._let_go()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection; SQLite's errors become the user's."""
        if self._connection is not None and _identity(self._path) != self._identity:
            # Somebody deleted the file, or set it aside: what we write to ours would be lost.
            log.warning("the history file was replaced; opening what is there now")
            self._let_go()
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
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it, or nothing."""
        with self.reading() as database:
            # IMMEDIATE waits for another writer now, not half-way through.
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                if database.in_transaction:  # a full disk has rolled back by itself
                    database.execute("ROLLBACK")
                raise

    def _let_go(self) -> None:
        """Close the file. What is there next time may be another one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _after_damage(self, damage: DamagedHistoryError) -> HistoryError:
        """Let go of the damaged file, and say what became of it."""
        self._let_go()
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
