"""The player on a real loudspeaker that goes away, changes, and is interrupted."""

from __future__ import annotations

import time

import numpy as np
import pytest

from app.audio.system import SoundSystem
from app.core.events import (
    ClauseStarted,
    PlaybackEnded,
    PlaybackStarted,
    SpeechChunk,
    SpeechEnded,
    StopSpeech,
)
from app.core.turn import Turn
from app.settings import AudioSettings
from app.workers.player import PlayerWorker
from app.workers.sound import SoundWorker
from tests.audio.signals import tone
from tests.support.virtual_sound import virtual_sound  # noqa: F401

pytestmark = pytest.mark.sound

RATE = 16_000
CLAUSE_S = 1.0


@pytest.fixture
def speaker(virtual_sound, stage, sender):  # noqa: F811
    """A loudspeaker with both of its threads: who opens it, and who plays."""
    with virtual_sound.attached():
        system = SoundSystem(AudioSettings(), listens=False)
        player = PlayerWorker(system.speaker, np.ones(10, np.float32), RATE)
        sender.send.connect(player.handle)
        stage.start(player)
        stage.start(SoundWorker(system))
        deadline = time.monotonic() + 10
        while not system.speaker.alive:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield system.speaker
        assert stage.threads.stop()


def say(sender, turn, clauses):
    for index in range(clauses):
        sender.send.emit(ClauseStarted(turn_id=turn.id, turn=turn, index=index, text=f"{index}, "))
        audio = tone(CLAUSE_S, RATE)
        sender.send.emit(
            SpeechChunk(turn_id=turn.id, turn=turn, index=index, audio=audio, sample_rate=RATE)
        )


def finish(sender, turn):
    sender.send.emit(SpeechEnded(turn_id=turn.id, turn=turn))


def test_a_loudspeaker_that_goes_in_the_middle_ends_the_turn_all_the_same(
    virtual_sound,  # noqa: F811
    speaker,
    stage,
    sender,
):
    turn = Turn(1, "voice")
    started_at = time.monotonic()
    say(sender, turn, 4)
    finish(sender, turn)
    stage.recorder.wait_for(PlaybackStarted)
    virtual_sound.stop()
    try:
        ended = stage.recorder.wait_for(PlaybackEnded, timeout_ms=15_000)
    finally:
        virtual_sound.start()
    assert ended.complete
    assert ended.heard.split() == ["0,", "1,", "2,", "3,"]
    assert 4 * CLAUSE_S < time.monotonic() - started_at < 4 * CLAUSE_S + 5


def test_a_reply_that_is_broken_off_is_silent_at_once(
    virtual_sound,  # noqa: F811
    speaker,
    stage,
    sender,
):
    """How long it takes is measured by the bench; here it must not wait for what is queued."""
    turn = Turn(1, "voice")
    with virtual_sound.record() as heard:
        say(sender, turn, 4)
        stage.recorder.wait_for(PlaybackStarted)
        time.sleep(0.3)
        silenced_at = time.perf_counter()
        turn.token.cancel("barge-in")
        sender.send.emit(StopSpeech(turn_id=1))
        stage.recorder.wait_for(PlaybackEnded)
        time.sleep(0.8)
    last = int(np.flatnonzero(np.abs(heard.samples) > 0.02)[-1])
    assert heard.time_of(last) - silenced_at < 0.5
