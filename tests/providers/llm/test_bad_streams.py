"""All that an Ollama server was seen to do instead of answering properly, in the order of the
notes on it; and the refusals of services. On real sockets, with what the user is told.

What becomes of the reply then, `tests/end_to_end/test_fallback.py` and
`tests/end_to_end/test_killed_servers.py` show.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.request import Request, urlopen

import pytest

from app.core.ports import Message
from app.errors import ProviderBroke, ProviderRefused, ProviderUnavailable
from app.providers.llm.cerebras import CerebrasLlm
from app.providers.llm.groq import GroqLlm
from app.providers.llm.ollama import OllamaLlm
from app.providers.llm.openai_style import OpenAiStyleLlm
from app.settings import CloudSettings, OllamaSettings
from tests.providers.llm.replies import Reply, ask, collect, run
from tests.support.http_server import DEFAULT_TEXT
from tests.support.ollama_server import OllamaServer
from tests.support.openai_server import OpenAiServer

LONG = (Message("user", "word " * 600),)


def make(server: OllamaServer, **options: Any) -> OllamaLlm:
    return OllamaLlm(OllamaSettings(host=server.url, **options))


def paths(server: OllamaServer) -> list[str]:
    return [request.path for request in server.requests]


# --- 1. the stream ends politely, without `done` ------------------------------------------


@pytest.mark.parametrize("text", ["ha " * 31, "It is Paris", "It is Paris."])
def test_an_end_without_done_is_a_failure_with_all_its_words(
    ollama_server: OllamaServer, text: str
) -> None:
    ollama_server.scenario("no_done", text=text.strip(), after_words=999)
    reply = ask(make(ollama_server))
    assert reply.text == text.strip()
    assert type(reply.error) is ProviderBroke
    assert reply.error.title == "Ollama stopped in the middle of the reply."


def test_bytes_that_are_no_text_are_a_failure_and_not_shown(ollama_server: OllamaServer) -> None:
    ollama_server.scenario("invalid_utf8", after_words=2)
    reply = ask(make(ollama_server))
    assert reply.text == "The capital"
    assert type(reply.error) is ProviderBroke


# --- 2. the runner is killed --------------------------------------------------------------


def test_a_killed_runner_is_told_and_loaded_anew_though_it_is_still_listed(
    ollama_server: OllamaServer,
) -> None:
    ollama_server.once("error_line", after_words=2)
    llm = make(ollama_server)

    async def through_the_crash() -> tuple[Reply, bool, Reply]:
        await llm.ensure_warm()
        broken = await collect(llm)
        still_listed = (await llm.ensure_warm()).was_warm
        return broken, still_listed, await collect(llm)

    broken, still_listed, after = run(llm, through_the_crash)
    assert broken.text == "The capital"
    assert type(broken.error) is ProviderBroke
    assert "unexpected EOF" in broken.error.title
    assert still_listed, "nothing tells that it crashed"
    assert after == Reply(after.deltas, None)
    assert after.text == DEFAULT_TEXT
    assert ollama_server.loads == 2


# --- 3. closing the connection ------------------------------------------------------------


def test_a_question_is_left_at_once_though_the_server_reads_on(
    ollama_server: OllamaServer,
) -> None:
    """A server notices in the middle of a prompt only after its next batch of 512 tokens."""
    ollama_server.prompt_s_per_word = 0.05
    ollama_server.batch_s = 0.6
    llm = make(ollama_server)

    async def change_ones_mind() -> tuple[float, float, Reply]:
        await llm.ensure_warm()
        task = asyncio.create_task(collect(llm, LONG))
        await asyncio.to_thread(ollama_server.wait_until, lambda: bool(ollama_server.words_read))
        left_at = time.perf_counter()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        took_s = time.perf_counter() - left_at
        after = await collect(llm, (Message("user", "hi"),))
        return took_s, time.perf_counter() - left_at, after

    took_s, waited_s, after = run(llm, change_ones_mind)
    assert took_s < ollama_server.batch_s
    assert waited_s > ollama_server.batch_s, "the next question stands behind it"
    assert after.text == DEFAULT_TEXT


# --- 4. a prompt longer than the context --------------------------------------------------


def test_a_long_prompt_is_refused_in_words_and_not_cut(ollama_server: OllamaServer) -> None:
    """The server's `error` is a text that contains JSON. No brace of it reaches the user."""
    reply = ask(make(ollama_server, num_ctx=512), LONG)
    assert ollama_server.chats[-1].body["truncate"] is False
    assert reply.deltas == ()
    assert type(reply.error) is ProviderRefused
    assert reply.error.title == "The conversation is too long for phi3:mini."
    assert reply.error.hint == "Ask a shorter question, or raise num_ctx in the settings file."


@pytest.mark.parametrize("status", ["400", "500"])
@pytest.mark.parametrize(
    "said",
    [
        '{"error":{"code":400,"message":"no such grammar","type":"invalid_request_error"}}',
        '{"error":"no such grammar"}',
        '{"message":"no such grammar"}',
        "no such grammar",
    ],
)
def test_an_error_within_an_error_is_told_in_its_words(
    ollama_server: OllamaServer, status: str, said: str
) -> None:
    ollama_server.scenario(status, message=said)
    error = ask(make(ollama_server)).error
    assert type(error) is ProviderRefused
    assert error.title == "Ollama refused: no such grammar."


