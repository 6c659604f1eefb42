"""The history thread, with a real file behind it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, Qt, Signal
from pytestqt.qtbot import QtBot

from app.core.events import (
    Event,
    FiguresChanged,
    Notice,
    SaveTurn,
    StageFailed,
    TurnSaved,
)
from app.core.figures import HOUR_S, Cause
from app.core.history_events import (
    ConversationBegun,
    ConversationDeleted,
    ConversationOpened,
    ConversationsExported,
    ConversationsFound,
    ConversationsListed,
    DeleteAllConversations,
    DeleteConversation,
    ExportConversations,
    ForgetTurn,
    ListConversations,
    OpenConversation,
    PinConversation,
    RenameConversation,
    RestoreConversation,
    SearchConversations,
    UseHistory,
)
from app.core.ports import TurnRecord
from app.errors import HistoryError
from app.history.store import SqliteHistory
from app.workers import history
from app.workers.history import DAY_S, UNDO_S, HistoryWorker
from tests.support.turns import turn
from tests.workers.conftest import Sender, Stage

NOW = 1_800_000_000.0


class Trouble(SqliteHistory):
    """A history that refuses for a while, as a locked file does."""

    refuse: Callable[[], HistoryError | None] = staticmethod(lambda: None)

    def save(self, record: TurnRecord) -> int:
        if error := self.refuse():
            raise error
        return super().save(record)


class Asking(Sender):
    """`wait` returns when what was sent is done."""

    wait = Signal(object)


@pytest.fixture
def sender() -> Asking:
    return Asking()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


@pytest.fixture
def store(path: Path) -> Trouble:
    return Trouble(path, busy_timeout_ms=50)


@pytest.fixture
def file(path: Path) -> Iterator[SqliteHistory]:
    """What is on the disk, seen by another program."""
    reader = SqliteHistory(path)
    yield reader
    reader.close()


def record(turn_id: int, outcome: str = "replied", **changes: object) -> TurnRecord:
    whole = TurnRecord(
        turn_id=turn_id,
        started_at=NOW + turn_id,
        source="voice",
        transcript=f"question {turn_id}",
        language="en",
        outcome=outcome,
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def spoken(turn_id: int, ms: float, *, at: float = 0.0, cause: str = "") -> TurnRecord:
    spans = {"voice_to_voice": ms}
    return replace(record(turn_id), started_at=at, spans=spans, slow_because=cause)


def start(
    stage: Stage,
    sender: Asking,
    store: SqliteHistory | None,
    clock: Callable[[], float] = lambda: NOW,
    **options: bool | int,
) -> None:
    worker = HistoryWorker(store, clock=clock, **options)  # type: ignore[arg-type]
    sender.send.connect(worker.handle)
    sender.wait.connect(worker.handle, Qt.ConnectionType.BlockingQueuedConnection)
    stage.start(worker)


def say(sender: Asking, saved: TurnRecord) -> None:
    sender.send.emit(SaveTurn(turn_id=saved.turn_id, record=saved))


def settle(sender: Asking) -> None:
    """Until the worker has done all it was asked before, and said so."""
    sender.wait.emit(Event())
    QCoreApplication.sendPostedEvents()


def questions(file: SqliteHistory) -> list[str]:
    return [row.record.transcript for row in file.turns()]


def traces(path: Path, word: str) -> list[str]:
    """The history's files that hold the word."""
    files = path.parent.glob(path.name + "*")
    return [each.name for each in files if word.encode() in each.read_bytes()]


def fill(path: Path, *runs: list[TurnRecord]) -> None:
    """What earlier runs of Parley have said, one conversation each."""
    store = SqliteHistory(path)
    for run in runs:
        store.open()
        for each in run:
            store.save(each)
        store.close()


# --- turns ----------------------------------------------------------------------------------


def test_saved_is_said_only_after_it_is_written(
    stage: Stage, sender: Asking, store: Trouble, file: SqliteHistory
) -> None:
    start(stage, sender, store)
    say(sender, record(1, outcome=""))
    assert not stage.recorder.wait_for(TurnSaved).complete
    assert [row.record.outcome for row in file.turns()] == [""]
    say(sender, record(1))
    assert stage.recorder.wait_for(TurnSaved, 2).complete
    assert [row.record.outcome for row in file.turns()] == ["replied"]


