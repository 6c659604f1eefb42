"""Text deltas in, speakable clauses out.

The reply of a language model arrives in arbitrary pieces. A voice wants whole clauses, the
first as early as it sounds natural, because the user waits for it. `ClauseSplitter` reads
character by character and decides only from what it has read, so that the clauses never
depend on how the text was cut into deltas; joined, they are the text.
"""

from __future__ import annotations

import re
import unicodedata

FIRST_CLAUSE_AT = 20
"""Characters after which the first clause may end at a comma: about 1.3 s of speech, long
enough for a voice to make the second clause while the first is heard."""

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


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ALWAYS_ABBREVIATED = (
    _words("dr mr mrs ms prof st jr sr vs gen sen rep gov capt sgt col lt rev hon mt ft approx")
    | _words("mm mme mlle mgr cf env")
    | _words("hr fr hrn nr bzw ca inkl exkl evtl vgl sog mio mrd abb kap str bspw ggf")
    | _words("sra srta dra ud uds ee prof profa sig dott ing avv")
    | _words("dhr mevr bijv bv")
)
"""Words whose dot ends no sentence, even before a capital: English, French, German, then
Spanish, Portuguese and Italian, then Dutch."""

_ABBREVIATED_BEFORE_NUMBERS = _words(
    "no nos nr vol fig art p pp pg ch sec jan feb mar apr jun jul aug sep sept oct nov dec"
)
""" "No. 5" goes on, "No. That is wrong." does not."""

_AFTER_ORDINAL = _words(
    "januar jänner februar märz april mai juni juli august september oktober november dezember"
    " jahrhundert jahrtausend jahrhunderts stock klasse platz kapitel mal tag geburtstag etage"
    " weltkrieg weltkriegs liga auflage stelle teil akt satz"
)
"""German writes "am 3. Oktober": a short number before one of these is no sentence end."""

_WORDS_OF_ONE_LETTER = _words("I a à y o e ô è é")
"""They end sentences ("so do I.", "il y en a."); other single letters are initials."""

_LAST_WORD = re.compile(r"[^\W\d_]+$")
_SHORT_NUMBER = re.compile(r"(?<![\d.,:])\d{1,2}$")
_LIST_NUMBER = re.compile(r"(?:^|\n)\s*(?:\d{1,3}|[a-zA-Z])$")
_CHAINED_LETTER = re.compile(r"\.\s?\w$")
_HALF_OF_DAY = re.compile(r"[ap]\.\s?m$", re.IGNORECASE)
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
        self._first = True
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

    def _is_too_long_with(self, character: str) -> bool:
        length = self._length + self._gap + _width(character)
        # a letter keeps its accents, within reason
        slack = HARD_LIMIT // 5 if _is_mark(character) else 0
        return length > HARD_LIMIT + slack

    def _cut(self, at: int, clauses: list[str]) -> None:
        clause, rest = self._pending[:at], self._pending[at:]
        clauses.append(clause)
        self._in_code ^= clause.count("```") % 2 == 1
        self._first = False
        self._undecided = None
        self._set_pending(rest)

    def _set_pending(self, text: str) -> None:
        self._pending = text
        core = text.rstrip()
        self._gap = len(text) - len(core)
        self._length = sum(map(_width, core))

    def _settle_undecided(self, character: str, clauses: list[str]) -> None:
        """A word began after "3. ": once it is complete it tells a date from a new sentence."""
        at = self._undecided
        if at is None or character.isalpha():
            return
        self._undecided = None
        if self._pending[at:].lower() not in _AFTER_ORDINAL:
            self._cut(at, clauses)

    def _ends_before(self, character: str) -> bool:
        """Whether a clause ends where `character`, which is no white space, begins."""
        if _is_mark(character):
            return False
        gap = self._pending[len(self._pending) - self._gap :]
        core = self._pending[: len(self._pending) - self._gap]
        if not gap and core[-1] not in _FULL_STOPS + _FULL_PAUSES + _CLOSERS:
            return False
        if self._in_code ^ (core.count("```") % 2 == 1) or not _says_something(core):
            return False
        if _inside_inline_code(core) or _is_open(core, "[", "]"):
            return False
        if self._ends_line(core, gap, character) or self._ends_sentence(core, gap, character):
            return True
        long_enough = FIRST_CLAUSE_AT if self._first else LONG_CLAUSE_AT
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
        if character.islower() and (bare[-1] in ".…" or bare != core):
            return False
        if bare[-1] != "." or bare.endswith(".."):
            return True
        if _is_abbreviated(bare[:-1], character):
            return False
        if _SHORT_NUMBER.search(bare[:-1]) and character.isalpha():
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


def _is_abbreviated(before: str, character: str) -> bool:
    """Whether the dot after `before` belongs to it, when `character` comes next."""
    if _LIST_NUMBER.search(before):
        return True
    found = _LAST_WORD.search(before)
    if found is None:
        return False
    word = found.group()
    if len(word) == 1:
        # an initial ("J. Smith"), "U.S.", "z. B."; but "5 p.m. Then" is over
        if _CHAINED_LETTER.search(before):
            return not _HALF_OF_DAY.search(before)
        return word not in _WORDS_OF_ONE_LETTER
    word = word.lower()
    if word in _ALWAYS_ABBREVIATED:
        return True
    return word in _ABBREVIATED_BEFORE_NUMBERS and character.isdecimal()


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
    between_words = 0
    for at in range(len(text), earliest, -1):
        if not text[at - 1].isspace() or text[at : at + 1].isspace():
            continue
        pause = text[:at].rstrip()[-1] in _PAUSES + _FULL_PAUSES and not in_code
        if pause or text[at - 1] == "\n":
            return at
        between_words = between_words or at
    if between_words:
        return between_words
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
