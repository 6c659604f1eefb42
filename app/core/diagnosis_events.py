"""What flows when Parley looks for what is wrong with itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from app.core.events import Event, Intent
from app.core.ports import Stage

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
    stage: Stage | None = None
    """Whose engine it is about, when it is about one."""
    change: tuple[str, str] | None = None
    """A setting that would help, by its name in the file, and what it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChecks(Intent):
    """Look at what only a look can tell: files, disk, graphics card. Window → diagnosis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecksEnded(Event):
    """What was found, one by one."""

    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveToGpu(Intent):
    """Take Ollama's model out of memory and load it again, with the options of every question, so
    that the server places it anew. Window → ollama."""


class Placing(StrEnum):
    """How such a move stands; the words of `ModelPlaced.placing`."""

    UNDER_WAY = "under way"
    ON_GPU = "on the GPU"
    NO_ROOM = "no room"
    """The GPU has not the memory for all of it."""
    NOT_USED = "not used"
    """There is room, and the server computes on the processor all the same."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlaced(Event):
    """A move to the GPU has begun, or how it ended."""

    model: str
    placing: Placing
    title: str
    """One sentence."""
    hint: str = ""
    """The next step; empty when there is none to take."""
