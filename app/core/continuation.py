"""A reply that one model began and another goes on with: no word twice, none lost.

How it is done:

1. The text so far is cut back to its last whole word (`Cut`). Nobody can know whether "capi" was
   going to be "capital", or whether "is" was going to be "island"; it has not been spoken, since
   a clause is spoken only once what follows it has begun.
2. The next model is shown the conversation, the text up to the cut as its own words, and a short
   request to go on (`continued`). A request in words, rather than an unfinished assistant
   message at the end: servers do different things with the latter (some answer it as if it were
   complete), and all understand the former. The prompt's beginning stays as it was, so a
   server's prompt cache still serves.
3. Models like to repeat the end of what they continue, or all of it. `Joint` holds back the
   beginning of what comes until it is clear how much of it repeats the end of the text so far
   (words compared, not spaces or capitals), drops that much, and sets the rest beside the text
   with the right white space. Holding back costs a word or two: most continuations differ from
   every earlier passage at their first word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from app.core.ports import Message

REQUEST = (
    "Your answer was cut off after the last words above. Go on from exactly there, in the same "
    "language and tone. Write only what comes next: no introduction, no apology, and nothing of "
    "what you have said already."
)

_WIDE = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f"
"""Scripts without spaces between words, in which every character counts as a word."""
_WORD = re.compile(rf"[{_WIDE}]|[^\W_{_WIDE}]+")
_NUMBER = re.compile(r"\d[\d.,:]*\Z")
"""A number at the end, with the dot that may be its decimal point."""
_ENDINGS = ".!?…。！？｡।॥؟۔"
_CLOSERS = "\"'”’»›)]}）」』】》〉*_`"
_LEADING_DOTS = re.compile(r"^\s*(?:…|\.{3,})")
"""Some models show that they go on by beginning with dots."""
_STOPS = ".,;:!?…"
_NO_SPACE_BEFORE = ".,;:!?…%)]}”’»›、。，；：！？）」』】》〉"
_NO_SPACE_AFTER = "([{“‘«‹¿¡（「『【《〈"


@dataclass(frozen=True, slots=True)
class Cut:
    """A text that broke off."""

    kept: str
    """Up to the last word that is certainly whole; with the white space after it."""
    loose: str
    """The rest: a word that may be unfinished, often empty."""

    @property
    def text(self) -> str:
        return self.kept + self.loose

    @property
    def sounds_complete(self) -> bool:
        """Whether it ends as a sentence does."""
        return self.text.rstrip().rstrip(_CLOSERS)[-1:] in tuple(_ENDINGS)


def cut(text: str, spoken: int) -> Cut:
    """Where a model that goes on with `text` should begin.

    Args:
        spoken: how many characters have gone to the voice; they cannot be taken back.
    """
    at = len(text)
    if number := _NUMBER.search(text):
        at = number.start()
    while at and _in_word(text[at - 1]):
        at -= 1
    if at < spoken:
        at = len(text)
    return Cut(text[:at], text[at:])


def _in_word(character: str) -> bool:
    """Whether the character is part of a word that may go on after it."""
    if re.match(f"[{_WIDE}]", character):
        return False
    return (
        character.isalnum()
        or character in "'’-_"
        or unicodedata.category(character).startswith("M")
    )


def continued(messages: Sequence[Message], kept: str) -> tuple[Message, ...]:
    """The conversation as the next model is shown it."""
    so_far = kept.strip()
    if not so_far:
        return tuple(messages)
    return (*messages, Message("assistant", so_far), Message("user", REQUEST))


@dataclass(frozen=True, slots=True)
class Piece:
    """What to change at the end of the text so far."""

    text: str = ""
    """To be added."""
    takes_back: int = 0
    """Characters to be taken off before: an unfinished word that went another way."""


class Joint:
    """Joins what the next model sends to the text so far. One for each continuation.

    Raw text goes in as it streams; what comes out is to be added. Not thread-safe.
    """

    def __init__(self, so_far: Cut) -> None:
        self._so_far = so_far
        self._known = [word.casefold() for word in _WORD.findall(so_far.kept)]
        self._held = ""
        self._overlap: int | None = None  # characters of what is held; None while that is open
        self._joined = False

    def feed(self, delta: str) -> Piece:
        """Take more of the continuation; what can be added now, oftenest all of it."""
        if self._joined:
            return Piece(delta)
        self._held += delta
        return self._let_out(ended=False)

    def end(self) -> Piece:
        """The continuation is complete."""
        return Piece() if self._joined else self._let_out(ended=True)

    def _let_out(self, *, ended: bool) -> Piece:
        if self._overlap is None:
            self._overlap = self._find_overlap(ended=ended)
            if self._overlap is None:
                return Piece()
        rest = self._held[self._overlap :]
        if not ended and not _WORD.search(rest):
            return Piece()  # punctuation alone does not say how it joins
        if self._overlap:
            rest = self._without_repeated_marks(rest)
        rest = _LEADING_DOTS.sub("", rest)
        core, loose = rest.lstrip(), self._so_far.loose
        if not core:
            return Piece()
        open_still = len(core) < len(loose) and loose.casefold().startswith(core.casefold())
        if open_still and not ended:
            return Piece()
        self._joined = True
        if not loose:
            return Piece(self._spaced(rest))
        if core.casefold().startswith(loose.casefold()):
            return Piece(core[len(loose) :])
        if core[0] in _NO_SPACE_BEFORE:
            return Piece(core)  # it was a whole word after all
        return Piece(self._spaced(rest), takes_back=len(loose))

    def _find_overlap(self, *, ended: bool) -> int | None:
        """How much of what is held repeats the end of what is known; None while that is open.

        Every passage that runs to the end of the known words counts, the whole text among them;
        of several the longest is meant. A single repeated word counts too: "very, very" across
        the joint loses one, which is the lesser harm.
        """
        found = list(_WORD.finditer(self._held))
        last_is_open = bool(found) and found[-1].end() == len(self._held) and not ended
        whole = found[:-1] if last_is_open else found
        begun = found[-1].group().casefold() if last_is_open else ""
        words = [match.group().casefold() for match in whole]
        known, count = self._known, len(self._known)
        longest = 0
        for start in range(count):
            length = min(len(words), count - start)
            if known[start : start + length] != words[:length]:
                continue
            if start + length == count:
                longest = max(longest, length)
            elif not ended and known[start + length].startswith(begun):
                return None
            elif ended and length > 1:
                return len(self._held)  # it said again what is there, and nothing else
        return whole[longest - 1].end() if longest else 0

    def _without_repeated_marks(self, rest: str) -> str:
        """The punctuation after the repeated words is there already."""
        said = _WORD.split(self._so_far.kept)[-1].strip()
        if not said:
            return rest
        core = rest.lstrip()
        return core.removeprefix(said) if core.startswith(said) else core.lstrip(_STOPS)

    def _spaced(self, rest: str) -> str:
        """`rest` with the white space that belongs between it and what is kept."""
        kept, core = self._so_far.kept, rest.lstrip()
        if not kept or kept[-1].isspace():
            return core
        if rest[0].isspace():
            return rest
        if core[0] in _NO_SPACE_BEFORE or kept[-1] in _NO_SPACE_AFTER:
            return core
        if unicodedata.east_asian_width(kept[-1]) in "WF":
            return core
        return f" {core}"
