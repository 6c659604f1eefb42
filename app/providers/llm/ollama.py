"""Language models served by Ollama, through its own client.

What an Ollama server does that shapes this file:

* a request with other load options (`num_ctx`, `num_thread`, ...) than the last one reloads
  the model, so every request takes its options from `ollama_request`, made in one place;
* headers come only with the first token, load time included, and going away during a load
  aborts the load: the read time-out is long, and a caller that cancels `ensure_warm` pays for
  the load again;
* `/api/ps` costs nothing and is in nobody's way, a generation is: the model's presence is
  checked with the one and never with the other;
* other programs use it too, with load options of their own: nobody's model is taken out of
  memory but for a question;
* a model of a server on this computer may be an alias for one in a cloud: no word is sent before
  the server has said that it is none, and a server that does not say has failed;
* a stream may end politely without `done: true`: that reply is not complete.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from app.core.ollama import OllamaState
from app.core.ports import Engine, Message, Stage, Usage, Warmth
from app.errors import ProviderBroke, ProviderError, ProviderRefused, ProviderUnavailable
from app.providers.llm.ollama_connection import OllamaConnection, is_cloud_model, server_url
from app.providers.llm.ollama_request import OllamaRequest, ollama_request
from app.providers.llm.wording import mark_of_cut
from app.settings import OllamaSettings

if TYPE_CHECKING:
    import ollama

__all__ = ["OllamaLlm", "OllamaState", "is_cloud_model", "server_url"]

log = logging.getLogger(__name__)

FOR_EVER = timedelta(days=365)
"""Nobody asks a server to keep a model for longer and means an end."""

TAIL_S = 0.1
"""How long to wait for the end of a stream whose reply is complete."""


class OllamaLlm:
    """A model on an Ollama server.

    Lives in one asyncio loop; after `close` it may begin again in another.

    Args:
        options: where the server is and how the model is to run.
        api_key: for servers behind a login; plain Ollama needs none.
    """

    def __init__(self, options: OllamaSettings, api_key: str | None = None) -> None:
        self._options = self._own_options = options
        self._server = OllamaConnection(options, api_key)
        self._warming = asyncio.Lock()
        self._context_as_loaded: int | None = None
        self._loaded_here = False  # this object loaded it, and has not let it go
        self._usage: Usage | None = None

    @property
    def engine(self) -> Engine:
        return Engine(
            Stage.LLM,
            "ollama",
            self._options.model,
            "server",
            local=self._server.local and not self._in_a_cloud,
        )

    @property
    def here(self) -> bool:
        """Whether the server is on this computer, whoever computes the model."""
        return self._server.local

    @property
    def url(self) -> str:
        """The server's address, as it may be shown."""
        return self._server.url

    @property
    def elsewhere(self) -> str:
        """Where the server passes questions on to, one sentence; empty when it answers itself,
        as far as that is known (`find_place`)."""
        model, facts = self._options.model, self._server.facts
        if facts is not None and facts.remote_host:
            return f"Ollama passes questions for {model} on to {facts.remote_host}."
        if is_cloud_model(model):
            return f"Ollama passes questions for {model} on to its cloud."
        return ""

    async def find_place(self) -> None:
        """Make `engine.local` certain; nothing is asked when it is known, or is no because of
        the address or the model's name.

        Raises:
            ProviderUnavailable: Ollama is not running, or the model is not pulled.
            ProviderRefused: it does not say.
            ProviderBroke: it went away, or what it said is no answer.
        """
        if self._server.local and not is_cloud_model(self._options.model):
            await self._server.look_up()

    @property
    def usage(self) -> Usage | None:
        return self._usage

    def limit_replies(self, tokens: int) -> None:
        """As the port says: `num_predict` is no load option."""
        self._options = self._own_options.limited_to(tokens)

    async def ensure_warm(self) -> Warmth:
        """Have the model in memory with the options that `reply` will use.

        Costs one `/api/ps` when it is there. Concurrent calls load once. Cancelling during a
        load makes the server give the load up.

        Raises:
            ProviderUnavailable: Ollama is not running, or the model is not pulled.
            ProviderRefused: it answered with an error.
            ProviderBroke: it went away during the load.
        """
        return await self._warm(may_displace=True)

    async def look(self) -> Warmth:
        """The same for times when nobody asks anything: what another program has in memory
        stays there. `Warmth.left_cold` then says so.

        Two programs that each put the model right at every look would load it for ever. And a
        model of ours that is gone while another one is there had to make room for it.

        Raises:
            ProviderError: as `ensure_warm`.
        """
        return await self._warm(may_displace=False)

    async def _warm(self, *, may_displace: bool) -> Warmth:
        async with self._warming:
            in_memory = await self._server.loaded_models()
            await self.find_place()
            if self._in_a_cloud:
                return Warmth(was_warm=True)  # there is nothing to load here
            loaded = self._server.ours(in_memory)
            if loaded is not None and self._fits(loaded.context_length):
                return Warmth(was_warm=True)
            if in_memory and not may_displace:
                return Warmth(was_warm=False, left_cold=self._taken(by=in_memory))
            # the answer to a preload carries no durations
            started = time.perf_counter()
            client = await self._server.connect()
            with self._server.translated():
                await client.generate(**self._request())
            self._loaded_here = True
            load_ms = (time.perf_counter() - started) * 1000
            log.info("Ollama loaded %s in %.0f ms", self._options.model, load_ms)
            loaded = await self._server.find_loaded()
            self._context_as_loaded = loaded.context_length if loaded else None
            return Warmth(was_warm=False, load_ms=load_ms)

    async def unload(self) -> None:
        """Have the server drop the model, if it was loaded here and is to stay for ever.

        Whoever asked for it since then has said anew how long it stays, which is 5 minutes for
        most: then it is theirs, and goes by itself.

        Raises:
            ProviderError: the server is gone, or will not.
        """
        mine, self._loaded_here = self._loaded_here, False
        if not mine or not self._options.stays_loaded:
            return
        loaded = await self._server.find_loaded()
        if loaded is None or not self._fits(loaded.context_length) or not _for_ever(loaded):
            return
        client = await self._server.connect()
        with self._server.translated():
            # without options: they are none of a request that loads nothing
            await client.generate(model=self._options.model, keep_alive=0)
        log.info("Ollama unloads %s", self._options.model)

    def _taken(self, by: Sequence[ollama.ProcessResponse.Model]) -> str:
        """Why our model is not in memory as we need it, one sentence."""
        model = self._options.model
        if self._server.ours(by) is not None:
            return f"{model} is loaded for another program, with other options."
        other = by[0].model or by[0].name or "another model"
        return f"{model} is not in memory: another program uses {other}."

    async def reply(self, messages: Sequence[Message], language: str) -> AsyncIterator[str]:
        """Stream the reply as text deltas.

        One that reached its longest in the middle of a sentence ends with three dots.
        Cancelling the task closes the connection, and the server stops generating. A caller
        that stops early without cancelling closes the iterator (`contextlib.aclosing`).

        Raises:
            ProviderUnavailable: Ollama is not running, or the model is not pulled.
            ProviderRefused: an error instead of an answer; or it turned out only now that the
                words would leave this computer, and nothing was sent.
            ProviderBroke: the connection, or the stream, ended before the reply did.
        """
        del language  # the system message asks for the language of the question
        self._usage = None
        tail = ""
        await self._stay_where_we_said()
        async with aclosing(self._parts(messages, self._request())) as parts:
            async for part in parts:
                if part.message.content:
                    tail = (tail + part.message.content)[-8:]
                    yield part.message.content
                if part.done:
                    _log_durations("reply", part)
                    self._usage = _usage(part)
                    if part.done_reason == "length" and (mark := mark_of_cut(tail)):
                        yield mark

    async def prefill(self, messages: Sequence[Message], language: str) -> bool:
        """Put this prompt into the server's cache, by asking for one token and dropping it.

        One look and nothing else while the model is not in memory as `reply` needs it:
        loading is `ensure_warm`'s, because a load ends with the request that began it, and this
        one is meant to be cancelled. On another computer it does nothing: the words of a
        question that is never finished are not to leave.

        Raises:
            ProviderUnavailable: Ollama is not running.
            ProviderRefused: an error instead of an answer.
            ProviderBroke: the connection, or the stream, ended too early.
        """
        del language
        await self.find_place()
        if not self.engine.local:
            return False
        loaded = await self._server.find_loaded()
        if loaded is None or not self._fits(loaded.context_length):
            return False
        # no token at all would be no prefill: the server then evaluates nothing
        request = self._request(num_predict=1)
        async with aclosing(self._parts(messages, request)) as parts:
            async for part in parts:
                if part.done:
                    _log_durations("prefill", part)
        return True

    async def _parts(
        self, messages: Sequence[Message], request: OllamaRequest
    ) -> AsyncGenerator[ollama.ChatResponse, None]:
        """The lines of one answer; the last, and no other, says that it is done."""
        chat = [{"role": message.role, "content": message.for_model} for message in messages]
        client = await self._server.connect()
        with self._server.translated():
            opened = await client.chat(messages=chat, stream=True, think=self._think(), **request)
        async with aclosing(cast("AsyncGenerator[ollama.ChatResponse, None]", opened)) as parts:
            done = False
            while not done:
                with self._server.translated():
                    try:
                        part = await anext(parts)
                    except StopAsyncIteration:
                        # seen after 30 repeats of one token and after invalid UTF-8
                        raise ProviderBroke(
                            "Ollama stopped in the middle of the reply.", "Ask again."
                        ) from None
                yield part
                done = bool(part.done)
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

    @property
    def _in_a_cloud(self) -> bool:
        return bool(self.elsewhere)

    async def _stay_where_we_said(self) -> None:
        """Whoever sent this question may have been told that it stays on this computer.

        Raises:
            ProviderRefused: it would not.
            ProviderError: that cannot be found out.
        """
        if self.engine.local:
            await self.find_place()
            if not self.engine.local:
                raise ProviderRefused(
                    self.elsewhere, "Ask again to have it answered there, or choose another model."
                )

    async def describe(self) -> OllamaState:
        """The state of the server and of the chosen model, for diagnosis.

        Raises:
            ProviderError: see `OllamaConnection.describe`.
        """
        return await self._server.describe()

    def absence(self) -> ProviderUnavailable:
        """Why nobody answers, and the next step."""
        return self._server.absence()

    async def close(self) -> None:
        """Close connections. In the loop it lived in; may be called twice."""
        self._warming = asyncio.Lock()  # a lock belongs to the loop it first waited in
        await self._server.close()

    def _think(self) -> bool | None:
        """Not to think, for a model that would: nobody hears it, and it takes seconds. Models
        that do not think are told nothing: they have nothing to leave out."""
        facts = self._server.facts
        return False if facts is not None and facts.thinks else None

    def _request(self, num_predict: int | None = None) -> OllamaRequest:
        return ollama_request(self._options, num_predict)

    def _fits(self, context_length: int | None) -> bool:
        """Whether a model with this context would answer our chat without a reload.

        A server cuts `num_ctx` to what the model was trained for, and may have reasons of its
        own, so what it reported after our own load counts too; an older server reports nothing.
        """
        num_ctx = self._options.num_ctx
        facts = self._server.facts
        most = (facts.trained_context if facts else None) or num_ctx
        return context_length in (None, num_ctx, min(num_ctx, most), self._context_as_loaded)


def _for_ever(loaded: ollama.ProcessResponse.Model) -> bool:
    """Whether it stays until somebody unloads it; the server then names a day in centuries."""
    if loaded.expires_at is None:
        return True
    left = loaded.expires_at - datetime.now(loaded.expires_at.tzinfo)
    return left > FOR_EVER


def _usage(last: ollama.ChatResponse) -> Usage | None:
    """The whole prompt is counted, what was cached of it too."""
    if not last.prompt_eval_count:
        return None
    return Usage(last.prompt_eval_count, last.eval_count or 0)


def _log_durations(what: str, last: ollama.ChatResponse) -> None:
    """What the server measured, in ms: a load in the middle of a question is worth a look."""

    def ms(nanoseconds: Any) -> float:
        return float(nanoseconds or 0) / 1e6

    log.debug(
        "Ollama, %s: load %.0f ms, prompt of %s tokens %.0f ms, %s tokens in %.0f ms",
        what,
        ms(last.load_duration),
        last.prompt_eval_count,
        ms(last.prompt_eval_duration),
        last.eval_count,
        ms(last.eval_duration),
    )
