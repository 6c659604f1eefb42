"""Ctrl-C and SIGTERM, where Qt's loop runs and would keep Python from noticing them."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from PySide6.QtCore import QObject, QTimer, Slot

POLL_MS = 200
"""How often Python gets to run its signal handlers while Qt's loop waits."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """Somebody wants this process to end.

    Attributes:
        number: the signal; the exit code is 128 more.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class QuitSignals(QObject):
    """Turns the signals into one call in Qt's loop. Main thread.

    The handler only remembers: a signal that comes before the loop runs is acted upon by the
    loop's first look, and is not lost.

    Attributes:
        caught: the signal that came, None so far.
    """

    def __init__(self, wish: Callable[[], None]) -> None:
        """
        Args:
            wish: called in the loop, at every look after a signal came.
        """
        super().__init__()
        self.caught: int | None = None
        self._wish = wish
        self._before: dict[int, Any] = {
            number: signal.signal(number, self._remember) for number in SIGNALS
        }
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(POLL_MS)

    def let_go(self) -> None:
        """Give the signals back to whoever handled them before."""
        self._timer.stop()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _remember(self, number: int, _frame: FrameType | None) -> None:
        self.caught = number

    @Slot()
    def _look(self) -> None:
        # Entering Python was enough: a pending handler has run by now.
        if self.caught is not None:
            self._wish()
