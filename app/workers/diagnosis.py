"""The diagnosis thread: looks at files, disk and graphics card when the user wants to know."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.core.diagnosis_events import Check, ChecksEnded, RunChecks
from app.core.events import Event
from app.core.turn import CancelToken
from app.workers.worker import Worker


class DiagnosisWorker(Worker):
    """A thread of its own, since a disk may sleep and a driver may take seconds."""

    stage = "diagnosis"

    def __init__(self, parts: Callable[[], Sequence[Callable[[], Sequence[Check]]]]) -> None:
        """
        Args:
            parts: what checks each part; what goes wrong in it is a finding too.
        """
        super().__init__()
        self._parts = parts
        self._token = CancelToken()

    def request_end(self) -> None:
        """Ends after the part that is being looked at; nobody waits for the others then."""
        self._token.cancel("shutdown")
        super().request_end()

    def on(self, event: Event) -> None:
        match event:
            case RunChecks():
                self._look()

    def _look(self) -> None:
        found: list[Check] = []
        for look_at in self._parts():
            self._token.raise_if_cancelled()
            found += look_at()
        self.happened.emit(ChecksEnded(checks=tuple(found)))
