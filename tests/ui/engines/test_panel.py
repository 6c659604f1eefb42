"""The engines panel and Ollama: what it says, and the one button for the next step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.core.events import (
    CancelFetch,
    EngineMissing,
    EngineReady,
    FetchEnded,
    FetchModel,
    FetchProgressed,
    OllamaChanged,
    OrderChanged,
    StartOllama,
)
from app.core.ports import Stage
from app.ui.engines.panel import StageRow
from tests.ui.demo import GROQ, OLLAMA, SKILLS, Demo


class Panel:
    """A window whose engines panel is open, and the intents it sent."""

    def __init__(self, qtbot: QtBot) -> None:
        self.demo = Demo("light")
        window = self.demo.window
        qtbot.addWidget(window)
        self.intents: list[object] = []
        window.intent.connect(self.intents.append)
        window.show()
        window.pill.click()
        self.demo.put(EngineReady(engine=SKILLS))

    @property
    def row(self) -> StageRow:
        return self.demo.window.panel.rows[Stage.LLM]

    @property
    def button(self) -> str:
        """What the button says; empty when there is none."""
        button = self.row.fetch_button
        return button.text() if button.isVisible() else ""

    def ollama(self, **fields: Any) -> None:
        known = {"model": "phi3:mini", "local": True, "found": True, "running": False}
        self.demo.put(OllamaChanged(**{**known, **fields}))


@pytest.fixture
def panel(qtbot: QtBot) -> Panel:
    return Panel(qtbot)


def test_one_that_is_not_installed_has_no_button_but_an_address(panel: Panel) -> None:
    panel.ollama(found=False)
    assert "Ollama is not installed." in panel.row.text
    assert "https://ollama.com/download" in panel.row.text
    assert panel.button == ""


def test_one_that_does_not_run_is_started_with_a_click(panel: Panel) -> None:
    panel.ollama()
    assert "Ollama is not running." in panel.row.text
    assert panel.button == "Start Ollama"
    panel.row.fetch_button.click()
    (intent,) = panel.intents
    assert isinstance(intent, StartOllama)
    panel.ollama(starting=True)
    assert "Ollama is starting." in panel.row.text
    assert panel.button == ""


def test_one_elsewhere_cannot_be_started_and_its_own_reason_stands(panel: Panel) -> None:
    panel.demo.put(EngineMissing(engine=OLLAMA, title="No answer at http://box.", hint="Look."))
    panel.ollama(local=False, found=False)
    assert "No answer at http://box." in panel.row.text
    assert panel.button == ""


def test_a_missing_model_is_downloaded_and_the_download_cancelled(panel: Panel) -> None:
    panel.demo.put(EngineMissing(engine=OLLAMA, title="No model.", hint="ollama pull"))
    panel.ollama(running=True)
    assert "does not have the model phi3:mini" in panel.row.text
    assert panel.button == "Download phi3:mini"
    panel.row.fetch_button.click()
    (fetch,) = panel.intents
    assert isinstance(fetch, FetchModel)
    assert fetch.stage == Stage.LLM
    panel.demo.put(FetchProgressed(stage=Stage.LLM, line="1.2 GB of 2.2 GB, 24 MB/s"))
    assert "1.2 GB of 2.2 GB, 24 MB/s" in panel.row.text
    assert panel.button == ""
    assert panel.row.cancel_button.isVisible()
    panel.row.cancel_button.click()
    cancel = panel.intents[-1]
    assert isinstance(cancel, CancelFetch)
    assert cancel.stage == Stage.LLM
    panel.demo.put(FetchEnded(stage=Stage.LLM, complete=False))
    assert not panel.row.cancel_button.isVisible()
    assert panel.button == "Download phi3:mini"
    assert "GB" not in panel.row.text


def test_another_engine_that_was_chosen_and_serves_is_left_in_peace(panel: Panel) -> None:
    panel.demo.put(EngineReady(engine=GROQ))
    panel.ollama(found=False)
    assert "Ollama" not in panel.row.text
    panel.ollama(running=True)
    assert panel.button == ""


def test_the_models_own_trouble_is_not_hidden(panel: Panel) -> None:
    panel.demo.put(EngineMissing(engine=OLLAMA, title="Ollama refused.", hint="Look."))
    panel.ollama(running=True, pulled=True, loaded=True, gpu_share=0.0, gpu="NVIDIA H200")
    assert "Ollama refused." in panel.row.text


def test_when_all_is_well_there_is_nothing_to_click(panel: Panel) -> None:
    panel.ollama(running=True, pulled=True, loaded=True, gpu_share=1.0)
    panel.demo.put(EngineReady(engine=OLLAMA))
    assert panel.button == ""
    assert not panel.row.cancel_button.isVisible()
    assert "GPU" in panel.row.text
    assert "processor" not in panel.row.text


def test_the_processor_is_named_only_when_a_gpu_is_not_used(panel: Panel) -> None:
    panel.demo.put(EngineReady(engine=OLLAMA))
    panel.ollama(running=True, pulled=True, loaded=True, gpu_share=0.0)
    assert "CPU" in panel.row.text
    assert "It runs on the processor" not in panel.row.text
    panel.ollama(running=True, pulled=True, loaded=True, gpu_share=0.0, gpu="NVIDIA H200")
    assert "It runs on the processor: the NVIDIA H200 is not used." in panel.row.text
    panel.ollama(running=True, pulled=True, loaded=True, gpu_share=0.4, gpu="NVIDIA H200")
    assert "in part on the processor" in panel.row.text


def test_under_another_order_nobody_misses_the_old_first_choice(qtbot: QtBot) -> None:
    demo = Demo()
    qtbot.addWidget(demo.window)
    demo.stand_ins()
    demo.missing()
    stopped = OllamaChanged(model="phi3:mini", local=True, found=True, running=False)
    demo.put(stopped)
    row = demo.window.panel.rows[Stage.LLM]
    assert "Ollama is not running." in row.text
    demo.put(
        OrderChanged(order=("groq",)), replace(stopped, wanted=False), EngineReady(engine=GROQ)
    )
    assert "Ollama" not in row.text
    assert row.fetch_button.isHidden()
    assert demo.window.engines.summary().colour == "warn", "and the words go to a cloud"
