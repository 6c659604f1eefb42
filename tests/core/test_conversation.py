"""Scenarios: events in, commands out."""

from __future__ import annotations

import pytest

from app.core.events import (
    AskText,
    ChangePrompt,
    CloseUtterance,
    DropListening,
    EngineAnswered,
    FinalTranscript,
    FinishListening,
    FinishSpeech,
    GenerateReply,
    LoadStarted,
    Notice,
    OpenUtterance,
    Outcome,
    PlaybackStarted,
    ReopenUtterance,
    ReplyDelta,
    ReplyEnded,
    ResumeListening,
    SaveTurn,
    SentenceReady,
    SoundChime,
    SpeakClause,
    StageFailed,
    StageStarted,
    StartListening,
    State,
    StopReply,
    StopSpeech,
    TimerRang,
    TokensCounted,
    TurnEnded,
    TurnSaved,
    WarmUp,
)
from app.core.ports import Message, Stage, Transcript, Usage
from app.core.prompt import MODES, system_prompt
from tests.core.script import GROQ, OLLAMA, Script, utterance_ended


def test_a_spoken_turn_from_key_to_silence():
    script = Script()
    turn_id = script.speak("what is the capital of france")
    assert script.state == State.THINKING
    request = script.last(GenerateReply)
    assert request.messages == (
        Message("system", f"Be brief. {MODES['fast'].style}"),
        Message("user", "what is the capital of france"),
    )
    assert request.language == "en"

    script.answer("It is Paris.", " It lies on the Seine.")
    assert script.state == State.SPEAKING
    assert [clause.text for clause in script.all(SpeakClause)] == [
        "It is Paris.",
        " It lies on the Seine.",
    ]
    assert script.last(FinishSpeech).turn_id == turn_id

    script.heard("It is Paris. It lies on the Seine.")
    assert script.state == State.READY
    ended = script.last(TurnEnded)
    assert ended.outcome == Outcome.REPLIED
    assert ended.heard == "It is Paris. It lies on the Seine."
    assert ended.engines[Stage.LLM] == OLLAMA
    assert ended.spans["voice_to_voice"] == pytest.approx(1000.0)


def test_a_turn_that_was_slow_says_where_and_why():
    script = Script()
    script.play(LoadStarted(at=0.5, engine=OLLAMA))
    script.speak("what is the capital of france")
    script.answer("It is Paris.")
    script.heard("It is Paris.")
    ended = script.last(TurnEnded)
    assert ended.starts.keys() == ended.spans.keys()
    assert ended.starts["capture"] < 0 == ended.starts["voice_to_voice"]
    assert ended.slow_because
    record = script.last(SaveTurn).record
    assert (record.starts, record.slow_because) == (ended.starts, ended.slow_because)


def test_the_model_is_warmed_when_the_key_goes_down():
    script = Script()
    script.play(StartListening(at=0.0))
    assert script.last(WarmUp).reason == "key"
    assert script.last(OpenUtterance).at == 0.0


def test_the_transcript_is_saved_before_the_reply_and_the_turn_after_it():
    script = Script()
    script.speak("hello")
    early = script.last(SaveTurn).record
    assert (early.transcript, early.outcome, early.reply_heard) == ("hello", "", "")
    script.answer("Hi there.")
    script.heard("Hi there.")
    whole = script.last(SaveTurn).record
    assert (whole.transcript, whole.outcome, whole.reply_heard) == ("hello", "replied", "Hi there.")
    assert whole.turn_id == early.turn_id


def test_a_release_is_taken_back_when_the_key_was_never_up():
    script = Script()
    script.play(StartListening(at=0.0), FinishListening(at=0.5))
    assert script.last(CloseUtterance).released_at == 0.5
    assert script.state == State.FINISHING
    out = script.play(ResumeListening(at=0.501))
    assert any(isinstance(event, ReopenUtterance) for event in out)
    assert script.state == State.LISTENING


@pytest.mark.parametrize("verdict", ["too short", "silence", "muted", "no microphone"])
def test_what_is_no_speech_is_said_and_nothing_is_sent(verdict):
    script = Script()
    script.play(StartListening(at=0.0), FinishListening(at=0.1))
    script.play(utterance_ended(script.last(OpenUtterance).turn, verdict))
    assert script.state == State.READY
    assert script.last(Notice).title
    assert script.last(TurnEnded).outcome == Outcome.UNHEARD
    assert not script.all(GenerateReply)
    assert not script.all(SaveTurn)


