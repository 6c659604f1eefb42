"""One reply, from whoever can give it: models race for the first word and go on for one another.

The rules, for the models of a turn in their order and the skills after them:

* A model that fails before its first word is replaced at once.
* One that has not begun at its deadline gets company: the next is started beside it. It is not
  cancelled yet, because it may still be the first to begin, and because going away during a load
  makes Ollama give the load up. The first word decides; the others are cancelled then, and a
  local model whose load was lost that way is warmed up again when the reply is over.
* The skills are no such company. What they mostly have to say without a model is that they need
  one, and a model on a slow computer may take ten seconds over a long prompt. They answer when
  every model has failed, or when none has begun after `patience_s`.
* A model that breaks off, or falls silent, in the middle is followed by the next one, with the
  text so far (`app.core.continuation`). The skills cannot go on with another's text.
* When nobody can go on, the reply ends where it is: it is spoken that far, marked as incomplete,
  and the reason is shown. No sentence is added to it for the ear: the reply is kept in history
  and shown to the model at the next turn as its own words, and Parley's have no place in it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, cast

from app.core.continuation import Cut, continued, cut
from app.core.events import (
    EngineAnswered,
    Event,
    GenerateReply,
    ReplyDelta,
    ReplyEnded,
    SentenceReady,
    StageStarted,
    TokensCounted,
)
from app.core.fallback import Failure, Fallback, Plan
from app.core.joint import CannotJoin, Joint, Piece
from app.core.ports import Engine, LlmProvider, Message, ReportsUsage
from app.core.sentences import ClauseSplitter
from app.errors import (
    STAY,
    AssistantError,
    ProviderBroke,
    ProviderRefused,
    ProviderUnavailable,
)

log = logging.getLogger(__name__)

PATIENCE_S = 20.0
"""After this long without a word from any model the skills say so. A prompt of 500 tokens takes
a small model on a busy processor 6 to 10 s (measured with Ollama)."""
UNMEASURED_LOAD_S = 10.0
"""How long a model is taken to load until that was measured: a few GB take 2 to 15 s."""
LOAD_MARGIN = 1.5
"""A load may take this much longer than the last one before it counts as late."""
STALL = 2.0
"""A model that was quick to begin and then sends nothing for this many deadlines has stopped."""


@dataclass(slots=True, eq=False)
class Model:
    """A language model in its place of the order, and what is known of it.

    Belongs to the language models' thread once that has begun.
    """

    provider: LlmProvider
    title: str
    """What people call it, as it begins a sentence."""
    deadline_s: float = 2.5
    """How long it may take for its first word when it is warm."""
    set_up: bool = True
    """False while its key is missing."""
    warm: bool | None = None
    """Whether it is in memory, as far as is known; None before anybody looked."""
    load_s: float | None = None
    """How long its last cold start took."""
    stays: bool = True
    """Whether it stays in memory until it is told to go; False when its server drops it."""
    hint: str = ""
    """The user's next step after its last failure."""
    replying: int = 0
    """Questions that are with it now."""

    @property
    def name(self) -> str:
        return self.provider.engine.name

    @property
    def stand_in(self) -> bool:
        return self.provider.engine.stand_in

    @property
    def first_word_s(self) -> float:
        """How long it may take for its first word now."""
        if self.warm:
            return self.deadline_s
        load_s = UNMEASURED_LOAD_S if self.load_s is None else self.load_s
        return self.deadline_s + LOAD_MARGIN * load_s


class Report(Protocol):
    """Tells the user what failed, and who goes on instead."""

    def __call__(self, exc: BaseException, *, turn_id: int, recovered_by: str) -> None: ...


