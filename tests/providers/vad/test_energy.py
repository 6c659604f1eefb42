"""The loudness detector that serves until Silero is loaded."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.ports import SAMPLE_RATE, Audio, Stage
from app.providers.vad.energy import EnergyVad
from tests.support.recordings import shared_clips
from tests.support.voices import say


def voiced(vad: EnergyVad, audio: Audio) -> list[bool]:
    vad.reset()
    size = vad.frame_samples
    return [
        vad.probability(audio[start : start + size]) > 0.5
        for start in range(0, len(audio) - size + 1, size)
    ]


def hiss(seconds: float, level: float) -> Audio:
    noise = np.random.default_rng(3).normal(0, level, round(seconds * SAMPLE_RATE))
    return noise.astype(np.float32)


def test_a_voice_stands_out_of_silence() -> None:
    frames = voiced(EnergyVad(), say("aeiou", 120))
    assert not any(frames[:5])
    assert sum(frames) > 20


def test_a_voice_stands_out_of_hiss() -> None:
    room = hiss(3, 0.003)
    voice = say("aeiou", 120)
    quiet = len(room) - len(voice)
    room[quiet:] += voice
    frames = voiced(EnergyVad(), room)
    before = quiet // EnergyVad().frame_samples
    assert not any(frames[:before])
    assert sum(frames[before:]) > 15


def test_digital_silence_is_not_a_voice() -> None:
    assert not any(voiced(EnergyVad(), np.zeros(SAMPLE_RATE, dtype=np.float32)))


def test_hum_is_not_a_voice() -> None:
    seconds = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    hum = (0.1 * np.sin(2 * np.pi * 50 * seconds)).astype(np.float32)
    assert not any(voiced(EnergyVad(), hum))


def test_steady_noise_becomes_the_floor() -> None:
    frames = voiced(EnergyVad(), hiss(12, 0.05))
    assert not any(frames[-60:])


def test_an_utterance_that_begins_in_a_word_is_heard() -> None:
    voice = say("aeiou", 120)
    assert voiced(EnergyVad(), voice[len(voice) // 3 :])[0]


def test_speech_is_heard_in_every_recording() -> None:
    vad = EnergyVad()
    for clip in shared_clips("speech/en/"):
        assert sum(voiced(vad, clip.audio)) * 32 > 300, clip.name


def test_probabilities_stay_in_range() -> None:
    vad = EnergyVad()
    loud = np.ones(vad.frame_samples, dtype=np.float32)
    for frame in (loud, -loud, 0 * loud, loud):
        assert 0 <= vad.probability(frame) <= 1


@pytest.mark.parametrize("times", [1, 2])
def test_needs_nothing_and_says_so(times: int) -> None:
    vad = EnergyVad()
    for _ in range(times):
        vad.load()
        vad.close()
    assert vad.engine.stand_in
    assert vad.engine.stage is Stage.VAD