def test_an_empty_transcript_is_not_answered():
    script = Script()
    script.speak("")
    assert script.last(Notice).title == "I didn't catch that."
    assert not script.all(GenerateReply)
    assert script.state == State.READY


def test_barge_in_during_the_second_sentence_keeps_only_what_was_heard():
    script = Script()
    first = script.speak("tell me about paris")
    script.answer("It is big.", " It is old.", " It is loud.")
    token = script.last(GenerateReply).turn.token

    script.play(StartListening(at=9.0))
    assert token.cancelled
    assert token.reason == "barge-in"
    assert script.last(StopSpeech).turn_id == first
    assert script.state == State.LISTENING

    script.heard("It is big. It", complete=False, turn_id=first)
    ended = script.last(TurnEnded)
    assert (ended.turn_id, ended.outcome) == (first, Outcome.INTERRUPTED)
    record = script.last(SaveTurn).record
    assert record.reply_heard == "It is big. It"
    assert record.reply_generated == "It is big. It is old. It is loud."

    second = script.last(OpenUtterance).turn
    script.play(
        FinishListening(at=10.0),
        utterance_ended(second),
        FinalTranscript(turn_id=second.id, transcript=Transcript("go on", "en")),
    )
    assert script.last(GenerateReply).messages[-2:] == (
        Message("assistant", "It is big. It"),
        Message("user", "go on"),
    )


def test_a_question_typed_over_a_reply_waits_for_what_was_heard():
    script = Script()
    first = script.speak("tell me about paris")
    script.answer("It is big.", " It is old.")
    script.play(AskText(text="stop, and london?"))
    assert len(script.all(GenerateReply)) == 1
    script.heard("It is big.", complete=False, turn_id=first)
    assert len(script.all(GenerateReply)) == 2
    assert script.last(GenerateReply).messages[1:] == (
        Message("user", "tell me about paris"),
        Message("assistant", "It is big."),
        Message("user", "stop, and london?"),
    )


def test_events_of_a_cancelled_turn_are_dropped():
    script = Script()
    old = script.speak("tell me a story")
    script.play(StopReply())
    assert script.state == State.READY
    for stale in (
        ReplyDelta(turn_id=old, text="Once"),
        SentenceReady(turn_id=old, index=0, text="Once upon a time."),
        ReplyEnded(turn_id=old, text="Once upon a time.", clauses=1),
        PlaybackStarted(turn_id=old, audible_at=3.0),
    ):
        assert script.play(stale) == []
    assert not script.all(SpeakClause)


def test_stop_while_thinking_ends_the_turn_with_nothing_heard():
    script = Script()
    turn_id = script.speak("tell me a story")
    script.play(StopReply())
    script.heard("", complete=False, turn_id=turn_id)
    assert script.last(TurnEnded).outcome == Outcome.INTERRUPTED
    assert script.last(SaveTurn).record.reply_heard == ""


def test_dropping_an_utterance_forgets_it():
    script = Script()
    script.play(StartListening(at=0.0), DropListening(at=0.5))
    turn = script.last(OpenUtterance).turn
    assert turn.token.reason == "dropped"
    script.heard("", complete=False, turn_id=turn.id)
    assert script.last(TurnEnded).outcome == Outcome.UNHEARD
    assert not script.all(SaveTurn)
    assert script.state == State.READY


def test_a_reply_that_broke_off_is_spoken_as_far_as_it_came_and_marked():
    script = Script()
    turn_id = script.speak("tell me a story")
    script.play(
        ReplyDelta(turn_id=turn_id, text="Once upon"),
        SentenceReady(turn_id=turn_id, index=0, text="Once upon"),
        StageFailed(turn_id=turn_id, stage="llm", title="Ollama stopped.", hint="Ask again."),
        ReplyEnded(turn_id=turn_id, text="Once upon", clauses=1, complete=False),
    )
    script.heard("Once upon")
    assert script.last(TurnEnded).outcome == Outcome.FAILED
    assert script.state == State.READY


def test_speech_that_no_engine_can_transcribe_ends_the_turn():
    script = Script()
    script.play(StartListening(at=0.0), FinishListening(at=1.0))
    turn = script.last(OpenUtterance).turn
    script.play(
        utterance_ended(turn),
        StageFailed(turn_id=turn.id, stage=Stage.STT, title="It broke.", hint=""),
    )
    assert script.last(TurnEnded).outcome == Outcome.FAILED
    assert script.state == State.READY


