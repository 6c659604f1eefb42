"""The models on an Ollama server: list, download, delete, place anew."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

from app.core.downloads import Download, DownloadMeter
from app.core.ollama import OllamaState
from app.errors import ProviderBroke, ProviderError, ProviderRefused, ProviderUnavailable
from app.providers.llm.ollama_connection import CHECK_TIMEOUT_S, OllamaConnection
from app.providers.llm.ollama_request import ollama_request
from app.providers.llm.wording import one_line
from app.settings import OllamaSettings

if TYPE_CHECKING:
    import ollama

LIBRARY = "https://ollama.com/library"
AGAIN = "Download again: it goes on where it stopped."

GONE_WITHIN_S = 30.0
"""A model leaves memory once the answer it is giving is over, and a long one takes a while."""
LOOK_GONE_S = 0.05
"""Between two looks at whether it is gone; a look costs the server nothing."""

_DOING = {
    "pulling manifest": "Asking for the model",
    "verifying sha256 digest": "Checking the download",
    "writing manifest": "Almost done",
    "removing any unused layers": "Almost done",
    "success": "Downloaded",
}
"""The server's words for its steps, and ours."""


class OllamaModels:
    """Looks after the models of one server.

    Lives in one asyncio loop; after `close` it may begin again in another.

    Args:
        options: where the server is, and the model that was chosen.
        api_key: for servers behind a login; plain Ollama needs none.
    """

    def __init__(self, options: OllamaSettings, api_key: str | None = None) -> None:
        self._options = options
        self._server = OllamaConnection(options, api_key)

    @property
    def local(self) -> bool:
        """Whether the server's address is this computer."""
        return self._server.local

    @property
    def url(self) -> str:
        return self._server.url

    async def describe(self) -> OllamaState:
        """The state of the server and of the chosen model; loads nothing.

        Raises:
            ProviderError: see `OllamaConnection.describe`.
        """
        return await self._server.describe()

    async def pull(self, model: str) -> AsyncIterator[Download]:
        """Download a model, as a stream of how far it is.

        Cancelling the task, or closing the iterator (`contextlib.aclosing`), closes the
        connection, and the server stops. It keeps what came: calling again goes on from there.

        Raises:
            ProviderUnavailable: no such model, no network, or Ollama is not running.
            ProviderRefused: the server will not (disk full, version too old, ...).
            ProviderBroke: the connection, or the stream, ended before the download did.
        """
        client = await self._server.connect()
        import ollama

        meter = DownloadMeter()
        total = 0
        with self._server.translated():
            opened = await client.pull(model, stream=True)
        async with aclosing(cast("AsyncGenerator[ollama.ProgressResponse, None]", opened)) as news:
            while True:
                try:
                    with self._server.translated():
                        try:
                            part = await anext(news)
                        except ollama.ResponseError as exc:
                            raise _pull_refused(model, str(exc.error)) from exc
                except StopAsyncIteration:
                    raise ProviderBroke("The download stopped early.", AGAIN) from None
                except ProviderBroke as exc:
                    raise ProviderBroke("Ollama went away during the download.", AGAIN) from exc
                if part.digest and part.total:
                    here = meter.feed(
                        part.digest, part.completed or 0, part.total, time.perf_counter()
                    )
                    total = here.total_bytes
                    yield here
                    continue
                doing = _DOING.get(part.status or "", "")
                if doing:
                    yield Download(doing, total, total)
                if part.status == "success":
                    return

    async def delete(self, model: str) -> None:
        """Remove a model from the server's disk.

        Raises:
            ProviderUnavailable: it is not there, or Ollama is not running.
            ProviderRefused: the server will not.
        """
        client = await self._server.connect()
        import ollama

        with self._server.translated():
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                try:
                    await client.delete(model)
                except ollama.ResponseError as exc:
                    if exc.status_code == 404:
                        raise ProviderUnavailable(f"Ollama does not have {model}.") from exc
                    raise

    async def unload(self) -> None:
        """Take the chosen model out of the server's memory, whoever loaded it; returns once it is
        gone.

        Raises:
            ProviderUnavailable: Ollama is not running, or the model is not pulled.
            ProviderBroke: it does not go.
        """
        client = await self._server.connect()
        with self._server.translated():
            # without options: they are none of a request that loads nothing
            await client.generate(model=self._options.model, keep_alive=0)
        try:
            async with asyncio.timeout(GONE_WITHIN_S):
                while await self._server.find_loaded() is not None:
                    await asyncio.sleep(LOOK_GONE_S)
        except TimeoutError:
            raise ProviderBroke(
                f"Ollama does not let go of {self._options.model}.",
                "Wait until it has answered, and try again.",
            ) from None

    async def load(self) -> None:
        """Have the chosen model in memory with the options of every question, so that the next one
        need not load it again. Where it is put, GPU or processor, is the server's own choice.

        Cancelling makes the server give the load up.

        Raises:
            ProviderUnavailable: Ollama is not running, or the model is not pulled.
            ProviderRefused: it answered with an error.
            ProviderBroke: it went away during the load.
        """
        client = await self._server.connect()
        with self._server.translated():
            await client.generate(**ollama_request(self._options))

    async def close(self) -> None:
        """Close connections. In the loop it lived in; may be called twice."""
        await self._server.close()


def _pull_refused(model: str, message: str) -> ProviderError:
    """What an error line of a download means, as far as it is known."""
    words = message.lower()
    if "file does not exist" in words or "not found" in words:
        return ProviderUnavailable(
            f"There is no model {model} to download.", f"Look up its name at {LIBRARY}."
        )
    if "no space left" in words or "not enough space" in words:
        return ProviderRefused("The disk is full.", f"Make room. {AGAIN}")
    if "dial tcp" in words or "no such host" in words or "timeout" in words:
        return ProviderUnavailable(
            "Ollama cannot reach its library.", f"Check the network. {AGAIN}"
        )
    if "412" in words or "newer version" in words:
        return ProviderRefused(
            f"{model} needs a newer Ollama.", "Update Ollama, then download again."
        )
    return ProviderRefused(f"The download failed: {one_line(message)}", AGAIN)
