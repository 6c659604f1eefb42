from __future__ import annotations

import asyncio
import socket
import threading
import time

from PySide6.QtCore import Qt

from app.core.continuation import REQUEST
from app.core.events import (
    EngineAnswered,
    EngineMissing,
    EngineReady,
    GenerateReply,
    LoadEnded,
    LoadStarted,
    LocalOnlyChanged,
    ModelWarmed,
    OrderChanged,
    ReplyDelta,
    ReplyEnded,
    SentenceReady,
    StageFailed,
    StageStarted,
    StandingChanged,
    TokensCounted,
    UseKey,
    UseModels,
    WarmUp,
)
from app.core.model_events import UseProvider
from app.core.ports import Message, Usage, Warmth
from app.core.secret import Secret
from app.core.turn import Turn
from app.errors import ProviderBroke, ProviderRefused, ProviderUnavailable
from app.providers.llm import ollama_connection
from app.providers.llm.ollama import OllamaLlm
from app.settings import OllamaSettings
from app.workers.llm import UNLOAD_S, LlmWorker
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


def test_a_model_that_is_not_there_has_a_line_in_the_log_and_what_broke_a_traceback(
    stage, sender, caplog
):
    """The first is how many computers are; the second has to be looked into."""
    caplog.set_level("INFO")
    away, broken = FakeLlm(name="ollama"), FakeLlm(name="groq", breaks=BROKE)
    start(stage, sender, away, broken)
    stage.recorder.wait_for(ModelWarmed)
    away.missing = NOT_RUNNING
    ask(sender)
    stage.recorder.wait_for(ReplyEnded)
    assert [each.title for each in stage.recorder.all(StageFailed)] == [
        "Ollama is not running.",
        "Ollama stopped.",
    ]
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [record.exc_info[1] for record in errors] == [BROKE]
    lines = [record for record in caplog.records if "Ollama is not running." in record.getMessage()]
    assert {record.levelname for record in lines} == {"INFO"}
    assert all(record.exc_info is None for record in lines)


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
    before = threading.active_count()
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
    # Python goes on listing a thread of Qt's that has run Python.
    assert threading.active_count() <= before + 1


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


def test_the_measured_load_is_kept_for_the_next_run(stage, sender, qtbot):
    kept = []
    start(
        stage,
        sender,
        FakeLlm(load_ms=3000.0),
        keep_load=lambda engine, load_s: kept.append((engine.name, load_s)),
    )
    qtbot.waitUntil(lambda: kept == [("fake-llm", 3.0)])


class Unloadable(FakeLlm):
    """Runs in a server that goes on without Parley."""

    def __init__(self, *deltas, hangs=False, **options):
        super().__init__(*deltas, **options)
        self.hangs = hangs
        self.unloads = 0

    async def unload(self):
        assert not self.closed
        self.unloads += 1
        if self.hangs:
            await asyncio.Event().wait()


def test_a_model_that_is_switched_off_is_unloaded_once(stage, sender, qtbot):
    first, second = Unloadable(name="a"), FakeLlm(name="b")
    start(stage, sender, first, second, unloads=True)
    stage.recorder.wait_for(ModelWarmed)
    use(sender, "b")
    qtbot.waitUntil(lambda: first.closed)
    use(sender, "b", reply_tokens=50)
    assert first.unloads == 1


def test_the_end_unloads_and_does_not_wait_for_a_server_that_hangs(stage, sender):
    model = Unloadable(name="a", hangs=True)
    start(stage, sender, model, unloads=True)
    stage.recorder.wait_for(ModelWarmed)
    began = time.perf_counter()
    assert stage.threads.stop()
    assert time.perf_counter() - began < UNLOAD_S + 2
    assert (model.unloads, model.closed) == (1, True)


