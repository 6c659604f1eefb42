from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.audio.reader import RingReader
from app.audio.ring import SampleRing
from app.core.ports import SAMPLE_RATE
from tests.audio.signals import babble, likeness


def recorded(rate: int, seconds: float = 1.0) -> SampleRing:
    ring = SampleRing.begun(10.0, rate)
    ring.write(babble(seconds, rate), 1.0)
    return ring


@pytest.mark.parametrize("rate", [8_000, 16_000, 32_000, 44_100, 48_000, 96_000])
@settings(max_examples=8, deadline=None)
@given(steps=st.lists(st.integers(0, 5000), max_size=40))
def test_however_it_is_cut_into_reads_the_samples_are_the_same(rate: int, steps: list[int]) -> None:
    ring = recorded(rate)
    once = RingReader(ring, 0)
    whole = np.concatenate([once.read(ring.written), once.drain()])

    reader = RingReader(ring, 0)
    pieces = [reader.read(reader.position + step) for step in steps]
    pieces += [reader.read(ring.written), reader.drain()]
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-6)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_drain_gives_the_utterance_its_last_samples(rate: int) -> None:
    ring = recorded(rate)
    reader = RingReader(ring, 0)
    heard = np.concatenate([reader.read(ring.written), reader.drain()])
    assert abs(len(heard) - SAMPLE_RATE) <= 1
    ideal = babble(1.0, rate)
    middle = np.interp(np.arange(SAMPLE_RATE) / SAMPLE_RATE, np.arange(rate) / rate, ideal)
    # against plain interpolation, so not exact, but nothing may be displaced at either end
    assert likeness(heard[:3200], middle[:3200].astype(np.float32)) > 0.9
    assert likeness(heard[-3200:], middle[-3200:].astype(np.float32)) > 0.9


def test_reading_on_after_a_drain_goes_on_where_it_was() -> None:
    ring = recorded(48_000)
    reader = RingReader(ring, 0)
    reader.read(24_000)
    reader.drain()
    rest = np.concatenate([reader.read(ring.written), reader.drain()])
    assert abs(len(rest) - SAMPLE_RATE // 2) <= 1


def test_a_reader_that_was_lapped_goes_on_with_the_oldest_kept() -> None:
    ring = SampleRing.begun(0.5, SAMPLE_RATE)
    reader = RingReader(ring, 0)
    ring.write(np.arange(20_000, dtype=np.float32), 1.0)
    heard = reader.read(ring.written)
    assert heard[0] == 12_000
    assert len(heard) == 8_000
    assert ring.lost == 12_000
