"""Sums in English."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import zip_longest

from app.providers.llm.skills.arithmetic import ArithmeticPhrases
from app.providers.llm.skills.english.numbers import SPEECH
from app.providers.llm.skills.formula import Value
from app.providers.llm.skills.numbers import NUMBER, say_number


def _rewritten(*pairs: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), symbols) for pattern, symbols in pairs)


PHRASES = ArithmeticPhrases(
    asking=re.compile(
        r"^(?:(?:and )?(?:what is|what are|what does|what do|how much is|how much are|how much does"
        r"|what will|solve|calculate|compute|work out|evaluate|figure out|the result of"
        r"|the answer to|the value of|what do you get if you|what do you get when you"
        r"|what happens if you|if you)(?: |$))+"
    ),
    closing=re.compile(r"(?: ?=(?: \?)?| (?:equals?|is|make|makes)(?: to)?(?: what)?| what)$"),
    rewritten=_rewritten(
        (r"\*\*", "^"),
        (r"^subtract (.+) from (.+)$", r"( \2 ) - ( \1 )"),
        (r"^take (?:away )?(.+) (?:away )?from (.+)$", r"( \2 ) - ( \1 )"),
        (r"^add (.+?) (?:and|to|plus) (.+)$", r"( \1 ) + ( \2 )"),
        (r"^multiply (.+?) (?:by|and|with|times) (.+)$", r"( \1 ) * ( \2 )"),
        (r"^divide (.+?) by (.+)$", r"( \1 ) / ( \2 )"),
        (r"(?:\bthe )?\b(?:sum|total) of (\S+) and (\S+)", r"( \1 + \2 )"),
        (r"(?:\bthe )?\bproduct of (\S+) and (\S+)", r"( \1 * \2 )"),
        (r"(?:\bthe )?\bdifference (?:of|between) (\S+) and (\S+)", r"( \1 - \2 )"),
        (r"(?:\bthe )?\bquotient of (\S+) and (\S+)", r"( \1 / \2 )"),
        (rf"\ban? ({NUMBER}) (?:%|percent|per cent) tip (?:on|for)\b", r"\1 % of"),
        (rf"({NUMBER}) (?:%|percent|per cent) off(?: of)? ({NUMBER})", r"( \2 - \1 % )"),
        (r"\bper ?cent\b", "%"),
        (r"(?:\bthe )?\bsquare root(?: of)?\b|√", "sqrt"),
        (r"(?:\bthe )?\bcub(?:e|ic) root(?: of)?\b", "cbrt"),
        (r"(?:\bthe )?\bfactorial of (\S+)", r"\1 !"),
        (r"\bfactorial\b", "!"),
        (r"\b(?:raised )?to the (\d+)(?:st|nd|rd|th)(?: power)?\b", r"^ \1"),
        (r"\b(?:raised )?to the power(?: of)?\b|\braised to\b", "^"),
        (r"\bto the second power\b", "^ 2"),
        (r"(?:\bthe )?\bsquare of (\S+)", r"\1 ^ 2"),
        (r"(?:\bthe )?\bcube of (\S+)", r"\1 ^ 3"),
        (r"\bsquared\b", "^ 2"),
        (r"\bcubed\b", "^ 3"),
        (r"\bmultiplied (?:by|with)\b|\btimes\b|\bx\b", "*"),
        (r"\bdivided by\b|\bover\b", "/"),
        (r"\bplus\b|\badded to\b", "+"),
        (r"\bminus\b|\bnegative\b|\btake away\b|\bless\b", "-"),
        (r"\bmod(?:ulo|ulus)?\b", "mod"),
        (r"\b(?:double|twice)(?: of)?\b", "2 *"),
        (r"\btriple(?: of)?\b", "3 *"),
    ),
    never=frozenset({"9 / 11", "7 / 11", "7 / 7", "24 / 7", "50 / 50", "80 / 20", "20 / 20"}),
)

_SAID = {
    "+": "plus",
    "-": "minus",
    "*": "times",
    "/": "divided by",
    "^": "to the power of",
    "%": "percent",
    "!": "factorial",
    "of": "of",
    "mod": "modulo",
    "sqrt": "the square root of",
    "cbrt": "the cube root of",
}
_POWERS = {"2": "squared", "3": "cubed"}
_PARTS = {"0.5": "half", "0.25": "a quarter", "0.75": "three quarters"}
_LONGEST_ECHO = 9
"""Tokens. Longer sums are not repeated before their result."""


class EnglishArithmetic:
    """Says results."""

    def result(self, tokens: Sequence[str], value: Value) -> str:
        number = say_number(value, SPEECH)
        if len(tokens) > _LONGEST_ECHO or "(" in tokens:
            return f"That is {number}."
        text = " ".join(self._echo(tokens))
        return f"{text[0].upper()}{text[1:]} is {number}."

    def _echo(self, tokens: Sequence[str]) -> Iterator[str]:
        """The sum in words, so that the user hears what was understood."""
        skip = False
        for token, following in zip_longest(tokens, tokens[1:]):
            if skip:
                skip = False
            elif token == "^" and following in _POWERS:
                skip = True
                yield _POWERS[following]
            elif following == "of" and token in _PARTS:
                yield _PARTS[token]
            elif token in _SAID:
                yield _SAID[token]
            else:
                yield say_number(Fraction(token), SPEECH)

    def divided_by_zero(self) -> str:
        return "Nothing can be divided by zero."

    def no_real_root(self) -> str:
        return "A negative number has no real root of that kind."

    def too_big(self) -> str:
        return "That number is too big for me to say."
