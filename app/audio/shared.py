"""What Parley and the process of its sound devices both see: memory, no locks.

Every value has one writer. Each is eight bytes, aligned, so that no reader sees half of one; where
several belong together, a reader looks again when somebody wrote meanwhile (`OutputState.progress`)
or drops what was overwritten (`ring`). x86 processors show stores in their order; on ARM a reader
may, rarely, see a count before the samples it counts, which were zeros or ten seconds old.

Times are `time.perf_counter()`, which is one clock for all processes of a system: CLOCK_MONOTONIC
on Linux, mach_absolute_time on macOS, QueryPerformanceCounter on Windows.
"""

from __future__ import annotations

import mmap
import os
import sys
import threading
import time
import weakref
from dataclasses import dataclass
from itertools import accumulate
from multiprocessing.context import SpawnContext
from multiprocessing.reduction import DupFd
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

RING_SAMPLES = 480_000
"""Of each of the two rings: 10 s at 48 kHz."""

RING_BLOCKS = 16_384
"""How many blocks' arrival times are kept. Hosts deliver 1.5 to 25 ms at a time, so this is
24 s or more; should a host deliver less, the oldest samples can no longer be found by time."""

LOST_AFTER_S = 1.0
"""A device that has not called back for this long is gone."""

START_GRACE_S = 3.0
"""How long a device may take to its first call; Bluetooth and suspended devices take a while."""

PROVEN_AFTER_S = 0.5
"""Any device that is opened calls once or twice; one that still does after this long works."""


TRIES = 50
"""To read what is being written, which takes half a microsecond."""


class _Number:
    """One number of a row, as an attribute of the object that holds the row."""

    def __init__(self, place: int) -> None:
        self._place = place

    @overload
    def __get__(self, owner: None, kind: type) -> _Number: ...
    @overload
    def __get__(self, owner: _Row, kind: type) -> float: ...
    def __get__(self, owner: _Row | None, kind: type) -> _Number | float:
        return self if owner is None else owner.cells[self._place]

    def __set__(self, owner: _Row, value: float) -> None:
        owner.cells[self._place] = value


class _Row:
    """Numbers in memory that another process may see as well."""

    SIZE = 0

    def __init__(self, memory: Any = None) -> None:
        """
        Args:
            memory: at least `SIZE` doubles, from `SharedSound`; None takes memory of this process.
        """
        kept = bytearray(8 * self.SIZE) if memory is None else memory
        self.cells: memoryview[float] = memoryview(kept).cast("B").cast("d")


