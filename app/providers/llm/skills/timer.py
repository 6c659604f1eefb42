"""One timer, as the keeper holds it and the file keeps it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

LONGEST_S = 24 * 3600
"""A timer rings only while Parley runs; a day is as far as that can be promised."""


@dataclass(eq=False, slots=True)
class Timer:
    """One that is running."""

    label: str
    """What to say when it rings, a phrase that stands alone: "tea timer", "call mum"."""
    name: str
    """What the user calls it: "tea", "call mum"; empty for a timer without a name."""
    seconds: int
    """How long it was set for."""
    announcement: str
    """The sentence to say when it rings, in `language`."""
    language: str
    is_reminder: bool = False
    due_at: float = 0.0
    """Unix time; 0 while it does not run."""
    number: int = 0
    """Given by the keeper, 1 and up in each run of Parley."""
    private: bool = False
    """Set in a private conversation: never written."""
    rang: bool = False
    """It is over. Parley ran then, but may have ended before it was announced."""
    wall: Callable[[], float] = time.time
    """The clock that its keeper goes by."""

    @property
    def left_s(self) -> int:
        """Whole seconds, at least one while it has not rung."""
        if not self.due_at:
            return self.seconds
        return max(1, round(self.due_at - self.wall()))
