"""Downloads one after another, beside the thread that asked for them."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from app.core.catalogue import ModelId
from app.core.turn import Cancelled, CancelToken

log = logging.getLogger(__name__)

Progress = Callable[[str], None]

WIND_DOWN_S = 0.6
"""What a download that was stopped gets to come to its end; one that is inside a library by then
(converting, asking a name server) is left behind and ends by itself."""


@dataclass(slots=True, eq=False)
class Job:
    """One download that is wanted."""

    wanted: ModelId
    fetch: Callable[[Progress], None]
    """Blocks until the model is here; what its progress raises ends it."""
    then: Callable[[], None] = lambda: None
    """What to do with the model, in the thread that looks after engines."""
    throw_away: Callable[[], None] | None = None
    """Removes what came."""
    discard: bool = False
    """Once it is stopped, what came is thrown away."""
    token: CancelToken = field(default_factory=CancelToken)


class Downloads:
    """The queue. Any thread may call.

    A download runs in a thread that can be left behind, because a library that is busy listens to
    nobody; the next one of the same model waits until that has ended.
    """

    def __init__(
        self,
        *,
        progressed: Callable[[Job, str], None],
        queued: Callable[[Job], None],
        ended: Callable[[Job, BaseException | None], None],
        settled: Callable[[], None],
    ) -> None:
        """All are called in threads of the queue's own.

        Args:
            progressed: a line of the download that runs.
            queued: it has to wait for others.
            ended: it is over: None when the model is here, else why not.
            settled: one that was left behind has ended now.
        """
        self._progressed = progressed
        self._queued = queued
        self._ended = ended
        self._settled = settled
        self._lock = threading.Lock()
        self._waiting: deque[Job] = deque()
        self._running: Job | None = None
        self._runner: threading.Thread | None = None
        self._left_behind: dict[ModelId, threading.Event] = {}

    def add(self, job: Job) -> bool:
        """Fetch this after the others; False when that is under way already."""
        with self._lock:
            all_jobs = [*self._waiting, *([self._running] if self._running else [])]
            if any(each.wanted == job.wanted and not each.token.cancelled for each in all_jobs):
                return False
            self._waiting.append(job)
            has_to_wait = len(all_jobs) > 0
            if self._runner is None:
                self._runner = threading.Thread(target=self._run, name="downloads", daemon=True)
                self._runner.start()
        if has_to_wait:
            self._queued(job)
        return True

    def stop(self, fits: Callable[[ModelId], bool], reason: str, *, discard: bool = False) -> None:
        """End those that fit, running or waiting. Returns at once."""
        with self._lock:
            stopped = [job for job in self._waiting if fits(job.wanted)]
            if self._running is not None and fits(self._running.wanted):
                stopped.append(self._running)
        for job in stopped:
            job.discard = job.discard or discard
            job.token.cancel(reason)

    def close(self, reason: str) -> None:
        """End all, and wait a moment for it."""
        self.stop(lambda _: True, reason)
        runner = self._runner
        if runner is not None:
            runner.join(2 * WIND_DOWN_S)

    def _run(self) -> None:
        """The runner's thread: lives while there is something to fetch."""
        while True:
            with self._lock:
                self._running = self._waiting.popleft() if self._waiting else None
                if self._running is None:
                    self._runner = None
                    return
                job = self._running
            failure = self._follow(job)
            with self._lock:
                self._running = None  # so that whoever hears of its end may ask for it again
            self._ended(job, failure)

    def _follow(self, job: Job) -> BaseException | None:
        """Fetch it, or leave it behind; why it is not here."""
        if job.token.cancelled:
            self._throw_away(job)
            return Cancelled(job.token.reason)
        over, news = threading.Event(), threading.Event()
        failures: list[BaseException] = []

        def fetch() -> None:
            try:
                self._wait_for_the_last(job)
                job.fetch(lambda line: self._tell(job, line))
            except BaseException as exc:  # carried to the runner
                failures.append(exc)
                if job.token.cancelled:
                    self._throw_away(job)
            finally:
                with self._lock:
                    was_left = self._left_behind.get(job.wanted) is over
                    if was_left:
                        del self._left_behind[job.wanted]
                    over.set()
                news.set()
                if was_left:
                    self._settled()

        threading.Thread(target=fetch, name="download", daemon=True).start()
        forget = job.token.on_cancel(news.set)
        news.wait()
        forget()
        if not over.wait(WIND_DOWN_S):
            with self._lock:
                if not over.is_set():
                    self._left_behind[job.wanted] = over
                    return Cancelled(job.token.reason)
        return failures[0] if failures else None

    def _wait_for_the_last(self, job: Job) -> None:
        """Two threads never write the same files."""
        with self._lock:
            before = self._left_behind.get(job.wanted)
        while before is not None and not before.wait(0.1):
            job.token.raise_if_cancelled()

    def _tell(self, job: Job, line: str) -> None:
        job.token.raise_if_cancelled()
        self._progressed(job, line)

    @staticmethod
    def _throw_away(job: Job) -> None:
        if job.discard and job.throw_away is not None:
            try:
                job.throw_away()
            except Exception as exc:  # it can be thrown away another time
                log.warning("what came of %s was not thrown away: %s", job.wanted.model, exc)
