"""Real windows, real sound, real sockets."""

from __future__ import annotations

import gc
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.ollama_server import OllamaServer, ollama_server  # noqa: F401
from tests.support.parley_process import ParleyProcess, write_settings
from tests.support.virtual_screen import VirtualScreen, virtual_screen  # noqa: F401
from tests.support.virtual_sound import VirtualSound, virtual_sound  # noqa: F401


@pytest.fixture(autouse=True)
def garbage_is_collected_here() -> Iterator[None]:
    """A whole Parley that a test left is a ring of QObjects. Collected in a worker thread of the
    next one, ~QObject waits for Python's lock and holds Qt's, which the main thread waits for with
    Python's in its hand."""
    yield
    gc.collect()


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


@pytest.fixture
def settings_text(ollama: OllamaServer) -> str:
    """The settings file of the window. `ollama` is the module's own."""
    return f'[llm.ollama]\nhost = "{ollama.url}"\n'


@contextmanager
def ready_and_ended(
    process: ParleyProcess,
    virtual_screen: VirtualScreen,  # noqa: F811
) -> Iterator[None]:
    """All of the window is ready inside; after it, it ends well or has ended."""
    try:
        process.wait_until(virtual_screen.has_window, "the window", 30)
        process.wait_for_log(
            "using the microphone",
            "using the loudspeaker",
            "ready: pocketsphinx",
            "ready: espeak",
            "ready: ollama",
            "ready: silero",
        )
        yield
        if process.alive:
            assert process.quit() == 0
    finally:
        process.kill()


@pytest.fixture
def parley(
    tmp_path: Path,
    settings_text: str,
    virtual_sound: VirtualSound,  # noqa: F811
    virtual_screen: VirtualScreen,  # noqa: F811
) -> Iterator[ParleyProcess]:
    """The window in a process of its own, once all of it is ready. It ends well, or has ended."""
    write_settings(tmp_path, settings_text)
    process = ParleyProcess(tmp_path, {**virtual_sound.env, **virtual_screen.env})
    with ready_and_ended(process, virtual_screen):
        yield process