def test_a_typed_question_is_answered_like_a_spoken_one():
    script = Script()
    script.play(AskText(text="  what time is it?  "))
    assert script.last(GenerateReply).messages[-1] == Message("user", "what time is it?")
    assert script.last(GenerateReply).turn.source == "text"


def test_pasted_megabytes_are_cut_to_what_the_model_reads_and_the_user_is_told():
    script = Script()
    script.play(AskText(text="some words " * 300_000))
    sent = script.last(GenerateReply).messages[-1].text
    assert 2_000 < len(sent) < 20_000
    notices = script.all(Notice)
    assert [notice.title for notice in notices] == [
        f"Only the first {len(sent):,} characters were sent."
    ]
    assert script.last(SaveTurn).record.transcript == sent


def test_blank_text_is_no_turn():
    script = Script()
    script.play(AskText(text="  \n "))
    assert script.state == State.READY
    assert not script.all(GenerateReply)


def test_the_model_is_shown_only_the_latest_turns():
    script = Script(history_turns=4)
    for number in range(5):
        script.speak(f"question {number}")
        script.answer(f"answer {number}")
        script.heard(f"answer {number}")
    script.speak("last")
    questions = [m.text for m in script.last(GenerateReply).messages if m.role == "user"]
    assert questions == ["question 3", "question 4", "last"]


def exchange(script: Script, number: int) -> None:
    script.speak(f"question {number}")
    script.answer(f"answer {number}")
    script.heard(f"answer {number}")


def test_the_users_own_limit_is_told_when_it_first_tells_and_once():
    script = Script(history_turns=4)
    for number in range(5):
        exchange(script, number)
    assert not script.all(Notice), "all of them were shown until now"
    script.speak("question 5")
    notice = script.last(Notice)
    assert notice.title == "The oldest 3 turns are no longer shown to the model."
    assert "at most 4 earlier turns" in notice.hint
    assert (notice.level, notice.turn_id) == ("info", script.last(GenerateReply).turn_id)
    script.answer("answer 5")
    script.heard("answer 5")
    for number in range(6, 20):
        exchange(script, number)
    assert len(script.all(Notice)) == 1


def test_a_changed_limit_acts_at_the_next_question_and_is_told():
    script = Script(history_turns=8)
    for number in range(6):
        exchange(script, number)
    before = len(script.all(GenerateReply))
    script.play(prompt_change(history_turns=0))
    assert len(script.all(GenerateReply)) == before
    assert not script.all(Notice)
    script.speak("what now")
    roles = [message.role for message in script.last(GenerateReply).messages]
    assert roles == ["system", "user"]
    notice = script.last(Notice)
    assert notice.title == "The oldest 6 turns are no longer shown to the model."
    assert "no earlier turn." in notice.hint


def test_a_changed_persona_and_mode_are_in_the_next_prompt_and_nowhere_else():
    script = Script()
    exchange(script, 0)
    script.speak("what is it")
    asked = script.last(GenerateReply).messages
    script.play(prompt_change(persona="Speak like a pirate.", mode="rich"))
    assert script.last(GenerateReply).messages == asked, "the question that is out stays as it is"
    script.answer("Yes.")
    script.heard("Yes.")
    script.speak("and now")
    system, *rest = script.last(GenerateReply).messages
    assert system.text == system_prompt("Speak like a pirate.", "rich")
    assert tuple(rest[: len(asked) - 1]) == asked[1:], "the conversation is kept"
    assert not any("pirate" in message.text for message in rest)
    assert not script.all(Notice)


def prompt_change(**options) -> ChangePrompt:
    plain = {"persona": "Be brief.", "mode": "fast", "history_turns": 4, "context_tokens": 4096}
    return ChangePrompt(**{**plain, **options})


def test_turns_that_no_longer_fit_are_left_out_and_the_user_is_told():
    script = Script(history_turns=100, context_tokens=600)
    while not script.all(Notice):
        script.speak("tell me a little more about the city of paris")
        script.answer("It is a large and an old city on the river Seine.")
        script.heard("It is a large and an old city on the river Seine.")
        assert len(script.all(GenerateReply)) < 50
    notice = script.last(Notice)
    assert "turns no longer fit" in notice.title
    assert notice.turn_id == script.last(GenerateReply).turn_id
    asked = [len(request.messages) for request in script.all(GenerateReply)]
    assert asked[-1] < asked[-2]


