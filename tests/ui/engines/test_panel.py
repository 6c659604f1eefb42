"""The engines panel and Ollama: what it says, and the one button for the next step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.core.catalogue import VOICES, ModelId
from app.core.catalogue import WHISPER as WHISPER_OFFERS
from app.core.diagnosis_events import ModelPlaced, MoveToGpu, Placing
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
from app.core.model_cards import Chosen, Stock, cards
from app.core.model_events import ModelsListed
from app.core.ports import Stage
from app.ui.engines.panel import StageRow
from tests.ui.demo import GROQ, OLLAMA, SKILLS, VITS, WHISPER, Demo


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


def test_one_that_is_not_installed_has_an_address_and_a_way_to_a_model_without_it(
    panel: Panel, qtbot: QtBot
) -> None:
    panel.ollama(found=False)
    assert "Ollama is not installed." in panel.row.text
    assert "https://ollama.com/download" in panel.row.text
    assert panel.button == "Show the models"
    with qtbot.waitSignal(panel.demo.window.panel.models_wanted):
        panel.row.fetch_button.click()


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


# --- the model, and the GPU ---------------------------------------------------------------------


def slow(panel: Panel, share: float = 0.0) -> None:
    panel.demo.put(EngineReady(engine=OLLAMA))
    panel.ollama(running=True, pulled=True, loaded=True, gpu_share=share, gpu="NVIDIA H200")


def placed(placing: Placing, title: str, hint: str = "") -> ModelPlaced:
    return ModelPlaced(model="phi3:mini", placing=placing, title=title, hint=hint)


def test_a_model_on_the_processor_is_moved_with_a_click(panel: Panel, qtbot: QtBot) -> None:
    slow(panel)
    assert panel.button == "Move the model to the GPU"
    with qtbot.waitSignal(panel.demo.window.panel.intent) as wanted:
        panel.row.fetch_button.click()
    assert isinstance(wanted.args[0], MoveToGpu)
    panel.demo.put(placed(Placing.UNDER_WAY, "phi3:mini is being loaded again."))
    assert panel.button == "", "a move is under way"
    panel.ollama(running=True, pulled=True)
    assert "phi3:mini is being loaded again." in panel.row.text
    panel.ollama(running=True, pulled=True, loaded=True, gpu_share=1.0)
    panel.demo.put(placed(Placing.ON_GPU, "It runs on the GPU now."))
    assert "It runs on the GPU now." in panel.row.text
    assert panel.button == ""


def test_one_that_does_not_fit_leads_to_smaller_ones(panel: Panel, qtbot: QtBot) -> None:
    slow(panel, share=0.4)
    title = "It does not fit: 5.2 GB model, 3.1 GB free."
    panel.demo.put(placed(Placing.NO_ROOM, title, "Choose a smaller model."))
    assert title in panel.row.text
    assert "Choose a smaller model." in panel.row.text
    assert panel.button == "Show the models"
    panel.ollama(running=True, pulled=True, loaded=True, gpu_share=1.0)
    assert title not in panel.row.text, "it is true no more"
    slow(panel)
    assert panel.button == "Move the model to the GPU"
    panel.demo.put(placed(Placing.NO_ROOM, title, "Choose a smaller model."))
    with qtbot.waitSignal(panel.demo.window.panel.models_wanted):
        panel.row.fetch_button.click()


def test_what_became_of_a_move_is_said_of_that_model_alone(panel: Panel) -> None:
    slow(panel)
    panel.demo.put(placed(Placing.NOT_USED, "It still runs on the processor.", "Restart Ollama."))
    assert panel.button == "Move the model to the GPU", "it may be tried again"
    panel.ollama(model="qwen2.5:1.5b", running=True, pulled=True)
    assert "It still runs on the processor." not in panel.row.text


# --- downloads ----------------------------------------------------------------------------------


def listed(*ids: tuple[ModelId, int], chosen: Chosen) -> ModelsListed:
    """What is on the disk: bytes of models whose download was stopped."""
    stocks = [Stock(one, False, here, 100_000_000) for one, here in ids]
    return ModelsListed(cards=cards(stocks, chosen, (*WHISPER_OFFERS, *VOICES)), chosen=chosen)


TINY, BASE = (offer.id for offer in (WHISPER_OFFERS[0], WHISPER_OFFERS[2]))
CHOSEN = Chosen(stt=TINY, voices={"en": VITS.model})


def test_a_missing_model_says_here_what_its_download_is(panel: Panel) -> None:
    panel.demo.missing()
    panel.demo.put(listed(chosen=CHOSEN))
    hears, speaks = (panel.demo.window.panel.rows[stage].text for stage in (Stage.STT, Stage.TTS))
    assert "Download it here: about 151 MB · Apache 2.0." in hears
    assert "Not for commercial use (CC-BY-NC 4.0)" in speaks
    assert "panel" not in hears + speaks


def test_a_paused_download_is_told_where_it_is_missed_and_resumed(panel: Panel) -> None:
    panel.demo.missing()
    panel.demo.put(listed((TINY, 41_000_000), chosen=CHOSEN))
    row = panel.demo.window.panel.rows[Stage.STT]
    assert "Whisper tiny: download paused at 41 %." in row.text
    assert row.fetch_button.text() == "Resume"
    assert row.fetch_button.accessibleName().startswith("Go on with the download of")
    assert "download paused" in panel.demo.window.pill.text()
    row.fetch_button.click()
    fetch = panel.intents[-1]
    assert isinstance(fetch, FetchModel)
    assert fetch.stage == Stage.STT
    assert "paused" not in row.text
    assert "download paused" not in panel.demo.window.pill.text()


def test_another_models_paused_download_stands_below_and_is_resumed(
    panel: Panel, qtbot: QtBot
) -> None:
    panel.demo.put(EngineReady(engine=WHISPER), listed((BASE, 41_000_000), chosen=CHOSEN))
    row = panel.demo.window.panel.rows[Stage.STT]
    assert "Whisper base: download paused at 41 %." in row.text
    assert "paused" not in panel.demo.window.pill.text(), "nobody misses it"
    with qtbot.waitSignal(panel.demo.window.panel.intent) as wanted:
        row.resume_button.click()
    fetch = wanted.args[0]
    assert isinstance(fetch, FetchModel)
    assert (fetch.engine, fetch.model) == (BASE.engine, BASE.model)
    assert row.resume_button.isHidden()


def test_ollamas_stopped_download_is_known_from_its_own_news(panel: Panel) -> None:
    panel.ollama(running=True)
    fetched = {"stage": Stage.LLM, "engine": "ollama", "model": "phi3:mini"}
    panel.demo.put(
        FetchProgressed(**fetched, line="…", done_bytes=900, total_bytes=2200),
        FetchEnded(**fetched, complete=False),
    )
    assert "Phi-3 mini: download paused at 41 %." in panel.row.text
    assert panel.button == "Resume"
    panel.ollama(running=True, pulled=True, models=("phi3:mini",))
    assert "paused" not in panel.row.text


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
