"""No dead ends around the engines, in the real window: what tells of trouble has the button that
helps, and whoever went to look comes back to where they were."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.core.diagnosis_events import MoveToGpu
from app.core.events import (
    EngineReady,
    FetchModel,
    OllamaChanged,
    StageFailed,
    StartOllama,
    TurnStarted,
)
from app.core.ports import Stage
from app.ui.engines.diagnosis_page import DiagnosisPage
from app.ui.engines.findings import Fix
from app.ui.engines.next_step import EngineCard
from app.ui.pages import Name
from tests.ui.demo import OLLAMA, Demo


@pytest.fixture
def demo(qtbot: QtBot) -> Demo:
    demo = Demo("light")
    qtbot.addWidget(demo.window)
    demo.window.show()
    qtbot.waitExposed(demo.window)
    demo.stand_ins()
    demo.settings()
    return demo


def intents(demo: Demo) -> list[object]:
    sent: list[object] = []
    demo.window.intent.connect(sent.append)
    return sent


def ollama(**fields: object) -> OllamaChanged:
    known = {"model": "phi3:mini", "local": True, "found": True, "running": False}
    return OllamaChanged(**{**known, **fields})  # type: ignore[arg-type]


def escape(demo: Demo, qtbot: QtBot) -> None:
    qtbot.keyClick(demo.window, Qt.Key.Key_Escape)
    qtbot.wait(50)


# --- the card of a question ---------------------------------------------------------------------


def card_of_a_failed_question(demo: Demo, title: str) -> EngineCard:
    demo.window.ask("Why is the sky blue?")
    demo.put(
        TurnStarted(turn_id=1, source="text"),
        StageFailed(turn_id=1, stage="llm", title=title, hint="Get it.", recovered_by="skills"),
    )
    (card,) = demo.window.view.findChildren(EngineCard)
    assert card.title == title
    return card


def test_a_question_without_its_model_has_the_download_on_its_card(demo: Demo) -> None:
    demo.put(ollama(running=True))
    card = card_of_a_failed_question(demo, "Ollama does not have the model phi3:mini.")
    assert card.step.isVisible()
    assert card.step.text() == "Download phi3:mini"
    sent = intents(demo)
    card.step.click()
    (fetch,) = sent
    assert isinstance(fetch, FetchModel)
    assert fetch.stage == Stage.LLM
    assert not card.step.isVisible(), "it is under way"
    demo.put(ollama(running=True, pulled=True), EngineReady(engine=OLLAMA))
    assert not card.step.isVisible(), "it is here"


def test_a_question_to_a_stopped_ollama_has_its_start_on_its_card(demo: Demo) -> None:
    demo.put(ollama())
    card = card_of_a_failed_question(demo, "Ollama is not running.")
    assert card.step.text() == "Start Ollama"
    sent = intents(demo)
    card.step.click()
    assert [type(intent) for intent in sent] == [StartOllama]


def test_a_question_without_ollama_leads_to_the_models(demo: Demo) -> None:
    demo.put(ollama(found=False))
    card = card_of_a_failed_question(demo, "Ollama is not installed.")
    card.step.click()
    assert demo.window.pages.shown is demo.window.pages.page(Name.MODELS)


def test_all_that_tells_of_a_missing_ollama_says_the_same(demo: Demo) -> None:
    demo.put(ollama(found=False))
    window = demo.window
    window.pill.click()
    panel = window.panel.rows[Stage.LLM].text
    card = card_of_a_failed_question(demo, "Ollama is not installed.").title
    window.open_page(Name.DIAGNOSIS)
    page = window.pages.page(Name.DIAGNOSIS)
    (model,) = [row.text for row in page.rows if row.text.startswith("Language model:")]  # type: ignore[attr-defined]
    for said in (panel, card, model):
        assert "Ollama is not installed." in said
        assert "not running" not in said


# --- the panel ----------------------------------------------------------------------------------


def test_the_panels_buttons_reach_their_goals(demo: Demo, qtbot: QtBot) -> None:
    window = demo.window
    slow = ollama(running=True, pulled=True, loaded=True, gpu_share=0.0, gpu="NVIDIA H200")
    demo.put(EngineReady(engine=OLLAMA), slow)
    window.pill.click()
    sent = intents(demo)
    window.panel.rows[Stage.LLM].fetch_button.click()
    assert [type(intent) for intent in sent] == [MoveToGpu]
    window.panel.diagnosis_button.click()
    assert window.pages.shown is window.pages.page(Name.DIAGNOSIS)
    escape(demo, qtbot)
    assert not window.is_covered
    assert window.panel.isVisible(), "one came from here"
    demo.put(ollama(found=False))
    window.panel.rows[Stage.LLM].fetch_button.click()
    assert window.pages.shown is window.pages.page(Name.MODELS)


# --- the way back -------------------------------------------------------------------------------


def test_esc_goes_back_the_way_one_came(demo: Demo, qtbot: QtBot) -> None:
    window = demo.window
    window.open_settings()
    settings = window.pages.page(Name.SETTINGS)
    window.settings.page_wanted.emit("diagnosis")
    diagnosis = window.pages.page(Name.DIAGNOSIS)
    assert diagnosis.back.accessibleName() == "Back to: Settings"
    diagnosis.models_wanted.emit()  # type: ignore[attr-defined]
    assert window.pages.shown is window.pages.page(Name.MODELS)
    escape(demo, qtbot)
    assert window.pages.shown is diagnosis
    escape(demo, qtbot)
    assert window.pages.shown is settings
    assert settings.back.accessibleName() == "Back to the conversation"
    escape(demo, qtbot)
    assert window.pages.shown is None


def test_a_way_that_goes_in_a_circle_is_gone_back_once(demo: Demo, qtbot: QtBot) -> None:
    window = demo.window
    window.open_settings()
    window.open_page(Name.DIAGNOSIS)
    window.open_settings()
    escape(demo, qtbot)
    assert window.pages.shown is window.pages.page(Name.DIAGNOSIS), "one came from here"
    escape(demo, qtbot)
    assert window.pages.shown is None


@pytest.mark.parametrize("came_by", ["the settings", "the engines"])
def test_who_picks_another_device_comes_back_to_the_diagnosis(
    demo: Demo, qtbot: QtBot, came_by: str
) -> None:
    window = demo.window
    if came_by == "the settings":
        window.open_settings()
        window.settings.page_wanted.emit("diagnosis")
    else:
        window.pill.click()
        window.panel.diagnosis_button.click()
    diagnosis = window.pages.page(Name.DIAGNOSIS)
    assert isinstance(diagnosis, DiagnosisPage)
    (row,) = [row for row in diagnosis.rows if row.text.startswith("Microphone:")]
    row.buttons[Fix.CHOOSE_MICROPHONE].click()
    settings = window.pages.page(Name.SETTINGS)
    assert window.pages.shown is settings
    assert settings.back.accessibleName() == "Back to: Diagnosis"
    escape(demo, qtbot)
    assert window.pages.shown is diagnosis
    escape(demo, qtbot)
    assert window.pages.shown is None


def test_a_new_conversation_leaves_all_pages(demo: Demo, qtbot: QtBot) -> None:
    window = demo.window
    window.open_settings()
    window.open_page(Name.DIAGNOSIS)
    qtbot.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert window.pages.shown is None
    window.open_page(Name.MODELS)
    assert window.pages.page(Name.MODELS).back.accessibleName() == "Back to the conversation"
    escape(demo, qtbot)
    assert window.pages.shown is None
