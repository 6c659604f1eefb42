"""From what was typed or heard to what skills match: one spelling for many.

"Hey Parley, what's twenty-five times 4?" becomes "what is 25 * 4".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from app.providers.llm.skills.numbers import NumberWords, read_numbers

LONGEST = 240
"""Characters. Nothing a skill knows takes longer to say, and matching stays quick."""

_TOKEN = re.compile(
    r"\d+:\d\d|\d+(?:st|nd|rd|th)\b|\d+(?:\.\d+)?"  # times of day, "29th", numbers
    r"|[^\W\d_]+(?:['/][^\W\d_]+)*"  # words, "o'clock", "km/h"
    r"|\*\*|\S"
)
_SYMBOLS = str.maketrans(
    {
        "×": "*",
        "·": "*",
        "÷": "/",
        "−": "-",
        "–": "-",
        "—": "-",
        "’": "'",
        "‘": "'",
        "′": "'",
        "″": '"',
    }
)
_ABBREVIATION = re.compile(r"\b(?:[^\W\d_]\.){1,4}[^\W\d_]\b\.?")
_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=\w)|(?<=\d)-(?=[^\W\d_])")
_PUNCTUATION = re.compile(r"(?<!\d)\.(?!\d)|\.(?=\s|$)|(?<!\d):|:(?!\d\d)|[,;!?…\"“”«»¿¡]")
_BARE_POINT = re.compile(r"(?<![\d.])\.(?=\d)")


@dataclass(frozen=True, slots=True)
class Reading:
    """How a language is brought into one spelling."""

    numbers: NumberWords
    digit_groups: re.Pattern[str]
    """What stands between the thousands of a typed number: dropped."""
    decimal_comma: bool
    respelled: Sequence[tuple[re.Pattern[str], str]]
    """Contractions and variants, in the order they are replaced."""
    before: re.Pattern[str]
    """Courtesies in front of a question: taken off as often as they come."""
    after: re.Pattern[str]
    """Courtesies behind it."""

    def read(self, said: str) -> str:
        """The text skills match; empty when there is nothing, or far too much, to read."""
        if len(said) > LONGEST:
            return ""
        # Superscripts are powers, and the compatibility form would make "2²" a 22.
        text = said.replace("²", " ^ 2 ").replace("³", " ^ 3 ").translate(_SYMBOLS)
        text = unicodedata.normalize("NFKC", text).lower()
        text = _ABBREVIATION.sub(lambda found: found[0].replace(".", ""), text)
        text = self.digit_groups.sub("", text)
        if self.decimal_comma:
            text = re.sub(r"(?<=\d),(?=\d)", ".", text)
        text = _HYPHEN.sub(" ", text)
        for pattern, spelling in self.respelled:
            text = pattern.sub(spelling, text)
        text = _PUNCTUATION.sub(" ", _BARE_POINT.sub("0.", text))
        text = " ".join(read_numbers(_TOKEN.findall(text), self.numbers))
        return self._uncourteous(text)

    def _uncourteous(self, text: str) -> str:
        """The question itself; a courtesy that is all there is stays ("thank you")."""
        while True:
            shorter = self.before.sub("", text, count=1)
            shorter = self.after.sub("", shorter, count=1)
            if not shorter or shorter == text:
                return text
            text = shorter


def folded(name: str) -> str:
    """A name without case, accents and hyphens, for tables: "São Paulo" is "sao paulo"."""
    plain = unicodedata.normalize("NFKD", name.lower().replace("-", " ").replace("'", ""))
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())
