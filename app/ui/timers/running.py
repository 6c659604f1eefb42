"""The timers that run as the window knows them, and the second hand."""

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

    Signals:
        changed: others run now.
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
        self._watchers: set[QWidget] = set()
        self._second = QTimer(self)
        self._second.setSingleShot(True)
        self._second.timeout.connect(self._on_second)

    @property
    def ticks(self) -> bool:
        """Whether the second hand moves."""
        return self._second.isActive()

    def show(self, rows: tuple[TimerRow, ...]) -> None:
        """These run now, the next to ring first."""
        if rows != self.rows:
            self.rows = rows
            self.changed.emit()
        self._wind()

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
