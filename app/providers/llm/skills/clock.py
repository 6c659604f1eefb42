"""Time and date, here and anywhere in the world."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Protocol

from app.providers.llm.skills.dates import NamedDate
from app.providers.llm.skills.places import Place
from app.providers.llm.skills.skill import Answer, Question

Patterns = Sequence[re.Pattern[str]]


@dataclass(frozen=True, slots=True)
class ClockPhrases:
    """How people ask, as patterns for the whole question."""

    time: Patterns
    """May have the group `place`, or `zone` where it is only a place if the table knows it
    ("what is Tokyo time", but not "what is tea time")."""
    day: Patterns
    """The date. May have the groups `place` and `day`, a key of `days`."""
    month: Patterns
    year: Patterns
    week: Patterns
    """The number of the week."""
    difference: Patterns
    """Groups `place` (ahead of or behind here), or `pair` ("London and Tokyo")."""
    until: Patterns
    """Groups `date`, and `unit`, a key of `units`, or neither of them for "how long"."""
    when: Patterns
    """Group `date`: which date or day of the week that is."""
    again: Patterns
    """ "And in Tokyo?" after a question about another place: group `place`."""
    days: Mapping[str, int]
    """ "tomorrow": days from today."""
    units: Mapping[str, int]
    """ "weeks": days in it."""
    pair: str
    """ " and ", between the places of a `pair`."""
    here: frozenset[str]
    """Words for the place where the user is."""


class ClockSpeech(Protocol):
    """How a language says times and dates."""

    def time(self, at: datetime, place: str, *, other_day: bool) -> str:
        """ "It is 3:42 PM in Paris."; `place` is empty for here."""

    def day(self, on: date, place: str, days_from_now: int) -> str:
        """ "Tomorrow is Friday, March 6, 2026." """

    def month(self, on: date) -> str: ...

    def year(self, on: date) -> str: ...

    def week(self, number: int) -> str: ...

    def difference(self, place: str, other: str, ahead: timedelta) -> str:
        """How far `place` is ahead of (or behind) `other`; empty for the user's place."""

    def until(self, what: NamedDate, days: int, unit_days: int) -> str:
        """ "There are 12 days until Christmas." """

    def when(self, what: NamedDate, today: date) -> str:
        """ "Christmas is on Friday, December 25, 2026." """

    def unknown_place(self, place: str) -> str: ...

    def find_place(self, said: str) -> Place | None:
        """The place the user named."""

    def place(self, place: Place, said: str) -> str:
        """The place as this language says it; `said` is what the user said."""

    def read_date(self, text: str, today: date) -> NamedDate | None:
        """The date of "december 25th", "christmas", "friday"."""


