"""The microphone as the listener has it: what its device records, read from shared memory."""

from __future__ import annotations

import numpy as np

from app.audio.format import EMPTY
from app.audio.reader import RingReader
from app.audio.ring import SampleRing
from app.audio.shared import InputState, RingMemory
from app.core.ports import Audio

MUTED_AFTER_S = 2.0
"""Zeros for this long are no pause of a live microphone, whose converter always has noise."""

SILENT_PEAK = 2.0**-15
"""One step of a 16-bit converter: a live microphone's own noise is above it."""

LEVEL_S = 0.08
"""The meter shows the peak of so much: two of the longest blocks while somebody looks."""

USUAL_RATE = 48_000
"""The rate of the empty ring before the first device is open."""


class Microphone:
    """An `AudioInput` on a sound device. The object stays the same when the device changes.

    Threads: `seek`, `read` and `drain` belong to the listener's; the rest may be read by any.
    """

    def __init__(self, state: InputState, rings: tuple[RingMemory, ...]) -> None:
        self._state = state
        self._rings = rings
        self._newest = (0, SampleRing.begun(0, USUAL_RATE))
        self._reader = RingReader(self._newest[1], 0)
        self._reads = 0
        """Which device's ring that is."""
        self.name = ""
        """What the user calls it, empty when there is none. Set by the sound thread."""

    @property
    def _ring(self) -> SampleRing:
        """That of the device that was opened last."""
        number = int(self._state.rings)
        known, ring = self._newest
        if known != number:
            ring = SampleRing(self._rings[number % len(self._rings)])
            self._newest = (number, ring)
        return ring

    # --- any thread -------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        return bool(self._state.is_open) and self._state.delivers

    @property
    def unproven(self) -> bool:
        """Whether the device is open and has not gone on delivering so far."""
        return bool(self._state.is_open) and not self._state.is_proven

    @property
    def latency_s(self) -> float:
        return self._state.latency_s

    @property
    def level(self) -> float:
        return _peak(self._newest_samples(LEVEL_S)) if self.alive else 0.0

    @property
    def silent_for_s(self) -> float:
        """For how long every sample has been zero, as far back as is kept: a muted microphone, or
        no permission."""
        if not self.alive:
            return 0.0
        samples = self._newest_samples(self._ring.kept_s)
        loud = np.flatnonzero(np.abs(samples) >= SILENT_PEAK)
        silent = len(samples) - 1 - loud[-1] if len(loud) else len(samples)
        return float(silent / self._ring.rate)

    @property
    def muted(self) -> bool:
        """Whether it delivers, and nothing but zeros for `MUTED_AFTER_S`."""
        return self.silent_for_s >= MUTED_AFTER_S

    def _newest_samples(self, seconds: float) -> Audio:
        ring = self._ring
        stop = ring.written
        return ring.read(max(ring.oldest, stop - round(seconds * ring.rate)), stop)[1]

    @property
    def arrived_until(self) -> float:
        return self._ring.arrived_until

    @property
    def overflows(self) -> int:
        """How often the host reported that it had to drop samples, since the device opened."""
        return int(self._state.overflows)

    # --- listener ---------------------------------------------------------------------------

    def seek(self, since: float) -> None:
        ring = self._ring
        self._reads = self._newest[0]
        self._reader = RingReader(ring, max(ring.oldest, ring.index_at(since)))

    def read(self, until: float | None = None) -> Audio:
        ring = self._ring
        if self._reader.ring is ring:
            return self._read_up_to(until)
        # The device changed in the middle: the old one's rest, then the new one's beginning. The
        # next device but one writes where the old one did.
        is_kept = self._newest[0] - self._reads < len(self._rings)
        rest = [self._read_up_to(until)] if is_kept else []
        rest.append(self._reader.drain())
        self._reads = self._newest[0]
        self._reader = RingReader(ring, 0)
        return np.concatenate([*rest, self._read_up_to(until)])

    def drain(self) -> Audio:
        return self._reader.drain()

    def _read_up_to(self, until: float | None) -> Audio:
        reader = self._reader
        stop = reader.ring.written if until is None else reader.ring.index_at(until)
        return reader.read(stop) if stop > reader.position else EMPTY


def _peak(samples: Audio) -> float:
    return max(float(samples.max()), -float(samples.min())) if len(samples) else 0.0
