"""The words of a text, so that those of two writers can be compared.

Two models write the same word with other capitals, apostrophes or composed accents, and a text
that streams ends in words of which nobody knows whether they are whole.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f]"
)
"""Scripts without spaces between words (Thai to Khmer, Chinese, Japanese), and Korean, whose
syllables say as much: every character counts as a word."""

_IN_WORDS = "'’-‐‑_"
"""Marks inside words: "doesn't", "well-known"."""
_IN_NUMBERS = _IN_WORDS + ".,:/"
"""Marks inside numbers: "3.14", "10:30"."""

_TELLING_WORDS = 2
_TELLING_CHARACTERS = 4
"""Of a script without spaces: about two words."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word, a number, or a character of a script without spaces, in its text."""

    start: int
    end: int
    key: str
    """What makes it the same word elsewhere: see `key`."""
    may_go_on: bool = False
    """Whether the text ends inside it, as far as one can see."""

    def begins(self, other: Word) -> bool:
        """Whether the other word is this one, or what this one may become."""
        return other.key.startswith(self.key) if self.may_go_on else other.key == self.key


def words_of(text: str, *, begin: int = 0, ended: bool = False) -> list[Word]:
    """The words of a text in their order, from `begin` on.

    Args:
        begin: where no word is in the middle.
        ended: the last word is whole.
    """
    words: list[Word] = []
    at = begin
    while at < len(text):
        start, at = at, _end_of_word(text, at)
        if at == start:
            at += 1
            continue
        rest = text[at:]
        last = not rest or (len(rest) == 1 and rest in _marks_inside_after(text[at - 1]))
        words.append(Word(start, at, key(text[start:at]), may_go_on=last and not ended))
    return words


def key(word: str) -> str:
    """The word without capitals, kinds of apostrophes, and ways to compose an accent.

    Decomposed, so that the key of a word's beginning begins the key of the word.
    """
    return unicodedata.normalize("NFKD", word).casefold().replace("’", "'")


def are_telling(words: Sequence[Word]) -> bool:
    """Whether nobody says all these again by chance: two different words, or as much of a
    script without spaces."""
    keys = {word.key for word in words}
    characters = sum(1 for each in keys if UNSPACED.match(each))
    return characters / _TELLING_CHARACTERS + (len(keys) - characters) / _TELLING_WORDS >= 1


def _end_of_word(text: str, start: int) -> int:
    """Where the word that begins at `start` ends; `start` when none does."""
    if not text[start].isalnum():
        return start
    alone = UNSPACED.match(text[start]) is not None
    at = start + 1
    while at < len(text):
        if unicodedata.category(text[at]).startswith("M"):
            at += 1  # an accent or a vowel sign of the letter before it
        elif not alone and _is_letter(text[at]):
            at += 1
        elif not alone and _is_inside(text, at):
            at += 2
        else:
            break
    return at


def _is_inside(text: str, at: int) -> bool:
    """Whether the mark at `at` stands inside a word or a number."""
    after = text[at + 1 : at + 2]
    if not after or text[at] not in _marks_inside_after(text[at - 1]):
        return False
    return after.isdecimal() or (text[at] in _IN_WORDS and _is_letter(after))


def _marks_inside_after(character: str) -> str:
    """The marks that may stand behind the character and inside its word."""
    if UNSPACED.match(character):
        return ""
    return _IN_NUMBERS if character.isdecimal() else _IN_WORDS


def _is_letter(character: str) -> bool:
    """Whether it is a letter or digit of a script that puts spaces between words."""
    return character.isalnum() and not UNSPACED.match(character)
