"""The language-model thread: one asyncio loop, in which replies stream and models warm up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

from app.core.events import (
    EngineMissing,
    EngineReady,
    Event,
    GenerateReply,
    LoadStarted,
    LocalOnlyChanged,
    ModelWarmed,
    UseKey,
    WarmUp,
)
from app.core.fallback import Entrant, Failure, Fallback
from app.core.ports import LlmProvider, Message, TakesKey
from app.errors import AssistantError
from app.workers.loop import LoopWorker
from app.workers.relay import PATIENCE_S, Model, Relay
from app.workers.worker import failure

log = logging.getLogger(__name__)

Certain = Callable[[str, str, Sequence[Message]], bool]
"""Whether the skills know the answer to a question for certain: its text, its language, and the
conversation before it."""

LOAD_NOTICED_S = 0.5
"""Whether a model is loaded is answered in milliseconds; a warm-up that takes longer loads it."""

KEEPALIVE = "keepalive"
"""Reason of a warm-up that nobody asked for."""

START = "start"
"""The reason of the first warm-up."""


class LlmWorker(LoopWorker):
    """Owns the language models. `app.core.fallback` says whom to ask, `app.workers.relay` gets
    the reply; here they are warmed up, and the user is told who would answer now.

    `handle` and `request_end` are called in whichever thread emits (direct connection): they only
    hand over to the loop. The skills are the stand-in; they also answer first what they know for
    certain, since a model cannot look at the clock.
    """

    stage = "llm"

    def __init__(
        self,
        models: Sequence[Model],
        stand_in: LlmProvider,
        *,
        certain: Certain | None,
        local_only: bool = False,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """
        Args:
            models: in the order in which they are asked.
            stand_in: always answers.
            certain: when it says so, the stand-in answers even when a model could; None always
                asks the models first.
            local_only: ask no model outside this computer.
            patience_s: how long the models together may take for a first word.
        """
        super().__init__()
        self._models = {model.name: model for model in models}
        self._stand_in = Model(stand_in, "Skills", deadline_s=patience_s, warm=True)
        self._certain = certain
        self._patience_s = patience_s
        self._fallback = Fallback(
            [
                Entrant(model.name, model.title, model.provider.engine.local, model.set_up)
                for model in models
            ],
            local_only=local_only,
        )
        self._keys: dict[str, str | None] = {}  # as handed over last
        self._relays: set[Relay] = set()
        self._warming: set[str] = set()
        self._ending = False
        self._told_serving = stand_in.engine
        self._told_missing: tuple[str, str] | None = None

    # --- the border: any thread --------------------------------------------------------------

    def on_begin(self) -> None:
        self.happened.emit(EngineReady(engine=self._stand_in.provider.engine))
        self._hand_over(self._warm_up_stand_in())
        self._hand_over(self._warm_up(WarmUp(reason=START)))

    def on(self, event: Event) -> None:
        match event:
            case GenerateReply():
                self._hand_over(self._reply(event))
            case WarmUp():
                self._hand_over(self._warm_up(event))
            case UseKey():
                self._hand_over(self._use_key(event))
            case LocalOnlyChanged():
                self._hand_over(self._keep_local(event))

    def request_end(self) -> None:
        self._ending = True
        super().request_end()

    # --- replies: the loop's thread ----------------------------------------------------------

    async def _reply(self, request: GenerateReply) -> None:
        task = asyncio.current_task()
        assert task is not None
        # The token is cancelled in another thread; the task must be in its own.
        forget = request.turn.token.on_cancel(partial(self._cancel_soon, task))
        *earlier, question = request.messages
        try:
            certain = self._certain and self._certain(question.text, request.language, earlier)
        except Exception as exc:  # the skills may fail in any way; a model can answer
            self.report(exc, turn_id=request.turn_id, recovered_by="the model")
            certain = False
        plan = self._fallback.plan(self._loop.time())
        first_choice = None if certain else plan.first_choice
        models = [self._models[name] for name in plan.candidates]
        relay = Relay(
            request,
            [self._stand_in, *models] if certain else [*models, self._stand_in],
            self._fallback,
            plan,
            first_choice=first_choice,
            emit=self.happened.emit,
            report=self.report,
            patience_s=self._patience_s,
        )
        self._relays.add(relay)
        try:
            await relay.run()
        except asyncio.CancelledError:
            log.debug("reply of turn %d cancelled: %s", request.turn_id, request.turn.token.reason)
        except Exception as exc:  # whatever happens, the turn gets its end
            self.report(exc, turn_id=request.turn_id)
            relay.break_off()
        finally:
            self._relays.discard(relay)
            forget()
        self._announce()
        if first_choice not in (None, relay.finished_by) and not self._ending:
            # Is the first choice there again, or was its load given up with its request?
            self._hand_over(self._warm_up(WarmUp(reason="after the reply")))

    def _cancel_soon(self, task: asyncio.Task[None]) -> None:
        self._loop.call_soon_threadsafe(task.cancel)

    # --- warmth ------------------------------------------------------------------------------

    async def _warm_up_stand_in(self) -> None:
        await self._stand_in.provider.ensure_warm()

    async def _warm_up(self, command: WarmUp) -> None:
        """Have whoever would answer the next question ready.

        At the start also the services that may have to go on: making a client imports a library,
        and that is not for the moment in which it is needed. It takes no memory of the model's.
        """
        models = [self._models[name] for name in self._fallback.permitted()]
        if command.reason == START:
            services = [model for model in models[1:] if isinstance(model.provider, TakesKey)]
            await asyncio.gather(
                self._warm_one_of(models, command.reason),
                *(self._warm(model, command.reason) for model in services),
            )
        else:
            await self._warm_one_of(models, command.reason)
        self._announce()

    async def _warm_one_of(self, models: Sequence[Model], reason: str) -> None:
        """The first that can answer; a second one in memory would take the first one's place."""
        for model in models:
            if await self._warm(model, reason):
                return

    async def _warm(self, model: Model, reason: str) -> bool:
        """Ask whether the model is loaded, and load it when it is not; whether it can answer.

        Once at a time, and not beside a reply of the same model: who replies is warm. A question
        that comes meanwhile waits for none of this.
        """
        if model.replying or model.name in self._warming:
            return True  # somebody sees to it; the next one would only take its memory
        if model.name not in self._fallback.permitted():
            return False  # since this list was made, local-only was turned on
        if reason == KEEPALIVE and not model.stays:
            return True  # its user wants it to go after a while: no look may load it again
        self._warming.add(model.name)
        notice = self._loop.call_later(LOAD_NOTICED_S, self._tell_loading, model)
        try:
            warmth = await model.provider.ensure_warm()
        except Exception as exc:  # an engine may fail in any way; the others are warmed up still
            self._could_not_warm(model, exc, reason)
            return False
        finally:
            notice.cancel()
            self._warming.discard(model.name)
        model.warm = True
        if warmth.load_ms:
            model.load_s = warmth.load_ms / 1000
            log.info("cold start (%s): %s, %.0f ms", reason, model.name, warmth.load_ms)
        self._fallback.warmed(model.name, loaded=not warmth.was_warm)
        self._announce()
        self.happened.emit(
            ModelWarmed(
                was_warm=warmth.was_warm,
                load_ms=warmth.load_ms,
                reason=reason,
                engine=model.provider.engine,
            )
        )
        return True

    def _could_not_warm(self, model: Model, exc: Exception, reason: str) -> None:
        if isinstance(exc, AssistantError):
            log.info("warm-up (%s): %s", reason, exc)
        else:
            self.report(exc, turn_id=0)
        told = failure(self.stage, exc, turn_id=0)
        model.warm, model.hint = False, told.hint
        now = self._loop.time()
        self._fallback.failed(model.name, told.title, now, kind=Failure.WARM_UP)
        self._announce()

    def _tell_loading(self, model: Model) -> None:
        if model.provider.engine.local:
            model.warm = False
            self.happened.emit(LoadStarted(engine=model.provider.engine))

    # --- keys, and what may leave this computer ----------------------------------------------

    async def _use_key(self, command: UseKey) -> None:
        """Answer with this key from the next question on, or without this model."""
        model = self._models.get(command.name)
        if model is None or not isinstance(model.provider, TakesKey):
            return
        key = command.key.reveal() if command.key else None
        if self._keys.get(command.name, "") == key:
            return  # the same again must not end a rest that the service asked for
        self._keys[command.name] = key
        model.provider.use_key(key)
        set_up = command.key is not None or model.provider.engine.local
        self._fallback.set_up(model.name, set_up)
        if model.name in self._fallback.permitted():
            await self._warm(model, "key")
        self._announce()

    async def _keep_local(self, command: LocalOnlyChanged) -> None:
        """Drop every connection to other computers, those in the middle of a reply too."""
        self._fallback.local_only = command.on
        self._announce()
        if not command.on:
            await self._warm_up(WarmUp(reason=START))
            return
        for relay in self._relays:
            relay.keep_local()
        for model in self._models.values():
            if not model.provider.engine.local:
                await model.provider.close()

    # --- who would answer --------------------------------------------------------------------

    def _announce(self) -> None:
        """Tell who answers from the next question on, and why not the first choice; once."""
        now = self._loop.time()
        trusted = [
            self._models[name]
            for name in self._fallback.permitted()
            if self._fallback.trusted(name, now)
        ]
        if trusted and trusted[0].warm is None:
            return  # nobody has looked yet; the news will come
        self._tell_missing(now)
        serving = (trusted[0] if trusted else self._stand_in).provider.engine
        if serving != self._told_serving:
            self._told_serving = serving
            self.happened.emit(EngineReady(engine=serving))

    def _tell_missing(self, now: float) -> None:
        plan = self._fallback.plan(now)
        first = plan.first_choice or next(iter(self._models), None)
        if first is None or (
            first in self._fallback.permitted() and self._fallback.trusted(first, now)
        ):
            self._told_missing = None
            return
        model = self._models[first]
        why = self._fallback.why(first) or plan.why_not(first)
        if (first, why) != self._told_missing:
            self._told_missing = (first, why)
            engine = model.provider.engine
            self.happened.emit(EngineMissing(engine=engine, title=why, hint=model.hint))

    async def on_loop_end(self) -> None:
        for model in (*self._models.values(), self._stand_in):
            await model.provider.close()
