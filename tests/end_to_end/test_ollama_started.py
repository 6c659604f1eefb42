"""The window with an Ollama that is installed and does not run."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from tests.support.fake_ollama import FakeOllama, free_port, is_alive
from tests.support.parley_process import ParleyProcess, write_settings

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
