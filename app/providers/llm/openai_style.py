"""What all services with the OpenAI chat API have in common.

Their client libraries are made by one generator: the classes and exceptions have the same
names in each, so a service is a title, an address, and its library. Retries, back-off and the
choice of who answers are the caller's: the clients here try once.

The key is in memory and in the Authorization header, nowhere else: not in a message, a repr,
a log line, or the chain of a traceback.
"""

from __future__ import annotations

import asyncio
import email.utils
import logging
import math
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

from app.core.addresses import shown_url
from app.core.ports import Engine, Message, Stage, Usage, Warmth
from app.errors import ProviderBroke, ProviderRefused, ProviderUnavailable
from app.providers.llm.addresses import (
    http_options,
    is_usable,
    on_this_computer,
    without_login,
)
from app.providers.llm.once import Once
from app.providers.llm.wording import mark_of_cut, one_line
from app.settings import CloudSettings

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5.0
"""To reach a server anywhere on Earth takes well under a second when it can be reached."""
KEEP_CONNECTION_S = 30.0
"""How long an idle connection is kept: over the pauses of a conversation, because opening
one to a distant service takes several round trips before the first token."""
TAIL_S = 0.1
"""After the last word: how long to read on for the end marker, which lets the connection be
used again. The reply is complete without it."""
NO_KEY = "none"
"""Sent to servers on this computer that want no key, since the clients insist on one."""


@dataclass(frozen=True, slots=True)
class Service:
    """Who is asked."""

    name: str
    """Registry name, also the name the key is kept under."""
    title: str
    """As it begins a sentence."""
    address: str
    """Where it is when the settings name no other place."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A client and the library it comes from, whose exceptions it raises."""

    client: Any
    library: ModuleType


