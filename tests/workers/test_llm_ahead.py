"""Prefill and drafts in the language models' thread."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from app.core.events import (
    ClauseDrafted,
    DraftEnded,
    DraftReply,
    DraftStarted,
    EngineAnswered,
    GenerateReply,
    LocalOnlyChanged,
    ModelWarmed,
    PrefillEnded,
    PrefillPrompt,
    PrefillStarted,
    ReplyDelta,
    ReplyEnded,
    SentenceReady,
    StageFailed,
    StageStarted,
    WarmUp,
)
from app.core.ports import Message
from app.core.turn import Turn
from app.errors import ProviderBroke
from tests.fakes import FakeLlm
from tests.workers.conftest import Stage
from tests.workers.test_llm import start

SYSTEM = Message("system", "Be brief.")
BUSY = "take your time"
QUESTION = (SYSTEM, Message("user", "what is the capital of france"))


def warm(stage, sender, *models, **options):
    start(stage, sender, *models, **options)
    stage.recorder.wait_for(ModelWarmed)


def draft(sender, turn, number=1, messages=QUESTION):
    branch = turn.branch()
    sender.send.emit(
        DraftReply(turn_id=turn.id, turn=branch, draft=number, messages=messages, language="en")
    )
    return branch


def ask(sender, turn, number=0, messages=QUESTION):
    sender.send.emit(
        GenerateReply(turn_id=turn.id, turn=turn, messages=messages, language="en", draft=number)
    )


def prefill(sender, turn, *messages):
    sender.send.emit(PrefillPrompt(turn_id=turn.id, turn=turn, messages=messages))


@pytest.fixture
def turn():
    return Turn(1, "voice")


# --- drafts -------------------------------------------------------------------------------


def test_a_kept_draft_is_the_reply_and_the_model_is_asked_once(stage, sender, turn):
    model = FakeLlm("It is Paris. ", "A city", " in France.")
    warm(stage, sender, model)
    draft(sender, turn)
    clause = stage.recorder.wait_for(ClauseDrafted)
    ask(sender, turn, number=1)
    ended = stage.recorder.wait_for(ReplyEnded)
    assert (ended.text, ended.complete) == ("It is Paris. A city in France.", True)
    assert stage.recorder.all(SentenceReady)[0].text == clause.text, "what was prepared is said"
    assert stage.recorder.all(EngineAnswered)[0].engine == model.engine
    kept = stage.recorder.wait_for(DraftEnded)
    assert kept.kept
    assert kept.gained_ms > 0
    assert model.requests == [QUESTION]


def test_before_the_question_is_known_nothing_of_a_draft_comes_out(stage, sender, turn):
    warm(stage, sender, FakeLlm())
    draft(sender, turn)
    stage.recorder.wait_for(ClauseDrafted)
    for kind in (ReplyDelta, SentenceReady, ReplyEnded, StageStarted, EngineAnswered):
        assert not stage.recorder.all(kind)


def test_a_draft_that_is_still_being_written_goes_on_as_the_reply(stage, sender, turn):
    model = FakeLlm("One. ", "Two. ", "Three. ", "Four.", pause_s=0.08)
    warm(stage, sender, model)
    draft(sender, turn)
    stage.recorder.wait_for(ClauseDrafted)
    ask(sender, turn, number=1)
    assert stage.recorder.wait_for(ReplyEnded).text == "One. Two. Three. Four."
    assert len(model.requests) == 1


def test_another_question_drops_the_draft_and_closes_its_connection(stage, sender, turn):
    model = FakeLlm("Never", " heard", hangs_after=1)
    warm(stage, sender, model)
    branch = draft(sender, turn)
    stage.recorder.wait_for(DraftStarted)
    model.hangs_after = None
    other = (SYSTEM, Message("user", "what is the capital of spain"))
    branch.token.cancel("something else was said")
    ask(sender, turn, messages=other)
    assert stage.recorder.wait_for(ReplyEnded).text == "Never heard"
    dropped = stage.recorder.wait_for(DraftEnded)
    assert not dropped.kept
    assert model.cancelled == 1
    assert model.requests == [QUESTION, other]


def test_a_finished_draft_that_is_not_wanted_is_counted_as_dropped(stage, sender, turn):
    warm(stage, sender, FakeLlm("It", " is", " noon."))
    branch = draft(sender, turn)
    stage.recorder.wait_for(ClauseDrafted)
    branch.token.cancel("more was said")
    dropped = stage.recorder.wait_for(DraftEnded)
    assert (dropped.kept, dropped.gained_ms, dropped.tokens) == (False, 0.0, 3)
    assert len(stage.recorder.all(DraftEnded)) == 1


def test_a_draft_that_failed_is_asked_again(stage, sender, turn):
    model = FakeLlm("It is", breaks=ProviderBroke("Ollama stopped.", "Ask again."))
    warm(stage, sender, model)
    draft(sender, turn)
    assert not stage.recorder.wait_for(DraftEnded).kept
    assert not stage.recorder.all(StageFailed), "nobody asked for it yet"
    model.breaks = None
    ask(sender, turn, number=1)
    assert stage.recorder.wait_for(ReplyEnded).text == "It is"
    assert len(model.requests) == 2


def test_a_draft_that_breaks_off_after_it_was_kept_is_continued(stage, sender, turn):
    first = FakeLlm(
        "It is Paris. ",
        "A ",
        pause_s=0.1,
        breaks=ProviderBroke("Ollama stopped.", "Ask again."),
        name="first",
    )
    second = FakeLlm("A city in France.", name="second")
    warm(stage, sender, first, second)
    draft(sender, turn)
    stage.recorder.wait_for(ClauseDrafted)
    ask(sender, turn, number=1)
    assert stage.recorder.wait_for(ReplyEnded).text == "It is Paris. A city in France."


def test_barge_in_ends_a_kept_draft_and_its_connection(stage, sender, turn, qtbot):
    model = FakeLlm("One. ", "Two", hangs_after=2)
    warm(stage, sender, model)
    draft(sender, turn)
    stage.recorder.wait_for(ClauseDrafted)
    ask(sender, turn, number=1)
    stage.recorder.wait_for(SentenceReady)
    turn.token.cancel("barge-in")
    qtbot.waitUntil(lambda: model.cancelled == 1)
    assert not stage.recorder.all(StageFailed)


def test_what_the_skills_know_is_not_drafted_because_skills_act(stage, sender, turn):
    model, skills = FakeLlm(), FakeLlm("A timer.", stand_in=True)
    warm(stage, sender, model, stand_in=skills, certain=lambda *_: True)
    draft(sender, turn)
    ask(sender, turn)
    assert stage.recorder.wait_for(ReplyEnded).text == "A timer."
    assert not stage.recorder.all(DraftStarted)
    assert not model.requests
    assert len(skills.requests) == 1


@pytest.mark.parametrize(("everywhere", "drafts"), [(False, 0), (True, 1)])
def test_a_service_is_asked_on_trial_only_when_the_user_allows_it(
    stage, sender, turn, everywhere, drafts
):
    model = FakeLlm(local=False)
    warm(stage, sender, model, ahead_everywhere=everywhere)
    draft(sender, turn)
    ask(sender, turn, number=1)
    stage.recorder.wait_for(ReplyEnded)
    assert len(stage.recorder.all(DraftStarted)) == drafts
    assert len(model.requests) == 1


def test_local_only_drops_a_draft_at_a_service(stage, sender, turn):
    model = FakeLlm("It is", hangs_after=1, local=False)
    warm(stage, sender, model, ahead_everywhere=True)
    draft(sender, turn)
    stage.recorder.wait_for(DraftStarted)
    sender.send.emit(LocalOnlyChanged(on=True))
    assert not stage.recorder.wait_for(DraftEnded).kept
    assert model.cancelled == 1


# --- prefill ------------------------------------------------------------------------------


def test_the_model_reads_ahead_once_and_only_what_is_new(stage, sender, turn):
    model = FakeLlm("Paris.")
    warm(stage, sender, model)
    prefill(sender, turn, SYSTEM)
    stage.recorder.wait_for(PrefillEnded)
    prefill(sender, turn, SYSTEM)
    prefill(sender, turn, SYSTEM, Message("user", "what is"))
    stage.recorder.wait_for(PrefillEnded, 2)
    assert [len(messages) for messages in model.prefills] == [1, 2]
    ask(sender, turn)
    stage.recorder.wait_for(ReplyEnded)
    prefill(sender, Turn(2, "voice"), *QUESTION, Message("assistant", "Paris."))
    prefill(sender, Turn(2, "voice"), *QUESTION, Message("assistant", "Par"), QUESTION[1])
    stage.recorder.wait_for(PrefillEnded, 3)
    assert len(model.prefills) == 3, "a prompt and its reply are read already"


def test_a_question_does_not_wait_for_a_prefill(stage, sender, turn):
    model = FakeLlm("Paris.", pause_s=30.0)
    warm(stage, sender, model)
    prefill(sender, turn, SYSTEM)
    stage.recorder.wait_for(PrefillStarted)
    model.pause_s = 0.0
    ask(sender, turn)
    assert stage.recorder.wait_for(ReplyEnded).text == "Paris."
    assert model.cancelled == 1
    assert not stage.recorder.all(PrefillEnded)


def test_a_service_is_never_sent_half_a_question_to_read(stage, sender, turn):
    model = FakeLlm(local=False)
    warm(stage, sender, model)
    prefill(sender, turn, SYSTEM)
    ask(sender, turn)
    stage.recorder.wait_for(ReplyEnded)
    assert not model.prefills


def test_a_model_that_is_not_in_memory_is_not_made_to_read(stage, sender, turn):
    loading = threading.Event()

    class Loads(FakeLlm):
        async def ensure_warm(self):
            loading.set()
            return await super().ensure_warm()

    model = Loads(missing=ProviderBroke("No server.", "Start it."))
    start(stage, sender, model)
    assert loading.wait(5)
    prefill(sender, turn, SYSTEM)
    draft(sender, turn)
    ask(sender, turn)
    stage.recorder.wait_for(ReplyEnded)
    assert not model.prefills
    assert not stage.recorder.all(DraftStarted)


def test_a_draft_that_is_dropped_before_it_was_read_leaves_the_model_free(stage, sender, turn):
    model = FakeLlm("It is Paris.")
    warm(stage, sender, model, certain=lambda text, *_: text == BUSY and time.sleep(0.3))
    # The loop is busy while all three come, as it may be at any moment.
    ask(sender, turn, messages=(Message("user", BUSY),))
    branch = draft(sender, turn)
    branch.token.cancel("something else was said")
    ask(sender, turn, messages=(SYSTEM, Message("user", "what is the capital of spain")))
    stage.recorder.wait_for(ReplyEnded, 2)
    warmings = model.warmings
    sender.send.emit(WarmUp(reason="key"))
    stage.recorder.wait_for(ModelWarmed, 2)
    assert model.warmings == warmings + 1
    assert all(not ended.kept for ended in stage.recorder.all(DraftEnded))


def test_skills_that_know_the_answer_after_all_end_the_draft(stage, sender, turn):
    model = FakeLlm("It", " is", hangs_after=1)
    known = []
    warm(stage, sender, model, certain=lambda *_: bool(known))
    draft(sender, turn)
    stage.recorder.wait_for(DraftStarted)
    known.append(True)
    ask(sender, turn, number=1)
    stage.recorder.wait_for(ReplyEnded)
    assert not stage.recorder.wait_for(DraftEnded).kept
    assert model.cancelled == 1


def test_a_prefill_that_fails_in_any_way_is_no_news(stage, sender, turn):
    class Broken(FakeLlm):
        async def prefill(self, messages, language):
            self.prefills.append(tuple(messages))
            raise ZeroDivisionError

    model = Broken("Paris.")
    warm(stage, sender, model)
    prefill(sender, turn, SYSTEM)
    stage.recorder.wait_for(PrefillStarted)
    ask(sender, turn)
    stage.recorder.wait_for(ReplyEnded)
    assert model.prefills
    assert not stage.recorder.all(StageFailed)


def test_a_prefill_that_read_nothing_is_not_told_as_one(stage, sender, turn):
    class Unloaded(FakeLlm):
        async def prefill(self, messages, language):
            await super().prefill(messages, language)
            return False

    model = Unloaded("Paris.")
    warm(stage, sender, model)
    prefill(sender, turn, SYSTEM)
    stage.recorder.wait_for(PrefillStarted)
    prefill(sender, turn, SYSTEM)
    stage.recorder.wait_for(PrefillStarted, 2)
    assert not stage.recorder.all(PrefillEnded)


def test_quitting_waits_until_a_drafts_connection_is_closed(qtbot, sender, turn):
    closed = []

    class SlowToClose(FakeLlm):
        async def reply(self, messages, language):
            try:
                async for delta in super().reply(messages, language):
                    yield delta
            finally:
                await asyncio.sleep(0.1)
                closed.append(True)

    stage = Stage(qtbot)
    warm(stage, sender, SlowToClose("It", " is", hangs_after=1))
    branch = draft(sender, turn)
    stage.recorder.wait_for(DraftStarted)
    qtbot.wait(50)
    branch.token.cancel("shutdown")
    assert stage.threads.stop()
    assert closed
