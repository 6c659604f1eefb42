"""Keeping turns: what is saved stays, whatever happens to the file or the process."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import app
from app.core.ports import HistoryStore
from app.errors import HistoryError
from app.history.migrations import MIGRATIONS
from app.history.store import SqliteHistory
from app.history.turn_rows import TITLE_CHARS
from tests.support.turns import turn

ROOT = Path(app.__file__).parents[1]


def test_it_is_a_history_store(path: Path) -> None:
    store: HistoryStore = SqliteHistory(path)
    store.open()
    store.save(turn())
    store.close()


def test_a_turn_comes_back_as_it_was(history: SqliteHistory) -> None:
    record = turn(7, "Wie spät\nist es? 🎉")
    row_id = history.save(record)
    (row,) = history.turns()
    assert row.id == row_id
    assert row.record == record


def test_saving_a_turn_again_updates_its_row(history: SqliteHistory) -> None:
    early = history.save(turn(1, reply_generated="", reply_heard="", outcome="", spans={}))
    late = history.save(turn(1))
    assert early == late
    assert [row.record for row in history.turns()] == [turn(1)]


def test_a_run_is_a_session_named_by_what_was_said_first(path: Path) -> None:
    store = SqliteHistory(path)
    for first in ("hello", "x " * 100):
        store.open()
        store.save(turn(1, ""))  # not understood
        store.save(turn(2, first))
        store.save(turn(3, "later"))
        store.close()
    store.open()
    newest, oldest = store.sessions()
    assert (oldest.title, oldest.turns) == ("hello", 3)
    assert len(newest.title) <= TITLE_CHARS
    assert newest.uuid != oldest.uuid
    assert [row.record.turn_id for row in store.turns(oldest.id)] == [1, 2, 3]
    latest = store.turns(oldest.id, limit=2, newest_first=True)
    assert [row.record.turn_id for row in latest] == [3, 2]
    assert [row.record.turn_id for row in store.turns(oldest.id, limit=1, offset=1)] == [2]
    assert len(store.turns()) == 6
    store.close()


def test_a_run_in_which_nothing_was_said_leaves_no_session(history: SqliteHistory) -> None:
    assert history.sessions() == []


def test_text_no_file_can_hold_does_not_cost_the_turn(history: SqliteHistory) -> None:
    history.save(turn(1, "broken \ud83c half", spans={"a": float("nan"), "b": 1.0}))
    (row,) = history.turns()
    assert row.record.transcript == "broken ? half"
    assert row.record.spans == {"b": 1.0}


def test_the_file_is_for_its_owner_alone(history: SqliteHistory, path: Path) -> None:
    history.save(turn())
    for file in path.parent.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file


def test_another_thread_may_not_use_the_connection(history: SqliteHistory) -> None:
    caught: list[BaseException] = []

    def use() -> None:
        try:
            history.save(turn())
        except sqlite3.ProgrammingError as exc:
            caught.append(exc)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert caught, "a mistake of ours must not look like trouble with the file"


def test_a_reader_sees_turns_while_the_window_goes_on_writing(
    history: SqliteHistory, path: Path
) -> None:
    reader = SqliteHistory(path, busy_timeout_ms=100)
    reader.open()
    for number in range(1, 20):
        history.save(turn(number))
        assert len(reader.turns()) == number
        assert len(reader.search("time")) == number
    reader.close()


# --- conversations ------------------------------------------------------------------------


def test_a_private_turn_is_refused(history: SqliteHistory, path: Path) -> None:
    with pytest.raises(ValueError, match="private"):
        history.save(turn(1, "zebrafish", private=True))
    assert history.turns() == []
    assert traces(path, "zebrafish") == []


def test_the_list_begins_with_pinned_ones_and_goes_by_the_last_turn(path: Path) -> None:
    store = SqliteHistory(path)
    for number, words in enumerate(("first", "second", "third"), start=1):
        store.open()
        store.save(turn(number, words))
        store.close()
    store.begin(1, 1)
    store.save(turn(50, "first goes on", conversation=1))
    store.pin(2, True)
    rows, total = store.conversations(2)
    assert [row.title for row in rows] == ["second", "first"]
    assert total == 3
    assert rows[1].turns == 2
    assert rows[1].last_at > rows[1].started_at
    store.close()


def test_what_is_put_away_is_out_of_sight_everywhere(history: SqliteHistory) -> None:
    history.save(turn(1, "walrus 海象"))
    (row,) = history.sessions()
    assert history.put_away(row.id, 5.0)
    assert history.waiting() == {row.id: 5.0}
    assert history.sessions() == history.turns() == []
    assert history.conversations(10) == ([], 0)
    assert history.search("walrus") == history.search("海象") == []
    assert history.title(row.id) is None
    assert not history.put_away(row.id, 6.0)
    assert not history.rename(row.id, "x")
    assert not history.pin(row.id, True)
    assert history.take_back(row.id)
    assert history.sessions() == [row]
    assert len(history.search("walrus")) == 1
    assert not history.take_back(row.id)


def test_only_what_is_put_away_is_purged(history: SqliteHistory, path: Path) -> None:
    history.save(turn(1, "walrus"))
    history.save(turn(2, "quokka", conversation=1))
    history.put_away(1, 5.0)
    history.purge([])
    history.purge([1, 2])
    assert [row.title for row in history.sessions()] == ["quokka"]
    assert traces(path, "walrus") == []


def test_a_turn_that_was_deleted_stays_deleted(history: SqliteHistory, path: Path) -> None:
    assert history.save(turn(1, "walrus", outcome=""))
    history.delete_all()
    assert history.save(turn(1, "walrus")) == 0
    assert history.turns() == []
    assert history.save(turn(2, "next"))
    assert [row.title for row in history.sessions()] == ["next"]


def test_rows_of_a_file_that_was_taken_away_are_not_those_of_the_next(
    history: SqliteHistory, path: Path
) -> None:
    history.save(turn(1, "here"))
    for file in path.parent.glob(path.name + "*"):
        file.rename(file.with_name(f"old-{file.name}"))
    other = SqliteHistory(path)
    other.save(turn(9, "of another program"))
    history.save(turn(1, "still here"))
    assert [row.record.transcript for row in other.turns()] == ["still here", "of another program"]
    other.close()


# --- kill -9 ------------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from app.history.store import SqliteHistory
from tests.support.turns import turn
store = SqliteHistory(Path(sys.argv[1]), busy_timeout_ms=5000)
store.open()
number = 0
while True:
    number += 1
    store.save(turn(number, f"round{sys.argv[2]} turn{number}", reply_generated="", outcome=""))
    row = store.save(turn(number, f"round{sys.argv[2]} turn{number}"))
    print(row, flush=True)
"""


