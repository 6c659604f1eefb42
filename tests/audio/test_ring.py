from __future__ import annotations

import threading
import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.audio.ring import SampleRing
from app.audio.shared import RING_BLOCKS

RATE = 1000
CAPACITY_S = 0.05  # 50 samples: small, so that it wraps often

blocks = st.lists(
    st.tuples(st.integers(1, 70), st.floats(0, 0.2, allow_nan=False)), min_size=1, max_size=30
)


def filled(sizes_and_pauses: list[tuple[int, float]]) -> tuple[SampleRing, list[float]]:
    """A ring into which 0, 1, 2, ... were written, and each sample's arrival time."""
    ring = SampleRing.begun(CAPACITY_S, RATE)
    now, arrivals = 100.0, []
    for size, pause in sizes_and_pauses:
        now += pause
        start = ring.written
        ring.write(np.arange(start, start + size, dtype=np.float32), now)
        arrivals += [now - (size - 1 - i) / RATE for i in range(size)]
    return ring, arrivals


@given(blocks)
def test_it_holds_the_newest_samples_in_order(sizes: list[tuple[int, float]]) -> None:
    ring, arrivals = filled(sizes)
    start, samples = ring.read(0, ring.written)
    assert len(samples) == min(50, len(arrivals))
    assert start == ring.oldest
    np.testing.assert_array_equal(samples, np.arange(start, ring.written))
    assert ring.lost == start


@given(blocks, st.data())
def test_any_part_that_is_kept_can_be_read(
    sizes: list[tuple[int, float]], data: st.DataObject
) -> None:
    ring, _ = filled(sizes)
    start = data.draw(st.integers(ring.oldest, ring.written))
    stop = data.draw(st.integers(start, ring.written))
    first, samples = ring.read(start, stop)
    assert first == start
    np.testing.assert_array_equal(samples, np.arange(start, stop))
    assert ring.lost == 0


@given(blocks, st.floats(99.5, 107))
def test_nothing_before_the_index_arrived_later(sizes: list[tuple[int, float]], at: float) -> None:
    ring, arrivals = filled(sizes)
    index = ring.index_at(at)
    ends = np.cumsum([size for size, _ in sizes])
    times = np.cumsum([pause for _, pause in sizes]) + 100.0
    whole = int(
        max([end for end, time_ in zip(ends, times, strict=True) if time_ <= at], default=0)
    )
    assert index >= whole, "a block that has arrived counts whole"
    assert all(arrivals[i] <= at + 1e-6 for i in range(whole, index))
    if index < ring.written:
        assert arrivals[index] > at - 1e-6


@given(blocks, st.lists(st.floats(99.5, 107), min_size=2, max_size=20))
def test_later_times_give_later_samples(sizes: list[tuple[int, float]], times: list[float]) -> None:
    ring, _ = filled(sizes)
    indices = [ring.index_at(at) for at in sorted(times)]
    assert indices == sorted(indices)


def test_samples_inside_a_block_are_dated_back_from_its_arrival() -> None:
    ring = SampleRing.begun(1.0, RATE)
    ring.write(np.zeros(10, np.float32), 5.0)
    ring.write(np.zeros(10, np.float32), 5.01)
    assert ring.index_at(5.0) == 10
    assert ring.index_at(5.005) == 15
    assert ring.index_at(5.01) == 20
    assert ring.index_at(9.0) == 20
    assert ring.arrived_until == 5.01


def test_an_empty_ring_has_nothing_at_any_time() -> None:
    ring = SampleRing.begun(1.0, RATE)
    assert ring.index_at(time.perf_counter()) == 0
    assert ring.read(0, 100)[1].size == 0
    assert ring.arrived_until == 0.0


def test_more_blocks_than_are_dated_still_find_the_newest() -> None:
    ring = SampleRing.begun(100.0, RATE)
    for number in range(RING_BLOCKS + 100):
        ring.write(np.full(1, number, np.float32), 10.0 + number)
    assert ring.index_at(10.0 + RING_BLOCKS + 50) == RING_BLOCKS + 51
    assert ring.index_at(0.0) >= 100, "the oldest that is still dated"


def test_a_reader_beside_a_writer_sees_whole_samples_only() -> None:
    """The writer laps the reader all the time; what is read is consecutive all the same."""
    ring = SampleRing.begun(0.5, RATE)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            start = ring.written
            ring.write(
                np.arange(start, start + 97, dtype=np.float64).astype(np.float32), start / RATE
            )
            if start > 15_000_000:  # float32 counts exactly to 16,777,216
                return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        position, deadline, reads = 0, time.monotonic() + 1.0, 0
        while time.monotonic() < deadline:
            first, samples = ring.read(position, ring.written)
            if len(samples):
                np.testing.assert_array_equal(samples, np.arange(first, first + len(samples)))
                reads += 1
            position = first + len(samples)
    finally:
        stop.set()
        writer.join()
    assert reads > 10


def test_a_stalled_reader_counts_what_it_lost() -> None:
    ring = SampleRing.begun(CAPACITY_S, RATE)
    ring.write(np.zeros(30, np.float32), 1.0)
    ring.read(0, 30)
    for _ in range(4):
        ring.write(np.zeros(30, np.float32), 2.0)
    first, samples = ring.read(30, ring.written)
    assert (first, len(samples), ring.lost) == (100, 50, 70)
