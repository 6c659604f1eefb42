"""A turn (an utterance and its reply) and the one token that cancels all of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

log = logging.getLogger(__name__)


class Cancelled(Exception):
    """Raised inside a stage that noticed its turn was cancelled. Not an error."""


class CancelToken:
    """Shared cancellation of one turn.

    Thread-safe. Any thread may cancel, once; the callbacks run in the thread that cancels,
    so they only set flags or hand over (`call_soon_threadsafe`, a speaker's flush).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reason: str | None = None
        self._callbacks: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        return self._reason is not None

    @property
    def reason(self) -> str | None:
        """Why, in one word or two ("barge-in", "stop", "shutdown"); None while it is live."""
        return self._reason

    def cancel(self, reason: str) -> None:
        with self._lock:
            if self._reason is not None:
                return
            self._reason = reason
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            try:
                callback()
            except Exception:
                # A callback belongs to another stage, whose failure (its loop is closed) must
                # neither keep the next one from stopping nor hit the thread that cancels.
                log.exception("A stage could not be told that its turn is cancelled")

    def on_cancel(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` on cancellation, at once if that has happened.

        Returns a function that takes the callback back.
        """
        with self._lock:
            if self._reason is None:
                self._callbacks.append(callback)
                return lambda: self._forget(callback)
        callback()
        return lambda: None

    def raise_if_cancelled(self) -> None:
        if self._reason is not None:
            raise Cancelled(self._reason)

    def _forget(self, callback: Callable[[], None]) -> None:
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance and its reply, as handed to every stage."""

    id: int
    source: str
    """ "voice", "text", or "timer" when Parley speaks first."""
    token: CancelToken = field(default_factory=CancelToken, compare=False)

    def branch(self) -> Turn:
        """A part of the turn that can be given up alone, and is given up with the turn."""
        token = CancelToken()
        self.token.on_cancel(lambda: token.cancel(self.token.reason or ""))
        return Turn(self.id, self.source, token)
