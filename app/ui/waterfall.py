"""Where the time of one turn went, as bars on a common axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.core.latency import SPANS
from app.ui import theme as look
from app.ui import words
from app.ui.theme import Theme

ROW_PX = 24
_LABEL_PX = 184
_VALUE_PX = 68
_BAR_PX = 8


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the chart."""

    label: str
    start_ms: float
    duration_ms: float
    total: bool = False
    """The whole wait, which the parts add up to."""


def rows(spans: Mapping[str, float]) -> list[Row]:
    """The parts of the wait one after another, their sum, then what ran beside them.

    Parts follow one another without a gap (`app.core.latency`), so each begins where the one
    before it ended.
    """
    parts: list[Row] = []
    totals: list[Row] = []
    beside: list[Row] = []
    begin = 0.0
    for kind in SPANS:
        value = spans.get(kind.name)
        if value is None:
            continue
        label = words.span_label(kind.label)
        if kind.part:
            parts.append(Row(label, begin, value))
            begin += value
        elif kind.name in ("voice_to_voice", "request_to_voice"):
            totals.append(Row(label, 0.0, value, total=True))
        elif kind.name == "reply":
            beside.append(Row(label, begin_of_reply(spans), value))
    return parts + totals + beside


def begin_of_reply(spans: Mapping[str, float]) -> float:
    """When the model took the question up, in milliseconds after the user had finished."""
    return spans.get("stt_tail", 0.0) + spans.get("llm_queue", 0.0)


class Waterfall(QWidget):
    """The chart. Read by a screen reader as one line per row."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows: list[Row] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_spans(self, spans: Mapping[str, float]) -> None:
        self._rows = rows(spans)
        lines = [f"{row.label}: {words.duration(row.duration_ms)}" for row in self._rows]
        self.setAccessibleName(self.tr("Where the time went"))
        self.setAccessibleDescription(". ".join(lines))
        self.setFixedHeight(ROW_PX * len(self._rows))
        self.update()

    @property
    def lines(self) -> list[Row]:
        return self._rows

    def sizeHint(self) -> QSize:
        return QSize(look.COLUMN_PX, ROW_PX * len(self._rows))

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        end = max((row.start_ms + row.duration_ms for row in self._rows), default=1.0) or 1.0
        track = max(40.0, self.width() - _LABEL_PX - _VALUE_PX)
        for number, row in enumerate(self._rows):
            top = number * ROW_PX
            font = QFont(self.font())
            font.setPixelSize(look.SMALL_PX)
            font.setWeight(QFont.Weight.DemiBold if row.total else QFont.Weight.Normal)
            painter.setFont(font)
            painter.setPen(QColor(tokens.text if row.total else tokens.muted))
            painter.drawText(
                QRectF(0, top, _LABEL_PX - look.SPACE_S, ROW_PX),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
                row.label,
            )
            painter.setPen(QColor(tokens.text))
            painter.drawText(
                QRectF(self.width() - _VALUE_PX, top, _VALUE_PX, ROW_PX),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
                words.duration(row.duration_ms),
            )
            middle = top + (ROW_PX - _BAR_PX) / 2
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.sunk))
            painter.drawRoundedRect(QRectF(_LABEL_PX, middle, track, _BAR_PX), 4, 4)
            painter.setBrush(QColor(tokens.accent if row.total else tokens.edge))
            left = _LABEL_PX + track * row.start_ms / end
            width = max(3.0, track * row.duration_ms / end)
            painter.drawRoundedRect(
                QRectF(min(left, _LABEL_PX + track - width), middle, width, _BAR_PX), 4, 4
            )
        painter.end()
