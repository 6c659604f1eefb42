"""Language models served by Ollama, through its own client.

What an Ollama server does that shapes this file:

* a request with other load options (`num_ctx`, `num_thread`, ...) than the last one reloads
  the model, so every request takes its options from `_OllamaRequest`, made in one place;
* headers come only with the first token, load time included, and going away during a load
  aborts the load: the read time-out is long, and a caller that cancels `ensure_warm` pays for
  the load again;
* `/api/ps` costs nothing and is in nobody's way, a generation is: the model's presence is
  checked with the one and never with the other;
* a stream may end politely without `done: true`: that reply is not complete.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypedDict, cast

from app.core.ollama import OllamaState
from app.core.ports import Engine, Message, Stage, Usage, Warmth
from app.errors import ProviderBroke, ProviderError
from app.providers.llm.ollama_connection import OllamaConnection, is_cloud_model, server_url
from app.providers.llm.wording import mark_of_cut
from app.settings import OllamaSettings

if TYPE_CHECKING:
    import ollama

__all__ = ["OllamaLlm", "OllamaState", "is_cloud_model", "server_url"]

log = logging.getLogger(__name__)

TAIL_S = 0.1
"""How long to wait for the end of a stream whose reply is complete."""


class _OllamaRequest(TypedDict):
    """What chat, preload and prefill have in common, so that none undoes another's load."""

    model: str
    options: dict[str, int | float]
    keep_alive: float | str


class OllamaLlm:
    """A model on an Ollama server.

    Lives in one asyncio loop; after `close` it may begin again in another.

    Args:
        options: where the server is and how the model is to run.
        api_key: for servers behind a login; plain Ollama needs none.
    """

    def __init__(self, options: OllamaSettings, api_key: str | None = None) -> None:
        self._options = options
        self._server = OllamaConnection(options, api_key)
        self._warming = asyncio.Lock()
        self._context_as_loaded: int | None = None
        self._usage: Usage | None = None

    @property
    def engine(self) -> Engine:
        # a cloud model is reached through the local server and computed elsewhere
        local = self._server.local and not is_cloud_model(self._options.model)
        return Engine(Stage.LLM, "ollama", self._options.model, "server", local=local)

    @property
    def usage(self) -> Usage | None:
        return self._usage

    async def ensure_warm(self) -> Warmth:
        """Have the model in memory with the options that `reply` will use.

        Costs one `/api/ps` when it is there. Concurrent calls load once. Cancelling during a
        load makes the server give the load up.

        Raises:
            ProviderUnavailable: Ollama is not running, or the model is not pulled.
            ProviderRefused: it answered with an error.
            ProviderBroke: it went away during the load.
        """
        async with self._warming:
            loaded = await self._server.find_loaded()
            if is_cloud_model(self._options.model):
                return Warmth(was_warm=True)  # there is nothing to load here
            if loaded is not None and self._fits(loaded.context_length):
                return Warmth(was_warm=True)
            # the answer to a preload carries no durations
            started = time.perf_counter()
            with self._server.translated():
                await self._server.connect().generate(**self._request())
            load_ms = (time.perf_counter() - started) * 1000
            log.info("Ollama loaded %s in %.0f ms", self._options.model, load_ms)
            loaded = await self._server.find_loaded()
            self._context_as_loaded = loaded.context_length if loaded else None
            return Warmth(was_warm=False, load_ms=load_ms)

    async def reply(self, messages: Sequence[Message], language: str) -> AsyncIterator[str]:
        """Stream the reply as text deltas.

        One that reached its longest in the middle of a sentence ends with three dots.
        Cancelling the task closes the connection, and the server stops generating. A caller
        that stops early without cancelling closes the iterator (`contextlib.aclosing`).

        Raises:
            ProviderUnavailable: Ollama is not running, or the model is not pulled.
            ProviderRefused: an error instead of an answer.
            ProviderBroke: the connection, or the stream, ended before the reply did.
        """
        del language  # the system message asks for the language of the question
        chat = [{"role": message.role, "content": message.for_model} for message in messages]
        self._usage = None
        tail = ""
        with self._server.translated():
            opened = await self._server.connect().chat(
                messages=chat, stream=True, **self._request()
            )
        async with aclosing(cast("AsyncGenerator[ollama.ChatResponse, None]", opened)) as parts:
            while True:
                with self._server.translated():
                    try:
                        part = await anext(parts)
                    except StopAsyncIteration:
                        # seen after 30 repeats of one token and after invalid UTF-8
                        raise ProviderBroke(
                            "Ollama stopped in the middle of the reply.", "Ask again."
                        ) from None
                if part.message.content:
                    tail = (tail + part.message.content)[-8:]
                    yield part.message.content
                if part.done:
                    _log_durations(part)
                    self._usage = _usage(part)
                    if part.done_reason == "length" and (mark := mark_of_cut(tail)):
                        yield mark
                    break
            await self._read_tail(parts)

    async def _read_tail(self, parts: AsyncIterator[ollama.ChatResponse]) -> None:
        """Read to the end of the stream, so that the connection serves the next question too.

        The reply is complete, whatever comes here.
        """
        try:
            async with asyncio.timeout(TAIL_S):
                with self._server.translated():
                    async for _ in parts:
                        pass
        except (TimeoutError, ProviderError) as exc:
            log.debug("Ollama: the stream did not end after the reply: %s", exc)

    async def describe(self) -> OllamaState:
        """The state of the server and of the chosen model, for diagnosis.

        Raises:
            ProviderError: see `OllamaConnection.describe`.
        """
        return await self._server.describe()

    async def close(self) -> None:
        """Close connections. In the loop it lived in; may be called twice."""
        self._warming = asyncio.Lock()  # a lock belongs to the loop it first waited in
        await self._server.close()

    def _request(self) -> _OllamaRequest:
        """The one place where options are made: see the module's docstring."""
        options: dict[str, int | float] = {
            "num_ctx": self._options.num_ctx,
            "num_predict": self._options.num_predict,
            "temperature": self._options.temperature,
            "mirostat": 0,  # whatever the model's own file says: it costs time for every token
        }
        if self._options.num_thread:
            options["num_thread"] = self._options.num_thread
        return {
            "model": self._options.model,
            "options": options,
            "keep_alive": _keep_alive(self._options.keep_alive),
        }

    def _fits(self, context_length: int | None) -> bool:
        """Whether a model with this context would answer our chat without a reload.

        A server cuts `num_ctx` to what the model was trained for, so what it reported after
        our own load counts too; an older server reports nothing.
        """
        return context_length in (None, self._options.num_ctx, self._context_as_loaded)


def _keep_alive(value: int | str) -> int | str:
    """A number written as text becomes one: the server answers "-1" in quotes with a 400."""
    try:
        return int(value)
    except ValueError:
        return value


def _usage(last: ollama.ChatResponse) -> Usage | None:
    """The whole prompt is counted, what was cached of it too."""
    if not last.prompt_eval_count:
        return None
    return Usage(last.prompt_eval_count, last.eval_count or 0)


def _log_durations(last: ollama.ChatResponse) -> None:
    """What the server measured, in ms: a load in the middle of a question is worth a look."""

    def ms(nanoseconds: Any) -> float:
        return float(nanoseconds or 0) / 1e6

    log.debug(
        "Ollama: load %.0f ms, prompt of %s tokens %.0f ms, reply of %s tokens %.0f ms",
        ms(last.load_duration),
        last.prompt_eval_count,
        ms(last.prompt_eval_duration),
        last.eval_count,
        ms(last.eval_duration),
    )
