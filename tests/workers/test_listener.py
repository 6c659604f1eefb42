from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QObject, Signal

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
from app.core.turn import Turn
from app.settings import EndpointingSettings, TalkSettings
from app.workers.listener import ListenerWorker
from tests.fakes import FakeInput, FakeVad
from tests.workers.conftest import Recorder


class Sender(QObject):
    send = Signal(object)


@pytest.fixture
def sender() -> Sender:
    return Sender()


@pytest.fixture
def speech(qtbot) -> Recorder:
    return Recorder(qtbot)


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
    start(stage, sender, speech, FakeInput(latency_s=5.0), post_roll_ms=40)
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


def test_a_voice_detector_that_fails_does_not_keep_the_microphone_open(stage, sender, speech):
    class Broken(FakeVad):
        def probability(self, frame):
            raise RuntimeError("no model")

    worker = ListenerWorker(FakeInput(), Broken(), TalkSettings(), EndpointingSettings())
    sender.send.connect(worker.handle)
    worker.speech.connect(speech.take)
    stage.start(worker)
    press(sender, Turn(1, "voice"))
    speech.wait_for(UtteranceEnded)
    assert stage.recorder.wait_for(StageFailed).stage == "listener"
