"""What every language model that is served somewhere promises, on real sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from app.core.ports import LlmProvider, Message, ReportsUsage, Stage
from app.errors import ProviderBroke, ProviderError, ProviderRefused, ProviderUnavailable
from app.providers.llm.cerebras import CerebrasLlm
from app.providers.llm.groq import GroqLlm
from app.providers.llm.ollama import OllamaLlm
from app.providers.llm.openai import OpenAiLlm
from app.providers.llm.openai_style import OpenAiStyleLlm
from app.settings import CloudSettings, OllamaSettings
from tests.providers.llm.replies import QUESTION, ask, collect, run
from tests.support.http_server import DEFAULT_TEXT
from tests.support.ollama_server import OllamaServer
from tests.support.openai_server import OpenAiServer

Server = OllamaServer | OpenAiServer


@dataclass(frozen=True)
class Case:
    """A provider and a server that speaks its language."""

    make: Callable[[str, float], LlmProvider]
    """Takes the server's URL, and how many seconds of silence to bear."""
    server: Callable[[], Server]


def _ollama(url: str, patience_s: float) -> LlmProvider:
    return OllamaLlm(OllamaSettings(host=url, read_timeout_s=patience_s))


def _cloud(kind: type[OpenAiStyleLlm]) -> Callable[[str, float], LlmProvider]:
    return lambda url, patience_s: kind(
        CloudSettings(model="m", base_url=url, timeout_s=patience_s), "sk-test"
    )


CASES = {
    "ollama": Case(_ollama, OllamaServer),
    "openai": Case(_cloud(OpenAiLlm), OpenAiServer),
    "groq": Case(_cloud(GroqLlm), OpenAiServer),
    "cerebras": Case(_cloud(CerebrasLlm), OpenAiServer),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def server(case: Case) -> Iterator[Server]:
    with case.server() as running:
        yield running


@pytest.fixture
def llm(case: Case, server: Server) -> LlmProvider:
    return case.make(server.url, 10.0)


def test_every_served_model_in_the_registry_is_under_this_contract() -> None:
    from app.providers.registry import LLM

    assert set(CASES) == set(LLM) - {"skills"}


def test_deltas_join_to_the_reply(llm: LlmProvider, server: Server) -> None:
    reply = ask(llm)
    assert reply.error is None
    assert reply.text == DEFAULT_TEXT
    assert len(reply.deltas) == len(DEFAULT_TEXT.split())


def test_deltas_arrive_while_the_server_still_speaks(llm: LlmProvider, server: Server) -> None:
    server.scenario("hang_mid", after_words=3)

    async def first_three() -> list[str]:
        stream = aiter(llm.reply(QUESTION, "en"))
        return [await anext(stream) for _ in range(3)]

    assert run(llm, first_three) == ["The", " capital", " of"]


def test_text_of_all_scripts_arrives_whole(llm: LlmProvider, server: Server) -> None:
    text = "Ça va\u00a0? Да. 日本語 🙂 \u2028 “fin”"
    server.scenario("normal", text=text)
    assert ask(llm).text == text


def test_messages_arrive_in_order_and_unchanged(llm: LlmProvider, server: Server) -> None:
    conversation = (
        Message("system", "Be brief."),
        Message("user", "Hallo, wie heißt du?"),
        Message("assistant", "Parley."),
        Message("user", 'Say "no"\nand\tmore <b>'),
    )
    ask(llm, conversation)
    sent = server.chats[-1].body
    assert [(m["role"], m["content"]) for m in sent["messages"]] == [
        (m.role, m.text) for m in conversation
    ]
    assert sent["stream"] is True


def test_a_note_is_sent_behind_the_question(llm: LlmProvider, server: Server) -> None:
    ask(llm, (Message("user", "quelle heure est-il", "(Answer in French.)"),))
    sent = server.chats[-1].body["messages"]
    assert sent == [{"role": "user", "content": "quelle heure est-il\n\n(Answer in French.)"}]


def test_what_the_service_counted_is_kept_until_the_next_reply(
    llm: LlmProvider, server: Server
) -> None:
    assert isinstance(llm, ReportsUsage)
    assert llm.usage is None
    ask(llm)
    assert llm.usage is not None
    assert llm.usage.prompt_tokens == 10  # the fake servers count words, roles included
    assert llm.usage.reply_tokens == len(DEFAULT_TEXT.split())
    server.scenario("dies_first")
    ask(llm)
    assert llm.usage is None


def test_cancelling_closes_the_connection_at_once(llm: LlmProvider, server: Server) -> None:
    server.scenario("hang_mid", after_words=3)

    async def cancel_in_the_middle() -> float:
        heard = asyncio.Event()

        async def listen() -> None:
            async for delta in llm.reply(QUESTION, "en"):
                if delta == " of":
                    heard.set()

        task = asyncio.create_task(listen())
        await asyncio.wait_for(heard.wait(), 10)
        cancelled_at = time.perf_counter()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # the provider is still open: closing it is not what ends the request
        request = server.chats[-1]
        seen = await asyncio.to_thread(server.wait_until, lambda: request.disconnected, 0.9)
        assert seen, "the server did not see the client go"
        return cancelled_at

    cancelled_at = run(llm, cancel_in_the_middle)
    gone_at = server.chats[-1].disconnected_at
    assert gone_at is not None
    assert gone_at - cancelled_at < 0.9


def test_cancelling_before_the_first_token_closes_the_connection(
    llm: LlmProvider, server: Server
) -> None:
    server.scenario("hang_first")

    async def cancel_while_it_thinks() -> None:
        task = asyncio.create_task(collect(llm))
        await asyncio.to_thread(server.wait_until, lambda: bool(server.chats))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        seen = await asyncio.to_thread(
            server.wait_until, lambda: server.chats[-1].disconnected, 0.9
        )
        assert seen

    run(llm, cancel_while_it_thinks)


def test_closing_the_iterator_closes_the_connection(llm: LlmProvider, server: Server) -> None:
    server.scenario("hang_mid", after_words=2)

    async def stop_early() -> None:
        stream = llm.reply(QUESTION, "en")
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]
        seen = await asyncio.to_thread(
            server.wait_until, lambda: server.chats[-1].disconnected, 0.9
        )
        assert seen

    run(llm, stop_early)