def test_a_locked_file_is_told_once_and_written_later(
    stage: Stage,
    sender: Asking,
    store: Trouble,
    file: SqliteHistory,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history, "RETRY_MS", 50)
    start(stage, sender, store)
    settle(sender)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    say(sender, record(1))
    say(sender, record(2))
    assert "Another program" in stage.recorder.wait_for(Notice).title
    assert stage.recorder.all(TurnSaved) == []
    other.close()
    stage.recorder.wait_for(TurnSaved, 2)
    assert len(stage.recorder.all(Notice)) == 1
    assert questions(file) == ["question 1", "question 2"]


def test_what_waits_is_written_at_the_end(
    qtbot: QtBot, sender: Asking, store: Trouble, file: SqliteHistory
) -> None:
    stage = Stage(qtbot)
    locked = [HistoryError("The history file is locked.")]
    store.refuse = lambda: locked.pop() if locked else None
    start(stage, sender, store)
    say(sender, record(1))
    stage.recorder.wait_for(Notice)
    assert stage.threads.stop()
    assert questions(file) == ["question 1"]


def test_a_newer_file_leaves_the_conversation_running(
    stage: Stage, sender: Asking, store: Trouble, path: Path
) -> None:
    fill(path, [record(1)])
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 999")
    newer.close()
    start(stage, sender, store)
    assert "newer" in stage.recorder.wait_for(Notice).title
    say(sender, record(1))
    say(sender, record(2))
    sender.send.emit(ListConversations())
    assert stage.recorder.wait_for(ConversationsListed).rows == ()
    assert len(stage.recorder.all(Notice)) == 1
    assert not stage.recorder.all(TurnSaved)


def test_a_damaged_file_is_set_aside_and_the_turn_written_to_a_new_one(
    stage: Stage, sender: Asking, store: Trouble, path: Path, file: SqliteHistory
) -> None:
    path.write_bytes(b"no history" * 1000)
    start(stage, sender, store)
    assert "damaged" in stage.recorder.wait_for(Notice).title
    say(sender, record(1))
    stage.recorder.wait_for(TurnSaved)
    assert questions(file) == ["question 1"]
    assert [each.read_bytes()[:10] for each in path.parent.glob("*.corrupt-*")] == [b"no history"]


def test_one_turn_that_cannot_be_written_does_not_hold_up_the_others(
    stage: Stage, sender: Asking, path: Path, file: SqliteHistory
) -> None:
    class Picky(SqliteHistory):
        def save(self, record: TurnRecord) -> int:
            if record.turn_id == 1:
                raise OverflowError("string or blob too big")
            return super().save(record)

    start(stage, sender, Picky(path))
    for turn_id in (1, 2, 3):
        say(sender, record(turn_id))
    stage.recorder.wait_for(TurnSaved, 2)
    assert questions(file) == ["question 2", "question 3"]
    assert len(stage.recorder.all(StageFailed)) == 1


# --- conversations --------------------------------------------------------------------------


def listed(stage: Stage, sender: Asking) -> ConversationsListed:
    """The list as it is after all that was asked."""
    sender.send.emit(ListConversations())
    settle(sender)
    return stage.recorder.all(ConversationsListed)[-1]


def test_each_conversation_of_a_run_has_a_row_of_its_own(
    stage: Stage, sender: Asking, store: Trouble
) -> None:
    start(stage, sender, store)
    say(sender, record(1))
    say(sender, record(2))
    sender.send.emit(ConversationBegun(conversation=1))
    assert listed(stage, sender).current == 0
    say(sender, record(3, conversation=1))
    say(sender, record(2, conversation=0, reply_heard="late"))  # of the one before
    now = listed(stage, sender)
    assert [(row.title, row.turns) for row in now.rows] == [("question 3", 1), ("question 1", 2)]
    assert now.current == now.rows[0].session_id
    assert now.total == 2


