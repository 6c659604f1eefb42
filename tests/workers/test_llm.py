from __future__ import annotations

import asyncio
import threading

from PySide6.QtCore import Qt

from app.core.continuation import REQUEST
from app.core.events import (
    EngineAnswered,
    EngineMissing,
    EngineReady,
    GenerateReply,
    LoadStarted,
    LocalOnlyChanged,
    ModelWarmed,
    ReplyDelta,
    ReplyEnded,
    SentenceReady,
    StageFailed,
    StageStarted,
    TokensCounted,
    UseKey,
    WarmUp,
)
from app.core.ports import Message, Usage, Warmth
from app.core.secret import Secret
from app.core.turn import Turn
from app.errors import ProviderBroke, ProviderRefused, ProviderUnavailable
from app.workers.llm import LlmWorker
from app.workers.relay import Model
from tests.fakes import FakeLlm
from tests.workers.conftest import Sender, Stage

BROKE = ProviderBroke("Ollama stopped.", "Ask again.")
NOT_RUNNING = ProviderUnavailable("Ollama is not running.", "Start it.")


def start(stage, sender, *models, stand_in=None, certain=lambda *_: False, **options):
    """A worker with these models, in this order: `FakeLlm`s, or `Model`s to say more."""
    stand_in = stand_in or FakeLlm("I need a language model for that.", stand_in=True)
    order = [
        model if isinstance(model, Model) else Model(model, model.engine.name.title())
        for model in models
    ]
    worker = LlmWorker(order, stand_in, certain=certain, **options)
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
    start(stage, sender, FakeLlm(missing=NOT_RUNNING), stand_in=broken)
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
    skills = FakeLlm("It is 3.", stand_in=True)
    start(stage, sender, model, stand_in=skills, certain=lambda *_: True)
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
    assert threading.active_count() < 20


# --- several models -----------------------------------------------------------------------


def shown(stage) -> str:
    """The reply as the window builds it from the deltas."""
    text = ""
    for delta in stage.recorder.all(ReplyDelta):
        text = text[: len(text) - delta.takes_back] + delta.text
    return text


def assert_one_reply(stage, text: str) -> None:
    """Streamed, spoken and final text are the same."""
    ended = stage.recorder.wait_for(ReplyEnded)
    assert (ended.text, ended.complete) == (text, True)
    assert shown(stage) == text
    assert "".join(clause.text for clause in stage.recorder.all(SentenceReady)) == text


def answered_by(stage) -> list[tuple[str, str]]:
    return [(event.engine.name, event.why) for event in stage.recorder.all(EngineAnswered)]


def test_the_first_in_the_order_answers(stage, sender):
    second = FakeLlm("No.", name="b")
    start(stage, sender, FakeLlm("Yes.", name="a"), second)
    ask(sender)
    assert_one_reply(stage, "Yes.")
    assert answered_by(stage) == [("a", "")]
    assert not second.requests


def test_a_refusal_before_the_first_word_is_answered_by_the_next(stage, sender):
    refuses = FakeLlm(name="a")
    start(stage, sender, refuses, FakeLlm("Yes.", name="b"))
    stage.recorder.wait_for(ModelWarmed)
    refuses.missing = ProviderRefused("Groq wants no more questions.", "Wait.")
    ask(sender)
    assert_one_reply(stage, "Yes.")
    assert answered_by(stage) == [("b", "Groq wants no more questions.")]
    assert stage.recorder.all(StageFailed)[0].recovered_by == "b"


def test_a_reply_that_breaks_off_is_continued_by_the_next(stage, sender):
    second = FakeLlm("Paris", ".", " It lies", " on the Seine.", name="b")
    start(stage, sender, FakeLlm("The capital", " is Par", name="a", breaks=BROKE), second)
    ask(sender)
    assert_one_reply(stage, "The capital is Paris. It lies on the Seine.")
    assert answered_by(stage) == [("a", ""), ("b", "Ollama stopped.")]
    assert second.requests == [
        (
            Message("user", "what is the capital of france"),
            Message("assistant", "The capital is"),
            Message("user", REQUEST),
        )
    ]
    (failed,) = stage.recorder.all(StageFailed)
    assert failed.recovered_by == "b"


def test_three_models_write_one_reply(stage, sender):
    start(
        stage,
        sender,
        FakeLlm("One, two,", name="a", breaks=BROKE),
        FakeLlm("two, three, fo", name="b", breaks=BROKE),
        FakeLlm("One, two, three, four, five.", name="c"),
    )
    ask(sender)
    assert_one_reply(stage, "One, two, three, four, five.")
    assert [name for name, _ in answered_by(stage)] == ["a", "b", "c"]