class OpenAiStyleLlm(ABC):
    """A model behind an OpenAI-style chat service.

    Lives in one asyncio loop; after `close` it may begin again in another.

    Args:
        options: which model, and where.
        api_key: None when there is none; only a server on this computer does without.
    """

    service: ClassVar[Service]

    def __init__(self, options: CloudSettings, api_key: str | None = None) -> None:
        self._options = self._own_options = options
        self._key = (api_key or "").strip()
        self._address = options.base_url or self.service.address
        self._local = on_this_computer(self._address)
        self._connection = Once(self._make_connection)
        self._usage: Usage | None = None

    @property
    def engine(self) -> Engine:
        return Engine(
            Stage.LLM, self.service.name, self._options.model, "server", local=self._local
        )

    @property
    def address(self) -> str:
        """As it may be shown."""
        return shown_url(self._address)

    @property
    def usage(self) -> Usage | None:
        return self._usage

    @property
    def title(self) -> str:
        """Who answers, at the beginning of a sentence."""
        return self.service.title

    async def ensure_warm(self) -> Warmth:
        """Check that there is a key and prepare the client; asks the service nothing.

        Raises:
            ProviderUnavailable: no key, or an address that cannot be used.
        """
        await self._connect()
        return Warmth(was_warm=True)

    def limit_replies(self, tokens: int) -> None:
        """As the port says: the limit goes with each request."""
        self._options = self._own_options.limited_to(tokens)

    def use_key(self, key: str | None) -> None:
        """Take another key, from the next request on. A reply that streams goes on."""
        self._key = (key or "").strip()

    async def models(self) -> tuple[str, ...]:
        """The names of the models the service has, as far as it tells.

        Raises:
            ProviderUnavailable: no key, no network, nobody answers.
            ProviderRefused: an error instead of the names.
            ProviderBroke: the answer broke off, or is none.
        """
        connection = await self._connect()
        with self._opening(connection.library), self._streaming(connection.library):
            listed = await connection.client.models.list()
            return tuple(str(_field(model, "id")) for model in listed.data)

    async def reply(self, messages: Sequence[Message], language: str) -> AsyncIterator[str]:
        """Stream the reply as text deltas.

        One that reached its longest in the middle of a sentence ends with three dots.
        Cancelling the task closes the connection. A caller that stops early without cancelling
        closes the iterator (`contextlib.aclosing`).

        Raises:
            ProviderUnavailable: no key, no network, nobody answers.
            ProviderRefused: an error instead of an answer.
            ProviderBroke: the stream, or the patience with it, ended before the reply did.
        """
        del language  # the system message asks for the language of the question
        self._usage = None
        tail = ""
        connection = await self._connect()
        stream = await self._ask(connection, messages, self._length_limit())
        async with stream:
            begun = False
            while True:
                with self._streaming(connection.library):
                    try:
                        chunk = await anext(stream)
                        text, finish_reason = _read(chunk)
                        self._usage = _usage(chunk) or self._usage
                    except StopAsyncIteration:
                        raise (self._stopped() if begun else self._nonsense()) from None
                begun = True
                if text:
                    tail = (tail + text)[-8:]
                    yield text
                if finish_reason is not None:
                    if finish_reason == "length" and (mark := mark_of_cut(tail)):
                        yield mark
                    break
            await self._read_tail(stream, connection.library)

    async def prefill(self, messages: Sequence[Message], language: str) -> bool:
        """Have a server on this computer read the prompt, by asking for one token, dropped.

        Anywhere else it does nothing: the words of a question that is never finished are not
        to leave, and a service would count them.

        Raises:
            ProviderUnavailable: nobody answers.
            ProviderRefused: an error instead of an answer.
            ProviderBroke: the stream ended too early.
        """
        del language
        if not self.engine.local:
            return False
        connection = await self._connect()
        one_token = dict.fromkeys(self._length_limit(), 1)
        stream = await self._ask(connection, messages, one_token)
        finish_reason = None
        async with stream:
            with self._streaming(connection.library):
                async for chunk in stream:
                    finish_reason = _read(chunk)[1] or finish_reason
        if finish_reason is None:
            raise self._stopped()
        return True

    async def _ask(
        self, connection: Connection, messages: Sequence[Message], length: Mapping[str, int]
    ) -> Any:
        """The open stream of one answer."""
        with self._opening(connection.library):
            return await connection.client.chat.completions.create(
                model=self._options.model,
                messages=[
                    {"role": message.role, "content": message.for_model} for message in messages
                ],
                temperature=self._options.temperature,
                stream=True,
                **length,
                **self._usage_wish(),
            )

    async def close(self) -> None:
        """Close connections. In the loop it lived in; may be called twice."""
        connection = self._connection.forget()
        if connection is not None:
            await connection.client.close()

    @abstractmethod
    def _open(self, key: str, address: str) -> Connection:
        """A client that tries once, made of the library, which is imported here. Not in the
        loop's thread."""

    def _length_limit(self) -> Mapping[str, int]:
        return {"max_completion_tokens": self._options.max_tokens}

    def _usage_wish(self) -> Mapping[str, Any]:
        """Ask for the figures, which come in a chunk behind the reply."""
        return {"stream_options": {"include_usage": True}}

    def _http(self, library: ModuleType) -> dict[str, Any]:
        """The client arguments about HTTP that all libraries share."""
        import httpx

        timeout_s = self._options.timeout_s
        limits = httpx.Limits(max_connections=10, keepalive_expiry=KEEP_CONNECTION_S)
        return {
            "max_retries": 0,
            "timeout": library.Timeout(timeout_s, connect=min(CONNECT_TIMEOUT_S, timeout_s)),
            "http_client": library.DefaultAsyncHttpxClient(
                limits=limits, **http_options(self._address)
            ),
        }

    async def _connect(self) -> Connection:
        if not is_usable(self._address):
            raise ProviderUnavailable(
                f"The address {self.address} cannot be used.",
                f"Write it in the settings file like {self.service.address}.",
            )
        self._usable_key()  # before a library is imported for nothing
        connection = await self._connection.get()
        # the libraries read it for each request, so a key saved since then is used
        connection.client.api_key = self._usable_key()
        return connection

    def _make_connection(self) -> Connection:
        connection = self._open(self._usable_key(), without_login(self._address))
        # the libraries import their chat classes at first use, which takes a moment too
        _ = connection.client.chat.completions
        return connection

    def _usable_key(self) -> str:
        """The key, checked: one with a stray character would end up whole in an exception."""
        hint = f"Save it in the engines panel, or with: parley keys set {self.service.name}"
        if not self._key:
            if self._local:
                return NO_KEY
            raise ProviderUnavailable(f"{self.title} needs a key.", hint)
        if not (self._key.isascii() and self._key.isprintable() and " " not in self._key):
            raise ProviderUnavailable(f"{self.title} needs a key of plain characters.", hint)
        return self._key

    async def _read_tail(self, stream: Any, library: ModuleType) -> None:
        """Read on to the end marker, so that the connection serves the next question too.

        The reply is complete, whatever comes here.
        """
        try:
            with self._streaming(library):
                async with asyncio.timeout(TAIL_S):
                    async for chunk in stream:
                        self._usage = _usage(chunk) or self._usage
        except (TimeoutError, ProviderBroke) as exc:
            log.debug("%s: no end marker: %s", self.service.name, exc)

    @contextmanager
    def _opening(self, library: ModuleType) -> Iterator[None]:
        """Translate what goes wrong before the answer begins."""
        try:
            yield
        except library.APIStatusError as exc:
            raise self._refusal(exc) from self._harmless(exc)
        except library.APIConnectionError as exc:
            # each library has its own copy of the HTTP library's classes: names are the same
            reason = type(exc.__cause__).__name__
            if reason in ("ConnectError", "ConnectTimeout"):
                raise self._unreachable() from self._harmless(exc)
            if isinstance(exc, library.APITimeoutError):
                raise self._silent() from self._harmless(exc)
            raise self._broken_off() from self._harmless(exc)
        except library.APIError as exc:
            raise self._nonsense() from self._harmless(exc)

    @contextmanager
    def _streaming(self, library: ModuleType) -> Iterator[None]:
        """Translate what goes wrong in the middle of the answer."""
        import httpx

        try:
            yield
        except (library.APITimeoutError, httpx.TimeoutException) as exc:
            raise self._silent() from self._harmless(exc)
        except (library.APIConnectionError, httpx.HTTPError) as exc:
            raise self._broken_off() from self._harmless(exc)
        except library.APIError as exc:
            said = one_line(_message(exc), self._key)
            raise self._stopped(said) from self._harmless(exc)
        except (ValueError, TypeError, AttributeError) as exc:
            # the libraries do not check what they read: invalid JSON or UTF-8, and JSON of
            # another shape, come out as these
            raise self._nonsense() from self._harmless(exc)

    def _harmless(self, exc: Exception) -> Exception | None:
        """The exception as a cause for the log, unless it repeats the key."""
        return None if self._key and self._key in str(exc) else exc

    def _unreachable(self) -> ProviderUnavailable:
        hint = "Start the server." if self._local else "Check the network connection."
        return ProviderUnavailable(f"{self.title} cannot be reached.", hint)

    def _silent(self) -> ProviderBroke:
        return ProviderBroke(
            f"{self.title} sent nothing for {self._options.timeout_s:g} s.",
            "Ask again, or choose another model in Parley's settings, under Language models.",
        )

    def _broken_off(self) -> ProviderBroke:
        return ProviderBroke(f"{self.title} broke off the connection.", "Ask again.")

    def _stopped(self, said: str = "") -> ProviderBroke:
        why = f": {said}" if said else "."
        return ProviderBroke(f"{self.title} stopped in the middle of the reply{why}", "Ask again.")

    def _nonsense(self) -> ProviderBroke:
        return ProviderBroke(
            f"{self.title} sent something that is not an answer.",
            "Check the address in the settings file.",
        )

    def _refusal(self, exc: Any) -> ProviderRefused:
        """What an error answer means, from its status."""
        status = int(exc.status_code)
        said = one_line(_message(exc), self._key)
        wait_s = retry_after_s(exc.response.headers)
        if status == 401:
            title = f"{self.title} does not accept the key (401)."
            hint = "Save the right one in the engines panel, or with: "
            hint += f"parley keys set {self.service.name}"
        elif status == 403:
            title = f"{self.title} does not allow this: {said}"
            hint = (
                "Check what the key may do, or choose another model in Parley's settings, under "
                "Language models."
            )
        elif status == 404:
            title = f"{self.title} has no model {self._options.model}."
            hint = "Choose another model, or correct the address, in the settings file."
        elif status == 429 and wait_s is not None:
            title = f"{self.title} wants no more questions for {math.ceil(wait_s)} s."
            hint = "Wait, or choose another model in Parley's settings, under Language models."
        elif status == 429:
            title = f"{self.title} wants no more questions for now."
            hint = (
                "Wait a little, or choose another model in Parley's settings, under Language "
                "models."
            )
        elif status >= 500:
            title = f"{self.title} has a failure of its own ({status})."
            hint = (
                "Ask again in a moment, or choose another model in Parley's settings, under "
                "Language models."
            )
        else:
            title = f"{self.title} refused the question ({status}): {said}"
            hint = "Choose another model in Parley's settings, under Language models."
        return ProviderRefused(title, hint, retry_after_s=wait_s, status=status)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """How long a service asks to wait, in seconds: as a number or as a date."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            then = email.utils.parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = then.timestamp() - time.time()
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _read(chunk: Any) -> tuple[str, str | None]:
    """The text of one chunk, and why the reply ends with it: None when it does not."""
    choices = _field(chunk, "choices")
    if not choices:  # a chunk with usage figures only
        return "", None
    delta = _field(choices[0], "delta")
    text = None if delta is None else _field(delta, "content")
    if not isinstance(text, str | None):
        raise TypeError(f"a delta of type {type(text).__name__}")
    return text or "", _field(choices[0], "finish_reason")


def _usage(chunk: Any) -> Usage | None:
    """The figures of a chunk that has some; Groq has a place of its own for them."""
    for holder in (chunk, getattr(chunk, "x_groq", None)):
        figures = getattr(holder, "usage", None)
        counts = [getattr(figures, f"{part}_tokens", None) for part in ("prompt", "completion")]
        match counts:
            case [int(prompt_tokens), int(reply_tokens)] if prompt_tokens > 0:
                return Usage(prompt_tokens, reply_tokens)
    return None


def _field(thing: Any, name: str) -> Any:
    """A chunk that a library does not fully recognise keeps its parts as plain mappings."""
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name)


def _message(exc: Any) -> str:
    """The service's own words, out of whichever shape the library keeps them in."""
    body = exc.body
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        if isinstance(inner, Mapping):
            inner = inner.get("message")
        if isinstance(inner, str):
            return inner
    return str(exc.message)
