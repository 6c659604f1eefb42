"""The downloads of an Ollama server's models, one after another, in the loop of its worker."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol, cast

from app.core.downloads import Download, size
from app.core.events import Event, FetchEnded, FetchProgressed
from app.core.ollama import ModelKeeper, same_model
from app.core.ports import Stage
from app.errors import ProviderBroke, ProviderRefused, downloads_are_off
from app.workers.worker import failure

log = logging.getLogger(__name__)

ROOM_BYTES = 500_000_000
"""Left free on the disk beside a download: a system whose disk is full stops working."""

PROGRESS_INTERVAL_S = 0.25
"""The server tells how far a download is up to 60 times a second; nobody reads that."""


@dataclass(frozen=True, slots=True)
class PullPace:
    """How long to wait for more, in seconds."""

    stall_s: float = 45.0
    """A download that brings nothing for this long is given up. The server itself asks again for
    a part that has brought nothing for some seconds."""
    check_s: float = 600.0
    """The same while the server reads through what came: 5 GB from a slow disk take minutes."""


class Report(Protocol):
    """Logs what failed, and tells the user."""

    def __call__(self, exc: BaseException, *, turn_id: int) -> None: ...


@dataclass(frozen=True, slots=True)
class _Wish:
    model: str
    keeper: ModelKeeper


class Pulls:
    """The queue. Used in one loop."""

    def __init__(
        self,
        *,
        emit: Callable[[Event], None],
        report: Report,
        start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        woken: Callable[[], None],
        free_bytes: Callable[[], int | None],
        pace: PullPace,
        local_only: bool,
    ) -> None:
        """
        Args:
            start: runs a task of the loop that is waited for when the loop ends.
            woken: a model may be there now.
            free_bytes: room on the disk where the server keeps its models; None when that is not
                known. May block.
        """
        self._emit = emit
        self._report = report
        self._start = start
        self._woken = woken
        self._free_bytes = free_bytes
        self._pace = pace
        self._local_only = local_only
        self._running: _Wish | None = None
        self._task: asyncio.Task[None] | None = None
        self._waiting: list[_Wish] = []

    @property
    def idle(self) -> bool:
        return self._running is None

    async def fetch(self, model: str, keeper: ModelKeeper) -> None:
        """Download this model after those that were wanted before it. Returns when the last of
        the queue is over, or at once when it has to wait its turn."""
        known = [*self._waiting, *([self._running] if self._running else [])]
        if any(same_model(model, each.model) for each in known):
            return
        if self._local_only:
            self._tell_failed(model, downloads_are_off())
            return
        wish = _Wish(model, keeper)
        if self._running is not None:
            self._waiting.append(wish)
            self._tell_progress(model, Download("Waiting for the download before it"), waiting=True)
            return
        while True:
            self._running = wish
            self._task = self._start(self._fetch_one(wish))
            await asyncio.wait([self._task])
            self._running = self._task = None
            self._woken()
            if not self._waiting:
                return
            wish = self._waiting.pop(0)

    def stop(self, model: str = "") -> None:
        """Stop the download of this model, or all; the server keeps what came."""
        for wish in [each for each in self._waiting if not model or same_model(each.model, model)]:
            self._waiting.remove(wish)
            self._tell_stopped(wish.model)
        running = self._running
        if running and self._task and (not model or same_model(running.model, model)):
            self._task.cancel()

    def keep_local(self, *, on: bool) -> None:
        """Nothing may be fetched from other computers, or may again."""
        self._local_only = on
        if on:
            self.stop()

    async def _fetch_one(self, wish: _Wish) -> None:
        try:
            await self._follow(wish)
        except asyncio.CancelledError:
            log.info("download of %s stopped", wish.model)
            self._tell_stopped(wish.model)
        except Exception as exc:  # the queue goes on whatever happens to one of it
            self._tell_failed(wish.model, exc)
        else:
            self._tell_ended(wish.model, complete=True)

    async def _follow(self, wish: _Wish) -> None:
        """Download, and tell how far it is a few times a second.

        Raises:
            ProviderError: it failed, brought nothing for too long, or there is no room for it.
        """
        told_at, came_at = 0.0, time.monotonic()
        last: Download | None = None
        room_looked_at = False
        steps = cast("AsyncGenerator[Download, None]", wish.keeper.pull(wish.model))
        async with aclosing(steps):
            while True:
                patience_s = self._patience_s(last)
                left_s = came_at + patience_s - time.monotonic()
                try:
                    async with asyncio.timeout(max(left_s, 0.0)):
                        step = await anext(steps)
                except StopAsyncIteration:
                    return
                except TimeoutError:
                    raise _stalled(wish.model, patience_s) from None
                now_s = time.monotonic()
                is_news = last is None or step.doing != last.doing
                if last is None or is_news or step.done_bytes != last.done_bytes:
                    came_at = now_s  # a server tells the same figure for as long as it waits
                if step.total_bytes and not room_looked_at:
                    room_looked_at = True
                    await self._check_room(wish, step.total_bytes - step.done_bytes)
                if is_news or now_s - told_at >= PROGRESS_INTERVAL_S:
                    told_at = now_s
                    self._tell_progress(wish.model, step)
                last = step

    def _patience_s(self, last: Download | None) -> float:
        is_checked = last is not None and last.total_bytes and not last.is_under_way
        return self._pace.check_s if is_checked else self._pace.stall_s

    async def _check_room(self, wish: _Wish, missing: int) -> None:
        """
        Raises:
            ProviderRefused: the disk has not room for so many bytes more.
        """
        if not wish.keeper.local:
            return  # the disk is another computer's
        free = await asyncio.to_thread(self._free_bytes)
        if free is not None and free < missing + ROOM_BYTES:
            raise ProviderRefused(
                f"There is not enough room on the disk for {wish.model}: {size(missing)} are "
                f"still to come, and {size(free)} are free.",
                f"Free {size(missing + ROOM_BYTES - free)} and try again.",
            )

    # --- what is told -------------------------------------------------------------------------

    def _tell_progress(self, model: str, step: Download, *, waiting: bool = False) -> None:
        self._emit(
            FetchProgressed(
                stage=Stage.LLM,
                line=step.line,
                done_bytes=step.done_bytes,
                total_bytes=step.total_bytes,
                bytes_per_s=step.bytes_per_s,
                engine="ollama",
                model=model,
                waiting=waiting,
            )
        )

    def _tell_stopped(self, model: str) -> None:
        if self._local_only:
            self._tell_failed(model, downloads_are_off())
        else:
            self._tell_ended(model, complete=False)

    def _tell_failed(self, model: str, exc: BaseException) -> None:
        self._report(exc, turn_id=0)
        told = failure("ollama", exc, turn_id=0)
        self._tell_ended(model, complete=False, title=told.title, hint=told.hint)

    def _tell_ended(self, model: str, *, complete: bool, title: str = "", hint: str = "") -> None:
        self._emit(
            FetchEnded(
                stage=Stage.LLM,
                complete=complete,
                engine="ollama",
                model=model,
                title=title,
                hint=hint,
            )
        )


def _stalled(model: str, seconds: float) -> ProviderBroke:
    return ProviderBroke(
        f"The download of {model} stopped: nothing came for {seconds:.0f} s.",
        "Check the network and try again: it goes on where it stopped.",
    )
