from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from app.audio.host.seam import LEAST_S, find_seam
from app.core.ports import Audio
from tests.audio.signals import babble, tone

RATE = 48_000
SOUND = babble(1.0, RATE)
SPOKEN = Path(__file__).parents[3] / "resources/samples/what_time_is_it_in_paris.wav"


def noise(count: int, loud: float, seed: int = 3) -> Audio:
    return (loud * np.random.default_rng(seed).standard_normal(count)).astype(np.float32)


@given(
    old_ends=st.integers(10_000, 30_000),
    starts=st.integers(0, 40_000),
    new_count=st.integers(2_000, 20_000),
    clock_is_wrong=st.integers(-2_880, 2_880),
    loud=st.sampled_from([1.0, 0.01, 0.0001]),
)
def test_the_same_sound_is_found_to_the_sample(
    old_ends: int, starts: int, new_count: int, clock_is_wrong: int, loud: float
) -> None:
    old, new = loud * SOUND[:old_ends], loud * SOUND[starts : starts + new_count]
    in_common = min(old_ends, starts + new_count) - starts
    place = find_seam(old, new, starts + clock_is_wrong, RATE)
    if in_common >= LEAST_S * RATE:
        assert place == starts
    else:
        assert place is None, "what they do not share is not found by chance"


@pytest.mark.parametrize("hum_hz", [0.0, 50.0, 120.0])
@pytest.mark.parametrize("starts_s", [0.4, 0.7, 1.0, 1.3])
def test_a_voice_is_not_taken_for_itself_a_period_earlier(starts_s: float, hum_hz: float) -> None:
    voice, rate = soundfile.read(SPOKEN, dtype="float32")
    said = voice + 0.05 * np.cos(2 * np.pi * hum_hz * np.arange(len(voice)) / rate)
    starts = round(starts_s * rate)
    for ends_s in (0.05, 0.08, 0.15):
        old = said[max(0, starts - rate // 2) : starts + round(ends_s * rate)]
        first = max(0, starts - rate // 2)
        for wrong_s in (-0.05, -0.01, 0.0, 0.02, 0.05):
            about = starts - first + round(wrong_s * rate)
            place = find_seam(old, said[starts : starts + rate // 5], about, rate)
            assert place == starts - first


def test_nothing_is_looked_for_far_from_where_the_clock_says() -> None:
    assert find_seam(SOUND[:24_000], SOUND[5_000:20_000], 5_000 + 5_000, RATE) is None


def test_speech_that_begins_in_silence_is_found() -> None:
    said = np.concatenate([np.zeros(20_000, np.float32), SOUND[:8_000]])
    assert find_seam(said[:24_000], said[10_000:], 9_000, RATE) == 10_000


def test_noise_of_two_converters_does_not_hide_it() -> None:
    old = SOUND[:24_000] + noise(24_000, 0.02, seed=1)
    new = SOUND[15_000:30_000] + noise(15_000, 0.02, seed=2)
    assert find_seam(old, new, 15_500, RATE) == 15_000


def test_two_streams_resampled_each_by_itself_meet_within_a_sample() -> None:
    fine = babble(1.0, 8 * RATE)
    old = fine[::8][:24_000]
    new = fine[4::8][12_000:30_000]  # half a sample later
    place = find_seam(old, new, 12_500, RATE)
    assert place in (12_000, 12_001)


@pytest.mark.parametrize("about", [3_000, 9_000, 14_123])
def test_a_hum_fits_everywhere_and_the_clock_decides(about: int) -> None:
    hum = tone(1.0, RATE, pitch=100.0)  # every 480 samples
    place = find_seam(hum[:24_000], hum[:5_000], about, RATE)
    assert place is not None
    assert place % 480 in (0, 1, 479)
    assert abs(place - about) <= 241


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (np.zeros(24_000, np.float32), np.zeros(5_000, np.float32)),
        (SOUND[:24_000], np.zeros(5_000, np.float32)),
        (noise(24_000, 0.1, seed=1), noise(5_000, 0.1, seed=2)),
        (SOUND[:500], SOUND[:500]),
        (SOUND[:24_000], SOUND[:0]),
        (SOUND[:0], SOUND[:24_000]),
    ],
    ids=["silence", "one silent", "unlike", "too short", "no new", "no old"],
)
def test_where_nothing_is_in_common_nothing_is_found(old: Audio, new: Audio) -> None:
    assert find_seam(old, new, 1_000, RATE) is None
