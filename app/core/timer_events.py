"""What flows about timers beside `TimerSet` and `TimerRang`: those that run, and those that were
missed."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.events import Event, Intent


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelTimer(Intent):
    """Have this timer not ring; nothing happens when it has. Window → llm."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimersChanged(Event):
    """These timers run now, the next to ring first; sent whenever others do."""

    timers: tuple[TimerRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimersMissed(Event):
    """These were due while Parley did not run; told once."""

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