def test_what_the_model_counts_changes_how_much_it_is_shown():
    def turns_shown(counted_for_each: float) -> int:
        script = Script(history_turns=1000, context_tokens=2000)
        for _ in range(60):
            turn_id = script.speak("tell me a little more about the city of paris")
            shown = script.last(GenerateReply).messages
            tokens = int(sum(len(m.text) for m in shown) * counted_for_each)
            script.play(TokensCounted(turn_id=turn_id, usage=Usage(tokens, 10)))
            script.answer("It is a large and an old city.")
            script.heard("It is a large and an old city.")
        return max(len(request.messages) for request in script.all(GenerateReply))

    assert turns_shown(0.3) > turns_shown(1.0)


def test_a_timer_rings_at_once_when_nobody_speaks():
    script = Script()
    script.play(TimerRang(label="tea", announcement="Your tea timer is done."))
    assert script.all(SoundChime)
    assert script.last(SpeakClause).text == "Your tea timer is done."


def test_a_timer_waits_for_the_end_of_a_reply():
    script = Script()
    script.speak("hello")
    script.answer("Hi.")
    script.play(TimerRang(label="tea", announcement="Your tea timer is done."))
    assert not script.all(SoundChime)
    script.heard("Hi.")
    assert script.all(SoundChime)
    assert script.last(SpeakClause).text == "Your tea timer is done."


def test_a_timer_does_not_ring_into_an_open_microphone():
    script = Script()
    script.play(StartListening(at=0.0))
    script.play(TimerRang(label="tea", announcement="Your tea timer is done."))
    assert not script.all(SoundChime)
    script.play(FinishListening(at=0.1))
    script.play(utterance_ended(script.last(OpenUtterance).turn, "too short"))
    assert script.all(SoundChime)


def test_a_second_key_press_while_listening_is_the_same_utterance():
    script = Script()
    script.play(StartListening(at=0.0), StartListening(at=0.1))
    assert len(script.all(OpenUtterance)) == 1


def test_a_slip_of_the_finger_does_not_cost_the_words():
    script = Script()
    script.play(StartListening(at=0.0), FinishListening(at=3.0))
    turn = script.conversation.current
    out = script.play(StartListening(at=3.06))
    assert any(isinstance(event, ReopenUtterance) for event in out)
    assert turn == script.conversation.current
    assert not turn.token.cancelled
    assert script.state == State.LISTENING


PRESSED_AGAIN = StartListening(at=1.06)
NEVER_LET_GO = ResumeListening(at=1.06)


@pytest.mark.parametrize(
    ("came_back", "verdict", "ended_first"),
    [
        *((PRESSED_AGAIN, verdict, False) for verdict in ("speech", "silence", "too short")),
        *((NEVER_LET_GO, verdict, False) for verdict in ("speech", "silence", "too short")),
        (NEVER_LET_GO, "speech", True),
    ],
)
def test_a_key_that_came_back_too_late_takes_up_both_halves(came_back, verdict, ended_first):
    script = Script()
    script.play(StartListening(at=0.5), FinishListening(at=1.0))
    first = script.conversation.current
    events = (utterance_ended(first, verdict=verdict), came_back)
    script.play(*(events if ended_first else reversed(events)))
    second = script.conversation.current
    assert first.token.cancelled
    assert second.id != first.id
    assert (script.state, script.last(OpenUtterance).at) == (State.LISTENING, 0.5)
    assert not script.all(Notice), "the user is speaking"
    script.play(FinishListening(at=4.0))
    assert script.last(CloseUtterance).turn_id == second.id


def test_a_key_that_came_back_in_time_closes_the_same_recording_later():
    script = Script()
    script.play(StartListening(at=0.0), FinishListening(at=0.5), StartListening(at=0.56))
    first = script.conversation.current
    script.play(FinishListening(at=1.0), utterance_ended(first))
    assert script.conversation.current is first


def test_an_interrupted_timer_leaves_a_trace():
    script = Script()
    script.play(TimerRang(label="tea", announcement="Your tea timer is done."))
    turn_id = script.conversation.current.id
    script.play(StartListening(at=1.0))
    assert script.last(OpenUtterance).over_speech is False, "it had not begun to speak"
    script.heard("", complete=False, turn_id=turn_id)
    assert script.last(TurnEnded).outcome == Outcome.INTERRUPTED