class _Attempt:
    """A question that is with one model. Used in the loop."""

    def __init__(
        self,
        model: Model,
        messages: Sequence[Message],
        language: str,
        drafted: AsyncGenerator[str, None] | None = None,
    ) -> None:
        self.model = model
        loop = asyncio.get_running_loop()
        self.allowed_s = model.first_word_s
        self.due_at = loop.time() + self.allowed_s
        self.forbidden = False
        model.replying += 1
        # a provider's stream is an async generator, and closing it closes the connection
        self._stream = drafted or cast(
            "AsyncGenerator[str, None]", model.provider.reply(messages, language)
        )
        self.first = loop.create_task(self._first_words())
        self._reading: asyncio.Timeout | None = None

    async def next_delta(self, patience_s: float) -> str | None:
        """The next piece of the reply; None when it is complete.

        Raises:
            ProviderBroke: nothing came for that long.
        """
        try:
            async with asyncio.timeout(patience_s) as self._reading:
                return await self._next()
        except TimeoutError:
            raise ProviderBroke(
                f"{self.model.title} fell silent in the middle of the reply.", "Ask again."
            ) from None
        finally:
            self._reading = None

    def forbid(self) -> None:
        """Stop it: nothing may leave this computer any more."""
        self.forbidden = True
        self.first.cancel()
        if self._reading is not None:
            with suppress(RuntimeError):  # its time is up already
                self._reading.reschedule(0.0)

    async def close(self) -> None:
        """Close the connection. Once."""
        self.first.cancel()
        try:
            await asyncio.wait([self.first])
            if not self.first.cancelled():
                self.first.exception()  # known, or of no interest any more
            await self._stream.aclose()
        except Exception as exc:  # a model that lost may fail in any way; nobody waits for it
            log.info("%s failed while it was being closed: %r", self.model.name, exc)
        finally:
            self.model.replying -= 1

    async def _first_words(self) -> str | None:
        """Up to the first that is more than white space; None when there is none."""
        said = ""
        while (delta := await self._next()) is not None:
            said += delta
            if said.strip():
                return said
        return None

    async def _next(self) -> str | None:
        return await anext(self._stream, None)


