"""Where somebody speaks, falls silent and pauses, on recordings."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.ports import SAMPLE_RATE, Audio
from app.providers.stt.voice_track import PAUSE_S, TRAIL_S, VoiceTrack
from app.providers.vad.silero import SileroVad
from tests.support.voices import say

CHUNK = SAMPLE_RATE // 50


@pytest.fixture
def track() -> VoiceTrack:
    vad = SileroVad()
    vad.load()
    return VoiceTrack(vad)


def silence(seconds: float) -> Audio:
    return np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)


def test_nobody_has_fallen_silent_who_did_not_speak(track: VoiceTrack) -> None:
    track.feed(silence(1))
    assert not track.heard


def test_a_voice_that_ends_trails_off_and_then_pauses(track: VoiceTrack) -> None:
    voice = say("aeiouaei", 120)
    seen = []
    for start in range(0, len(both := np.concatenate([voice, silence(1)])), CHUNK):
        track.feed(both[start : start + CHUNK])
        if track.heard:
            seen.append((track.speaking, track.trailed_off, track.paused))
    assert list(dict.fromkeys(seen)) == [
        (True, False, False),
        (False, False, False),
        (False, True, False),
        (False, True, True),
    ]
    ended_s = track.last / SAMPLE_RATE
    assert abs(ended_s - len(voice) / SAMPLE_RATE) < 0.25
    assert TRAIL_S < PAUSE_S < 0.3
    assert track.end(TRAIL_S) == track.last + TRAIL_S * SAMPLE_RATE


def test_a_voice_that_comes_back_ends_the_pause(track: VoiceTrack) -> None:
    voice = say("aeiouaei", 120)
    track.feed(np.concatenate([voice, silence(0.5)]))
    assert track.paused
    track.feed(voice[: len(voice) // 2])
    assert track.speaking
    assert not track.paused
