"""What is said about timers that nobody was told of: their language, and what the day was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Protocol

from app.providers.llm.skills.english.timers import EnglishTimers
from app.providers.llm.skills.french.timers import FrenchTimers
from app.providers.llm.skills.timer import Timer

HALF_A_DAY_S = 12 * 3600.0
"""Within it the time of day alone says which day is meant."""


class _Speech(Protocol):
    """How a language says it."""

    def missed(self, timers: Sequence[Timer], at: datetime, days: int) -> str: ...


_SPEECH: Mapping[str, _Speech] = {"en": EnglishTimers(), "fr": FrenchTimers()}


def say_missed(zone: tzinfo | None, timers: Sequence[Timer], now: float) -> tuple[str, str]:
    """The sentence, and its language: that of the last one.

    Args:
        zone: of the times that are said; None is the computer's.
        timers: at least one, the first first.
        now: Unix time.
    """
    last = timers[-1]
    language = last.language if last.language in _SPEECH else "en"
    at = datetime.fromtimestamp(last.due_at, zone)
    days = (datetime.fromtimestamp(now, zone).date() - at.date()).days
    if now - last.due_at < HALF_A_DAY_S:
        days = 0
    return _SPEECH[language].missed(timers, at, max(0, days)), language
