"""An Ollama that does not run, for as long as a command takes; and when a command wants one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.commands.ask import _may_need_ollama
from app.commands.own_ollama import running_ollama
from app.paths import Paths
from app.secrets import Secrets
from app.settings import LlmSettings, Settings
from tests.support.fake_ollama import FakeOllama, free_port, is_alive
from tests.support.keyrings import MemoryKeyring
from tests.support.ollama_server import OllamaServer

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="processes are looked up in /proc"
)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths.under(tmp_path / "profile")
    paths.create()
    return paths


@pytest.fixture
def ollama(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOllama]:
    fake = FakeOllama(tmp_path / "bin").install()
    monkeypatch.setenv("PATH", f"{fake.folder}{os.pathsep}{os.environ['PATH']}")
    yield fake
    assert not fake.alive, "it is left behind"


def settings(host: str = "", **ollama: Any) -> Settings:
    host = host or f"127.0.0.1:{free_port()}"
    return Settings(llm=LlmSettings.model_validate({"ollama": {"host": host, **ollama}}))


def test_it_runs_in_the_block_and_not_after_it(
    ollama: FakeOllama, paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_ollama(settings(), paths):
        (start,) = ollama.starts
        assert is_alive(start.pid)
    assert not ollama.alive
    said = "Ollama does not run. Parley starts it now, and ends it afterwards.\n"
    assert capsys.readouterr().err == said


def test_it_is_ended_whatever_happens_in_the_block(ollama: FakeOllama, paths: Paths) -> None:
    with pytest.raises(KeyboardInterrupt), running_ollama(settings(), paths):
        raise KeyboardInterrupt
    assert not ollama.alive


def test_one_that_fails_stops_nobody(
    ollama: FakeOllama, paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    ollama.install(fails=True)
    with running_ollama(settings(), paths):
        pass
    assert "Ollama does not answer. Its log: " in capsys.readouterr().err


def test_one_that_runs_is_left_alone(
    ollama: FakeOllama, paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    with OllamaServer() as server:
        with running_ollama(settings(server.url), paths):
            pass
        server.stop()  # it still ran
    assert not ollama.starts
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("options", [{"start": False}, {"host": "http://ollama.invalid:11434"}])
def test_one_that_is_not_ours_to_start_is_not_even_looked_for(
    ollama: FakeOllama, paths: Paths, capsys: pytest.CaptureFixture[str], options: dict[str, Any]
) -> None:
    with running_ollama(settings(**options), paths):
        pass
    assert not ollama.starts
    assert capsys.readouterr().err == ""


QUESTION = "what is the capital of France"


@pytest.mark.parametrize(
    ("question", "llm", "wanted"),
    [
        (QUESTION, {}, True),
        ("", {}, True),  # spoken: nobody knows yet
        ("what is 2 plus 3", {}, False),
        ("what is 2 plus 3", {"skills": {"first": False}}, True),
        (QUESTION, {"order": ["cerebras"]}, False),
        (QUESTION, {"order": ["cerebras", "ollama"]}, True),  # no key
        (QUESTION, {"order": ["groq", "ollama"]}, False),
        (QUESTION, {"order": ["groq", "ollama"], "local_only": True}, True),
        (QUESTION, {"order": ["builtin", "ollama"]}, True),  # not downloaded
        (QUESTION, {"order": ["openai", "ollama"]}, False),
        (QUESTION, {"local_only": True, "ollama": {"host": "http://ollama.invalid"}}, False),
    ],
)
def test_it_is_wanted_when_it_is_the_first_who_could_answer(
    paths: Paths, question: str, llm: dict[str, Any], wanted: bool
) -> None:
    chosen = Settings(llm=LlmSettings.model_validate(llm))
    secrets = Secrets({"GROQ_API_KEY": "gsk-0123456789"}, MemoryKeyring())
    assert _may_need_ollama(question, chosen, paths, secrets) == wanted
