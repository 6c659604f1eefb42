"""Numbers in words, read and said: "a hundred and twenty" becomes "120", 8.04672 "8.05".

Exact throughout: a number is a `Fraction` until it is rounded for the ear.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

NUMBER = r"(?:\d+(?:\.\d+)?|\(\d+/\d+\))"
"""A number as `read_numbers` writes it: "12", "2.5", or "(2/3)" where no decimal is exact."""

_DIGITS = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class NumberWords:
    """The number words of a language."""

    small: Mapping[str, int]
    """Words that stand for themselves, 0 to 19 (French: to 16)."""
    tens: Mapping[str, int]
    hundreds: frozenset[str]
    scales: Mapping[str, int]
    """ "thousand" and up."""
    parts: Mapping[str, Fraction]
    """ "half", "quarters", "thirds": share of one, and what may follow a count."""
    point: str
    joiner: str
    """ "and"."""
    joins_tens: bool
    """True where the joiner stands between tens and ones ("vingt et un"), false where it
    follows hundreds ("a hundred and one")."""
    articles: frozenset[str]
    """Words that count as one before a hundred, a scale or a part: "a"."""
    of: str
    """ "of": lets a part stand without its article, "quarter of an hour"."""
    ordinals: Mapping[str, int] = field(default_factory=dict)
    """ "fifth": written "5th". After one or an article they are parts: "a fifth"."""
    reaches: Mapping[int, int] = field(default_factory=dict)
    """Tens that take more than nine: French 60 takes up to 19."""


def value_of(number: str) -> Fraction:
    """The value of a `NUMBER`."""
    return Fraction(number.strip("()"))


def written(value: Fraction) -> str:
    """A `NUMBER` for a value that is not negative."""
    if value.denominator == 1:
        return str(value.numerator)
    scaled = value * 10**6
    if scaled.denominator == 1:
        whole, rest = divmod(scaled.numerator, 10**6)
        return f"{whole}.{rest:06d}".rstrip("0")
    return f"({value.numerator}/{value.denominator})"


def read_numbers(words: Sequence[str], language: NumberWords) -> list[str]:
    """The words with every number among them in digits; everything else is left alone."""
    reader = _Reader(words, language)
    result: list[str] = []
    at = 0
    while at < len(words):
        found = reader.number(at)
        if found is None:
            result.append(words[at])
            at += 1
        else:
            text, at = found
            result.append(text)
    return result


class _Reader:
    """Reads the number that begins at a word."""

    def __init__(self, words: Sequence[str], language: NumberWords) -> None:
        self._words = words
        self._language = language

    def number(self, at: int) -> tuple[str, int] | None:
        """The number beginning at word `at` and the index of the word after it."""
        language = self._language
        part = self._part(at)
        if part is not None:
            value, after = part
            # "half an hour": the article belongs to the half
            if after < len(self._words) - 1 and self._words[after] in language.articles:
                after += 1
            return written(value), after
        if self._word(at) in language.ordinals:
            return _ordinal(language.ordinals[self._word(at)]), at + 1
        if self._word(at) == language.point:
            decimals = self._decimals(at + 1)
            return (written(decimals[0]), decimals[1]) if decimals is not None else None
        cardinal = self._cardinal(at)
        if cardinal is None:
            return None
        value, after = cardinal
        ordinal = language.ordinals.get(self._word(after))
        if ordinal is not None and ordinal < 10 and value % 10 == 0 and 20 <= value <= 90:
            return _ordinal(int(value) + ordinal), after + 1
        if self._word(after) == language.joiner:
            rest = self._part(after + 1)
            if rest is not None:
                value, after = value + rest[0], rest[1]
        while self._word(after) in language.scales:
            value, after = value * language.scales[self._word(after)], after + 1
        return written(value), after

    def _word(self, at: int) -> str:
        return self._words[at] if 0 <= at < len(self._words) else ""

    def _part(self, at: int) -> tuple[Fraction, int] | None:
        """ "half", "a quarter", "three quarters", "two thirds", "one fifth"."""
        language = self._language
        count, after = 1, at
        counted = language.small.get(self._word(at), 0)
        if self._word(at).isdecimal() and len(self._word(at)) < 3:
            counted = int(self._word(at))
        if self._word(at) in language.articles:
            after = at + 1
        elif counted:
            count, after = counted, at + 1
        share = language.parts.get(self._word(after))
        bare = share == Fraction(1, 2) or self._word(after + 1) == language.of
        if share is not None and (after > at or bare):
            return count * share, after + 1
        ordinal = language.ordinals.get(self._word(after), 0)
        if after > at and count == 1 and ordinal > 2:
            return Fraction(1, ordinal), after + 1
        return None

    def _cardinal(self, at: int) -> tuple[Fraction, int] | None:
        """ "five", "two thousand and twenty six", "2.5 million", "two point five"."""
        language = self._language
        total = Fraction(0)
        group = Fraction(0)
        last = ""
        """What came last: "", "digits", "small", "tens", "hundred" or "scale"."""
        smallest_scale = math.inf
        start = at
        while (word := self._word(at)) != "":
            if word == language.joiner and self._joins(at, last):
                at += 1
                continue
            if last == "" and _DIGITS.fullmatch(word):
                group, last = Fraction(word), "digits"
            elif word in language.small and self._takes(group, last, language.small[word]):
                group, last = group + language.small[word], "small"
            elif word in language.tens and last in ("", "hundred", "scale"):
                group, last = group + language.tens[word], "tens"
            elif word in language.hundreds and (last in ("", "scale") or 0 < group < 100):
                group, last = (group or Fraction(1)) * 100, "hundred"
            elif word in language.scales and language.scales[word] < smallest_scale:
                smallest_scale = language.scales[word]
                total, group = total + (group or Fraction(1)) * language.scales[word], Fraction(0)
                last = "scale"
            elif (
                last == ""
                and at == start
                and word in language.articles
                and self._word(at + 1) in {*language.hundreds, *language.scales}
            ):
                pass
            elif word == language.point and last not in ("", "digits") and at > start:
                decimals = self._decimals(at + 1)
                if decimals is None:
                    break
                return total + group + decimals[0], decimals[1]
            else:
                break
            at += 1
        if last == "":
            return None
        if last == "digits" and at == start + 1 and self._word(at) == language.point:
            decimals = self._decimals(at + 1)
            if decimals is not None:
                return group + decimals[0], decimals[1]
        return total + group, at

    def _joins(self, at: int, last: str) -> bool:
        """Whether the joiner at `at` is inside a number rather than between two things."""
        language = self._language
        following = self._word(at + 1)
        if language.joins_tens:
            return last == "tens" and following in language.small
        inside = last == "hundred" or last == "scale"
        return inside and (following in language.small or following in language.tens)

    def _takes(self, group: Fraction, last: str, small: int) -> bool:
        if last in ("", "hundred", "scale"):
            return True
        tens = int(group) % 100
        return last == "tens" and 0 < small <= self._language.reaches.get(tens, 9)

    def _decimals(self, at: int) -> tuple[Fraction, int] | None:
        """What follows the point: digits one by one ("one four"), or a number ("fourteen")."""
        language = self._language
        digits = ""
        while (word := self._word(at)) != "":
            if word in language.small and language.small[word] < 10:
                digits += str(language.small[word])
            elif word.isdecimal():
                digits += word
            elif not digits.strip("0") and (word in language.small or word in language.tens):
                cardinal = self._cardinal(at)
                if cardinal is None:
                    break
                return Fraction(f"0.{digits}{int(cardinal[0])}"), cardinal[1]
            else:
                break
            at += 1
        return (Fraction(f"0.{digits}"), at) if digits else None


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number % 100 not in (11, 12, 13) else 0)
    return f"{number}{ending or 'th'}"


# --- saying -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NumberSpeech:
    """How a language says numbers."""

    minus: str
    about: str
    decimal: str
    group: str
    """Between thousands, from five digits on; empty for none."""
    millions: Sequence[tuple[int, str, str]]
    """Scales for rounded numbers, largest first: power of ten, one of it, several."""
    power_of_ten: str
    """ "{number} times 10 to the power of {power}", for what no scale reaches."""


_EXACT_BELOW = 10**15
"""Whole numbers up to here are said digit for digit: nobody follows more than that."""


def say_number(value: Fraction | float, speech: NumberSpeech, *, decimals: int = 4) -> str:
    """The number for the ear, rounded, with "about" in front when rounding changed it.

    `decimals` is how many are kept from 1 up; smaller numbers keep as many significant ones.
    """
    exact = Fraction(value)
    size = abs(exact)
    sign = f"{speech.minus} " if exact < 0 else ""
    if size.denominator == 1 and size < _EXACT_BELOW:
        return f"{sign}{_grouped(str(size.numerator), speech)}"
    if size >= 10**6:
        return f"{speech.about} {sign}{_scaled(size, speech)}"
    # Below 1 as many digits after the leading zeros, at most 12 places: less is nothing.
    places = decimals
    if 0 < size < 1:
        leading = -math.floor(math.log10(size)) - 1 if size > 10**-12 else 12
        places = min(decimals + leading, 12)
    near = round(size, places)
    whole, _, rest = f"{float(near):.{places}f}".rstrip("0").partition(".")
    text = _grouped(whole, speech) + (speech.decimal + rest if rest else "")
    # Binary floats are never quite the decimal that was meant.
    rounded = abs(near - size) > size * Fraction(1, 10**12)
    return f"{speech.about} {sign}{text}" if rounded else f"{sign}{text}"


def _grouped(digits: str, speech: NumberSpeech) -> str:
    if len(digits) < 5 or not speech.group:
        return digits
    return f"{int(digits):,}".replace(",", speech.group)


def _scaled(size: Fraction, speech: NumberSpeech) -> str:
    if size < 10**15:
        for power, one, several in speech.millions:
            if size >= 10**power:
                near = _short(size / 10**power, speech)
                return f"{near} {one if near == '1' else several}"
    power = len(str(int(size))) - 1
    near = _short(size / 10**power, speech)
    return speech.power_of_ten.format(number=near, power=power)


def _short(size: Fraction, speech: NumberSpeech) -> str:
    return f"{float(size):.2f}".rstrip("0").rstrip(".").replace(".", speech.decimal)
