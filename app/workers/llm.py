"""The language-model thread: one asyncio loop, in which replies stream and models warm up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QThread

from app.core.events import (
    EngineMissing,
    EngineReady,
    Event,
    GenerateReply,
    ModelWarmed,
    ReplyDelta,
    ReplyEnded,
    SentenceReady,
    StageStarted,
    WarmUp,
)
from app.core.ports import LlmProvider, Message
from app.core.sentences import ClauseSplitter
from app.errors import AssistantError, ProviderBroke, ProviderUnavailable
from app.workers.worker import Worker

log = logging.getLogger(__name__)

Certain = Callable[[str, str, Sequence[Message]], bool]
"""Whether the skills know the answer to a question for certain: its text, its language, and the
conversation before it."""


class LoopThread(QThread):
    """A thread that runs an asyncio loop instead of Qt's, so that a warm-up and a reply can be
    in flight together and a cancelled task closes its connection at once (SPEC 4.7).
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop

    def run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()


class LlmWorker(Worker):
    """Owns the language models.

    `handle` and `request_end` are called in whichever thread emits (direct connection): they only
    hand over to the loop. The skills are the stand-in; they also answer first what they know for
    certain, since a model cannot look at the clock.
    """

    stage = "llm"

    def __init__(
        self,
        chosen: LlmProvider,
        stand_in: LlmProvider,
        *,
        certain: Certain | None,
    ) -> None:
        """
        Args:
            chosen: asked first.
            stand_in: always answers.
            certain: when it says so, the stand-in answers even when the model could; None
                always asks the model first.
        """
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._chosen = chosen
        self._stand_in = stand_in
        self._certain = certain
        self._ready: bool | None = None  # None until the chosen model was first asked
        self._tasks: set[asyncio.Task[None]] = set()  # the loop itself keeps only weak ones
        self._warming = False
        self._replies = 0

    def make_thread(self) -> QThread:
        return LoopThread(self._loop)

    # --- the border: any thread --------------------------------------------------------------

    def on_begin(self) -> None:
        self.happened.emit(EngineReady(engine=self._stand_in.engine))
        self._hand_over(self._warm_up_stand_in())
        self._hand_over(self._warm_up(WarmUp(reason="start")))

    def on(self, event: Event) -> None:
        match event:
            case GenerateReply():
                self._hand_over(self._reply(event))
            case WarmUp():
                self._hand_over(self._warm_up(event))

    def request_end(self) -> None:
        self._hand_over(self._close())

    def _hand_over(self, work: Coroutine[Any, Any, None]) -> None:
        self._loop.call_soon_threadsafe(self._start, work)

    # --- the loop's thread -------------------------------------------------------------------

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (exc := task.exception()):
            self.report(exc, turn_id=0)

    async def _reply(self, request: GenerateReply) -> None:
        task = asyncio.current_task()
        assert task is not None
        # The token is cancelled in another thread; the task must be in its own.
        forget = request.turn.token.on_cancel(partial(self._cancel_soon, task))
        self._replies += 1
        reply = _Reply(request, self.happened.emit)
        try:
            await self._answer(request, reply)
        except Exception as exc:  # whatever happens, the turn gets its end
            self.report(exc, turn_id=request.turn_id)
            reply.end(complete=False)
        except asyncio.CancelledError:
            log.debug("reply of turn %d cancelled: %s", request.turn_id, request.turn.token.reason)
        finally:
            self._replies -= 1
            forget()

    def _cancel_soon(self, task: asyncio.Task[None]) -> None:
        self._loop.call_soon_threadsafe(task.cancel)

    async def _answer(self, request: GenerateReply, reply: _Reply) -> None:
        *earlier, question = request.messages
        certain = self._certain and self._certain(question.text, request.language, earlier)
        providers = [self._stand_in]
        if self._ready is not False and not certain:
            providers.insert(0, self._chosen)
        for provider in providers:
            try:
                await reply.stream(provider)
                return
            except Exception as exc:  # a model may fail in any way; the user gets an answer
                if isinstance(exc, ProviderUnavailable):
                    self._set_ready(False, exc)
                is_last = provider is self._stand_in or bool(reply.text.strip())
                recovered_by = "" if is_last else self._stand_in.engine.name
                self.report(exc, turn_id=request.turn_id, recovered_by=recovered_by)
                if is_last:
                    reply.end(complete=False)
                    return

    async def _warm_up_stand_in(self) -> None:
        await self._stand_in.ensure_warm()

    async def _warm_up(self, command: WarmUp) -> None:
        """Ask whether the model is there and loaded, and load it when it is not.

        One at a time, and never beside a reply: the server would queue it in front of, or
        behind, what the user waits for.
        """
        if self._warming or self._replies:
            return
        self._warming = True
        try:
            warmth = await self._chosen.ensure_warm()
        except AssistantError as exc:
            log.info("warm-up (%s): %s", command.reason, exc)
            self._set_ready(False, exc)
            return
        finally:
            self._warming = False
        self._set_ready(True, None)
        self.happened.emit(
            ModelWarmed(was_warm=warmth.was_warm, load_ms=warmth.load_ms, reason=command.reason)
        )

    def _set_ready(self, ready: bool, exc: AssistantError | None) -> None:
        """Tell the user when the chosen model comes or goes; the same news once."""
        if ready == self._ready:
            return
        self._ready = ready
        if exc is None:
            self.happened.emit(EngineReady(engine=self._chosen.engine))
        else:
            self.happened.emit(
                EngineMissing(engine=self._chosen.engine, title=exc.title, hint=exc.hint)
            )

    async def _close(self) -> None:
        current = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not current]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await self._chosen.close()
            await self._stand_in.close()
        finally:
            self._loop.stop()


class _Reply:
    """One reply as it streams: deltas out at once, clauses as soon as they can be spoken."""

    def __init__(self, request: GenerateReply, emit: Callable[[Event], None]) -> None:
        self._request = request
        self._emit = emit
        self._splitter = ClauseSplitter()
        self._clauses = 0
        self.text = ""

    async def stream(self, provider: LlmProvider) -> None:
        turn_id = self._request.turn_id
        self._emit(
            StageStarted(turn_id=turn_id, stage=provider.engine.stage, engine=provider.engine)
        )
        async for delta in provider.reply(self._request.messages, self._request.language):
            if not delta:
                continue
            self.text += delta
            self._emit(ReplyDelta(turn_id=turn_id, text=delta))
            self._say(self._splitter.feed(delta))
        if not self.text.strip():
            raise ProviderBroke(f"{provider.engine.name} gave an empty reply.", "Ask again.")
        self.end(complete=True)

    def end(self, *, complete: bool) -> None:
        self._say(self._splitter.flush())
        self._emit(
            ReplyEnded(
                turn_id=self._request.turn_id,
                text=self.text,
                clauses=self._clauses,
                complete=complete,
            )
        )

    def _say(self, clauses: list[str]) -> None:
        for clause in clauses:
            self._emit(
                SentenceReady(turn_id=self._request.turn_id, index=self._clauses, text=clause)
            )
            self._clauses += 1
