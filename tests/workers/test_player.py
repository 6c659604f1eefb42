from __future__ import annotations

import time

import numpy as np
import pytest

from app.core.events import (
    ClauseFailed,
    ClauseStarted,
    LevelMeasured,
    MouthMoved,
    PlaybackEnded,
    PlaybackStarted,
    SoundChime,
    SpeechChunk,
    SpeechEnded,
    StopSpeech,
)
from app.core.gaps import gap_after
from app.core.mouth import CLOSED
from app.core.turn import Turn
from app.workers.player import MOUTH_LEAD_S, PlayerWorker, _Clause, heard_text
from tests.fakes import FakeOutput
from tests.support import voices

RATE = 16_000


def start(stage, sender, output):
    player = PlayerWorker(output, np.ones(RATE // 10, np.float32), RATE)
    sender.send.connect(player.handle)
    stage.start(player)


def say(sender, turn, index, text, seconds):
    sender.send.emit(ClauseStarted(turn_id=turn.id, turn=turn, index=index, text=text))
    audio = np.full(int(seconds * RATE), 0.5, np.float32)
    sender.send.emit(
        SpeechChunk(turn_id=turn.id, turn=turn, index=index, audio=audio, sample_rate=RATE)
    )


def test_a_reply_is_played_and_heard_whole(stage, sender):
    start(stage, sender, FakeOutput())
    turn = Turn(1, "voice")
    say(sender, turn, 0, "One two.", 0.1)
    say(sender, turn, 1, " Three.", 0.1)
    sender.send.emit(SpeechEnded(turn_id=1, turn=turn))
    ended = stage.recorder.wait_for(PlaybackEnded)
    assert ended.complete
    assert ended.heard == "One two. Three."
    kinds = [
        type(event)
        for event in stage.recorder.events
        if not isinstance(event, LevelMeasured | MouthMoved)
    ]
    assert kinds == [PlaybackStarted, PlaybackEnded]
    assert stage.recorder.all(LevelMeasured)[0].level == pytest.approx(0.5)


def test_an_interrupted_reply_was_heard_up_to_a_word(stage, sender):
    output = FakeOutput()
    start(stage, sender, output)
    turn = Turn(1, "voice")
    say(sender, turn, 0, "One two three four five six seven eight.", 2.0)
    stage.recorder.wait_for(PlaybackStarted)
    time.sleep(0.5)
    turn.token.cancel("barge-in")
    assert output.flushed_at, "silence must not wait for the player's thread"
    sender.send.emit(StopSpeech(turn_id=1))
    ended = stage.recorder.wait_for(PlaybackEnded)
    assert not ended.complete
    assert "One two three four five six seven eight.".startswith(ended.heard)
    assert 0 < len(ended.heard) < 40


def test_a_turn_that_never_spoke_ends_all_the_same(stage, sender):
    start(stage, sender, FakeOutput())
    sender.send.emit(StopSpeech(turn_id=7))
    ended = stage.recorder.wait_for(PlaybackEnded)
    assert (ended.turn_id, ended.heard, ended.complete) == (7, "", False)


def test_a_reply_without_sound_ends(stage, sender):
    start(stage, sender, FakeOutput())
    turn = Turn(1, "voice")
    sender.send.emit(SpeechEnded(turn_id=1, turn=turn))
    assert stage.recorder.wait_for(PlaybackEnded).complete


def test_chunks_of_a_cancelled_turn_are_not_played(stage, sender):
    output = FakeOutput()
    start(stage, sender, output)
    turn = Turn(1, "voice")
    turn.token.cancel("stop")
    say(sender, turn, 0, "Never.", 1.0)
    sender.send.emit(StopSpeech(turn_id=1))
    assert stage.recorder.wait_for(PlaybackEnded).heard == ""
    assert output.queued_s == 0


def test_the_chime_comes_before_the_words(stage, sender):
    output = FakeOutput()
    start(stage, sender, output)
    turn = Turn(1, "timer")
    sender.send.emit(SoundChime(turn_id=1, turn=turn))
    say(sender, turn, 0, "Your tea is ready.", 0.05)
    sender.send.emit(SpeechEnded(turn_id=1, turn=turn))
    assert stage.recorder.wait_for(PlaybackEnded).heard == "Your tea is ready."
    assert output.played_s == pytest.approx(0.15, abs=0.01)


@pytest.mark.parametrize(
    ("seconds", "heard"),
    [
        (0.0, ""),
        (-1.0, ""),
        (0.3, ""),
        (0.4, "One"),
        (1.0, "One two."),
        (1.7, "One two. Three"),
        (9.0, "One two. Three four."),
    ],
)
def test_heard_text_ends_at_a_word(seconds, heard):
    clauses = [_Clause("One two.", 1.0, True), _Clause(" Three four.", 1.0, True)]
    assert heard_text(clauses, seconds) == heard


def test_a_clause_still_being_made_counts_at_its_likely_length():
    clause = _Clause("a" * 10 + " " + "b" * 19, duration_s=0.1, whole=False)
    assert heard_text([clause], 0.1) == ""
    assert heard_text([clause], 1.0) == "a" * 10


def test_a_barge_in_between_the_check_and_the_loudspeaker_is_silent(stage, sender):
    class Output(FakeOutput):
        def play(self, audio, sample_rate):
            turn.token.cancel("barge-in")  # the conversation's thread, at the worst moment
            return super().play(audio, sample_rate)

    output = Output()
    start(stage, sender, output)
    turn = Turn(1, "voice")
    say(sender, turn, 0, "A long clause.", 3.0)
    sender.send.emit(StopSpeech(turn_id=1))
    stage.recorder.wait_for(PlaybackEnded)
    assert output.queued_s == 0


def test_a_clause_that_could_not_be_said_was_not_heard(stage, sender):
    start(stage, sender, FakeOutput())
    turn = Turn(1, "voice")
    say(sender, turn, 0, "One two.", 0.05)
    sender.send.emit(ClauseStarted(turn_id=1, turn=turn, index=1, text=" Three."))
    sender.send.emit(ClauseFailed(turn_id=1, turn=turn, index=1))
    sender.send.emit(SpeechEnded(turn_id=1, turn=turn))
    assert stage.recorder.wait_for(PlaybackEnded).heard == "One two."


def test_the_silence_a_voice_leaves_becomes_the_gap_that_is_wanted(stage, sender):
    output = FakeOutput()
    start(stage, sender, output)
    turn = Turn(1, "voice")
    tone, silence = np.full(RATE // 10, 0.5, np.float32), np.zeros(RATE // 5, np.float32)
    for index, text in enumerate(["One, ", "two. ", "Three."]):
        sender.send.emit(ClauseStarted(turn_id=1, turn=turn, index=index, text=text))
        for audio in (silence, tone, silence[: RATE // 50]):
            sender.send.emit(
                SpeechChunk(turn_id=1, turn=turn, index=index, audio=audio, sample_rate=RATE)
            )
    sender.send.emit(SpeechEnded(turn_id=1, turn=turn))
    assert stage.recorder.wait_for(PlaybackEnded).heard == "One, two. Three."
    gaps_s = gap_after("One, ") + gap_after("two. ") + 0.02
    assert output.played_s == pytest.approx(0.3 + gaps_s, abs=0.02)


def test_silence_before_the_first_word_is_not_the_start(stage, sender):
    start(stage, sender, FakeOutput())
    turn = Turn(1, "voice")
    sender.send.emit(ClauseStarted(turn_id=1, turn=turn, index=0, text="One."))
    silence = np.zeros(RATE // 5, np.float32)
    sender.send.emit(SpeechChunk(turn_id=1, turn=turn, index=0, audio=silence, sample_rate=RATE))
    time.sleep(0.1)
    assert not stage.recorder.all(PlaybackStarted)
    say(sender, turn, 1, "One.", 0.1)
    stage.recorder.wait_for(PlaybackStarted)


# --- the mouth ----------------------------------------------------------------------------


class DelayedOutput(FakeOutput):
    """A loudspeaker that is heard this much later than it is given sound."""

    def __init__(self, latency_s: float) -> None:
        super().__init__()
        self.latency_s = latency_s


def speak(sender, turn, audio):
    sender.send.emit(ClauseStarted(turn_id=turn.id, turn=turn, index=0, text="A vowel."))
    sender.send.emit(
        SpeechChunk(turn_id=turn.id, turn=turn, index=0, audio=audio, sample_rate=RATE)
    )


def moves(stage):
    return stage.recorder.all(MouthMoved)


def test_the_mouth_opens_while_a_vowel_is_heard_and_is_closed_at_the_end(stage, sender):
    start(stage, sender, FakeOutput())
    turn = Turn(1, "voice")
    speak(sender, turn, voices.say("aouia", 120))
    sender.send.emit(SpeechEnded(turn_id=1, turn=turn))
    stage.recorder.wait_for(PlaybackEnded)
    shapes = moves(stage)
    assert max(shape.open for shape in shapes) > 0.8, "a"
    assert min(shape.wide for shape in shapes) < 0.3, "o and u"
    assert max(shape.wide for shape in shapes) > 0.7, "i"
    assert (shapes[-1].open, shapes[-1].wide) == (CLOSED.open, CLOSED.wide)
    assert {shape.turn_id for shape in shapes} == {1}
    assert stage.recorder.events.index(shapes[-1]) < stage.recorder.events.index(
        stage.recorder.all(PlaybackEnded)[0]
    ), "a turn that is over tells nothing more"


def test_the_mouth_waits_for_a_loudspeaker_that_is_late(stage, sender):
    """It opens when its sound is heard, not when the loudspeaker was given it."""
    latency_s = 0.4
    start(stage, sender, DelayedOutput(latency_s))
    turn = Turn(1, "voice")
    audio = np.concatenate([voices.say("a", 120)[: RATE * 4 // 10], np.zeros(RATE, np.float32)])
    speak(sender, turn, audio)
    sender.send.emit(SpeechEnded(turn_id=1, turn=turn))
    began = stage.recorder.wait_for(PlaybackStarted)
    stage.recorder.wait_for(PlaybackEnded)
    opened_at = next(shape.at for shape in moves(stage) if shape.open > 0.5)
    # Early at most by the lead, whatever else the computer does.
    assert opened_at - began.audible_at > latency_s - MOUTH_LEAD_S - 0.02


def test_a_still_mouth_is_not_told_of(stage, sender):
    start(stage, sender, FakeOutput())
    turn = Turn(1, "voice")
    speak(sender, turn, np.full(RATE, 0.001, np.float32))  # a clause of breath
    sender.send.emit(SpeechEnded(turn_id=1, turn=turn))
    stage.recorder.wait_for(PlaybackEnded)
    assert moves(stage) == []


def test_an_interrupted_mouth_closes(stage, sender):
    start(stage, sender, FakeOutput())
    turn = Turn(1, "voice")
    speak(sender, turn, voices.say("aaaaaaaaaa", 120))
    stage.recorder.wait_for(MouthMoved)
    turn.token.cancel("barge-in")
    sender.send.emit(StopSpeech(turn_id=1))
    stage.recorder.wait_for(PlaybackEnded)
    assert moves(stage)[-1].open == 0


def test_a_mouth_closes_while_the_voice_is_late(stage, sender, qtbot):
    start(stage, sender, FakeOutput())
    turn = Turn(1, "voice")
    vowel = voices.say("a", 120)
    speak(sender, turn, vowel[: len(vowel) // 2])  # breaks off in the middle of the vowel
    qtbot.waitUntil(lambda: len(moves(stage)) > 1 and moves(stage)[-1].open == 0)
    assert not stage.recorder.all(PlaybackEnded)
    sender.send.emit(StopSpeech(turn_id=1))
    stage.recorder.wait_for(PlaybackEnded)


def test_the_chime_has_no_mouth(stage, sender):
    start(stage, sender, FakeOutput())
    turn = Turn(1, "timer")
    sender.send.emit(SoundChime(turn_id=1, turn=turn))
    sender.send.emit(SpeechEnded(turn_id=1, turn=turn))
    stage.recorder.wait_for(PlaybackEnded)
    assert stage.recorder.all(LevelMeasured)
    assert moves(stage) == []
