"""The keepalive thread: asks, at an interval, whether everything is still warm."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal, Slot

from app.core.events import WarmUp
from app.settings import KeepaliveSettings
from app.workers.worker import Worker


class KeepaliveWorker(Worker):
    """A timer thread. What keeping warm means is each provider's own business.

    Signals:
        warm_up: a `WarmUp` for the language model's thread.
        recheck: for the engines' thread, at most every `RECHECK_S`.
    """

    stage = "keepalive"

    warm_up = Signal(object)
    recheck = Signal()

    RECHECK_S = 30.0
    """How often missing models are looked for on the disk."""

    def __init__(self, settings: KeepaliveSettings) -> None:
        super().__init__()
        self._warm_timer = QTimer(self)
        self._warm_timer.setInterval(int(settings.interval_s * 1000))
        self._warm_timer.timeout.connect(self._tick)
        self._recheck_timer = QTimer(self)
        self._recheck_timer.setInterval(int(self.RECHECK_S * 1000))
        self._recheck_timer.timeout.connect(self.recheck)
        self._enabled = settings.enabled

    def on_begin(self) -> None:
        self._recheck_timer.start()
        if self._enabled:
            self._warm_timer.start()

    def on_end(self) -> None:
        self._warm_timer.stop()
        self._recheck_timer.stop()

    @Slot()
    def _tick(self) -> None:
        self.warm_up.emit(WarmUp(reason="keepalive"))
