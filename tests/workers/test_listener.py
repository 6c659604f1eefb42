from __future__ import annotations

import time

import numpy as np
import pytest

from app.core.events import (
    AudioChunk,
    CloseUtterance,
    EngineReady,
    LevelMeasured,
    OpenUtterance,
    ReopenUtterance,
    SpeechStarted,
    StageFailed,
    UtteranceEnded,
    UtteranceStarted,
)
from app.core.ports import SAMPLE_RATE
from app.core.sound_events import MicrophoneHeard, WatchMicrophone
from app.core.turn import Turn
from app.settings import EndpointingSettings, TalkSettings
from app.workers.listener import ListenerWorker
from tests.fakes import FakeInput, FakeVad


def start(stage, sender, speech, source, **talk):
    worker = ListenerWorker(source, FakeVad(), TalkSettings(**talk), EndpointingSettings())
    sender.send.connect(worker.handle)
    worker.speech.connect(speech.take)
    stage.start(worker)
    stage.recorder.wait_for(EngineReady)


def press(sender, turn):
    at = time.perf_counter()
    sender.send.emit(OpenUtterance(turn_id=turn.id, turn=turn, at=at))
    return at


def release(sender, turn):
    at = time.perf_counter()
    sender.send.emit(CloseUtterance(turn_id=turn.id, released_at=at))
    return at


def recorded_s(speech) -> float:
    return sum(len(chunk.audio) for chunk in speech.all(AudioChunk)) / SAMPLE_RATE


def test_an_utterance_holds_what_was_said_before_during_and_just_after_the_key(
    stage, sender, speech, qtbot
):
    start(stage, sender, speech, FakeInput())
    turn = Turn(1, "voice")
    pressed = press(sender, turn)
    qtbot.wait(300)
    released = release(sender, turn)
    ended = speech.wait_for(UtteranceEnded)
    assert ended.verdict == "speech"
    assert ended.released_at == released
    expected = (released - pressed) + 0.3 + 0.05  # pre-roll; latency and post-roll
    assert recorded_s(speech) == pytest.approx(expected, abs=0.005)
    assert ended.duration_s == pytest.approx(recorded_s(speech))
    kinds = [type(event) for event in speech.events]
    assert kinds[0] is UtteranceStarted
    assert kinds[-1] is UtteranceEnded
    assert stage.recorder.all(SpeechStarted)
    assert stage.recorder.all(LevelMeasured)


def test_a_recording_never_outlives_the_key_by_more_than_100_ms(stage, sender, speech, qtbot):
    start(stage, sender, speech, FakeInput(latency_s=0.0), post_roll_ms=90, release_grace_ms=90)
    turn = Turn(1, "voice")
    pressed = press(sender, turn)
    qtbot.wait(250)
    released = release(sender, turn)
    speech.wait_for(UtteranceEnded)
    assert recorded_s(speech) - 0.3 - (released - pressed) <= 0.1 + 1e-3


def test_silence_is_no_speech(stage, sender, speech, qtbot):
    start(stage, sender, speech, FakeInput(loud=False))
    turn = Turn(1, "voice")
    press(sender, turn)
    qtbot.wait(300)
    release(sender, turn)
    assert speech.wait_for(UtteranceEnded).verdict == "silence"


def test_a_muted_microphone_is_named(stage, sender, speech, qtbot):
    source = FakeInput(loud=False)
    source.muted = True
    start(stage, sender, speech, source)
    turn = Turn(1, "voice")
    press(sender, turn)
    qtbot.wait(300)
    release(sender, turn)
    assert speech.wait_for(UtteranceEnded).verdict == "muted"


def test_a_tap_is_too_short(stage, sender, speech, qtbot):
    start(stage, sender, speech, FakeInput())
    turn = Turn(1, "voice")
    press(sender, turn)
    qtbot.wait(50)
    release(sender, turn)
    assert speech.wait_for(UtteranceEnded).verdict == "too short"


def test_a_close_taken_back_goes_on_recording(stage, sender, speech, qtbot):
    start(stage, sender, speech, FakeInput())
    turn = Turn(1, "voice")
    pressed = press(sender, turn)
    qtbot.wait(100)
    release(sender, turn)
    sender.send.emit(ReopenUtterance(turn_id=1))
    qtbot.wait(300)
    assert not speech.all(UtteranceEnded)
    released = release(sender, turn)
    speech.wait_for(UtteranceEnded)
    assert recorded_s(speech) == pytest.approx(released - pressed + 0.35, abs=0.005)


def test_no_microphone_is_said_at_once(stage, sender, speech):
    source = FakeInput()
    source.alive = False
    start(stage, sender, speech, source)
    press(sender, Turn(1, "voice"))
    assert stage.recorder.wait_for(UtteranceEnded).verdict == "no microphone"


