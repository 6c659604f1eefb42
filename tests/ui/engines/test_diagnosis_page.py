"""The diagnosis page: it says how every part is, and its buttons do something about it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication

from app.core.diagnosis_events import Check, ChecksEnded, RunChecks
from app.core.events import (
    DeviceChanged,
    EngineMissing,
    EngineReady,
    Event,
    OllamaChanged,
    StartOllama,
)
from app.core.ports import Engine, Stage
from app.ui.engines.diagnosis_page import DiagnosisPage
from app.ui.engines.findings import Fix
from app.ui.engines.status import EngineStatus
from app.ui.theme import Theme

SPHINX = Engine(Stage.STT, "pocketsphinx", "", stand_in=True)
WHISPER = Engine(Stage.STT, "whisper", "acft-whisper-tiny")
SKILLS = Engine(Stage.LLM, "skills", "", stand_in=True)
OLLAMA = Engine(Stage.LLM, "ollama", "phi3:mini", device="server")
GROQ = Engine(Stage.LLM, "groq", "llama", device="server", local=False)
VITS = Engine(Stage.TTS, "vits", "mms-tts-eng")

STOPPED = OllamaChanged(model="phi3:mini", local=True, found=True, running=False)

ALL_WELL = (
    DeviceChanged(kind="input", name="Desk microphone"),
    DeviceChanged(kind="output", name="Headphones"),
    EngineReady(engine=WHISPER),
    EngineReady(engine=OLLAMA),
    EngineReady(engine=VITS),
)


@pytest.fixture
def engines(qapp) -> EngineStatus:
    return EngineStatus()


@pytest.fixture
def page(qtbot, engines: EngineStatus) -> DiagnosisPage:
    page = DiagnosisPage(Theme("light"), engines)
    qtbot.addWidget(page)
    page.sent = []  # type: ignore[attr-defined]
    page.intent.connect(page.sent.append)  # type: ignore[attr-defined]
    page.show()
    return page


def tell(engines: EngineStatus, *events: Event) -> None:
    for event in events:
        engines.handle(event)


def row(page: DiagnosisPage, name: str):
    (found,) = [each for each in page.rows if each.text.startswith(f"{name}:")]
    return found


def test_all_well_is_said_in_a_sentence(page, engines):
    tell(engines, *ALL_WELL)
    page.handle(ChecksEnded(checks=(Check("disk", "ok", "80 GB free in /data."),)))
    assert page._summary.text() == "Everything works."
    assert row(page, "Microphone").text == "Microphone: Desk microphone."
    assert row(page, "Disk").text == "Disk: 80 GB free in /data."


def test_files_and_disk_are_looked_at_when_the_page_is_brought_up_and_on_demand(page, qtbot):
    assert [type(intent) for intent in page.sent] == [RunChecks]
    assert not page.again.isEnabled()
    page.handle(ChecksEnded(checks=()))
    page.again.click()
    assert [type(intent) for intent in page.sent] == [RunChecks, RunChecks]


def test_what_is_missing_has_its_reason_and_its_button(page, engines, qtbot):
    tell(
        engines,
        *ALL_WELL,
        EngineReady(engine=SPHINX),
        EngineMissing(
            engine=WHISPER,
            title="The speech model is not here yet.",
            hint="Download it here.",
            fetchable=True,
        ),
    )
    speech = row(page, "Speech to text")
    assert "The speech model is not here yet." in speech.text
    assert page._summary.text() == "Parley works. One part could be better."
    with qtbot.waitSignal(page.fetch_wanted) as wanted:
        speech.buttons[Fix.FETCH].click()
    assert wanted.args == [Stage.STT]


def test_a_stopped_ollama_is_started_by_a_click(page, engines):
    tell(engines, *ALL_WELL, EngineReady(engine=SKILLS), STOPPED)
    row(page, "Language model").buttons[Fix.START_OLLAMA].click()
    assert isinstance(page.sent[-1], StartOllama)


def test_a_service_without_a_key_leads_to_the_keys(page, engines, qtbot):
    tell(
        engines,
        *ALL_WELL,
        EngineReady(engine=SKILLS),
        EngineMissing(engine=GROQ, title="Groq has no key.", hint="Add one."),
    )
    with qtbot.waitSignal(page.settings_wanted) as wanted:
        row(page, "Language model").buttons[Fix.ADD_KEY].click()
    assert wanted.args == ["llm.keys"]


def test_no_microphone_is_a_fault_and_leads_to_the_devices(page, engines, qtbot):
    tell(engines, *ALL_WELL, DeviceChanged(kind="input", name=""))
    assert page._summary.text() == "One part does not work."
    with qtbot.waitSignal(page.settings_wanted) as wanted:
        row(page, "Microphone").buttons[Fix.CHOOSE_MICROPHONE].click()
    assert wanted.args == ["audio.input"]


def test_a_device_that_stands_in_for_another_is_a_remark(page, engines):
    detail = "USB is not there. Parley uses Desk microphone until it returns."
    tell(engines, *ALL_WELL, DeviceChanged(kind="input", name="Desk microphone", detail=detail))
    assert detail in row(page, "Microphone").text
    assert page._summary.text() == "Parley works. One part could be better."


def test_a_full_disk_leads_to_the_models(page, qtbot):
    page.handle(ChecksEnded(checks=(Check("disk", "fail", "0.0 GB free.", "Make room."),)))
    with qtbot.waitSignal(page.models_wanted):
        row(page, "Disk").buttons[Fix.MANAGE_MODELS].click()


def test_the_report_names_versions_and_findings_and_no_home_folder(page, engines):
    tell(engines, *ALL_WELL)
    text = f"80 GB free in {Path.home()}/.local/share/parley."
    page.handle(ChecksEnded(checks=(Check("disk", "ok", text),)))
    page.copy.click()
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith("Parley ")
    assert "ok    Disk: 80 GB free in ~/.local/share/parley." in copied
    assert str(Path.home()) not in copied
    assert page.copy.text() == "Copied"


def test_rows_come_and_go_with_what_was_found(page):
    page.handle(ChecksEnded(checks=(Check("disk", "ok", "a."), Check("history", "ok", "b."))))
    more = len(page.rows)
    page.handle(ChecksEnded(checks=(Check("disk", "ok", "a."),)))
    assert len(page.rows) == more - 1
    assert page.rows[-1].text == "Disk: a."