def test_a_question_that_was_changed_leaves_no_trace(
    stage: Stage, sender: Asking, store: Trouble, path: Path
) -> None:
    start(stage, sender, store)
    say(sender, record(1, transcript="my PIN is 1234"))
    settle(sender)
    sender.send.emit(ForgetTurn(turn_id=1, conversation=0))
    say(sender, record(1, transcript="my PIN is 1234", reply_heard="late"))
    say(sender, record(2, transcript="what is a PIN"))
    now = listed(stage, sender)
    assert [(row.title, row.turns) for row in now.rows] == [("what is a PIN", 1)]
    assert stage.threads.stop()
    assert traces(path, "1234") == []


def test_the_last_question_of_an_old_conversation_is_taken_out_alone(
    stage: Stage, sender: Asking, store: Trouble, path: Path, file: SqliteHistory
) -> None:
    fill(path, [record(1, transcript="hello"), record(2, transcript="who was Bahc")])
    old = next(row.id for row in file.turns() if row.record.transcript == "who was Bahc")
    start(stage, sender, store)
    sender.send.emit(ForgetTurn(turn_id=-old, conversation=1))
    settle(sender)
    assert questions(file) == ["hello"]


def test_whoever_asked_for_the_list_is_told_when_it_is_another(
    stage: Stage, sender: Asking, store: Trouble
) -> None:
    start(stage, sender, store)
    say(sender, record(1))
    settle(sender)
    assert stage.recorder.all(ConversationsListed) == []  # nobody watches
    first = listed(stage, sender)
    say(sender, replace(record(1), reply_heard="more"))
    settle(sender)
    assert stage.recorder.all(ConversationsListed) == [first]  # it is the same
    say(sender, record(2))
    assert stage.recorder.wait_for(ConversationsListed, 2).rows[0].turns == 2


def test_an_old_conversation_goes_on_although_its_turns_have_the_same_numbers(
    stage: Stage, sender: Asking, store: Trouble, path: Path, file: SqliteHistory
) -> None:
    fill(path, [turn(1, "first"), turn(2, "second")], [turn(1, "another day")])
    start(stage, sender, store)
    say(sender, record(1))
    old = next(row for row in listed(stage, sender).rows if row.title == "first")
    sender.send.emit(OpenConversation(session_id=old.session_id))
    opened = stage.recorder.wait_for(ConversationOpened)
    assert opened.title == "first"
    assert [each.transcript for each in opened.turns] == ["first", "second"]
    assert all(each.turn_id < 0 for each in opened.turns)
    assert opened.shown == 0
    sender.send.emit(ConversationBegun(conversation=1, session_id=old.session_id))
    say(sender, record(2, outcome="", conversation=1))
    say(sender, record(2, conversation=1, reply_heard="now"))
    stage.recorder.wait_for(TurnSaved, 3)
    said = [row.record.transcript for row in file.turns(old.session_id)]
    assert said == ["first", "second", "question 2"]
    assert file.turns(old.session_id)[-1].record.reply_heard == "now"
    assert listed(stage, sender).current == old.session_id


def test_a_found_turn_is_opened_at_its_place(
    stage: Stage, sender: Asking, store: Trouble, path: Path
) -> None:
    fill(path, [turn(1, "boil an egg"), turn(2, "and then")])
    start(stage, sender, store)
    sender.send.emit(SearchConversations(text="EGG"))
    found = stage.recorder.wait_for(ConversationsFound)
    assert found.text == "EGG"
    (hit,) = found.turns
    assert hit.pieces == (("boil an ", False), ("egg", True))
    assert hit.title == "boil an egg"
    sender.send.emit(OpenConversation(session_id=hit.session_id, row_id=hit.row_id))
    opened = stage.recorder.wait_for(ConversationOpened)
    assert opened.turns[0].turn_id == opened.shown == -hit.row_id


