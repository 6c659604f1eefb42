"""A reply that one model began and another goes on with: no word twice, none lost.

How it is done:

1. The text so far is cut (`cut`) before its last words, which stay loose: they are on the screen
   and nobody has heard them, since a clause is spoken only once what follows it has begun. Loose
   is at least the last word, of which nobody knows whether it is whole ("capi", "is" of
   "island"), and as many before it as make a passage that is nowhere else in the text.
2. The next model is shown the conversation, the text up to the cut as its own words, and a short
   request to go on (`continued`). A request in words, rather than an unfinished assistant
   message at the end: servers do different things with the latter (some answer it as if it were
   complete), and all understand the former. The prompt's beginning stays as it was, so a
   server's prompt cache still serves.
3. A `Joint` (`app.core.joint`) finds out where in the text the next model begins: at the cut, as
   it was asked to, or before it, because models like to say the last words, the last sentence or
   all of it again. What it repeats is dropped; what it says from the cut on takes the place of
   the loose words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.core.ports import Message
from app.core.same_words import Word, words_of

REQUEST = (
    "Your answer was cut off after the last words above. Go on from exactly there, in the same "
    "language and tone. Write only what comes next: no introduction, no apology, and nothing of "
    "what you have said already."
)

ENDINGS = ".!?…。！？｡।॥؟۔"
"""What ends a sentence."""
_OPEN_NUMBER = re.compile(r"\d\.\Z")
"""The dot may be a decimal point."""
_CLOSERS = "\"'”’»›)]}）」』】》〉*_`"


@dataclass(frozen=True, slots=True)
class Cut:
    """A text that broke off."""

    kept: str
    """What the next model is shown; with the white space at its end."""
    loose: str
    """The rest, which it is to write itself, in these words or others. None of it was spoken."""

    @property
    def text(self) -> str:
        return self.kept + self.loose

    @property
    def sounds_complete(self) -> bool:
        """Whether it certainly ends as a sentence does."""
        return ends_sentence(self.text) and not _OPEN_NUMBER.search(self.text)


def ends_sentence(text: str) -> bool:
    """Whether it ends as a sentence does, closing marks and white space apart."""
    return text.rstrip().rstrip(_CLOSERS)[-1:] in tuple(ENDINGS)


def cut(text: str, spoken: int) -> Cut:
    """Where a model that goes on with `text` should begin.

    Args:
        spoken: how many characters have gone to the voice; they cannot be taken back.
    """
    words = words_of(text)
    first = len(words)
    while first and words[first - 1].start >= spoken:
        first -= 1
        if not is_elsewhere(words, first):
            break
    if first == len(words):  # marks alone are loose
        at = max(spoken, words[-1].end if words else 0)
        return Cut(text[:at], text[at:])
    return Cut(text[: words[first].start], text[words[first].start :])


def is_elsewhere(words: Sequence[Word], first: int) -> bool:
    """Whether the words from `first` on are also earlier in the text."""
    tail = words[first:]
    return any(
        all(word.begins(words[start + at]) for at, word in enumerate(tail))
        for start in range(first)
    )


def continued(messages: Sequence[Message], kept: str) -> tuple[Message, ...]:
    """The conversation as the next model is shown it."""
    so_far = kept.strip()
    if not so_far:
        return tuple(messages)
    return (*messages, Message("assistant", so_far), Message("user", REQUEST))
