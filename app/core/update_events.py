"""What flows about newer versions of Parley."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.events import Command, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class UseUpdates(Command):
    """Look for newer versions from now on, or no longer. Settings → updates."""

    check: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateFound(Event):
    """There is a newer Parley; told once per run."""

    version: str
    page: str
    """Where it can be had."""