def test_only_the_last_of_many_letters_is_searched_for(
    stage: Stage, sender: Asking, store: Trouble, path: Path
) -> None:
    fill(path, [turn(1, "boil an egg")])
    worker = HistoryWorker(store)
    for text in ("e", "eg", "egg"):
        worker.handle(SearchConversations(text=text))  # before the thread runs: all are waiting
    worker.handle(ListConversations())
    worker.happened.connect(stage.recorder.take)
    worker._search_now()
    assert [each.text for each in stage.recorder.all(ConversationsFound)] == ["egg"]
    store.close()


def test_a_conversation_is_renamed_and_pinned(
    stage: Stage, sender: Asking, store: Trouble, path: Path
) -> None:
    fill(path, [turn(1, "older")], [turn(2, "newer")])
    start(stage, sender, store)
    newer, older = listed(stage, sender).rows
    sender.send.emit(RenameConversation(session_id=older.session_id, title=" Trip\nto  Lisbon "))
    sender.send.emit(PinConversation(session_id=older.session_id, pinned=True))
    rows = listed(stage, sender).rows
    assert [(row.title, row.pinned) for row in rows] == [("Trip to Lisbon", True), ("newer", False)]
    sender.send.emit(RenameConversation(session_id=older.session_id, title=" "))
    sender.send.emit(PinConversation(session_id=older.session_id, pinned=False))
    assert [row.title for row in listed(stage, sender).rows] == ["newer", "older"]
    assert newer.session_id == listed(stage, sender).rows[0].session_id


def test_what_is_no_longer_there_is_said(stage: Stage, sender: Asking, store: Trouble) -> None:
    start(stage, sender, store)
    intents: list[Event] = [
        OpenConversation(session_id=7),
        RenameConversation(session_id=7, title="x"),
        PinConversation(session_id=7, pinned=True),
        DeleteConversation(session_id=7),
        RestoreConversation(session_id=7),
    ]
    for count, intent in enumerate(intents, start=1):
        sender.send.emit(intent)
        assert stage.recorder.wait_for(Notice, count).hint


# --- private --------------------------------------------------------------------------------


def test_nothing_private_comes_to_the_disk(
    stage: Stage, sender: Asking, store: Trouble, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "RETRY_MS", 20)
    locked = [HistoryError("The history file is locked.")]
    store.refuse = lambda: locked.pop() if locked else None
    start(stage, sender, store)
    say(sender, record(1))  # refused: it waits
    sender.send.emit(ConversationBegun(conversation=1, private=True))
    secret = replace(spoken(2, 300.0), transcript="zebrafish", reply_heard="a zebrafish indeed")
    say(sender, replace(secret, conversation=1, private=True, outcome=""))
    say(sender, replace(secret, conversation=1, private=True))
    stage.recorder.wait_for(TurnSaved)
    assert listed(stage, sender).current == 0
    assert len(listed(stage, sender).rows) == 1
    assert traces(path, "question 1")
    assert traces(path, "zebrafish") == []
    assert [saved.turn_id for saved in stage.recorder.all(TurnSaved)] == [1]
    assert stage.recorder.all(StageFailed) == []


# --- deleting -------------------------------------------------------------------------------


def test_a_deletion_is_taken_back_whole(
    stage: Stage, sender: Asking, store: Trouble, path: Path
) -> None:
    fill(path, [turn(1, "walrus")], [turn(2, "other")])
    start(stage, sender, store)
    before = listed(stage, sender)
    walrus = before.rows[1].session_id
    sender.send.emit(DeleteConversation(session_id=walrus))
    deleted = stage.recorder.wait_for(ConversationDeleted)
    assert (deleted.session_id, deleted.title, deleted.undo_s) == (walrus, "walrus", UNDO_S)
    assert [row.title for row in listed(stage, sender).rows] == ["other"]
    sender.send.emit(SearchConversations(text="walrus"))
    assert stage.recorder.wait_for(ConversationsFound).turns == ()
    sender.send.emit(RestoreConversation(session_id=walrus))
    after = listed(stage, sender)
    assert (after.rows, after.total) == (before.rows, before.total)
    assert stage.recorder.all(Notice) == []


