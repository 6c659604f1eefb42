"""Where the time of one turn went, as bars on one axis that begins when the key came up.

What was done before that moment, while the user still spoke, lies to the left of it and is drawn
hollow: nobody waited for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.core.latency import SPANS, Span, timeline
from app.ui import theme as look
from app.ui import words
from app.ui.conversation.text_sizes import TextSizes
from app.ui.theme import Theme

ROW_PX = 20
AXIS_PX = 20
"""Height of the line that names the two moments of the axis."""
SHORTEST_SHOWN_MS = 5.0
"""A part that took less is left out: nobody noticed it."""

_VALUE_PX = 68
_MOST_LABEL_SHARE = 0.42
"""Of the width, for the names of the parts."""
_BAR_PX = 8
_AHEAD_SHARE = 0.12
"""Of the axis, left of key-up, when nothing was done ahead but the user spoke."""
_MOST_AHEAD_SHARE = 0.4
_BEYOND_SHARE = 0.06
"""Of the axis, right of the first sound, for what goes on after it."""
_FRAYED_PX = 14.0
"""A bar that goes on outside the chart is broken over this length."""

_KINDS = {kind.name: kind for kind in SPANS}
_TOTALS = ("voice_to_voice", "request_to_voice")
_AHEAD = ("prefill", "draft")
_WITHIN_OTHERS = ("endpoint",)
"""Not drawn: it lies inside another bar."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the chart."""

    label: str
    start_ms: float
    """From key-up, or from the request of a typed turn."""
    duration_ms: float
    total: bool = False
    """The whole wait."""
    waited: bool = True
    """Part of the wait, and not beside or before it."""

    @property
    def end_ms(self) -> float:
        return self.start_ms + self.duration_ms


def rows(spans: Mapping[str, float], starts: Mapping[str, float]) -> list[Row]:
    """What was done before the wait, its parts, the whole of it, then what went on after."""
    drawn = [span for span in timeline(spans, starts) if span.name not in _WITHIN_OTHERS]
    lines = {span.name: _row(span) for span in drawn}
    before = [lines[name] for name in ("capture", *_AHEAD) if name in lines]
    parts = [
        lines[span.name]
        for span in drawn
        if _KINDS[span.name].part and span.length_ms >= SHORTEST_SHOWN_MS
    ]
    totals = [lines[name] for name in _TOTALS if name in lines]
    after = [lines["reply"]] if "reply" in lines else []
    return before + parts + totals + after


def _row(span: Span) -> Row:
    kind = _KINDS[span.name]
    total = span.name in _TOTALS
    return Row(
        words.span_label(kind.label), span.start_ms, span.length_ms, total, total or kind.part
    )


@dataclass(frozen=True, slots=True)
class Axis:
    """Milliseconds to pixels."""

    first_ms: float
    last_ms: float
    left_px: float
    width_px: float

    @classmethod
    def of(cls, lines: list[Row], left_px: float, width_px: float) -> Axis:
        """An axis on which the wait is large, whatever was long before or after it."""
        wait = max((row.end_ms for row in lines if row.waited), default=0.0)
        wait = wait or max((row.end_ms for row in lines), default=0.0) or 1.0
        earliest = min((row.start_ms for row in lines), default=0.0)
        ahead = min((row.start_ms for row in lines if row.start_ms < 0 <= row.end_ms), default=0.0)
        first = -min(max(_AHEAD_SHARE * wait, -ahead), _MOST_AHEAD_SHARE * wait)
        goes_on = any(row.end_ms > wait for row in lines)
        return cls(
            first if earliest < 0 else 0.0,
            wait * (1 + _BEYOND_SHARE) if goes_on else wait,
            left_px,
            width_px,
        )

    def x(self, at_ms: float) -> float:
        """Where a moment lies; what is outside lies at the edge."""
        share = (at_ms - self.first_ms) / (self.last_ms - self.first_ms)
        return self.left_px + self.width_px * min(1.0, max(0.0, share))


