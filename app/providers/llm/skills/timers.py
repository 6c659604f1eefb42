"""How people ask for timers, and what is said about them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import partial
from typing import Protocol

from app.providers.llm.skills.numbers import NUMBER, value_of
from app.providers.llm.skills.skill import Answer, Question
from app.providers.llm.skills.timer import LONGEST_S, Timer
from app.providers.llm.skills.timer_keeper import MOST, TimerKeeper

MOST_LISTED = 4
"""Timers told one by one; more cannot be kept in mind by ear."""


@dataclass(frozen=True, slots=True)
class TimerPhrases:
    """How people speak of timers, as patterns for the whole sentence."""

    set: Sequence[re.Pattern[str]]
    """Groups `duration`, and `name` where there is one."""
    remind: Sequence[re.Pattern[str]]
    """Groups `duration` and `what`."""
    alarm: Sequence[re.Pattern[str]]
    """Groups `clock` (a time of day), and `what` where there is one."""
    set_bare: Sequence[re.Pattern[str]]
    """A timer without its time."""
    remind_bare: Sequence[re.Pattern[str]]
    """A reminder without a time that can be kept."""
    left: Sequence[re.Pattern[str]]
    """How long still. May have the group `name`."""
    cancel: Sequence[re.Pattern[str]]
    """May have the group `name`."""
    cancel_all: Sequence[re.Pattern[str]]
    units: Mapping[str, int]
    """Words for units of time: seconds in each."""
    joiner: str
    """ "and", between hours and minutes."""
    articles: frozenset[str]
    """Words that count as one: "an hour"."""
    share_of: re.Pattern[str]
    """ "of an" in "0.25 of an hour": dropped."""
    nameless: frozenset[str]
    """Words that look like a timer's name and are none: "new", "my"."""


class TimerSpeech(Protocol):
    """How a language answers about timers."""

    @property
    def language(self) -> str:
        """ISO 639-1."""

    def label(self, name: str, seconds: int) -> str:
        """What a timer is called when it rings: "tea timer", "10-minute timer"."""

    def set(self, name: str, seconds: int) -> str: ...

    def reminder(self, what: str, seconds: int) -> str: ...

    def alarm(self, what: str, at: datetime, seconds: int) -> str: ...

    def rang(self, label: str) -> str:
        """What is said when a timer is over."""

    def reminds(self, what: str) -> str:
        """What is said when a reminder is due."""

    def left(self, timers: Sequence[Timer]) -> str:
        """How long each has left; none may be running."""

    def cancelled(self, timers: Sequence[Timer]) -> str: ...

    def which(self, timers: Sequence[Timer]) -> str:
        """Several are running and no one was named."""

    def unknown(self, name: str) -> str: ...

    def how_long(self) -> str: ...

    def only_durations(self) -> str: ...

    def too_long(self) -> str: ...

    def too_short(self) -> str: ...

    def too_many(self) -> str: ...

    def needs_window(self) -> str:
        """Asked for a timer where none could ring: on the command line."""

    def in_window(self) -> str:
        """Asked there about those that run."""

    def read_clock(self, text: str, now: datetime) -> datetime | None:
        """The next time it is "5:30 pm"; None when it is no time of day."""


