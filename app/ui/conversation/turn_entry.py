"""A turn as the window shows it, and an old one made from what history kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Flag, auto

from app.core.events import Outcome
from app.core.ports import Engine, Stage, TurnRecord


class Part(Flag):
    """Parts of a turn that can change."""

    TRANSCRIPT = auto()
    REPLY = auto()
    """The reply grew at its end, was completed or replaced; see `TurnEntry.reply_done`."""
    REMARKS = auto()
    META = auto()
    """The line under the reply: engines, times, saved, outcome, what can be done with it."""


ALL = Part.TRANSCRIPT | Part.REPLY | Part.REMARKS | Part.META


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to read in the place of, or under, a reply: an error, "I didn't catch that"."""

    title: str
    hint: str
    level: str
    """ "info", "warn" or "error"."""
    stage: str = ""
    """Whose engine it is about (`StageFailed.stage`); empty when it is about none."""


@dataclass(slots=True)
class TurnEntry:
    """One turn as shown. Written by `ConversationModel` alone."""

    turn_id: int
    source: str
    """ "voice", "text" or "timer"."""
    started_at: float = 0.0
    """Unix time, seconds."""
    begins_day: bool = False
    """The turn before it is of another day; the page says which day begins."""
    transcript: str = ""
    transcript_final: bool = False
    stable: int = 0
    """So many characters of the transcript are not expected to change any more."""
    language: str = ""
    """Of the reply; empty until it is known."""
    reply: str = ""
    reply_done: bool = False
    """The reply will not grow any more."""
    outcome: str = ""
    """One of `Outcome`'s words; empty while the turn runs."""
    engines: dict[str, Engine] = field(default_factory=dict)
    """By stage name, as far as they have taken the turn up."""
    asked: list[Engine] = field(default_factory=list)
    """Every language model the question was sent to."""
    answered_by: list[Engine] = field(default_factory=list)
    """Who wrote the reply, in order."""
    why_not_first: str = ""
    """Why it was not the first choice alone who wrote it."""
    spans: Mapping[str, float] = field(default_factory=dict)
    """Milliseconds by span name; empty until the turn ended."""
    starts: Mapping[str, float] = field(default_factory=dict)
    """Where each span begins (`TurnEnded.starts`)."""
    slow_because: str = ""
    """Why the first sound came late (`app.core.figures.Cause`); empty when it did not."""
    saved: bool = False
    """Complete and on disk."""
    remarks: list[Remark] = field(default_factory=list)
    audible: bool = False
    """The reply has begun to sound."""
    read_aloud: bool = False
    """The reply is being read aloud once more."""

    @property
    def stayed_here(self) -> bool:
        """Whether the question was put to nobody outside this computer, in vain or not."""
        return all(engine.local for engine in (*self.asked, *self.answered_by))

    @property
    def first_sound_ms(self) -> float | None:
        """What the user waited for the first sound, in milliseconds."""
        return self.spans.get("voice_to_voice", self.spans.get("request_to_voice"))

    @property
    def is_running(self) -> bool:
        """It was asked, and is being answered."""
        return not self.outcome and self.transcript_final


def from_history(record: TurnRecord) -> TurnEntry:
    """An old turn. One that a crash cut short ended there."""
    return TurnEntry(
        turn_id=record.turn_id,
        source=record.source,
        started_at=record.started_at,
        transcript=record.transcript,
        transcript_final=True,
        language=record.language,
        reply=record.reply_generated,
        reply_done=True,
        outcome=record.outcome or Outcome.INTERRUPTED,
        engines=dict(record.engines),
        asked=list(record.asked),
        answered_by=list(record.answered_by),
        why_not_first=record.why_not_first,
        spans=record.spans,
        starts=record.starts,
        slow_because=record.slow_because,
        saved=True,
    )


def who_answered(entry: TurnEntry) -> list[Engine]:
    """The engines that wrote the reply, in order; whoever is asked as long as nobody has."""
    asked = entry.engines.get(Stage.LLM)
    return entry.answered_by or ([asked] if asked else [])