def test_a_deletion_that_was_not_taken_back_leaves_no_trace(
    stage: Stage,
    sender: Asking,
    store: Trouble,
    path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history, "UNDO_S", 0.2)
    fill(path, [turn(1, "walrus")], [turn(2, "other")])
    now = [NOW]
    start(stage, sender, store, clock=lambda: now[0])
    sender.send.emit(DeleteConversation(session_id=1))
    stage.recorder.wait_for(ConversationDeleted)
    assert traces(path, "walrus")
    now[0] += 1.0
    qtbot.waitUntil(lambda: traces(path, "walrus") == [])
    sender.send.emit(RestoreConversation(session_id=1))
    assert "too late" in stage.recorder.wait_for(Notice).title
    assert traces(path, "other")


def test_what_was_deleted_is_gone_when_parley_ends(
    qtbot: QtBot, sender: Asking, store: Trouble, path: Path
) -> None:
    fill(path, [turn(1, "walrus")], [turn(2, "other")])
    stage = Stage(qtbot)
    start(stage, sender, store)
    sender.send.emit(DeleteConversation(session_id=1))
    stage.recorder.wait_for(ConversationDeleted)
    assert stage.threads.stop()
    assert traces(path, "walrus") == []
    assert traces(path, "other")


def test_what_was_deleted_before_a_crash_is_gone_after_the_next_start(
    stage: Stage, sender: Asking, store: Trouble, path: Path
) -> None:
    fill(path, [turn(1, "walrus")], [turn(2, "quokka")])
    crashed = SqliteHistory(path)
    crashed.put_away(1, NOW - 3600.0)
    crashed.put_away(2, NOW - 1.0)  # of another Parley, which may still take it back
    crashed.close()
    start(stage, sender, store)
    settle(sender)
    assert traces(path, "walrus") == []
    assert traces(path, "quokka")


def test_the_turn_after_a_deletion_begins_a_new_row_and_the_one_before_goes_with_it(
    stage: Stage, sender: Asking, store: Trouble
) -> None:
    start(stage, sender, store)
    say(sender, record(1))
    say(sender, record(2, outcome=""))  # its reply is being spoken
    first = listed(stage, sender).rows[0].session_id
    sender.send.emit(DeleteConversation(session_id=first))
    say(sender, record(2, reply_heard="the end of it"))
    assert listed(stage, sender).rows == ()
    say(sender, record(3))
    now = listed(stage, sender)
    assert [(row.title, row.turns) for row in now.rows] == [("question 3", 1)]
    assert now.current == now.rows[0].session_id != first
    sender.send.emit(RestoreConversation(session_id=first))
    assert [row.turns for row in listed(stage, sender).rows] == [1, 2]


def test_a_deletion_taken_back_before_the_next_turn_changes_nothing(
    stage: Stage, sender: Asking, store: Trouble
) -> None:
    start(stage, sender, store)
    say(sender, record(1))
    first = listed(stage, sender).rows[0].session_id
    sender.send.emit(DeleteConversation(session_id=first))
    sender.send.emit(RestoreConversation(session_id=first))
    say(sender, record(2))
    assert [(row.session_id, row.turns) for row in listed(stage, sender).rows] == [(first, 2)]


def test_all_means_all_and_the_reply_that_is_being_spoken_does_not_come_back(
    stage: Stage, sender: Asking, store: Trouble, path: Path
) -> None:
    fill(path, [turn(1, "walrus")])
    start(stage, sender, store)
    say(sender, record(2, outcome="", transcript="quokka"))
    sender.send.emit(DeleteConversation(session_id=1))
    sender.send.emit(DeleteAllConversations())
    say(sender, record(2, transcript="quokka"))
    assert listed(stage, sender).rows == ()
    assert traces(path, "walrus") == traces(path, "quokka") == []
    say(sender, record(3))
    assert [row.title for row in listed(stage, sender).rows] == ["question 3"]


def test_what_waits_for_a_locked_file_is_deleted_with_the_rest(
    stage: Stage, sender: Asking, store: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "RETRY_MS", 20)
    locked = [True]
    store.refuse = lambda: HistoryError("The disk is full.") if locked else None
    start(stage, sender, store)
    say(sender, record(1))
    stage.recorder.wait_for(Notice)
    sender.send.emit(DeleteAllConversations())
    settle(sender)
    locked.clear()
    say(sender, replace(record(1), reply_heard="all of it"))
    say(sender, record(2))
    stage.recorder.wait_for(TurnSaved)
    assert [row.title for row in listed(stage, sender).rows] == ["question 2"]


