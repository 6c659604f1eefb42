"""Where the voice of a recording ends, and what a turn hears of it."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from app.audio.format import read_speech, write_wav
from app.bench.plan import Plan
from app.bench.takes import Microphone, Take, last_voiced, released
from app.core.ports import SAMPLE_RATE, Audio
from app.errors import InputError


def tone(seconds: float, level: float = 0.5) -> Audio:
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (level * np.sin(2 * np.pi * 220 * at)).astype(np.float32)


def spoken(trailing_s: float, hiss: float = 0.0) -> Audio:
    """Half a second of voice, then room."""
    room = np.full(round(trailing_s * SAMPLE_RATE), hiss, dtype=np.float32)
    return np.concatenate([tone(0.5), room])


@pytest.mark.parametrize("hiss", [0.0, 0.01])
def test_the_voice_ends_with_its_last_loud_sample_not_with_the_hiss(hiss: float) -> None:
    assert last_voiced(spoken(1.0, hiss)) == pytest.approx(0.5 * SAMPLE_RATE, abs=160)


def test_a_soft_last_word_is_voice() -> None:
    audio = np.concatenate([tone(0.5), tone(0.2, 0.1), np.zeros(8000, dtype=np.float32)])
    assert last_voiced(audio) == pytest.approx(0.7 * SAMPLE_RATE, abs=160)


@pytest.mark.parametrize("after_ms", [0, 250, 900])
def test_the_key_comes_up_so_long_after_the_last_word_however_long_the_recording(
    after_ms: int,
) -> None:
    audio = released(spoken(0.4), after_ms)
    assert len(audio) == pytest.approx((0.5 + after_ms / 1000) * SAMPLE_RATE, abs=160)
    assert np.array_equal(audio[: SAMPLE_RATE // 2], tone(0.5))
    assert not audio[round(0.51 * SAMPLE_RATE) :].any()


def test_a_silent_recording_has_no_last_word() -> None:
    with pytest.raises(InputError):
        last_voiced(np.zeros(16_000, dtype=np.float32))


def test_the_samples_of_the_bench_are_spoken_within_2_to_10_s() -> None:
    for path in Plan.make(runs=None, quick=True, recordings=None).recordings:
        audio = read_speech(path)
        assert 1.95 <= len(audio) / SAMPLE_RATE <= 10
        assert 1 < last_voiced(audio) / SAMPLE_RATE < len(audio) / SAMPLE_RATE


def test_the_microphone_plays_the_take_that_was_inserted(tmp_path: Path) -> None:
    for name, level in (("one", 0.2), ("two", 0.6)):
        write_wav(tmp_path / f"{name}.wav", tone(0.1, level), SAMPLE_RATE)
    one, two = (Take(tmp_path / f"{name}.wav", 0, tmp_path) for name in ("one", "two"))
    microphone = Microphone(one)
    for take, level in ((one, 0.2), (two, 0.6)):
        microphone.insert(take)
        began = take.input.start()
        time.sleep(0.15)
        microphone.seek(began)
        heard = microphone.read(take.input.ends_at)
        assert len(heard) == len(take.audio)
        assert np.abs(heard).max() == pytest.approx(level, abs=0.01)
