"""What the history hands out."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.ports import TurnRecord


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One conversation in which something was said."""

    id: int
    uuid: str
    """The same on every computer the history is carried to; `id` is not."""
    started_at: float
    """Unix time, seconds, of its first turn."""
    title: str
    """The user's own name for it, or the beginning of the first thing said in it."""
    turns: int
    """How many turns it has."""
    last_at: float
    """Unix time, seconds, of its last turn."""
    pinned: bool


@dataclass(frozen=True, slots=True)
class TurnRow:
    """A turn as saved."""

    id: int
    session_id: int
    record: TurnRecord


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a found text."""

    text: str
    match: bool
    """Whether this is what was searched for, to be shown so."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A turn that was found, and the part of its words that shows why."""

    turn: TurnRow
    snippet: tuple[Piece, ...]
    title: str
    """Of its conversation."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a deletion did."""

    sessions: int
    turns: int
    scrubbed: bool
    """Whether the words are gone from the files too. False: another program was reading, and
    the write-ahead file keeps traces until that program closes the history."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    turns: int
    """Turns added."""
    known: int
    """Turns that were there already and stayed as they were."""
