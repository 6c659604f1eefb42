"""Events in, turns out: order kept, nothing lost, honest marks."""

from __future__ import annotations

import gc

import pytest
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from app.core.events import (
    AskAgain,
    AskText,
    Event,
    FinalTranscript,
    Notice,
    Outcome,
    PartialTranscript,
    ReplyDelta,
    ReplyEnded,
    SayAgain,
    SentenceReady,
    StageFailed,
    TurnEnded,
    TurnSaved,
    TurnStarted,
    UtteranceStarted,
)
from app.core.history_events import ConversationBegun
from app.core.ports import Partial, Stage, Transcript, TurnRecord
from app.core.turn import Turn
from app.ui.conversation.model import OLD_TURNS_AT_ONCE, ConversationModel
from app.ui.conversation.turn_entry import Part
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
    assert first.hint == "Ask again."
    assert second.hint == "Read it."


def test_who_went_on_is_said_where_the_question_was_answered(model: ConversationModel) -> None:
    put(
        model,
        TurnStarted(turn_id=1, source="voice"),
        StageFailed(
            turn_id=1, stage="llm", title="Ollama stopped.", hint="Ask again.", recovered_by="groq"
        ),
    )
    (remark,) = model.entries[0].remarks
    assert (remark.level, remark.hint) == ("warn", "Groq went on instead.")


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


# --- asked and read again -------------------------------------------------------------------


def test_a_question_asked_again_takes_the_place_of_the_last(model: ConversationModel) -> None:
    put(
        model,
        TurnStarted(turn_id=1, source="voice"),
        ended(1, reply="One."),
        TurnStarted(turn_id=2, source="voice"),
        ended(2, reply="Two."),
        AskAgain(turn_id=2, text="And now?"),
        TurnStarted(turn_id=3, source="text", replaces=2),
        ended(2, Outcome.INTERRUPTED, reply="Two."),
    )
    assert [(entry.turn_id, entry.transcript) for entry in model.entries] == [
        (1, "hi"),
        (3, "And now?"),
    ]


def test_an_older_question_asked_again_comes_last(model: ConversationModel) -> None:
    put(
        model,
        TurnStarted(turn_id=1, source="voice"),
        ended(1, reply="One."),
        AskAgain(turn_id=1, text="hi"),
        TurnStarted(turn_id=2, source="text"),
    )
    assert [entry.turn_id for entry in model.entries] == [1, 2]


def test_a_reading_is_no_turn_and_marks_the_one_it_reads(model: ConversationModel) -> None:
    put(model, TurnStarted(turn_id=1, source="voice"), ended(1, reply="One."))
    put(
        model,
        SayAgain(turn_id=1, text="One.", language="en"),
        TurnStarted(turn_id=2, source="again"),
        SentenceReady(turn_id=2, index=0, text="One."),
    )
    assert [entry.read_aloud for entry in model.entries] == [True]
    # Once more before the first reading has ended.
    put(model, SayAgain(turn_id=1, text="One.", language="en"))
    put(model, TurnStarted(turn_id=3, source="again"), ended(2, Outcome.INTERRUPTED))
    assert model.entries[0].read_aloud
    put(model, ended(3, said=""))
    assert not model.entries[0].read_aloud
    assert model.entries[0].reply == "One."


def test_the_language_of_a_reply_is_known(model: ConversationModel) -> None:
    put(
        model,
        TurnStarted(turn_id=1, source="voice"),
        FinalTranscript(turn_id=1, transcript=Transcript("Quelle heure est-il ?", "fr")),
    )
    assert model.entries[0].language == "fr"
    put(model, ended(1, reply="It is four."))
    assert model.entries[0].language == "en"


def test_stable_words_are_known_as_such(model: ConversationModel) -> None:
    put(
        model,
        TurnStarted(turn_id=1, source="voice"),
        PartialTranscript(
            turn_id=1, partial=Partial(Transcript("what time is", "en"), stable="what time")
        ),
    )
    assert model.entries[0].stable == len("what time")


# --- other conversations --------------------------------------------------------------------

DAY = 86_400.0
NOON = 1_700_049_600.0
"""12:00 UTC."""


def old_turns(count: int) -> tuple[TurnRecord, ...]:
    return tuple(
        TurnRecord(
            turn_id=-number,
            started_at=NOON + number * DAY / 2,
            source="text",
            transcript=f"Question {number}",
            language="fr",
            reply_generated=f"Answer {number}",
            outcome=Outcome.REPLIED,
            engines={Stage.LLM.value: OLLAMA},
            answered_by=(OLLAMA,),
            spans=SPOKEN_SPANS,
        )
        for number in range(1, count + 1)
    )


