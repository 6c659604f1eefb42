"""The history's schema, as the steps that lead to it.

A migration is a decorated function; they run in the order they stand here, each in a transaction
of its own together with the `user_version` that says it was done. Released ones never change: to
change the schema, add one at the end.

Engines and spans are JSON columns of a turn, not tables: they are written and read as a whole
with their turn, nothing searches by them alone, a new span or engine field needs no migration,
and a save stays one row. The one span that figures are made of is a column besides.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

Migration = Callable[[sqlite3.Connection], None]

MIGRATIONS: list[Migration] = []


def migration(step: Migration) -> Migration:
    """Register the next step."""
    MIGRATIONS.append(step)
    return step


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the file up to the newest schema; nothing to do when it is there.

    Raises:
        sqlite3.Error: a step failed; the steps before it stay done, it left no trace.
    """
    for number, step in enumerate(MIGRATIONS, start=1):
        if _version(connection) >= number:
            continue
        connection.execute("BEGIN IMMEDIATE")
        try:
            if _version(connection) < number:  # another process may have been faster
                step(connection)
                connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@migration
def sessions_and_turns(connection: sqlite3.Connection) -> None:
    # AUTOINCREMENT: the number of a deleted conversation is never given to another one.
    connection.execute(
        """
        CREATE TABLE sessions (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            uuid TEXT NOT NULL UNIQUE,
            started_at REAL NOT NULL,
            title TEXT NOT NULL DEFAULT ''
        )
        """
    )
    connection.execute(
        """
        CREATE TABLE turns (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            session_id INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
            turn_id INTEGER NOT NULL,
            started_at REAL NOT NULL,
            source TEXT NOT NULL,
            transcript TEXT NOT NULL,
            language TEXT NOT NULL,
            reply_generated TEXT NOT NULL,
            reply_heard TEXT NOT NULL,
            outcome TEXT NOT NULL,
            engines TEXT NOT NULL DEFAULT '{}',
            spans TEXT NOT NULL DEFAULT '{}',
            UNIQUE (session_id, turn_id)
        )
        """
    )
    connection.execute("CREATE INDEX turns_started_at ON turns (started_at)")


@migration
def full_text_search(connection: sqlite3.Connection) -> None:
    # "content=turns" keeps the words once: the index refers to the table, the triggers keep
    # it in step. "prefix": the beginnings of words are indexed too, or the first letters typed
    # into a search field would read the entries of a thousand words (280 ms in 100,000 turns).
    connection.execute(
        """
        CREATE VIRTUAL TABLE turns_text USING fts5(
            transcript, reply_generated,
            content='turns', content_rowid='id', tokenize='unicode61 remove_diacritics 2',
            prefix='1 2 3'
        )
        """
    )
    add = """
        INSERT INTO turns_text (rowid, transcript, reply_generated)
        VALUES (new.id, new.transcript, new.reply_generated);
    """
    remove = """
        INSERT INTO turns_text (turns_text, rowid, transcript, reply_generated)
        VALUES ('delete', old.id, old.transcript, old.reply_generated);
    """
    connection.execute(f"CREATE TRIGGER turns_added AFTER INSERT ON turns BEGIN {add} END")
    connection.execute(f"CREATE TRIGGER turns_removed AFTER DELETE ON turns BEGIN {remove} END")
    connection.execute(
        f"""
        CREATE TRIGGER turns_changed AFTER UPDATE OF transcript, reply_generated ON turns
        WHEN old.transcript IS NOT new.transcript
            OR old.reply_generated IS NOT new.reply_generated
        BEGIN {remove} {add} END
        """
    )
    connection.execute("INSERT INTO turns_text (turns_text) VALUES ('rebuild')")


@migration
def where_the_time_went(connection: sqlite3.Connection) -> None:
    # `starts` places the spans on the turn's time axis; earlier turns have none.
    connection.execute("ALTER TABLE turns ADD COLUMN starts TEXT NOT NULL DEFAULT '{}'")
    connection.execute("ALTER TABLE turns ADD COLUMN slow_because TEXT NOT NULL DEFAULT ''")
    # The wait stands among the spans too; as a column it can be indexed so that no turn has to be
    # read for the figures of all turns: 100,000 take 15 ms (45 ms as a generated column, which
    # SQLite does not take for covered by its index).
    connection.execute("ALTER TABLE turns ADD COLUMN voice_to_voice REAL")
    connection.execute(
        "UPDATE turns SET voice_to_voice = json_extract(spans, '$.voice_to_voice') "
        "WHERE json_type(spans, '$.voice_to_voice') IN ('real', 'integer')"
    )
    for name, columns in (
        ("turns_by_wait", "voice_to_voice"),
        ("turns_by_cause", "slow_because, voice_to_voice"),
        ("turns_waits_by_time", "started_at, voice_to_voice, slow_because"),
    ):
        connection.execute(
            f"CREATE INDEX {name} ON turns ({columns}) WHERE voice_to_voice IS NOT NULL"
        )


@migration
def conversations_with_a_life_of_their_own(connection: sqlite3.Connection) -> None:
    # `own_title` is the user's; `title` stays the first words. `deleted_at` is set while a
    # deletion can be taken back. `last_at` orders the list and `turns` stands in it, and triggers
    # keep both: asked of the turns, a list of 10,000 conversations takes 150 ms instead of 30.
    for column in (
        "own_title TEXT NOT NULL DEFAULT ''",
        "pinned INTEGER NOT NULL DEFAULT 0",
        "last_at REAL NOT NULL DEFAULT 0",
        "turns INTEGER NOT NULL DEFAULT 0",
        "deleted_at REAL",
    ):
        connection.execute(f"ALTER TABLE sessions ADD COLUMN {column}")
    connection.execute(
        "UPDATE sessions SET last_at = coalesce("
        "(SELECT max(started_at) FROM turns WHERE session_id = sessions.id), started_at), "
        "turns = (SELECT count(*) FROM turns WHERE session_id = sessions.id)"
    )
    connection.execute(
        """
        CREATE TRIGGER turns_counted AFTER INSERT ON turns BEGIN
            UPDATE sessions SET last_at = max(last_at, new.started_at), turns = turns + 1
            WHERE id = new.session_id;
        END
        """
    )
    connection.execute(
        """
        CREATE TRIGGER turns_counted_off AFTER DELETE ON turns BEGIN
            UPDATE sessions SET turns = turns - 1 WHERE id = old.session_id;
        END
        """
    )
    connection.execute(
        "CREATE INDEX sessions_as_listed ON sessions (pinned DESC, last_at DESC, id DESC) "
        "WHERE deleted_at IS NULL"
    )
    connection.execute(
        "CREATE INDEX sessions_deleted ON sessions (deleted_at) WHERE deleted_at IS NOT NULL"
    )
