from __future__ import annotations

from app.core.events import Notice, SaveTurn, StageFailed, TurnSaved
from app.core.ports import TurnRecord
from app.errors import HistoryError
from app.workers import history
from app.workers.history import HistoryWorker
from tests.fakes import FakeHistory
from tests.workers.conftest import Stage


def record(turn_id: int, outcome: str = "replied") -> TurnRecord:
    return TurnRecord(
        turn_id=turn_id,
        started_at=0.0,
        source="voice",
        transcript="hello",
        language="en",
        outcome=outcome,
    )


def start(stage, sender, store):
    worker = HistoryWorker(store)
    sender.send.connect(worker.handle)
    stage.start(worker)


def test_saved_is_said_only_after_it_is_written(stage, sender):
    store = FakeHistory()
    start(stage, sender, store)
    sender.send.emit(SaveTurn(turn_id=1, record=record(1, outcome="")))
    assert not stage.recorder.wait_for(TurnSaved).complete
    sender.send.emit(SaveTurn(turn_id=1, record=record(1)))
    assert stage.recorder.wait_for(TurnSaved, 2).complete
    assert [r.outcome for r in store.records] == ["", "replied"]


def test_a_locked_file_is_told_once_and_written_later(stage, sender, monkeypatch):
    monkeypatch.setattr(history, "RETRY_MS", 50)
    store = FakeHistory()
    locked = [HistoryError("The history file is locked.", "I try again.")] * 3
    store.refuse = lambda: locked.pop() if locked else None
    start(stage, sender, store)
    sender.send.emit(SaveTurn(turn_id=1, record=record(1)))
    sender.send.emit(SaveTurn(turn_id=2, record=record(2)))
    stage.recorder.wait_for(TurnSaved, 2)
    assert len(stage.recorder.all(Notice)) == 1
    assert [r.turn_id for r in store.records] == [1, 2]


def test_what_waits_is_written_at_the_end(qtbot, sender):
    stage = Stage(qtbot)
    store = FakeHistory()
    locked = [HistoryError("The history file is locked.")]
    store.refuse = lambda: locked.pop() if locked else None
    start(stage, sender, store)
    sender.send.emit(SaveTurn(turn_id=1, record=record(1)))
    stage.recorder.wait_for(Notice)
    assert stage.threads.stop()
    assert [r.turn_id for r in store.records] == [1]
    assert store.closed


def test_a_file_that_cannot_be_opened_leaves_the_conversation_running(stage, sender, qtbot):
    class Newer(FakeHistory):
        def open(self):
            raise HistoryError("The history is from a newer Parley.", "Update Parley.")

        def save(self, record):
            self.open()

    start(stage, sender, Newer())
    assert "newer" in stage.recorder.wait_for(Notice).title
    sender.send.emit(SaveTurn(turn_id=1, record=record(1)))
    sender.send.emit(SaveTurn(turn_id=2, record=record(2)))
    qtbot.wait(50)
    assert len(stage.recorder.all(Notice)) == 1
    assert not stage.recorder.all(TurnSaved)


def test_one_turn_that_cannot_be_written_does_not_hold_up_the_others(stage, sender):
    class Picky(FakeHistory):
        def save(self, record):
            if record.turn_id == 1:
                raise OverflowError("string or blob too big")
            return super().save(record)

    store = Picky()
    start(stage, sender, store)
    for turn_id in (1, 2, 3):
        sender.send.emit(SaveTurn(turn_id=turn_id, record=record(turn_id)))
    stage.recorder.wait_for(TurnSaved, 2)
    assert [r.turn_id for r in store.records] == [2, 3]
    assert len(stage.recorder.all(StageFailed)) == 1
