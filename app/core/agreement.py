"""Which words of a growing transcript have come to stay. Pure; used by one thread."""

from __future__ import annotations

import re
from collections import deque

WORD = re.compile(r"\S+")
CLOSING = ".,;:!?…»”’\"')]}。、，！？"
"""What may follow a word today and not tomorrow: where a sentence ends is heard later."""


class Agreement:
    """Local agreement: what the last few hearings of an utterance all begin with is stable.

    A recogniser changes its mind about the newest words until it has heard what follows them;
    where hearings of more and more sound agree, the next one seldom differs.
    """

    def __init__(self, hearings: int = 2) -> None:
        """
        Args:
            hearings: how many in a row must agree, 2 or more.
        """
        self._heard: deque[str] = deque(maxlen=hearings)

    def add(self, text: str) -> str:
        """Another hearing; the beginning of `text` that is stable, whole words."""
        self._heard.append(text)
        if len(self._heard) < (self._heard.maxlen or 0):
            return ""
        return text[: min(_shared(text, earlier) for earlier in self._heard)]


def _shared(text: str, earlier: str) -> int:
    """How many characters of `text` are words that `earlier` begins with too."""
    end = 0
    for word, before in zip(WORD.finditer(text), WORD.finditer(earlier), strict=False):
        if word[0] != before[0]:
            bare = word[0].rstrip(CLOSING)
            # The word stays, what closes it may not; and behind that nothing is certain.
            same = bare and bare == before[0].rstrip(CLOSING)
            return word.start() + len(bare) if same else end
        end = word.end()
    return end