def test_unplugged_in_the_middle_what_was_said_is_used(stage, sender, speech, qtbot):
    source = FakeInput()
    start(stage, sender, speech, source)
    press(sender, Turn(1, "voice"))
    qtbot.wait(300)
    source.alive = False
    ended = stage.recorder.wait_for(UtteranceEnded)
    assert ended.verdict == "speech"
    assert ended.duration_s > 0.5


def test_the_longest_utterance_ends_by_itself(stage, sender, speech):
    start(stage, sender, speech, FakeInput(), max_utterance_s=1.0)
    press(sender, Turn(1, "voice"))
    ended = speech.wait_for(UtteranceEnded)
    assert ended.verdict == "speech"
    assert ended.duration_s == pytest.approx(1.3, abs=0.03)


def test_a_cancelled_turn_stops_recording_and_reports_nothing(stage, sender, speech, qtbot):
    start(stage, sender, speech, FakeInput())
    turn = Turn(1, "voice")
    press(sender, turn)
    speech.wait_for(AudioChunk)
    turn.token.cancel("dropped")
    assert speech.wait_for(UtteranceEnded).verdict == "cancelled"
    assert not stage.recorder.all(UtteranceEnded)


class BrokenVad(FakeVad):
    def probability(self, frame):
        raise RuntimeError("no model")


def test_a_voice_detector_that_fails_does_not_make_parley_deaf(stage, sender, speech, qtbot):
    worker = ListenerWorker(FakeInput(), FakeVad(), TalkSettings(), EndpointingSettings())
    sender.send.connect(worker.handle)
    worker.speech.connect(speech.take)
    stage.start(worker)
    worker.adopt(BrokenVad())
    for number in (1, 2):
        turn = Turn(number, "voice")
        press(sender, turn)
        qtbot.wait(300)
        release(sender, turn)
        assert stage.recorder.wait_for(UtteranceEnded, number).verdict == "speech"
    assert [failed.recovered_by for failed in stage.recorder.all(StageFailed)] == ["fake-vad"]


def test_a_listener_that_cannot_begin_ends_the_utterance(stage, sender, speech):
    class NoReset(FakeVad):
        def reset(self):
            raise RuntimeError("no model")

    worker = ListenerWorker(FakeInput(), NoReset(), TalkSettings(), EndpointingSettings())
    sender.send.connect(worker.handle)
    stage.start(worker)
    press(sender, Turn(1, "voice"))
    assert stage.recorder.wait_for(UtteranceEnded).verdict != "speech"
    assert stage.recorder.all(StageFailed)


def test_parleys_own_voice_before_the_key_is_no_question(stage, sender, speech, qtbot):
    class Room(FakeInput):
        """Parley is heard until 50 ms after the key; then it is quiet."""

        def read(self, until=None):
            first = self._next
            audio = super().read(until)
            at = first + np.arange(len(audio)) / SAMPLE_RATE
            audio[at > pressed[0] + 0.05] = 0
            return audio

    pressed: list[float] = []
    start(stage, sender, speech, Room())
    turn = Turn(1, "voice")
    pressed.append(time.perf_counter())
    sender.send.emit(OpenUtterance(turn_id=1, turn=turn, at=pressed[0], over_speech=True))
    qtbot.wait(400)
    release(sender, turn)
    assert speech.wait_for(UtteranceEnded).verdict == "silence"


def test_the_last_word_is_kept_on_a_slow_device(stage, sender, speech, qtbot):
    class Bluetooth(FakeInput):
        """Samples arrive 0.25 s after they were spoken; each tells when that was."""

        def read(self, until=None):
            first = self._next
            audio = super().read(until)
            audio[:] = first - 0.25 - began + np.arange(len(audio)) / SAMPLE_RATE
            return audio

    began = time.perf_counter()
    start(stage, sender, speech, Bluetooth(latency_s=0.25))
    turn = Turn(1, "voice")
    press(sender, turn)
    qtbot.wait(500)
    released = release(sender, turn)
    speech.wait_for(UtteranceEnded)
    assert speech.all(AudioChunk)[-1].audio[-1] >= released - began


def test_somebody_who_watches_is_told_how_loud_it_is_until_they_look_away(
    stage, sender, speech, qtbot
):
    start(stage, sender, speech, FakeInput())
    sender.send.emit(WatchMicrophone(on=True))
    stage.recorder.wait_for(MicrophoneHeard, 3)
    assert all(0 <= told.level <= 1 for told in stage.recorder.all(MicrophoneHeard))
    sender.send.emit(WatchMicrophone(on=False))
    qtbot.wait(60)  # what was under way has arrived
    told = len(stage.recorder.all(MicrophoneHeard))
    qtbot.wait(150)
    assert len(stage.recorder.all(MicrophoneHeard)) == told
