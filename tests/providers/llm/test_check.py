"""One line about a provider, from real servers that behave and misbehave."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.providers.llm.cerebras import CerebrasLlm
from app.providers.llm.check import Verdict, check, check_by_name
from app.providers.llm.groq import GroqLlm
from app.providers.llm.ollama import OllamaLlm
from app.providers.llm.ollama_program import find_program
from app.providers.llm.openai import OpenAiLlm
from app.providers.llm.openai_style import OpenAiStyleLlm
from app.settings import (
    OPENAI_PRESETS,
    BuiltinSettings,
    CloudSettings,
    LlmSettings,
    OllamaSettings,
    OpenAiSettings,
)
from tests.providers.llm.replies import run
from tests.support.fake_ollama import FakeOllama
from tests.support.ollama_server import OllamaServer
from tests.support.openai_server import OpenAiServer
from tests.support.tiny_chat_model import make_tiny_chat_model

KEY = "sk-0123456789abcdef-secret"
KINDS = [OpenAiLlm, GroqLlm, CerebrasLlm]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.service.name)
def kind(request: pytest.FixtureRequest) -> type[OpenAiStyleLlm]:
    found: type[OpenAiStyleLlm] = request.param
    return found


@pytest.fixture
def server() -> Iterator[OpenAiServer]:
    with OpenAiServer(key=KEY) as running:
        yield running


def verdict(
    kind: type[OpenAiStyleLlm],
    address: str,
    key: str | None = KEY,
    patience_s: float = 5.0,
    **options: Any,
) -> Verdict:
    settings = {"model": "local", "base_url": address, "timeout_s": 5.0, **options}
    llm = kind(CloudSettings(**settings), key)
    return run(llm, lambda: check(llm, patience_s=patience_s))


def test_a_service_that_answers_is_named_with_its_model(
    kind: type[OpenAiStyleLlm], server: OpenAiServer
) -> None:
    found = verdict(kind, server.url)
    assert found.ok
    assert "answers: local, first word after " in found.line


def test_only_the_first_word_is_waited_for(
    kind: type[OpenAiStyleLlm], server: OpenAiServer
) -> None:
    server.scenario("hang_mid", after_words=2)
    assert verdict(kind, server.url).ok
    (chat,) = server.chats
    assert server.wait_until(lambda: chat.disconnected)


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        ("400", "refused the question (400)"),
        ("401", "does not accept the key (401)."),
        ("403", "does not allow this"),
        ("429", "wants no more questions for 7 s."),
        ("500", "has a failure of its own (500)."),
        ("html", "sent something that is not an answer."),
        ("dies_first", "broke off the connection."),
    ],
)
def test_what_is_wrong_is_one_line(
    kind: type[OpenAiStyleLlm], server: OpenAiServer, scenario: str, words: str
) -> None:
    server.scenario(scenario)
    found = verdict(kind, server.url)
    assert not found.ok
    assert words in found.line
    assert found.line.isprintable()


def test_garbage_in_the_stream(kind: type[OpenAiStyleLlm], server: OpenAiServer) -> None:
    server.scenario("garbage", after_words=0)
    found = verdict(kind, server.url)
    assert not found.ok
    assert "not an answer" in found.line


def test_a_wrong_key_is_refused_and_shown_nowhere(
    kind: type[OpenAiStyleLlm], server: OpenAiServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        found = verdict(kind, server.url, key="sk-wrong-0123456789")
    assert not found.ok
    assert "does not accept the key (401)" in found.line
    assert f"parley keys set {kind.service.name}" in found.line
    assert "sk-wrong" not in found.line + repr(found) + caplog.text


def test_a_server_that_never_answers(kind: type[OpenAiStyleLlm], server: OpenAiServer) -> None:
    server.scenario("hang_first")
    found = verdict(kind, server.url, patience_s=0.3)
    assert not found.ok
    assert found.line.endswith("sent nothing for 0.3 s.")


def test_nobody_listens(kind: type[OpenAiStyleLlm]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        found = verdict(kind, f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert not found.ok
    assert "cannot be reached" in found.line


def test_a_missing_model_is_named_beside_those_there(
    kind: type[OpenAiStyleLlm], server: OpenAiServer
) -> None:
    server.scenario("404")
    found = verdict(kind, server.url, model="big")
    assert not found.ok
    assert found.line.endswith("has no model big. It has: local.")


def test_no_key() -> None:
    found = verdict(GroqLlm, "", key=None)
    assert found.line.startswith("Groq needs a key.")


def test_under_local_only_a_cloud_is_not_asked_and_a_local_server_is(
    server: OpenAiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = LlmSettings(openai=OpenAiSettings(base_url=server.url))
    found = asyncio.run(check_by_name("openai", settings, KEY, local_only=True))
    assert found.ok

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    found = asyncio.run(check_by_name("groq", settings, KEY, local_only=True))
    assert not found.ok
    assert found.line == "“Stay on this computer” is on, so nothing was sent to Groq."


# --- Ollama -------------------------------------------------------------------------------


def ollama(host: str, model: str = "phi3:mini") -> Verdict:
    llm = OllamaLlm(OllamaSettings(host=host, model=model))
    return run(llm, lambda: check(llm))


def test_ollama_is_looked_at_without_a_question() -> None:
    with OllamaServer() as server:
        found = ollama(server.url)
        asked = {request.path for request in server.requests}
    assert found.ok
    assert "phi3:mini" in found.line
    assert asked.isdisjoint({"/api/chat", "/api/generate"})


def test_ollama_without_the_model() -> None:
    with OllamaServer() as server:
        found = ollama(server.url, "absent:1b")
    assert not found.ok
    assert found.line.endswith("Get it with: ollama pull absent:1b")


@pytest.mark.parametrize("installed", [True, False])
def test_ollama_that_does_not_run(
    installed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    if installed:
        FakeOllama(tmp_path).install()
    elif find_program(os.environ) is not None:
        pytest.skip("Ollama is installed in a usual place here")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        found = ollama(f"http://127.0.0.1:{taken.getsockname()[1]}")
    if installed:
        assert found.line == "Ollama is not running. Start it with: ollama serve"
    else:
        assert found.line.startswith("Ollama is not installed. Install it from https://")


# --- presets and keys ---------------------------------------------------------------------


@pytest.mark.parametrize("preset", OPENAI_PRESETS)
def test_a_preset_is_an_address(preset: str) -> None:
    options = OpenAiSettings.model_validate({"preset": preset})
    llm = OpenAiLlm(options, KEY)
    assert llm.address == OPENAI_PRESETS[preset]
    assert llm.engine.local == (preset != "openai")


def test_an_address_of_ones_own_wins_over_the_preset(server: OpenAiServer) -> None:
    llm = OpenAiLlm(OpenAiSettings(preset="openai", base_url=server.url), KEY)
    assert llm.address == server.url
    assert llm.engine.local


def test_another_key_is_used_from_the_next_request_on(
    kind: type[OpenAiStyleLlm], server: OpenAiServer
) -> None:
    llm = kind(CloudSettings(model="local", base_url=server.url), "sk-wrong-0123456789")

    async def one_then_the_other() -> tuple[Verdict, Verdict]:
        refused = await check(llm)
        llm.use_key(f" {KEY}\n")
        return refused, await check(llm)

    refused, accepted = run(llm, one_then_the_other)
    assert not refused.ok
    assert accepted.ok


def test_a_model_ollama_passes_on_is_told_as_one() -> None:
    with OllamaServer(aliases={"phi3:mini": "https://ollama.com:443"}) as server:

        def verdict(*, local_only: bool) -> Verdict:
            llm = OllamaLlm(OllamaSettings(host=server.url))
            return run(llm, lambda: check(llm, local_only=local_only))

        free, kept = verdict(local_only=False), verdict(local_only=True)
        assert not server.chats
    assert free.ok
    assert "phi3:mini on to ollama.com" in free.line
    assert not kept.ok
    assert "“Stay on this computer” is on" in kept.line


def test_a_model_inside_parley_is_looked_for_and_not_loaded(tmp_path: Path) -> None:
    folder = make_tiny_chat_model(tmp_path / "tiny", trained=False)
    for model, ok in ((folder, True), (tmp_path / "none", False)):
        settings = LlmSettings(builtin=BuiltinSettings(model=str(model)))
        found = asyncio.run(check_by_name("builtin", settings, None, local_only=True))
        assert found.ok is ok
        assert ("is on this computer" in found.line) is ok
        assert ("parley fetch llm builtin" in found.line) is not ok
