"""How long the windows of a clause are.

The first is heard while the second is computed, and so on: a window must be ready before the ones
before it have been played. So the first is short, since it is waited for, and each later one takes
at most a share of what is still to be played when its turn comes. How fast this computer computes
is measured window by window, since other programs want its cores too.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from statistics import median

from app.core.ports import Audio

FIRST_S = 0.16
"""Seconds of speech in the first window. Shorter ones are mostly surroundings: at half of real
time this is about the shortest from which the lead over the listener grows."""

AROUND_S = 0.13
"""Of speech that is computed besides the window itself: the reach of the decoder costs as much as
8 frames of the MMS voices."""

LONGEST_S = 1.0
"""A cancelled clause is noticed between windows."""

SHARE = 0.5
"""Of the lead over the listener that computing the next window may use up. The other half is for
the moment in which somebody else takes a core."""

LEAST_RTF = 0.3
"""Seconds of computing per second of speech to be ready for, however fast it went of late: other
programs come back. Measured with the MMS shape on 2 cores: 0.17 idle, 0.3 with one of them busy,
0.5 with both."""

ASSUMED_RTF = 0.5
"""The same before anything is measured."""

REMEMBERED = 9
"""Windows whose median is how fast this computer is: one slow window does not change it."""


def longest(frames_per_s: float) -> int:
    """Frames in the longest window."""
    return max(1, round(LONGEST_S * frames_per_s))


def doubling(least: int, frames_per_s: float) -> list[int]:
    """A few sizes for windows where each size has its price, none below `least` frames."""
    sizes = [max(least, round(FIRST_S * frames_per_s))]
    while 2 * sizes[-1] <= longest(frames_per_s):
        sizes.append(2 * sizes[-1])
    return sizes


class Pace:
    """Chooses the windows of a voice, clause after clause. Used by one thread."""

    def __init__(
        self,
        frames_per_s: float,
        clock: Callable[[], float] = time.perf_counter,
        sizes: Sequence[int] = (),
    ) -> None:
        """
        Args:
            frames_per_s: latent frames of a second of speech.
            clock: gives seconds.
            sizes: the only ones, in frames, that windows but the last may have, ascending; any
                when there are none.
        """
        self._clock = clock
        self._frames_per_s = frames_per_s
        self._around = AROUND_S * frames_per_s
        self._shortest = max(1, round(FIRST_S * frames_per_s))
        self._longest = sizes[-1] if sizes else longest(frames_per_s)
        self._sizes = sizes or range(1, self._longest + 1)
        self._rtfs: deque[float] = deque(maxlen=REMEMBERED)

    @property
    def rtf(self) -> float:
        """Seconds of computing per second of speech that the next windows are to be ready for."""
        return max(median(self._rtfs), LEAST_RTF) if self._rtfs else ASSUMED_RTF

    def windows(
        self, until: Callable[[int], int], compute: Callable[[int, int], Audio]
    ) -> Iterator[Audio]:
        """A clause. `until` says whether it goes on until a frame, or where it ends before that;
        `compute` gives the samples from a frame to another."""
        start, size, lead = 0, self.first, 0.0
        while True:
            began = self._clock()
            stop = until(start + size)
            if stop == start:
                return
            samples = compute(start, stop)
            spent = (self._clock() - began) * self._frames_per_s
            self._rtfs.append(spent / (stop - start + self._around))
            yield samples
            lead = max(lead - spent, 0.0) + stop - start
            start, size = stop, self._following(lead)

    @property
    def first(self) -> int:
        """Frames in the first window: as few as keep the lead, with a quarter to spare."""
        if self.rtf >= 1:
            return self._longest  # it cannot keep up: fewer, longer gaps
        # computing so many frames with their surroundings takes as long as playing them
        steady = self._around * self.rtf / (1 - self.rtf)
        wanted = min(max(round(1.25 * steady), self._shortest), self._longest)
        return next(size for size in self._sizes if size >= wanted)

    def _following(self, lead: float) -> int:
        """Frames in the next window, with so many frames still to be played."""
        affordable = round(SHARE * lead / self.rtf - self._around)
        return max(size for size in self._sizes if size <= max(affordable, self.first))