def test_an_unfinished_word_that_goes_another_way_is_taken_back(stage, sender):
    first = FakeLlm("It is Lon", name="a", breaks=BROKE)
    start(stage, sender, first, FakeLlm("Paris.", name="b"))
    ask(sender)
    assert_one_reply(stage, "It is Paris.")


def test_a_continuation_with_nothing_to_add_completes_a_whole_sentence(stage, sender):
    first = FakeLlm("It is Paris.", name="a", breaks=BROKE)
    start(stage, sender, first, FakeLlm("It is Paris.", name="b"))
    ask(sender)
    assert_one_reply(stage, "It is Paris.")
    assert [name for name, _ in answered_by(stage)] == ["a"]


def test_the_skills_do_not_continue_a_models_words(stage, sender):
    start(
        stage,
        sender,
        FakeLlm("The capital is ", name="a", breaks=BROKE),
        FakeLlm(name="b", missing=NOT_RUNNING),
    )
    stage.recorder.wait_for(EngineReady, 2)
    ask(sender)
    ended = stage.recorder.wait_for(ReplyEnded)
    assert (ended.text, ended.complete) == ("The capital is ", False)
    assert stage.recorder.all(StageFailed)[-1].recovered_by == ""
    assert "".join(clause.text for clause in stage.recorder.all(SentenceReady)) == ended.text


def test_an_empty_reply_is_answered_by_the_next(stage, sender):
    empty = FakeLlm("x", name="a")
    empty.deltas = ()
    start(stage, sender, empty, FakeLlm("Yes.", name="b"))
    ask(sender)
    assert_one_reply(stage, "Yes.")
    assert answered_by(stage) == [("b", "A sent an empty reply.")]


# --- time ---------------------------------------------------------------------------------


def test_a_model_that_does_not_begin_is_overtaken_and_cancelled(stage, sender, qtbot):
    slow = FakeLlm(name="a", hangs_after=0)
    start(stage, sender, Model(slow, "Ollama", deadline_s=0.1), FakeLlm("Yes.", name="b"))
    stage.recorder.wait_for(ModelWarmed)
    ask(sender)
    assert_one_reply(stage, "Yes.")
    ((name, why),) = answered_by(stage)
    assert name == "b"
    assert why.startswith("Ollama had not begun to answer after 0.1")
    assert stage.recorder.all(StageFailed)[0].recovered_by == "b"
    qtbot.waitUntil(lambda: slow.cancelled == 1)


def test_a_late_model_that_begins_first_after_all_is_kept(stage, sender, qtbot):
    late = FakeLlm("Yes.", name="a", pause_s=0.3)
    silent = FakeLlm(name="b", hangs_after=0)
    start(stage, sender, Model(late, "Ollama", deadline_s=0.05), silent)
    stage.recorder.wait_for(ModelWarmed)
    ask(sender)
    assert_one_reply(stage, "Yes.")
    assert answered_by(stage) == [("a", "")]
    qtbot.waitUntil(lambda: silent.cancelled == 1)


def test_a_model_that_must_be_loaded_gets_the_time_its_load_took():
    model = Model(FakeLlm(), "Ollama", deadline_s=2.5)
    assert model.first_word_s == 2.5 + 15.0, "never measured: 10 s and a margin"
    model.load_s = 4.0
    model.warm = False
    assert model.first_word_s == 2.5 + 6.0
    model.warm = True
    assert model.first_word_s == 2.5


def test_the_measured_load_is_remembered(stage, sender):
    model = Model(FakeLlm(load_ms=3000.0), "Ollama")
    start(stage, sender, model)
    warmed = stage.recorder.wait_for(ModelWarmed)
    assert (warmed.was_warm, warmed.load_ms, warmed.engine.name) == (False, 3000.0, "fake-llm")
    assert (model.load_s, model.warm) == (3.0, True)


def test_the_skills_do_not_overtake_a_slow_model_but_end_a_silence(stage, sender, qtbot):
    slow = FakeLlm("Yes.", name="a", pause_s=0.3)
    start(stage, sender, Model(slow, "Ollama", deadline_s=0.05), patience_s=1.0)
    stage.recorder.wait_for(ModelWarmed)
    ask(sender)
    assert_one_reply(stage, "Yes.")
    slow.hangs_after = 0
    ask(sender, turn_id=2)
    ended = stage.recorder.wait_for(ReplyEnded, 2)
    assert "language model" in ended.text
    qtbot.waitUntil(lambda: slow.cancelled == 1)