# --- keeping --------------------------------------------------------------------------------


def test_old_conversations_go_at_the_start_but_pinned_ones_stay(
    stage: Stage, sender: Asking, store: Trouble, path: Path
) -> None:
    days = [100, 31, 29]
    fill(path, *([turn(1, f"said {n} days ago", started_at=NOW - n * DAY_S)] for n in days))
    pinned = SqliteHistory(path)
    pinned.pin(1, True)
    pinned.close()
    start(stage, sender, store, keep_days=30)
    rows = listed(stage, sender).rows
    assert [row.title for row in rows] == ["said 100 days ago", "said 29 days ago"]
    assert traces(path, "said 31 days ago") == []


def test_a_new_limit_acts_a_day_later_and_spares_the_conversation_that_goes_on(
    stage: Stage, sender: Asking, store: Trouble, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "ROUND_MS", 20)
    fill(path, [turn(1, "old", started_at=NOW - 9 * DAY_S)], [turn(2, "opened", started_at=NOW)])
    now = [NOW]
    start(stage, sender, store, clock=lambda: now[0])
    sender.send.emit(ConversationBegun(conversation=1, session_id=1))
    sender.send.emit(UseHistory(enabled=True, keep_days=3))  # on the way to 30
    assert len(listed(stage, sender).rows) == 2
    now[0] += 4 * DAY_S
    assert [row.title for row in stage.recorder.wait_for(ConversationsListed, 2).rows] == ["old"]


def test_switched_off_nothing_more_is_written_but_what_is_there_can_be_deleted(
    stage: Stage, sender: Asking, store: Trouble, file: SqliteHistory, path: Path
) -> None:
    start(stage, sender, store)
    say(sender, record(1))
    stage.recorder.wait_for(TurnSaved)
    sender.send.emit(UseHistory(enabled=False, keep_days=0))
    say(sender, record(2, transcript="zebrafish"))
    assert [row.title for row in listed(stage, sender).rows] == ["question 1"]
    assert traces(path, "zebrafish") == []
    sender.send.emit(DeleteAllConversations())
    assert listed(stage, sender).rows == ()
    sender.send.emit(UseHistory(enabled=True, keep_days=0))
    say(sender, record(3))
    assert [row.title for row in listed(stage, sender).rows] == ["question 3"]


def test_what_waits_is_not_written_after_the_history_is_switched_off(
    stage: Stage, sender: Asking, store: Trouble, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "RETRY_MS", 10)
    locked = [True]
    store.refuse = lambda: HistoryError("The disk is full.") if locked else None
    start(stage, sender, store)
    say(sender, record(1))
    stage.recorder.wait_for(Notice)
    sender.send.emit(UseHistory(enabled=False, keep_days=0))
    sender.send.emit(UseHistory(enabled=True, keep_days=0))
    settle(sender)
    locked.clear()
    say(sender, record(2))
    assert [row.title for row in listed(stage, sender).rows] == ["question 2"]


def test_switched_off_from_the_start_no_file_is_made(
    stage: Stage, sender: Asking, store: Trouble, path: Path
) -> None:
    start(stage, sender, store, enabled=False)
    say(sender, record(1))
    assert listed(stage, sender).rows == ()
    sender.send.emit(SearchConversations(text="question"))
    assert stage.recorder.wait_for(ConversationsFound).turns == ()
    assert not path.exists()
    sender.send.emit(UseHistory(enabled=True, keep_days=0))
    say(sender, record(2))
    assert [row.title for row in listed(stage, sender).rows] == ["question 2"]


# --- exports --------------------------------------------------------------------------------


