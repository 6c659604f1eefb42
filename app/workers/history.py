"""The history thread: writes turns to disk, off every turn's path."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Slot

from app.core.events import Event, Notice, SaveTurn, TurnSaved
from app.core.ports import HistoryStore
from app.errors import HistoryError
from app.workers.worker import Worker

RETRY_MS = 5_000
"""A file that was locked, or a full disk, is tried again after this time."""


class HistoryWorker(Worker):
    """Owns the history file. A turn that cannot be written yet waits here, and is tried again:
    a locked file will be free, a damaged one has been set aside and a new one begun.
    """

    stage = "history"

    def __init__(self, store: HistoryStore) -> None:
        super().__init__()
        self._store = store
        self._unsaved: dict[int, SaveTurn] = {}
        self._told = False
        self._retry = QTimer(self)
        self._retry.setInterval(RETRY_MS)
        self._retry.timeout.connect(self._on_retry)

    def on_begin(self) -> None:
        try:
            self._store.open()
        except HistoryError as exc:
            self._tell(exc)

    def on_end(self) -> None:
        self._save_all()
        self._retry.stop()
        self._store.close()

    def on(self, event: Event) -> None:
        match event:
            case SaveTurn():
                self._unsaved[event.turn_id] = event
                self._save_all()

    @Slot()
    def _on_retry(self) -> None:
        self.guard(self._save_all)

    def _save_all(self) -> None:
        for turn_id, command in list(self._unsaved.items()):
            try:
                row_id = self._store.save(command.record)
            except HistoryError as exc:
                self._tell(exc)
                self._retry.start()
                return
            except Exception as exc:  # one turn that cannot be written must not hold up the rest
                del self._unsaved[turn_id]
                self.report(exc, turn_id=0)
                continue
            del self._unsaved[turn_id]
            self.happened.emit(
                TurnSaved(turn_id=turn_id, row_id=row_id, complete=bool(command.record.outcome))
            )
        self._retry.stop()
        self._told = False

    def _tell(self, exc: HistoryError) -> None:
        """The same trouble once, not once per turn."""
        if not self._told:
            self._told = True
            self.happened.emit(Notice(title=exc.title, hint=exc.hint))
