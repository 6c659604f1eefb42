"""Presses and releases of one key that come from processes of their own (`parley press`,
`parley release`): each says when it began, for a later one may be here first.

Without this, a press that its release has overtaken would begin a recording that nobody ends.
"""

from __future__ import annotations

import math
from typing import Literal

Word = Literal["press", "release"]


class TalkOrder:
    """Puts them right. Used by one thread.

    `take` is told a word and when its process began, in seconds of any clock that all of them
    share; it says what to do now, in this order. A release without a press says nothing.
    """

    def __init__(self) -> None:
        self._pressed_at = -math.inf
        """When the newest press began."""
        self._released_at = -math.inf
        """When the newest release began; its press may still be on its way."""
        self._is_down = False
        self._release_waits = False
        """Whether the newest release found no press."""

    def take(self, word: Word, began_at: float) -> tuple[Word, ...]:
        if began_at < self._pressed_at:
            return ()  # the key has gone down once more since
        return self._press(began_at) if word == "press" else self._release(began_at)

    def _press(self, began_at: float) -> tuple[Word, ...]:
        self._pressed_at = began_at
        # In the same tick (10 ms on Linux) it is overtaken only by a release without a press.
        overtaken = began_at < self._released_at or (
            began_at == self._released_at and self._release_waits
        )
        self._release_waits = False
        self._is_down = not overtaken
        return ("press", "release") if overtaken else ("press",)

    def _release(self, began_at: float) -> tuple[Word, ...]:
        self._released_at = max(self._released_at, began_at)
        was_down, self._is_down = self._is_down, False
        self._release_waits = not was_down
        return ("release",) if was_down else ()
