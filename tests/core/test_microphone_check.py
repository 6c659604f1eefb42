"""Trying the microphone: the words come back, and nothing else happens."""

from __future__ import annotations

import pytest

from app.core.events import (
    CloseUtterance,
    FinalTranscript,
    GenerateReply,
    Notice,
    OpenUtterance,
    PartialTranscript,
    PrefillPrompt,
    SaveTurn,
    StageFailed,
    StartListening,
    State,
    StopReply,
    TurnEnded,
    TurnStarted,
    WarmUp,
)
from app.core.model_events import BeginMicrophoneCheck, EndMicrophoneCheck, MicrophoneChecked
from app.core.ports import Partial, Stage, Transcript
from tests.core.script import Script, utterance_ended


def begin(script: Script) -> int:
    script.play(BeginMicrophoneCheck())
    return script.last(OpenUtterance).turn_id


def heard(script: Script, text: str) -> MicrophoneChecked:
    turn = script.last(OpenUtterance).turn
    script.play(EndMicrophoneCheck())
    assert script.last(CloseUtterance).turn_id == turn.id
    script.play(
        utterance_ended(turn),
        FinalTranscript(turn_id=turn.id, transcript=Transcript(text, "en")),
    )
    return script.last(MicrophoneChecked)


def test_the_words_come_back_and_nobody_answers():
    script = Script()
    turn_id = begin(script)
    assert (script.state, script.last(TurnStarted).source) == (State.LISTENING, "check")
    words = Partial(Transcript("hello", "en"), stable="hello", settled=True)
    script.play(PartialTranscript(turn_id=turn_id, partial=words))
    checked = heard(script, "hello there")
    assert (checked.text, checked.language, checked.why) == ("hello there", "en", "")
    assert script.state == State.READY
    assert script.last(TurnEnded).turn_id == turn_id
    for kind in (GenerateReply, SaveTurn, WarmUp, PrefillPrompt, Notice):
        assert not script.all(kind)


@pytest.mark.parametrize("verdict", ["silence", "muted", "no microphone", "too short"])
def test_why_nothing_was_heard_is_told_to_who_checks_alone(verdict):
    script = Script()
    begin(script)
    script.play(EndMicrophoneCheck())
    script.play(utterance_ended(script.last(OpenUtterance).turn, verdict))
    assert (script.last(MicrophoneChecked).text, script.last(MicrophoneChecked).why) == (
        "",
        verdict,
    )
    assert not script.all(Notice)
    assert script.state == State.READY


def test_words_that_cannot_be_made_out_are_silence():
    script = Script()
    begin(script)
    assert heard(script, "").why == "silence"


def test_a_question_after_a_check_is_a_question():
    script = Script()
    begin(script)
    script.play(EndMicrophoneCheck())
    script.play(StartListening(at=5.0))  # while the check still closes
    assert script.last(TurnStarted).source == "voice"
    assert script.state == State.LISTENING


def test_a_check_can_be_stopped_and_fail_like_any_turn():
    script = Script()
    begin(script)
    script.play(StopReply())
    assert script.state == State.READY
    turn_id = begin(script)
    script.play(StageFailed(turn_id=turn_id, stage=Stage.STT, title="No.", hint=""))
    assert script.state == State.READY


def test_the_end_of_a_check_that_is_over_does_not_end_a_question():
    script = Script()
    begin(script)
    script.play(StartListening(at=9.0))
    script.play(StopReply(), StartListening(at=10.0))
    closed = len(script.all(CloseUtterance))
    script.play(EndMicrophoneCheck())
    assert len(script.all(CloseUtterance)) == closed
    assert script.state == State.LISTENING
