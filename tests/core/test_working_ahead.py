"""Prefill and drafts: what may be done while the question is still being spoken."""

from __future__ import annotations

from typing import TypeVar

import pytest

from app.core.conversation import Conversation
from app.core.events import (
    ClauseDrafted,
    DraftEnded,
    DraftReply,
    DraftStarted,
    DropListening,
    EngineAnswered,
    Event,
    FinalTranscript,
    FinishListening,
    GenerateReply,
    PartialTranscript,
    PlaybackEnded,
    PlaybackStarted,
    PrefillPrompt,
    PrefillStarted,
    PrepareClause,
    ReplyDelta,
    ReplyEnded,
    SaveTurn,
    StageStarted,
    StartListening,
    TurnEnded,
    UtteranceEnded,
)
from app.core.ports import Engine, Message, Partial, Stage, Transcript
from app.core.prompt import Prompt
from app.core.working_ahead import (
    DRAFTS_PER_TURN,
    ENOUGH,
    NEW_WORDS,
    PROBE_EVERY,
    DraftRecord,
    is_read,
    says_the_same,
)

E = TypeVar("E", bound=Event)

OLLAMA = Engine(Stage.LLM, "ollama", "phi3:mini", device="server")
GROQ = Engine(Stage.LLM, "groq", "llama", device="server", local=False)


class Script:
    """A conversation, fed with what workers report."""

    def __init__(self, **options: bool) -> None:
        prompt = Prompt(persona="Be brief.")
        self.conversation = Conversation(prompt=prompt, wall_clock=lambda: 1000.0, **options)
        self.out: list[Event] = []

    def play(self, *events: Event) -> None:
        for event in events:
            self.out += self.conversation.handle(event)

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.out if isinstance(event, kind)]

    @property
    def turn_id(self) -> int:
        assert self.conversation.current
        return self.conversation.current.id

    def hears(self, text: str, *, stable: str = "", settled: bool = False) -> None:
        partial = Partial(Transcript(text, "en"), stable, settled)
        self.play(PartialTranscript(turn_id=self.turn_id, partial=partial))

    def ends(self, text: str) -> None:
        """The key comes up, and the transcript is final."""
        turn = self.conversation.current
        assert turn
        turn_id = turn.id
        self.play(
            FinishListening(),
            UtteranceEnded(
                turn_id=turn_id,
                turn=turn,
                released_at=1.0,
                speech_ended_at=0.9,
                duration_s=1.3,
                verdict="speech",
            ),
            FinalTranscript(turn_id=turn_id, transcript=Transcript(text, "en")),
        )

    def is_answered(self, text: str = "It is noon.", engine: Engine = OLLAMA) -> None:
        turn_id = self.turn_id
        self.play(
            StageStarted(turn_id=turn_id, stage=Stage.LLM, engine=engine),
            EngineAnswered(turn_id=turn_id, engine=engine, why=""),
            ReplyDelta(turn_id=turn_id, text=text),
            ReplyEnded(turn_id=turn_id, text=text, clauses=1),
            PlaybackStarted(turn_id=turn_id, audible_at=0.0),
            PlaybackEnded(turn_id=turn_id, heard=text, complete=True),
        )

    def asks(self, text: str) -> None:
        """A whole turn without a pause."""
        self.play(StartListening())
        self.ends(text)
        self.is_answered()


@pytest.fixture
def script() -> Script:
    script = Script()
    script.play(StartListening())
    return script


# --- prefill ------------------------------------------------------------------------------


def test_at_key_down_the_model_reads_what_stands_before_the_question(script):
    (prefill,) = script.all(PrefillPrompt)
    assert [m.role for m in prefill.messages] == ["system"]
    script.ends("what time is it")
    script.is_answered()
    script.play(StartListening())
    *_, prefill = script.all(PrefillPrompt)
    assert [m.role for m in prefill.messages] == ["system", "user", "assistant"]


