"""What flows about Parley's presence outside its window."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortcutChanged(Event):
    """What the talk key of the whole desktop can do now. Desktop → window."""

    by: str
    """Who listens for it: "portal", "x11", "evdev" or "system"; empty when nobody can."""
    shortcut: str
    """The keys, as Qt or the desktop writes them; empty for none."""
    can_hold: bool
    """False where only a press is told of, so that it can start and end talking, not be held."""
    works: bool
    why: str = ""
    """What stands in the way or is still to be done, and the next step, in plain sentences; empty
    when all is well."""
    others: tuple[tuple[str, str], ...] = ()
    """The ways to listen that are not used, and why not, in the words of the system."""