class InputState(_Row):
    """How the microphone is. Written by the process of the devices."""

    SIZE = 6
    is_open = _Number(0)
    opened_at = _Number(1)
    """When it was opened."""
    rings = _Number(2)
    """How many devices were opened; the newest one's ring is `SharedSound.rings[rings % 2]`."""
    latency_s = _Number(3)
    """From the air to the ring: as the host reports it until it is measured; more while it
    rests and delivers long blocks."""
    overflows = _Number(4)
    """How often the host dropped samples since the device opened."""
    arrived_at = _Number(5)
    """When the newest block came; 0 before the first one of this device."""

    @property
    def is_proven(self) -> bool:
        """Whether it still delivered some time after it was opened."""
        return self.arrived_at - self.opened_at > PROVEN_AFTER_S

    @property
    def delivers(self) -> bool:
        return _calls(self.arrived_at, self.opened_at)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the loudspeaker is, all values of one moment."""

    done: int
    """Messages that have been taken in."""
    flushes: int
    """The number of flushes that this account knows of."""
    played_s: float
    queued_s: float
    first_sample_at: float | None
    underruns: int


NOTHING_PLAYED = Progress(0, 0, 0.0, 0.0, None, 0)


class OutputState(_Row):
    """How the loudspeaker is. Written by the process of the devices."""

    SIZE = 13
    has_device = _Number(0)
    """Whether there is one, which may rest."""
    is_open = _Number(1)
    opened_at = _Number(2)
    asked_at = _Number(3)
    """When the host last asked for samples; 0 before its first time."""
    latency_s = _Number(4)
    """From the process of the devices to the air."""
    underflows = _Number(5)
    """How often the host ran out of samples in the middle of sound."""
    _version = _Number(6)
    """Odd while the six values after it are being written."""

    @property
    def is_proven(self) -> bool:
        return self.asked_at - self.opened_at > PROVEN_AFTER_S

    @property
    def asks(self) -> bool:
        """Whether the host called within the last second."""
        return _calls(self.asked_at, self.opened_at)

    def publish(self, progress: Progress) -> None:
        """Called by one thread."""
        self._version += 1
        self.cells[7] = progress.done
        self.cells[8] = progress.flushes
        self.cells[9] = progress.played_s
        self.cells[10] = progress.queued_s
        self.cells[11] = progress.first_sample_at or 0.0
        self.cells[12] = progress.underruns
        self._version += 1

    def progress(self) -> Progress | None:
        """As it was published last; None when the writer does not get to its end, being interrupted
        or dead."""
        for _ in range(TRIES):
            version = self._version
            done, flushes, played_s, queued_s, first_at, underruns = self.cells[7:13].tolist()
            if version % 2 == 0 and self._version == version:
                return Progress(
                    int(done), int(flushes), played_s, queued_s, first_at or None, int(underruns)
                )
            time.sleep(0)
        return None

    def recover(self) -> None:
        """The writer is dead: begin anew in its place."""
        for place in range(self.SIZE):
            self.cells[place] = 0


class Flushes(_Row):
    """How often the loudspeaker was told to be silent. Written by Parley."""

    SIZE = 1
    _count = _Number(0)

    def __init__(self, memory: Any = None) -> None:
        super().__init__(memory)
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        return int(self._count)

    def add(self) -> None:
        """Any thread."""
        with self._lock:
            self._count += 1


class RingMemory(_Row):
    """What a ring of samples is made of (`ring.SampleRing`)."""

    SIZE = 6
    rate = _Number(0)
    capacity = _Number(1)
    written = _Number(2)
    claimed = _Number(3)
    blocks = _Number(4)
    blocks_claimed = _Number(5)

    def __init__(
        self, memory: Any = None, samples: Any = None, blocks: Any = None, *, capacity: int = 0
    ) -> None:
        super().__init__(memory)
        self.samples: NDArray[np.float32] = (
            np.zeros(capacity, np.float32)
            if samples is None
            else np.frombuffer(samples, dtype=np.float32)
        )
        self.times: NDArray[np.float64] = (
            np.zeros((RING_BLOCKS, 3))
            if blocks is None
            else np.frombuffer(blocks, dtype=np.float64).reshape(-1, 3)
        )
        """Per block: number of its first sample, number behind its last one, arrival time."""


class _Memory:
    """Bytes that another process sees as well, zeros at first.

    On Linux a file without a name or a place: `multiprocessing`'s own arrays want to write into
    /dev/shm, which not every container allows, and would take the disk instead.
    """

    def __init__(self, context: SpawnContext, size: int) -> None:
        self._size = size
        self._array: Any = None
        if sys.platform.startswith("linux"):
            self._take(os.memfd_create("parley-sound"))
            os.ftruncate(self._file, size)
            self.bytes = memoryview(mmap.mmap(self._file, size))
        else:
            self._array = context.RawArray("b", size)
            self.bytes = memoryview(self._array).cast("B")

    def _take(self, file: int) -> None:
        self._file = file
        weakref.finalize(self, os.close, file)

    def __getstate__(self) -> tuple[int, Any]:
        return self._size, DupFd(self._file) if self._array is None else self._array

    def __setstate__(self, state: tuple[int, Any]) -> None:
        self._size, kept = state
        if sys.platform.startswith("linux"):
            self._array = None
            self._take(kept.detach())
            self.bytes = memoryview(mmap.mmap(self._file, self._size))
        else:
            self._array = kept
            self.bytes = memoryview(kept).cast("B")


class SharedSound:
    """All of it. Goes to the other process as an argument of its start."""

    _RING = (8 * RingMemory.SIZE, 4 * RING_SAMPLES, 8 * 3 * RING_BLOCKS)
    _SIZES = (8 * InputState.SIZE, 8 * OutputState.SIZE, 8 * Flushes.SIZE, *_RING, *_RING)
    """Bytes of each part; all are multiples of eight."""

    def __init__(self, context: SpawnContext) -> None:
        self._memory = _Memory(context, sum(self._SIZES))
        self._look()

    def _look(self) -> None:
        ends = list(accumulate(self._SIZES))
        microphone, speaker, flushes, *rings = (
            self._memory.bytes[end - size : end]
            for size, end in zip(self._SIZES, ends, strict=True)
        )
        self.input = InputState(microphone)
        self.output = OutputState(speaker)
        self.flushes = Flushes(flushes)
        self.rings = (RingMemory(*rings[:3]), RingMemory(*rings[3:]))

    def __getstate__(self) -> _Memory:
        return self._memory

    def __setstate__(self, memory: _Memory) -> None:
        self._memory = memory
        self._look()


def _calls(newest: float, opened_at: float) -> bool:
    now = time.perf_counter()
    return now - newest < LOST_AFTER_S if newest else now - opened_at < START_GRACE_S