def test_nothing_is_unloaded_unasked_nor_elsewhere_under_local_only(stage, sender, qtbot):
    here, there = Unloadable(name="a"), Unloadable(name="b", local=False)
    start(stage, sender, here, unloads=False)
    stage.recorder.wait_for(ModelWarmed)
    assert stage.threads.stop()
    assert (here.unloads, here.closed) == (0, True)
    worker = LlmWorker([Model(there, "B")], FakeLlm(stand_in=True), certain=None, unloads=True)
    asyncio.run(worker._keep_local(LocalOnlyChanged(on=True)))
    asyncio.run(worker.on_loop_end())
    assert there.unloads == 0


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
    start(stage, sender, Model(stalls, "Ollama", deadline_s=0.1), FakeLlm("two, three.", name="b"))
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
    assert len(stage.recorder.all(LoadEnded)) == 1


def test_every_load_that_was_told_of_ends_though_it_fails_as_before(
    stage, sender, qtbot, monkeypatch
):
    monkeypatch.setattr(ollama_connection, "CHECK_TIMEOUT_S", 0.8)
    with socket.create_server(("127.0.0.1", 0)) as hung:  # takes connections, answers nothing
        host = f"http://127.0.0.1:{hung.getsockname()[1]}"
        start(stage, sender, Model(OllamaLlm(OllamaSettings(host=host)), "Ollama"))
        for looks in (1, 2):
            qtbot.waitUntil(lambda n=looks: len(stage.recorder.all(LoadEnded)) == n, timeout=9000)
            assert len(stage.recorder.all(LoadStarted)) == looks
            sender.send.emit(WarmUp(reason="keepalive"))
        assert len(stage.recorder.all(EngineMissing)) == 1, "the same news once"


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
    assert answered_by(stage) == [
        ("a", "Groq was not asked, because “Stay on this computer” is on.")
    ]
    assert not cloud.warmings
    assert not cloud.requests


def test_local_only_in_the_middle_of_a_reply_drops_the_cloud_at_once(stage, sender, qtbot):
    cloud = FakeCloud("One, ", "two, ", name="groq", hangs_after=2)
    start(stage, sender, Model(cloud, "Groq"), FakeLlm("two, three.", name="a"))
    stage.recorder.wait_for(ModelWarmed)
    ask(sender)
    stage.recorder.wait_for(ReplyDelta, 2)
    sender.send.emit(LocalOnlyChanged(on=True))
    assert_one_reply(stage, "One, two, three.")
    assert cloud.cancelled == 1
    assert cloud.closed
    assert "“Stay on this computer” is on" in stage.recorder.all(StageFailed)[0].title
    sender.send.emit(LocalOnlyChanged(on=False))
    qtbot.waitUntil(lambda: stage.recorder.all(EngineReady)[-1].engine.name == "groq")


class SlowToLook(FakeLlm):
    """Says only after a while how it is."""

    def __init__(self, *deltas, **options):
        super().__init__(*deltas, **options)
        self.looked_at = threading.Event()
        self.given_up = threading.Event()
        self.go_on = threading.Event()

    async def ensure_warm(self):
        self.looked_at.set()
        try:
            while not self.go_on.is_set():
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.given_up.set()
            raise
        return await super().ensure_warm()


def test_local_only_ends_a_look_at_a_model_elsewhere(stage, sender):
    cloud = SlowToLook("From the cloud.", name="groq", local=False)
    start(stage, sender, Model(cloud, "Groq"), FakeLlm("Yes.", name="a"))
    assert cloud.looked_at.wait(5)
    sender.send.emit(LocalOnlyChanged(on=True))
    assert cloud.given_up.wait(5)
    assert stage.recorder.wait_for(EngineReady, 2).engine.name == "a"
    assert not stage.recorder.all(StageFailed)


def test_local_only_keeps_a_look_that_waits_its_turn_from_being_taken(stage, sender, qtbot):
    here, cloud = SlowToLook(name="a", missing=NOT_RUNNING), FakeLlm(name="groq", local=False)
    start(stage, sender, here, Model(cloud, "Groq"))
    assert here.looked_at.wait(5)
    sender.send.emit(LocalOnlyChanged(on=True))
    sender.send.emit(WarmUp(reason="key-down"))
    here.go_on.set()
    stage.recorder.wait_for(EngineMissing)
    qtbot.wait(50)
    assert not cloud.warmings