def test_stable_words_are_read_as_they_come_and_the_request_begins_with_them(script):
    script.hears("what is the cap", stable="what is the")
    script.hears("what is the capital", stable="what is the capital")
    script.hears("what is the capital of france and", stable="what is the capital of france")
    read = [prefill.messages[-1].text for prefill in script.all(PrefillPrompt)[1:]]
    assert read == ["what is the", "what is the capital of france"], f"{NEW_WORDS} words at a time"
    script.ends("what is the capital of france and of spain")
    request = script.all(GenerateReply)[-1].messages
    for prefill in script.all(PrefillPrompt):
        assert is_read(request, prefill.messages)


def test_nothing_is_read_before_it_is_known_how_much_of_the_last_reply_was_heard():
    script = Script()
    script.play(StartListening())
    script.ends("tell me a story")
    turn_id = script.turn_id
    script.play(
        ReplyDelta(turn_id=turn_id, text="Once upon a time. There"),
        PlaybackStarted(turn_id=turn_id, audible_at=0.0),
        StartListening(),
    )
    before = len(script.all(PrefillPrompt))
    script.hears("stop that please", stable="stop that please", settled=True)
    assert len(script.all(PrefillPrompt)) == before
    assert not script.all(DraftReply)
    script.play(PlaybackEnded(turn_id=turn_id, heard="Once upon", complete=False))
    assert script.all(PrefillPrompt)[-1].messages[-1].text == "Once upon"


@pytest.mark.parametrize(
    ("read", "wanted", "known"),
    [
        ([], [], True),
        (["s"], ["s"], True),
        (["s", "what is the"], ["s", "what is"], True),
        (["s", "what is"], ["s", "what is the"], False),
        (["s", "what is"], ["s", "what was"], False),
        (["s"], ["s", "what"], False),
        (["t", "what"], ["s", "what"], False),
    ],
)
def test_what_a_model_has_read_already(read, wanted, known):
    roles = ("system", "user")
    told, asked = (
        [Message(role, text) for role, text in zip(roles, texts, strict=False)]
        for texts in (read, wanted)
    )
    assert is_read(told, asked) is known


# --- drafts -------------------------------------------------------------------------------


def test_a_pause_begins_a_draft_and_the_same_words_keep_it(script):
    script.hears("what time is it", settled=True)
    (draft,) = script.all(DraftReply)
    script.ends("What time is it?")
    (request,) = script.all(GenerateReply)
    assert request.draft == draft.draft
    assert request.messages == draft.messages, "the model is told what it was told"
    assert not draft.turn.token.cancelled
    script.is_answered()
    (ended,) = script.all(TurnEnded)
    assert ended.transcript == "What time is it?", "the user sees what was understood in the end"


def test_other_words_drop_the_draft_without_a_trace(script):
    script.hears("what time is it", settled=True)
    (draft,) = script.all(DraftReply)
    script.ends("what time is it in paris")
    assert draft.turn.token.cancelled
    (request,) = script.all(GenerateReply)
    assert request.draft == 0
    assert request.messages[-1].text == "what time is it in paris"
    assert not script.conversation.current.token.cancelled, "only the draft was given up"
    assert all("paris" in e.record.transcript for e in script.all(SaveTurn))


def test_more_words_drop_the_draft_while_the_key_is_still_down(script):
    script.hears("what time is it", settled=True)
    (draft,) = script.all(DraftReply)
    script.hears("what time is it")
    assert not draft.turn.token.cancelled
    script.hears("what time is it in")
    assert draft.turn.token.cancelled
    script.hears("what time is it in paris", settled=True)
    assert script.all(DraftReply)[-1].messages[-1].text == "what time is it in paris"


def test_who_pauses_all_the_time_gets_few_drafts(script):
    for count in range(2, 10):
        script.hears(" ".join(["so"] * count), settled=True)
    assert len(script.all(DraftReply)) == DRAFTS_PER_TURN


@pytest.mark.parametrize("end", [DropListening(), StartListening()])
def test_a_turn_that_ends_takes_its_draft_with_it(script, end):
    script.hears("what time is it", settled=True)
    if isinstance(end, StartListening):
        script.ends("what time is it")  # and barge-in while it thinks
    script.play(end)
    assert script.all(DraftReply)[0].turn.token.cancelled


