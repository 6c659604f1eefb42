"""Events in, turns out: order kept, nothing lost, honest marks."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from app.core.events import (
    AskText,
    Event,
    FinalTranscript,
    Notice,
    Outcome,
    PartialTranscript,
    ReplyDelta,
    ReplyEnded,
    SentenceReady,
    StageFailed,
    TurnEnded,
    TurnSaved,
    TurnStarted,
)
from app.core.ports import Transcript
from app.ui.conversation_model import ConversationModel, Part
from tests.fakes import so_far
from tests.ui.demo import OLLAMA, SPOKEN_SPANS, WHISPER


@pytest.fixture
def model(qapp: QCoreApplication) -> ConversationModel:
    return ConversationModel()


def ended(turn: int, outcome: str = Outcome.REPLIED, reply: str = "", said: str = "hi") -> Event:
    return TurnEnded(
        turn_id=turn,
        outcome=outcome,
        transcript=said,
        reply=reply,
        heard=reply,
        language="en",
        spans=SPOKEN_SPANS,
        engines={"stt": WHISPER, "llm": OLLAMA},
    )


def put(model: ConversationModel, *events: Event) -> None:
    for event in events:
        model.handle(event)


def test_partials_settle_into_the_final_transcript(model: ConversationModel) -> None:
    put(
        model,
        TurnStarted(turn_id=1, source="voice"),
        PartialTranscript(turn_id=1, partial=so_far("what time")),
    )
    assert (model.entries[0].transcript, model.entries[0].transcript_final) == ("what time", False)
    put(
        model,
        FinalTranscript(turn_id=1, transcript=Transcript("What time is it?", "en")),
        PartialTranscript(turn_id=1, partial=so_far("a late one")),
    )
    assert model.entries[0].transcript == "What time is it?"
    assert model.entries[0].transcript_final


def test_deltas_are_collected_in_order_and_none_is_lost(
    model: ConversationModel, qtbot: QtBot
) -> None:
    told: list[int] = []
    put(model, TurnStarted(turn_id=1, source="voice"))
    model.changed.connect(lambda _index, parts: told.append(1) if Part.REPLY in parts else None)
    words = [f"w{number} " for number in range(2_000)]
    for word in words:
        model.handle(ReplyDelta(turn_id=1, text=word))
    assert model.entries[0].reply == words[0], "the first words are shown at once"
    qtbot.waitUntil(lambda: model.entries[0].reply == "".join(words))
    assert len(told) < 10


def test_two_turns_do_not_mix(model: ConversationModel) -> None:
    put(
        model,
        TurnStarted(turn_id=1, source="voice"),
        ReplyDelta(turn_id=1, text="a"),
        TurnStarted(turn_id=2, source="voice"),
        ReplyDelta(turn_id=1, text="b"),
        ReplyDelta(turn_id=2, text="c"),
    )
    model.flush()
    assert [entry.reply for entry in model.entries] == ["ab", "c"]


def test_the_ended_reply_is_what_counts(model: ConversationModel, qtbot: QtBot) -> None:
    put(model, TurnStarted(turn_id=1, source="voice"), ReplyDelta(turn_id=1, text="half a"))
    with qtbot.waitSignal(model.reply_finished):
        model.handle(ReplyEnded(turn_id=1, text="Another engine's whole answer.", clauses=1))
    model.flush()
    entry = model.entries[0]
    assert (entry.reply, entry.reply_done) == ("Another engine's whole answer.", True)


def test_a_typed_question_is_shown_with_its_turn(model: ConversationModel) -> None:
    model.asked("How far is the moon?")
    model.asked("And the sun?")
    put(
        model,
        AskText(text="How far is the moon?"),
        TurnStarted(turn_id=1, source="text"),
        TurnStarted(turn_id=2, source="text"),
    )
    assert [entry.transcript for entry in model.entries] == ["How far is the moon?", "And the sun?"]
    assert all(entry.transcript_final for entry in model.entries)


def test_a_question_asked_elsewhere_is_shown_too(model: ConversationModel) -> None:
    put(model, AskText(text="From the menu"), TurnStarted(turn_id=1, source="text"))
    assert model.entries[0].transcript == "From the menu"


def test_saved_is_said_only_when_the_whole_turn_is(model: ConversationModel) -> None:
    put(
        model,
        TurnStarted(turn_id=1, source="voice"),
        TurnSaved(turn_id=1, row_id=7, complete=False),
    )
    assert not model.entries[0].saved
    put(model, ended(1, reply="ok"), TurnSaved(turn_id=1, row_id=7, complete=True))
    assert model.entries[0].saved


def test_an_unheard_turn_says_so_until_the_next_one(model: ConversationModel) -> None:
    put(
        model,
        TurnStarted(turn_id=1, source="voice"),
        Notice(turn_id=1, title="I didn't catch that.", hint="Hold the key while you speak."),
        ended(1, Outcome.UNHEARD, said=""),
    )
    assert [remark.title for remark in model.entries[0].remarks] == ["I didn't catch that."]
    put(model, TurnStarted(turn_id=2, source="voice"))
    assert [entry.turn_id for entry in model.entries] == [2]
    put(model, PartialTranscript(turn_id=2, partial=so_far("again")))
    assert model.entries[0].transcript == "again"


def test_a_dropped_turn_leaves_nothing(model: ConversationModel) -> None:
    put(
        model,
        TurnStarted(turn_id=1, source="voice"),
        PartialTranscript(turn_id=1, partial=so_far("never mi")),
        ended(1, Outcome.UNHEARD, said=""),
    )
    assert model.entries == []


def test_failures_are_kept_with_their_turn(model: ConversationModel) -> None:
    put(
        model,
        TurnStarted(turn_id=1, source="voice"),
        StageFailed(
            turn_id=1,
            stage="llm",
            title="Ollama stopped.",
            hint="Ask again.",
            recovered_by="skills",
        ),
        StageFailed(turn_id=1, stage="tts", title="No voice.", hint="Read it."),
    )
    first, second = model.entries[0].remarks
    assert (first.level, second.level) == ("warn", "error")
    assert first.hint == "Built-in skills went on instead."
    assert second.hint == "Read it."


def test_a_timer_speaks_in_clauses(model: ConversationModel) -> None:
    put(
        model,
        TurnStarted(turn_id=1, source="timer"),
        SentenceReady(turn_id=1, index=0, text="Your tea timer is over."),
        ended(1, reply="Your tea timer is over.", said=""),
    )
    assert model.entries[0].reply == "Your tea timer is over."


def test_events_of_unknown_turns_are_let_through(model: ConversationModel) -> None:
    put(model, ReplyDelta(turn_id=9, text="x"), ReplyEnded(turn_id=9, text="x", clauses=1))
    model.flush()
    assert model.entries == []
