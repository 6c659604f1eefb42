from __future__ import annotations

import numpy as np
import pytest

from app.core.events import (
    AudioChunk,
    EngineReady,
    FinalTranscript,
    PartialTranscript,
    StageFailed,
    StageStarted,
    UtteranceEnded,
    UtteranceStarted,
)
from app.core.ports import SAMPLE_RATE, Partial, Transcript
from app.core.turn import Turn
from app.workers.stt import SttWorker
from tests.fakes import FakeStt


def start(stage, sender, stand_in, **kwargs):
    worker = SttWorker(stand_in, kwargs.get("language"))
    sender.send.connect(worker.handle)
    stage.start(worker)
    stage.recorder.wait_for(EngineReady)
    return worker


def speak(sender, turn, seconds=1.0, verdict="speech"):
    sender.send.emit(UtteranceStarted(turn_id=turn.id, turn=turn, microphone="test"))
    chunk = np.zeros(SAMPLE_RATE // 50, np.float32)
    for _ in range(int(seconds * 50)):
        sender.send.emit(AudioChunk(turn_id=turn.id, audio=chunk))
    sender.send.emit(
        UtteranceEnded(
            turn_id=turn.id,
            turn=turn,
            released_at=0,
            speech_ended_at=0,
            duration_s=seconds,
            verdict=verdict,
        )
    )


def test_words_come_while_the_key_is_held_and_once_for_all_at_the_end(stage, sender):
    start(stage, sender, FakeStt("what time is it"))
    speak(sender, Turn(1, "voice"))
    final = stage.recorder.wait_for(FinalTranscript)
    assert final.transcript.text == "what time is it"
    assert all(
        "what time is it".startswith(partial.text)
        for partial in stage.recorder.all(PartialTranscript)
    )
    assert stage.recorder.all(StageStarted)[0].engine.name == "fake-stt"


@pytest.mark.parametrize("verdict", ["too short", "silence", "cancelled"])
def test_what_is_no_speech_is_not_transcribed(stage, sender, verdict):
    start(stage, sender, FakeStt())
    speak(sender, Turn(1, "voice"), verdict=verdict)
    speak(sender, Turn(2, "voice"))
    assert stage.recorder.wait_for(FinalTranscript).turn_id == 2


def test_an_engine_that_fails_is_replaced_and_no_word_is_lost(stage, sender):
    worker = start(stage, sender, FakeStt("what time is it", stand_in=True))
    worker.adopt(FakeStt(fails=True))
    speak(sender, Turn(1, "voice"))
    assert stage.recorder.wait_for(FinalTranscript).transcript.text == "what time is it"
    assert stage.recorder.wait_for(StageFailed).recovered_by == "fake-stt"
    assert stage.recorder.all(StageStarted)[-1].engine.stand_in


def test_an_engine_that_cannot_even_begin_is_replaced(stage, sender):
    class Broken(FakeStt):
        def start(self, language):
            raise RuntimeError("no memory")

    worker = start(stage, sender, FakeStt("what time is it", stand_in=True))
    worker.adopt(Broken())
    speak(sender, Turn(1, "voice"))
    assert stage.recorder.wait_for(FinalTranscript).transcript.text == "what time is it"
    assert [failed.recovered_by for failed in stage.recorder.all(StageFailed)] == ["fake-stt"]


def test_when_the_stand_in_fails_too_the_turn_is_told(stage, sender):
    start(stage, sender, FakeStt(stand_in=True, fails=True))
    speak(sender, Turn(1, "voice"))
    failed = stage.recorder.wait_for(StageFailed)
    assert failed.recovered_by == ""
    assert failed.turn_id == 1
    assert not stage.recorder.all(FinalTranscript)


def test_a_better_engine_takes_over_at_the_next_utterance(stage, sender):
    worker = start(stage, sender, FakeStt("first engine words here", stand_in=True))
    turn = Turn(1, "voice")
    sender.send.emit(UtteranceStarted(turn_id=1, turn=turn, microphone="test"))
    stage.recorder.wait_for(StageStarted)
    better = FakeStt("second engine words here")
    worker.adopt(better)
    sender.send.emit(AudioChunk(turn_id=1, audio=np.zeros(SAMPLE_RATE, np.float32)))
    sender.send.emit(
        UtteranceEnded(
            turn_id=1, turn=turn, released_at=0, speech_ended_at=0, duration_s=1, verdict="speech"
        )
    )
    assert stage.recorder.wait_for(FinalTranscript).transcript.text.startswith("first")
    speak(sender, Turn(2, "voice"))
    assert stage.recorder.wait_for(FinalTranscript, 2).transcript.text.startswith("second")


def test_the_expected_language_is_passed_on(stage, sender):
    start(stage, sender, FakeStt(), language="fr")
    speak(sender, Turn(1, "voice"))
    assert stage.recorder.wait_for(FinalTranscript).transcript.language == "fr"


class Attentive(FakeStt):
    """Says that the speaker has paused when it is asked without having been given a voice."""

    def __init__(self) -> None:
        super().__init__()
        self.fed = 0
        self.asked = 0

    def start(self, language):
        return AttentiveSession(self)


class AttentiveSession:
    def __init__(self, stt: Attentive) -> None:
        self._stt = stt
        self._silent = False

    def feed(self, audio):
        self._stt.fed += 1
        self._silent = not audio.any()

    def partial(self):
        self._stt.asked += 1
        return Partial(Transcript("what time is it", "en"), settled=self._silent)

    def finish(self):
        return Transcript("what time is it", "en")


def test_a_pause_is_noticed_while_the_key_is_held(stage, sender):
    start(stage, sender, Attentive())
    turn = Turn(1, "voice")
    sender.send.emit(UtteranceStarted(turn_id=1, turn=turn, microphone="test"))
    sender.send.emit(AudioChunk(turn_id=1, audio=np.ones(320, np.float32)))
    assert not stage.recorder.wait_for(PartialTranscript).partial.settled
    sender.send.emit(AudioChunk(turn_id=1, audio=np.zeros(320, np.float32)))
    assert stage.recorder.wait_for(PartialTranscript, 2).partial.settled
    assert not stage.recorder.all(FinalTranscript)


def test_a_cancelled_utterance_is_not_listened_to_any_more(stage, sender):
    engine = Attentive()
    start(stage, sender, engine)
    turn = Turn(1, "voice")
    sender.send.emit(UtteranceStarted(turn_id=1, turn=turn, microphone="test"))
    sender.send.emit(AudioChunk(turn_id=1, audio=np.ones(320, np.float32)))
    stage.recorder.wait_for(PartialTranscript)
    fed, asked = engine.fed, engine.asked
    turn.token.cancel("barge-in")
    for _ in range(5):
        sender.send.emit(AudioChunk(turn_id=1, audio=np.ones(320, np.float32)))
    speak(sender, Turn(2, "voice"), seconds=0.02)
    stage.recorder.wait_for(FinalTranscript)
    assert engine.fed == fed + 1, "the second utterance's one chunk"
    assert engine.asked <= asked + 1
