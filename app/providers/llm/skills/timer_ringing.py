"""What has rung, until somebody shows that it was heard."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from app.providers.llm.skills.timer import Timer

AGAIN_AFTER_S = (15.0, 30.0)
"""How long after each announcement a timer is announced again. Whoever has left the room hears it
when it has become quiet, or on the way back; more than a minute of it would only annoy."""


@dataclass(eq=False, slots=True)
class _Ring:
    """One timer that is over."""

    timer: Timer
    announced: int = 0
    """How often."""
    again_at: float = math.inf
    """When it is to be announced again; Unix time."""


class Ringing:
    """Keeps what rang in order, and knows what is to be announced again. Used by its keeper alone.

    Announcements are asked for here and made elsewhere, in the same order, when nobody speaks.
    """

    def __init__(self) -> None:
        self._rings: list[_Ring] = []
        self._on_the_way: deque[_Ring | None] = deque()

    @property
    def timers(self) -> Sequence[Timer]:
        """All that rang, the first first."""
        return [ring.timer for ring in self._rings]

    @property
    def untold(self) -> Sequence[Timer]:
        """Those that still wait for their first announcement."""
        return [ring.timer for ring in self._rings if not ring.announced]

    @property
    def next_at(self) -> float:
        """When one is to be announced again; infinite when none is."""
        return min((ring.again_at for ring in self._rings), default=math.inf)

    def begin(self, timer: Timer) -> None:
        """It rings, and its announcement is on the way."""
        ring = _Ring(timer)
        self._rings.append(ring)
        self._on_the_way.append(ring)

    def begin_other(self) -> None:
        """An announcement is on the way that belongs to none of these."""
        self._on_the_way.append(None)

    def again(self, now: float) -> Sequence[Timer]:
        """Those whose next announcement is due; it is on the way from here on."""
        due = [ring for ring in self._rings if ring.again_at <= now]
        for ring in due:
            ring.again_at = math.inf
            self._on_the_way.append(ring)
        return [ring.timer for ring in due]

    def announced(self, now: float) -> None:
        """The announcement that has been on the way the longest is made."""
        ring = self._on_the_way.popleft() if self._on_the_way else None
        if ring is None:
            return
        if ring.announced < len(AGAIN_AFTER_S):
            ring.again_at = now + AGAIN_AFTER_S[ring.announced]
        ring.announced += 1

    def heard(self) -> bool:
        """Somebody is there: what was announced needs no more. Whether there was any."""
        before = len(self._rings)
        self._rings = [ring for ring in self._rings if not ring.announced]
        return len(self._rings) < before

    def dismiss(self, number: int) -> bool:
        """This one was seen. Whether there was one."""
        before = len(self._rings)
        self._rings = [ring for ring in self._rings if ring.timer.number != number]
        return len(self._rings) < before

    def move(self, by_s: float) -> None:
        """The clock was set."""
        for ring in self._rings:
            ring.timer.due_at += by_s
            ring.again_at += by_s

    def clear(self) -> None:
        self._rings.clear()
        self._on_the_way.clear()
