"""`parley keys`: a key is never an argument, never shown, and never in a file."""

from __future__ import annotations

import argparse
import errno
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from keyring.backends.fail import Keyring as NoKeyring

from app.commands import keys
from app.errors import InputError
from app.paths import Paths
from app.secrets import Secrets
from app.settings import LlmSettings, Settings
from app.settings_file import load
from tests.support.keyrings import MemoryKeyring
from tests.support.openai_server import OpenAiServer
from tests.support.parley_process import ROOT, run_parley

KEY = "gsk-0123456789abcdef-secret"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths.under(tmp_path)
    paths.create()
    return paths


@pytest.fixture
def backend() -> MemoryKeyring:
    return MemoryKeyring()


@pytest.fixture
def server() -> Iterator[OpenAiServer]:
    with OpenAiServer(key=KEY) as running:
        yield running


def run(*words: str, paths: Paths, secrets: Secrets, settings: Settings | None = None) -> int:
    parser = argparse.ArgumentParser()
    keys.add_arguments(parser)
    settings = settings or load(paths.settings_file)[0]
    return keys.run(parser.parse_args(words), settings, paths, secrets)


def pipe(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_a_key_from_a_pipe_goes_to_the_keyring_and_its_name_to_the_settings(
    paths: Paths,
    backend: MemoryKeyring,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pipe(monkeypatch, f"{KEY}\n")
    assert run("set", "groq", paths=paths, secrets=Secrets({}, backend)) == 0
    assert backend.kept == {("parley", "groq"): KEY}
    assert load(paths.settings_file)[0].llm.keyring == ("groq",)
    assert run("list", paths=paths, secrets=Secrets({}, backend)) == 0
    assert run(paths=paths, secrets=Secrets({}, backend)) == 0
    assert run("forget", "groq", paths=paths, secrets=Secrets({}, backend)) == 0
    assert backend.kept == {}
    assert load(paths.settings_file)[0].llm.keyring == ()
    said = "".join(capsys.readouterr())
    assert said.count("groq: in the keyring\n") == 2, "also without an action"
    assert "There is no key for groq any more." in said
    assert KEY not in said + paths.settings_file.read_text()


@pytest.mark.parametrize("text", ["", "\n", "two words\n", "sk-sécret\n", "x" * 5000])
def test_what_is_no_key_is_not_kept_and_not_repeated(
    paths: Paths, backend: MemoryKeyring, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    pipe(monkeypatch, text)
    with pytest.raises(InputError) as caught:
        run("set", "groq", paths=paths, secrets=Secrets({}, backend))
    assert backend.kept == {}
    assert text.strip() == "" or text.strip() not in str(caught.value)


def test_without_a_keyring_the_command_says_what_to_do_instead(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import keyring

    monkeypatch.setattr(keyring, "get_keyring", NoKeyring)
    pipe(monkeypatch, KEY)
    assert run("set", "groq", paths=paths, secrets=Secrets({})) == 1
    assert "Set GROQ_API_KEY before you start Parley" in capsys.readouterr().err
    assert not paths.settings_file.exists()


def test_a_test_asks_the_service_and_its_exit_code_says_how_it_went(
    paths: Paths,
    backend: MemoryKeyring,
    server: OpenAiServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plain = LlmSettings().model_dump()
    plain["groq"] |= {"base_url": server.url}
    settings = Settings(llm=LlmSettings.model_validate(plain))
    secrets = Secrets({"GROQ_API_KEY": KEY}, backend)
    assert run("test", "groq", paths=paths, secrets=secrets, settings=settings) == 0
    assert capsys.readouterr().out.startswith("Groq answers: llama-3.1-8b-instant")
    wrong = Secrets({"GROQ_API_KEY": "gsk-wrong-0123456789"}, backend)
    assert run("test", "groq", paths=paths, secrets=wrong, settings=settings) == 1
    said = capsys.readouterr().out
    assert said.startswith("Groq does not accept the key (401).")
    assert said.count("\n") == 1


def test_a_key_is_no_argument(tmp_path: Path) -> None:
    done = run_parley("keys", "set", "groq", KEY, profile=tmp_path)
    assert done.returncode == 2
    assert "unrecognized arguments" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_key_typed_at_a_terminal_is_not_echoed(tmp_path: Path) -> None:
    import fcntl
    import pty
    import termios

    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "main.py", "--profile", str(tmp_path), "keys", "set", "groq"],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHON_KEYRING_BACKEND": "tests.support.keyrings.MemoryKeyring",
            "PYTHONPATH": str(ROOT),
        },
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(inside)
    shown = b""
    try:
        while b"not shown" not in shown:
            shown += os.read(terminal, 1000)
        os.write(terminal, f"{KEY}\n".encode())
        while True:
            try:
                piece = os.read(terminal, 1000)
            except OSError as exc:  # how Linux tells that the other end is closed
                if exc.errno != errno.EIO:
                    raise
                break
            if not piece:
                break
            shown += piece
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
    assert b"The key for groq is in the keyring." in shown
    assert KEY.encode() not in shown
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert KEY.encode() not in file.read_bytes()
