"""A model on the processor is moved to the GPU from the diagnosis: the real assistant, the real
window, and a server that says where it put the model."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.audio.files import NullOutput
from app.bootstrap import Assistant, Sound
from app.paths import Paths
from app.secrets import Secrets
from app.settings import AppearanceSettings, Settings
from app.ui.engines.diagnosis_page import DiagnosisPage
from app.ui.engines.findings import Fix
from app.ui.main_window import MainWindow
from app.ui.pages import Name
from tests.fakes import FakeInput
from tests.support.fake_ollama import PlacingOllama
from tests.support.ollama_server import LOADED_BYTES

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="a shell script stands for the driver's tool"
)

FREE_MIB = 1200
TOOL = f"""#!/bin/sh
case "$*" in
  *memory.free*) echo {FREE_MIB} ;;
  *memory.total*) echo 'NVIDIA GeForce RTX 4090, 24564' ;;
  *) echo 'NVIDIA GeForce RTX 4090' ;;
esac
"""


@pytest.fixture
def server() -> Iterator[PlacingOllama]:
    with PlacingOllama(room=0) as server:
        yield server


@pytest.fixture
def page(
    server: PlacingOllama, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DiagnosisPage]:
    """The diagnosis, of an assistant whose model was loaded while the GPU was full."""
    tool = tmp_path / "bin" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text(TOOL)
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    settings = Settings.model_validate(
        {
            "llm": {"order": ("ollama",), "ollama": {"host": server.url}},
            "stt": {"provider": "pocketsphinx"},
            "tts": {"provider": "espeak"},
            "endpointing": {"vad": "energy"},
        }
    )
    paths = Paths.under(tmp_path / "profile")
    paths.create()
    assistant = Assistant(settings, paths, Secrets({}), Sound(FakeInput(), NullOutput()))
    window = MainWindow(AppearanceSettings(), settings.talk)
    qtbot.addWidget(window)
    window.intent.connect(assistant.ask_for)
    assistant.happened.connect(window.handle)
    window.show()
    assistant.start()
    qtbot.waitUntil(lambda: server.loads == 1, timeout=15_000)
    window.open_page(Name.DIAGNOSIS)
    page = window.pages.page(Name.DIAGNOSIS)
    assert isinstance(page, DiagnosisPage)
    yield page
    assert assistant.stop()


def language_model(page: DiagnosisPage) -> str:
    (text,) = [row.text for row in page.rows if row.text.startswith("Language model:")]
    return text


def move(page: DiagnosisPage, qtbot: QtBot) -> None:
    """Click the button, once it is there."""

    def buttons() -> list[object]:
        return [row.buttons[Fix.MOVE_TO_GPU] for row in page.rows if Fix.MOVE_TO_GPU in row.buttons]

    qtbot.waitUntil(lambda: len(buttons()) == 1, timeout=15_000)
    assert "the NVIDIA GeForce RTX 4090 is not used" in language_model(page)
    buttons()[0].click()  # type: ignore[attr-defined]


def test_it_is_on_the_gpu_afterwards_and_the_next_question_loads_nothing(
    page: DiagnosisPage, server: PlacingOllama, qtbot: QtBot
) -> None:
    server.room = LOADED_BYTES
    move(page, qtbot)
    qtbot.waitUntil(lambda: "It runs on the GPU now." in language_model(page), timeout=15_000)
    assert server.loads == 2
    window = page.window()
    assert isinstance(window, MainWindow)
    window.ask("Why is the sky blue?")
    qtbot.waitUntil(lambda: len(server.questions) == 1, timeout=15_000)
    assert server.loads == 2


def test_what_does_not_fit_is_said_with_its_size_and_leads_to_smaller_ones(
    page: DiagnosisPage, server: PlacingOllama, qtbot: QtBot
) -> None:
    server.room = FREE_MIB * 2**20
    move(page, qtbot)
    said = "It does not fit: 2.0 GB model, 1.3 GB free."
    qtbot.waitUntil(lambda: said in language_model(page), timeout=15_000)
    assert "Choose a smaller model" in language_model(page)
    (row,) = [row for row in page.rows if row.text.startswith("Language model:")]
    row.buttons[Fix.MANAGE_MODELS].click()
    window = page.window()
    assert isinstance(window, MainWindow)
    assert window.pages.shown is window.pages.page(Name.MODELS)
