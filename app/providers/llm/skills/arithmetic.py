"""Sums, spoken ("fifteen percent of eighty") and typed ("12 * 7")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from app.providers.llm.skills.formula import (
    OPERATORS,
    DividedByZeroError,
    NoRealRootError,
    NotAFormulaError,
    TooBigError,
    Value,
    work_out,
)
from app.providers.llm.skills.numbers import NUMBER
from app.providers.llm.skills.skill import Answer, Question

_TOKEN = re.compile(rf"{NUMBER}|[-+*/^%!()]|of|mod|sqrt|cbrt")
_LOOKS_LIKE_SOMETHING_ELSE = re.compile(
    r"\d+(?:-\d+)+|\d+(?:/\d+)+|(?:\d+[ -])*\d{3}[ -]\d{4}|\+\d[\d -]*"
)
"""A date, a score, a fraction or a telephone number: typed without spaces or a question."""

_MOST_TOKENS = 60


@dataclass(frozen=True, slots=True)
class ArithmeticPhrases:
    """From a question in words to a formula."""

    asking: re.Pattern[str]
    """ "what is", "calculate": taken off the front."""
    closing: re.Pattern[str]
    """ "equal to", "=": taken off the end."""
    rewritten: Sequence[tuple[re.Pattern[str], str]]
    """Words and turns of phrase into symbols, in order."""
    never: frozenset[str]
    """What looks like a sum and is a name: "9 / 11"."""


class ArithmeticSpeech(Protocol):
    """How a language says a result."""

    def result(self, tokens: Sequence[str], value: Value) -> str:
        """ "12 times 7 is 84." """

    def divided_by_zero(self) -> str: ...

    def no_real_root(self) -> str: ...

    def too_big(self) -> str: ...


class Arithmetic:
    """Does sums, in one language."""

    def __init__(self, phrases: ArithmeticPhrases, speech: ArithmeticSpeech) -> None:
        self._phrases = phrases
        self._speech = speech

    def match(self, question: Question) -> Answer | None:
        tokens = self._formula(question)
        if tokens is None:
            return None
        try:
            value = work_out(tokens)
        except NotAFormulaError:
            return None
        except DividedByZeroError:
            return Answer(self._speech.divided_by_zero)
        except NoRealRootError:
            return Answer(self._speech.no_real_root)
        except TooBigError:
            return Answer(self._speech.too_big)
        return Answer(partial(self._speech.result, tokens, value))

    def _formula(self, question: Question) -> Sequence[str] | None:
        """The tokens, when the whole question is a sum and nothing else."""
        if not any(character.isdecimal() for character in question.text):
            return None
        text = self._phrases.closing.sub("", question.text)
        asked = self._phrases.asking.sub("", text)
        if asked in self._phrases.never:
            return None
        bare = question.said.strip(" .?!")
        if asked == question.text and _LOOKS_LIKE_SOMETHING_ELSE.fullmatch(bare):
            return None
        for pattern, symbols in self._phrases.rewritten:
            asked = pattern.sub(symbols, asked)
        tokens = _TOKEN.findall(asked)
        if len(tokens) > _MOST_TOKENS or "".join(tokens) != asked.replace(" ", ""):
            return None
        flat = [part for token in tokens for part in _opened(token)]
        return flat if self._asks_something(flat) else None

    @staticmethod
    def _asks_something(tokens: Sequence[str]) -> bool:
        """Something to work out: not "5", "-5", "50 %" or "(5)"."""
        inner = [token for token in tokens if token in OPERATORS]
        if tokens and tokens[0] in ("-", "+"):
            inner = inner[1:]
        return bool(inner) and inner != ["%"]


def _opened(token: str) -> list[str]:
    """ "(2/3)" is one number to the reader and a division in brackets here."""
    if "/" in token and len(token) > 1:
        over, _, under = token.strip("()").partition("/")
        return ["(", over, "/", under, ")"]
    return [token]
