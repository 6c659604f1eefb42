"""A ring of samples that remembers when they arrived.

One thread writes (PortAudio's callback), one other reads. No locks: the writer announces what
it is about to overwrite (`_claimed`), writes, then publishes (`written`); the reader copies and
afterwards drops what was overwritten meanwhile. Python's GIL keeps these steps in order.
"""

from __future__ import annotations

import numpy as np

from app.core.ports import Audio

BLOCKS = 16_384
"""How many blocks' arrival times are kept. Hosts deliver 1.5 to 25 ms at a time, so this is
24 s or more; should a host deliver less, the oldest samples can no longer be found by time."""


class SampleRing:
    """The newest samples of a microphone, mono, at its native rate.

    Samples are numbered from 0 since the ring was made.

    Attributes:
        rate: samples per second.
        written: how many samples there have been; the number of the next one.
        lost: how many samples were overwritten before the reader came for them.
    """

    def __init__(self, seconds: float, rate: int) -> None:
        self.rate = rate
        self.written = 0
        self.lost = 0
        self._capacity = max(1, round(seconds * rate))
        self._samples = np.zeros(self._capacity, dtype=np.float32)
        self._claimed = 0
        self._block_start = np.zeros(BLOCKS, dtype=np.int64)
        self._block_end = np.zeros(BLOCKS, dtype=np.int64)
        self._block_at = np.zeros(BLOCKS, dtype=np.float64)
        self._blocks = 0
        self._blocks_claimed = 0

    # --- writer -----------------------------------------------------------------------------

    def write(self, samples: Audio, arrived_at: float) -> None:
        """Append a block whose last sample arrived at `arrived_at` (perf_counter)."""
        start = self.written
        end = start + len(samples)
        self._claimed = end
        kept = samples[-self._capacity :]
        at = (end - len(kept)) % self._capacity
        before_wrap = min(len(kept), self._capacity - at)
        self._samples[at : at + before_wrap] = kept[:before_wrap]
        self._samples[: len(kept) - before_wrap] = kept[before_wrap:]

        row = self._blocks % BLOCKS
        self._blocks_claimed = self._blocks + 1
        self._block_start[row] = start
        self._block_end[row] = end
        self._block_at[row] = arrived_at

        self.written = end
        self._blocks += 1

    # --- reader -----------------------------------------------------------------------------

    @property
    def oldest(self) -> int:
        """Number of the oldest sample that can still be read."""
        return max(0, self._claimed - self._capacity)

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
        for block in range(self._blocks - 1, max(-1, self._blocks - 1 - BLOCKS), -1):
            row = block % BLOCKS
            start, end = int(self._block_start[row]), int(self._block_end[row])
            arrived_at = float(self._block_at[row])
            if block < self._blocks_claimed - BLOCKS:
                break  # the writer has come round to this row while it was read
            if arrived_at <= at:
                if newer_at is None:
                    return end
                break
            newer_start, newer_end, newer_at = start, end, arrived_at
        if newer_at is None:
            return newer_start
        not_yet = int(np.ceil((newer_at - at) * self.rate - 1e-6))
        return max(newer_start, newer_end - not_yet)

    @property
    def arrived_until(self) -> float:
        """Arrival time (perf_counter) of the newest sample; 0 before the first one."""
        blocks = self._blocks
        return float(self._block_at[(blocks - 1) % BLOCKS]) if blocks else 0.0
