"""An Ollama that is installed and does not run: in the window, and through `ask`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.fake_ollama import FakeOllama, free_port, is_alive
from tests.support.http_server import DEFAULT_TEXT
from tests.support.parley_process import ROOT, ParleyProcess, run_parley, write_settings

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="processes are looked up in /proc"
)


@pytest.fixture
def ollama(tmp_path: Path) -> FakeOllama:
    return FakeOllama(tmp_path / "bin").install()


@pytest.fixture
def parley(tmp_path: Path, ollama: FakeOllama) -> ParleyProcess:
    profile = tmp_path / "profile"
    write_settings(profile, f'[llm.ollama]\nhost = "127.0.0.1:{free_port()}"\n')
    path = f"{ollama.folder}{os.pathsep}{os.environ['PATH']}"
    return ParleyProcess(profile, {"PATH": path, "QT_QPA_PLATFORM": "offscreen"})


def test_it_is_started_used_and_does_not_outlive_a_killed_window(
    parley: ParleyProcess, ollama: FakeOllama
) -> None:
    """How a window that is quit ends it is shown in `tests/workers/test_ollama.py`."""
    try:
        parley.wait_for_log("ready: ollama · phi3:mini")
        (start,) = ollama.starts
        assert is_alive(start.pid)
    finally:
        parley.kill()
    deadline = time.monotonic() + 5.0
    while is_alive(start.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(start.pid)


QUESTION = "what is the capital of France"


def test_ask_starts_it_uses_it_and_leaves_nothing_behind(
    tmp_path: Path, ollama: FakeOllama
) -> None:
    profile = tmp_path / "asking"
    write_settings(profile, f'[llm.ollama]\nhost = "127.0.0.1:{free_port()}"\n')
    path = f"{ollama.folder}{os.pathsep}{os.environ['PATH']}"
    reply = tmp_path / "reply.wav"
    done = run_parley("ask", QUESTION, "--out", reply, profile=profile, env={"PATH": path})
    assert done.returncode == 0, done.stderr
    assert DEFAULT_TEXT in done.stdout
    assert done.stderr == "Ollama does not run. Parley starts it now, and ends it afterwards.\n"
    assert len(ollama.starts) == 1
    assert not ollama.alive


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ask_that_is_ended_while_it_waits_ends_it_too(
    tmp_path: Path, ollama: FakeOllama, number: signal.Signals
) -> None:
    ollama.install(hangs=True)
    profile = tmp_path / "asking"
    write_settings(profile, f'[llm.ollama]\nhost = "127.0.0.1:{free_port()}"\n')
    process = subprocess.Popen(
        [sys.executable, "main.py", "--profile", str(profile), "ask", QUESTION],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{ollama.folder}{os.pathsep}{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        assert "starts it now" in process.stderr.readline()
        deadline = time.monotonic() + 20.0
        while not ollama.starts and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(number)
        assert process.wait(20) == 128 + number
        assert process.stderr.read() == ""
    assert not ollama.alive
