"""What a model does with a question while it is still being spoken: it reads, and answers on trial.

`app.core.working_ahead` says when; here is with whom, and what becomes of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from app.core.events import (
    DraftReply,
    Event,
    GenerateReply,
    PrefillEnded,
    PrefillPrompt,
    PrefillStarted,
)
from app.core.ports import Message, Prefills
from app.core.working_ahead import is_read
from app.workers.draft import Draft
from app.workers.relay import Model

log = logging.getLogger(__name__)


class HeadStart:
    """One prefill and one draft at a time. Lives in the language models' loop."""

    def __init__(
        self,
        next_to_answer: Callable[[], Model | None],
        is_certain: Callable[[DraftReply], bool],
        *,
        emit: Callable[[Event], None],
        start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        everywhere: bool,
    ) -> None:
        """
        Args:
            next_to_answer: who would most likely answer a question that came now.
            is_certain: whether the skills know the answer.
            start: runs a task of the loop that is waited for when the loop ends.
            everywhere: have services outside this computer answer on trial too, which may cost
                money. They are never made to read half a question.
        """
        self._next_to_answer = next_to_answer
        self._is_certain = is_certain
        self._emit = emit
        self._start = start
        self._everywhere = everywhere
        self._draft: Draft | None = None
        self._reading: asyncio.Task[None] | None = None
        self._wanted: PrefillPrompt | None = None
        self._read: dict[str, tuple[Message, ...]] = {}  # what each model evaluated last

    # --- reading ahead ------------------------------------------------------------------------

    async def prefill(self, command: PrefillPrompt) -> None:
        """Have the model read the prompt's beginning; the newest wish counts, one at a time."""
        self._wanted = command
        if self._reading is None:
            self._reading = asyncio.current_task()
            try:
                while self._wanted:
                    command, self._wanted = self._wanted, None
                    await self._read_ahead(command)
            finally:
                if self._reading is asyncio.current_task():
                    self._reading = None

    def stop_prefill(self) -> None:
        """The question is here: nothing stands in front of it."""
        self._wanted = None
        if self._reading:
            self._reading.cancel()
            self._reading = None

    def was_read(self, name: str, messages: tuple[Message, ...]) -> None:
        """This model has evaluated all of these messages."""
        self._read[name] = messages

    def forget(self, name: str) -> None:
        """What this model had read went with its place in memory."""
        self._read.pop(name, None)

    async def _read_ahead(self, command: PrefillPrompt) -> None:
        model = self._ready()
        if command.turn.token.cancelled or model is None or model.replying:
            return
        provider, engine = model.provider, model.provider.engine
        if not isinstance(provider, Prefills) or not engine.local:
            return
        if is_read(self._read.get(model.name, ()), command.messages):
            return
        self._emit(PrefillStarted(turn_id=command.turn_id, engine=engine))
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        try:
            was_read = await provider.prefill(command.messages, "")
        except Exception as exc:  # the question itself will show whether it matters
            log.info("prefill: %r", exc)
            return
        if was_read:
            self.was_read(model.name, command.messages)
            took_ms = (loop.time() - began_at) * 1000
            self._emit(PrefillEnded(turn_id=command.turn_id, engine=engine, ms=took_ms))

    # --- answering on trial -------------------------------------------------------------------

    async def draft(self, command: DraftReply) -> None:
        """Answer on trial, where that is cheap and would be the reply: by the first choice, when
        it is ready. Skills are not tried out: they act."""
        self.drop()
        model = self._ready()
        if command.turn.token.cancelled or model is None or self._is_certain(command):
            return
        self.stop_prefill()
        self._draft = Draft(command, model, self._emit, self._start)

    def take(self, request: GenerateReply, model: Model | None) -> Draft | None:
        """The draft that is this reply, if this model writes it; any other is dropped."""
        draft, self._draft = self._draft, None
        if draft is None:
            return None
        fits = draft.number == request.draft and draft.messages == request.messages
        if fits and draft.usable and model is draft.model:
            return draft
        draft.drop()
        return None

    def drop(self) -> None:
        """Give the draft up, if there is one."""
        if self._draft:
            self._draft.drop()
            self._draft = None

    def keep_local(self) -> None:
        """Nothing may leave this computer any more."""
        if self._draft and not self._draft.model.provider.engine.local:
            self.drop()

    def _ready(self) -> Model | None:
        """Who may work on a question that is still being spoken."""
        model = self._next_to_answer()
        if model is None or not model.warm:
            return None
        return model if model.provider.engine.local or self._everywhere else None