def test_kill_9_loses_nothing_that_was_reported_as_saved(path: Path) -> None:
    promised: dict[int, str] = {}
    for round_number in range(20):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(round_number)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        first = child.stdout.readline()  # it is writing now
        time.sleep(0.005 * round_number)
        child.send_signal(signal.SIGKILL)
        rest, _ = child.communicate(timeout=30)
        assert child.returncode == -signal.SIGKILL
        # The last line may be cut by the kill; a whole one is a promise.
        whole = (first + rest[: rest.rfind("\n") + 1]).split()
        count = len(whole)
        for number, row in enumerate(whole, start=1):
            promised[int(row)] = f"round{round_number} turn{number}"
        store = SqliteHistory(path)
        store.open()
        newest = max(store.sessions(), key=lambda row: row.id)
        assert newest.title == f"round{round_number} turn1"
        assert newest.turns >= count
        store.close()
    store = SqliteHistory(path)
    store.open()
    kept = {row.id: row.record for row in store.turns()}
    assert len(promised) > 20
    for row_id, transcript in promised.items():
        assert kept[row_id].transcript == transcript
        assert kept[row_id].outcome == "interrupted", "the second save was the promise"
    assert len(store.search("turn1", limit=-1)) >= 20
    store.close()


# --- trouble with the file ----------------------------------------------------------------

LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE" if sys.argv[2] == "all" else "BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


