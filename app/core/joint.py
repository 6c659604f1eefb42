"""Where a continuation joins the text that broke off, and what of it is new.

The loose words decide. A model that goes on as the first one did writes them too, and where it
writes them is where the cut is. As they are nowhere else in the text, no two beginnings can both
lead to them, so a word that is meant twice ("7, 7, 7", "he had had enough", "谢谢你") is never
taken for a repetition, nor a repetition for a word that is meant. When the next model chooses
other words, what it says again must speak for itself: two different words (`are_telling`), or
the beginning of a sentence, two words of it or one with its capital.

What cannot be decided is not joined (`CannotJoin`): somebody else is asked, or the reply ends
where it broke off and is marked as incomplete. That is so

* when the next model begins with the last word it was shown, a single one, and goes on with
  other words than the first model: "He had" and then "had enough", where the first model wrote
  "had never". Is it said again, or meant?
* when, in the middle of a sentence, it begins one again in another way: "It is" and then "It has
  no name";
* when the loose words are in the text twice after all, because all before them was spoken, and
  the continuation fits in two places: "7, 7, 7, …" for more than a clause;
* when it says nothing that was not there already, and the text is no whole sentence.

What can still go wrong: two words or more that are meant twice in a row, of which the first were
spoken already, count as repeated. When nothing but marks came after the last clause, they take
the place of the loose words; without any, or when the next model writes others, a single word
counts as meant. Dots before the first word of a continuation are dropped, even when they were
meant. A text that ends with a sentence counts as complete when the next model adds nothing to it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from app.core.continuation import ENDINGS, Cut, ends_sentence, is_elsewhere
from app.core.same_words import UNSPACED, Word, are_telling, key, words_of

_SENTENCE_BREAKS = ENDINGS + "\n"
_LEADING_DOTS = re.compile(r"^\s*(?:…|\.{3,})")
"""Some models show that they go on by beginning with dots."""
_STOPS = ".,;:!?…"
_NO_SPACE_BEFORE = ".,;:!?…%)]}”’»›、。，；：！？）」』】》〉"
_NO_SPACE_AFTER = "([{“‘«‹¿¡（「『【《〈"


class CannotJoin(Exception):
    """It cannot be told how the continuation joins the text, or it adds nothing to it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What to change at the end of the text so far."""

    text: str = ""
    """To be added."""
    takes_back: int = 0
    """Characters to be taken off before: loose words that went another way."""


class _Fit(Enum):
    """How a continuation fits the text, if it begins in a certain place."""

    OPEN = auto()
    """All it has said is there already; it has not come to the end of the loose words."""
    AGREES = auto()
    """It says all that is there from that place on, the loose words included."""
    DIFFERS = auto()
    """It says all that is kept, and then other words than the loose ones."""
    NOT = auto()
    """It says something else."""


@dataclass(frozen=True, slots=True)
class _Start:
    """A place in the text where the continuation may begin."""

    repeats: int
    """How many of the kept words it says again; 0 is the cut."""
    fit: _Fit = _Fit.OPEN
    matched: int = 0
    """How many of its words are the text's."""

    @property
    def in_loose(self) -> int:
        """How many loose words are among those; negative while it has not come to the cut."""
        return self.matched - self.repeats


