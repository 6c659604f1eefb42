"""A reply on trial: begun while the question may still go on, kept or dropped when it is known."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, cast

from app.core.events import ClauseDrafted, DraftEnded, DraftReply, DraftStarted, Event
from app.core.sentences import ClauseSplitter
from app.errors import ProviderBroke
from app.workers.relay import Model

log = logging.getLogger(__name__)


class Draft:
    """Reads one model's reply and holds it. Lives in the language models' loop.

    Emits `DraftStarted`, `ClauseDrafted` once its first clause is there, and one `DraftEnded`.
    """

    def __init__(
        self,
        command: DraftReply,
        model: Model,
        emit: Callable[[Event], None],
        start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        """
        Args:
            start: runs a task of the loop that is waited for when the loop ends.
        """
        self.number = command.draft
        self.messages = command.messages
        self.model = model
        self._turn_id = command.turn_id
        self._emit = emit
        self._loop = asyncio.get_running_loop()
        self._began_at = self._loop.time()
        self._clause_at: float | None = None
        self._deltas: list[str] = []
        self._news = asyncio.Event()
        self._over = False
        self._error: Exception | None = None
        self._adopted = False
        self._told_end = False
        self._stream = cast(
            "AsyncGenerator[str, None]", model.provider.reply(command.messages, command.language)
        )
        model.replying += 1
        emit(
            DraftStarted(turn_id=command.turn_id, draft=command.draft, engine=model.provider.engine)
        )
        self._reading = start(self._read())
        # Not at the end of `_read`: a task that is cancelled at once never runs a line of it.
        self._reading.add_done_callback(self._ended)
        # Cancelled in another thread; the task must be in its own.
        self._forget = command.turn.token.on_cancel(self._cancel_soon)

    @property
    def usable(self) -> bool:
        """Whether it is still being read, or came to its end as it should."""
        return self._error is None and not self._reading.cancelling() and not self._adopted

    def drop(self) -> None:
        """Close the connection; what came is forgotten."""
        if self._reading.done():
            self._tell_dropped()
        else:
            self._reading.cancel()

    def adopt(self) -> AsyncGenerator[str, None]:
        """The draft is the reply: its stream from the beginning, as the provider would send it.

        Closing the stream closes the connection.
        """
        self._adopted = True
        self._forget()  # whoever reads the stream answers for it from here on
        now = self._loop.time()
        gained_s = min(self._clause_at or now, now) - self._began_at
        self._tell_end(kept=True, gained_ms=gained_s * 1000)
        return self._replay()

    async def _replay(self) -> AsyncGenerator[str, None]:
        told = 0
        try:
            while True:
                self._news.clear()
                while told < len(self._deltas):
                    told += 1
                    yield self._deltas[told - 1]
                if self._over:
                    break
                await self._news.wait()
            if self._error:
                raise self._error
        finally:
            self.drop()
            await asyncio.wait([self._reading])

    async def _read(self) -> None:
        splitter = ClauseSplitter()
        try:
            async for delta in self._stream:
                self._deltas.append(delta)
                self._news.set()
                if self._clause_at is None:
                    self._show(splitter.feed(delta))
            if self._clause_at is None:
                self._show(splitter.flush())
        except Exception as exc:  # a model may fail in any way; whoever adopts it is told
            self._error = exc
        finally:
            closing = self._loop.create_task(self._close())
            try:
                await asyncio.shield(closing)
            except asyncio.CancelledError:
                await closing  # cancelled again, by a quit: the connection is closed all the same
                raise

    async def _close(self) -> None:
        try:
            await self._stream.aclose()
        except Exception as exc:  # nobody waits for it any more
            log.info("%s failed while a draft was being closed: %r", self.model.name, exc)

    def _ended(self, reading: asyncio.Task[None]) -> None:
        """The stream is over, broke off (whoever adopts it is told), or was given up."""
        self.model.replying -= 1
        if reading.cancelled():
            self._error = ProviderBroke("The reply was given up.")
        self._over = True
        self._news.set()
        if self._error:
            self._tell_dropped()

    def _show(self, clauses: list[str]) -> None:
        if clauses:
            self._clause_at = self._loop.time()
            self._emit(ClauseDrafted(turn_id=self._turn_id, draft=self.number, text=clauses[0]))

    def _tell_dropped(self) -> None:
        if not self._adopted and not self._told_end:
            self._tell_end(kept=False, gained_ms=0.0)

    def _tell_end(self, *, kept: bool, gained_ms: float) -> None:
        self._told_end = True
        self._emit(
            DraftEnded(
                turn_id=self._turn_id,
                draft=self.number,
                kept=kept,
                gained_ms=gained_ms,
                tokens=len(self._deltas),
            )
        )

    def _cancel_soon(self) -> None:
        self._loop.call_soon_threadsafe(self.drop)
