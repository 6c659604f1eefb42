"""The diagnosis thread: looks at files, disk and graphics card when the user wants to know."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.core.diagnosis_events import Check, ChecksEnded, RunChecks
from app.core.events import Event
from app.workers.worker import Worker


class DiagnosisWorker(Worker):
    """A thread of its own, since a disk may sleep and a driver may take seconds."""

    stage = "diagnosis"

    def __init__(self, look: Callable[[], Sequence[Check]]) -> None:
        """
        Args:
            look: checks everything; what goes wrong in it is a finding too.
        """
        super().__init__()
        self._look = look

    def on(self, event: Event) -> None:
        match event:
            case RunChecks():
                self.happened.emit(ChecksEnded(checks=tuple(self._look())))
