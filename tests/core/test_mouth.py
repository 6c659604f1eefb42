"""A mouth from sound: made-up sounds with known formants, and people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.core.mouth import CLOSED, STEP_S, WINDOW_S, MouthReader, MouthShape
from app.core.ports import SAMPLE_RATE, Audio
from tests.support.recordings import read
from tests.support.shared import shared_data
from tests.support.voices import SILENCE_S, say

SAMPLES = Path(__file__).resolve().parents[2] / "resources" / "samples"


def shapes(audio: Audio, rate: int = SAMPLE_RATE) -> list[MouthShape]:
    return [shape for _, shape in MouthReader(rate).feed(audio)]


def usual(audio: Audio, rate: int = SAMPLE_RATE) -> MouthShape:
    """The shape half of the sound's loud windows are above."""
    window, step = round(WINDOW_S * rate), round(STEP_S * rate)
    read_ = shapes(audio, rate)
    rms = [np.sqrt(np.mean(audio[i * step : i * step + window] ** 2)) for i, _ in enumerate(read_)]
    loud = [shape for shape, level in zip(read_, rms, strict=True) if level > 0.5 * max(rms)]
    return MouthShape(
        float(np.median([shape.open for shape in loud])),
        float(np.median([shape.wide for shape in loud])),
    )


def vowel(name: str, pitch_hz: float = 120) -> MouthShape:
    return usual(say(name * 3, pitch_hz))


def hiss(seconds: float = 0.5, lowest_hz: float = 4000) -> Audio:
    """As in "see"."""
    count = round(seconds * SAMPLE_RATE)
    noise = np.fft.rfft(np.random.default_rng(1).standard_normal(count))
    noise[np.fft.rfftfreq(count, 1 / SAMPLE_RATE) < lowest_hz] = 0
    sound = np.fft.irfft(noise, count)
    return (0.2 * sound / np.abs(sound).max()).astype(np.float32)


def hum(seconds: float = 0.5, pitch_hz: float = 120) -> Audio:
    """As in "mum": nothing above the first harmonics."""
    time_s = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tones = [np.sin(2 * np.pi * pitch_hz * k * time_s) / k for k in (1, 2)]
    return (0.15 * sum(tones)).astype(np.float32)


def test_silence_is_a_closed_mouth():
    assert set(shapes(np.zeros(SAMPLE_RATE, np.float32))) == {CLOSED}


@pytest.mark.parametrize("pitch_hz", [110, 210])
def test_open_vowels_open_the_mouth_and_close_vowels_hardly_do(pitch_hz):
    for open_, close in (("a", "i"), ("a", "u"), ("e", "i"), ("o", "u")):
        assert vowel(open_, pitch_hz).open > vowel(close, pitch_hz).open + 0.4
    assert vowel("a", pitch_hz).open > 0.8
    assert 0.1 < vowel("u", pitch_hz).open < 0.5


@pytest.mark.parametrize("pitch_hz", [110, 210])
def test_lips_are_round_for_back_vowels_and_wide_for_front_ones(pitch_hz):
    for vowel_name in "ou":
        assert vowel(vowel_name, pitch_hz).wide < 0.25
    assert 0.3 < vowel("a", pitch_hz).wide < 0.6
    assert vowel("i", pitch_hz).wide > 0.75


def test_a_hiss_is_made_with_a_wide_mouth_that_is_nearly_closed():
    s, o = usual(hiss()), vowel("o")
    assert s.wide > 0.8 > 0.25 > o.wide
    assert s.open < 0.35 < 0.8 < o.open


def test_a_hum_is_made_with_closed_lips():
    assert usual(hum()).open < 0.2


def test_a_soft_sound_opens_the_mouth_less_than_the_same_sound_loud():
    loud, soft = say("a", 120), 0.05 * say("a", 120)
    both = np.concatenate([loud, soft])
    read_ = shapes(both)
    half = len(read_) // 2
    assert max(shape.open for shape in read_[half:]) < 0.6
    assert max(shape.open for shape in read_[:half]) > 0.9


def test_a_voice_that_is_soft_throughout_opens_its_mouth_in_the_end():
    soft = np.concatenate([0.1 * say("aeaeo", 120) for _ in range(6)])
    read_ = shapes(soft)
    assert max(shape.open for shape in read_[-50:]) > 0.8


def test_the_pieces_in_which_sound_comes_do_not_matter():
    audio = np.concatenate([say("aiu", 120), hiss(0.2), say("eo", 200)])
    whole = MouthReader(SAMPLE_RATE).feed(audio)
    cut = MouthReader(SAMPLE_RATE)
    chance = np.random.default_rng(2)
    pieces, at = [], 0
    while at < len(audio):
        length = int(chance.integers(1, 4000))
        pieces += cut.feed(audio[at : at + length])
        at += length
    assert [at_s for at_s, _ in pieces] == pytest.approx([at_s for at_s, _ in whole])
    for (_, one), (_, other) in zip(pieces, whole, strict=True):
        assert (one.open, one.wide) == pytest.approx((other.open, other.wide), abs=1e-4)


def test_a_shape_has_the_time_of_its_sound():
    audio = say("a", 120)  # silence, the vowel, silence
    opened = [at_s for at_s, shape in MouthReader(SAMPLE_RATE, 10.0).feed(audio) if shape.open > 0]
    assert opened[0] == pytest.approx(10.0 + SILENCE_S, abs=WINDOW_S)
    assert opened[-1] == pytest.approx(10.0 + len(audio) / SAMPLE_RATE - SILENCE_S, abs=0.06)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_every_sample_rate_gives_shapes_within_their_range(rate):
    noise = np.random.default_rng(3).uniform(-1, 1, rate).astype(np.float32)
    read_ = shapes(noise, rate)
    assert len(read_) == pytest.approx(1 / STEP_S, abs=2)
    assert all(0 <= shape.open <= 1 and 0 <= shape.wide <= 1 for shape in read_)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.wav")), ids=lambda path: path.stem)
def test_a_spoken_sentence_opens_and_closes_the_mouth_again_and_again(path):
    check_speech(read(path))


@pytest.mark.parametrize("name", ["en/ljspeech_LJ001-0001.wav", "en/jfk.wav"])
def test_so_does_a_person(name):
    check_speech(read(shared_data(f"speech/{name}"))[: 6 * SAMPLE_RATE])


def check_speech(audio: Audio) -> None:
    read_ = shapes(audio)
    opened = np.array([shape.open for shape in read_])
    window, step = round(WINDOW_S * SAMPLE_RATE), round(STEP_S * SAMPLE_RATE)
    rms = np.array(
        [np.sqrt(np.mean(audio[i * step : i * step + window] ** 2)) for i in range(len(read_))]
    )
    loud, quiet = rms > 0.5 * rms.max(), rms < 0.02 * rms.max()
    assert np.mean(opened[loud]) > 0.2
    assert opened.max() > 0.5
    if quiet.any():
        assert np.median(opened[quiet]) < 0.05
    wide = opened > 0.3
    openings = np.count_nonzero(wide[1:] & ~wide[:-1])
    seconds = len(audio) / SAMPLE_RATE
    assert 0.5 < openings / seconds < 8, "about as often as syllables"
    lips = np.array([shape.wide for shape in read_])[opened > 0.1]
    assert np.ptp(np.percentile(lips, [10, 90])) > 0.3, "the lips move too"
