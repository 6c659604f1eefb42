"""How fast Parley answers: one quiet line, and the panel it opens with the last hour beside all
time, and why the slow turns were slow."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QDateTime, QLocale, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.core.figures import FAST_MS, SPIKE_MS, Figures, RollingFigures, Wait
from app.ui import theme as look
from app.ui import words
from app.ui.labels import plain_label
from app.ui.side_panel import SidePanel
from app.ui.theme import Theme

LEAST_HEIGHT_PX = 240
"""In which the table can be read without scrolling."""

LISTED_SPIKES = 3
"""Of each cause, the newest; more would be a log."""


class FiguresLine(QPushButton):
    """One line about the last hour, or all time when the hour was silent; opens the panel."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "quiet")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCheckable(True)
        self.show_figures(RollingFigures(Figures(), Figures()))

    def show_figures(self, figures: RollingFigures) -> None:
        """Nothing is shown before the first spoken turn."""
        in_hour = bool(figures.last_hour.turns)
        shown = figures.last_hour if in_hour else figures.all_time
        wait, turns = words.seconds(shown.p50_ms), words.turns(shown.turns)
        self.setText(self.tr("%1 to the first sound").replace("%1", wait))
        explained = (
            self.tr("Half of the replies of the last hour began within %1 of letting go of the key")
            if in_hour
            else self.tr("Half of all replies began within %1 of letting go of the key")
        )
        explained = f"{explained.replace('%1', wait)} ({turns})."
        more = self.tr("Click for more figures.")
        self.setToolTip(f"{explained}\n{more}")
        self.setAccessibleDescription(explained)
        period = self.tr("in the last hour") if in_hour else self.tr("in all")
        self.setAccessibleName(
            self.tr("Time to the first sound %1: median %2, %3")
            .replace("%1", period)
            .replace("%2", wait)
            .replace("%3", turns)
        )
        self.setVisible(bool(shown.turns))


class FiguresPanel(SidePanel):
    """The figures in full."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.setAccessibleName(self.tr("How fast Parley answers"))
        self.title.setText(self.tr("Time to the first sound"))
        self.close_button.setAccessibleName(self.tr("Close the figures"))
        self._column.setSpacing(look.SPACE_M)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # to scroll by keyboard
        self._scroll.setAccessibleName(self.tr("Figures"))
        self._scroll.setToolTip(self.tr("Arrow keys scroll"))
        self._figures = RollingFigures(Figures(), Figures())

    @property
    def text(self) -> str:
        """Everything it says now, one line per label."""
        return "\n".join(label.text() for label in self._body.findChildren(QLabel) if label.text())

    def show_figures(self, figures: RollingFigures) -> None:
        """Takes nothing from a turn while nobody looks."""
        self._figures = figures
        if self.isVisible():
            self._fill(figures)

    def showEvent(self, event: QShowEvent) -> None:
        self._fill(self._figures)
        super().showEvent(event)

    def _fill(self, figures: RollingFigures) -> None:
        while (item := self._column.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.setParent(None)
                old.deleteLater()
        self._add(
            plain_label("small", self.tr("From letting go of the key until you hear Parley."))
        )
        self._add(FiguresTable(figures))
        rule = QFrame()
        rule.setObjectName("rule")
        self._add(rule)
        limit = words.seconds(SPIKE_MS)
        if not figures.all_time.spikes:
            text = self.tr("No turn took longer than %1.") if figures.all_time.turns else ""
            self._add(plain_label("small", text.replace("%1", limit)))
        else:
            heading = self.tr("Why some took longer than %1").replace("%1", limit)
            self._add(plain_label("strong", heading))
        for cause, count in figures.all_time.spikes.items():
            newest = [wait for wait in figures.recent_spikes if wait.cause == cause]
            self._add(CauseRow(cause, count, newest[:LISTED_SPIKES]))
        self._column.addStretch(1)
        self._scroll.setAccessibleDescription(self.text.replace("\n", ". "))

    def _add(self, widget: QWidget) -> None:
        self._column.addWidget(widget)
        widget.show()  # at once: until it is shown, the layout leaves it out of the height


class FiguresTable(QWidget):
    """The last hour beside all time."""

    def __init__(self, figures: RollingFigures, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(look.SPACE_XL)
        grid.setVerticalSpacing(look.SPACE_XS)
        grid.setColumnStretch(0, 1)
        all_time = self.tr("All time") if figures.from_history else self.tr("Since the start")
        columns = [(self.tr("Last hour"), figures.last_hour), (all_time, figures.all_time)]
        for column, (name, _) in enumerate(columns, start=1):
            grid.addWidget(
                plain_label("small", name, wraps=False), 0, column, Qt.AlignmentFlag.AlignRight
            )
        for row, (name, said) in enumerate(self._rows(), start=1):
            grid.addWidget(plain_label("small", name), row, 0)
            for column, (period, summary) in enumerate(columns, start=1):
                role = "strong" if row == _MEDIAN_ROW else ""
                value = plain_label(role, said(summary), wraps=False)
                value.setAccessibleName(f"{name}, {period}: {value.text()}")
                grid.addWidget(value, row, column, Qt.AlignmentFlag.AlignRight)

    def _rows(self) -> list[tuple[str, Callable[[Figures], str]]]:
        return [
            (self.tr("Spoken turns"), lambda figures: words.number(figures.turns)),
            (self.tr("Median"), _if_any(lambda figures: words.seconds(figures.p50_ms))),
            (self.tr("Average"), _if_any(lambda figures: words.seconds(figures.average_ms))),
            (self.tr("95 of 100 within"), _if_any(lambda figures: words.seconds(figures.p95_ms))),
            (
                self.tr("Under %1").replace("%1", words.seconds(FAST_MS)),
                _if_any(lambda figures: words.percent(figures.share_fast)),
            ),
            (
                self.tr("Over %1").replace("%1", words.seconds(SPIKE_MS)),
                _if_any(lambda figures: words.number(figures.slow_turns)),
            ),
        ]


_MEDIAN_ROW = 2


class CauseRow(QWidget):
    """Why some turns were slow, how many, when last, and what to do about it."""

    def __init__(
        self, cause: str, count: int, newest: list[Wait], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        what, next_step = words.why_slow(cause)
        first = QHBoxLayout()
        first.setSpacing(look.SPACE_M)
        first.addWidget(plain_label("", what), 1)
        first.addWidget(
            plain_label("small", words.turns(count), wraps=False), 0, Qt.AlignmentFlag.AlignTop
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(first)
        if next_step:
            column.addWidget(plain_label("small", next_step))
        if newest:
            times = ", ".join(
                f"{_when(wait.started_at)} ({words.seconds(wait.ms)})" for wait in newest
            )
            column.addWidget(plain_label("small", self.tr("Last: %1").replace("%1", times)))


def _if_any(said: Callable[[Figures], str]) -> Callable[[Figures], str]:
    """A dash where there is no turn to say something about."""
    return lambda figures: said(figures) if figures.turns else "–"


def _when(unix_time: float) -> str:
    """The time of day, with the date when it was another day."""
    moment = QDateTime.fromSecsSinceEpoch(int(unix_time))
    short = QLocale.FormatType.ShortFormat
    time = QLocale().toString(moment.time(), short)
    if moment.date() == QDateTime.currentDateTime().date():
        return time
    return f"{QLocale().toString(moment.date(), short)} {time}"