class Relay:
    """Gets one reply. Used once, in the loop; cancelling its task closes every connection."""

    def __init__(
        self,
        request: GenerateReply,
        models: Sequence[Model],
        fallback: Fallback,
        plan: Plan,
        *,
        first_choice: str | None,
        emit: Callable[[Event], None],
        report: Report,
        patience_s: float = PATIENCE_S,
        drafted: AsyncGenerator[str, None] | None = None,
    ) -> None:
        """
        Args:
            models: whom to ask, in this order; the skills among them.
            fallback: told how each of them did.
            plan: why others are not among them.
            first_choice: who should have answered; None when it does not matter.
            drafted: the reply of the first model, when it was begun on trial.
        """
        self._request = request
        self._waiting = deque(models)
        self._fallback = fallback
        self._first_choice = first_choice
        self._plan = plan
        self._report = report
        self._patience_s = patience_s
        self._drafted = drafted
        self._reply = _Reply(request.turn_id, emit)
        self._emit = emit
        self._running: list[_Attempt] = []  # in the order in which they were started
        self._following: _Attempt | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._reasons: dict[str, str] = {}  # why a model of this turn is not the one who writes
        self.finished_by: str | None = None
        """Who wrote the end of a complete reply."""

    async def run(self) -> None:
        try:
            while attempt := await self._first_to_begin():
                if await self._follow(attempt):
                    self.finished_by = attempt.model.name
                    break
            self._reply.end(complete=self.finished_by is not None)
        finally:
            for attempt in self._at_work():
                self._close(attempt)
            await self._all_closed()

    @property
    def text(self) -> str:
        """The reply so far."""
        return self._reply.text

    async def _all_closed(self) -> None:
        """Wait for every connection to close, even when cancelled meanwhile, as by a quit: what
        outlives the loop is closed by nobody."""
        closing = asyncio.gather(*self._closing)
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            await closing
            raise

    def break_off(self) -> None:
        """End the reply where it is."""
        self._reply.end(complete=False)

    def keep_local(self) -> None:
        """From now on nothing of this reply may come from, or go to, another computer."""
        self._waiting = deque(m for m in self._waiting if m.provider.engine.local)
        for attempt in self._at_work():
            if not attempt.model.provider.engine.local:
                attempt.forbid()

    def _at_work(self) -> list[_Attempt]:
        return [*self._running, *([self._following] if self._following else [])]

    # --- who begins -----------------------------------------------------------------------

    async def _first_to_begin(self) -> _Attempt | None:
        """Ask the next model, and after its deadline one more, until one has a word to say.

        None when there is nobody left to ask. The attempt's first word is in `first`.
        """
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._patience_s
        self._start_next()
        while self._running:
            next_at = self._next_start_at(give_up_at)
            await asyncio.wait(
                [attempt.first for attempt in self._running],
                timeout=max(0.0, next_at - loop.time()),
                return_when=asyncio.FIRST_COMPLETED,
            )
            for attempt in [each for each in self._running if each.first.done()]:
                self._running.remove(attempt)
                if trouble := self._trouble(attempt):
                    self._failed(attempt, trouble)
                else:
                    self._leave_the_others(attempt)
                    return attempt
            if not self._running:
                self._start_next()
            elif loop.time() >= next_at and not self._start_next():
                self._leave_the_others(None)
        return None

    def _next_start_at(self, give_up_at: float) -> float:
        """When to start the next one, or to give up, if nobody has begun by then."""
        due_at = self._running[-1].due_at
        if self._waiting and not self._waiting[0].stand_in:
            return due_at
        return max(due_at, give_up_at)

    def _start_next(self) -> bool:
        """Put the question to the next model; False when none is left."""
        if not self._waiting:
            return False
        model = self._waiting.popleft()
        self._emit(
            StageStarted(
                turn_id=self._request.turn_id,
                stage=model.provider.engine.stage,
                engine=model.provider.engine,
            )
        )
        messages: Sequence[Message] = self._request.messages
        if self._reply.begun:
            messages = continued(messages, self._reply.cut().kept)
        drafted, self._drafted = self._drafted, None
        self._running.append(_Attempt(model, messages, self._request.language, drafted))
        return True

    def _trouble(self, attempt: _Attempt) -> BaseException | None:
        """What is wrong with an attempt whose first word should be there."""
        if attempt.first.cancelled():
            return _forbidden(attempt.model)
        if (exc := attempt.first.exception()) is not None:
            return exc
        nothing_to_add = self._reply.begun and self._reply.cut().sounds_complete
        if attempt.first.result() is None and not nothing_to_add:
            return ProviderBroke(f"{attempt.model.title} sent an empty reply.", "Ask again.")
        return None

    def _leave_the_others(self, winner: _Attempt | None) -> None:
        """One has begun, or patience is over: the others were too slow."""
        losers, self._running = self._running, []
        for attempt in losers:
            if attempt.first.done():  # in the same moment
                self._close(attempt)
                continue
            took_s = asyncio.get_running_loop().time() - attempt.due_at + attempt.allowed_s
            trouble = ProviderBroke(
                f"{attempt.model.title} had not begun to answer after {took_s:.1f} s.",
                "Ask again, or choose a smaller model.",
            )
            self._failed(attempt, trouble, gone_on=winner)

    # --- who goes on ----------------------------------------------------------------------

    async def _follow(self, attempt: _Attempt) -> bool:
        """Pass on what the model says; whether it came to its end."""
        model = attempt.model
        model.warm = True
        self._following = attempt
        so_far = self._reply.cut() if self._reply.begun else Cut("", self._reply.text)
        joint = Joint(so_far) if self._reply.text else None
        continuing = self._reply.begun
        try:
            delta = attempt.first.result()
            while delta is not None:
                if attempt.forbidden:
                    raise _forbidden(model)
                self._add(attempt, joint.feed(delta) if joint else Piece(delta))
                delta = await attempt.next_delta(self._stall_s(model))
            if joint:
                self._add(attempt, joint.end())
        except Exception as exc:  # a model may fail in any way; the user gets an answer
            self._following = None
            trouble = _lost_the_thread(model) if isinstance(exc, CannotJoin) else exc
            self._failed(attempt, _forbidden(model) if attempt.forbidden else trouble)
            return False
        self._following = None
        self._close(attempt)
        self._succeeded(model, whole=not continuing)
        return True

    def _add(self, attempt: _Attempt, piece: Piece) -> None:
        model = attempt.model
        self._reply.add(piece, model.provider.engine, self._why_not_first(model.name))
        if self._reply.begun:
            # the skills have no words of their own for another's text
            while self._waiting and self._waiting[-1].stand_in:
                self._waiting.pop()

    def _stall_s(self, model: Model) -> float:
        in_a_hurry = bool(self._waiting) and self._reply.begun
        return STALL * model.deadline_s if in_a_hurry else max(self._patience_s, model.deadline_s)

    def _why_not_first(self, name: str) -> str:
        first = self._first_choice
        if first is None or name == first:
            return ""
        return self._reasons.get(first) or self._plan.why_not(first)

    # --- how it went ----------------------------------------------------------------------

    def _succeeded(self, model: Model, *, whole: bool) -> None:
        if not model.stand_in:
            self._fallback.answered(model.name)
        if whole and isinstance(model.provider, ReportsUsage) and model.provider.usage:
            self._emit(TokensCounted(turn_id=self._request.turn_id, usage=model.provider.usage))

    def _failed(
        self, attempt: _Attempt, exc: BaseException, *, gone_on: _Attempt | None = None
    ) -> None:
        """Take note, tell the user, and let go of the connection."""
        model = attempt.model
        self._close(attempt)
        why, model.hint = f"{model.title} failed.", ""
        if isinstance(exc, AssistantError):
            why, model.hint = exc.title, exc.hint
        self._reasons[model.name] = why
        if not model.stand_in and not attempt.forbidden:
            if isinstance(exc, ProviderUnavailable):
                model.warm = False
            self._fallback.failed(
                model.name,
                why,
                asyncio.get_running_loop().time(),
                kind=Failure.REPLY,
                retry_after_s=exc.retry_after_s if isinstance(exc, ProviderRefused) else None,
            )
        next_one = gone_on.model if gone_on else None
        if next_one is None and self._running:
            next_one = self._running[0].model
        if next_one is None and self._waiting:
            next_one = self._waiting[0]
        recovered_by = next_one.name if next_one else ""
        self._report(exc, turn_id=self._request.turn_id, recovered_by=recovered_by)

    def _close(self, attempt: _Attempt) -> None:
        """Beside the reply: nobody waits for a connection to close."""
        self._closing.add(asyncio.get_running_loop().create_task(attempt.close()))


