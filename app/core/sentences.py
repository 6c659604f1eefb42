"""Text deltas in, speakable clauses out.

The reply of a language model arrives in arbitrary pieces. A voice wants whole clauses, the
first as early as it sounds natural, because the user waits for it. `ClauseSplitter` reads
character by character and decides only from what it has read, so that the clauses never
depend on how the text was cut into deltas; joined, they are the text. (The one exception is
`take_back`: what has gone out in a clause cannot be taken back any more.)

The first clauses are given out early, at a comma or where a reader would breathe
(`app.core.phrases`); after that come whole sentences, because a voice that knows the whole
sentence says it better.
"""

from __future__ import annotations

import re
import unicodedata

from app.core.abbreviations import (
    AFTER_HALF_OF_DAY,
    AFTER_ORDINAL,
    is_abbreviated,
    is_half_of_day,
)
from app.core.phrases import leans, words_of_first_breath

FIRST_CLAUSE_AT = 15
"""Characters after which the first clause may end at a comma: about a second of speech, long
enough for a voice to make the second clause while the first is heard."""

HEAD_START = 25
"""Characters that are given out early, in one clause or several, about 1.7 s of speech.
After "Sure!" alone, a whole sentence would come too late."""

LONG_CLAUSE_AT = 120
"""Characters after which a later clause may end at a comma, about 8 s of speech."""

HARD_LIMIT = 250
"""Characters at which a clause ends wherever it is."""

_WIDE = 3
"""What an ideograph counts: it takes a voice as long as three letters."""

_STOPS = ".!?…"
"""Sentence ends that count only before white space: "3.14", "example.com"."""
_FULL_STOPS = "。！？｡।॥؟۔։።။"
"""Sentence ends that count whatever follows them."""
_PAUSES = ",;:–—-"
_FULL_PAUSES = "、，；：،؛—"
_CLOSERS = "\"'”’»›)]}）」』】》〉*_`~"
"""May stand between the end of a sentence and the next."""
_NOT_A_START = ".,;:!?…" + _FULL_STOPS + "、，；：،؛" + "”’»›)]}）」』】》〉"
"""No sentence starts with these."""

_WORD = re.compile(r"\S+")
_SHORT_NUMBER = re.compile(r"(?<![\d.,:])\d{1,2}$")
_SPACED_DASH = re.compile(r"\S[ \u00a0\u202f]+[-–]$")
_UNPUNCTUATED = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff]")
"""Thai, Lao and Khmer put a space where others put a comma."""


class ClauseSplitter:
    """Cuts one reply. Not thread-safe: owned by the thread that reads the model.

    A clause carries the white space that follows it; none is white space alone, so a reply
    of nothing but white space gives no clause.
    """

    def __init__(self) -> None:
        self._reset()

    def feed(self, delta: str) -> list[str]:
        """Take more of the reply; the clauses that are complete now, oftenest none or one."""
        clauses: list[str] = []
        for character in delta:
            self._take(character, clauses)
        return clauses

    def flush(self) -> list[str]:
        """The reply is over: what is left of it. The splitter is new again."""
        rest = self._pending
        self._reset()
        return [rest] if rest.strip() else []

    def _reset(self) -> None:
        self._pending = ""
        self._length = 0  # of what is pending, as `_width` counts, white space at its ends apart
        self._gap = 0  # white space at the end of what is pending
        self._given = 0  # how much has gone out, as `_width` counts
        self._in_code = False  # whether what is pending starts inside a code fence
        self._undecided: int | None = None  # a sentence end if the word after it is harmless

    def take_back(self, characters: int) -> None:
        """The last characters, none of which is in a clause yet, were not meant."""
        self._set_pending(self._pending[: len(self._pending) - characters])
        undecided = self._undecided
        if undecided is not None and undecided > len(self._pending):
            self._undecided = None

    def _take(self, character: str, clauses: list[str]) -> None:
        if character.isspace():
            self._settle_undecided(character, clauses)
            if self._length and not self._gap and self._hurries:
                self._breathe(clauses)
            self._pending += character
            self._gap += 1
            return
        if self._length:
            self._settle_undecided(character, clauses)
            if self._ends_before(character):
                self._cut(len(self._pending), clauses)
            elif self._is_too_long_with(character):
                self._cut(_least_bad_cut(self._pending), clauses)
        self._length += _width(character) + (self._gap if self._length else 0)
        self._gap = 0
        self._pending += character

    @property
    def _hurries(self) -> bool:
        """Whether the user still waits, or has heard too little to wait for a whole sentence."""
        return self._given < HEAD_START

    def _breathe(self, clauses: list[str]) -> None:
        """A word is complete: a voice may breathe before it, or before the one before it."""
        words = list(_WORD.finditer(self._pending))
        count = words_of_first_breath([word.group() for word in words])
        if not count:
            return
        at = words[count].start()
        core = self._pending[:at].strip()
        if len(core) >= FIRST_CLAUSE_AT and self._is_prose(core) and not _is_open(core, "(", ")"):
            self._cut(at, clauses)

    def _is_prose(self, core: str) -> bool:
        """Whether a clause may end here as far as Markdown is concerned."""
        if self._in_code ^ (core.count("```") % 2 == 1) or not _says_something(core):
            return False
        return not _inside_inline_code(core) and not _is_open(core, "[", "]")

    def _is_too_long_with(self, character: str) -> bool:
        length = self._length + self._gap + _width(character)
        # a letter keeps its accents, within reason
        slack = HARD_LIMIT // 5 if _is_mark(character) else 0
        return length > HARD_LIMIT + slack

    def _cut(self, at: int, clauses: list[str]) -> None:
        clause, rest = self._pending[:at], self._pending[at:]
        clauses.append(clause)
        self._in_code ^= clause.count("```") % 2 == 1
        self._given += sum(map(_width, clause.strip()))
        self._undecided = None
        self._set_pending(rest)

    def _set_pending(self, text: str) -> None:
        self._pending = text
        core = text.rstrip()
        self._gap = len(text) - len(core)
        self._length = sum(map(_width, core))

    def _settle_undecided(self, character: str, clauses: list[str]) -> None:
        """A word began after "3. " or "5 p.m. ": once it is complete it tells whether a sentence
        began with it, or a date or a time goes on."""
        at = self._undecided
        if at is None or character.isalpha():
            return
        self._undecided = None
        if self._pending[at:].lower() not in AFTER_ORDINAL | AFTER_HALF_OF_DAY:
            self._cut(at, clauses)

    def _ends_before(self, character: str) -> bool:
        """Whether a clause ends where `character`, which is no white space, begins."""
        if _is_mark(character):
            return False
        gap = self._pending[len(self._pending) - self._gap :]
        core = self._pending[: len(self._pending) - self._gap]
        if not gap and core[-1] not in _FULL_STOPS + _FULL_PAUSES + _CLOSERS:
            return False
        if not self._is_prose(core):
            return False
        if self._ends_line(core, gap, character) or self._ends_sentence(core, gap, character):
            return True
        long_enough = FIRST_CLAUSE_AT if self._hurries else LONG_CLAUSE_AT
        return self._length >= long_enough and _ends_phrase(core, gap, character)

    def _ends_line(self, core: str, gap: str, character: str) -> bool:
        """A paragraph, a list item, a heading, a verse; not a line that was only wrapped."""
        lines = gap.count("\n")
        return lines > 1 or (lines == 1 and not character.islower() and not _is_marker(core))

    def _ends_sentence(self, core: str, gap: str, character: str) -> bool:
        if character in _NOT_A_START:
            return False
        bare = core.rstrip(_CLOSERS + " \u00a0\u202f")
        if not bare:
            return False
        if bare[-1] in _FULL_STOPS:
            return gap != "" or character not in _CLOSERS
        if not gap or bare[-1] not in _STOPS:
            return False
        if character.islower():
            return False  # "Well... maybe", "Yahoo! is", "“Why?” he asked"
        if bare[-1] != "." or bare.endswith(".."):
            return True
        before = bare[:-1]
        if is_abbreviated(before, character):
            return False
        if character.isalpha() and (_SHORT_NUMBER.search(before) or is_half_of_day(before)):
            self._undecided = len(self._pending)
            return False
        return True


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M") or character == "\u200d"


