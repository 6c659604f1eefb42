"""The list that the chip opens: each timer with its time left, a way to cancel it, and one to take
that back."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QHBoxLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.core.events import Event
from app.core.timer_events import CancelTimer, RestoreTimer, TimerRow
from app.ui import icons
from app.ui import theme as look
from app.ui.history.notes import HistoryNote
from app.ui.labels import ElidedLabel, plain_label
from app.ui.side_panel import SidePanel
from app.ui.theme import Theme
from app.ui.timers import words
from app.ui.timers.running import RunningTimers

WIDTH_PX = 320

NAMED_CHARS = 40
"""Of a name in the note; more would bury its button."""


class TimerLine(QWidget):
    """One timer in the list, which runs or has rung.

    Signals:
        intent: the user wants it cancelled, or put away.
    """

    intent = Signal(object)

    def __init__(self, row: TimerRow, running: RunningTimers, theme: Theme) -> None:
        super().__init__()
        self.row = row
        self._running = running
        self._theme = theme
        self._title = ElidedLabel("", words.title(row))
        self._title.setToolTip(words.title(row))
        due = self.tr("Rang at %1") if row.rang else self.tr("Rings at %1")
        due = due.replace("%1", words.clock(row.due_at))
        if row.private:
            due = self.tr("%1, private").replace("%1", due)
        self._due = ElidedLabel("small", due)
        self._left = plain_label("strong", "", wraps=False)
        self.cancel = QToolButton()
        self.cancel.setProperty("role", "icon")
        self.cancel.setIconSize(QSize(18, 18))
        self.cancel.setToolTip(self.tr("Dismiss") if row.rang else self.tr("Cancel this timer"))
        name = self.tr("Dismiss “%1”") if row.rang else self.tr("Cancel “%1”")
        self.cancel.setAccessibleName(name.replace("%1", words.title(row)))
        self.cancel.clicked.connect(self._wish)
        text = QVBoxLayout()
        text.setSpacing(0)
        text.addWidget(self._title)
        text.addWidget(self._due)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, look.SPACE_XS, 0, look.SPACE_XS)
        line.setSpacing(look.SPACE_S)
        line.addLayout(text, 1)
        line.addWidget(self._left)
        line.addWidget(self.cancel)
        theme.changed.connect(self._dress)
        self.tick()
        self._dress()

    @property
    def time_left(self) -> str:
        return self._left.text()

    def tick(self) -> None:
        """Show how long it has still."""
        if self.row.rang:
            self._left.setText(words.over(self.row))
            return
        left = words.countdown(words.left(self.row, self._running.now()))
        if left != self._left.text():
            self._left.setText(left)

    def _wish(self) -> None:
        self.intent.emit(CancelTimer(number=self.row.number))

    def _dress(self) -> None:
        self.cancel.setIcon(icons.icon("close", self._theme.tokens.muted))


class TimersPanel(SidePanel):
    """Put away by itself when nothing is left to see or to take back.

    Signals:
        intent: a timer is to be cancelled (`CancelTimer`), or that is to be taken back
            (`RestoreTimer`).
        refreshed: other things are in it.
    """

    intent = Signal(object)
    refreshed = Signal()

    def __init__(self, running: RunningTimers, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._running = running
        self._page = parent
        self.lines: list[TimerLine] = []
        self.title.setText(self.tr("Timers"))
        self.close_button.setAccessibleName(self.tr("Close the timers"))
        self.setAccessibleName(self.tr("Timers"))
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(look.SPACE_XS)
        self.undo_note = HistoryNote()
        self.undo_note.pressed.connect(self.undo)
        self._outer.addWidget(self.undo_note)
        self._scroll.setMinimumHeight(1)  # else as high as some lines, at the note's cost
        running.changed.connect(self._refresh)
        running.ticked.connect(self._tick)
        self._refresh()

    def place(self, chip: QWidget, floor_y: int) -> None:
        """Lie under the chip, inside the page.

        Args:
            floor_y: where it ends at the latest, in the page.
        """
        page = self._page
        corner = chip.mapTo(page, chip.rect().bottomRight())
        width = min(WIDTH_PX, page.width() - 2 * look.SPACE_L)
        left = corner.x() + 1 - width
        if page.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            left = chip.mapTo(page, chip.rect().bottomLeft()).x()
        left = max(look.SPACE_L, min(left, page.width() - width - look.SPACE_L))
        top = corner.y() + look.SPACE_S
        self.setGeometry(QRect(left, top, width, min(self.wanted_height(), floor_y - top)))

    def wanted_height(self) -> int:
        """No word of the list wraps, so that it is the same at any width."""
        frame, margins = self.contentsMargins(), self._outer.contentsMargins()
        around = frame.top() + margins.top() + margins.bottom() + frame.bottom()
        parts = [self._head.sizeHint().height()]
        if self.lines:
            parts.append(self._column.sizeHint().height())
        if self._running.cancelled:
            inner = WIDTH_PX - frame.left() - margins.left() - margins.right() - frame.right()
            parts.append(self.undo_note.heightForWidth(inner))
        return around + sum(parts) + (len(parts) - 1) * self._outer.spacing()

    def undo(self) -> None:
        """Take back what was cancelled last, as long as that is offered."""
        row = self._running.cancelled
        if row is not None:
            if self.undo_note.button.hasFocus():
                self.close_button.setFocus(Qt.FocusReason.OtherFocusReason)
            self.intent.emit(RestoreTimer(number=row.number))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Undo):
            self.undo()
            return
        super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tick()
        self._running.watch(self, True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._running.watch(self, False)

    def _tick(self) -> None:
        if self.isVisible():
            for line in self.lines:
                line.tick()

    def _refresh(self) -> None:
        focused = QApplication.focusWidget()
        at = next((i for i, line in enumerate(self.lines) if line.cancel is focused), None)
        self._show_lines()
        self._show_note()
        if not self.isVisible():
            return
        if self._running.is_empty:
            self.put_away()
        elif at is not None and focused not in [line.cancel for line in self.lines]:
            stops: list[QAbstractButton] = [line.cancel for line in self.lines]
            stops = stops or [self.undo_note.button]
            stops[min(at, len(stops) - 1)].setFocus()
        self.refreshed.emit()

    def _show_lines(self) -> None:
        """Keep the lines that stay, and with them the keyboard."""
        known = {line.row: line for line in self.lines}
        rows = (*self._running.rung, *self._running.rows)
        for row, line in known.items():
            if row not in rows:
                self._column.removeWidget(line)
                line.hide()
                line.deleteLater()
        self.lines = [known[row] if row in known else self._line(row) for row in rows]
        for index, line in enumerate(self.lines):
            self._column.insertWidget(index, line)
        self._scroll.setVisible(bool(self.lines))

    def _show_note(self) -> None:
        row = self._running.cancelled
        if row is None:
            self.undo_note.put_away()
            return
        title = words.title(row)
        if len(title) > NAMED_CHARS:
            title = title[: NAMED_CHARS - 1].rstrip() + "…"
        self.undo_note.say(
            self.tr("“%1” is cancelled.").replace("%1", title), button=self.tr("Undo")
        )

    def _line(self, row: TimerRow) -> TimerLine:
        line = TimerLine(row, self._running, self._theme)
        line.intent.connect(self._pass_on)
        return line

    def _pass_on(self, intent: Event) -> None:
        self.intent.emit(intent)