def lock(path: Path, what: str) -> subprocess.Popen[str]:
    """Another process that holds the file until its stdin is closed."""
    locker = subprocess.Popen(
        [sys.executable, "-c", LOCKER, str(path), what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert locker.stdout is not None
    assert locker.stdout.readline() == "locked\n"
    return locker


def test_a_locked_file_is_said_and_the_same_save_works_later(
    history: SqliteHistory, path: Path
) -> None:
    history.save(turn(1))
    locker = lock(path, "writing")
    with pytest.raises(HistoryError, match="Another program"):
        history.save(turn(2))
    assert len(history.turns()) == 1, "reading goes on"
    locker.communicate()
    history.save(turn(2))
    assert len(history.turns()) == 2


def test_a_file_locked_from_the_start_is_opened_by_a_later_save(path: Path) -> None:
    rollback = sqlite3.connect(path)  # not yet in WAL mode, so a lock keeps even readers out
    rollback.execute("CREATE TABLE other (x)")
    rollback.commit()
    rollback.close()
    locker = lock(path, "all")
    store = SqliteHistory(path, busy_timeout_ms=50)
    with pytest.raises(HistoryError, match="Another program"):
        store.open()
    with pytest.raises(HistoryError, match="Another program"):
        store.save(turn())
    locker.communicate()
    store.save(turn())
    assert len(store.turns()) == 1
    store.close()


def damaged(path: Path, how: str) -> bytes:
    """A history file that is broken in this way; its bytes."""
    store = SqliteHistory(path)
    for number in range(20):
        store.save(turn(number, reply_generated="many words " * 500))
    store.close()
    data = path.read_bytes()
    match how:
        case "text":
            data = b"this was never a database\n" * 1000
        case "cut":
            data = data[: len(data) // 2]
        case "overwritten":
            data = data[:8192] + os.urandom(len(data) - 8192)
        case "header":
            data = b"SQLite format 3\x00" + os.urandom(5000)
    path.write_bytes(data)
    return data


@pytest.mark.parametrize("how", ["text", "cut", "overwritten", "header"])
def test_a_damaged_file_is_set_aside_whole_and_a_new_one_begun(path: Path, how: str) -> None:
    data = damaged(path, how)
    store = SqliteHistory(path)
    with pytest.raises(HistoryError, match="damaged") as caught:
        store.open()
    (aside,) = (
        file
        for file in path.parent.glob("history.sqlite.corrupt-*")
        if not file.name.endswith(("-wal", "-shm"))
    )
    assert aside.name in caught.value.hint
    assert aside.read_bytes() == data
    store.save(turn(1))
    assert len(store.turns()) == 1
    store.close()
    assert aside.read_bytes() == data


def test_a_second_damaged_file_does_not_overwrite_the_first(path: Path) -> None:
    for content in (b"first" * 1000, b"second" * 1000):
        path.write_bytes(content)
        with pytest.raises(HistoryError, match="damaged"):
            SqliteHistory(path).open()
    kept = sorted(file.read_bytes()[:6] for file in path.parent.iterdir())
    assert kept == [b"firstf", b"second"]


def test_damage_that_shows_while_saving_costs_no_later_turn(
    history: SqliteHistory, path: Path
) -> None:
    for number in range(20):
        history.save(turn(number, reply_generated="many words " * 500))
    database = history._connection
    assert database is not None
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.execute("PRAGMA cache_size = 1")
    data = path.read_bytes()
    path.write_bytes(data[:4096] + bytes(len(data) - 4096))
    with pytest.raises(HistoryError, match="damaged"):
        history.save(turn(500))
    assert history.save(turn(500)) == 1
    assert [row.record.turn_id for row in history.turns()] == [500]


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be moved or deleted")
@pytest.mark.parametrize("how", ["deleted", "moved", "replaced by another Parley"])
def test_a_file_taken_away_while_it_is_open_does_not_take_later_turns_with_it(
    history: SqliteHistory, path: Path, how: str
) -> None:
    history.save(turn(1))
    other = SqliteHistory(path)
    if how == "deleted":
        path.unlink()
    else:
        path.rename(path.with_name("elsewhere.sqlite"))
    if how.startswith("replaced"):
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).rename(path.with_name("elsewhere.sqlite" + ending))
        other.save(turn(7, "of the other"))
    history.save(turn(2))
    history.save(turn(3))
    said = [row.record.turn_id for row in other.turns()]
    assert said == [2, 3, 7] if how.startswith("replaced") else said == [2, 3]
    other.close()


def test_a_reader_leaves_a_damaged_file_alone(path: Path) -> None:
    data = damaged(path, "text")
    store = SqliteHistory(path)
    with pytest.raises(HistoryError, match="damaged"):
        store.open(set_damaged_aside=False)
    assert {file.name for file in path.parent.iterdir()} == {path.name}
    assert path.read_bytes() == data


@pytest.mark.parametrize("in_wal", [False, True], ids=["checkpointed", "in the write-ahead file"])
def test_a_newer_file_is_not_changed_by_a_byte(path: Path, in_wal: bool) -> None:
    store = SqliteHistory(path)
    store.save(turn())
    store.close()
    code = (
        "import sqlite3, os, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('PRAGMA journal_mode = WAL')\n"
        f"c.execute('PRAGMA user_version = {len(MIGRATIONS) + 1}')\n"
        + ("os._exit(0)" if in_wal else "c.close()")  # dying leaves the change in the -wal file
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    wal = path.with_name("history.sqlite-wal")
    assert wal.exists() == in_wal
    before = (path.read_bytes(), wal.read_bytes() if in_wal else b"")
    store = SqliteHistory(path)
    for attempt in (store.open, lambda: store.save(turn()), store.sessions):
        with pytest.raises(HistoryError, match="newer Parley"):
            attempt()
    store.close()
    assert (path.read_bytes(), wal.read_bytes() if in_wal else b"") == before


def test_a_full_disk_is_said_changes_nothing_and_ends_when_there_is_room(
    history: SqliteHistory,
) -> None:
    history.save(turn(1))
    database = history._connection
    assert database is not None
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    # SQLite's own way to be out of room; the error is the one a full disk gives.
    database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(HistoryError, match="no room"):
        history.save(turn(2, "x" * 100_000))
    assert [row.record for row in history.turns()] == [turn(1)]
    database.execute("PRAGMA max_page_count = 1000000")
    history.save(turn(2, "x" * 100_000))
    assert len(history.turns()) == 2


def test_a_folder_that_is_not_there_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for path in (tmp_path / "missing" / "h.sqlite", tmp_path / "file" / "h.sqlite", tmp_path):
        with pytest.raises(HistoryError) as caught:
            SqliteHistory(path).open()
        assert caught.value.hint


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_explained(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(HistoryError) as caught:
        SqliteHistory(folder / "h.sqlite").open()
    assert str(folder) in caught.value.hint


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_file_is_explained_and_unchanged(path: Path) -> None:
    store = SqliteHistory(path)
    store.save(turn())
    store.close()
    path.chmod(0o400)
    before = path.read_bytes()
    with pytest.raises(HistoryError):
        SqliteHistory(path).open()
    assert path.read_bytes() == before


# --- deleting -----------------------------------------------------------------------------


def traces(path: Path, word: str) -> list[str]:
    """The history's files that still hold the word."""
    files = path.parent.glob(path.name + "*")
    return [file.name for file in files if word.encode() in file.read_bytes()]


def test_a_deleted_session_is_gone_from_the_files_too(path: Path) -> None:
    store = SqliteHistory(path)
    for word in ("zebrafish", "quokka"):
        store.open()
        for number in range(50):
            store.save(turn(number, f"{word} {number}", reply_generated=f"the {word}"))
        store.close()
    store.open()
    doomed = next(row for row in store.sessions() if "zebrafish" in row.title)
    assert traces(path, "zebrafish") != []
    deleted = store.delete_session(doomed.id)
    assert (deleted.sessions, deleted.turns, deleted.scrubbed) == (1, 50, True)
    assert traces(path, "zebrafish") == []
    assert store.search("zebrafish") == []
    assert len(store.search("quokka", limit=-1)) == 50
    assert store.delete_session(doomed.id).turns == 0
    store.close()
    assert traces(path, "zebrafish") == []


def test_deleting_before_a_time_keeps_the_rest_and_all_means_all(history: SqliteHistory) -> None:
    for number in range(10):
        history.save(turn(number, f"walrus{number}", started_at=1000.0 + number))
    assert history.delete_before(1004.0).turns == 4
    assert [row.record.turn_id for row in history.turns()] == [4, 5, 6, 7, 8, 9]
    everything = history.delete_all()
    assert (everything.sessions, everything.turns) == (1, 6)
    assert history.turns() == []
    assert history.sessions() == []
    assert traces(history._path, "walrus") == []


def test_a_session_deleted_by_a_command_goes_on_in_the_window(
    history: SqliteHistory, path: Path
) -> None:
    history.save(turn(1))
    command = SqliteHistory(path)
    command.delete_all()
    command.close()
    history.save(turn(2))
    assert [row.record.turn_id for row in history.turns()] == [2]
    assert len(history.sessions()) == 1


def test_a_deletion_counts_even_when_a_writer_keeps_the_traces_alive(
    history: SqliteHistory, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.save(turn(1))
    other = sqlite3.connect(path, isolation_level=None)
    scrub = history._scrub

    def meanwhile() -> bool:
        other.execute("BEGIN IMMEDIATE")
        return scrub()

    monkeypatch.setattr(history, "_scrub", meanwhile)
    deleted = history.delete_all()
    assert (deleted.turns, deleted.scrubbed) == (1, False)
    other.close()
    assert history.turns() == []


def test_deleting_says_when_a_reader_keeps_traces_alive(path: Path) -> None:
    store = SqliteHistory(path, busy_timeout_ms=50)
    store.save(turn(1, "capybara"))
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM turns").fetchall()
    deleted = store.delete_all()
    assert (deleted.turns, deleted.scrubbed) == (1, False)
    reader.close()
    store.close()
    assert traces(path, "capybara") == []
