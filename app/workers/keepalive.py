"""The keepalive thread: asks, at an interval, whether everything is still warm."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal, Slot

from app.core.events import Event, UseKeepalive, WarmUp
from app.core.keepalive import KeepaliveRhythm
from app.settings import KeepaliveSettings
from app.workers.worker import Worker

log = logging.getLogger(__name__)


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

    def __init__(
        self, settings: KeepaliveSettings, *, clock: Callable[[], float] = time.time
    ) -> None:
        """
        Args:
            clock: seconds; one that goes on while the computer sleeps, which Python's monotonic
                clock does not on every system.
        """
        super().__init__()
        self._clock = clock
        self._beat_timer = QTimer(self)
        self._beat_timer.timeout.connect(self._beat)
        self._take_up(settings.interval_s)
        self._recheck_timer = QTimer(self)
        self._recheck_timer.setInterval(int(self.RECHECK_S * 1000))
        self._recheck_timer.timeout.connect(self.recheck)
        self._enabled = settings.enabled

    def on_begin(self) -> None:
        self._recheck_timer.start()
        if self._enabled:
            self._beat_timer.start()

    def on(self, event: Event) -> None:
        match event:
            case UseKeepalive():
                self._take_up(event.interval_s)
                if event.enabled:
                    self._beat_timer.start()
                else:
                    self._beat_timer.stop()

    def _take_up(self, interval_s: float) -> None:
        self._rhythm = KeepaliveRhythm(interval_s, self._clock())
        self._beat_timer.setInterval(int(self._rhythm.beat_s * 1000))

    def on_end(self) -> None:
        self._beat_timer.stop()
        self._recheck_timer.stop()

    @Slot()
    def _beat(self) -> None:
        reason = self._rhythm.beat(self._clock())
        if reason is None:
            return
        if reason == "wake":
            log.info("the computer slept; looking after the language model")
        self.warm_up.emit(WarmUp(reason=reason))
