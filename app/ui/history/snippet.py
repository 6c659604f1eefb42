"""Two lines of a found text, with the words that were searched for standing out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, Qt
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


def paint_pieces(
    painter: QPainter,
    where: QRect,
    pieces: Pieces,
    tokens: Tokens,
    direction: Qt.LayoutDirection,
    lines: int = 2,
) -> None:
    """Paint the text muted and its matches in the accent's colour, bold."""
    shown = beginning_near_match(pieces)
    layout = QTextLayout("".join(text for text, _ in shown), painter.font())
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    option.setTextDirection(direction)
    layout.setTextOption(option)
    formats = []
    begin = 0
    for text, match in shown:
        plain = QTextLayout.FormatRange()
        plain.start, plain.length = begin, len(text.encode("utf-16-le", "surrogatepass")) // 2
        look = QTextCharFormat()
        look.setForeground(QColor(tokens.accent if match else tokens.muted))
        if match:
            look.setFontWeight(QFont.Weight.DemiBold)
        plain.format = look
        formats.append(plain)
        begin += plain.length
    layout.setFormats(formats)
    layout.beginLayout()
    top = end = 0.0
    for _ in range(lines):
        line = layout.createLine()
        if not line.isValid():
            break
        line.setLineWidth(where.width() - _DOTS_PX)
        line.setPosition(QPointF(0, top))
        top += line.height()
        end = line.naturalTextWidth()
    goes_on = layout.createLine()
    if goes_on.isValid():  # out of sight, in its place dots
        goes_on.setPosition(QPointF(0, -_FAR_PX))
    layout.endLayout()
    clip = painter.clipBoundingRect()
    painter.setClipRect(where)
    layout.draw(painter, QPointF(where.topLeft()))
    if goes_on.isValid() and direction == Qt.LayoutDirection.LeftToRight:
        painter.setPen(QColor(tokens.muted))
        ascent = painter.fontMetrics().ascent()
        dots = QPointF(where.left() + end, where.top() + top - goes_on.height() + ascent)
        painter.drawText(dots, "…")
    painter.setClipRect(clip)