def test_only_the_drafts_first_clause_is_prepared_and_nothing_is_said(script):
    script.hears("what time is it", settled=True)
    (draft,) = script.all(DraftReply)
    script.play(ClauseDrafted(turn_id=script.turn_id, draft=draft.draft, text="It is noon."))
    script.play(ClauseDrafted(turn_id=script.turn_id, draft=draft.draft + 7, text="Old."))
    (prepare,) = script.all(PrepareClause)
    assert prepare.text == "It is noon."
    assert prepare.turn.token is draft.turn.token
    assert not script.all(SaveTurn)
    assert not script.all(ReplyDelta)


def test_words_that_were_sent_to_a_service_ahead_count_as_sent(script):
    turn_id = script.turn_id
    script.play(
        PrefillStarted(turn_id=turn_id, engine=OLLAMA),
        DraftStarted(turn_id=turn_id, draft=1, engine=GROQ),
    )
    script.ends("what time is it")
    script.is_answered()
    assert script.all(TurnEnded)[0].asked == (GROQ, OLLAMA)


def test_working_ahead_can_be_turned_off():
    script = Script(work_ahead=False)
    script.play(StartListening())
    script.hears("what time is it", stable="what time is it", settled=True)
    assert not script.all(PrefillPrompt)
    assert not script.all(DraftReply)


# --- whether drafts pay -------------------------------------------------------------------


def test_drafts_stop_when_they_are_only_guesses_and_are_tried_again_now_and_then():
    record = DraftRecord()
    for _ in range(ENOUGH):
        assert record.wants_one()
        record.dropped(tokens=5)
    assert not record.pays
    wants = [record.wants_one() for _ in range(2 * PROBE_EVERY)]
    assert sum(wants) == 2
    assert record.tokens_wasted == 5 * ENOUGH
    for _ in range(ENOUGH):
        record.kept(gained_ms=120.0)
    assert record.pays, "the speaker's habits changed"


def test_drafts_stop_when_a_miss_costs_more_than_a_hit_gains():
    record = DraftRecord()
    for _ in range(ENOUGH):
        record.first_token(100.0, after_a_miss=False)
    for _ in range(ENOUGH // 2):
        record.kept(gained_ms=50.0)
        record.dropped(tokens=3)
        record.first_token(900.0, after_a_miss=True)
    assert not record.pays


def test_the_conversation_counts_hits_and_stops_drafting_on_misses(script):
    for number in range(ENOUGH):
        script.hears(f"question {number}", settled=True)
        script.ends(f"question {number} and a half")
        draft = script.all(DraftReply)[-1].draft
        script.play(
            DraftEnded(turn_id=script.turn_id, draft=draft, kept=False, gained_ms=0.0, tokens=4)
        )
        script.is_answered()
        script.play(StartListening())
    script.hears("one more", settled=True)
    assert len(script.all(DraftReply)) == ENOUGH


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("What time is it?", "what time is it", True),
        ("Don't stop", "don’t stop.", True),
        ("it is 3.14", "it is 314", False),
        ("what time is it", "what time is it in paris", False),
        ("What is C", "what is C++", False),
        ("20", "20%", False),
        ("5 + 3", "5 - 3", False),
        ("It costs $5.", "It costs 5.", False),
        ("a well-known fact", "A well known fact!", True),
        ("at 10:30, please", "at 10:30 please", True),
        ("the boys' room", "the boys room", True),
        ("", "", True),
    ],
)
def test_the_same_words_in_another_dress(one, other, same):
    assert says_the_same(one, other) is same


def test_a_draft_that_ends_with_its_turn_is_counted(script):
    script.hears("what time is it", settled=True)
    (draft,) = script.all(DraftReply)
    turn_id = script.turn_id
    script.play(DropListening())
    script.play(
        PlaybackEnded(turn_id=turn_id, heard="", complete=False),
        DraftEnded(turn_id=turn_id, draft=draft.draft, kept=False, gained_ms=0.0, tokens=4),
    )
    record = script.conversation._ahead.record
    assert (record.misses, record.tokens_wasted) == (1, 4)
