"""Unit conversion, computed by `pint`.

Matching needs no library: a language's table says which measure each word belongs to, so it is
known at once whether "miles" can become "kilometers". `pint` is imported with the first
conversion or by `load_units`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, Protocol

from app.errors import ProviderUnavailable
from app.providers.llm.skills.numbers import NUMBER, NumberSpeech, say_number, value_of
from app.providers.llm.skills.skill import Answer, Question


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as a language names it."""

    key: str
    """What `pint` calls it."""
    measure: str
    """ "length": only units of the same measure become one another."""
    one: str
    """ "mile"."""
    several: str
    """ "miles"."""


@dataclass(frozen=True, slots=True)
class Amount:
    """ "5 feet 10 inches": a number of each unit."""

    parts: tuple[tuple[Fraction, Unit], ...]

    @property
    def measure(self) -> str:
        return self.parts[0][1].measure


@dataclass(frozen=True, slots=True)
class UnitPhrases:
    """How people ask for conversions, as patterns for the whole question."""

    asked: Sequence[re.Pattern[str]]
    """Groups `amount` and `unit`; or `rest`, where `between` stands between the two."""
    between: re.Pattern[str]
    """ " in ", " to "."""
    again: re.Pattern[str]
    """ "And in miles?": group `unit`."""
    names: Mapping[str, Sequence[Unit]]
    """Every word for a unit; several units where a word has several meanings ("ounces")."""
    articles: frozenset[str]
    """Words that count as one: "a mile"."""
    minus: frozenset[str]
    joiner: str


def unit_names(table: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[Unit]]:
    """Units by every word for them.

    `table` has rows "pint's name|one|several|other words, with commas" for each measure.
    """
    names: dict[str, list[Unit]] = {}
    for measure, rows in table.items():
        for row in rows:
            key, one, several, others = row.split("|")
            unit = Unit(key, measure, one, several)
            for word in {one.lower(), several.lower(), *others.split(",")} - {""}:
                names.setdefault(word, []).append(unit)
    return names


class UnitSpeech(Protocol):
    """How a language says a conversion."""

    def converted(self, amount: Amount, value: float, unit: Unit) -> str:
        """ "5 miles is about 8.05 kilometers." """

    def different(self, unit: Unit, other: Unit) -> str:
        """Miles do not become kilograms."""


@functools.cache
def load_units() -> Any:
    """The `pint` registry. Takes about half a second the first time.

    Raises:
        ProviderUnavailable: the library is missing.
    """
    try:
        import pint
    except ImportError as exc:
        raise ProviderUnavailable(
            "Units cannot be converted.", "Part of Parley is missing: install it again."
        ) from exc
    registry = pint.UnitRegistry()
    # Its own "decade" is a ratio of ten.
    registry.define("years_of_a_decade = 10 * year")
    return registry


def convert(amount: Amount, unit: Unit) -> float:
    """The amount in that unit.

    Raises:
        ProviderUnavailable: `pint` is missing.
    """
    registry = load_units()
    total = 0.0
    for value, own in amount.parts:
        total += float(registry.Quantity(float(value), own.key).to(unit.key).magnitude)
    return total


def say_measured(value: float, unit: Unit, speech: NumberSpeech) -> str:
    """A converted amount, as exactly as anyone wants it: "about 8.05", "37", "about 1609"."""
    decimals = 1 if unit.measure == "temperature" else 2
    if 1000 <= abs(value) < 10**6:
        decimals = 0
    near = Fraction(value).limit_denominator(10**9)
    # pint's factors carry float noise, and the acre two definitions: that is not "about".
    whole = round(near, decimals)
    if abs(whole - near) <= abs(near) * Fraction(1, 200_000):
        near = Fraction(whole)
    return say_number(near, speech, decimals=decimals)


