"""The request that is read without Parley is the one that Parley sends."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from app.bench.bare_read import BareReader, catch
from app.core.ports import Message
from app.errors import ProviderBroke
from app.providers import registry
from app.settings import LlmSettings, OllamaSettings, OpenAiSettings
from tests.support.http_server import Request
from tests.support.ollama_server import OllamaServer
from tests.support.openai_server import OpenAiServer

QUESTION = [Message("system", "Be short."), Message("user", "Is this the same request?")]


async def ask_both_ways(settings: LlmSettings, key: str | None) -> float:
    provider = registry.build_llm(settings.first_choice, settings, key)
    async for _ in provider.reply(QUESTION, "en"):
        pass
    await provider.close()
    async with BareReader(await catch(settings, key, QUESTION)) as reader:
        return await reader.first_token_ms()


def assert_equal(requests: Sequence[Request]) -> None:
    ours, bare = requests
    assert ours.body == bare.body
    assert ours.path == bare.path
    own = {"connection", "host"}
    assert {k: v for k, v in ours.headers.items() if k not in own} == {
        k: v for k, v in bare.headers.items() if k not in own
    }


def test_ollama_gets_the_same_request_twice() -> None:
    with OllamaServer() as server:
        options = OllamaSettings(host=server.url, num_thread=1, num_ctx=2048)
        first_ms = asyncio.run(ask_both_ways(LlmSettings(ollama=options), None))
        assert_equal(server.chats)
        assert server.loads == 1
    assert first_ms > 0


def test_an_openai_style_server_gets_the_same_request_twice_and_the_key() -> None:
    with OpenAiServer(key="sk-right") as server:
        options = OpenAiSettings(base_url=f"{server.url}/v1")
        settings = LlmSettings(order=("openai",), openai=options)
        first_ms = asyncio.run(ask_both_ways(settings, "sk-right"))
        assert_equal([request for request in server.requests if request.method == "POST"])
    assert first_ms > 0


@pytest.mark.parametrize("scenario", ["500", "dies_first", "html"])
def test_a_server_without_an_answer_gives_no_figure(scenario: str) -> None:
    async def read(settings: LlmSettings) -> None:
        async with BareReader(await catch(settings, None, QUESTION)) as reader:
            await reader.first_token_ms()

    with OllamaServer(scenario=scenario) as server:
        settings = LlmSettings(ollama=OllamaSettings(host=server.url))
        with pytest.raises(ProviderBroke):
            asyncio.run(read(settings))