class Timers:
    """Sets, lists and cancels timers, in one language."""

    def __init__(
        self,
        phrases: TimerPhrases,
        speech: TimerSpeech,
        keeper: TimerKeeper,
        here: Callable[[], datetime],
    ) -> None:
        self._phrases = phrases
        self._speech = speech
        self._keeper = keeper
        self._here = here

    def match(self, question: Question) -> Answer | None:
        return (
            self._timer(question)
            or self._reminder(question)
            or self._alarm(question)
            or self._running(question)
            or self._incomplete(question)
        )

    # --- starting -------------------------------------------------------------------------

    def _timer(self, question: Question) -> Answer | None:
        for pattern in self._phrases.set:
            found = pattern.fullmatch(question.text)
            if found is None:
                continue
            seconds = read_duration(found["duration"], self._phrases)
            if seconds is not None:
                name = self._name(found.groupdict().get("name"), question)
                return Answer(partial(self._start_timer, name, seconds))
        seconds = read_duration(question.text, self._phrases)
        if seconds is not None:
            # "For how long?" was asked last: a duration alone is the answer.
            last = next(question.before(), None)
            if last is not None and _fits(self._phrases.set_bare, last.text):
                return Answer(partial(self._start_timer, "", seconds))
        return None

    def _start_timer(self, name: str, seconds: int) -> str:
        refusal = self._refusal(seconds)
        if refusal:
            return refusal
        self._start(name, seconds)
        return self._speech.set(name, seconds)

    def _reminder(self, question: Question) -> Answer | None:
        for pattern in self._phrases.remind:
            found = pattern.fullmatch(question.text)
            if found is None:
                continue
            seconds = read_duration(found["duration"], self._phrases)
            if seconds is not None:
                what = question.as_said(found["what"])
                return Answer(partial(self._start_reminder, what, seconds))
        return None

    def _start_reminder(self, what: str, seconds: int) -> str:
        refusal = self._refusal(seconds)
        if refusal:
            return refusal
        self._start(what, seconds, is_reminder=True)
        return self._speech.reminder(what, seconds)

    def _alarm(self, question: Question) -> Answer | None:
        for pattern in self._phrases.alarm:
            found = pattern.fullmatch(question.text)
            if found is None:
                continue
            clock = found["clock"]
            if self._speech.read_clock(clock, self._here()) is not None:
                what = question.as_said(found.groupdict().get("what") or "")
                return Answer(partial(self._start_alarm, what, clock))
        return None

    def _start_alarm(self, what: str, clock: str) -> str:
        now = self._here()
        at = self._speech.read_clock(clock, now)
        seconds = 0 if at is None else max(1, round(at.timestamp() - now.timestamp()))
        refusal = self._refusal(seconds)
        if refusal or at is None:
            return refusal
        self._start(what, seconds, is_reminder=bool(what))
        return self._speech.alarm(what, at, seconds)

    def _start(self, name: str, seconds: int, *, is_reminder: bool = False) -> None:
        speech = self._speech
        label = name if is_reminder else speech.label(name, seconds)
        announcement = speech.reminds(name) if is_reminder else speech.rang(label)
        self._keeper.start(
            Timer(label, name, seconds, announcement, speech.language, is_reminder=is_reminder)
        )

    def _refusal(self, seconds: int) -> str:
        """Why no timer can be set; empty when one can."""
        if not self._keeper.can_ring:
            return self._speech.needs_window()
        if seconds < 1:
            return self._speech.too_short()
        if seconds > LONGEST_S:
            return self._speech.too_long()
        if len(self._keeper.running) >= MOST:
            return self._speech.too_many()
        return ""

    # --- those that run -------------------------------------------------------------------

    def _running(self, question: Question) -> Answer | None:
        text = question.text
        if _fits(self._phrases.cancel_all, text):
            return Answer(self._cancel_all if self._keeper.can_ring else self._speech.in_window)
        for patterns, say in (
            (self._phrases.left, self._say_left),
            (self._phrases.cancel, self._cancel),
        ):
            for pattern in patterns:
                found = pattern.fullmatch(text)
                if found is None:
                    continue
                if not self._keeper.can_ring:
                    return Answer(self._speech.in_window)
                name = self._name(found.groupdict().get("name"), question)
                return Answer(partial(say, name))
        return None

    def _say_left(self, name: str) -> str:
        timers = self._named(name)
        if name and not timers:
            return self._speech.unknown(name)
        return self._speech.left(timers)

    def _cancel_all(self) -> str:
        timers = self._keeper.running
        self._keeper.cancel(*timers)
        return self._speech.cancelled(timers) if timers else self._speech.left([])

    def _cancel(self, name: str) -> str:
        timers = self._named(name)
        if not timers:
            return self._speech.unknown(name) if name else self._speech.left([])
        if len(timers) > 1 and not name:
            return self._speech.which(timers)
        self._keeper.cancel(*timers)
        return self._speech.cancelled(timers)

    def _named(self, name: str) -> Sequence[Timer]:
        """The timers of that name ("tea"), of that length ("10 minute"), or all without one."""
        if not name:
            return self._keeper.running
        seconds = read_duration(name, self._phrases)
        return [
            timer
            for timer in self._keeper.running
            if timer.name.lower() == name.lower() or timer.seconds == seconds
        ]

    # --- half a request -------------------------------------------------------------------

    def _incomplete(self, question: Question) -> Answer | None:
        if _fits(self._phrases.set_bare, question.text):
            can_ring = self._keeper.can_ring
            return Answer(self._speech.how_long if can_ring else self._speech.needs_window)
        if _fits(self._phrases.remind_bare, question.text):
            return Answer(self._speech.only_durations)
        return None

    def _name(self, name: str | None, question: Question) -> str:
        words = [word for word in (name or "").split() if word not in self._phrases.nameless]
        return question.as_said(" ".join(words))


def read_duration(text: str, phrases: TimerPhrases) -> int | None:
    """Whole seconds of "1 hour and 20 minutes", "0.5 hour", "an hour and 0.5"; else None."""
    words = phrases.share_of.sub(" ", text).split()
    total = Fraction(0)
    unit = 0
    """Seconds in the last unit named."""
    at = 0
    while at < len(words):
        if unit and words[at] == phrases.joiner:
            at += 1
        if at >= len(words):
            return None
        if words[at] in phrases.articles:
            amount = Fraction(1)
        elif re.fullmatch(NUMBER, words[at]):
            amount = value_of(words[at])
        else:
            return None
        following = phrases.units.get(words[at + 1]) if at + 1 < len(words) else None
        if following is not None and (not unit or following < unit):
            unit = following
            total += amount * unit
            at += 2
        elif unit and at == len(words) - 1 and words[at] not in phrases.articles:
            # "an hour and 0.5" is half of the hour, "1 hour 30" is thirty of the next smaller
            if amount >= 1 and unit == 1:
                return None
            total += amount * (unit if amount < 1 else unit // 60 or 1)
            at += 1
        else:
            return None
    return round(total) if unit else None


def _fits(patterns: Sequence[re.Pattern[str]], text: str) -> bool:
    return any(pattern.fullmatch(text) for pattern in patterns)