def test_the_same_key_again_ends_no_rest(stage, sender):
    """A window that shows its keys hands them over again each time."""
    cloud = FakeCloud("From the cloud.", name="groq")
    start(stage, sender, Model(cloud, "Groq", set_up=False), FakeLlm("Yes.", name="a"))
    sender.send.emit(UseKey(name="groq", key=Secret("gsk-1")))
    stage.recorder.wait_for(ModelWarmed, 2)
    cloud.missing = ProviderRefused(
        "Groq wants no more questions.", retry_after_s=300.0, status=429
    )
    ask(sender, turn_id=1)
    assert stage.recorder.wait_for(ReplyEnded, 1).text == "Yes."
    cloud.missing = None
    sender.send.emit(UseKey(name="groq", key=Secret("gsk-1")))
    ask(sender, turn_id=2)
    assert stage.recorder.wait_for(ReplyEnded, 2).text == "Yes."
    assert len(cloud.requests) == 1, "it rests"
    sender.send.emit(UseKey(name="groq", key=Secret("gsk-2")))
    ask(sender, turn_id=3)
    assert stage.recorder.wait_for(ReplyEnded, 3).text == "From the cloud."


# --- the order, and how they are asked ------------------------------------------------------


def use(sender, *order, skills_first=True, reply_tokens=96, deadlines_s=None):
    sender.send.emit(
        UseModels(
            order=order,
            skills_first=skills_first,
            reply_tokens=reply_tokens,
            patience_s=20.0,
            deadlines_s=deadlines_s or {},
        )
    )


def test_a_new_order_acts_at_the_next_question(stage, sender):
    first, second = FakeLlm("First.", name="a"), FakeLlm("Second.", name="b")
    start(stage, sender, first, second)
    ask(sender)
    assert stage.recorder.wait_for(ReplyEnded).text == "First."
    use(sender, "b", "a")
    assert stage.recorder.wait_for(OrderChanged).order == ("b", "a")
    ask(sender, turn_id=2)
    assert stage.recorder.wait_for(ReplyEnded, 2).text == "Second."
    assert answered_by(stage)[-1] == ("b", "")
    assert stage.recorder.all(EngineReady)[-1].engine.name == "b"


def test_a_model_out_of_the_order_is_neither_warmed_nor_asked_and_can_come_in(stage, sender, qtbot):
    model, other = FakeLlm("Model.", name="a"), FakeLlm("Other.", name="b")
    start(stage, sender, model, other, order=["a"])
    stage.recorder.wait_for(ModelWarmed)
    model.missing = NOT_RUNNING
    ask(sender)
    assert "language model" in stage.recorder.wait_for(ReplyEnded).text
    assert (other.warmings, other.requests) == (0, [])
    use(sender, "b")
    qtbot.waitUntil(lambda: other.warmings > 0)
    ask(sender, turn_id=2)
    assert stage.recorder.wait_for(ReplyEnded, 2).text == "Other."


def test_with_an_empty_order_the_skills_answer_and_nobody_is_missed(stage, sender, qtbot):
    start(stage, sender, FakeLlm(missing=NOT_RUNNING))
    stage.recorder.wait_for(EngineMissing)
    use(sender)
    stage.recorder.wait_for(OrderChanged)
    ask(sender)
    assert "language model" in stage.recorder.wait_for(ReplyEnded).text
    assert answered_by(stage) == [("fake-skills", "")]
    assert len(stage.recorder.all(EngineMissing)) == 1


