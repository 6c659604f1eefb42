"""The way to the newest schema."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from app.history import migrations
from app.history.migrations import MIGRATIONS, migrate


@pytest.fixture
def database(tmp_path: Path) -> sqlite3.Connection:
    return sqlite3.connect(tmp_path / "any.sqlite", isolation_level=None)


def version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def schema(database: sqlite3.Connection) -> list[tuple[str, str]]:
    return database.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def test_steps_run_in_the_order_they_were_written(
    database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    monkeypatch.setattr(migrations, "MIGRATIONS", [])

    @migrations.migration
    def first(connection: sqlite3.Connection) -> None:
        ran.append("first")

    @migrations.migration
    def second(connection: sqlite3.Connection) -> None:
        ran.append("second")

    migrate(database)
    migrate(database)
    assert ran == ["first", "second"]
    assert version(database) == 2


def test_the_schema_is_reached_and_migrating_again_changes_nothing(
    database: sqlite3.Connection,
) -> None:
    migrate(database)
    assert version(database) == len(MIGRATIONS)
    before = schema(database)
    assert {"sessions", "turns", "turns_text"} <= {name for name, _ in before}
    migrate(database)
    assert schema(database) == before


@pytest.mark.parametrize("stop", range(len(MIGRATIONS)))
def test_a_file_of_any_earlier_version_is_brought_up_with_its_turns(
    database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(migrations, "MIGRATIONS", MIGRATIONS[:stop])
        migrate(database)
    if stop >= 1:
        database.execute("INSERT INTO sessions (uuid, started_at) VALUES ('u', 1)")
        database.execute(
            "INSERT INTO turns (session_id, turn_id, started_at, source, transcript, language, "
            "reply_generated, reply_heard, outcome, spans) VALUES "
            "(1, 1, 1, 's', 'old words', '', '', '', '', '{\"voice_to_voice\":412.5}'), "
            "(1, 2, 2, 's', 'odd words', '', '', '', '', '{\"voice_to_voice\":\"soon\"}')"
        )
    migrate(database)
    waits = database.execute("SELECT voice_to_voice FROM turns ORDER BY id").fetchall()
    if stop in (1, 2):  # from the third on, the store writes it
        assert waits == [(412.5,), (None,)]
    if 1 <= stop < len(MIGRATIONS):  # from the fourth on, a trigger counts
        kept = database.execute("SELECT turns, last_at, pinned, deleted_at FROM sessions")
        assert kept.fetchall() == [(2, 2.0, 0, None)]
    assert version(database) == len(MIGRATIONS)
    found = database.execute("SELECT count(*) FROM turns_text WHERE turns_text MATCH 'old'")
    assert found.fetchone()[0] == (1 if stop >= 1 else 0)


def test_a_step_that_fails_leaves_no_trace(
    database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(database)
    before = schema(database)

    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (x)")
        connection.execute("SELECT * FROM nowhere")

    monkeypatch.setattr(migrations, "MIGRATIONS", [*MIGRATIONS, broken])
    with pytest.raises(sqlite3.OperationalError):
        migrate(database)
    assert schema(database) == before
    assert version(database) == len(MIGRATIONS)
    assert not database.in_transaction
