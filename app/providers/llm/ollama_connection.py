"""The way to an Ollama server: its address, one HTTP client, its errors in our words.

Shared by what talks with a model (`ollama.py`) and what looks after models (`ollama_models.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.core.ollama import OllamaState
from app.errors import ProviderBroke, ProviderError, ProviderRefused, ProviderUnavailable
from app.providers.llm.addresses import http_options, is_usable, on_this_computer
from app.providers.llm.wording import one_line
from app.settings import OllamaSettings, Settings

if TYPE_CHECKING:
    import ollama

DEFAULT_PORT = 11434
CHECK_TIMEOUT_S = 5.0
"""For questions a server answers from memory (version, list, ps). A busy one takes
milliseconds; the long read time-out is for loads and generation alone."""


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
        self._client: ollama.AsyncClient | None = None
        self.url = server_url(options.host)
        self.local = on_this_computer(self.url)
        """Whether requests stay on this computer."""

    def connect(self) -> ollama.AsyncClient:
        if self._client is None:
            if not is_usable(self.url):
                raise ProviderUnavailable(
                    f"The Ollama address {self._options.host} cannot be used.",
                    "Write it in the settings file like http://127.0.0.1:11434.",
                )
            import httpx
            import ollama

            from app.providers.llm.strict_utf8 import require_utf8
            from app.providers.llm.untruncated import never_truncate

            # identity: a compressing proxy would hold tokens back to fill its blocks
            headers = {"Accept-Encoding": "identity"}
            if self._api_key:
                headers["Authorization"] = f"Bearer {self._api_key}"
            self._client = ollama.AsyncClient(
                self.url,
                headers=headers,
                timeout=httpx.Timeout(
                    self._options.read_timeout_s, connect=self._options.connect_timeout_s
                ),
                event_hooks={"request": [never_truncate], "response": [require_utf8]},
                **http_options(self.url),
            )
        return self._client

    async def find_loaded(self) -> ollama.ProcessResponse.Model | None:
        """Our model among those in memory. While it is being loaded, it is not."""
        with self.translated():
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                running = await self.connect().ps()
        for model in running.models:
            if same_model(model.model or model.name or "", self._options.model):
                return model
        return None

    async def describe(self) -> OllamaState:
        """The state of the server and of the chosen model, for diagnosis.

        Raises:
            ProviderUnavailable: the address cannot be used.
            ProviderRefused: it answers, but with an error.
            ProviderBroke: what answers at the address does not speak Ollama's language.
        """
        client = self.connect()
        try:
            version = await self._version()
        except ProviderUnavailable:
            return OllamaState(running=False)
        with self.translated():
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                listed = await client.list()
        models = tuple(model.model for model in listed.models if model.model)
        loaded = await self.find_loaded()
        return OllamaState(
            running=True,
            version=version,
            models=models,
            pulled=any(same_model(name, self._options.model) for name in models),
            loaded=loaded is not None,
            vram_bytes=None if loaded is None else int(loaded.size_vram or 0),
            size_bytes=None if loaded is None or not loaded.size else int(loaded.size),
            context_length=None if loaded is None else loaded.context_length,
        )

    async def close(self) -> None:
        """Close connections. In the loop it lived in; may be called twice."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()  # type: ignore[no-untyped-call]

    async def _version(self) -> str:
        """The one question the `ollama` client has no method for."""
        import httpx

        with self.translated():
            async with httpx.AsyncClient(
                timeout=httpx.Timeout(CHECK_TIMEOUT_S, connect=self._options.connect_timeout_s),
                **http_options(self.url),
            ) as client:
                answer = await client.get(f"{self.url}/api/version")
            if answer.is_error:
                raise self._refusal(answer.status_code, answer.text)
            return str(answer.json()["version"])

    @contextmanager
    def translated(self) -> Iterator[None]:
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
                f"Check that Ollama is what answers at {self.url}.",
            ) from exc

    def _not_running(self) -> ProviderUnavailable:
        if self.local:
            return ProviderUnavailable(
                "Ollama is not running.", "Start it, or choose another model in the settings file."
            )
        return ProviderUnavailable(
            f"Ollama does not answer at {self.url}.",
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
                f"There is no Ollama at {self.url}.", "Check the address in the settings file."
            )
        if status in (401, 403):
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
    """Whether Ollama passes questions for this model on to its own cloud (`x:cloud`)."""
    return model.endswith((":cloud", "-cloud"))


def same_model(one: str, other: str) -> bool:
    """Names are equal when the tag left out is `latest`."""

    def full(name: str) -> str:
        return name if ":" in name.rpartition("/")[2] else f"{name}:latest"

    return full(one) == full(other)