def test_one_conversation_and_all_of_them_are_exported(
    stage: Stage, sender: Asking, store: Trouble, path: Path, tmp_path: Path
) -> None:
    fill(path, [turn(1, "first")], [turn(1, "second"), turn(2, "third")])
    start(stage, sender, store)
    out = tmp_path / "one.md"
    sender.send.emit(ExportConversations(path=str(out), format="markdown", session_id=2))
    done = stage.recorder.wait_for(ConversationsExported)
    assert (done.path, done.turns) == (str(out), 2)
    assert "third" in out.read_text()
    assert "first" not in out.read_text()
    everything = tmp_path / "all.json"
    sender.send.emit(ExportConversations(path=str(everything), format="json"))
    assert stage.recorder.wait_for(ConversationsExported, 2).turns == 3
    assert len(json.loads(everything.read_text())["sessions"]) == 2


def test_an_export_that_cannot_be_written_is_said(
    stage: Stage, sender: Asking, store: Trouble, path: Path, tmp_path: Path
) -> None:
    fill(path, [turn(1)])
    start(stage, sender, store)
    nowhere = str(tmp_path / "no" / "folder.md")
    sender.send.emit(ExportConversations(path=nowhere, format="markdown"))
    assert "cannot be written" in stage.recorder.wait_for(Notice).title
    sender.send.emit(
        ExportConversations(path=str(tmp_path / "x.md"), format="markdown", session_id=99)
    )
    stage.recorder.wait_for(Notice, 2)
    assert list(tmp_path.glob("x.md*")) == []
    assert stage.recorder.all(ConversationsExported) == []


# --- figures --------------------------------------------------------------------------------


def test_the_figures_follow_each_spoken_turn(stage: Stage, sender: Asking, store: Trouble) -> None:
    start(stage, sender, store)
    say(sender, spoken(1, 300.0, at=NOW))
    assert stage.recorder.wait_for(FiguresChanged).figures.all_time.turns == 1
    say(sender, spoken(2, 500.0, at=NOW, cause=Cause.COLD))
    figures = stage.recorder.wait_for(FiguresChanged, 2).figures
    assert figures.from_history
    assert figures.all_time.p50_ms == 400.0
    assert figures.last_hour.spikes == {Cause.COLD: 1}


def test_typed_turns_and_early_saves_say_nothing_about_the_wait(
    stage: Stage, sender: Asking, store: Trouble
) -> None:
    start(stage, sender, store)
    early = replace(spoken(1, 300.0), outcome="")
    say(sender, early)
    say(sender, record(2))
    stage.recorder.wait_for(TurnSaved, 2)
    assert stage.recorder.all(FiguresChanged) == []


def test_without_a_history_nothing_is_saved_and_the_figures_are_this_runs(
    stage: Stage, sender: Asking
) -> None:
    start(stage, sender, None)
    say(sender, spoken(1, 300.0, at=NOW))
    figures = stage.recorder.wait_for(FiguresChanged).figures
    assert not figures.from_history
    assert figures.all_time.turns == figures.last_hour.turns == 1
    sender.send.emit(ListConversations())
    assert stage.recorder.wait_for(ConversationsListed).rows == ()
    assert stage.recorder.all(TurnSaved) == []


def test_a_history_that_cannot_be_written_leaves_this_runs_figures(
    stage: Stage, sender: Asking, store: Trouble, path: Path
) -> None:
    fill(path, [spoken(number, 100.0) for number in range(1, 6)])
    store.refuse = lambda: HistoryError("The history file is locked.", "I try again.")
    start(stage, sender, store)
    say(sender, spoken(9, 300.0))
    figures = stage.recorder.wait_for(FiguresChanged).figures
    assert not figures.from_history
    assert figures.all_time.turns == 1
    store.refuse = lambda: None


def test_the_last_hour_moves_on_by_itself(stage: Stage, sender: Asking) -> None:
    now = [10_000.0]
    start(stage, sender, None, clock=lambda: now[0])
    at = now[0] - HOUR_S + 0.3  # its hour is nearly over
    say(sender, spoken(1, 300.0, at=at))
    assert stage.recorder.wait_for(FiguresChanged).figures.last_hour.turns == 1
    now[0] += 2.0
    assert stage.recorder.wait_for(FiguresChanged, 2).figures.last_hour.turns == 0
