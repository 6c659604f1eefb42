"""Which words of a reply are heard now, in lines as long as there is room for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtGui import QFont, QTextLayout, QTextOption

from app.core.spoken_markup import FENCE, without_markup

CHARACTERS_PER_S = 15.0
"""How fast a voice reads, until it has told how long a clause is."""

_EMPHASIS = re.compile(r"\*+|~~+|`+")

_NARROWER_PX = 8
"""Steps in which lines are made more equal; a last line of one word would only flash up."""


@dataclass(slots=True)
class _Clause:
    text: str
    seconds: float


class Captions:
    """Follows one reply: its clauses come from the model, their lengths from the voice. Used by
    one thread.

    Nobody tells when a clause begins to be heard: it is when those before it are over. The silence
    that a voice leaves at both ends of a clause stands for the gap that the player puts in its
    place: over nine seconds in three clauses they differ by 0.05 s (measured with eSpeak NG).
    """

    def __init__(self) -> None:
        self._clauses: dict[int, _Clause] = {}
        self._audible_at: float | None = None
        self._in_code = False

    def add(self, index: int, text: str) -> None:
        """The next clause, as shown: Markdown. What is code is not read aloud."""
        heard = []
        for number, part in enumerate(FENCE.split(text)):
            self._in_code ^= bool(number)
            if not self._in_code:
                heard.append(part)
        words = " ".join(_EMPHASIS.sub("", without_markup("\n".join(heard))).split())
        self._clauses[index] = _Clause(words, len(words) / CHARACTERS_PER_S)

    def measure(self, index: int, duration_s: float) -> None:
        """A clause is so long, in sound."""
        if clause := self._clauses.get(index):
            clause.seconds = duration_s

    def begin(self, audible_at: float) -> None:
        """The first sample is heard then (perf_counter)."""
        self._audible_at = audible_at

    def at(self, now: float) -> tuple[str, float]:
        """The clause that is heard, and how much of it is over, 0 to 1; no words before the
        first."""
        if self._audible_at is None:
            return "", 0.0
        heard, left_s = ("", 0.0), now - self._audible_at
        for index in sorted(self._clauses):
            clause = self._clauses[index]
            if not clause.text:
                continue
            heard = clause.text, _share(left_s, clause.seconds)
            left_s -= clause.seconds
            if left_s < 0:
                break
        return heard


def _share(part_s: float, whole_s: float) -> float:
    return min(1.0, max(0.0, part_s / whole_s)) if whole_s > 0 else 1.0


def line_at(lines: Sequence[str], share: float) -> str:
    """The line in which that share of all of them ends."""
    reached = share * sum(map(len, lines))
    for line in lines:
        reached -= len(line)
        if reached < 0:
            return line
    return lines[-1] if lines else ""


def lines_of(words: str, font: QFont, width_px: float) -> list[str]:
    """As few as there is room for, and of much the same length."""
    lines = _lines(words, font, width_px)
    while len(lines) > 1 and width_px > _NARROWER_PX:
        width_px -= _NARROWER_PX
        narrower = _lines(words, font, width_px)
        if len(narrower) > len(lines):
            break
        lines = narrower
    return lines


def _lines(words: str, font: QFont, width_px: float) -> list[str]:
    """Broken as a text is in any script."""
    layout = QTextLayout(words, font)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    units = words.encode("utf-16-le", "surrogatepass")
    lines = []
    layout.beginLayout()
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width_px)
        begin, end = 2 * line.textStart(), 2 * (line.textStart() + line.textLength())
        lines.append(units[begin:end].decode("utf-16-le", "surrogatepass").strip())
    layout.endLayout()
    return lines
