"""A ring of samples that remembers when they arrived.

One writes (the devices' process, in PortAudio's callback), one other reads (Parley's listener). No
locks: the writer announces what it is about to overwrite (`claimed`), writes, then publishes
(`written`); the reader copies and afterwards drops what was overwritten meanwhile.
"""

from __future__ import annotations

import numpy as np

from app.audio.shared import RingMemory
from app.core.ports import Audio


class SampleRing:
    """The newest samples of a microphone, mono, at its native rate.

    Samples are numbered from 0 since the ring was begun.

    Attributes:
        lost: how many samples were overwritten before this reader came for them.
    """

    def __init__(self, memory: RingMemory) -> None:
        """Read what another one writes there."""
        self._memory = memory
        self._samples = memory.samples
        self._times = memory.times
        self.rate = int(memory.rate)
        """Samples per second."""
        self._capacity = max(1, int(memory.capacity))
        self.lost = 0

    @classmethod
    def begun(cls, seconds: float, rate: int, memory: RingMemory | None = None) -> SampleRing:
        """A ring to write to, empty, of `seconds` or as much as the memory holds."""
        wanted = max(1, round(seconds * rate))
        memory = memory or RingMemory(capacity=wanted)
        memory.rate = rate
        memory.capacity = min(wanted, len(memory.samples))
        memory.claimed = memory.written = memory.blocks_claimed = memory.blocks = 0
        return cls(memory)

    @property
    def written(self) -> int:
        """How many samples there have been; the number of the next one."""
        return int(self._memory.written)

    @property
    def kept_s(self) -> float:
        """How far back it goes, at most."""
        return self._capacity / self.rate

    # --- writer -----------------------------------------------------------------------------

    def write(self, samples: Audio, arrived_at: float) -> None:
        """Append a block whose last sample arrived at `arrived_at` (perf_counter)."""
        start = self.written
        end = start + len(samples)
        memory = self._memory
        memory.claimed = end
        kept = samples[-self._capacity :]
        at = (end - len(kept)) % self._capacity
        before_wrap = min(len(kept), self._capacity - at)
        self._samples[at : at + before_wrap] = kept[:before_wrap]
        self._samples[: len(kept) - before_wrap] = kept[before_wrap:]

        blocks = int(memory.blocks)
        memory.blocks_claimed = blocks + 1
        self._times[blocks % len(self._times)] = (start, end, arrived_at)

        memory.written = end
        memory.blocks = blocks + 1

    # --- reader -----------------------------------------------------------------------------

    @property
    def oldest(self) -> int:
        """Number of the oldest sample that can still be read."""
        return max(0, int(self._memory.claimed) - self._capacity)

    def read(self, start: int, stop: int) -> tuple[int, Audio]:
        """Copy samples `start` up to `stop`.

        Returns:
            The number of the first sample copied, later than `start` when the ones between
            were overwritten (they are counted in `lost`), and the samples.
        """
        stop = min(stop, self.written)
        first = min(max(start, self.oldest), max(start, stop))
        copy = np.empty(max(0, stop - first), dtype=np.float32)
        at = first % self._capacity
        before_wrap = min(len(copy), self._capacity - at)
        copy[:before_wrap] = self._samples[at : at + before_wrap]
        copy[before_wrap:] = self._samples[: len(copy) - before_wrap]
        torn = min(max(0, self.oldest - first), len(copy))
        first += torn
        self.lost += first - start
        return first, copy[torn:]

    def index_at(self, at: float) -> int:
        """How many samples had arrived at `at` (perf_counter).

        The samples of a block are taken to have come in one by one, the last of them when the
        block did. Never less than the number of the oldest sample whose arrival is known.
        """
        newer_start = newer_end = self.written
        newer_at: float | None = None
        kept = len(self._times)
        blocks = int(self._memory.blocks)
        for block in range(blocks - 1, max(-1, blocks - 1 - kept), -1):
            start, end, arrived_at = self._times[block % kept].tolist()
            if block < self._memory.blocks_claimed - kept:
                break  # the writer has come round to this row while it was read
            if arrived_at <= at:
                if newer_at is None:
                    return int(end)
                break
            newer_start, newer_end, newer_at = int(start), int(end), arrived_at
        if newer_at is None:
            return newer_start
        not_yet = int(np.ceil((newer_at - at) * self.rate - 1e-6))
        return max(newer_start, newer_end - not_yet)

    @property
    def arrived_until(self) -> float:
        """Arrival time (perf_counter) of the newest sample; 0 before the first one."""
        blocks = int(self._memory.blocks)
        return float(self._times[(blocks - 1) % len(self._times), 2]) if blocks else 0.0
