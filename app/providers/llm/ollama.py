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
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, cast
from urllib.parse import urlsplit

from app.core.ports import Engine, Message, Stage, Warmth
from app.errors import ProviderBroke, ProviderError, ProviderRefused, ProviderUnavailable
from app.providers.llm.addresses import http_options, is_usable, on_this_computer
from app.providers.llm.wording import one_line
from app.settings import OllamaSettings

if TYPE_CHECKING:
    import ollama

log = logging.getLogger(__name__)

DEFAULT_PORT = 11434
CHECK_TIMEOUT_S = 5.0
"""For questions a server answers from memory (version, list, ps). A busy one takes
milliseconds; the long read time-out is for loads and generation alone."""
TAIL_S = 0.1
"""How long to wait for the end of a stream whose reply is complete."""


@dataclass(frozen=True, slots=True)
class OllamaState:
    """What `doctor` and the window say about the server."""

    running: bool
    version: str = ""
    models: tuple[str, ...] = ()
    """Names of the models that are pulled."""
    pulled: bool = False
    """Whether the chosen model is among them."""
    loaded: bool = False
    """Whether the chosen model is in memory, with whatever options."""
    vram_bytes: int | None = None
    """How much of it lies in GPU memory: 0 means it runs on the CPU. None when not loaded."""
    context_length: int | None = None
    """Tokens of context it was loaded with; None when not loaded or not told."""


class _OllamaRequest(TypedDict):
    """What chat, preload and prefill have in common, so that none undoes another's load."""

    model: str
    options: dict[str, int | float]
    keep_alive: float | str


