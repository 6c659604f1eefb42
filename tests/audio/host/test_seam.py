from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audio.host.seam import find_seam
from app.core.ports import Audio
from tests.audio.signals import babble, tone

RATE = 48_000
SOUND = babble(1.0, RATE)


def noise(count: int, loud: float, seed: int = 3) -> Audio:
    return (loud * np.random.default_rng(seed).standard_normal(count)).astype(np.float32)


@given(
    old_ends=st.integers(10_000, 30_000),
    starts=st.integers(0, 40_000),
    new_count=st.integers(1_000, 20_000),
    loud=st.sampled_from([1.0, 0.01, 0.0001]),
)
def test_the_same_sound_is_found_to_the_sample(
    old_ends: int, starts: int, new_count: int, loud: float
) -> None:
    old, new = loud * SOUND[:old_ends], loud * SOUND[starts : starts + new_count]
    in_common = min(old_ends, starts + new_count) - starts
    place = find_seam(old, new, 0, RATE)
    if in_common >= 0.02 * RATE:
        assert place == starts
    else:
        assert place is None, "what they do not share is not found by chance"


def test_speech_that_begins_in_silence_is_found() -> None:
    said = np.concatenate([np.zeros(20_000, np.float32), SOUND[:8_000]])
    assert find_seam(said[:24_000], said[10_000:], 0, RATE) == 10_000


def test_noise_of_two_converters_does_not_hide_it() -> None:
    old = SOUND[:24_000] + noise(24_000, 0.02, seed=1)
    new = SOUND[15_000:30_000] + noise(15_000, 0.02, seed=2)
    assert find_seam(old, new, 0, RATE) == 15_000


def test_two_streams_resampled_each_by_itself_meet_within_a_sample() -> None:
    fine = babble(1.0, 8 * RATE)
    old = fine[::8][:24_000]
    new = fine[4::8][12_000:30_000]  # half a sample later
    place = find_seam(old, new, 0, RATE)
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
    assert find_seam(old, new, 0, RATE) is None
