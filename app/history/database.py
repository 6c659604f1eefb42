"""Opening the history file, and what SQLite's errors mean to the user."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from app.errors import HistoryError
from app.history.migrations import MIGRATIONS, migrate


class DamagedHistoryError(HistoryError):
    """The file is not a history, or not a whole one."""


def connect(path: Path, busy_timeout_ms: int) -> sqlite3.Connection:
    """Open the file, or create it, checked and on the newest schema.

    The connection belongs to the thread that calls this. It is in autocommit: who writes opens
    a transaction.

    Raises:
        DamagedHistoryError: it is damaged, or something else than a history.
        HistoryError: it is locked, cannot be read or written, or a newer Parley wrote it. A
            newer file is not changed by a single byte.
    """
    try:
        _refuse_newer(path, busy_timeout_ms)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite would make it 644
        connection = sqlite3.connect(path, timeout=busy_timeout_ms / 1000, isolation_level=None)
    except OSError as exc:
        raise _unwritable(path) from exc
    except sqlite3.Error as exc:
        raise explained(exc, path) from exc
    try:
        # First of all: a damaged file is kept as it was found, and the rest may write to it.
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise _damaged(path)
        if connection.execute("PRAGMA page_count").fetchone()[0] == 0:
            # Only a file without tables takes this; it lets a deletion make the file smaller.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: what was saved survives not only a crash of ours but a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        migrate(connection)
    except sqlite3.Error as exc:
        connection.close()
        raise explained(exc, path) from exc
    except HistoryError:
        connection.close()
        raise
    return connection


def explained(exc: sqlite3.Error, path: Path) -> HistoryError:
    """What the environment did to the file, in the user's words.

    Raises:
        sqlite3.Error: `exc` itself, when it is not the environment's fault but a bug of ours.
    """
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code
    match code:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            return HistoryError(
                "Another program is using the history.",
                "Close that program, or try again in a moment.",
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return _damaged(path)
        case sqlite3.SQLITE_FULL:
            return HistoryError(
                "There is no room on the disk for the history.",
                "Make some room; Parley goes on without saving until then.",
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return _unwritable(path)
        case sqlite3.SQLITE_IOERR:
            return HistoryError(
                "The disk does not let Parley read or write the history.",
                f"Check the disk that holds {path.parent}.",
            )
        case _:
            raise exc


def set_aside(path: Path) -> Path:
    """Move a damaged file out of the way, under a name nothing else has; the new path.

    Moved, not copied: that needs no room on the disk and cannot stop half-way. Its write-ahead
    file goes with it, since SQLite may still find turns there.

    Raises:
        HistoryError: it cannot be moved.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside = path.with_name(f"{path.name}.corrupt-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.corrupt-{stamp}-{number}")
    try:
        path.rename(aside)
        for ending in ("-wal", "-shm"):
            beside = path.with_name(path.name + ending)
            if beside.exists():
                beside.rename(aside.with_name(aside.name + ending))
    except OSError as exc:
        raise HistoryError(
            "The history file is damaged and could not be set aside.",
            f"Quit Parley and move {path} away yourself.",
        ) from exc
    return aside


def _refuse_newer(path: Path, busy_timeout_ms: int) -> None:
    """Look at the version without write access, so that not even a checkpoint can happen."""
    if not path.exists():
        return
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, timeout=busy_timeout_ms / 1000, uri=True)) as peek:
            version = peek.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.OperationalError as exc:
        if getattr(exc, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CANTOPEN:
            # Readers cannot always recover a write-ahead file: the header has to do.
            with path.open("rb") as file:
                version = int.from_bytes(file.read(64)[60:64], "big")
        else:
            raise
    if version > len(MIGRATIONS):
        raise HistoryError(
            "The history was written by a newer Parley.",
            "It stays as it is and nothing is saved now; install the newer Parley to use it.",
        )


def _damaged(path: Path) -> DamagedHistoryError:
    return DamagedHistoryError(
        "The history file is damaged.",
        f"Start Parley: it sets {path.name} aside and begins a new one.",
    )


def _unwritable(path: Path) -> HistoryError:
    return HistoryError(
        "The history file cannot be opened or written.",
        f"Check that the folder {path.parent} is there and that you may write to it.",
    )
