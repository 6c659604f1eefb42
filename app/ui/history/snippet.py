"""A line or two of a found text, with the words that were searched for standing out."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QTextCharFormat, QTextLayout, QTextOption

from app.ui.theme import Tokens

Pieces = Sequence[tuple[str, bool]]

LEAD_CHARS = 18
"""What stands before the first match, so that it is in sight in a narrow column."""


_DOTS_PX = 12
_FAR_PX = 10_000


def beginning_near_match(pieces: Pieces) -> list[tuple[str, bool]]:
    """The pieces from a few words before the first match on, each on one line."""
    flat = [(" ".join(text.split("\n")), match) for text, match in pieces]
    if len(flat) < 2 or flat[0][1] or len(flat[0][0]) <= LEAD_CHARS:
        return flat
    lead = flat[0][0][-LEAD_CHARS:]
    space = lead.find(" ")
    if 0 <= space < len(lead) - 1:
        lead = lead[space + 1 :]
    return [(f"…{lead}", False), *flat[1:]]


class Snippet:
    """The text, and its matches in the accent's colour, bold; dots where it goes on.

    Attributes:
        height: pixels, of as many lines as there are; 0 without words.
    """

    def __init__(
        self,
        pieces: Pieces,
        font: QFont,
        width: int,
        tokens: Tokens,
        direction: Qt.LayoutDirection = Qt.LayoutDirection.LeftToRight,
        *,
        lines: int,
        ink: str = "",
    ) -> None:
        """
        Args:
            width: in pixels.
            lines: at most so many.
            ink: of the text and the dots; empty is muted.
        """
        shown = beginning_near_match(pieces)
        self._width = width
        self._ink = ink or tokens.muted
        self._direction = direction
        self._layout = QTextLayout("".join(text for text, _ in shown), font)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        option.setTextDirection(direction)
        self._layout.setTextOption(option)
        self._layout.setFormats(_formats(shown, self._ink, tokens.accent))
        self._lay_out(lines)

    def _lay_out(self, lines: int) -> None:
        top = 0.0
        self._end = QPointF()
        self._goes_on = False
        self._layout.beginLayout()
        while (line := self._layout.createLine()).isValid():
            if lines == 0:  # out of sight, in its place dots
                self._goes_on = True
                line.setPosition(QPointF(0, -_FAR_PX))
                break
            lines -= 1
            line.setLineWidth(self._width - _DOTS_PX)
            line.setPosition(QPointF(0, top))
            self._end = QPointF(line.naturalTextWidth(), top + line.ascent())
            top += line.height()
        self._layout.endLayout()
        self.height = math.ceil(top) if self._layout.text() else 0

    def paint(self, painter: QPainter, corner: QPoint) -> None:
        clip = painter.clipBoundingRect()
        painter.setClipRect(QRect(corner, QSize(self._width, self.height)))
        self._layout.draw(painter, QPointF(corner))
        if self._goes_on and self._direction == Qt.LayoutDirection.LeftToRight:
            painter.setPen(QColor(self._ink))
            painter.drawText(QPointF(corner) + self._end, "…")
        painter.setClipRect(clip)


def _formats(pieces: Pieces, ink: str, accent: str) -> list[QTextLayout.FormatRange]:
    formats = []
    begin = 0
    for text, match in pieces:
        plain = QTextLayout.FormatRange()
        plain.start, plain.length = begin, len(text.encode("utf-16-le", "surrogatepass")) // 2
        look = QTextCharFormat()
        look.setForeground(QColor(accent if match else ink))
        if match:
            look.setFontWeight(QFont.Weight.DemiBold)
        plain.format = look
        formats.append(plain)
        begin += plain.length
    return formats