def test_an_old_conversation_is_shown_as_it_was(model: ConversationModel, qtbot: QtBot) -> None:
    put(model, TurnStarted(turn_id=1, source="voice"), ended(1, reply="Gone."))
    with qtbot.waitSignal(model.reset) as caught:
        model.handle(ConversationBegun(conversation=1, session_id=4, turns=old_turns(3), shown=-2))
    assert caught.args == [-2]
    entry = model.entries[1]
    assert (entry.turn_id, entry.transcript, entry.reply) == (-2, "Question 2", "Answer 2")
    assert (entry.outcome, entry.reply_done, entry.saved) == (Outcome.REPLIED, True, True)
    assert (entry.language, entry.answered_by, entry.first_sound_ms) == ("fr", [OLLAMA], 352.0)
    assert model.index_of(-3) == 2
    put(model, TurnStarted(turn_id=2, source="voice"))
    assert [entry.turn_id for entry in model.entries] == [-1, -2, -3, 2]


def test_a_new_day_is_told(qapp: QCoreApplication) -> None:
    model = ConversationModel(wall_clock=lambda: NOON + 40 * DAY)
    model.handle(ConversationBegun(conversation=1, turns=old_turns(4)))
    put(model, TurnStarted(turn_id=1, source="text"), TurnStarted(turn_id=2, source="text"))
    days = [entry.begins_day for entry in model.entries]
    assert days[0], "the first says of which day it is"
    assert days[1:4].count(True) in (1, 2), "wherever midnight is here"
    assert days[4:] == [True, False]


def test_a_conversation_that_is_new_says_nothing_of_its_day(model: ConversationModel) -> None:
    put(model, TurnStarted(turn_id=1, source="text"))
    assert not model.entries[0].begins_day


def test_a_turn_that_a_crash_cut_short_does_not_run_for_ever(model: ConversationModel) -> None:
    cut = TurnRecord(
        turn_id=-1, started_at=NOON, source="voice", transcript="Question", language="en"
    )
    model.handle(ConversationBegun(conversation=1, turns=(cut,)))
    assert model.entries[0].outcome == Outcome.INTERRUPTED


def test_a_private_conversation_is_known_as_such(model: ConversationModel) -> None:
    model.handle(ConversationBegun(conversation=1, private=True))
    assert model.private
    assert len(model) == 0
    model.handle(ConversationBegun(conversation=2))
    assert not model.private


def test_a_long_one_is_taken_over_in_pieces_and_nothing_is_lost(
    model: ConversationModel, qtbot: QtBot
) -> None:
    put(model, TurnStarted(turn_id=1, source="voice"), ended(1, reply="Before."))
    count = 5 * OLD_TURNS_AT_ONCE
    resets: list[int] = []
    model.reset.connect(resets.append)
    model.handle(ConversationBegun(conversation=1, turns=old_turns(count)))
    assert [entry.reply for entry in model.entries] == ["Before."], "shown until all is there"
    model.asked("Meanwhile?")
    put(
        model,
        AskText(text="Meanwhile?"),
        TurnStarted(turn_id=2, source="text"),
        ReplyDelta(turn_id=2, text="Yes"),
        ended(2, reply="Yes.", said="Meanwhile?"),
    )
    qtbot.waitUntil(lambda: len(model) == count + 1)
    assert resets == [0]
    assert (model.entries[-1].transcript, model.entries[-1].reply) == ("Meanwhile?", "Yes.")
    assert model.index_of(-count) == count - 1


def test_a_long_one_is_spared_by_the_garbage_collector_while_it_is_shown(
    model: ConversationModel, qtbot: QtBot
) -> None:
    count = 2 * OLD_TURNS_AT_ONCE
    model.handle(ConversationBegun(conversation=1, turns=old_turns(count)))
    qtbot.waitUntil(lambda: len(model) == count)
    assert gc.get_freeze_count() > count
    model.handle(ConversationBegun(conversation=2))
    assert gc.get_freeze_count() == 0


def test_only_the_last_of_two_conversations_is_opened(
    model: ConversationModel, qtbot: QtBot
) -> None:
    model.handle(ConversationBegun(conversation=1, turns=old_turns(3 * OLD_TURNS_AT_ONCE)))
    put(model, TurnStarted(turn_id=1, source="voice"))
    with qtbot.waitSignal(model.reset):
        model.handle(ConversationBegun(conversation=2, turns=old_turns(2)))
    qtbot.wait(20)
    assert [entry.turn_id for entry in model.entries] == [-1, -2]


def test_a_microphone_check_is_no_turn(qtbot):
    model = ConversationModel()
    check = Turn(7, "check")
    model.handle(TurnStarted(turn_id=7, source="check"))
    model.handle(UtteranceStarted(turn_id=7, turn=check, microphone="Desk"))
    heard = Partial(Transcript("hello", "en"))
    model.handle(PartialTranscript(turn_id=7, partial=heard))
    assert len(model) == 0
