"""How high each turn of the page is, and where it begins."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from app.ui.conversation.text_sizes import TextSizes
from app.ui.conversation.turn_entry import TurnEntry

_CHAR_PX = 7.5
"""Average width of a character of body text, for estimates."""
_SAID_SHARE = 0.65
"""Of the column, for the user's words."""
_AROUND_WORDS_PX = 64
_AROUND_REPLY_PX = 40


def estimates(entries: Sequence[TurnEntry], width: int, sizes: TextSizes) -> list[int]:
    """How high turns may be in a column `width` pixels wide, before they are laid out; quick,
    for there may be thousands."""
    line = sizes.line
    per_line = max(10, int(width / (_CHAR_PX * sizes.factor)))
    per_said = per_line * _SAID_SHARE
    heights = []
    for entry in entries:
        said, reply = entry.transcript, entry.reply
        height = (1 + said.count("\n") + len(said) // per_said) * line + _AROUND_WORDS_PX
        if reply:
            lines = 1 + reply.count("\n") + len(reply) // per_line
            height += lines * line + _AROUND_REPLY_PX
        heights.append(int(height))
    return heights


class Heights:
    """Heights of all turns, and where each begins."""

    def __init__(self) -> None:
        self._heights: list[int] = []
        self._tops: list[int] = [0]
        self._valid = 0
        """Tops up to this index are right."""

    def __len__(self) -> int:
        return len(self._heights)

    def __getitem__(self, index: int) -> int:
        return self._heights[index]

    def append(self, height: int) -> None:
        self._heights.append(height)
        self._tops.append(0)

    def replace(self, heights: Iterable[int]) -> None:
        """Other turns, or all of them anew."""
        self._heights = list(heights)
        self._tops = [0] * (len(self._heights) + 1)
        self._valid = 0

    def scale(self, factor: float) -> None:
        """All of them are about so many times as high."""
        self.replace(round(height * factor) for height in self._heights)

    def remove(self, index: int) -> None:
        del self._heights[index]
        self._tops.pop()
        self._valid = min(self._valid, index)

    def set(self, index: int, height: int) -> None:
        if self._heights[index] != height:
            self._heights[index] = height
            self._valid = min(self._valid, index)

    def top(self, index: int) -> int:
        """Where the turn begins; of the index behind the last, the height of the page."""
        while self._valid < index:
            self._tops[self._valid + 1] = self._tops[self._valid] + self._heights[self._valid]
            self._valid += 1
        return self._tops[index]

    @property
    def total(self) -> int:
        return self.top(len(self._heights))

    def at(self, y: int) -> int:
        """The turn at this height of the page, the nearest one outside of it."""
        if not self._heights:
            return 0
        self.top(len(self._heights))
        return max(0, min(bisect_right(self._tops, y) - 1, len(self._heights) - 1))
