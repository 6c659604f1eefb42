"""Real windows, real sound, real sockets."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.ollama_server import ollama_server  # noqa: F401
from tests.support.virtual_screen import virtual_screen  # noqa: F401
from tests.support.virtual_sound import virtual_sound  # noqa: F401


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A sentence spoken by flite, as a WAV file at 16 kHz."""
    if shutil.which("flite") is None:
        pytest.skip("flite is not installed: nobody speaks")
    folder = tmp_path_factory.mktemp("spoken")

    def speak(text: str) -> Path:
        path = folder / f"{text.replace(' ', '_')[:60]}.wav"
        if not path.exists():
            subprocess.run(
                ["flite", "-voice", "slt", "-t", text, "-o", str(path)], check=True, timeout=60
            )
        return path

    return speak
