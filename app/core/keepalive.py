"""When to look whether the language model is still in memory.

Pure: the caller beats, and hands in the time of a clock that goes on while the computer sleeps.
What a look costs, and that it never generates, is the provider's business (`ensure_warm`); that
it is not beside a reply is the language models' thread's.
"""

from __future__ import annotations

import math

LONGEST_BEAT_S = 5.0
"""How long after the computer woke up this may go unnoticed. A beat costs some microseconds."""
SLEPT_S = 5.0
"""A beat that comes this much too late, and a whole beat more, means that the computer slept."""


class KeepaliveRhythm:
    """Turns beats into looks.

    Attributes:
        beat_s: how often to call `beat`, in seconds.
    """

    def __init__(self, interval_s: float, now: float) -> None:
        """
        Args:
            interval_s: between two looks.
        """
        self.beat_s = interval_s / math.ceil(interval_s / LONGEST_BEAT_S)
        self._interval_s = interval_s
        self._beat_at = now
        self._looked_at = now

    def beat(self, now: float) -> str | None:
        """Why to look now: "keepalive", or "wake" after the computer slept; None not to."""
        late_s = now - self._beat_at - self.beat_s
        self._beat_at = now
        if late_s > self.beat_s + SLEPT_S:
            self._looked_at = now
            return "wake"
        # half a beat: timers are a little early or late, and a clock that was set back must
        # not stop the looks
        since_s = now - self._looked_at
        if since_s < 0 or since_s >= self._interval_s - self.beat_s / 2:
            self._looked_at = now
            return "keepalive"
        return None
