"""What working ahead was worth, from the events of the turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.bench.statistics import median
from app.core.events import DraftEnded, DraftStarted, Event, PrefillEnded, PrefillStarted


@dataclass
class DraftTally:
    """Replies begun on trial and beginnings read ahead, over a series of turns."""

    started: int = 0
    kept: int = 0
    wasted_tokens: int = 0
    """Pieces of replies that were dropped."""
    gained_ms: list[float] = field(default_factory=list)
    """By how much earlier the first words of each kept one were there."""
    prefills: int = 0
    prefills_ended: int = 0
    """Before the question itself overtook them."""

    def observe(self, event: Event) -> None:
        match event:
            case DraftStarted():
                self.started += 1
            case DraftEnded(kept=True):
                self.kept += 1
                self.gained_ms.append(event.gained_ms)
            case DraftEnded():
                self.wasted_tokens += event.tokens
            case PrefillStarted():
                self.prefills += 1
            case PrefillEnded():
                self.prefills_ended += 1

    def in_words(self, turns: int) -> str:
        """One sentence for people.

        Args:
            turns: how many there were.
        """
        if not self.started and not self.prefills:
            return "Nothing was done ahead."
        read = f"Read ahead {self.prefills} times in {turns} turns"
        if not self.started:
            return f"{read}; no reply was begun on trial."
        gained = f", {median(self.gained_ms):.0f} ms gained each (median)" if self.gained_ms else ""
        return (
            f"{read}; of {self.started} replies begun on trial {self.kept} were kept{gained}, "
            f"{self.wasted_tokens} tokens wasted."
        )

    def as_data(self) -> Mapping[str, object]:
        return {
            "started": self.started,
            "kept": self.kept,
            "hit_rate": self.kept / self.started if self.started else None,
            "wasted_tokens": self.wasted_tokens,
            "gained_ms": self.gained_ms,
            "prefills": self.prefills,
            "prefills_ended": self.prefills_ended,
        }
