"""Sums in French."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import zip_longest

from app.providers.llm.skills.arithmetic import ArithmeticPhrases
from app.providers.llm.skills.formula import Value
from app.providers.llm.skills.french.numbers import SPEECH
from app.providers.llm.skills.numbers import say_number


def _rewritten(*pairs: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), symbols) for pattern, symbols in pairs)


PHRASES = ArithmeticPhrases(
    asking=re.compile(
        r"^(?:combien (?:font|fait|vaut|valent)|ça fait combien|quel est le résultat de"
        r"|calcule[rz]?|quelle est|quel est|que (?:font|fait|vaut)|c'est combien|combien)(?: |$)"
    ),
    closing=re.compile(r"(?: ?=(?: \?)?| (?:ça fait combien|font combien|fait combien|égale?))$"),
    rewritten=_rewritten(
        (r"\*\*", "^"),
        (r"^(?:ajoute|additionne) (.+?) (?:et|à) (.+)$", r"( \1 ) + ( \2 )"),
        (r"^multiplie (.+?) par (.+)$", r"( \1 ) * ( \2 )"),
        (r"^divise (.+?) par (.+)$", r"( \1 ) / ( \2 )"),
        (r"\b(?:la )?somme de (\S+) et (?:de )?(\S+)", r"( \1 + \2 )"),
        (r"\b(?:le )?produit de (\S+) (?:et|par) (?:de )?(\S+)", r"( \1 * \2 )"),
        (r"(?:\bla )?\bracine carrée? de\b|√", "sqrt"),
        (r"(?:\bla )?\bracine cubique de\b", "cbrt"),
        (r"(?:%|\bpourcent) (?:de|du|des)\b", "% of"),
        (r"\bpourcent\b", "%"),
        (r"(?:\bla )?\bmoitié de\b", "0.5 of"),
        (r"(?:\ble )?\btiers de\b", "( 1 / 3 ) of"),
        (r"(?:\ble )?\bquart de\b|(?:\ble )?\b0\.25 de\b", "0.25 of"),
        (r"(?:\ble )?\bdouble de\b", "2 *"),
        (r"(?:\ble )?\btriple de\b", "3 *"),
        (r"\b(?:à la )?puissance(?: de)?\b", "^"),
        (r"\bau carré\b", "^ 2"),
        (r"\bau cube\b", "^ 3"),
        (r"\bmultipliée?s? par\b|\bfois\b|\bx\b", "*"),
        (r"\bdivisée?s? par\b|\bsur\b", "/"),
        (r"\bplus\b", "+"),
        (r"\bmoins\b", "-"),
        (r"\bmodulo\b", "mod"),
        (r"\bfactorielle (?:de )?(\S+)", r"\1 !"),
    ),
    never=frozenset({"9 / 11", "7 / 7", "24 / 7", "50 / 50", "24 / 24"}),
)

_SAID = {
    "+": "plus",
    "-": "moins",
    "*": "fois",
    "/": "divisé par",
    "^": "puissance",
    "%": "pour cent",
    "!": "factorielle",
    "of": "de",
    "mod": "modulo",
    "sqrt": "la racine carrée de",
    "cbrt": "la racine cubique de",
}
_PARTS = {"0.5": "la moitié", "0.25": "le quart"}
_POWERS = {"2": "au carré", "3": "au cube"}
_LONGEST_ECHO = 9
"""Tokens. Longer sums are not repeated before their result."""


class FrenchArithmetic:
    """Says results."""

    def result(self, tokens: Sequence[str], value: Value) -> str:
        number = say_number(value, SPEECH)
        if len(tokens) > _LONGEST_ECHO or "(" in tokens:
            return f"Cela fait {number}."
        text = " ".join(self._echo(tokens))
        return f"{text[0].upper()}{text[1:]} égale {number}."

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
        return "On ne peut pas diviser par zéro."

    def no_real_root(self) -> str:
        return "Un nombre négatif n'a pas de telle racine réelle."

    def too_big(self) -> str:
        return "Ce nombre est trop grand pour que je le dise."
