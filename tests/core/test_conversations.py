"""Old conversations, new and private ones; questions asked again, replies heard again."""

from __future__ import annotations

from dataclasses import replace

from app.core.events import (
    AskAgain,
    AskText,
    ChangePrompt,
    GenerateReply,
    Outcome,
    PlaybackEnded,
    PlaybackStarted,
    SaveTurn,
    SayAgain,
    SentenceReady,
    SpeakClause,
    State,
    StopReply,
    StopSpeech,
    TimerRang,
    TurnEnded,
    TurnStarted,
)
from app.core.history_events import (
    ConversationBegun,
    ConversationOpened,
    ForgetTurn,
    NewConversation,
)
from app.core.ports import TurnRecord
from tests.core.script import Script


def shown(script: Script) -> list[str]:
    """What the model was shown last, without the system prompt."""
    return [message.text for message in script.last(GenerateReply).messages[1:]]


def exchange(script: Script, question: str, answer: str) -> int:
    script.play(AskText(text=question))
    script.answer(answer)
    script.heard(answer)
    return script.last(TurnEnded).turn_id


def old_turn(row: int, question: str, answer: str, heard: str | None = None) -> TurnRecord:
    return TurnRecord(
        turn_id=-row,
        started_at=500.0,
        source="voice",
        transcript=question,
        language="en",
        reply_generated=answer,
        reply_heard=answer if heard is None else heard,
        outcome=Outcome.REPLIED,
    )


# --- new conversations ----------------------------------------------------------------------


def test_a_new_conversation_shows_the_model_nothing_of_the_one_before():
    script = Script()
    exchange(script, "who was Bach", "A composer.")
    (begun,) = [e for e in script.play(NewConversation()) if isinstance(e, ConversationBegun)]
    assert (begun.conversation, begun.session_id, begun.private, begun.turns) == (1, 0, False, ())
    script.play(AskText(text="when was he born"))
    assert shown(script) == ["when was he born"]
    assert script.last(SaveTurn).record.conversation == 1


def test_a_reply_that_runs_is_stopped_and_is_kept_in_the_conversation_it_belongs_to():
    script = Script()
    script.play(AskText(text="who was Bach"))
    first = script.last(GenerateReply).turn_id
    script.answer("A composer.")
    script.play(NewConversation())
    assert script.state == State.READY
    assert script.last(StopSpeech).turn_id == first
    script.heard("A comp", complete=False, turn_id=first)
    saved = script.last(SaveTurn).record
    assert (saved.turn_id, saved.conversation, saved.outcome) == (first, 0, Outcome.INTERRUPTED)
    script.play(AskText(text="hello"))
    assert shown(script) == ["hello"]  # what was heard late is not of this conversation


def test_a_private_conversation_marks_every_turn_until_the_next_one_begins():
    script = Script()
    script.play(NewConversation(private=True))
    assert script.last(ConversationBegun).private
    exchange(script, "a secret", "Yes.")
    assert all(save.record.private for save in script.all(SaveTurn))
    script.play(NewConversation())
    exchange(script, "no secret", "No.")
    assert not script.last(SaveTurn).record.private


def test_an_old_conversation_goes_on_with_what_was_heard_in_it():
    script = Script()
    exchange(script, "what is two and two", "Four.")
    turns = (
        old_turn(7, "who was Bach", "A composer. He wrote fugues.", heard="A composer."),
        old_turn(8, "", "Your timer is over."),
    )
    opened = ConversationOpened(session_id=3, title="Bach", turns=turns, shown=-7)
    out = script.play(opened)
    (begun,) = [event for event in out if isinstance(event, ConversationBegun)]
    assert (begun.session_id, begun.title, begun.turns, begun.shown) == (3, "Bach", turns, -7)
    script.play(AskText(text="when was he born"))
    assert shown(script) == ["who was Bach", "A composer.", "when was he born"]
    assert script.last(SaveTurn).record.conversation == begun.conversation


# --- asked again ----------------------------------------------------------------------------


def test_the_last_question_asked_again_takes_the_place_of_its_first_answer():
    script = Script()
    exchange(script, "hello", "Good day.")
    last = exchange(script, "who was Bach", "A baker.")
    script.play(AskAgain(turn_id=last, text="who was Bach"))
    assert script.last(TurnStarted).replaces == last
    assert shown(script) == ["hello", "Good day.", "who was Bach"]
    script.answer("A composer.")
    script.heard("A composer.")
    script.play(AskText(text="when was he born"))
    assert shown(script)[2:] == ["who was Bach", "A composer.", "when was he born"]


def test_an_earlier_question_asked_again_is_a_new_one_and_loses_nothing():
    script = Script()
    first = exchange(script, "who was Bach", "A composer.")
    exchange(script, "and Mozart", "Another.")
    script.play(AskAgain(turn_id=first, text="who was J. S. Bach"))
    assert script.last(TurnStarted).replaces == 0
    assert shown(script) == [
        "who was Bach",
        "A composer.",
        "and Mozart",
        "Another.",
        "who was J. S. Bach",
    ]


def test_an_answer_that_is_still_spoken_can_be_replaced_and_is_not_shown_to_the_model():
    script = Script()
    script.play(AskText(text="who was Bach"))
    first = script.last(GenerateReply).turn_id
    script.answer("A baker.")
    script.play(AskAgain(turn_id=first, text="who was the composer Bach"))
    assert script.last(TurnStarted).replaces == first
    script.heard("A ba", complete=False, turn_id=first)
    assert shown(script) == ["who was the composer Bach"]


