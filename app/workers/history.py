"""The history thread: writes turns to disk, and adds up how fast they were, off every turn's
path."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from PySide6.QtCore import QTimer, Slot

from app.core.events import Event, FiguresChanged, LookUpFigures, Notice, SaveTurn, TurnSaved
from app.core.figures import HOUR_S, SPAN, RollingFigures, SessionWaits, Wait
from app.core.ports import HistoryStore, TurnRecord
from app.errors import HistoryError
from app.workers.worker import Worker

log = logging.getLogger(__name__)

RETRY_MS = 5_000
"""A file that was locked, or a full disk, is tried again after this time."""


class HistoryWorker(Worker):
    """Owns the history file. A turn that cannot be written yet waits here, and is tried again:
    a locked file will be free, a damaged one has been set aside and a new one begun.

    The figures (`FiguresChanged`) are told after each spoken turn, when they are asked for, and
    when the last hour has moved on. Without a history they are those of this run.
    """

    stage = "history"

    def __init__(
        self, store: HistoryStore | None, *, clock: Callable[[], float] = time.time
    ) -> None:
        """
        Args:
            store: None keeps nothing: the user wants no history.
            clock: Unix time in seconds.
        """
        super().__init__()
        self._clock = clock
        self._waits = SessionWaits()
        self._store = store
        self._unsaved: dict[int, SaveTurn] = {}
        self._told = False
        self._retry = QTimer(self)
        self._retry.setInterval(RETRY_MS)
        self._retry.timeout.connect(self._on_retry)
        self._hour = QTimer(self)
        self._hour.setSingleShot(True)
        self._hour.timeout.connect(self._on_hour)

    def on_begin(self) -> None:
        if self._store:
            try:
                self._store.open()
            except HistoryError as exc:
                self._tell(exc)

    def on_end(self) -> None:
        self._hour.stop()
        if self._store:
            self._save_all(self._store)
            self._retry.stop()
            self._store.close()

    def on(self, event: Event) -> None:
        match event:
            case SaveTurn():
                if self._store:
                    self._unsaved[event.turn_id] = event
                    self._save_all(self._store)
                if event.record.outcome and SPAN in event.record.spans:
                    self._waits.add(_wait(event.record))
                    self._tell_figures()
            case LookUpFigures():
                self._tell_figures()

    # --- turns ----------------------------------------------------------------------------

    @Slot()
    def _on_retry(self) -> None:
        if self._store:
            self.guard(self._save_all, self._store)

    def _save_all(self, store: HistoryStore) -> None:
        for turn_id, command in list(self._unsaved.items()):
            try:
                row_id = store.save(command.record)
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

    # --- figures --------------------------------------------------------------------------

    @Slot()
    def _on_hour(self) -> None:
        self.guard(self._tell_figures)

    def _tell_figures(self) -> None:
        now = self._clock()
        figures = self._figures(now)
        self.happened.emit(FiguresChanged(figures=figures))
        if figures.last_hour.turns:
            # Once the oldest turn is no longer of the last hour, the figures are others.
            left_s = figures.last_hour.since + HOUR_S - now
            self._hour.start(round(1000 * max(1.0, left_s + 1.0)))

    def _figures(self, now: float) -> RollingFigures:
        """Those of the whole history, or of this run while the history cannot be read."""
        if self._store is None or self._unsaved:
            return self._waits.figures(now)
        try:
            return self._store.figures(now)
        except HistoryError as exc:
            log.info("the figures are those of this run: %s", exc)
            return self._waits.figures(now)


def _wait(record: TurnRecord) -> Wait:
    return Wait(record.started_at, record.spans[SPAN], record.slow_because)
