"""What flows about timers beside `TimerSet` and `TimerRang`: those that run, those that have rung,
and those that were missed."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.events import Event, Intent, TimerRang


@dataclass(frozen=True, slots=True)
class TimerRow:
    """A timer as one sees it."""

    name: str
    """What the user calls it: "tea", or what to remind of: "call mum"; empty for none."""
    seconds: int
    """How long it was set for."""
    due_at: float
    """When it rings, or would have rung; Unix time."""
    is_reminder: bool = False
    number: int = 0
    """Which one it is, in this run of Parley; 0 for one that runs no more."""
    private: bool = False
    """Set in a private conversation: it is kept in no file."""
    rang: bool = False
    """It is over, and Parley ran then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelTimer(Intent):
    """Have this timer not ring, or no more; nothing happens when it is gone. Window → llm."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreTimer(Intent):
    """Have a timer that was cancelled go on, as if it had not been. Window → llm."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimersChanged(Event):
    """Which timers there are now; sent whenever these are others."""

    timers: tuple[TimerRow, ...]
    """Those that run, the next to ring first."""
    rung: tuple[TimerRow, ...] = ()
    """Those that have rung, the first first, until somebody shows that it was heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerCancelled(Event):
    """`CancelTimer` was done to one that ran; `RestoreTimer` takes that back for so long."""

    timer: TimerRow
    undo_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerRetold(TimerRang):
    """What was told before is to be said: a ring once more, or one that was missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimersMissed(Event):
    """These were due while Parley did not run, or were not announced before it ended; told
    once."""

    timers: tuple[TimerRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimersNotKept(Event):
    """The timers of this run cannot be written: they ring, and end with Parley. Told when it comes
    to that."""

    why: str
    """What stands in the way, one or two sentences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimersKept(Event):
    """What `TimersNotKept` told of is over: they are written again."""