def test_the_last_question_of_an_old_conversation_can_be_asked_again():
    script = Script()
    turns = (old_turn(7, "hello", "Good day."), old_turn(9, "who was Bach", "A baker."))
    script.play(ConversationOpened(session_id=3, title="Bach", turns=turns))
    script.play(AskAgain(turn_id=-9, text="who was Bach"))
    assert script.last(TurnStarted).replaces == -9
    assert shown(script) == ["hello", "Good day.", "who was Bach"]


def test_nothing_is_asked_again_without_words():
    script = Script()
    last = exchange(script, "hello", "Good day.")
    assert not [e for e in script.play(AskAgain(turn_id=last, text=" ")) if e.turn_id != last]


# --- heard again ----------------------------------------------------------------------------


def test_a_reply_is_heard_again_without_a_trace():
    script = Script()
    old = exchange(script, "who was Bach", "A composer. He wrote fugues.")
    saves, asked = len(script.all(SaveTurn)), len(script.all(GenerateReply))
    script.play(SayAgain(turn_id=old, text="A composer. He wrote fugues.", language="en"))
    again = script.last(TurnStarted)
    assert (again.source, script.state) == ("again", State.THINKING)
    said = [clause for clause in script.all(SpeakClause) if clause.turn_id == again.turn_id]
    assert "".join(clause.text for clause in said) == "A composer. He wrote fugues."
    script.play(PlaybackStarted(turn_id=again.turn_id, audible_at=3.0))
    assert script.state == State.SPEAKING
    script.heard("A composer. He wrote fugues.", turn_id=again.turn_id)
    assert script.state == State.READY
    assert script.last(TurnEnded).turn_id == again.turn_id
    assert (len(script.all(SaveTurn)), len(script.all(GenerateReply))) == (saves, asked)
    script.play(AskText(text="when"))
    assert shown(script) == ["who was Bach", "A composer. He wrote fugues.", "when"]


def test_hearing_again_can_be_stopped_and_replaces_a_reply_that_runs():
    script = Script()
    old = exchange(script, "who was Bach", "A composer.")
    script.play(AskText(text="and Mozart"))
    running = script.last(GenerateReply).turn_id
    script.play(SayAgain(turn_id=old, text="A composer.", language="en"))
    assert script.last(StopSpeech).turn_id == running
    again = script.last(SpeakClause).turn.token
    script.play(StopReply())
    assert again.cancelled
    assert script.state == State.READY


def test_there_is_nothing_to_hear_in_an_empty_reply():
    script = Script()
    out = script.play(SayAgain(text="  ", language="en"))
    assert not [event for event in out if isinstance(event, TurnStarted | SentenceReady)]
    script.play(PlaybackEnded(turn_id=1, heard="", complete=True))
    assert script.state == State.READY


# --- private words, and words taken back ----------------------------------------------------


def test_a_timer_set_in_private_rings_in_private_whatever_is_talked_about_then():
    script = Script()
    script.play(NewConversation())
    script.play(TimerRang(label="tea", announcement="Your lawyer timer is up.", private=True))
    script.heard("Your lawyer timer is up.", turn_id=script.last(TurnStarted).turn_id)
    assert script.last(SaveTurn).record.private
    script.play(TimerRang(label="tea", announcement="Your tea timer is up."))
    script.heard("Your tea timer is up.", turn_id=script.last(TurnStarted).turn_id)
    assert not script.last(SaveTurn).record.private


def test_a_question_that_was_changed_is_not_kept():
    script = Script()
    last = exchange(script, "my PIN is 1234", "Do not tell me.")
    script.play(AskAgain(turn_id=last, text="what is a PIN"))
    forgotten = script.last(ForgetTurn)
    assert (forgotten.turn_id, forgotten.conversation) == (last, 0)


def test_a_question_that_was_changed_while_it_was_answered_is_not_kept_either():
    script = Script()
    script.play(AskText(text="my PIN is 1234"))
    first = script.last(GenerateReply).turn_id
    script.answer("Do not")
    script.play(AskAgain(turn_id=first, text="what is a PIN"))
    assert script.last(ForgetTurn).turn_id == first
    saves = len([each for each in script.all(SaveTurn) if each.turn_id == first])
    script.heard("Do", complete=False, turn_id=first)
    assert len([each for each in script.all(SaveTurn) if each.turn_id == first]) == saves


def test_an_old_conversation_goes_on_in_its_language():
    script = Script()
    turn = replace(old_turn(7, "bonjour", "Bonjour."), language="fr")
    script.play(ConversationOpened(session_id=3, title="", turns=(turn,)))
    script.play(AskText(text="quelle heure est-il"))
    assert script.last(GenerateReply).language == "fr"


def test_the_language_that_was_chosen_is_that_of_the_next_question():
    script = Script()
    change = ChangePrompt(
        persona="", mode="fast", history_turns=4, context_tokens=4096, language="fr"
    )
    script.play(change, AskText(text="quelle heure est-il"))
    assert script.last(GenerateReply).language == "fr"
    script.answer("Midi.")
    script.heard("Midi.")
    script.speak("what time is it")  # heard as English
    script.answer("Noon.")
    script.heard("Noon.")
    script.play(change, AskText(text="and now"))  # another setting changed, not this one
    assert script.last(GenerateReply).language == "en"