def test_json_of_another_kind_is_shown_as_it_is(ollama_server: OllamaServer) -> None:
    ollama_server.scenario("400", message='["odd"]')
    error = ask(make(ollama_server)).error
    assert error is not None
    assert error.title == 'Ollama refused: ["odd"].'


# --- 5. unloaded in the middle of a reply -------------------------------------------------


def test_a_reply_is_finished_when_somebody_unloads_its_model(
    ollama_server: OllamaServer,
) -> None:
    ollama_server.scenario("normal", words_per_second=30.0)
    llm = make(ollama_server)

    async def unload_in_the_middle() -> tuple[str, str | None, bool]:
        await llm.ensure_warm()
        heard = ""
        async for delta in llm.reply((Message("user", "hi"),), "en"):
            if not heard:
                await asyncio.to_thread(unload, ollama_server)
                assert ollama_server.loaded, "it answers at once and unloads afterwards"
            heard += delta
        deadline = time.monotonic() + 10  # the server does it after its last line
        while ollama_server.loaded and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        gone = ollama_server.loaded
        return heard, gone, (await llm.ensure_warm()).was_warm

    heard, gone, was_warm = run(llm, unload_in_the_middle)
    assert heard == DEFAULT_TEXT
    assert gone is None
    assert not was_warm, "noticed, and loaded again"
    assert ollama_server.loads == 2


def unload(server: OllamaServer) -> None:
    """As `ollama stop` does."""
    body = b'{"model": "phi3:mini", "keep_alive": 0}'
    with urlopen(Request(f"{server.url}/api/generate", body)) as answer:
        assert b'"unload"' in answer.read()


# --- 6. the model made anew under its name ------------------------------------------------


@pytest.mark.parametrize("num_ctx", [4096, 8192])
def test_a_model_that_is_listed_twice_is_loaded_once(
    ollama_server: OllamaServer, num_ctx: int
) -> None:
    """The left-over one may have another context, as the old model's file may have said."""
    before = make(ollama_server, num_ctx=num_ctx)
    run(before, before.ensure_warm)
    ollama_server.create_again()
    llm = make(ollama_server, num_ctx=4096)

    async def go_on() -> tuple[list[bool], str]:
        await llm.ensure_warm()
        text = (await collect(llm)).text
        return [(await llm.ensure_warm()).was_warm for _ in range(3)], text

    warm, text = run(llm, go_on)
    assert text == DEFAULT_TEXT
    assert warm == [True, True, True]
    assert ollama_server.loads == 2, "the old one and the new one"
    assert paths(ollama_server).count("/api/generate") <= 2


# --- services: Cerebras and Groq ----------------------------------------------------------


@pytest.fixture(params=[GroqLlm, CerebrasLlm], ids=lambda kind: kind.service.name)
def kind(request: pytest.FixtureRequest) -> type[OpenAiStyleLlm]:
    found: type[OpenAiStyleLlm] = request.param
    return found


def cloud(kind: type[OpenAiStyleLlm], url: str) -> OpenAiStyleLlm:
    return kind(CloudSettings(model="m", base_url=url, timeout_s=0.5), "sk-1")


@pytest.mark.parametrize(
    ("scenario", "error", "words"),
    [
        ("401", ProviderRefused, "does not accept the key (401)."),
        ("429", ProviderRefused, "wants no more questions for 7 s."),
        ("500", ProviderRefused, "has a failure of its own (500)."),
        ("503", ProviderRefused, "has a failure of its own (503)."),
        ("html", ProviderBroke, "sent something that is not an answer."),
        ("garbage", ProviderBroke, "sent something that is not an answer."),
        ("invalid_utf8", ProviderBroke, "sent something that is not an answer."),
        ("dies_first", ProviderBroke, "broke off the connection."),
        ("resets", ProviderBroke, "broke off the connection."),
        ("cut", ProviderBroke, "stopped in the middle of the reply."),
        ("hang_first", ProviderBroke, "sent nothing for 0.5 s."),
        ("hang_mid", ProviderBroke, "sent nothing for 0.5 s."),
    ],
)
def test_what_a_service_does_is_told_in_one_line(
    kind: type[OpenAiStyleLlm], scenario: str, error: type[Exception], words: str
) -> None:
    with OpenAiServer(scenario=scenario) as server:
        reply = ask(cloud(kind, server.url))
        assert len(server.chats) == 1, "asked once"
    assert type(reply.error) is error
    assert reply.error.title == f"{kind.service.title} {words}"
    assert reply.error.hint


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://nowhere.invalid"])
def test_without_a_network_a_service_cannot_be_reached(
    kind: type[OpenAiStyleLlm], url: str
) -> None:
    """Nobody listens at the one, and no name server knows the other."""
    reply = ask(cloud(kind, url))
    assert type(reply.error) is ProviderUnavailable
    assert reply.error.title == f"{kind.service.title} cannot be reached."
    assert reply.error.hint
