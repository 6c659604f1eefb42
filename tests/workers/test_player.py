from __future__ import annotations

import time

import numpy as np
import pytest

from app.core.events import (
    ClauseFailed,
    ClauseStarted,
    LevelMeasured,
    PlaybackEnded,
    PlaybackStarted,
    SoundChime,
    SpeechChunk,
    SpeechEnded,
    StopSpeech,
)
from app.core.gaps import gap_after
from app.core.turn import Turn
from app.workers.player import PlayerWorker, _Clause, heard_text
from tests.fakes import FakeOutput

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
    kinds = [type(event) for event in stage.recorder.events if not isinstance(event, LevelMeasured)]
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