class Clock:
    """Answers from the clock and the calendar."""

    def __init__(
        self, phrases: ClockPhrases, speech: ClockSpeech, here: Callable[[], datetime]
    ) -> None:
        self._phrases = phrases
        self._speech = speech
        self._here = here

    def match(self, question: Question) -> Answer | None:
        text = question.text
        return (
            self._time(text)
            or self._day(text)
            or self._calendar(text)
            or self._difference(text)
            or self._date(text)
            or self._again(question)
        )

    # --- one question ---------------------------------------------------------------------

    def _time(self, text: str, elsewhere: str = "") -> Answer | None:
        found = _first(self._phrases.time, text)
        if found is None or ("zone" in found and self._speech.find_place(found["zone"]) is None):
            return None
        return self._at(found, elsewhere, self._say_time)

    def _say_time(self, place: Place | None, said: str, _: Mapping[str, str]) -> str:
        here = self._here()
        if place is None:
            return self._speech.time(here, "", other_day=False)
        there = here.astimezone(place.zone)
        name = self._speech.place(place, said)
        return self._speech.time(there, name, other_day=there.date() != here.date())

    def _day(self, text: str, elsewhere: str = "", other_day: str = "") -> Answer | None:
        found = _first(self._phrases.day, text)
        if found is None:
            return None
        if other_day:
            found["day"] = other_day
        return self._at(found, elsewhere, self._say_day)

    def _say_day(self, place: Place | None, said: str, found: Mapping[str, str]) -> str:
        now = self._here()
        ahead = self._phrases.days.get(found.get("day", ""), 0)
        name = ""
        if place is not None:
            now = now.astimezone(place.zone)
            name = self._speech.place(place, said)
        return self._speech.day(now.date() + timedelta(days=ahead), name, ahead)

    def _at(
        self,
        found: Mapping[str, str],
        elsewhere: str,
        say: Callable[[Place | None, str, Mapping[str, str]], str],
    ) -> Answer:
        """What to say about the place in the question, or about `elsewhere` instead."""
        where = elsewhere or found.get("place", "") or found.get("zone", "")
        if not where or where in self._phrases.here:
            return Answer(lambda: say(None, "", found))
        place = self._speech.find_place(where)
        if place is None:
            return Answer(lambda: self._speech.unknown_place(where), certain=False)
        return Answer(lambda: say(place, where, found))

    def _calendar(self, text: str) -> Answer | None:
        if _first(self._phrases.month, text) is not None:
            return Answer(lambda: self._speech.month(self._here().date()))
        if _first(self._phrases.year, text) is not None:
            return Answer(lambda: self._speech.year(self._here().date()))
        if _first(self._phrases.week, text) is not None:
            return Answer(lambda: self._speech.week(self._here().isocalendar().week))
        return None

    def _difference(self, text: str) -> Answer | None:
        found = _first(self._phrases.difference, text)
        if found is None:
            return None
        if "pair" in found:
            # "trinidad and tobago and spain": every "and" may be the one between them
            between = self._phrases.pair
            parts = found["pair"].split(between)
            pairs = [
                (between.join(parts[:split]), between.join(parts[split:]))
                for split in range(1, len(parts))
            ]
        else:
            pairs = [(found["place"], found.get("other", ""))]
        for one, other in pairs:
            if one in self._phrases.here:
                one, other = other, ""
            place = self._speech.find_place(one)
            at_home = not other or other in self._phrases.here
            other_place = None if at_home else self._speech.find_place(other)
            if place is not None and (at_home or other_place is not None):
                return Answer(partial(self._say_difference, place, one, other_place, other))
        return Answer(lambda: self._speech.unknown_place(pairs[0][0]), certain=False)

    def _say_difference(self, place: Place, said: str, other: Place | None, other_said: str) -> str:
        now = self._here()
        there = now.astimezone(place.zone).utcoffset() or timedelta()
        from_there = now.astimezone(other.zone) if other is not None else now
        other_name = self._speech.place(other, other_said) if other is not None else ""
        ahead = there - (from_there.utcoffset() or timedelta())
        return self._speech.difference(self._speech.place(place, said), other_name, ahead)

    def _date(self, text: str) -> Answer | None:
        today = self._here().date()
        until = _first(self._phrases.until, text)
        if until is not None:
            what = self._speech.read_date(until["date"], today)
            unit_days = self._phrases.units.get(until.get("unit", ""), 1)
            if what is not None and what.day >= today:
                days = (what.day - today).days
                return Answer(lambda: self._speech.until(what, days, unit_days))
        when = _first(self._phrases.when, text)
        if when is not None:
            asked = self._speech.read_date(when["date"], today)
            if asked is not None:
                return Answer(lambda: self._speech.when(asked, today))
        return None

    # --- and one more place -----------------------------------------------------------------

    def _again(self, question: Question) -> Answer | None:
        """ "And in Tokyo?": the last question about a place, asked of another."""
        found = _first(self._phrases.again, question.text)
        if found is None:
            return None
        where = found["place"]
        for earlier in question.before():
            if _first(self._phrases.again, earlier.text) is not None:
                continue
            if where in self._phrases.days:
                return self._day(earlier.text, other_day=where)
            return self._time(earlier.text, where) or self._day(earlier.text, where)
        return None


def _first(patterns: Patterns, text: str) -> dict[str, str] | None:
    """The groups of the first pattern that fits the whole text."""
    for pattern in patterns:
        found = pattern.fullmatch(text)
        if found is not None:
            return {name: value for name, value in found.groupdict().items() if value}
    return None