class Joint:
    """Joins what the next model sends to the text so far. One for each continuation.

    Raw text goes in as it streams; what comes out is to be added. Not thread-safe.
    """

    def __init__(self, so_far: Cut) -> None:
        self._so_far = so_far
        self._known = words_of(so_far.kept, ended=True)
        self._loose = words_of(so_far.loose)
        self._loose_is_unique = bool(self._loose) and not is_elsewhere(
            [*self._known, *self._loose], len(self._known)
        )
        self._starts = [_Start(repeats) for repeats in range(len(self._known) + 1)]
        self._start: _Start | None = None  # None while that is open
        self._begins_anew = False
        self._held = ""
        self._words: list[Word] = []  # of what is held
        self._joined = False

    def feed(self, delta: str) -> Piece:
        """Take more of the continuation; what can be added now, oftenest all of it.

        Raises:
            CannotJoin: see the module's docstring. Nothing of it was given out.
        """
        if self._joined:
            return Piece(delta)
        self._held += delta
        return self._give_out(ended=False)

    def end(self) -> Piece:
        """The continuation is complete.

        Raises:
            CannotJoin: see the module's docstring. Nothing of it was given out.
        """
        return Piece() if self._joined else self._give_out(ended=True)

    def _give_out(self, *, ended: bool) -> Piece:
        whole = self._words[:-1]
        begin = whole[-1].end if whole else 0
        self._words = [*whole, *words_of(self._held, begin=begin, ended=ended)]
        if self._start is None:
            self._start = self._find_start(ended=ended)
        tail = self._new_tail(self._start, ended=ended) if self._start else ""
        if tail:
            return self._change_into(tail, ended=ended)
        if ended and not self._so_far.sounds_complete:
            raise CannotJoin("It adds nothing.")
        return Piece()

    # --- where it begins ------------------------------------------------------------------

    def _find_start(self, *, ended: bool) -> _Start | None:
        """Where in the text the continuation begins; None while that is open.

        For one that has ended None means that it says what is there already, and no more.
        """
        compared = [self._compare(start) for start in self._starts]
        self._begins_anew |= any(map(self._is_new_version, compared))
        self._starts = [start for start in compared if start.fit is not _Fit.NOT]
        agree = [start for start in self._starts if start.fit is _Fit.AGREES]
        if agree and self._loose_is_unique:
            return agree[0]  # there is no other
        within = [start for start in self._starts if start.fit is _Fit.OPEN]
        if within and not ended:
            return None
        if any(map(self._adds_nothing, within)) and not (agree and are_telling(self._loose)):
            if agree and self._loose:
                raise CannotJoin("It says nothing new, or goes on.")
            return None
        if agree and agree[-1].repeats == len(self._words) > 0:
            return agree[-1] if ended else None  # whether it says more decides what it meant
        if agree:
            return self._one_that_agrees(agree)
        return self._one_that_differs([each for each in self._starts if each.in_loose >= 0])

    def _compare(self, start: _Start) -> _Start:
        """How the continuation fits now, if it begins there."""
        repeats, at = start.repeats, start.matched
        while at < len(self._words) and at < repeats + len(self._loose):
            said, word = self._words[at], self._expected(repeats, at)
            if word.may_go_on and word.begins(said):
                return _Start(repeats, _Fit.AGREES, at + 1)
            if said.may_go_on and said.begins(word):
                return _Start(repeats, _Fit.OPEN, at)
            if said.key != word.key:
                return _Start(repeats, _Fit.DIFFERS if at >= repeats else _Fit.NOT, at)
            at += 1
        complete = at == repeats + len(self._loose)
        return _Start(repeats, _Fit.AGREES if complete else _Fit.OPEN, at)

    def _expected(self, repeats: int, at: int) -> Word:
        """The text's word behind `at` others, when the first is that many before the cut."""
        if at < repeats:
            return self._known[len(self._known) - repeats + at]
        return self._loose[at - repeats]

    def _adds_nothing(self, start: _Start) -> bool:
        """Whether a continuation that ended within the text only repeats it.

        One that comes to the end of a sentence before the loose words do means to end there, and
        so does any reply to a question that was put anew, because nothing of the text was kept.
        """
        if start.in_loose > 0:
            return bool(self._known) and not ends_sentence(self._held)
        if start.in_loose == 0 or are_telling(self._words[: start.matched]):
            return True
        begins = self._begins_sentence(start, start.matched)
        return begins and self._is_in_last_sentence(start)

    def _one_that_agrees(self, starts: Sequence[_Start]) -> _Start:
        """The one place that agrees; or, of several, because the loose words are not unique or
        there are none, the one before the cut that speaks for itself."""
        starts = [start for start in starts if self._ends_alike(start)]
        if marks := self._so_far.loose.strip() if not self._loose else "":
            starts = [start for start in starts if marks in self._gap_at_cut(start)] or starts
        if len(starts) == 1:
            return starts[0]
        telling = [each for each in starts if self._speaks_for_itself(each, each.repeats)]
        if len(telling) == 1 and not self._is_there_twice(telling[0].repeats):
            return telling[0]
        if self._loose or telling:
            raise CannotJoin("It fits in several places.")
        return starts[0]

    def _one_that_differs(self, starts: Sequence[_Start]) -> _Start:
        """The place from which most of the text is said, when that is no chance."""
        starts = [start for start in starts if self._ends_alike(start)]
        most = max(start.matched for start in starts)
        best, *others = [start for start in starts if start.matched == most]
        if others or (best.repeats and not self._speaks_for_itself(best, best.matched)):
            raise CannotJoin("A word is said again, or meant.")
        if not best.matched and self._begins_anew and not self._is_at_sentence_end:
            raise CannotJoin("It says a sentence in another way.")
        return best

    def _is_there_twice(self, count: int) -> bool:
        """Whether the last words that are kept, that many, are the same as those before them."""
        keys = [word.key for word in self._known]
        return keys[-count:] == keys[-2 * count : -count]

    def _ends_alike(self, start: _Start) -> bool:
        """Whether a sentence that ends before the cut also ends where it is said again: "the
        cat. The cat sat" says nothing again."""
        if not start.repeats or not self._is_at_sentence_end:
            return True
        return any(mark in self._gap_at_cut(start) for mark in _SENTENCE_BREAKS)

    def _gap_at_cut(self, start: _Start) -> str:
        """What it writes between the last kept word and the next one."""
        begin = self._words[start.repeats - 1].end if start.repeats else 0
        more = start.repeats < len(self._words)
        return self._held[begin : self._words[start.repeats].start if more else len(self._held)]

    @property
    def _is_at_sentence_end(self) -> bool:
        after = self._known[-1].end if self._known else 0
        return any(mark in self._so_far.kept[after:] for mark in _SENTENCE_BREAKS)

    def _is_new_version(self, start: _Start) -> bool:
        """Whether it begins as a sentence of the text does and then says it in another way.

        The last sentence counts by its first word, because it is not complete.
        """
        if start.fit is not _Fit.NOT or not self._begins_sentence(start, start.matched):
            return False
        return start.matched > 1 or self._is_in_last_sentence(start)

    def _is_in_last_sentence(self, start: _Start) -> bool:
        since = self._so_far.kept[self._known[-start.repeats].start :].rstrip()
        return not any(mark in since for mark in _SENTENCE_BREAKS)

    def _speaks_for_itself(self, start: _Start, count: int) -> bool:
        """Whether it is no chance that its first words, that many, are the text's there."""
        return are_telling(self._words[:count]) or self._begins_sentence(start, count)

    def _begins_sentence(self, start: _Start, count: int) -> bool:
        """Whether they begin a sentence there: two of them, or one with its capital."""
        if not start.repeats or not count:
            return False
        at = len(self._known) - start.repeats
        kept, word, said = self._so_far.kept, self._known[at], self._words[0]
        before = kept[self._known[at - 1].end if at else 0 : word.start]
        if at and not any(mark in before for mark in _SENTENCE_BREAKS):
            return False
        written = kept[word.start : word.end]
        again = self._held[said.start : said.end]
        return count > 1 or (written == again and written[0].isupper())

    # --- what it adds ---------------------------------------------------------------------

    def _new_tail(self, start: _Start, *, ended: bool) -> str:
        """What stands behind the cut now, instead of the loose words; empty while there is
        nothing yet, or when nothing is new."""
        if start.fit is _Fit.AGREES and self._loose:
            return self._as_it_was_and_on(start)
        if len(self._words) == start.repeats and not ended:
            return ""  # punctuation alone does not say how it joins
        begin = self._words[start.repeats - 1].end if start.repeats else 0
        rest = _LEADING_DOTS.sub("", self._without_repeated_marks(self._held[begin:], start))
        core = rest.lstrip()
        if not core:
            return ""
        if self._loose and not start.repeats and core[0] in _NO_SPACE_BEFORE:
            return self._so_far.loose.rstrip() + core  # it takes them for its own
        return self._spaced(rest)

    def _as_it_was_and_on(self, start: _Start) -> str:
        """The loose words as they are on the screen, and what follows them."""
        loose, last = self._so_far.loose, self._loose[-1]
        said = self._words[start.matched - 1]
        if not last.may_go_on:
            return loose[: last.end] + self._held[said.end :]
        length = last.end - last.start
        if key(self._held[said.start : said.start + length]) == last.key:
            return loose[: last.end] + self._held[said.start + length :]
        return loose[: last.start] + self._held[said.start :]

    def _change_into(self, tail: str, *, ended: bool) -> Piece:
        """The change that makes `tail` of the loose words, and as little of one as possible."""
        loose = self._so_far.loose
        common = _common(loose, tail)
        if common == len(tail):
            if not ended:
                return Piece()  # all of it is on the screen
            if not loose[common:].strip():
                self._joined = True
                return Piece()
            common -= 1  # a piece has text
        self._joined = True
        return Piece(tail[common:], takes_back=len(loose) - common)

    def _without_repeated_marks(self, rest: str, start: _Start) -> str:
        """The punctuation after the repeated words, or before the first new one, without what
        is there already."""
        there = self._so_far.kept[self._known[-1].end if self._known else 0 :].strip()
        core = rest.lstrip()
        if there and start.repeats:
            return core.removeprefix(there) if core.startswith(there) else core.lstrip(_STOPS)
        marks = self._gap_at_cut(start).lstrip()
        for length in range(len(marks.rstrip()), 0, -1):
            if there.endswith(marks[:length]):
                return core[length:]
        return rest

    def _spaced(self, rest: str) -> str:
        """`rest` with the white space that belongs between it and what is kept."""
        kept, core = self._so_far.kept, rest.lstrip()
        gap = rest[: len(rest) - len(core)]
        if "\n" in gap and kept and "\n" not in kept[len(kept.rstrip()) :]:
            return rest
        if not kept or kept[-1].isspace() or self._loose:
            return core  # the cut is where a word began: what was before it is kept
        if gap:
            return rest
        if core[0] in _NO_SPACE_BEFORE or kept[-1] in _NO_SPACE_AFTER:
            return core
        if UNSPACED.match(kept[-1]) or unicodedata.east_asian_width(kept[-1]) in "WF":
            return core
        return f" {core}"


def _common(one: str, other: str) -> int:
    """How many characters the two have in common at their beginning."""
    same = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        same += 1
    return same