def test_a_first_choice_that_is_missed_still_is_told_again(stage, sender):
    start(stage, sender, FakeLlm(missing=NOT_RUNNING, name="a"), FakeLlm(name="b"), order=["a"])
    stage.recorder.wait_for(EngineMissing)
    use(sender, "a", "b")
    stage.recorder.wait_for(EngineMissing, 2)
    kinds = [type(event) for event in stage.recorder.events]
    assert kinds.index(OrderChanged) < len(kinds) - 1 - kinds[::-1].index(EngineMissing)


def test_who_rests_goes_on_resting_under_another_order(stage, sender):
    refuses = FakeLlm(name="a", missing=ProviderRefused("A is busy.", retry_after_s=60.0))
    other = FakeLlm("Yes.", name="b")
    start(stage, sender, other, refuses)
    stage.recorder.wait_for(ModelWarmed)
    use(sender, "a", "b")
    stage.recorder.wait_for(EngineMissing)
    asked = refuses.warmings
    use(sender, "b", "a")
    use(sender, "a", "b")
    stage.recorder.wait_for(OrderChanged, 3)
    ask(sender)
    assert stage.recorder.wait_for(ReplyEnded).text == "Yes."
    assert refuses.requests == []
    assert answered_by(stage) == [("b", "A is busy.")]
    assert refuses.warmings >= asked


def test_a_reply_that_streams_is_not_touched_by_a_new_order(stage, sender, qtbot):
    slow = FakeLlm("One, ", "two, ", "three.", name="a", pause_s=0.1)
    start(stage, sender, slow, FakeLlm("Other.", name="b"))
    stage.recorder.wait_for(ModelWarmed)
    ask(sender)
    stage.recorder.wait_for(ReplyDelta)
    use(sender, "b")
    assert stage.recorder.wait_for(ReplyEnded).text == "One, two, three."
    qtbot.waitUntil(lambda: slow.closed)
    ask(sender, turn_id=2)
    assert stage.recorder.wait_for(ReplyEnded, 2).text == "Other."


def test_a_model_that_is_switched_off_lets_its_memory_go(stage, sender, qtbot):
    model = FakeLlm("Yes.", name="a")
    start(stage, sender, model, FakeLlm("Other.", name="b"))
    stage.recorder.wait_for(ModelWarmed)
    assert not model.closed
    use(sender, "b")
    qtbot.waitUntil(lambda: model.closed)


def test_the_skills_can_be_asked_last(stage, sender):
    model = FakeLlm("From the model.")
    start(stage, sender, model, certain=lambda *_: True)
    stage.recorder.wait_for(ModelWarmed)
    ask(sender)
    assert "language model" in stage.recorder.wait_for(ReplyEnded).text
    use(sender, "fake-llm", skills_first=False)
    ask(sender, turn_id=2)
    assert stage.recorder.wait_for(ReplyEnded, 2).text == "From the model."
    use(sender, "fake-llm")
    ask(sender, turn_id=3)
    assert "language model" in stage.recorder.wait_for(ReplyEnded, 3).text


def test_another_longest_reply_and_deadline_reach_the_model(stage, sender):
    class Limited(FakeLlm):
        limits: tuple[int, ...] = ()

        def limit_replies(self, tokens: int) -> None:
            self.limits = (*self.limits, tokens)

    slow = Limited("Slow.", name="a", pause_s=1.5)
    start(stage, sender, slow, FakeLlm("Quick.", name="b"))
    stage.recorder.wait_for(ModelWarmed)
    use(sender, "a", "b", reply_tokens=768, deadlines_s={"a": 0.2})
    ask(sender)
    assert stage.recorder.wait_for(ReplyEnded).text == "Quick."
    assert slow.limits == (768,)
    assert not stage.recorder.all(OrderChanged), "the order is the same"


def standings(stage) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for event in stage.recorder.all(StandingChanged):
        found.setdefault(event.engine.name, []).append(event.standing)
    return found


