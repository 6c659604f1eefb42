"""Ctrl-C and SIGTERM, where Qt's loop runs and would keep Python from noticing them."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any

from PySide6.QtCore import QObject, QSocketNotifier, QTimer, Slot

AGAIN_MS = 200
"""After a signal the wish is said this often: a loop may have begun only then."""

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

    Python writes a byte into a socket when a signal comes, which wakes the loop; until then nothing
    runs. The handler only remembers: a signal that comes before the loop runs is acted upon by
    the loop's first look, and is not lost.

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
        self._heard, self._told = socket.socketpair()
        for end in (self._heard, self._told):
            end.setblocking(False)
        self._told_before = signal.set_wakeup_fd(self._told.fileno(), warn_on_full_buffer=False)
        self._notifier = QSocketNotifier(self._heard.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_byte)
        self._timer = QTimer(self)
        self._timer.setInterval(AGAIN_MS)
        self._timer.timeout.connect(self._look)

    def let_go(self) -> None:
        """Give the signals back to whoever handled them before."""
        self._timer.stop()
        self._notifier.setEnabled(False)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._told_before)
        self._heard.close()
        self._told.close()

    def _remember(self, number: int, _frame: FrameType | None) -> None:
        self.caught = number

    @Slot()
    def _on_byte(self) -> None:
        self._heard.recv(4096)
        # Entering Python was enough: a pending handler has run by now.
        if self.caught is not None:
            self._timer.start()
        self._look()

    @Slot()
    def _look(self) -> None:
        if self.caught is not None:
            self._wish()
