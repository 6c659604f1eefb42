from __future__ import annotations

from PySide6.QtCore import Qt

from app.core.events import (
    EngineMissing,
    EngineReady,
    GenerateReply,
    ModelWarmed,
    ReplyDelta,
    ReplyEnded,
    SentenceReady,
    StageFailed,
    StageStarted,
    WarmUp,
)
from app.core.ports import Message
from app.core.turn import Turn
from app.errors import ProviderBroke, ProviderUnavailable
from app.workers.llm import LlmWorker
from tests.fakes import FakeLlm
from tests.workers.conftest import Sender, Stage

NOT_RUNNING = ProviderUnavailable("Ollama is not running.", "Start it.")


def start(stage, sender, chosen, stand_in=None, certain=lambda *_: False):
    stand_in = stand_in or FakeLlm("I need a language model for that.", stand_in=True)
    worker = LlmWorker(chosen, stand_in, certain=certain)
    sender.send.connect(worker.handle, Qt.ConnectionType.DirectConnection)
    stage.start(worker)
    stage.recorder.wait_for(EngineReady)
    return stand_in


def ask(sender, question="what is the capital of france", turn_id=1):
    turn = Turn(turn_id, "voice")
    sender.send.emit(
        GenerateReply(
            turn_id=turn_id, turn=turn, messages=(Message("user", question),), language="en"
        )
    )
    return turn


def test_a_reply_streams_as_deltas_and_as_clauses(stage, sender):
    start(stage, sender, FakeLlm("It is", " noon. Have", " lunch."))
    ask(sender)
    ended = stage.recorder.wait_for(ReplyEnded)
    assert ended.text == "It is noon. Have lunch."
    assert ended.complete
    assert [d.text for d in stage.recorder.all(ReplyDelta)] == ["It is", " noon. Have", " lunch."]
    clauses = stage.recorder.all(SentenceReady)
    assert "".join(c.text for c in clauses) == ended.text
    assert [c.index for c in clauses] == list(range(ended.clauses))
    assert len(clauses) == 2


def test_the_first_clause_does_not_wait_for_the_rest(stage, sender):
    start(stage, sender, FakeLlm("It is noon. ", "And", " so", " on.", pause_s=0.05))
    ask(sender)
    stage.recorder.wait_for(ReplyEnded)
    kinds = [type(e) for e in stage.recorder.events]
    assert kinds.index(SentenceReady) < len(kinds) - kinds[::-1].index(ReplyDelta) - 1


def test_a_model_that_is_not_there_is_replaced_in_the_same_turn(stage, sender):
    start(stage, sender, FakeLlm(missing=NOT_RUNNING))
    missing = stage.recorder.wait_for(EngineMissing)
    assert missing.title == "Ollama is not running."
    ask(sender)
    assert "language model" in stage.recorder.wait_for(ReplyEnded).text
    assert stage.recorder.all(StageStarted)[-1].engine.stand_in
    assert not stage.recorder.all(StageFailed), "known to be missing is no new failure"


def test_a_model_that_went_away_since_is_noticed_and_replaced(stage, sender):
    model = FakeLlm()
    start(stage, sender, model)
    stage.recorder.wait_for(ModelWarmed)
    model.missing = NOT_RUNNING
    ask(sender)
    assert "language model" in stage.recorder.wait_for(ReplyEnded).text
    assert stage.recorder.wait_for(StageFailed).recovered_by == "fake-skills"


def test_a_model_that_comes_back_is_used_again(stage, sender):
    model = FakeLlm(missing=NOT_RUNNING)
    start(stage, sender, model)
    stage.recorder.wait_for(EngineMissing)
    model.missing = None
    sender.send.emit(WarmUp(reason="keepalive"))
    stage.recorder.wait_for(ModelWarmed)
    ask(sender)
    assert stage.recorder.wait_for(ReplyEnded).text == "It is noon. Have lunch."


def test_a_reply_that_breaks_off_keeps_its_words_and_says_so(stage, sender):
    start(stage, sender, FakeLlm("It is ", breaks=ProviderBroke("Ollama stopped.", "Ask again.")))
    ask(sender)
    ended = stage.recorder.wait_for(ReplyEnded)
    assert (ended.text, ended.complete) == ("It is ", False)
    failed = stage.recorder.wait_for(StageFailed)
    assert (failed.title, failed.recovered_by) == ("Ollama stopped.", "")