class OllamaLlm:
    """A model on an Ollama server.

    Lives in one asyncio loop; after `close` it may begin again in another. One HTTP client is
    kept between requests, because making one costs more than a first token may.

    Args:
        options: where the server is and how the model is to run.
        api_key: for servers behind a login; plain Ollama needs none.
    """

    def __init__(self, options: OllamaSettings, api_key: str | None = None) -> None:
        self._options = options
        self._api_key = api_key
        self._url = server_url(options.host)
        self._local = on_this_computer(self._url)
        self._client: ollama.AsyncClient | None = None
        self._warming = asyncio.Lock()
        self._context_as_loaded: int | None = None

    @property
    def engine(self) -> Engine:
        # a cloud model is reached through the local server and computed elsewhere
        local = self._local and not is_cloud_model(self._options.model)
        return Engine(Stage.LLM, "ollama", self._options.model, "server", local=local)

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
            loaded = await self._find_loaded()
            if is_cloud_model(self._options.model):
                return Warmth(was_warm=True)  # there is nothing to load here
            if loaded is not None and self._fits(loaded.context_length):
                return Warmth(was_warm=True)
            # the answer to a preload carries no durations
            started = time.perf_counter()
            with self._translated():
                await self._connect().generate(**self._request())
            load_ms = (time.perf_counter() - started) * 1000
            log.info("Ollama loaded %s in %.0f ms", self._options.model, load_ms)
            loaded = await self._find_loaded()
            self._context_as_loaded = loaded.context_length if loaded else None
            return Warmth(was_warm=False, load_ms=load_ms)

    async def reply(self, messages: Sequence[Message], language: str) -> AsyncIterator[str]:
        """Stream the reply as text deltas.

        Cancelling the task closes the connection, and the server stops generating. A caller
        that stops early without cancelling closes the iterator (`contextlib.aclosing`).

        Raises:
            ProviderUnavailable: Ollama is not running, or the model is not pulled.
            ProviderRefused: an error instead of an answer.
            ProviderBroke: the connection, or the stream, ended before the reply did.
        """
        del language  # the system message asks for the language of the question
        chat = [{"role": message.role, "content": message.text} for message in messages]
        with self._translated():
            opened = await self._connect().chat(messages=chat, stream=True, **self._request())
        async with aclosing(cast("AsyncGenerator[ollama.ChatResponse, None]", opened)) as parts:
            while True:
                with self._translated():
                    try:
                        part = await anext(parts)
                    except StopAsyncIteration:
                        # seen after 30 repeats of one token and after invalid UTF-8
                        raise ProviderBroke(
                            "Ollama stopped in the middle of the reply.", "Ask again."
                        ) from None
                if part.message.content:
                    yield part.message.content
                if part.done:
                    _log_durations(part)
                    break
            await self._read_tail(parts)

    async def _read_tail(self, parts: AsyncIterator[ollama.ChatResponse]) -> None:
        """Read to the end of the stream, so that the connection serves the next question too.

        The reply is complete, whatever comes here.
        """
        try:
            async with asyncio.timeout(TAIL_S):
                with self._translated():
                    async for _ in parts:
                        pass
        except (TimeoutError, ProviderError) as exc:
            log.debug("Ollama: the stream did not end after the reply: %s", exc)

    async def describe(self) -> OllamaState:
        """The state of the server and of the chosen model, for diagnosis.

        Raises:
            ProviderUnavailable: the address cannot be used.
            ProviderRefused: it answers, but with an error.
            ProviderBroke: what answers at the address does not speak Ollama's language.
        """
        client = self._connect()
        try:
            version = await self._version()
        except ProviderUnavailable:
            return OllamaState(running=False)
        with self._translated():
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                listed = await client.list()
        models = tuple(model.model for model in listed.models if model.model)
        loaded = await self._find_loaded()
        return OllamaState(
            running=True,
            version=version,
            models=models,
            pulled=any(_same_model(name, self._options.model) for name in models),
            loaded=loaded is not None,
            vram_bytes=None if loaded is None else int(loaded.size_vram or 0),
            context_length=None if loaded is None else loaded.context_length,
        )

    async def close(self) -> None:
        """Close connections. In the loop it lived in; may be called twice."""
        client, self._client = self._client, None
        self._warming = asyncio.Lock()  # a lock belongs to the loop it first waited in
        if client is not None:
            await client.close()  # type: ignore[no-untyped-call]

    def _request(self) -> _OllamaRequest:
        """The one place where options are made: see the module's docstring."""
        options: dict[str, int | float] = {
            "num_ctx": self._options.num_ctx,
            "num_predict": self._options.num_predict,
            "temperature": self._options.temperature,
        }
        if self._options.num_thread:
            options["num_thread"] = self._options.num_thread
        return {
            "model": self._options.model,
            "options": options,
            "keep_alive": _keep_alive(self._options.keep_alive),
        }

    def _connect(self) -> ollama.AsyncClient:
        if self._client is None:
            if not is_usable(self._url):
                raise ProviderUnavailable(
                    f"The Ollama address {self._options.host} cannot be used.",
                    "Write it in the settings file like http://127.0.0.1:11434.",
                )
            import httpx
            import ollama

            from app.providers.llm.strict_utf8 import require_utf8

            # identity: a compressing proxy would hold tokens back to fill its blocks
            headers = {"Accept-Encoding": "identity"}
            if self._api_key:
                headers["Authorization"] = f"Bearer {self._api_key}"
            self._client = ollama.AsyncClient(
                self._url,
                headers=headers,
                timeout=httpx.Timeout(
                    self._options.read_timeout_s, connect=self._options.connect_timeout_s
                ),
                event_hooks={"response": [require_utf8]},
                **http_options(self._url),
            )
        return self._client

    async def _find_loaded(self) -> ollama.ProcessResponse.Model | None:
        """Our model among those in memory. While it is being loaded, it is not."""
        with self._translated():
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                running = await self._connect().ps()
        for model in running.models:
            if _same_model(model.model or model.name or "", self._options.model):
                return model
        return None

    def _fits(self, context_length: int | None) -> bool:
        """Whether a model with this context would answer our chat without a reload.

        A server cuts `num_ctx` to what the model was trained for, so what it reported after
        our own load counts too; an older server reports nothing.
        """
        return context_length in (None, self._options.num_ctx, self._context_as_loaded)

    async def _version(self) -> str:
        """The one question the `ollama` client has no method for."""
        import httpx

        with self._translated():
            async with httpx.AsyncClient(
                timeout=httpx.Timeout(CHECK_TIMEOUT_S, connect=self._options.connect_timeout_s),
                **http_options(self._url),
            ) as client:
                answer = await client.get(f"{self._url}/api/version")
            if answer.is_error:
                raise self._refusal(answer.status_code, answer.text)
            return str(answer.json()["version"])

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Library exceptions in, ours out."""
        import httpx
        import ollama

        try:
            yield
        except ollama.ResponseError as exc:
            raise self._refusal(exc.status_code, str(exc.error)) from exc
        except (ConnectionError, httpx.ConnectError, httpx.ConnectTimeout) as exc:
            raise self._not_running() from exc
        except (TimeoutError, httpx.TimeoutException) as exc:
            raise ProviderBroke(
                "Ollama went silent.", "Ask again, or restart Ollama if it happens again."
            ) from exc
        except httpx.HTTPError as exc:
            raise ProviderBroke(
                "The connection to Ollama broke off.", "Ask again; Ollama may have restarted."
            ) from exc
        except (ValueError, TypeError, AttributeError, KeyError) as exc:
            # the client reads each line without checking what it is: invalid JSON or UTF-8,
            # and JSON of another shape, come out as these
            raise ProviderBroke(
                "Ollama sent something that is not an answer.",
                f"Check that Ollama is what answers at {self._url}.",
            ) from exc

    def _not_running(self) -> ProviderUnavailable:
        if self._local:
            return ProviderUnavailable(
                "Ollama is not running.", "Start it, or choose another model in the settings file."
            )
        return ProviderUnavailable(
            f"Ollama does not answer at {self._url}.",
            "Check that it runs there and can be reached.",
        )

    def _refusal(self, status: int, message: str) -> ProviderError:
        """What an error answer means. The client says -1 for an error inside a stream."""
        model = self._options.model
        if status == -1:
            return ProviderBroke(
                f"Ollama stopped in the middle of the reply: {one_line(message)}", "Ask again."
            )
        if status == 404 and "model" in message:
            return ProviderUnavailable(
                f"Ollama does not have the model {model}.", f"Get it with: ollama pull {model}"
            )
        if status == 404:
            return ProviderUnavailable(
                f"There is no Ollama at {self._url}.", "Check the address in the settings file."
            )
        if status in (401, 403):
            return ProviderRefused(
                f"Ollama at {self._url} does not let Parley in.",
                "Check its address and what its OLLAMA_HOST and OLLAMA_ORIGINS allow.",
            )
        if status == 503:
            return ProviderRefused("Ollama is busy.", "Ask again in a moment.")
        if status >= 500:
            hint = "Ask again, or restart Ollama if it happens again."
        else:
            hint = "Check the Ollama options in the settings file."
        return ProviderRefused(f"Ollama refused: {one_line(message)}", hint)


def server_url(host: str) -> str:
    """The address as a URL, read as Ollama's own tools read theirs: `host[:port]` is http."""
    host = host.strip().rstrip("/") or "127.0.0.1"
    if "://" in host:
        return host
    url = f"http://{host}"
    try:
        port = urlsplit(url).port
    except ValueError:
        return url
    return url if port else f"{url}:{DEFAULT_PORT}"


def is_cloud_model(model: str) -> bool:
    """Whether Ollama passes questions for this model on to its own cloud (`x:cloud`)."""
    return model.endswith((":cloud", "-cloud"))


def _same_model(one: str, other: str) -> bool:
    """Names are equal when the tag left out is `latest`."""

    def full(name: str) -> str:
        return name if ":" in name.rpartition("/")[2] else f"{name}:latest"

    return full(one) == full(other)


def _keep_alive(value: int | str) -> int | str:
    """A number written as text becomes one: the server answers "-1" in quotes with a 400."""
    try:
        return int(value)
    except ValueError:
        return value


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
