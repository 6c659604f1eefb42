from __future__ import annotations

from dataclasses import replace

from app.core.events import (
    FiguresChanged,
    LookUpFigures,
    Notice,
    SaveTurn,
    StageFailed,
    TurnSaved,
)
from app.core.figures import HOUR_S, Cause
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


def spoken(turn_id: int, ms: float, *, at: float = 0.0, cause: str = "") -> TurnRecord:
    spans = {"voice_to_voice": ms}
    return replace(record(turn_id), started_at=at, spans=spans, slow_because=cause)


def start(stage, sender, store, clock=lambda: 0.0):
    worker = HistoryWorker(store, clock=clock)
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


# --- figures --------------------------------------------------------------------------------


def test_the_figures_follow_each_spoken_turn(stage, sender):
    start(stage, sender, FakeHistory())
    sender.send.emit(SaveTurn(turn_id=1, record=spoken(1, 300.0)))
    assert stage.recorder.wait_for(FiguresChanged).figures.all_time.turns == 1
    sender.send.emit(SaveTurn(turn_id=2, record=spoken(2, 500.0, cause=Cause.COLD)))
    figures = stage.recorder.wait_for(FiguresChanged, 2).figures
    assert figures.all_time.p50_ms == 400.0
    assert figures.last_hour.spikes == {Cause.COLD: 1}


def test_typed_turns_and_early_saves_say_nothing_about_the_wait(stage, sender):
    start(stage, sender, FakeHistory())
    early = replace(spoken(1, 300.0), outcome="")
    sender.send.emit(SaveTurn(turn_id=1, record=early))
    sender.send.emit(SaveTurn(turn_id=2, record=record(2)))
    stage.recorder.wait_for(TurnSaved, 2)
    assert stage.recorder.all(FiguresChanged) == []


def test_whoever_asks_is_told(stage, sender):
    store = FakeHistory()
    store.records = [spoken(1, 250.0)]
    start(stage, sender, store)
    sender.send.emit(LookUpFigures())
    figures = stage.recorder.wait_for(FiguresChanged).figures
    assert figures.from_history
    assert figures.all_time.p50_ms == 250.0


def test_without_a_history_nothing_is_saved_and_the_figures_are_this_runs(stage, sender):
    start(stage, sender, None)
    sender.send.emit(SaveTurn(turn_id=1, record=spoken(1, 300.0)))
    figures = stage.recorder.wait_for(FiguresChanged).figures
    assert not figures.from_history
    assert figures.all_time.turns == figures.last_hour.turns == 1
    assert stage.recorder.all(TurnSaved) == []


def test_a_history_that_cannot_be_read_leaves_this_runs_figures(stage, sender):
    store = FakeHistory()
    store.records = [spoken(number, 100.0) for number in range(5)]
    store.refuse = lambda: HistoryError("The history file is locked.", "I try again.")
    start(stage, sender, store)
    sender.send.emit(SaveTurn(turn_id=9, record=spoken(9, 300.0)))
    figures = stage.recorder.wait_for(FiguresChanged).figures
    assert not figures.from_history
    assert figures.all_time.turns == 1


def test_the_last_hour_moves_on_by_itself(stage, sender):
    now = [10_000.0]
    start(stage, sender, None, clock=lambda: now[0])
    at = now[0] - HOUR_S + 0.3  # its hour is nearly over
    sender.send.emit(SaveTurn(turn_id=1, record=spoken(1, 300.0, at=at)))
    assert stage.recorder.wait_for(FiguresChanged).figures.last_hour.turns == 1
    now[0] += 2.0
    assert stage.recorder.wait_for(FiguresChanged, 2).figures.last_hour.turns == 0
