"""A server that speaks the OpenAI chat API (SSE), its bad days included.

Used in the test process::

    with OpenAiServer(key="sk-right") as server:
        server.once("rate_limited", retry_after="7")

It answers `POST .../chat/completions` under any prefix, because each client has its own
(`/v1`, `/openai/v1`), and `GET .../models`.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

import pytest

from tests.support.http_server import Exchange, Request, Scenario, ScenarioServer

SCENARIOS: Mapping[str, Mapping[str, Any]] = {
    "normal": {},
    "slow": {"first_token_s": 0.5, "words_per_second": 8.0},
    "400": {"message": "This model's maximum context length is 8192 tokens."},
    "401": {"message": "Incorrect API key provided."},
    "403": {"message": "Country, region, or territory not supported."},
    "404": {"message": "The model does not exist."},
    "429": {"message": "Rate limit reached.", "retry_after": "7"},
    "500": {"message": "The server had an error while processing your request."},
    "503": {"message": "Service unavailable."},
    "html": {},
    "sparse": {},
    "length": {},
    "garbage": {},
    "not_an_object": {},
    "invalid_utf8": {},
    "error_event": {"message": "The model is overloaded."},
    "cut": {},
    "no_finish": {},
    "no_done_marker": {},
    "dies": {},
    "resets": {},
    "dies_first": {},
    "hang_first": {},
    "hang_mid": {},
    "hang_end": {},
}


class OpenAiServer(ScenarioServer):
    """An OpenAI-style chat service on a real socket.

    Args:
        key: the only key it accepts; None accepts everybody.
    """

    scenarios = SCENARIOS

    def __init__(
        self, port: int = 0, scenario: str = "normal", *, key: str | None = None, **overrides: Any
    ) -> None:
        super().__init__(port, scenario, **overrides)
        self.key = key

    @property
    def chats(self) -> list[Request]:
        """The chat requests so far, in the order they came."""
        return [r for r in list(self.requests) if r.path.endswith("/chat/completions")]

    async def handle(self, exchange: Exchange) -> None:
        request = exchange.request
        if request.method == "GET" and request.path.endswith("/models"):
            exchange.json(200, {"object": "list", "data": [{"id": "local", "object": "model"}]})
            return
        if request.method != "POST" or not request.path.endswith("/chat/completions"):
            exchange.json(404, _error(404, f"no such path {request.path}"))
            return
        if self.key is not None and request.headers.get("authorization") != f"Bearer {self.key}":
            exchange.json(401, _error(401, "Incorrect API key provided."))
            return
        await self._complete(exchange, self.next_scenario())

    async def _complete(self, exchange: Exchange, scenario: Scenario) -> None:
        if scenario.name.isdigit():
            status = int(scenario.name)
            headers = {"Retry-After": scenario.retry_after} if scenario.retry_after else {}
            exchange.json(status, _error(status, scenario.message), headers)
            return
        await asyncio.sleep(scenario.first_token_s)
        match scenario.name:
            case "html":
                exchange.answer(200, b"<html><body>Welcome</body></html>", "text/html")
                return
            case "dies_first":
                exchange.break_off()
            case "hang_first":
                await asyncio.Event().wait()
        model = exchange.request.body.get("model", "")
        words = re.findall(r"\s*\S+", scenario.text)
        exchange.start_stream("text/event-stream")
        _send(exchange, _chunk(model, {"role": "assistant", "content": ""}))
        async for word in _breaking(words, scenario, exchange):
            chunk = _chunk(model, {"content": word})
            if scenario.name == "sparse":  # as servers do that send only what is needed
                chunk = {"choices": chunk["choices"]}
            _send(exchange, chunk)
            exchange.request.words_sent += 1
        usage = _usage(exchange.request)
        if scenario.name not in ("cut", "no_finish", "error_event"):
            last = _chunk(model, {}, "length" if scenario.name == "length" else "stop")
            if "/openai/" in exchange.request.path:  # Groq's address
                last["x_groq"] = {"id": "req_1", "usage": usage}
            _send(exchange, last)
        if (exchange.request.body.get("stream_options") or {}).get("include_usage"):
            _send(exchange, {**_chunk(model, {}), "choices": [], "usage": usage})
        if scenario.name == "hang_end":
            await asyncio.Event().wait()
        if scenario.name not in ("cut", "no_done_marker", "error_event"):
            exchange.chunk(b"data: [DONE]\n\n")
        exchange.end_stream()


async def _breaking(
    words: Sequence[str], scenario: Scenario, exchange: Exchange
) -> AsyncIterator[str]:
    """The words at their pace, until the scenario goes wrong."""
    for index, word in enumerate(words):
        if index == scenario.after_words:
            match scenario.name:
                case "dies" | "resets":
                    exchange.break_off(reset=scenario.name == "resets")
                case "hang_mid":
                    await asyncio.Event().wait()
                case "cut" | "no_finish":
                    return
                case "garbage":
                    exchange.chunk(b'data: {"choices":[{"del\n\n')
                case "not_an_object":
                    exchange.chunk(b"data: 42\n\n")
                case "invalid_utf8":
                    exchange.chunk(b'data: {"choices":[{"delta":{"content":"\xff\xfe"}}]}\n\n')
                case "error_event":
                    _send(exchange, _error(503, scenario.message))
                    return
        yield word
        pause_s = 1 / scenario.words_per_second if scenario.words_per_second else 0
        await asyncio.sleep(pause_s)


def _send(exchange: Exchange, data: Mapping[str, Any]) -> None:
    exchange.chunk(b"data: " + json.dumps(data).encode() + b"\n\n")


def _chunk(model: str, delta: Mapping[str, str], finish: str | None = None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
        "system_fingerprint": "fp_1",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def _usage(request: Request) -> dict[str, int]:
    """A word is a token here, a role too."""
    messages = request.body.get("messages") or []
    prompt = sum(1 + len(str(message.get("content", "")).split()) for message in messages)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": request.words_sent,
        "total_tokens": prompt + request.words_sent,
    }


def _error(status: int, message: str) -> dict[str, Any]:
    kinds = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}
    return {"error": {"message": message, "type": kinds.get(status, "api_error"), "code": None}}


@pytest.fixture
def openai_server() -> Iterator[OpenAiServer]:
    """A well-behaved service in this process."""
    with OpenAiServer() as server:
        yield server