def test_a_model_that_falls_silent_in_the_middle_is_continued(stage, sender, qtbot):
    stalls = FakeLlm("One, ", "two, ", name="a", hangs_after=2)
    start(stage, sender, Model(stalls, "Ollama", deadline_s=0.1), FakeLlm("three.", name="b"))
    stage.recorder.wait_for(ModelWarmed)
    ask(sender)
    assert_one_reply(stage, "One, two, three.")
    assert stage.recorder.all(StageFailed)[0].title.startswith("Ollama fell silent")
    qtbot.waitUntil(lambda: stalls.cancelled == 1)


def test_a_silence_that_nobody_can_end_ends_the_reply(stage, sender):
    stalls = FakeLlm("One, ", name="a", hangs_after=1)
    start(stage, sender, Model(stalls, "Ollama", deadline_s=0.1), patience_s=0.3)
    stage.recorder.wait_for(ModelWarmed)
    ask(sender)
    ended = stage.recorder.wait_for(ReplyEnded)
    assert (ended.text, ended.complete) == ("One, ", False)


def test_cancelling_a_race_cancels_everyone_in_it(stage, sender, qtbot):
    runners = [FakeLlm(name=name, hangs_after=0) for name in "abc"]
    start(stage, sender, *(Model(runner, "X", deadline_s=0.05, warm=True) for runner in runners))
    stage.recorder.wait_for(ModelWarmed)
    turn = ask(sender)
    qtbot.waitUntil(lambda: all(runner.requests for runner in runners))
    turn.token.cancel("barge-in")
    qtbot.waitUntil(lambda: [runner.cancelled for runner in runners] == [1, 1, 1])
    assert not stage.recorder.all(ReplyEnded)


# --- health -------------------------------------------------------------------------------


def test_a_model_that_failed_rests_and_takes_its_place_again(stage, sender, qtbot):
    model = FakeLlm("Yes.", name="a")
    start(stage, sender, model, FakeLlm("No.", name="b"))
    stage.recorder.wait_for(ModelWarmed)
    model.missing = NOT_RUNNING
    ask(sender)
    assert stage.recorder.wait_for(ReplyEnded).text == "No."
    qtbot.waitUntil(lambda: stage.recorder.all(EngineReady)[-1].engine.name == "b")
    assert stage.recorder.all(EngineMissing)[-1].title == "Ollama is not running."
    asked = len(model.requests)
    ask(sender, turn_id=2)
    stage.recorder.wait_for(ReplyEnded, 2)
    assert len(model.requests) == asked, "it rests"
    assert answered_by(stage)[-1] == ("b", "Ollama is not running.")
    model.missing = None
    sender.send.emit(WarmUp(reason="keepalive"))
    qtbot.waitUntil(lambda: stage.recorder.all(EngineReady)[-1].engine.name == "a")
    ask(sender, turn_id=3)
    assert stage.recorder.wait_for(ReplyEnded, 3).text == "Yes."
    assert answered_by(stage)[-1] == ("a", "")


def test_after_a_fall_back_the_first_choice_is_looked_after(stage, sender, qtbot):
    slow = FakeLlm(name="a", hangs_after=0)
    start(stage, sender, Model(slow, "Ollama", deadline_s=0.05), FakeLlm("Yes.", name="b"))
    stage.recorder.wait_for(ModelWarmed)
    warmings = slow.warmings
    ask(sender)
    stage.recorder.wait_for(ReplyEnded)
    qtbot.waitUntil(lambda: slow.warmings > warmings)
    assert stage.recorder.wait_for(ModelWarmed, 2).reason == "after the reply"


def test_without_the_first_choice_the_window_is_told_who_would_answer(stage, sender):
    start(stage, sender, FakeLlm(name="a", missing=NOT_RUNNING), FakeLlm(name="b"))
    assert stage.recorder.wait_for(EngineReady, 2).engine.name == "b"
    (missing,) = stage.recorder.all(EngineMissing)
    assert (missing.engine.name, missing.hint) == ("a", "Start it.")


class SlowToWarm(FakeLlm):
    async def ensure_warm(self) -> Warmth:
        await asyncio.sleep(0.8)
        return await super().ensure_warm()


def test_a_cold_start_is_told_before_and_after(stage, sender):
    start(stage, sender, SlowToWarm(load_ms=800.0))
    assert stage.recorder.wait_for(LoadStarted).engine.name == "fake-llm"
    assert not stage.recorder.all(ModelWarmed)
    assert stage.recorder.wait_for(ModelWarmed).load_ms == 800.0


def test_a_question_does_not_wait_for_a_warm_up_and_does_not_end_it(stage, sender):
    model = SlowToWarm("Yes.", load_ms=800.0)
    start(stage, sender, model)
    ask(sender)
    assert stage.recorder.wait_for(ReplyEnded).text == "Yes."
    assert not stage.recorder.all(ModelWarmed)
    assert stage.recorder.wait_for(ModelWarmed).load_ms == 800.0
    assert model.warmings == 1


