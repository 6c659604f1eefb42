"""The language-model thread: one asyncio loop, in which replies stream and models warm up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

from app.core.events import (
    FETCHED,
    DraftReply,
    EngineMissing,
    EngineReady,
    Event,
    GenerateReply,
    LoadEnded,
    LoadStarted,
    LocalOnlyChanged,
    ModelDisplaced,
    ModelWarmed,
    Notice,
    OrderChanged,
    PrefillPrompt,
    Standing,
    StandingChanged,
    UseKey,
    UseModels,
    WarmUp,
)
from app.core.fallback import Breaker, Entrant, Failure, Fallback, Skip
from app.core.model_events import UseProvider
from app.core.ports import (
    Engine,
    Fetchable,
    FindsPlace,
    LimitsReplies,
    LlmProvider,
    MayBeAbsent,
    Message,
    SharesMemory,
    TakesKey,
    Unloads,
    Warmth,
)
from app.errors import AssistantError, ProviderUnavailable
from app.workers.head_start import HeadStart
from app.workers.loop import LoopWorker
from app.workers.relay import PATIENCE_S, Model, Relay
from app.workers.worker import failure

log = logging.getLogger(__name__)

Certain = Callable[[str, str, Sequence[Message]], bool]
"""Whether the skills know the answer to a question for certain: its text, its language, and the
conversation before it."""

KeepLoad = Callable[[Engine, float], None]
"""Keeps how many seconds a model took to load for the next run. May block."""

LOAD_NOTICED_S = 0.5
"""Whether a model is loaded is answered in milliseconds; a warm-up that takes longer loads it."""

KEEPALIVE = "keepalive"
"""Reason of a warm-up that nobody asked for."""

START = "start"
"""The reason of the first warm-up."""

AFTER_REPLY = "after the reply"
"""The reason of a warm-up when another than the first choice had to answer."""

FOR_QUESTIONS = frozenset({START, AFTER_REPLY, "key"})
"""Reasons of warm-ups that somebody waits for, or soon will. No other may take memory that another
program uses."""

UNLOAD_S = 1.0
"""How long a model may take to leave its server's memory; a healthy server says yes in a few ms
and drops it afterwards."""

FIND_PLACE_S = 3.0
"""How long a question waits to learn where a model answers. It is known since the first warm-up, or
else told in a few ms, once the client's library is imported (0.5 s, more on a busy computer). A
model that has to do without refuses a question that would leave."""


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
        order: Sequence[str] | None = None,
        skills_first: bool = True,
        local_only: bool = False,
        patience_s: float = PATIENCE_S,
        ahead_everywhere: bool = False,
        keep_load: KeepLoad | None = None,
        unloads: bool = False,
    ) -> None:
        """
        Args:
            models: every one that may ever be asked.
            order: names of those to ask, first choice first; None asks all, as they come.
            skills_first: whether `certain` is asked at all.
            stand_in: always answers.
            certain: when it says so, the stand-in answers even when a model could; None always
                asks the models first.
            local_only: ask no model outside this computer.
            patience_s: how long the models together may take for a first word.
            ahead_everywhere: send questions that are still being spoken to services outside this
                computer too, which may cost money.
            keep_load: told of each cold start, in a thread of its own; None forgets them.
            unloads: take a model that was loaded for Parley out of its server's memory when it
                is switched off, and at the end.
        """
        super().__init__()
        self._models = {model.name: model for model in models}
        self._replaced: list[Model] = []  # each may be in the middle of a reply still
        self._stand_in = Model(stand_in, "Skills", deadline_s=patience_s, warm=True)
        self._certain = certain
        self._patience_s = patience_s
        self._fallback = Fallback(
            [
                Entrant(model.name, model.title, model.provider.engine.local, model.set_up)
                for model in models
            ],
            order=order,
            local_only=local_only,
        )
        self._skills_first = skills_first
        self._keys: dict[str, str | None] = {}  # as handed over last
        self._relays: set[Relay] = set()
        self._warming: set[str] = set()
        self._looking: dict[str, asyncio.Task[Warmth]] = {}  # for each that is being warmed up
        self._told_loading: dict[str, Engine] = {}  # whose end is to be told
        self._told_cold: dict[str, str] = {}  # why a model was left cold, as told last
        self._keep_load = keep_load
        self._unloads = unloads
        self._head_start = HeadStart(
            self._next_to_answer,
            self._is_certain,
            emit=self.happened.emit,
            start=self._start,
            everywhere=ahead_everywhere,
        )
        self._ending = False
        self._told_serving = stand_in.engine
        self._told_missing: tuple[str, str] | None = None
        self._absent: set[str] = set()  # names of models whose files are not here
        self._told_standing: dict[str, tuple[Standing, str]] = {}

    # --- the border: any thread --------------------------------------------------------------

    def on_begin(self) -> None:
        self.happened.emit(EngineReady(engine=self._stand_in.provider.engine))
        self._hand_over(self._warm_up_stand_in())
        self._hand_over(self._warm_up(WarmUp(reason=START)))
        self._hand_over(self._look_for_files())

    def on(self, event: Event) -> None:
        match event:
            case GenerateReply():
                self._hand_over(self._reply(event))
            case PrefillPrompt():
                self._hand_over(self._head_start.prefill(event))
            case DraftReply():
                self._hand_over(self._head_start.draft(event))
            case WarmUp():
                self._hand_over(self._warm_up(event))
            case UseKey():
                self._hand_over(self._use_key(event))
            case UseModels():
                self._hand_over(self._use_models(event))
            case UseProvider():
                self._hand_over(self._use_provider(event))
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
        self._head_start.stop_prefill()
        try:
            await self._answer(request)
        finally:
            forget()

    async def _answer(self, request: GenerateReply) -> None:
        certain = self._is_certain(request)
        if not certain:
            await self._find_place()
        plan = self._fallback.plan(self._loop.time())
        first_choice = None if certain else plan.first_choice
        models = [self._models[name] for name in plan.candidates]
        draft = self._head_start.take(request, None if certain or not models else models[0])
        relay = Relay(
            request,
            [self._stand_in, *models] if certain else [*models, self._stand_in],
            self._fallback,
            plan,
            first_choice=first_choice,
            emit=self.happened.emit,
            report=self._report,
            patience_s=self._patience_s,
            drafted=draft.adopt() if draft else None,
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
            if draft:
                draft.drop()
        finished = self._models.get(relay.finished_by or "")
        if finished is not None and finished in models:  # not replaced meanwhile
            reply = Message("assistant", relay.text)
            self._head_start.was_read(finished.name, (*request.messages, reply))
        await self._let_go()
        self._announce()
        if first_choice not in (None, relay.finished_by) and not self._ending:
            # Is the first choice there again, or was its load given up with its request?
            self._hand_over(self._warm_up(WarmUp(reason=AFTER_REPLY)))

    def _report(self, exc: BaseException, *, turn_id: int, recovered_by: str = "") -> None:
        """Tell the user of a model that could not answer. One that is not there is an expected
        state and has one line in the log; whatever else went wrong has its traceback."""
        if not isinstance(exc, ProviderUnavailable):
            self.report(exc, turn_id=turn_id, recovered_by=recovered_by)
            return
        log.info("turn %d does without a model: %s", turn_id, exc)
        self.happened.emit(failure(self.stage, exc, turn_id=turn_id, recovered_by=recovered_by))

    def _cancel_soon(self, task: asyncio.Task[None]) -> None:
        self._loop.call_soon_threadsafe(task.cancel)

    def _next_to_answer(self) -> Model | None:
        """Who would most likely answer a question that came now."""
        now = self._loop.time()
        candidates = self._fallback.plan(now).candidates
        trusted = bool(candidates) and self._fallback.trusted(candidates[0], now)
        return self._models[candidates[0]] if trusted else None

    def _is_certain(self, request: GenerateReply | DraftReply) -> bool:
        """Whether the skills know the answer."""
        *earlier, question = request.messages
        try:
            if not self._skills_first or self._certain is None:
                return False
            return self._certain(question.text, request.language, earlier)
        except Exception as exc:  # the skills may fail in any way; a model can answer
            self.report(exc, turn_id=request.turn_id, recovered_by="the model")
            return False

    # --- warmth ------------------------------------------------------------------------------

    async def _warm_up_stand_in(self) -> None:
        await self._stand_in.provider.ensure_warm()

    async def _warm_up(self, command: WarmUp) -> None:
        """Have whoever would answer the next question ready.

        At the start also the services that may have to go on: making a client imports a library,
        and that is not for the moment in which it is needed. It takes no memory of the model's.
        """
        if command.reason == FETCHED:
            await self._look_for_files()
        models = [self._models[name] for name in self._fallback.permitted()]
        if command.reason == START:
            services = [model for model in models[1:] if isinstance(model.provider, TakesKey)]
            await asyncio.gather(
                self._warm_one_of(models, command.reason),
                *(self._warm(model, command.reason) for model in services),
            )
        else:
            await self._warm_one_of(models, command.reason)
        await self._let_go()
        self._announce()

    async def _warm_one_of(self, models: Sequence[Model], reason: str) -> None:
        """Those that are there, up to the first that will most likely answer; one more in memory
        would take its place."""
        for model in models:
            is_there = await self._warm(model, reason)
            if is_there and self._will_answer(model):
                return

    def _will_answer(self, model: Model) -> bool:
        """Most likely. A service that slipped takes no memory, so the one after it is kept warm
        beside it; a model here is given another chance first."""
        now = self._loop.time()
        well = self._fallback.breaker(model.name, now) == Breaker.CLOSED
        return well or (model.provider.engine.local and self._fallback.trusted(model.name, now))

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
        looking = self._looking[model.name] = self._loop.create_task(
            self._warmth(model.provider, reason)
        )
        try:
            warmth = await looking
        except asyncio.CancelledError:
            warming = asyncio.current_task()
            if warming is None or warming.cancelling():
                raise
            return False  # only the look: local-only was turned on meanwhile
        except Exception as exc:  # an engine may fail in any way; the others are warmed up still
            self._could_not_warm(model, exc, reason)
            return False
        finally:
            notice.cancel()
            self._tell_load_ended(model)
            self._warming.discard(model.name)
            del self._looking[model.name]
        self._found(model)
        if model.name not in self._fallback.permitted():
            return False  # it is no model of this computer after all
        if warmth.left_cold:
            self._leave_cold(model, warmth.left_cold)
            return True
        model.warm = True
        self._told_cold.pop(model.name, None)
        self._absent.discard(model.name)
        if not warmth.was_warm:
            self._head_start.forget(model.name)
        if warmth.load_ms:
            model.load_s = warmth.load_ms / 1000
            log.info("cold start (%s): %s, %.0f ms", reason, model.name, warmth.load_ms)
            if self._keep_load:
                self._start(self._keep(self._keep_load, model.provider.engine, model.load_s))
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

    @staticmethod
    async def _warmth(provider: LlmProvider, reason: str) -> Warmth:
        if reason not in FOR_QUESTIONS and isinstance(provider, SharesMemory):
            return await provider.look()
        return await provider.ensure_warm()

    @staticmethod
    async def _keep(keep_load: KeepLoad, engine: Engine, load_s: float) -> None:
        await asyncio.to_thread(keep_load, engine, load_s)

    def _leave_cold(self, model: Model, why: str) -> None:
        """Another program uses the memory the model needs. Said once, put right for a question."""
        model.warm = False
        self._head_start.forget(model.name)
        self._fallback.warmed(model.name, loaded=False)  # its server answers, all the same
        self._announce()
        if self._told_cold.get(model.name) != why:
            self._told_cold[model.name] = why
            log.info("left cold: %s", why)
            self.happened.emit(ModelDisplaced(engine=model.provider.engine, why=why))
            hint = "Your next question will load it first."
            self.happened.emit(Notice(title=why, hint=hint, level="info"))

    async def _find_place(self) -> None:
        """Before a question: where would the model answer that is asked first, when it was not
        warmed up yet? Those after it look by themselves before a word leaves them."""
        candidates = self._fallback.plan(self._loop.time()).candidates
        model = self._models[candidates[0]] if candidates else None
        if model is None or model.warm is not None or not isinstance(model.provider, FindsPlace):
            return
        try:
            async with asyncio.timeout(FIND_PLACE_S):
                await model.provider.find_place()
        except Exception as exc:  # an engine may fail in any way; the question will meet the same
            log.info("where %s answers: %s", model.name, exc)
        self._found(model)

    def _found(self, model: Model) -> None:
        """Take over what is known by now about where the model answers."""
        if isinstance(model.provider, FindsPlace):
            self._fallback.found(model.name, model.provider.elsewhere)

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
            self._told_loading[model.name] = model.provider.engine
            self.happened.emit(LoadStarted(engine=model.provider.engine))

    def _tell_load_ended(self, model: Model) -> None:
        """However it ended: a failure that is known already is told to nobody again."""
        engine = self._told_loading.pop(model.name, None)
        if engine is not None:
            self.happened.emit(LoadEnded(engine=engine))

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
        self._head_start.keep_local()
        for model in self._models.values():
            if not model.provider.engine.local:
                if model.name in self._looking:
                    self._looking[model.name].cancel()
                await model.provider.close()
        await self._warm_up(WarmUp(reason=START))  # somebody else answers now

    # --- the order, and how they are asked ---------------------------------------------------

    async def _use_models(self, command: UseModels) -> None:
        """Ask like this from the next question on. A reply that streams goes on as it began."""
        self._skills_first = command.skills_first
        self._patience_s = self._stand_in.deadline_s = command.patience_s
        for model in self._models.values():
            model.deadline_s = command.deadlines_s.get(model.name, model.deadline_s)
            if isinstance(model.provider, LimitsReplies):
                model.provider.limit_replies(command.reply_tokens)
        before = self._fallback.order
        self._fallback.reorder(command.order)
        if self._fallback.order == before:
            return
        log.info("the models are asked in this order: %s", ", ".join(self._fallback.order))
        self._head_start.stop_prefill()
        self._head_start.drop()
        self._told_missing = None  # there is another first choice to be missed
        self.happened.emit(OrderChanged(order=self._fallback.order))
        await self._let_go()
        await self._look_for_files()
        await self._warm_up(WarmUp(reason=START))

    async def _use_provider(self, command: UseProvider) -> None:
        """Ask another model of the same engine from the next question on. The old one is closed
        once its last reply is over."""
        name = command.provider.engine.name
        old = self._models.get(name)
        if old is None:
            await command.provider.close()
            return
        self._models[name] = Model(
            command.provider,
            old.title,
            deadline_s=old.deadline_s,
            set_up=old.set_up,
            load_s=command.load_s,
            stays=command.stays,
        )
        self._replaced.append(old)
        self._head_start.stop_prefill()
        self._head_start.drop()
        self._head_start.forget(name)
        # What failed, was missing or was told of the old one says nothing of this one.
        self._fallback.set_up(name, old.set_up)
        self._fallback.found(name, "")
        self._absent.discard(name)
        self._told_cold.pop(name, None)
        self._told_missing = None
        if name in self._looking:
            self._looking[name].cancel()
        while name in self._warming:
            await asyncio.sleep(0)
        log.info("%s answers with %s from now on", name, command.provider.engine.model)
        await self._let_go()
        await self._look_for_files()
        await self._warm_up(WarmUp(reason=START))

    async def _let_go(self) -> None:
        """Close what is not asked any more: one that runs inside Parley takes much memory."""
        for model in [each for each in self._replaced if not each.replying]:
            self._replaced.remove(model)
            await self._unload(model)
            await model.provider.close()
        for model in self._models.values():
            busy = model.replying or model.name in self._warming
            if model.name not in self._fallback.order and model.warm and not busy:
                model.warm = None
                self._head_start.forget(model.name)
                await self._unload(model)
                await model.provider.close()

    async def _unload(self, model: Model) -> None:
        """Have a server drop the model it loaded for Parley; never waits long, and never for a
        server that must not be asked any more."""
        provider = model.provider
        barred = self._fallback.local_only and not provider.engine.local
        if not self._unloads or barred or not isinstance(provider, Unloads):
            return
        try:
            async with asyncio.timeout(UNLOAD_S):
                await provider.unload()
        except (AssistantError, TimeoutError) as exc:  # nobody is the worse for it but memory
            log.info("%s was not unloaded: %s", model.name, exc or "it takes too long")

    async def _look_for_files(self) -> None:
        """Which models are not on this computer; they say so themselves once they are asked."""
        for model in self._models.values():
            if isinstance(model.provider, MayBeAbsent):
                here = await asyncio.to_thread(model.provider.is_here)
                (self._absent.discard if here else self._absent.add)(model.name)
        self._tell_standings(self._loop.time())

    def _tell_standings(self, now: float) -> None:
        """How each model stands, in the order or not; the same news once."""
        for model in self._models.values():
            standing = self._standing(model, now)
            if standing != self._told_standing.get(model.name):
                self._told_standing[model.name] = standing
                engine = model.provider.engine
                self.happened.emit(
                    StandingChanged(engine=engine, standing=standing[0], why=standing[1])
                )

    def _standing(self, model: Model, now: float) -> tuple[Standing, str]:
        skipped = self._fallback.skipped(model.name, now)
        if skipped is not None and skipped.kind == Skip.NOT_SET_UP:
            return Standing.NO_KEY, ""
        if skipped is not None and skipped.kind == Skip.LOCAL_ONLY:
            return Standing.BARRED, ""
        if model.name in self._absent:
            return Standing.ABSENT, ""
        if not self._fallback.trusted(model.name, now):
            return Standing.FAILING, self._fallback.why(model.name)
        # a service with a key is asked nothing before it is needed
        known = model.warm is not None or not model.provider.engine.local
        here = isinstance(model.provider, MayBeAbsent)
        return (Standing.READY if known or here else Standing.UNTRIED), ""

    # --- who would answer --------------------------------------------------------------------

    def _announce(self) -> None:
        """Tell who answers from the next question on, and why not the first choice; once."""
        now = self._loop.time()
        self._tell_standings(now)
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
        first = plan.first_choice or next(iter(self._fallback.order), None)
        if first is None or (
            first in self._fallback.permitted() and self._fallback.trusted(first, now)
        ):
            self._told_missing = None
            return
        model = self._models[first]
        why = self._fallback.why(first) or plan.why_not(first)
        if (first, why) != self._told_missing:
            self._told_missing = (first, why)
            self.happened.emit(
                EngineMissing(
                    engine=model.provider.engine,
                    title=why,
                    hint=model.hint,
                    fetchable=isinstance(model.provider, Fetchable),
                )
            )

    async def on_loop_end(self) -> None:
        for model in (*self._models.values(), *self._replaced, self._stand_in):
            await self._unload(model)
            await model.provider.close()
