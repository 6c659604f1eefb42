"""The chip in the header: what runs, and how long still, or what has rung; it opens the list."""

from __future__ import annotations

import re

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QStyleOptionButton, QWidget

from app.core.timer_events import TimerRow
from app.ui import icons
from app.ui.elided_button import ElidedButton
from app.ui.theme import Theme
from app.ui.timers import words
from app.ui.timers.running import RunningTimers

LONGEST_NAME_PX = 120
"""The rest of a name is in the list."""

_DIGIT = re.compile(r"\d")


class TimersChip(ElidedButton):
    """Takes no room while there is no timer. One that has rung comes first.

    The text of the button is the widest that the line can be with as many digits, so that nothing
    beside it moves with the seconds; what is painted is the line. Nor is a screen reader told of
    every second.

    Signals:
        went: it is gone, and the keyboard was on it.
    """

    went = Signal()

    def __init__(self, running: RunningTimers, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._running = running
        self._theme = theme
        self._private = False
        self._line = self._short = ""
        self.setProperty("role", "pill")
        self.setCheckable(True)
        self.setIconSize(QSize(16, 16))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        running.changed.connect(self._refresh)
        running.ticked.connect(self._tick)
        theme.changed.connect(self._dress)
        self.hide()
        self._dress()

    @property
    def line(self) -> str:
        """ "Tea · 4:32", "2 timers · next 4:32", "Tea · done"."""
        return self._line

    def show_private(self, private: bool) -> None:
        """Whether the conversation is private; elsewhere a private name is for the list alone."""
        self._private = private
        self._refresh()

    def minimumSizeHint(self) -> QSize:
        """The icon and the time: the name may go."""
        whole = self.sizeHint()
        spare = self._advance(self._line) - self._advance(self._short)
        return QSize(whole.width() - spare, whole.height())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._running.watch(self, True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._running.watch(self, False)

    def _option(self) -> QStyleOptionButton:
        """The line, or the time alone where there is no room for more."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        fits = self.width() >= self.sizeHint().width()
        option.text = f" {self._line if fits else self._short}"
        return option

    def _refresh(self) -> None:
        is_empty = self._running.is_empty
        had_focus = self.hasFocus()
        if not is_empty:
            self._tick()
            self.setAccessibleName(self._name())
            self._dress()
        # A new widget appears with what it stands in; shown before that, it would be a window.
        if self.parentWidget() is not None:
            self.setVisible(not is_empty)
        if had_focus and is_empty:
            self.went.emit()

    def _tick(self) -> None:
        if self._running.is_empty:
            return
        line, short = self._words()
        if line != self._line:
            self._line, self._short = line, short
            widest = f" {_DIGIT.sub('0', line)}"
            if widest != self.text():
                self.setText(widest)
            self.update()

    def _words(self) -> tuple[str, str]:
        """The line, and what is left of it where there is no room."""
        if rung := self._running.rung:
            over = words.over(rung[0])
            if len(rung) == 1:
                line = self.tr("%1 · %2").replace("%2", over).replace("%1", self._title(rung[0]))
                return line, over
            return self.tr("%1 timers · done").replace("%1", str(len(rung))), over
        rows = self._running.rows
        if not rows:
            return self.tr("Timer cancelled"), self.tr("Cancelled")
        time_left = words.countdown(words.left(rows[0], self._running.now()))
        if len(rows) > 1:
            line = self.tr("%1 timers · next %2")
            line = line.replace("%2", time_left).replace("%1", str(len(rows)))
        else:
            line = self.tr("%1 · %2").replace("%2", time_left)
            line = line.replace("%1", self._title(rows[0]))
        return line, time_left

    def _title(self, row: TimerRow) -> str:
        if row.private and not self._private:
            return self.tr("Private timer")
        elided = Qt.TextElideMode.ElideRight
        return self.fontMetrics().elidedText(words.title(row), elided, LONGEST_NAME_PX)

    def _name(self) -> str:
        """Without the time, which would be read out every second."""
        if self._running.rung or not self._running.rows:
            return self._line
        rows = self._running.rows
        if len(rows) > 1:
            return self.tr("%1 timers are running").replace("%1", str(len(rows)))
        return self.tr("A timer is running: %1").replace("%1", self._title(rows[0]))

    def _advance(self, text: str) -> int:
        return self.fontMetrics().horizontalAdvance(_DIGIT.sub("0", text))

    def _dress(self) -> None:
        tokens = self._theme.tokens
        if self._running.rung:
            self.setIcon(icons.icon("bell", tokens.warn, size=16))
            self.setToolTip(self.tr("Dismiss"))
        else:
            self.setIcon(icons.icon("timer", tokens.accent, size=16))
            self.setToolTip(self.tr("Show the timers"))
