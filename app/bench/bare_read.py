"""What a reply costs without Parley: the same request, read from the socket by httpx alone.

The request is not built a second time, it is caught: a provider is pointed at a socket of our
own for one question, and what it sends is sent to the real server again, byte for byte. So the
overhead holds whatever the provider does, and a request that reloads the model is none we make.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

import httpx

from app.core.ports import LlmProvider, Message
from app.errors import ProviderBroke, ProviderError
from app.providers import registry
from app.providers.llm.addresses import http_options
from app.providers.llm.ollama import server_url
from app.settings import LlmSettings

REFUSAL = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
"""Clients do not try again after this."""

COMPUTED_HERE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
"""To Ollama's `/api/show`, without which no question is put to it: the model is no cloud's."""

OWN_HEADERS = ("host", "content-length", "connection")
"""Set by the client that sends the request."""

READ_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Request:
    """A chat request as it was on the wire. The headers may hold a key: never show them."""

    url: str
    headers: Mapping[str, str]
    body: bytes


def can_be_read(provider: LlmProvider) -> bool:
    """Whether the engine is a server close by, whose answers come steadily enough for this."""
    return provider.engine.local and provider.engine.name in ("ollama", "openai")


async def catch(settings: LlmSettings, key: str | None, messages: Sequence[Message]) -> Request:
    """What the chosen provider would send for `messages`.

    Raises:
        ProviderBroke: it sent nothing.
    """
    caught: asyncio.Future[tuple[str, dict[str, str], bytes]]
    caught = asyncio.get_running_loop().create_future()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # a connection that was opened for nothing, or a second try, says nothing new
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            request = await _read_request(reader)
            asks_first = request[0].endswith("/api/show")
            if not asks_first and not caught.done():
                caught.set_result(request)
            writer.write(COMPUTED_HERE if asks_first else REFUSAL)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        provider, base = _pointed_at(f"http://127.0.0.1:{port}", settings, key)
        with suppress(ProviderError):  # it is refused, of course
            async for _ in provider.reply(messages, "en"):
                pass
        await provider.close()
    if not caught.done():
        raise ProviderBroke("The model's request could not be caught.")
    target, headers, body = caught.result()
    kept = {name: value for name, value in headers.items() if name not in OWN_HEADERS}
    return Request(base + target, kept, body)


class BareReader:
    """Sends one request again and again over a connection that stays open. One asyncio loop."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._client = httpx.AsyncClient(timeout=READ_TIMEOUT_S, **http_options(request.url))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._client.aclose()

    async def first_token_ms(self) -> float:
        """From the request to the arrival of the first piece of text; reads to the end.

        Raises:
            ProviderBroke: no text came.
        """
        first_at: float | None = None
        unread = b""
        request = self._request
        started = time.perf_counter()
        try:
            async with self._client.stream(
                "POST", request.url, content=request.body, headers=dict(request.headers)
            ) as response:
                async for piece in response.aiter_raw():
                    if first_at is not None:
                        continue
                    arrived_at = time.perf_counter()
                    *lines, unread = (unread + piece).split(b"\n")
                    if any(map(_text, lines)):
                        first_at = arrived_at
        except httpx.HTTPError as exc:
            raise _broke_off() from exc
        if first_at is None:
            raise _sent_nothing()
        return (first_at - started) * 1000

    async def whole_reply(self) -> str:
        """All the text of one answer.

        Raises:
            ProviderBroke: none came.
        """
        request = self._request
        try:
            response = await self._client.post(
                request.url, content=request.body, headers=dict(request.headers)
            )
        except httpx.HTTPError as exc:
            raise _broke_off() from exc
        text = "".join(map(_text, response.content.splitlines()))
        if not text:
            raise _sent_nothing()
        return text


def _broke_off() -> ProviderBroke:
    return ProviderBroke("The model's server broke off a bare read.")


def _sent_nothing() -> ProviderBroke:
    return ProviderBroke("The model's server sent no text to a bare read.")


def _text(line: bytes) -> str:
    """What a line of Ollama's, or of an OpenAI-style stream, carries of the reply."""
    payload = line.strip().removeprefix(b"data:").strip()
    if not payload.startswith(b"{"):
        return ""
    try:
        answer = json.loads(payload)
    except ValueError:
        return ""
    message = answer.get("message") or {}
    choices = answer.get("choices") or [{}]
    delta = choices[0].get("delta") or {}
    return str(message.get("content") or delta.get("content") or "")


def _pointed_at(url: str, settings: LlmSettings, key: str | None) -> tuple[LlmProvider, str]:
    """The chosen provider, talking to `url`; and the address it talks to otherwise."""
    name = settings.first_choice
    if name == "ollama":
        real = server_url(settings.ollama.host)
        changed = settings.ollama.model_copy(update={"host": url + urlsplit(real).path})
        options = settings.model_copy(update={"ollama": changed})
    else:
        real = settings.openai.address
        service = settings.openai.model_copy(update={"base_url": url + urlsplit(real).path})
        options = settings.model_copy(update={"openai": service})
    parts = urlsplit(real)
    return registry.build_llm(name, options, key), f"{parts.scheme}://{parts.netloc}"


async def _read_request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    """Target, headers with lower-case names, body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return first.split(" ")[1], headers, body