def _lost_the_thread(model: Model) -> ProviderBroke:
    return ProviderBroke(f"{model.title} could not go on where the reply broke off.", "Ask again.")


def _forbidden(model: Model) -> ProviderUnavailable:
    return ProviderUnavailable(f"{model.title} was stopped, because {STAY} is on.")


class _Reply:
    """The reply as it grows: deltas out at once, clauses as soon as they can be spoken."""

    def __init__(self, turn_id: int, emit: Callable[[Event], None]) -> None:
        self._turn_id = turn_id
        self._emit = emit
        self._splitter = ClauseSplitter()
        self._clauses = 0
        self._in_clauses = 0  # characters that went to the voice
        self._writer: Engine | None = None
        self.text = ""

    @property
    def begun(self) -> bool:
        """Whether there is a word in it."""
        return bool(self.text.strip())

    def cut(self) -> Cut:
        """Where another engine goes on."""
        return cut(self.text, self._in_clauses)

    def add(self, piece: Piece, writer: Engine, why: str) -> None:
        if not piece.text:
            return
        if writer != self._writer:
            self._writer = writer
            self._emit(EngineAnswered(turn_id=self._turn_id, engine=writer, why=why))
        self.text = self.text[: len(self.text) - piece.takes_back] + piece.text
        self._splitter.take_back(piece.takes_back)
        self._emit(ReplyDelta(turn_id=self._turn_id, text=piece.text, takes_back=piece.takes_back))
        self._say(self._splitter.feed(piece.text))

    def end(self, *, complete: bool) -> None:
        self._say(self._splitter.flush())
        self._emit(
            ReplyEnded(
                turn_id=self._turn_id, text=self.text, clauses=self._clauses, complete=complete
            )
        )

    def _say(self, clauses: list[str]) -> None:
        for clause in clauses:
            self._emit(SentenceReady(turn_id=self._turn_id, index=self._clauses, text=clause))
            self._clauses += 1
            self._in_clauses += len(clause)
