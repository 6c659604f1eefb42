from __future__ import annotations

import gc
import multiprocessing
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from app.audio.shared import (
    InputState,
    OutputState,
    Progress,
    RingMemory,
    SharedSound,
)

SOME = Progress(done=3, flushes=1, played_s=2.5, queued_s=0.5, first_sample_at=9.0, underruns=2)


def test_what_is_published_is_read_as_a_whole() -> None:
    state = OutputState()
    assert state.progress() == Progress(0, 0, 0.0, 0.0, None, 0)
    state.publish(SOME)
    assert state.progress() == SOME
    assert (state.has_device, state.latency_s) == (0, 0), "the neighbours are left alone"


def test_a_reader_never_sees_half_of_two() -> None:
    state = OutputState()
    over = threading.Event()

    def publish() -> None:
        number = 0
        while not over.is_set():
            number += 1
            state.publish(Progress(number, number, number, number, number, number))

    writer = threading.Thread(target=publish)
    writer.start()
    try:
        for _ in range(2_000):
            seen = state.progress()
            assert seen is None or len({seen.done, seen.flushes, seen.underruns}) == 1
    finally:
        over.set()
        writer.join()


def test_a_writer_that_died_in_the_middle_holds_nobody_up() -> None:
    state = OutputState()
    state.publish(SOME)
    state.has_device = 1
    state.cells[6] += 1  # as `publish` does first
    assert state.progress() is None
    state.recover()
    assert state.progress() == Progress(0, 0, 0.0, 0.0, None, 0)
    assert not state.has_device


def test_a_device_is_proven_when_it_still_calls_after_a_while() -> None:
    state = InputState()
    state.opened_at, state.arrived_at = 100.0, 100.2
    assert not state.is_proven
    state.arrived_at = 101.0
    assert state.is_proven
    assert not state.delivers, "long ago"


def _write(shared: SharedSound, say: Connection) -> None:
    shared.output.publish(SOME)
    shared.rings[1].samples[:3] = 0.25
    shared.rings[1].rate = 44_100
    say.send(shared.flushes.count)


def test_another_process_sees_and_writes_the_same() -> None:
    context = multiprocessing.get_context("spawn")
    shared = SharedSound(context)
    shared.flushes.add()
    hear, say = context.Pipe(duplex=False)
    process = context.Process(target=_write, args=(shared, say))
    process.start()
    assert hear.poll(60)
    assert hear.recv() == 1
    process.join(60)
    assert shared.output.progress() == SOME
    ring: RingMemory = shared.rings[1]
    assert ring.capacity == 0, "of its own neighbours nothing was written"
    assert ring.rate == 44_100
    assert ring.samples[:4].tolist() == [0.25, 0.25, 0.25, 0.0]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's own way")
def test_no_folder_has_to_be_writable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers exist in which /dev/shm belongs to root."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    shared = SharedSound(multiprocessing.get_context("spawn"))
    shared.flushes.add()
    assert shared.flushes.count == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_its_memory_goes_with_it() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        SharedSound(multiprocessing.get_context("spawn"))
    gc.collect()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1
