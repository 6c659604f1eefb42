"""A small real HTTP server for tests that plays scenarios, well-behaved and broken ones.

It listens on a real socket of 127.0.0.1 and runs either in a thread of the test process
(`with SomeServer() as server`) or as a process of its own (`serve_forever`), for tests that
kill a server. It is written on `asyncio.Protocol` because a test must see at once when the
other side goes away, and must be able to break off a reply at any byte.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import urlsplit

REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
DEFAULT_TEXT = "The capital of France is Paris. It lies on the Seine."


@dataclass(eq=False)
class Request:
    """One request as it arrived, and what became of it. Written by the server's thread."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Any
    """Parsed JSON, None when there was no body."""
    at: float = field(default_factory=time.perf_counter)
    finished: bool = False
    """The whole answer was handed to the socket."""
    disconnected_at: float | None = None
    """When the client went away before that (perf_counter)."""
    words_sent: int = 0
    """How many words of a streamed reply were handed to the socket."""

    @property
    def disconnected(self) -> bool:
        return self.disconnected_at is not None

    def as_json(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "path": self.path,
            "body": self.body,
            "finished": self.finished,
            "disconnected": self.disconnected,
            "words_sent": self.words_sent,
        }


@dataclass(frozen=True)
class Scenario:
    """How one reply goes."""

    name: str = "normal"
    text: str = DEFAULT_TEXT
    first_token_s: float = 0.0
    """Time before the first word (and before the headers, as real servers do)."""
    words_per_second: float = 500.0
    """0 sends them as fast as the socket takes them."""
    after_words: int = 4
    """How many words come before a scenario that breaks in the middle breaks."""
    retry_after: str = ""
    """The Retry-After header of a refusal, as it is written."""
    message: str = ""
    """The words of a refusal; empty uses the server's usual ones."""


class BrokenOffError(Exception):
    """The scenario ended the connection; nothing more can be sent."""


class Exchange:
    """One request and the means to answer it. Used in the server's loop."""

    def __init__(self, request: Request, transport: asyncio.Transport) -> None:
        self.request = request
        self._transport = transport

    def head(
        self, status: int, content_type: str, headers: Mapping[str, str], length: int | None
    ) -> None:
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, '')}"]
        if content_type:
            lines.append(f"Content-Type: {content_type}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines.append(
            "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
        )
        self._transport.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def answer(
        self,
        status: int,
        body: bytes,
        content_type: str = "text/plain",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """A whole answer."""
        self.head(status, content_type, headers or {}, len(body))
        self._transport.write(body)
        self.request.finished = True

    def json(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
        self.answer(status, json.dumps(body).encode(), "application/json", headers)

    def start_stream(self, content_type: str) -> None:
        self.head(200, content_type, {}, None)

    def chunk(self, data: bytes) -> None:
        self._transport.write(b"%x\r\n%s\r\n" % (len(data), data))

    def send(self, data: bytes) -> None:
        """Bytes of a stream as they are, which the caller has cut into chunks."""
        self._transport.write(data)

    def end_stream(self) -> None:
        self._transport.write(b"0\r\n\r\n")
        self.request.finished = True

    def break_off(self, *, reset: bool = False) -> None:
        """Close the socket in the middle, as a dying process does; `reset` sends a RST."""
        if reset:
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
        raise BrokenOffError


class _Connection(asyncio.Protocol):
    """Reads requests one after another and runs the server's handler for each."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._buffer = bytearray()
        self._transport: asyncio.Transport
        self._request: Request | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections.add(transport)
        self._server.connections_made += 1

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self._transport)
        if self._request is not None and not self._request.finished:
            self._request.disconnected_at = time.perf_counter()
        if self._task is not None:
            self._task.cancel()

    def _next(self) -> None:
        if self._task is not None:
            return
        head, separator, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not separator:
            return
        start, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (s.partition(":") for s in lines)
        }
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return
        self._buffer = bytearray(rest[length:])
        method, target, _ = start.split(" ", 2)
        body = json.loads(rest[:length]) if length else None
        self._request = Request(method, urlsplit(target).path, headers, body)
        if not self._request.path.startswith("/debug/"):
            self._server.requests.append(self._request)
        self._task = asyncio.get_running_loop().create_task(self._answer(self._request))

    async def _answer(self, request: Request) -> None:
        exchange = Exchange(request, self._transport)
        try:
            await self._server.handle(exchange)
        except BrokenOffError:
            request.finished = True
            return
        self._task = None
        self._next()


class HttpServer:
    """The socket and its thread. `requests` may be read from any thread at any time."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        """The port; chosen by the system at the first start when it was 0, then kept."""
        self.requests: list[Request] = []
        self.connections: set[asyncio.Transport] = set()
        self.connections_made = 0
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, exchange: Exchange) -> None:
        """Answer one request; cancelled when the client goes away."""
        raise NotImplementedError

    def start(self) -> None:
        """Listen, in a thread of this process. Starting again uses the same port."""
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(ready.set)),
            name=type(self).__name__,
            daemon=True,
        )
        self._thread.start()
        assert ready.wait(10), "the test server did not start"

    def stop(self) -> None:
        """Stop listening and drop every connection at once, as a killed process would."""
        if self._thread is None:
            return
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._thread = None

    def serve_forever(self, ready: Callable[[], object]) -> None:
        """Listen in this thread until the process ends."""
        asyncio.run(self._serve(ready))

    async def _serve(self, ready: Callable[[], object]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await self._loop.create_server(lambda: _Connection(self), "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        ready()
        await self._stop.wait()
        server.close()
        for connection in list(self.connections):
            connection.abort()
        await asyncio.sleep(0)  # lets `connection_lost` run and cancel the handlers

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def wait_until(self, condition: Callable[[], bool], timeout_s: float = 5.0) -> bool:
        """Whether `condition` became true in time; polled in the caller's thread."""
        end = time.perf_counter() + timeout_s
        while not condition():
            if time.perf_counter() > end:
                return False
            time.sleep(0.005)
        return True


class ScenarioServer(HttpServer):
    """A server whose next replies can be chosen, from any thread.

    Subclasses list their scenarios: name → what differs from `Scenario`'s defaults.
    """

    scenarios: Mapping[str, Mapping[str, Any]] = {"normal": {}}

    def __init__(self, port: int = 0, scenario: str = "normal", **overrides: Any) -> None:
        super().__init__(port)
        self._standing = self._make(scenario, overrides)
        self._queued: deque[Scenario] = deque()

    def scenario(self, name: str, **overrides: Any) -> Self:
        """Play this from now on. `overrides` are `Scenario` fields."""
        self._standing = self._make(name, overrides)
        return self

    def once(self, name: str, **overrides: Any) -> Self:
        """Play this for the next reply only; several calls queue up."""
        self._queued.append(self._make(name, overrides))
        return self

    def _make(self, name: str, overrides: Mapping[str, Any]) -> Scenario:
        if name not in self.scenarios:
            raise ValueError(f"no scenario {name!r}; there are {', '.join(self.scenarios)}")
        return replace(Scenario(name=name), **{**self.scenarios[name], **overrides})

    def next_scenario(self) -> Scenario:
        return self._queued.popleft() if self._queued else self._standing