def _width(character: str) -> int:
    return _WIDE if unicodedata.east_asian_width(character) in "WF" else 1


def _says_something(text: str) -> bool:
    return any(map(str.isalnum, text)) and not _is_marker(text)


def _is_marker(text: str) -> bool:
    """Whether the text is only the "1." or "a)" in front of a list item."""
    stripped = text.strip()
    return len(stripped) <= 4 and stripped[-1:] in (".", ")") and stripped[:-1].isdecimal()


def _inside_inline_code(text: str) -> bool:
    line = text[text.rfind("\n") + 1 :].replace("```", "")
    return line.count("`") % 2 == 1


def _is_open(text: str, opening: str, closing: str) -> bool:
    line = text[text.rfind("\n") + 1 :]
    return line.count(opening) > line.count(closing)


def _ends_phrase(core: str, gap: str, character: str) -> bool:
    """Whether a voice may breathe between `core` and `character`."""
    if character in _NOT_A_START + "-–—" or character.isdecimal() or _is_open(core, "(", ")"):
        return False
    if gap and _UNPUNCTUATED.match(core[-1]) and _UNPUNCTUATED.match(character):
        return True
    if core[-1] in _FULL_PAUSES:
        return True
    if not gap or core[-1] not in _PAUSES:
        return False
    # a dash is a pause only with space before it: "well-", "pre- and post-"
    return core[-1] not in "-–" or _SPACED_DASH.search(core) is not None


def _least_bad_cut(text: str) -> int:
    """Where to cut a clause that has become too long: at a line or a pause, else between words.

    The earlier third is left alone, so that no sliver is spoken by itself.
    """
    start = len(text) - len(text.lstrip())
    earliest = start + (len(text) - start) // 3
    in_code = "```" in text
    between_words = between_phrases = 0
    for at in range(len(text), earliest, -1):
        if not text[at - 1].isspace() or text[at : at + 1].isspace():
            continue
        pause = text[:at].rstrip()[-1] in _PAUSES + _FULL_PAUSES and not in_code
        if pause or text[at - 1] == "\n":
            return at
        between_words = between_words or at
        if not between_phrases and not leans(text[:at].split()[-1]):
            between_phrases = at
    if between_words:
        return between_phrases or between_words
    for at in range(len(text), earliest, -1):
        if text[at - 1] in _FULL_PAUSES + _FULL_STOPS:
            return at
    for at in range(len(text), earliest, -1):
        if not _belongs_together(text, at):
            return at
    return len(text)


def _belongs_together(text: str, at: int) -> bool:
    """Whether a cut before `at` would part a number, a code fence or a letter from its marks."""
    before, after = text[at - 1], text[at : at + 1]
    if before == "`" or (after and _is_mark(after)):
        return True
    return before.isdecimal() or (before in ".,:" and (not after or after.isdecimal()))
