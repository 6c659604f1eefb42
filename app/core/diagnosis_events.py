"""What flows when Parley looks for what is wrong with itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.core.events import Event, Intent

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """What was found out about one part."""

    name: str
    status: Status
    text: str
    """One sentence."""
    hint: str = ""
    """The next step; empty when there is none to take."""
    stops: bool = False
    """Whether Parley cannot answer at all because of this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChecks(Intent):
    """Look at what only a look can tell: files, disk, graphics card. Window → diagnosis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecksEnded(Event):
    """What was found, one by one."""

    checks: tuple[Check, ...]