def test_an_unforeseen_error_is_told_plainly_and_answered_by_the_stand_in(stage, sender, caplog):
    model = FakeLlm()
    start(stage, sender, model)
    stage.recorder.wait_for(ModelWarmed)
    model.missing = ZeroDivisionError("a bug")  # type: ignore[assignment]
    ask(sender)
    stage.recorder.wait_for(ReplyEnded)
    assert "went wrong" in stage.recorder.wait_for(StageFailed).title
    assert "ZeroDivisionError" in caplog.text


def test_when_even_the_stand_in_fails_the_reply_ends(stage, sender):
    broken = FakeLlm(stand_in=True, missing=ZeroDivisionError("a bug"))  # type: ignore[arg-type]
    start(stage, sender, FakeLlm(missing=NOT_RUNNING), broken)
    ask(sender)
    ended = stage.recorder.wait_for(ReplyEnded)
    assert (ended.text, ended.complete) == ("", False)
    assert stage.recorder.all(StageFailed)[-1].turn_id == 1


def test_cancelling_stops_the_stream_at_once(stage, sender, qtbot):
    model = FakeLlm(*["word "] * 1000, pause_s=0.02)
    start(stage, sender, model)
    turn = ask(sender)
    stage.recorder.wait_for(ReplyDelta)
    turn.token.cancel("barge-in")
    qtbot.waitUntil(lambda: model.cancelled == 1)
    assert not stage.recorder.all(ReplyEnded)
    ask(sender, turn_id=2)
    assert stage.recorder.wait_for(StageStarted, 2).turn_id == 2


def test_what_the_skills_know_for_certain_is_not_sent_to_the_model(stage, sender):
    model = FakeLlm()
    start(stage, sender, model, FakeLlm("It is 3.", stand_in=True), certain=lambda *_: True)
    ask(sender, "what time is it")
    assert stage.recorder.wait_for(ReplyEnded).text == "It is 3."
    assert not model.requests


def test_a_warm_up_never_runs_beside_a_reply(stage, sender):
    model = FakeLlm(*["word "] * 20, pause_s=0.02)
    start(stage, sender, model)
    stage.recorder.wait_for(ModelWarmed)
    before = model.warmings
    ask(sender)
    stage.recorder.wait_for(ReplyDelta)
    sender.send.emit(WarmUp(reason="keepalive"))
    stage.recorder.wait_for(ReplyEnded)
    assert model.warmings == before


def test_models_are_closed_in_their_thread_when_it_ends(qtbot):
    stage = Stage(qtbot)
    model = FakeLlm(*["word "] * 1000, pause_s=0.02)
    sender = Sender()
    stand_in = start(stage, sender, model)
    ask(sender)
    stage.recorder.wait_for(ReplyDelta)
    assert stage.threads.stop()
    assert model.closed
    assert stand_in.closed
    assert model.cancelled == 1


def test_a_client_that_cannot_close_does_not_hold_up_the_quit(qtbot):
    class Stubborn(FakeLlm):
        async def close(self):
            raise RuntimeError("event loop is closed")

    stage = Stage(qtbot)
    stage.start(LlmWorker(Stubborn(), FakeLlm(stand_in=True), certain=None))
    stage.recorder.wait_for(EngineReady)
    assert stage.threads.stop()


def test_an_empty_reply_is_not_silence(stage, sender):
    start(stage, sender, FakeLlm(""), FakeLlm("I have no answer.", stand_in=True))
    ask(sender)
    assert stage.recorder.wait_for(ReplyEnded).text == "I have no answer."
    assert "empty" in stage.recorder.all(StageFailed)[0].title


def test_a_bug_in_the_skills_certainty_ends_the_turn(stage, sender):
    def certain(*_):
        raise ZeroDivisionError

    start(stage, sender, FakeLlm(), certain=certain)
    ask(sender)
    assert not stage.recorder.wait_for(ReplyEnded).complete
