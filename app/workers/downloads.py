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
    throw_away: Callable[[bool], None] | None = None
    """Removes what came: the model when it is whole (True), else the part of it."""
    discard: bool = False
    """Once it is stopped, what came is thrown away."""
    token: CancelToken = field(default_factory=CancelToken)
    over: threading.Event = field(default_factory=threading.Event)
    """It writes no more."""

    @property
    def is_discarded(self) -> bool:
        return self.discard and self.token.cancelled


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
        self._left_behind: dict[ModelId, Job] = {}

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
            jobs = [*self._waiting, *self._left_behind.values()]
            jobs += [self._running] if self._running else []
            for job in jobs:
                if fits(job.wanted):
                    job.discard = job.discard or discard
                    job.token.cancel(reason)

    def writes(self, one: ModelId) -> bool:
        """Whether files of this model are being written."""
        with self._lock:
            is_running = self._running is not None and self._running.wanted == one
            return is_running or one in self._left_behind

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
            failure = self._settle(job, self._follow(job))
            self._ended(job, failure)  # whoever hears of it may ask for it again

    def _follow(self, job: Job) -> BaseException | None:
        """Fetch it, or leave it behind; why it is not here."""
        if job.token.cancelled:
            return Cancelled(job.token.reason)
        news = threading.Event()
        failures: list[BaseException] = []

        def fetch() -> None:
            try:
                self._wait_for_the_last(job)
                job.fetch(lambda line: self._tell(job, line))
            except BaseException as exc:  # carried to the runner
                failures.append(exc)
            with self._lock:
                was_left = self._left_behind.get(job.wanted) is job
                if not was_left:
                    job.over.set()
            news.set()
            if was_left:
                self._settle_left(job, is_whole=not failures)

        threading.Thread(target=fetch, name="download", daemon=True).start()
        forget = job.token.on_cancel(news.set)
        news.wait()
        forget()
        if not job.over.wait(WIND_DOWN_S):
            with self._lock:
                if not job.over.is_set():
                    self._left_behind[job.wanted] = job
                    return Cancelled(job.token.reason)
        return failures[0] if failures else None

    def _settle(self, job: Job, failure: BaseException | None) -> BaseException | None:
        """Once this returns nobody can stop it; why the model is not here."""
        with self._lock:
            is_written = job.wanted in self._left_behind
            if is_written or not job.is_discarded:
                self._running = None
                return failure
        self._throw_away(job, is_whole=failure is None)
        with self._lock:
            self._running = None
        return failure or Cancelled(job.token.reason)  # its last step did not listen

    def _settle_left(self, job: Job, *, is_whole: bool) -> None:
        """The end of one that was left behind, in its own thread."""
        if job.is_discarded:
            self._throw_away(job, is_whole=is_whole)
        with self._lock:
            del self._left_behind[job.wanted]
            job.over.set()
        self._settled()

    def _wait_for_the_last(self, job: Job) -> None:
        """Two threads never write the same files."""
        with self._lock:
            before = self._left_behind.get(job.wanted)
        while before is not None and not before.over.wait(0.1):
            job.token.raise_if_cancelled()

    def _tell(self, job: Job, line: str) -> None:
        job.token.raise_if_cancelled()
        self._progressed(job, line)

    @staticmethod
    def _throw_away(job: Job, *, is_whole: bool) -> None:
        if job.throw_away is not None:
            try:
                job.throw_away(is_whole)
            except Exception as exc:  # it can be thrown away another time
                log.warning("what came of %s was not thrown away: %s", job.wanted.model, exc)
