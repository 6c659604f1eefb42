"""The timers as the window knows them, and the second hand."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from app.core.timer_events import TimerRow

AFTER_S = 0.01
"""How long after a second has passed it is shown: a Qt timer may be early by a millisecond."""


class RunningTimers(QObject):
    """Ticks once a second while a timer runs and somebody can see it, and otherwise never. Lives
    in the GUI thread.

    Attributes:
        rows: those that run, the next to ring first.
        rung: those that have rung and that nobody has heard yet, the first first.
        cancelled: the one that can be taken back, if there is one.

    Signals:
        changed: there are others now.
        ticked: another second has passed.
    """

    changed = Signal()
    ticked = Signal()

    def __init__(
        self, wall: Callable[[], float] = time.time, parent: QObject | None = None
    ) -> None:
        """
        Args:
            wall: Unix time, as the timers' keeper goes by.
        """
        super().__init__(parent)
        self.now = wall
        self.rows: tuple[TimerRow, ...] = ()
        self.rung: tuple[TimerRow, ...] = ()
        self.cancelled: TimerRow | None = None
        self._watchers: set[QWidget] = set()
        self._second = QTimer(self)
        self._second.setSingleShot(True)
        self._second.timeout.connect(self._on_second)
        self._undo = QTimer(self)
        self._undo.setSingleShot(True)
        self._undo.timeout.connect(self._withdraw)

    @property
    def ticks(self) -> bool:
        """Whether the second hand moves."""
        return self._second.isActive()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see of timers."""
        return not (self.rows or self.rung or self.cancelled)

    def show(self, rows: tuple[TimerRow, ...], rung: tuple[TimerRow, ...] = ()) -> None:
        """There are these now."""
        if (rows, rung) != (self.rows, self.rung):
            self.rows, self.rung = rows, rung
            if self.cancelled and self.cancelled.number in [row.number for row in (*rows, *rung)]:
                self.cancelled = None  # it was taken back
                self._undo.stop()
            self.changed.emit()
        self._wind()

    def offer(self, row: TimerRow, undo_s: float) -> None:
        """This one was cancelled, and can be taken back for so long."""
        self.cancelled = row
        self._undo.start(round(1000 * undo_s))
        self.changed.emit()

    @Slot()
    def _withdraw(self) -> None:
        self.cancelled = None
        self.changed.emit()

    def watch(self, who: QWidget, sees: bool) -> None:
        """Whether this widget can be seen now."""
        (self._watchers.add if sees else self._watchers.discard)(who)
        if sees and not self.ticks:
            self.ticked.emit()  # it has missed some
        self._wind()

    def _wind(self) -> None:
        if not self.rows or not self._watchers:
            self._second.stop()
            return
        # when the next one to ring has a whole second left: all others are told then, too
        left_s = self.rows[0].due_at - self.now()
        to_next_s = left_s - math.floor(left_s)
        self._second.start(round(1000 * (to_next_s + AFTER_S)))

    @Slot()
    def _on_second(self) -> None:
        self.ticked.emit()
        self._wind()
