"""`doctor` about Ollama: every state has words of its own, and a next step where there is one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.core.diagnosis_events import Check
from app.diagnosis import engines
from app.secrets import Secrets
from app.settings import LlmSettings, OllamaSettings, Settings
from tests.support.fake_ollama import FakeOllama, free_port
from tests.support.ollama_server import OllamaServer
from tests.support.openai_server import OpenAiServer

ELSEWHERE = "http://192.0.2.1:11434"
"""An address of nobody."""

GPU = "NVIDIA GeForce RTX 4090"


def look(host: str, *, local_only: bool = False, **options: Any) -> Check:
    """What doctor says of the first model."""
    ollama = OllamaSettings(host=host, connect_timeout_s=0.2, **options)
    llm = LlmSettings(order=("ollama",), ollama=ollama, local_only=local_only)
    return next(iter(engines.language_model(Settings(llm=llm), Secrets({}))))


def words(check: Check) -> str:
    return f"{check.status} {check.text} {check.hint}"


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder where programs are looked for: no Ollama and no GPU, until put there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def gpu(tools: Path) -> None:
    if os.name != "posix":
        pytest.skip("a shell script stands for the driver's tool")
    tool = tools / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\necho '{GPU}'\n")
    tool.chmod(0o755)


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer() as running:
        yield running


# --- the server ---------------------------------------------------------------------------


def test_not_installed(tools: Path) -> None:
    check = look(f"127.0.0.1:{free_port()}")
    if "installed at" in check.text:
        pytest.skip("Ollama is installed in a usual place here")
    assert words(check) == (
        "warn ollama: Ollama is not installed. Install it from https://ollama.com/download."
    )


@pytest.mark.parametrize(
    ("start", "step"),
    [(True, "The window starts it by itself, or: ollama serve"), (False, "Start it with: ollama")],
)
def test_installed_and_not_running(tools: Path, start: bool, step: str) -> None:
    fake = FakeOllama(tools).install()
    check = look(f"127.0.0.1:{free_port()}", start=start)
    assert check.status == "warn"
    assert check.text == f"ollama: Ollama is installed at {fake.path} but not running."
    assert check.hint.startswith(step)
    assert not fake.starts, "doctor starts nothing"


def test_the_program_runs_without_the_model(tmp_path: Path) -> None:
    fake = FakeOllama(tmp_path).install(models=())
    url = f"http://127.0.0.1:{free_port()}"
    environ = {**os.environ, "OLLAMA_HOST": url.removeprefix("http://")}
    program = subprocess.Popen([fake.path, "serve"], env=environ, stdout=subprocess.PIPE)
    try:
        assert program.stdout is not None
        program.stdout.readline()  # it listens
        check = look(url)
    finally:
        program.kill()
        program.communicate()
    assert check.status == "warn"
    assert check.text == "ollama: Ollama 0.33.0 runs but does not have the model phi3:mini."
    assert "ollama pull phi3:mini" in check.hint


def test_an_address_elsewhere_that_does_not_answer() -> None:
    assert words(look(ELSEWHERE)) == (
        f"warn ollama: Ollama does not answer at {ELSEWHERE}, which is not this computer. "
        "Check that it runs there and can be reached."
    )


def test_an_address_elsewhere_under_local_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_args: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", connect)
    for model in ("phi3:mini", "gpt-oss:120b-cloud"):
        check = look(ELSEWHERE, local_only=True, model=model)
        assert check.status == "warn"
        assert f"its address {ELSEWHERE} is not this computer" in check.text
        assert 'host = "http://127.0.0.1:11434"' in check.hint


def test_an_address_elsewhere_that_answers(
    server: OllamaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # this computer by another name is another computer, as far as anybody can know
    monkeypatch.setattr("app.providers.llm.ollama_connection.on_this_computer", lambda url: False)
    check = look(server.url)
    assert check.status == "ok"
    assert f"at {server.url}, which is not this computer, has phi3:mini" in check.text


@contextmanager
def answering(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A program that is no Ollama; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    talk(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def _page(connection: socket.socket) -> None:
    connection.recv(1000)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<p>Hi</p>")


def _ssh(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")
    connection.recv(1000)


@pytest.mark.skipif(sys.platform == "win32", reason="closes a listening socket from another thread")
@pytest.mark.parametrize("talk", [_page, _ssh])
def test_what_answers_is_no_ollama(talk: Callable[[socket.socket], None]) -> None:
    with answering(talk) as url:
        check = look(url)
    assert check.status == "warn"
    assert check.text == f"ollama: What answers at {url} is no Ollama."
    assert "address" in check.hint


def test_another_kind_of_model_server_is_no_ollama() -> None:
    with OpenAiServer() as other:
        assert look(other.url).text == f"ollama: What answers at {other.url} is no Ollama."


def test_it_asks_for_a_password(server: OllamaServer) -> None:
    server.login = "me:open sesame"
    check = look(server.url)
    assert check.status == "warn"
    assert check.text == f"ollama: Ollama at {server.url} asks for a password."
    assert "http://name:password@server" in check.hint
    with_it = server.url.replace("://", "://me:open%20sesame@")
    check = look(with_it)
    assert check.status == "ok"
    assert "has phi3:mini" in check.text


# --- the model ----------------------------------------------------------------------------


def test_the_model_is_there_and_not_loaded(server: OllamaServer) -> None:
    assert words(look(server.url)).strip() == (
        "ok Ollama 0.33.0 has phi3:mini; it is loaded at the first question."
    )


def test_the_model_on_the_gpu(server: OllamaServer) -> None:
    server.other_program(num_ctx=4096)
    assert words(look(server.url)).strip() == (
        "ok Ollama 0.33.0 has phi3:mini, loaded on the GPU, 4096 tokens of context."
    )


@pytest.mark.parametrize(
    ("vram", "where", "why"),
    [
        (0.0, "loaded on the processor", f"The {GPU} is not used, so replies are slow."),
        (0.4, "40% of it on the GPU", f"The {GPU} has no room for all of it, so replies are slow."),
    ],
)
def test_the_model_on_the_processor_although_there_is_a_gpu(
    server: OllamaServer, gpu: None, vram: float, where: str, why: str
) -> None:
    server.vram = vram
    server.other_program(num_ctx=4096)
    check = look(server.url)
    assert check.status == "warn"
    assert where in check.text
    assert why in check.text
    assert "smaller model" in check.hint


def test_the_model_on_the_processor_of_a_computer_without_a_gpu(
    server: OllamaServer, tools: Path
) -> None:
    server.vram = 0
    server.other_program(num_ctx=4096)
    check = look(server.url)
    assert (check.status, check.hint) == ("ok", "")
    assert "loaded on the processor" in check.text


def test_the_model_is_loaded_with_other_options(server: OllamaServer) -> None:
    server.other_program(num_ctx=8192)
    check = look(server.url)
    assert check.status == "warn"
    assert "Another program loaded it with other options than Parley's 4096 tokens" in check.text
    assert "num_ctx = 8192" in check.hint
    assert server.loads == 1, "doctor leaves it as it is"


def test_a_context_that_the_model_cannot_have_is_no_other_option(server: OllamaServer) -> None:
    server.trained_context = 2048
    server.other_program(num_ctx=4096)
    assert look(server.url).status == "ok"


@pytest.mark.parametrize(
    ("model", "host"), [("phi3:mini", "ollama.com"), ("gpt-oss:120b-cloud", "its cloud")]
)
def test_the_model_is_computed_in_a_cloud(server: OllamaServer, model: str, host: str) -> None:
    server.aliases["phi3:mini"] = "https://ollama.com:443"
    passes_on = f"Ollama passes questions for {model} on to {host}."
    check = look(server.url, model=model)
    assert check.status == "ok"
    assert passes_on in check.text
    assert "leave this computer" in check.text
    check = look(server.url, model=model, local_only=True)
    assert check.status == "warn"
    why = "It is not asked, because “Stay on this computer” is on."
    assert check.text == f"ollama: {passes_on} {why}"


def test_the_server_does_not_say_where_the_model_is_computed(server: OllamaServer) -> None:
    server.show_fails = (500, "manifest is damaged")
    check = look(server.url)
    assert check.status == "warn"
    assert "does not say where phi3:mini is computed: manifest is damaged" in check.text