def test_each_model_says_how_it_stands_in_the_order_or_not(stage, sender, qtbot):
    class NotHere(FakeLlm):
        def is_here(self) -> bool:
            return False

    start(
        stage,
        sender,
        FakeLlm(name="a", missing=NOT_RUNNING),
        Model(FakeCloud(name="groq"), "Groq", set_up=False),
        Model(FakeCloud(name="cerebras"), "Cerebras"),
        NotHere(name="builtin"),
        FakeLlm(name="b"),
        order=["a", "groq", "cerebras"],
    )
    qtbot.waitUntil(lambda: standings(stage).get("a", [])[-1:] == ["failing"])
    told = standings(stage)
    assert told["groq"] == ["no key"]
    assert told["cerebras"] == ["ready"]
    assert told["builtin"][-1] == "absent"
    assert told["b"] == ["untried"]
    failing = [e for e in stage.recorder.all(StandingChanged) if e.standing == "failing"]
    assert failing[0].why == "Ollama is not running."
    sender.send.emit(UseKey(name="groq", key=Secret("gsk-1")))
    qtbot.waitUntil(lambda: standings(stage)["groq"][-1] == "ready")
    sender.send.emit(LocalOnlyChanged(on=True))
    qtbot.waitUntil(lambda: standings(stage)["cerebras"][-1] == "barred")


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


# --- who is kept warm, and what a question waits for --------------------------------------


def test_a_model_that_answers_for_a_resting_first_choice_is_kept_warm(stage, sender):
    resting = FakeLlm(missing=ProviderRefused("Groq refuses the key."), name="groq", local=False)
    here = FakeLlm("It is noon.", name="ollama", load_ms=5.0)
    start(stage, sender, resting, here)
    warmed = stage.recorder.wait_for(ModelWarmed)
    assert warmed.engine.name == "ollama"


def test_a_first_choice_that_fails_questions_while_its_warm_up_goes_well(stage, sender, qtbot):
    first = FakeLlm(name="groq", local=False, breaks=None)
    here = FakeLlm("It is noon.", name="ollama", load_ms=5.0)
    start(stage, sender, first, here)
    stage.recorder.wait_for(ModelWarmed)
    first.deltas, first.breaks = (), ProviderRefused("Groq refuses the key.")
    for turn_id in (1, 2):
        ask(sender, turn_id=turn_id)
        stage.recorder.wait_for(ReplyEnded, turn_id)
        sender.send.emit(WarmUp(reason="key"))
    qtbot.waitUntil(lambda: here.warmings > 0)


def test_staying_on_this_computer_tells_and_warms_who_answers_now(stage, sender):
    start(stage, sender, FakeLlm(name="groq", local=False), FakeLlm(name="ollama", load_ms=5.0))
    stage.recorder.wait_for(ModelWarmed)
    assert stage.recorder.all(EngineReady)[-1].engine.name == "groq"
    sender.send.emit(LocalOnlyChanged(on=True))
    assert stage.recorder.wait_for(ModelWarmed, 2).engine.name == "ollama"
    assert stage.recorder.wait_for(EngineReady, 3).engine.name == "ollama"


class Placeless(FakeLlm):
    """Does not say where it answers."""

    elsewhere = ""

    def __init__(self, *deltas, fails=None, **options):
        super().__init__(*deltas, **options)
        self.fails = fails
        self.looks = 0

    async def ensure_warm(self):
        await asyncio.Event().wait()

    async def find_place(self):
        self.looks += 1
        if self.fails:
            raise self.fails
        await asyncio.Event().wait()


def test_no_question_waits_for_where_a_later_model_is(stage, sender):
    second = Placeless(name="ollama")
    start(stage, sender, FakeLlm("It is noon.", name="groq", local=False), second)
    ask(sender)
    assert stage.recorder.wait_for(ReplyEnded).text == "It is noon."
    assert not second.looks


def test_what_the_skills_know_waits_for_no_model(stage, sender):
    model = Placeless(name="ollama")
    start(
        stage,
        sender,
        model,
        stand_in=FakeLlm("Noon.", stand_in=True),
        certain=lambda *_: True,
    )
    ask(sender)
    assert stage.recorder.wait_for(ReplyEnded).text == "Noon."
    assert not model.looks


