"""How Parley ends when its user wants it to: asked once while timers run, maybe to start again."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication

from app.ui.timers.parts import TimerParts


class Leaving(QObject):
    """Lives in the GUI thread.

    Attributes:
        restarts: Parley is to start again once it has ended.
    """

    def __init__(self, timers: TimerParts, ask: Callable[[], None]) -> None:
        """
        Args:
            ask: called when the question has come, so that somebody sees it.
        """
        super().__init__(timers)
        self._timers = timers
        self._ask = ask
        self.restarts = False
        timers.bar.stay_wanted.connect(self._stay)
        timers.bar.quit_wanted.connect(lambda: QApplication.quit())

    @Slot()
    def quit(self) -> None:
        """End Parley."""
        self._end(restarts=False)

    @Slot()
    def restart(self) -> None:
        """End Parley and start it again."""
        self._end(restarts=True)

    def holds(self, event: QCloseEvent) -> bool:
        """Whether the window stays, until there is an answer.

        Only what a person does at the window's cross is held. Signals close through Qt itself and
        wait for nobody; a desktop that ends closes its windows like a person, and asks again.
        """
        if not event.spontaneous() or not QApplication.quitOnLastWindowClosed():
            return False
        self.restarts = self.restarts and self._timers.bar.asks  # or that wish is long over
        return self._is_asked()

    def _end(self, *, restarts: bool) -> None:
        self.restarts = restarts
        if not self._is_asked():
            QApplication.quit()

    def _is_asked(self) -> bool:
        if not self._timers.hold_back():
            return False
        self._ask()
        return True

    @Slot()
    def _stay(self) -> None:
        self.restarts = False