class Units:
    """Converts units, in one language."""

    def __init__(self, phrases: UnitPhrases, speech: UnitSpeech) -> None:
        self._phrases = phrases
        self._speech = speech

    def match(self, question: Question) -> Answer | None:
        unlike: Answer | None = None
        for amount_text, unit_text in self._asked(question):
            targets = self._phrases.names.get(unit_text, ())
            amounts = list(self._amounts(amount_text)) if targets else []
            for amount in amounts:
                for unit in targets:
                    if unit.measure == amount.measure:
                        return Answer(partial(self._say, amount, unit), slow=True)
                    if {unit.measure, amount.measure} == {"months", "time"}:
                        continue  # how many days a month has depends on the month
                    say = partial(self._speech.different, amount.parts[0][1], unit)
                    unlike = Answer(say, certain=False)
        return unlike

    def _say(self, amount: Amount, unit: Unit) -> str:
        return self._speech.converted(amount, convert(amount, unit), unit)

    def _asked(self, question: Question) -> Iterator[tuple[str, str]]:
        """What may be the amount and what the unit, in the order to try."""
        yield from self._readings(question.text)
        again = self._phrases.again.fullmatch(question.text)
        if again is None:
            return
        for earlier in question.before():
            if self._phrases.again.fullmatch(earlier.text) is None:
                for amount, _ in self._readings(earlier.text):
                    yield amount, again["unit"]
                return

    def _readings(self, text: str) -> Iterator[tuple[str, str]]:
        for pattern in self._phrases.asked:
            found = pattern.fullmatch(text)
            if found is None:
                continue
            groups = found.groupdict()
            if groups.get("rest") is None:
                yield groups["amount"], groups["unit"]
                continue
            # "5 in in cm": every "in" may be the one between them
            for between in self._phrases.between.finditer(groups["rest"]):
                yield groups["rest"][: between.start()], groups["rest"][between.end() :].lstrip()

    def _amounts(self, text: str) -> Iterator[Amount]:
        """Every meaning of "5 feet 10 inches", "minus 40 celsius", "a liter", "1 / 2 cup"."""
        words = text.split()
        sign = 1
        if words and words[0] in self._phrases.minus:
            sign, words = -1, words[1:]
        first, at = self._number(words, 0)
        end = len(words)
        for stop in range(end, at, -1):
            for unit in self._phrases.names.get(" ".join(words[at:stop]), ()):
                head = (first * sign, unit)
                if stop == end:
                    yield Amount((head,))
                elif sign == 1:
                    yield from self._compound(head, words[stop:])

    def _compound(self, head: tuple[Fraction, Unit], words: Sequence[str]) -> Iterator[Amount]:
        """The smaller part: "10 inches" after feet, or just "10"."""
        if words[0] == self._phrases.joiner:
            words = words[1:]
        if not words or not re.fullmatch(NUMBER, words[0]):
            return
        value = value_of(words[0])
        name = " ".join(words[1:])
        smaller = _SMALLER.get(head[1].key, "")
        for units in self._phrases.names.values() if not name else [self._phrases.names.get(name)]:
            for unit in units or ():
                if unit.measure == head[1].measure and (name or unit.key == smaller):
                    yield Amount((head, (value, unit)))
                    return

    def _number(self, words: Sequence[str], at: int) -> tuple[Fraction, int]:
        """The number at the front and where the unit begins; one when there is none."""
        if words[at : at + 1] and words[at] in self._phrases.articles:
            return Fraction(1), at + 1
        value: Fraction | None = None
        while words[at : at + 1] and re.fullmatch(NUMBER, words[at]):
            number = value_of(words[at])
            if words[at + 1 : at + 2] == ["/"] and words[at + 2 : at + 3]:
                under = words[at + 2]
                if not under.isdecimal() or int(under) == 0:
                    return Fraction(0), len(words)
                number, at = number / int(under), at + 2
            if value is not None and number >= 1:
                return Fraction(0), len(words)  # two numbers in a row are no amount
            value, at = (value or Fraction(0)) + number, at + 1
        return (Fraction(1) if value is None else value), at


_SMALLER = {"foot": "inch", "meter": "centimeter", "pound": "ounce", "hour": "minute"} | {
    "minute": "second",
    "stone": "pound",
}
"""What a bare second number counts: "5 feet 10"."""