def test_a_look_that_fails_in_any_way_costs_no_reply(stage, sender):
    model = Placeless("It is noon.", name="ollama", fails=ZeroDivisionError())
    start(stage, sender, model)
    ask(sender)
    assert stage.recorder.wait_for(ReplyEnded).text == "It is noon."
    assert model.looks == 1


def test_after_an_interrupted_reply_the_first_choice_is_looked_after(stage, sender, qtbot):
    # Going away in the middle of a load makes Ollama give the load up.
    model = FakeLlm(*["word "] * 1000, pause_s=0.02)
    start(stage, sender, model)
    stage.recorder.wait_for(ModelWarmed)
    turn = ask(sender)
    stage.recorder.wait_for(ReplyDelta)
    warmings = model.warmings
    turn.token.cancel("barge-in")
    qtbot.waitUntil(lambda: model.warmings > warmings)


# --- another model of the same engine -----------------------------------------------------


def test_another_model_answers_from_the_next_question_on(stage, sender, qtbot):
    old, new = FakeLlm("It is noon."), FakeLlm("It is one.")
    start(stage, sender, old)
    stage.recorder.wait_for(ModelWarmed)
    sender.send.emit(UseProvider(provider=new))
    stage.recorder.wait_for(ModelWarmed, 2)
    assert old.closed
    ask(sender)
    assert stage.recorder.wait_for(ReplyEnded).text == "It is one."
    assert not old.requests


def test_a_reply_that_streams_is_read_to_its_end_by_the_old_one(stage, sender, qtbot):
    old = FakeLlm(*["word "] * 20, pause_s=0.05)
    new = FakeLlm("It is one.")
    start(stage, sender, old)
    stage.recorder.wait_for(ModelWarmed)
    ask(sender)
    stage.recorder.wait_for(ReplyDelta)
    sender.send.emit(UseProvider(provider=new))
    stage.recorder.wait_for(ModelWarmed, 2)
    assert not old.closed
    assert stage.recorder.wait_for(ReplyEnded).text == "word " * 20
    qtbot.waitUntil(lambda: old.closed)
    ask(sender, turn_id=2)
    assert stage.recorder.wait_for(ReplyEnded, 2).text == "It is one."


def test_what_was_wrong_with_the_old_one_says_nothing_of_the_new_one(stage, sender):
    start(stage, sender, FakeLlm(missing=NOT_RUNNING), FakeLlm("From the second.", name="second"))
    stage.recorder.wait_for(EngineMissing)
    sender.send.emit(UseProvider(provider=FakeLlm("It is one.")))
    stage.recorder.wait_for(EngineReady, 3)
    ask(sender)
    assert stage.recorder.wait_for(ReplyEnded).text == "It is one."


def test_one_that_is_missing_is_told_though_the_old_one_was_too(stage, sender):
    start(stage, sender, FakeLlm(missing=NOT_RUNNING))
    stage.recorder.wait_for(EngineMissing)
    sender.send.emit(UseProvider(provider=FakeLlm(missing=NOT_RUNNING)))
    stage.recorder.wait_for(EngineMissing, 2)


def test_a_look_at_the_old_one_is_given_up(stage, sender):
    old, new = SlowToLook(), FakeLlm("It is one.", name=SlowToLook().engine.name)
    start(stage, sender, old)
    sender.send.emit(UseProvider(provider=new))
    assert stage.recorder.wait_for(ModelWarmed).engine is new.engine


def test_a_model_of_no_known_engine_is_closed(stage, sender, qtbot):
    start(stage, sender, FakeLlm("It is noon."))
    stranger = FakeLlm(name="stranger")
    sender.send.emit(UseProvider(provider=stranger))
    qtbot.waitUntil(lambda: stranger.closed)
    ask(sender)
    assert stage.recorder.wait_for(ReplyEnded).text == "It is noon."
