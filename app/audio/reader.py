"""Reading a ring: from its native rate to what the listener works with."""

from __future__ import annotations

from app.audio.format import StreamResampler
from app.audio.ring import SampleRing
from app.core.ports import SAMPLE_RATE, Audio


class RingReader:
    """One pass over a ring from some sample on, 16 kHz. Used by the listener's thread.

    However the pass is cut into reads, the samples are the same. The resampler needs to see
    about 20 ms ahead and works in steps of 30 ms, so what it gives lags behind what it was
    given; `drain` at the end of the utterance lets the rest out.
    """

    def __init__(self, ring: SampleRing, start: int) -> None:
        self.ring = ring
        self.position = start
        """Number of the next sample to take from the ring."""
        self._resampler = StreamResampler(ring.rate, SAMPLE_RATE)

    def read(self, stop: int) -> Audio:
        """Take the samples before number `stop` that have not been taken yet."""
        first, samples = self.ring.read(self.position, max(self.position, stop))
        self.position = first + len(samples)
        return self._resampler.feed(samples)

    def drain(self) -> Audio:
        """What the resampler still holds of the samples taken; after it the pass starts anew."""
        return self._resampler.drain()