class Waterfall(QWidget):
    """The chart. Read by a screen reader as one sentence per row."""

    def __init__(
        self, theme: Theme, parent: QWidget | None = None, *, sizes: TextSizes | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._sizes = sizes or TextSizes()
        self._rows: list[Row] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_spans(self, spans: Mapping[str, float], starts: Mapping[str, float]) -> None:
        """
        Args:
            spans, starts: as in `TurnEnded`.
        """
        self._rows = rows(spans, starts)
        self.setAccessibleName(self.tr("Where the time went"))
        self.setAccessibleDescription(" ".join(self._in_words(row) for row in self._rows))
        self.setFixedHeight(self._height())
        self.update()

    @property
    def lines(self) -> list[Row]:
        return self._rows

    def sizeHint(self) -> QSize:
        return QSize(look.COLUMN_PX, self._height())

    def _height(self) -> int:
        return self._axis_px + self._row_px * len(self._rows) if self._rows else 0

    @property
    def _axis_px(self) -> int:
        return self._sizes.px(AXIS_PX)

    @property
    def _row_px(self) -> int:
        return self._sizes.px(ROW_PX)

    @property
    def _value_px(self) -> int:
        return self._sizes.px(_VALUE_PX)

    def _in_words(self, row: Row) -> str:
        if row.start_ms < 0 and not row.waited:
            text = self.tr("%1: %2, from %3 before the key came up.")
        else:
            text = self.tr("%1: %2.")
        return (
            text.replace("%1", row.label)
            .replace("%2", words.duration(row.duration_ms))
            .replace("%3", words.duration(-row.start_ms))
        )

    # --- drawing --------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self._rows:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPixelSize(self._sizes.small)
        font.setWeight(QFont.Weight.DemiBold)
        widest = QFontMetrics(font)
        wanted = max(widest.horizontalAdvance(row.label) for row in self._rows) + look.SPACE_L
        label_px = min(float(wanted), self.width() * _MOST_LABEL_SHARE)
        axis = Axis.of(
            self._rows, label_px, max(40.0, self.width() - label_px - self._value_px - look.SPACE_S)
        )
        self._draw_moments(painter, font, axis)
        for number, row in enumerate(self._rows):
            top = self._axis_px + number * self._row_px
            self._draw_words(painter, font, row, top, label_px)
            self._draw_bar(painter, row, axis, top + (self._row_px - _BAR_PX) / 2)
        painter.end()

    def _draw_moments(self, painter: QPainter, font: QFont, axis: Axis) -> None:
        """Two hairlines: where the wait begins and where it ends."""
        total = next((row for row in self._rows if row.total), None)
        spoken = any(row.start_ms < 0 for row in self._rows)
        begins = self.tr("key up") if spoken else self.tr("question")
        moments = [(0.0, begins)]
        if total is not None:
            moments.append((total.end_ms, self.tr("first sound")))
        font.setWeight(QFont.Weight.Normal)
        painter.setFont(font)
        metrics = QFontMetrics(font)
        taken = axis.left_px - look.SPACE_S
        for at_ms, name in moments:
            x = axis.x(at_ms)
            painter.setPen(QPen(QColor(self._theme.tokens.line), 1))
            line = self._mirrored(
                QRectF(round(x), self._axis_px - 2, 0, self.height() - self._axis_px + 2)
            )
            painter.drawLine(line.topLeft(), QPointF(line.left(), line.bottom()))
            wide = metrics.horizontalAdvance(name)
            left = min(max(x - wide / 2, taken + look.SPACE_S), axis.left_px + axis.width_px - wide)
            if left < taken + look.SPACE_S:
                continue  # no room for a second name beside the first
            taken = left + wide
            painter.setPen(QColor(self._theme.tokens.muted))
            where = self._mirrored(QRectF(left, 0, wide + 1, self._axis_px - 4))
            painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, name)

    def _draw_words(
        self, painter: QPainter, font: QFont, row: Row, top: float, label_px: float
    ) -> None:
        tokens = self._theme.tokens
        font.setWeight(QFont.Weight.DemiBold if row.total else QFont.Weight.Normal)
        painter.setFont(font)
        room = label_px - look.SPACE_S
        label = QFontMetrics(font).elidedText(row.label, Qt.TextElideMode.ElideRight, int(room))
        middle, fixed = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignAbsolute
        near, far = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        if self._from_right:
            near, far = far, near
        painter.setPen(QColor(tokens.text if row.total else tokens.muted))
        where = self._mirrored(QRectF(0, top, room, self._row_px))
        painter.drawText(where, middle | near | fixed, label)
        painter.setPen(QColor(tokens.text if row.waited else tokens.muted))
        where = self._mirrored(
            QRectF(self.width() - self._value_px, top, self._value_px, self._row_px)
        )
        painter.drawText(where, middle | far | fixed, words.duration(row.duration_ms))

    def _draw_bar(self, painter: QPainter, row: Row, axis: Axis, top: float) -> None:
        tokens = self._theme.tokens
        colour = QColor(tokens.accent if row.total else tokens.edge)
        left, right = axis.x(row.start_ms), axis.x(row.end_ms)
        shortest = _FRAYED_PX if row.end_ms <= axis.first_ms else 3.0
        if right - left < shortest:
            right = min(left + shortest, axis.left_px + axis.width_px)
            left = right - shortest
        bar = self._mirrored(QRectF(left, top, right - left, _BAR_PX))
        if row.waited:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
        else:
            painter.setPen(QPen(colour, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            bar.adjust(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(bar, _BAR_PX / 2, _BAR_PX / 2)
        if row.start_ms < axis.first_ms:
            self._fray(painter, left, top)
        if row.end_ms > axis.last_ms:
            self._fray(painter, right - _FRAYED_PX, top)

    def _fray(self, painter: QPainter, left: float, top: float) -> None:
        """Break the bar's end: it goes on outside the chart."""
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.tokens.surface))
        for step in range(2):
            gap = QRectF(left + 3 + step * 5, top - 1, 2, _BAR_PX + 2)
            painter.drawRect(self._mirrored(gap))

    # --- right to left --------------------------------------------------------------------

    @property
    def _from_right(self) -> bool:
        return self.layoutDirection() == Qt.LayoutDirection.RightToLeft

    def _mirrored(self, rect: QRectF) -> QRectF:
        if not self._from_right:
            return QRectF(rect)
        return QRectF(self.width() - rect.right(), rect.top(), rect.width(), rect.height())
