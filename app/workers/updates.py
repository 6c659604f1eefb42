"""The updates' thread: looks once a day whether there is a newer Parley, if the user wants it."""

from __future__ import annotations

import time
from typing import Protocol

from PySide6.QtCore import QTimer, Slot

from app.core.events import Event, LocalOnlyChanged
from app.core.turn import CancelToken
from app.core.update_events import UpdateFound, UseUpdates
from app.workers.worker import Worker

LONGEST_TIMER_S = 3600.0
"""Looked at again this often: a timer of a day would not go on while the computer sleeps."""

PAUSE_S = 60.0
"""After a look, whatever is said of the next one: nobody is asked without end."""


class _Release(Protocol):
    @property
    def version(self) -> str: ...
    @property
    def page(self) -> str: ...


class Check(Protocol):
    """What this thread needs to know when to look, and to look."""

    @property
    def due_in_s(self) -> float: ...
    def look(self, token: CancelToken) -> _Release | None: ...


class UpdatesWorker(Worker):
    """Sends nothing unless it is switched on, and nothing while words stay on this computer."""

    stage = "updates"

    def __init__(self, check: Check, *, enabled: bool, local_only: bool) -> None:
        super().__init__()
        self._check = check
        self._enabled = enabled
        self._local_only = local_only
        self._told = ""
        self._token = CancelToken()
        self._looked_at: float | None = None  # time.monotonic()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_due)

    def request_end(self) -> None:
        self._token.cancel("shutdown")
        super().request_end()

    def on_begin(self) -> None:
        self._plan()

    def on_end(self) -> None:
        self._timer.stop()

    def on(self, event: Event) -> None:
        match event:
            case UseUpdates():
                self._enabled = event.check
                self._plan()
            case LocalOnlyChanged():
                self._local_only = event.on
                self._plan()

    def _plan(self) -> None:
        if self._enabled and not self._local_only:
            wait_s = min(self._check.due_in_s, LONGEST_TIMER_S)
            self._timer.start(round(1000 * max(wait_s, self._pause_s)))
        else:
            self._timer.stop()

    @property
    def _pause_s(self) -> float:
        """Seconds that the next look must wait at least."""
        if self._looked_at is None:
            return 0.0
        return max(0.0, PAUSE_S - (time.monotonic() - self._looked_at))

    @Slot()
    def _on_due(self) -> None:
        self.guard(self._look)

    def _look(self) -> None:
        if self._check.due_in_s > 0:
            self._plan()
            return
        self._looked_at = time.monotonic()
        try:
            release = self._check.look(self._token)
        finally:
            self._plan()
        if release is not None and release.version != self._told:
            self._told = release.version
            self.happened.emit(UpdateFound(version=release.version, page=release.page))
