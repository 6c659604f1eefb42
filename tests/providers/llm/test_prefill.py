"""Prefill: the prompt is read before the question is complete, and nothing else happens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.core.ports import LlmProvider, Message, Prefills, Usage
from app.errors import ProviderBroke, ProviderError, ProviderRefused, ProviderUnavailable
from app.providers.llm.ollama import OllamaLlm
from app.providers.llm.openai import OpenAiLlm
from app.settings import CloudSettings, OllamaSettings
from tests.providers.llm.replies import QUESTION, collect, run
from tests.support.http_server import DEFAULT_TEXT
from tests.support.ollama_server import OllamaServer
from tests.support.openai_server import OpenAiServer

BEGINNING = (QUESTION[0], Message("user", "What is the capital"))
ELSEWHERE = "http://192.0.2.1:11434"
"""An address of nobody: whoever asks there waits for the time-out."""


def ollama(server: OllamaServer, **options: Any) -> OllamaLlm:
    return OllamaLlm(OllamaSettings(host=server.url, **options))


def openai(server: OpenAiServer, **options: Any) -> OpenAiLlm:
    return OpenAiLlm(CloudSettings(model="m", base_url=f"{server.url}/v1", **options))


def warm_then(llm: OllamaLlm, work: Callable[[], Awaitable[None]]) -> None:
    """`work` with the model in memory."""

    async def both() -> None:
        await llm.ensure_warm()
        await work()

    run(llm, both)


async def cancel_under_way(llm: Prefills, server: OllamaServer | OpenAiServer) -> None:
    """Prefill, cancelled in the middle; returns when the server has seen the client go."""
    task = asyncio.create_task(llm.prefill(BEGINNING, "en"))
    assert await asyncio.to_thread(server.wait_until, lambda: bool(server.chats))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(server.wait_until, lambda: server.chats[-1].disconnected, 0.9), (
        "the server computes on"
    )


# --- Ollama -------------------------------------------------------------------------------


def test_warm_up_prefill_and_chat_differ_in_the_length_alone(ollama_server: OllamaServer) -> None:
    llm = ollama(ollama_server, num_thread=3, num_ctx=2048, keep_alive="10m")

    async def use() -> None:
        await llm.prefill(BEGINNING, "en")
        await collect(llm)

    warm_then(llm, use)
    preload = next(r.body for r in ollama_server.requests if r.path == "/api/generate")
    prefill, chat = (request.body for request in ollama_server.chats)
    assert prefill["options"] == {**chat["options"], "num_predict": 1}
    assert preload["options"] == chat["options"]
    assert preload["keep_alive"] == prefill["keep_alive"] == chat["keep_alive"] == "10m"
    assert set(prefill) == set(chat)
    assert prefill["truncate"] is False
    assert [message["content"] for message in prefill["messages"]] == [m.text for m in BEGINNING]
    assert ollama_server.loads == 1


def test_the_reply_after_it_finds_the_beginning_in_the_cache(ollama_server: OllamaServer) -> None:
    llm = ollama(ollama_server)

    async def use() -> None:
        await llm.prefill(BEGINNING, "en")
        await collect(llm)

    warm_then(llm, use)
    assert ollama_server.words_read == [8, 2]


def test_its_tokens_are_no_replys(ollama_server: OllamaServer) -> None:
    llm = ollama(ollama_server)
    seen: list[Usage | None] = []

    async def use() -> None:
        await llm.prefill(BEGINNING, "en")
        seen.append(llm.usage)
        await collect(llm)
        seen.append(llm.usage)
        await llm.prefill(BEGINNING, "en")
        seen.append(llm.usage)

    warm_then(llm, use)
    assert seen == [None, Usage(10, 11), Usage(10, 11)]


@pytest.mark.parametrize("scenario", ["hang_first", "hang_mid"])
def test_cancelling_it_closes_the_connection(ollama_server: OllamaServer, scenario: str) -> None:
    llm = ollama(ollama_server)

    async def use() -> None:
        ollama_server.once(scenario, after_words=0)
        await cancel_under_way(llm, ollama_server)
        assert (await collect(llm)).text == DEFAULT_TEXT

    warm_then(llm, use)


def test_it_never_loads(ollama_server: OllamaServer) -> None:
    llm = ollama(ollama_server)
    run(llm, lambda: llm.prefill(BEGINNING, "en"))
    assert [request.path for request in ollama_server.requests] == ["/api/show", "/api/ps"]

    other = ollama(ollama_server, num_ctx=1024)
    run(other, other.ensure_warm)
    run(llm, lambda: llm.prefill(BEGINNING, "en"))
    assert ollama_server.loads == 1
    assert not ollama_server.chats


@pytest.mark.parametrize(
    ("scenario", "kind"),
    [
        ("no_done", ProviderBroke),
        ("dies_first", ProviderBroke),
        ("garbage", ProviderBroke),
        ("404", ProviderUnavailable),
        ("503", ProviderRefused),
    ],
)
def test_what_goes_wrong_is_told_as_for_a_reply(
    ollama_server: OllamaServer, scenario: str, kind: type[ProviderError]
) -> None:
    llm = ollama(ollama_server)

    async def use() -> None:
        ollama_server.scenario(scenario, after_words=0)
        with pytest.raises(kind) as caught:
            await llm.prefill(BEGINNING, "en")
        error = (await collect(llm)).error
        assert error is not None
        assert (type(error), error.title) == (type(caught.value), caught.value.title)

    warm_then(llm, use)


def test_without_a_server() -> None:
    with OllamaServer() as server:
        llm = ollama(server)
    with pytest.raises(ProviderUnavailable):
        run(llm, lambda: llm.prefill(BEGINNING, "en"))


# --- servers that speak OpenAI's language --------------------------------------------------


def test_prefill_and_chat_of_an_openai_server_differ_in_the_length_alone() -> None:
    with OpenAiServer() as server:
        llm = openai(server, max_tokens=200)

        async def use() -> None:
            await llm.prefill(BEGINNING, "en")
            assert llm.usage is None
            await collect(llm, BEGINNING)

        run(llm, use)
        prefill, chat = (request.body for request in server.chats)
    assert chat["max_tokens"] == 200
    assert prefill == {**chat, "max_tokens": 1}


def test_cancelling_it_closes_the_connection_of_an_openai_server() -> None:
    with OpenAiServer() as server:
        llm = openai(server)

        async def use() -> None:
            server.once("hang_first")
            await cancel_under_way(llm, server)
            assert (await collect(llm)).text == DEFAULT_TEXT

        run(llm, use)


@pytest.mark.parametrize(
    ("scenario", "kind"), [("cut", ProviderBroke), ("html", ProviderBroke), ("500", ProviderError)]
)
def test_a_prefill_that_goes_wrong_on_an_openai_server(
    scenario: str, kind: type[ProviderError]
) -> None:
    with OpenAiServer(scenario=scenario) as server:
        llm = openai(server)
        with pytest.raises(kind):
            run(llm, lambda: llm.prefill(BEGINNING, "en"))


# --- elsewhere -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "llm",
    [
        OllamaLlm(OllamaSettings(host=ELSEWHERE)),
        OllamaLlm(OllamaSettings(model="gpt-oss:120b-cloud")),
        OpenAiLlm(CloudSettings(model="m", base_url=ELSEWHERE), "sk-test"),
    ],
)
def test_no_unfinished_question_leaves_this_computer(
    llm: LlmProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    import httpx

    def asked(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("a request went out")

    monkeypatch.setattr(httpx.AsyncClient, "send", asked)
    assert isinstance(llm, Prefills)
    prefills: Prefills = llm
    run(llm, lambda: prefills.prefill(BEGINNING, "en"))
