"""`parley fetch`: each model can be had by its name, and what there is can be seen."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.commands import fetch
from app.errors import InputError
from app.paths import Paths
from app.settings import LlmSettings, Settings
from tests.support.fake_ollama import FakeOllama, free_port
from tests.support.hub import Hub, serve_hub
from tests.support.ollama_server import OllamaServer
from tests.support.parley_process import run_parley, write_settings


def test_the_language_model_is_downloaded_with_progress(tmp_path: Path) -> None:
    with OllamaServer(models=[], pull_piece_s=0.08) as server:
        write_settings(tmp_path, f'[llm.ollama]\nhost = "{server.url}"\n')
        done = run_parley("fetch", "llm", profile=tmp_path)
        assert server.models == ["phi3:mini"]
    assert done.returncode == 0, done.stderr
    assert "MB of 2.0 MB" in done.stdout
    assert "left" in done.stdout
    assert done.stdout.splitlines()[-1] == "Ready: ollama · phi3:mini"


def test_a_server_that_is_not_there_is_an_engine_failure_with_a_next_step(tmp_path: Path) -> None:
    write_settings(tmp_path, f'[llm.ollama]\nhost = "127.0.0.1:{free_port()}"\n')
    done = run_parley("fetch", "llm", profile=tmp_path)
    assert done.returncode == 1
    assert "Ollama is not running." in done.stderr
    assert "Traceback" not in done.stderr


def test_an_engine_without_a_download_is_bad_input(tmp_path: Path) -> None:
    write_settings(tmp_path, '[llm]\norder = ["groq"]\n')
    done = run_parley("fetch", "llm", profile=tmp_path)
    assert done.returncode == 2
    assert "nothing to download" in done.stderr


def test_ollama_host_names_the_server(tmp_path: Path) -> None:
    with OllamaServer(models=[]) as server:
        done = run_parley("fetch", "llm", profile=tmp_path, env={"OLLAMA_HOST": server.url})
        assert server.models == ["phi3:mini"], done.stderr


# --- by name --------------------------------------------------------------------------------

NAME = "somebody/a-tiny-chat-model"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    from tests.support.tiny_chat_model import make_tiny_chat_model

    with serve_hub(monkeypatch) as hub:
        hub.models[NAME] = make_tiny_chat_model(tmp_path / "published", trained=False)
        yield hub


def run(profile: Path, *words: str, **llm: Any) -> int:
    """In this process, which alone knows the hub."""
    parser = argparse.ArgumentParser()
    fetch.add_arguments(parser)
    builtin = {"model": NAME}
    settings = Settings(llm=LlmSettings.model_validate({"builtin": builtin, **llm}))
    return fetch.run(parser.parse_args(words), settings, Paths.under(profile))


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (["ollama", "builtin"], ["llm", "builtin"]),
        (["builtin", "ollama"], ["llm"]),
    ],
)
def test_the_built_in_model_can_be_had_beside_ollama(
    hub: Hub,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    order: list[str],
    words: list[str],
) -> None:
    assert run(tmp_path / "p", *words, order=order) == 0
    streams = capsys.readouterr()
    assert streams.out.splitlines()[-1] == f"Ready: builtin · {NAME}"
    assert streams.err == ""
    assert run(tmp_path / "p") == 0
    assert f"parley fetch llm builtin   {NAME}, is here" in capsys.readouterr().out


def test_one_that_is_not_in_the_order_is_said_not_to_be_asked(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path / "p", "llm", "builtin", order=["ollama"]) == 0
    assert "add builtin to the order" in capsys.readouterr().err


def test_everything_that_can_be_had_is_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path / "p", local_only=True) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:4] for line in lines] == [
        ["parley", "fetch", "stt", "whisper"],
        ["parley", "fetch", "tts", "vits"],
        ["parley", "fetch", "llm", "ollama"],
        ["parley", "fetch", "llm", "builtin"],
    ]


@pytest.mark.parametrize("words", [["llm", "groq"], ["tts", "espeak"], ["stt", "nobody"]])
def test_a_name_with_nothing_to_download_is_answered_with_those_that_have(
    tmp_path: Path, words: list[str]
) -> None:
    with pytest.raises(InputError, match=f"{words[1]} has nothing to download. These have: "):
        run(tmp_path / "p", *words)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are looked up in /proc")
def test_an_ollama_that_does_not_run_is_started_for_the_download(tmp_path: Path) -> None:
    ollama = FakeOllama(tmp_path / "bin").install(models=())
    profile = tmp_path / "p"
    write_settings(profile, f'[llm.ollama]\nhost = "127.0.0.1:{free_port()}"\n')
    path = f"{ollama.folder}{os.pathsep}{os.environ['PATH']}"
    done = run_parley("fetch", "llm", "ollama", profile=profile, env={"PATH": path})
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "Ready: ollama · phi3:mini"
    assert done.stderr.count("Parley starts it now") == 1
    assert len(ollama.starts) == 1
    assert not ollama.alive