def test_a_barge_in_says_that_parley_was_speaking():
    script = Script()
    script.speak("hello")
    script.answer("Hi.")
    script.play(StartListening(at=5.0))
    assert script.last(OpenUtterance).over_speech


def test_a_turn_saved_late_is_still_shown_as_saved():
    script = Script()
    turn_id = script.speak("hello")
    script.answer("Hi.")
    script.heard("Hi.")
    assert script.play(TurnSaved(turn_id=turn_id, row_id=1, complete=True))


def test_language_of_the_utterance_reaches_model_and_voice():
    script = Script()
    script.play(StartListening(at=0.0), FinishListening(at=1.0))
    turn = script.last(OpenUtterance).turn
    script.play(
        utterance_ended(turn),
        FinalTranscript(turn_id=turn.id, transcript=Transcript("quelle heure est-il", "fr")),
    )
    assert script.last(GenerateReply).language == "fr"
    script.answer("Il est midi.")
    assert script.last(SpeakClause).language == "fr"
    assert script.last(SaveTurn).record.language == "fr"


@pytest.mark.parametrize(("probability", "note"), [(0.9, "(Answer in French.)"), (0.2, "")])
def test_a_question_in_another_language_asks_for_its_answer_in_that_one(probability, note):
    script = Script()
    script.play(StartListening(at=0.0), FinishListening(at=1.0))
    turn = script.last(OpenUtterance).turn
    heard = Transcript("quelle heure est-il", "fr", probability)
    script.play(utterance_ended(turn), FinalTranscript(turn_id=turn.id, transcript=heard))
    assert script.last(GenerateReply).messages[-1] == Message("user", "quelle heure est-il", note)
    assert script.last(SaveTurn).record.transcript == "quelle heure est-il"


def test_a_typed_question_is_not_taken_for_the_language_spoken_before():
    script = Script()
    script.play(StartListening(at=0.0), FinishListening(at=1.0))
    turn = script.last(OpenUtterance).turn
    heard = Transcript("quelle heure est-il", "fr")
    script.play(utterance_ended(turn), FinalTranscript(turn_id=turn.id, transcript=heard))
    script.answer("Il est midi.")
    script.heard("Il est midi.")
    script.play(AskText(text="and in London?"))
    assert script.last(GenerateReply).messages[-1].note == ""


# --- who answered -------------------------------------------------------------------------


def test_a_reply_of_two_models_names_both_and_why():
    script = Script()
    turn_id = script.speak("where is paris")
    script.play(
        StageStarted(turn_id=turn_id, stage=Stage.LLM, engine=OLLAMA),
        EngineAnswered(turn_id=turn_id, engine=OLLAMA),
        ReplyDelta(turn_id=turn_id, text="It is in Fra"),
        StageStarted(turn_id=turn_id, stage=Stage.LLM, engine=GROQ),
        EngineAnswered(turn_id=turn_id, engine=GROQ, why="Ollama stopped."),
        ReplyDelta(turn_id=turn_id, text="Europe.", takes_back=3),
        SentenceReady(turn_id=turn_id, index=0, text="It is in Europe."),
    )
    script.play(StopReply())
    script.heard("It is in")
    for said in (script.last(TurnEnded), script.last(SaveTurn).record):
        assert said.answered_by == said.asked == (OLLAMA, GROQ)
        assert said.why_not_first == "Ollama stopped."
        assert said.engines[Stage.LLM] == GROQ
    assert script.last(TurnEnded).reply == "It is in Europe."


def test_who_was_asked_in_vain_is_kept_and_is_not_who_answered():
    script = Script()
    turn_id = script.speak("where is paris")
    script.play(
        StageStarted(turn_id=turn_id, stage=Stage.LLM, engine=OLLAMA),
        StageStarted(turn_id=turn_id, stage=Stage.LLM, engine=GROQ),
        EngineAnswered(turn_id=turn_id, engine=OLLAMA),
        ReplyDelta(turn_id=turn_id, text="In France."),
        ReplyEnded(turn_id=turn_id, text="In France.", clauses=0),
    )
    script.heard("In France.")
    ended = script.last(TurnEnded)
    assert (ended.asked, ended.answered_by) == ((OLLAMA, GROQ), (OLLAMA,))
    assert ended.engines[Stage.LLM] == OLLAMA
    assert ended.why_not_first == ""
