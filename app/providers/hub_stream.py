"""Waiting for another computer in a way that can be left at any moment.

A read that is blocked in a socket cannot be ended from outside, so it happens in a thread of its
own, which whoever waits leaves behind: it ends by itself when its socket times out, touches no
file, and holds what little had come.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")

TICK_S = 0.25
"""Between two looks whether whoever waits still wants to."""
PIECE_BYTES = 1 << 16
"""Read at a time: little enough for a slow connection to bring several in a second."""
PIECES_AHEAD = 32
"""Read and not yet written: 2 MB."""


class Stalled(Exception):
    """Nothing came for too long.

    Attributes:
        seconds: for how long.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"nothing came for {seconds:.0f} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Head:
    """What an answer begins with."""

    status: int
    begins_at: int = 0
    """The first byte that is sent (Content-Range)."""


_END = object()


class Stream:
    """One file that is being fetched. Used by one thread; a context manager that leaves."""

    def __init__(self, url: str, headers: dict[str, str], stall_s: float) -> None:
        self._url = url
        self._headers = headers
        self._stall_s = stall_s
        self._news: queue.Queue[object] = queue.Queue(PIECES_AHEAD)
        self._left = threading.Event()
        threading.Thread(target=self._read, name="download", daemon=True).start()

    def head(self, tick: Callable[[], None]) -> Head:
        """
        Args:
            tick: called a few times a second while nothing comes; what it raises ends the wait.

        Raises:
            Stalled: nothing came for `stall_s`.
            Exception: what the HTTP client raised.
        """
        head = self._next(tick)
        assert isinstance(head, Head)
        return head

    def pieces(self, tick: Callable[[], None]) -> Iterator[bytes]:
        """The contents as they come. Raises as `head` does."""
        while (piece := self._next(tick)) is not _END:
            assert isinstance(piece, bytes)
            yield piece

    def _next(self, tick: Callable[[], None]) -> object:
        news = _wait(self._news, tick, self._stall_s)
        if isinstance(news, Exception):
            raise news
        return news

    def _read(self) -> None:
        """The thread of its own."""
        try:
            for news in self._answer():
                if not self._put(news):
                    return
        except Exception as exc:  # noqa: BLE001 - raised again in the thread that waits
            self._put(exc)
        else:
            self._put(_END)

    def _put(self, news: object) -> bool:
        """Hand over; False when nobody waits any more."""
        while not self._left.is_set():
            try:
                self._news.put(news, timeout=TICK_S)
            except queue.Full:
                continue
            return True
        return False

    def _answer(self) -> Iterator[object]:
        from huggingface_hub.utils import get_session, hf_raise_for_status

        with get_session().get(
            self._url,
            headers=self._headers,
            stream=True,
            timeout=(self._stall_s, 2 * self._stall_s),  # whoever waits gives up first
        ) as answer:
            if answer.status_code == 416 and "Range" in self._headers:
                yield Head(answer.status_code)
                return
            hf_raise_for_status(answer)
            yield Head(answer.status_code, _first_byte(answer.headers.get("Content-Range", "")))
            yield from answer.iter_content(PIECE_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._left.set()


def aside(work: Callable[[], T], tick: Callable[[], None]) -> T:
    """Do `work` in a thread of its own, and wait for it; its result, or what it raised.

    Args:
        tick: called a few times a second; what it raises ends the wait, and `work` is left behind.
    """
    news: queue.Queue[Any] = queue.Queue(1)

    def run() -> None:
        try:
            news.put((work(), None))
        except Exception as exc:  # noqa: BLE001 - raised again in the thread that waits
            news.put((None, exc))

    threading.Thread(target=run, name="download", daemon=True).start()
    result, failure = _wait(news, tick, None)
    if failure is not None:
        raise failure
    done: T = result
    return done


def _wait(news: queue.Queue[Any], tick: Callable[[], None], stall_s: float | None) -> Any:
    waited_since = monotonic()
    while True:
        try:
            return news.get(timeout=TICK_S)
        except queue.Empty:
            tick()
        if stall_s is not None and monotonic() - waited_since >= stall_s:
            raise Stalled(monotonic() - waited_since)


def _first_byte(content_range: str) -> int:
    """ "bytes 5-9/10" begins at 5; 0 for what cannot be read."""
    number = content_range.removeprefix("bytes ").partition("-")[0]
    return int(number) if number.isdigit() else 0
