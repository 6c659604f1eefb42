"""Starts and stops the worker threads, input first, output last."""

from __future__ import annotations

import logging
import time

from PySide6.QtCore import QObject, QThread

from app.workers.worker import Worker

log = logging.getLogger(__name__)

LONGEST_STOP_S = 4.0
"""A quit takes at most this long, whatever an engine is doing (DESKTOP: Threads)."""

LAST_CHANCE_MS = 300
"""What a thread gets when an earlier one has used up the time: enough to write a turn."""


class Threads(QObject):
    """Owns the QThreads. Used by the main thread alone."""

    def __init__(self) -> None:
        super().__init__()
        self._threads: list[tuple[Worker, QThread]] = []

    def add(self, worker: Worker) -> None:
        """Give the worker a thread of its own. The order of adding is the order of stopping."""
        thread = worker.make_thread()
        thread.setObjectName(worker.stage)
        worker.moveToThread(thread)
        thread.started.connect(worker.begin)
        self._threads.append((worker, thread))

    def start(self) -> None:
        for _, thread in self._threads:
            thread.start()

    def stop(self) -> bool:
        """End every worker and wait for it; True when all came back in time.

        A thread that is inside a library call cannot be interrupted and is never terminated:
        on False the caller must leave by `os._exit` once everything else is closed.
        """
        deadline = time.monotonic() + LONGEST_STOP_S
        all_stopped = True
        for worker, thread in self._threads:
            # One after the other: what a worker says last still reaches those after it.
            worker.request_end()
            left_ms = max(LAST_CHANCE_MS, int((deadline - time.monotonic()) * 1000))
            if not thread.wait(left_ms):
                log.warning("the %s thread did not stop in time", worker.stage)
                all_stopped = False
        return all_stopped