# --- keys, and what may leave this computer -------------------------------------------------


class FakeCloud(FakeLlm):
    """Takes a key."""

    address = "https://cloud.example"

    def __init__(self, *deltas: str, **options) -> None:
        super().__init__(*deltas, local=False, **options)
        self.key: str | None = None

    def use_key(self, key: str | None) -> None:
        self.key = key


def test_a_cloud_without_a_key_is_left_out_until_it_has_one(stage, sender, qtbot):
    cloud = FakeCloud("From the cloud.", name="groq")
    start(stage, sender, Model(cloud, "Groq", set_up=False), FakeLlm("Yes.", name="a"))
    assert stage.recorder.wait_for(EngineReady, 2).engine.name == "a"
    ask(sender)
    assert_one_reply(stage, "Yes.")
    assert answered_by(stage) == [("a", "")], "nobody chose what was never set up"
    assert not cloud.warmings
    assert not stage.recorder.all(EngineMissing)
    sender.send.emit(UseKey(name="groq", key=Secret("gsk-1")))
    assert stage.recorder.wait_for(EngineReady, 3).engine.name == "groq"
    assert cloud.key == "gsk-1"
    ask(sender, turn_id=2)
    assert stage.recorder.wait_for(ReplyEnded, 2).text == "From the cloud."
    sender.send.emit(UseKey(name="groq", key=None))
    assert stage.recorder.wait_for(EngineReady, 4).engine.name == "a"


def test_when_no_model_is_set_up_that_is_told(stage, sender):
    start(stage, sender, Model(FakeCloud(name="groq"), "Groq", set_up=False))
    assert stage.recorder.wait_for(EngineMissing).title == "Groq has no key."


def test_local_only_asks_and_warms_nobody_outside(stage, sender):
    cloud = FakeCloud("From the cloud.", name="groq")
    start(stage, sender, Model(cloud, "Groq"), FakeLlm("Yes.", name="a"), local_only=True)
    ask(sender)
    assert_one_reply(stage, "Yes.")
    assert answered_by(stage) == [("a", "Groq was not asked, because local-only is on.")]
    assert not cloud.warmings
    assert not cloud.requests


def test_local_only_in_the_middle_of_a_reply_drops_the_cloud_at_once(stage, sender, qtbot):
    cloud = FakeCloud("One, ", "two, ", name="groq", hangs_after=2)
    start(stage, sender, Model(cloud, "Groq"), FakeLlm("three.", name="a"))
    stage.recorder.wait_for(ModelWarmed)
    ask(sender)
    stage.recorder.wait_for(ReplyDelta, 2)
    sender.send.emit(LocalOnlyChanged(on=True))
    assert_one_reply(stage, "One, two, three.")
    assert cloud.cancelled == 1
    assert cloud.closed
    assert "local-only" in stage.recorder.all(StageFailed)[0].title
    sender.send.emit(LocalOnlyChanged(on=False))
    qtbot.waitUntil(lambda: stage.recorder.all(EngineReady)[-1].engine.name == "groq")


def test_what_a_model_counted_is_passed_on_once_the_reply_is_whole(stage, sender):
    model = FakeLlm("Yes.")
    model.usage = Usage(40, 2)  # type: ignore[attr-defined]
    start(stage, sender, model)
    ask(sender)
    stage.recorder.wait_for(ReplyEnded)
    assert [event.usage for event in stage.recorder.all(TokensCounted)] == [Usage(40, 2)]


def test_a_bug_in_the_skills_certainty_costs_no_reply(stage, sender):
    def certain(*_):
        raise ZeroDivisionError

    start(stage, sender, FakeLlm("It is noon."), certain=certain)
    ask(sender)
    assert stage.recorder.wait_for(ReplyEnded).text == "It is noon."


def test_a_client_that_cannot_close_does_not_hold_up_the_quit(qtbot):
    class Stubborn(FakeLlm):
        async def close(self):
            raise RuntimeError("event loop is closed")

    stage = Stage(qtbot)
    stage.start(LlmWorker([Model(Stubborn(), "The model")], FakeLlm(stand_in=True), certain=None))
    stage.recorder.wait_for(EngineReady)
    assert stage.threads.stop()


def test_white_space_is_no_reply(stage, sender):
    start(stage, sender, FakeLlm("\n", " "), FakeLlm("It is noon.", name="second"))
    ask(sender)
    assert stage.recorder.wait_for(ReplyEnded).text == "It is noon."
