"""The way to an Ollama server: its address, one HTTP client, its errors in our words.

Shared by what talks with a model (`ollama.py`) and what looks after models (`ollama_models.py`).
"""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from app.core.addresses import shown_url
from app.core.ollama import ModelFacts, OllamaState, same_model
from app.errors import ProviderBroke, ProviderError, ProviderRefused, ProviderUnavailable
from app.providers.llm import builtin_files
from app.providers.llm.addresses import http_options, is_usable, on_this_computer, without_login
from app.providers.llm.once import Once
from app.providers.llm.wording import one_line, words_within
from app.settings import OllamaSettings, Settings

if TYPE_CHECKING:
    import httpx
    import ollama

DEFAULT_PORT = 11434
CHECK_TIMEOUT_S = 5.0
"""For questions a server answers from memory (version, list, ps). A busy one takes
milliseconds; the long read time-out is for loads and generation alone."""
FACTS_GOOD_FOR_S = 600.0
"""Somebody may put another model in the place of this name; asking costs the server a look into
the model's file."""


class OllamaConnection:
    """One Ollama server as a client sees it.

    Lives in one asyncio loop; after `close` it may begin again in another. One HTTP client is
    kept between requests, because making one costs more than a first token may.

    Args:
        options: where the server is; its `model` is the one that errors and `find_loaded` mean.
        api_key: for servers behind a login; plain Ollama needs none.
    """

    def __init__(self, options: OllamaSettings, api_key: str | None = None) -> None:
        self._options = options
        self._api_key = api_key
        self._client = Once(self._make_client)
        self._address = server_url(options.host)
        self.url = shown_url(self._address)
        """The address as it may be shown: without a login."""
        self.local = on_this_computer(self._address)
        """Whether requests stay on this computer."""
        self.facts: ModelFacts | None = None
        """What the server said about the model when it was asked last."""
        self._facts_until = -math.inf  # time.monotonic()
        self._has_answered = False  # wherever its program is, it was there
        self._was_away = False  # when somebody asked how it is

    async def connect(self) -> ollama.AsyncClient:
        """The client. Its library is imported at the first call, beside the loop, so this comes
        before `translated`, which needs the library's exceptions.

        Raises:
            ProviderUnavailable: the address cannot be used.
        """
        if not is_usable(self._address):
            raise ProviderUnavailable(
                f"The Ollama address {shown_url(self._options.host)} cannot be used.",
                "Write it in the settings file like http://127.0.0.1:11434.",
            )
        return await self._client.get()

    def _make_client(self) -> ollama.AsyncClient:
        import httpx
        import ollama

        from app.providers.llm.strict_utf8 import require_utf8
        from app.providers.llm.untruncated import never_truncate

        # identity: a compressing proxy would hold tokens back to fill its blocks
        headers = {"Accept-Encoding": "identity"}
        if self._api_key:
            headers["Authorization"] = f"Bearer {self._api_key}"
        return ollama.AsyncClient(
            without_login(self._address),
            headers=headers,
            timeout=httpx.Timeout(
                self._options.read_timeout_s, connect=self._options.connect_timeout_s
            ),
            event_hooks={"request": [never_truncate], "response": [require_utf8]},
            **http_options(self._address),
        )

    async def loaded_models(self) -> Sequence[ollama.ProcessResponse.Model]:
        """Every model in memory, other programs' too. One that is being loaded is not there."""
        client = await self.connect()
        with self.translated():
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                return (await client.ps()).models

    def ours(
        self, models: Sequence[ollama.ProcessResponse.Model]
    ) -> ollama.ProcessResponse.Model | None:
        """Our model among these."""
        for model in models:
            if same_model(model.model or model.name or "", self._options.model):
                return model
        return None

    async def find_loaded(self) -> ollama.ProcessResponse.Model | None:
        """Our model among those in memory."""
        return self.ours(await self.loaded_models())

    async def look_up(self) -> ModelFacts:
        """What the server knows about our model; asked for every `FACTS_GOOD_FOR_S`, and anew
        when the server was away.

        Raises:
            ProviderUnavailable: Ollama is not running, or the model is not pulled.
            ProviderRefused: the server will not say.
            ProviderBroke: it went away, or what it said is no answer.
        """
        if self.facts is None or time.monotonic() >= self._facts_until:
            await self.connect()
            with self.translated():
                answer = await self._ask("POST", "/api/show", {"model": self._options.model})
                if answer.status_code >= 400 and answer.status_code not in (401, 403, 404, 503):
                    raise ProviderRefused(
                        f"Ollama does not say where {self._options.model} is computed: "
                        f"{one_line(_error_in(answer))}",
                        "Until it does, nothing is sent to it. Restart or update Ollama.",
                    )
                if answer.is_error:
                    raise self._refusal(answer.status_code, _error_in(answer))
                self.facts = _facts(answer.json())
            self._facts_until = time.monotonic() + FACTS_GOOD_FOR_S
        return self.facts

    async def describe(self) -> OllamaState:
        """The state of the server and of the chosen model, for diagnosis.

        Raises:
            ProviderUnavailable: the address cannot be used.
            ProviderRefused: it answers, but with an error.
            ProviderBroke: what answers at the address does not speak Ollama's language.
        """
        client = await self.connect()
        if self._was_away and await self._is_deserted():
            return OllamaState(running=False)
        try:
            version = await self._version()
        except ProviderUnavailable:
            self._was_away = True
            return OllamaState(running=False)
        self._was_away = False
        with self.translated():
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                listed = await client.list()
        named = {model.model: int(model.size or 0) for model in listed.models if model.model}
        models = tuple(named)
        pulled = any(same_model(name, self._options.model) for name in models)
        loaded = await self.find_loaded()
        facts, no_facts_because = None, ""
        if pulled:
            try:
                facts = await self.look_up()
            except ProviderError as exc:
                no_facts_because = exc.title
        return OllamaState(
            running=True,
            version=version,
            models=models,
            sizes=tuple(named.values()),
            pulled=pulled,
            loaded=loaded is not None,
            vram_bytes=None if loaded is None else int(loaded.size_vram or 0),
            size_bytes=None if loaded is None or not loaded.size else int(loaded.size),
            context_length=None if loaded is None else loaded.context_length,
            facts=facts,
            no_facts_because=no_facts_because,
        )

    async def close(self) -> None:
        """Close connections. In the loop it lived in; may be called twice."""
        client = self._client.forget()
        if client is not None:
            await client.close()  # type: ignore[no-untyped-call]

    async def _is_deserted(self) -> bool:
        """Whether nobody takes connections where the server would be on this computer. Asked every
        two seconds for as long as there is none: 0.3 ms, where the HTTP client takes 3 ms."""
        if not self.local:
            return False
        parts = urlsplit(self._address)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            async with asyncio.timeout(self._options.connect_timeout_s):
                _, writer = await asyncio.open_connection(parts.hostname, port)
        except OSError:  # TimeoutError is one
            return True
        writer.close()
        return False

    async def _version(self) -> str:
        """
        Raises:
            ProviderUnavailable: nobody answers.
            ProviderRefused: somebody wants to know who we are, or is busy.
            ProviderBroke: somebody answers who is no Ollama, or falls silent.
        """
        import httpx

        with self.translated():
            try:
                answer = await self._ask("GET", "/api/version")
            except httpx.RemoteProtocolError as exc:
                raise self._no_ollama() from exc  # it does not even speak HTTP
        if answer.is_error and answer.status_code != 404:
            raise self._refusal(answer.status_code, _error_in(answer))
        try:
            return str(answer.json()["version"])
        except (ValueError, TypeError, KeyError) as exc:
            raise self._no_ollama() from exc

    async def _ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        """What the `ollama` client has no method for, or drops from the answer; sent through
        its own HTTP client: the same login, headers and open connection."""
        import httpx

        http = cast("httpx.AsyncClient", (await self.connect())._client)
        timeout = httpx.Timeout(CHECK_TIMEOUT_S, connect=self._options.connect_timeout_s)
        return await http.request(method, path, json=body, timeout=timeout)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Library exceptions in, ours out."""
        import httpx
        import ollama

        try:
            yield
            self._has_answered = True
        except ollama.ResponseError as exc:
            self._has_answered = True
            raise self._refusal(exc.status_code, str(exc.error)) from exc
        except (ConnectionError, httpx.ConnectError, httpx.ConnectTimeout) as exc:
            self._facts_until = -math.inf  # who answers next may be another server
            raise self.absence() from exc
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
                f"Check that Ollama is what answers at {self.url}.",
            ) from exc

    def _no_ollama(self) -> ProviderBroke:
        return ProviderBroke(
            f"What answers at {self.url} is no Ollama.",
            "End that program, or write Ollama's own address into the settings file.",
        )

    def absence(self) -> ProviderUnavailable:
        """Why nobody answers, and the next step."""
        if self.local and not self._has_answered and not _is_installed():
            hint = "Install it from https://ollama.com/download. Parley notices by itself."
            if builtin_files.has_libraries():
                hint = (
                    "Install it from https://ollama.com/download, or choose the small model that "
                    "runs inside Parley."
                )
            return ProviderUnavailable("Ollama is not installed.", hint)
        if self.local:
            return ProviderUnavailable(
                "Ollama is not running.",
                "Start it, or choose another model in Parley's settings, under Language models.",
            )
        return ProviderUnavailable(
            f"Ollama does not answer at {self.url}.",
            "Check that it runs there and can be reached.",
        )

    def _refusal(self, status: int, message: str) -> ProviderError:
        """What an error answer means. The client says -1 for an error inside a stream."""
        message = words_within(message)
        model = self._options.model
        if status == -1:
            return ProviderBroke(
                f"Ollama stopped in the middle of the reply: {one_line(message)}", "Ask again."
            )
        if status == 404 and "model" in message:
            return ProviderUnavailable(
                f"Ollama does not have the model {model}.",
                f"Download it in Parley's settings, under Models, or with `ollama pull {model}`.",
            )
        if status == 404:
            return ProviderUnavailable(
                f"There is no Ollama at {self.url}.", "Check the address in the settings file."
            )
        if status == 401:
            return ProviderRefused(
                f"Ollama at {self.url} asks for a password.",
                "Write it into the address in the settings file: http://name:password@server.",
            )
        if status == 403:
            return ProviderRefused(
                f"Ollama at {self.url} does not let Parley in.",
                "Check its address and what its OLLAMA_HOST and OLLAMA_ORIGINS allow.",
            )
        if status == 400 and "context" in message and ("exceed" in message or "long" in message):
            return ProviderRefused(
                f"The conversation is too long for {model}.",
                "Ask a shorter question, or raise num_ctx in the settings file.",
            )
        if status == 503:
            return ProviderRefused("Ollama is busy.", "Ask again in a moment.")
        if status >= 500:
            hint = "Ask again, or restart Ollama if it happens again."
        else:
            hint = "Check the Ollama options in the settings file."
        return ProviderRefused(f"Ollama refused: {one_line(message)}", hint)


def _is_installed() -> bool:
    """Whether its program is on this computer. A few looks at the disk."""
    from app.providers.llm.ollama_program import find_program  # which needs this module

    return find_program(os.environ) is not None


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


def with_environment(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """`settings` with the address from OLLAMA_HOST, where the settings name none of their own.

    An address to listen on everywhere (0.0.0.0) is asked at 127.0.0.1: Windows cannot connect
    to the former.
    """
    host = environ.get("OLLAMA_HOST", "").strip().strip("\"'")
    if not host or settings.llm.ollama.host != OllamaSettings().host:
        return settings
    parts = urlsplit(server_url(host))
    if parts.hostname in ("0.0.0.0", "::"):
        host = parts._replace(netloc=f"127.0.0.1:{parts.port or DEFAULT_PORT}").geturl()
    ollama = settings.llm.ollama.model_copy(update={"host": host})
    llm = settings.llm.model_copy(update={"ollama": ollama})
    return settings.model_copy(update={"llm": llm})


def is_cloud_model(model: str) -> bool:
    """Whether the name alone says that Ollama passes questions on to its cloud (`x:cloud`).

    Any other name may be an alias for such a model; `OllamaConnection.look_up` tells.
    """
    return model.lower().endswith((":cloud", "-cloud"))


def _facts(shown: Any) -> ModelFacts:
    """The answer of `/api/show`.

    Raises:
        TypeError, AttributeError: it is none.
    """
    host = _text(shown, "remote_host")
    if not host and not _text(shown, "remote_model"):
        return ModelFacts(trained_context=_trained_context(shown), thinks=_thinks(shown))
    remote = urlsplit(host).hostname or host or "another computer"
    return ModelFacts(remote_host=remote, thinks=_thinks(shown))


def _thinks(shown: Any) -> bool:
    return "thinking" in (shown.get("capabilities") or ())  # an older server tells none


def _text(shown: Any, name: str) -> str:
    value = shown.get(name) or ""
    if not isinstance(value, str):
        raise TypeError(f"{name} of type {type(value).__name__}")
    return value


def _trained_context(shown: Any) -> int | None:
    """Named after the model's family, such as "llama.context_length"."""
    about = shown.get("model_info") or {}
    family = about.get("general.architecture")
    context = about.get(f"{family}.context_length")
    return context if isinstance(context, int) and context > 0 else None


def _error_in(answer: httpx.Response) -> str:
    """The server's own words, out of `{"error": "..."}` or whatever it is."""
    try:
        said = answer.json()["error"]
    except (ValueError, TypeError, KeyError):
        return answer.text or f"status {answer.status_code}"
    return str(said)
