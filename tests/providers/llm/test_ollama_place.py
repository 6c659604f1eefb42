"""A model of the server on this computer that a cloud computes: known before a word is sent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from app.core.ollama import ModelFacts
from app.errors import ProviderError, ProviderRefused, ProviderUnavailable
from app.providers.llm import ollama_connection
from app.providers.llm.ollama import OllamaLlm
from app.settings import OllamaSettings
from tests.providers.llm.replies import QUESTION, ask, collect, run
from tests.support.http_server import DEFAULT_TEXT
from tests.support.ollama_server import OllamaServer

CLOUD = "https://ollama.com:443"
ON_TO_A_CLOUD = "Ollama passes questions for phi3:mini on to ollama.com."


def make(server: OllamaServer, **options: Any) -> OllamaLlm:
    return OllamaLlm(OllamaSettings(host=server.url, **options))


@pytest.fixture
def alias() -> Iterator[OllamaServer]:
    """A server whose phi3:mini stands for a model of Ollama's cloud."""
    with OllamaServer(aliases={"phi3:mini": CLOUD}) as server:
        yield server


def test_an_alias_is_known_for_what_it_is_and_nothing_is_loaded(alias: OllamaServer) -> None:
    llm = make(alias)
    assert run(llm, llm.ensure_warm).was_warm
    assert not llm.engine.local
    assert llm.elsewhere == ON_TO_A_CLOUD
    assert {request.path for request in alias.requests} == {"/api/ps", "/api/show"}


def test_a_question_that_was_thought_to_stay_is_not_sent(alias: OllamaServer) -> None:
    llm = make(alias)
    assert llm.engine.local, "nobody has asked yet"

    async def twice() -> None:
        refused = (await collect(llm)).error
        assert type(refused) is ProviderRefused
        assert refused.title == ON_TO_A_CLOUD
        assert not alias.chats
        assert not llm.engine.local
        assert (await collect(llm)).text == DEFAULT_TEXT, "now everybody knows where it goes"

    run(llm, twice)


def test_no_unfinished_question_is_sent(alias: OllamaServer) -> None:
    llm = make(alias)
    run(llm, lambda: llm.prefill(QUESTION, "en"))
    assert not alias.chats


def test_the_server_is_asked_once(ollama_server: OllamaServer) -> None:
    llm = make(ollama_server)

    async def use() -> None:
        await llm.find_place()
        await llm.ensure_warm()
        await collect(llm)
        await llm.ensure_warm()
        await collect(llm)

    run(llm, use)
    assert llm.engine.local
    assert [request.path for request in ollama_server.requests].count("/api/show") == 1


def test_a_name_that_changed_its_meaning_is_noticed(
    ollama_server: OllamaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    llm = make(ollama_server)

    async def use() -> None:
        assert (await collect(llm)).error is None
        ollama_server.aliases["phi3:mini"] = CLOUD
        good_for = ollama_connection.FACTS_GOOD_FOR_S
        later = time.monotonic() + good_for + 1
        monkeypatch.setattr(ollama_connection.time, "monotonic", lambda: later)
        assert type((await collect(llm)).error) is ProviderRefused
        assert len(ollama_server.chats) == 1

    run(llm, use)


def test_another_server_at_the_address_is_asked_anew(ollama_server: OllamaServer) -> None:
    llm = make(ollama_server)

    async def use() -> None:
        assert (await collect(llm)).error is None
        ollama_server.stop()
        assert (await collect(llm)).error is not None
        ollama_server.aliases["phi3:mini"] = CLOUD
        ollama_server.start()
        assert type((await collect(llm)).error) is ProviderRefused

    run(llm, use)


@pytest.mark.parametrize(
    ("status", "words", "kind", "said"),
    [
        (500, "no such file", ProviderRefused, "does not say where phi3:mini is computed: no such"),
        (503, "busy", ProviderRefused, "Ollama is busy."),
        (404, "model 'phi3:mini' not found", ProviderUnavailable, "does not have the model"),
        (404, "404 page not found", ProviderUnavailable, "There is no Ollama at"),
    ],
)
def test_a_server_that_does_not_say_gets_no_question(
    ollama_server: OllamaServer, status: int, words: str, kind: type[ProviderError], said: str
) -> None:
    ollama_server.show_fails = (status, words)
    llm = make(ollama_server)
    error = ask(llm).error
    assert type(error) is kind
    assert said in error.title
    with pytest.raises(kind):
        run(llm, llm.ensure_warm)
    assert not ollama_server.chats
    assert ollama_server.loads == 0

    ollama_server.show_fails = None
    assert ask(llm).text == DEFAULT_TEXT, "it has recovered"


@pytest.mark.parametrize(
    "model", ["gpt-oss:120b-cloud", "glm-4.6:cloud", "gpt-oss:120B-Cloud", "my-cloud"]
)
def test_a_name_can_say_it_all(model: str) -> None:
    llm = OllamaLlm(OllamaSettings(model=model))
    assert not llm.engine.local
    assert llm.elsewhere == f"Ollama passes questions for {model} on to its cloud."


def test_what_the_server_says_of_a_model_is_described(alias: OllamaServer) -> None:
    llm = make(alias)
    assert run(llm, llm.describe).facts == ModelFacts(remote_host="ollama.com")
    alias.aliases.clear()
    alias.trained_context = 2048
    fresh = make(alias)
    assert run(fresh, fresh.describe).facts == ModelFacts(trained_context=2048)
    alias.show_fails = (500, "no such file")
    fresh = make(alias)
    state = run(fresh, fresh.describe)
    assert state.facts is None
    assert "no such file" in state.no_facts_because