def test_a_cancelled_reply_leaves_the_provider_usable(llm: LlmProvider, server: Server) -> None:
    server.once("hang_first")

    async def again() -> str:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(collect(llm), 0.2)
        return (await collect(llm)).text

    assert run(llm, again) == DEFAULT_TEXT


def test_nobody_listening(case: Case) -> None:
    with case.server() as server:
        url = server.url
    reply = ask(case.make(url, 10.0))
    assert type(reply.error) is ProviderUnavailable
    assert reply.deltas == ()


@pytest.mark.parametrize("scenario", ["dies", "resets", "garbage", "not_an_object", "invalid_utf8"])
def test_breaking_in_the_middle_keeps_what_came_before(
    llm: LlmProvider, server: Server, scenario: str
) -> None:
    server.scenario(scenario, after_words=4)
    reply = ask(llm)
    assert type(reply.error) is ProviderBroke
    assert reply.text == "The capital of France"


@pytest.mark.parametrize("scenario", ["dies_first", "html"])
def test_breaking_before_the_first_token(llm: LlmProvider, server: Server, scenario: str) -> None:
    server.scenario(scenario)
    reply = ask(llm)
    assert type(reply.error) is ProviderBroke
    assert reply.deltas == ()


@pytest.mark.parametrize(("scenario", "words"), [("hang_first", ""), ("hang_mid", "The capital")])
def test_silence_is_a_break(case: Case, server: Server, scenario: str, words: str) -> None:
    server.scenario(scenario, after_words=2)
    reply = ask(case.make(server.url, 0.3))
    assert type(reply.error) is ProviderBroke
    assert reply.error.hint
    assert reply.text == words
    assert server.wait_until(lambda: server.chats[-1].disconnected)


@pytest.mark.parametrize("scenario", ["400", "500", "503"])
def test_an_error_for_an_answer_is_a_refusal(
    llm: LlmProvider, server: Server, scenario: str
) -> None:
    server.scenario(scenario)
    assert type(ask(llm).error) is ProviderRefused


def test_a_refusal_is_not_asked_again(llm: LlmProvider, server: Server) -> None:
    server.scenario("500")
    ask(llm)
    assert len(server.chats) == 1


@pytest.mark.parametrize("scenario", ["400", "404", "500", "503", "dies", "html"])
def test_every_error_is_readable(llm: LlmProvider, server: Server, scenario: str) -> None:
    server.scenario(scenario)
    error = ask(llm).error
    assert isinstance(error, ProviderError)
    assert error.title.endswith(".")
    assert error.hint
    assert "\n" not in str(error)
    assert "{" not in error.title


def test_warming_lets_the_next_reply_through(llm: LlmProvider, server: Server) -> None:
    async def warm_then_ask() -> str:
        await llm.ensure_warm()
        return (await collect(llm)).text

    assert run(llm, warm_then_ask) == DEFAULT_TEXT
    assert len(server.chats) == 1, "warming must not generate"


def test_a_server_that_comes_back_is_used_again(llm: LlmProvider, server: Server) -> None:
    async def through_a_restart() -> list[str]:
        texts = [(await collect(llm)).text]
        await asyncio.to_thread(server.stop)
        assert type((await collect(llm)).error) is ProviderUnavailable
        await asyncio.to_thread(server.start)
        texts.append((await collect(llm)).text)
        return texts

    assert run(llm, through_a_restart) == [DEFAULT_TEXT, DEFAULT_TEXT]


def test_closing_twice_and_before_use(llm: LlmProvider) -> None:
    async def close_around() -> None:
        await llm.close()
        await collect(llm)
        await llm.close()
        await llm.close()

    asyncio.run(close_around())


def test_after_closing_it_can_live_in_another_loop(llm: LlmProvider, server: Server) -> None:
    assert [ask(llm).text, ask(llm).text] == [DEFAULT_TEXT, DEFAULT_TEXT]


def test_the_engine_says_who_and_where(llm: LlmProvider) -> None:
    engine = llm.engine
    assert engine.stage is Stage.LLM
    assert engine.model
    assert engine.device == "server"
    assert engine.local, "the test server is on this computer"
    assert not engine.stand_in


def test_a_proxy_in_the_environment_is_not_asked_for_a_local_server(
    llm: LlmProvider, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert ask(llm).text == DEFAULT_TEXT
