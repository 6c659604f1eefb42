"""The diagnosis page: it says how every part is, and its buttons do something about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication

from app.core.catalogue import WHISPER as WHISPER_OFFERS
from app.core.catalogue import ModelId
from app.core.desktop_events import ShortcutChanged
from app.core.diagnosis_events import (
    Check,
    ChecksEnded,
    ModelPlaced,
    MoveToGpu,
    Placing,
    RunChecks,
)
from app.core.events import (
    ChangeSetting,
    DeviceChanged,
    EngineMissing,
    EngineReady,
    Event,
    FetchModel,
    OllamaChanged,
    SettingChanged,
    StartOllama,
)
from app.core.model_cards import Chosen, Stock, cards
from app.core.model_events import ModelsListed
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

TINY, BASE = (offer.id for offer in (WHISPER_OFFERS[0], WHISPER_OFFERS[2]))

ALL_WELL = (
    DeviceChanged(kind="input", name="Desk microphone"),
    DeviceChanged(kind="output", name="Headphones"),
    EngineReady(engine=WHISPER),
    EngineReady(engine=OLLAMA),
    EngineReady(engine=VITS),
)


def paused(one: ModelId) -> ModelsListed:
    """41 % of this model are on the disk, and nobody fetches the rest."""
    stocks = [Stock(one, False, 41_000_000, 100_000_000)]
    chosen = Chosen(stt=TINY)
    return ModelsListed(cards=cards(stocks, chosen, WHISPER_OFFERS), chosen=chosen)


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


def slow(engines: EngineStatus, gpu_share: float = 0.0) -> None:
    """Ollama's model is on the processor, and there is a GPU."""
    served = OllamaChanged(
        model="phi3:mini",
        local=True,
        found=True,
        running=True,
        pulled=True,
        loaded=True,
        gpu_share=gpu_share,
        gpu="" if gpu_share == 1 else "NVIDIA H200",
    )
    tell(engines, *ALL_WELL, served)


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


def test_a_model_on_the_processor_is_moved_by_a_click_and_the_result_is_said(page, engines):
    slow(engines)
    model = row(page, "Language model")
    assert "the NVIDIA H200 is not used" in model.text
    model.buttons[Fix.MOVE_TO_GPU].click()
    assert isinstance(page.sent[-1], MoveToGpu)
    told = {"model": "phi3:mini", "title": "phi3:mini is being loaded again."}
    tell(engines, ModelPlaced(placing=Placing.UNDER_WAY, **told))
    assert told["title"] in model.text
    assert model.buttons == {}
    page.cards.add("phi3:mini runs on the processor, not on the GPU.", "Move it.", "warn")
    page.cards.add("No microphone is connected.", "Plug one in.", "warn")
    slow(engines, gpu_share=1.0)
    done = ModelPlaced(model="phi3:mini", placing=Placing.ON_GPU, title="It runs on the GPU now.")
    tell(engines, done)
    page.handle(done)
    assert "It runs on the GPU now." in model.text
    assert model.buttons == {}
    assert page._summary.text() == "Everything works."
    left = [card.title for card in page.cards.cards]
    assert left == ["No microphone is connected."], "what was told of it is true no more"


def test_a_model_that_does_not_fit_leads_to_smaller_ones(page, engines, qtbot):
    slow(engines, gpu_share=0.4)
    title = "It does not fit: 5.2 GB model, 3.1 GB free."
    hint = "Choose a smaller model."
    tell(
        engines,
        ModelPlaced(model="phi3:mini", placing=Placing.NO_ROOM, title=title, hint=hint),
    )
    model = row(page, "Language model")
    assert title in model.text
    assert hint in model.text
    with qtbot.waitSignal(page.models_wanted):
        model.buttons[Fix.MANAGE_MODELS].click()


KEPT = Check(
    "speech to text",
    "warn",
    "It runs on the processor because its settings say so.",
    "Write it into the file.",
    stage=Stage.STT,
    change=("stt.whisper.device", "auto"),
)


def test_an_engine_that_is_kept_off_the_gpu_is_let_on_it_and_looked_at_again(page, engines):
    tell(engines, *ALL_WELL)
    page.handle(ChecksEnded(checks=(KEPT,)))
    speech = row(page, "Speech to text")  # one row, not two
    assert KEPT.text in speech.text
    assert KEPT.hint not in speech.text, "the button does it"
    speech.buttons[Fix.USE_GPU].click()
    change = page.sent[-1]
    assert isinstance(change, ChangeSetting)
    assert (change.name, change.value) == ("stt.whisper.device", "auto")
    page.handle(SettingChanged(name="stt.whisper.device", value="auto"))  # it is on the disk
    assert isinstance(page.sent[-1], RunChecks)
    page.handle(ChecksEnded(checks=()))
    assert KEPT.text not in speech.text
    assert speech.buttons == {}


def test_a_paused_download_that_is_missed_is_resumed_in_its_part(page, engines, qtbot):
    missing = EngineMissing(engine=WHISPER, title="Not here.", hint="Get it.", fetchable=True)
    tell(engines, *ALL_WELL, EngineReady(engine=SPHINX), missing, paused(TINY))
    speech = row(page, "Speech to text")
    assert "Whisper tiny: download paused at 41 %." in speech.text
    with qtbot.waitSignal(page.fetch_wanted) as wanted:
        speech.buttons[Fix.RESUME].click()
    assert wanted.args == [Stage.STT]


def test_another_paused_download_is_a_row_of_its_own(page, engines):
    tell(engines, *ALL_WELL, paused(BASE))
    assert row(page, "Download").text == "Download: Whisper base: download paused at 41 %."
    row(page, "Download").buttons[Fix.RESUME].click()
    fetch = page.sent[-1]
    assert isinstance(fetch, FetchModel)
    assert (fetch.stage, fetch.engine, fetch.model) == (BASE.stage, BASE.engine, BASE.model)
    assert not [each for each in page.rows if each.text.startswith("Download:")]


def test_without_ollama_there_is_a_way_to_a_model_that_needs_none(page, engines, qtbot):
    tell(engines, *ALL_WELL, EngineReady(engine=SKILLS), replace(STOPPED, found=False))
    assert "Ollama is not installed." in row(page, "Language model").text
    with qtbot.waitSignal(page.models_wanted):
        row(page, "Language model").buttons[Fix.MANAGE_MODELS].click()


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


def test_the_report_tells_of_desktop_tray_and_shortcut(page, monkeypatch):
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "GNOME")
    monkeypatch.setenv("XDG_SESSION_TYPE", "wayland")
    page.handle(SettingChanged(name="desktop.tray", value=False))
    page.handle(
        ShortcutChanged(
            by="portal",
            shortcut="Ctrl+Alt+Space",
            can_hold=True,
            works=True,
            others=(("x11", "Wayland."), ("evdev", f"cannot read {Path.home()}/x")),
        )
    )
    page.copy.click()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert "Desktop: GNOME, session wayland, drawn by offscreen" in lines
    assert "Tray: no, switched off in the settings" in lines
    assert "Shortcut of the desktop: Ctrl+Alt+Space by portal, can be held" in lines
    assert "  not by x11: Wayland." in lines
    assert "  not by evdev: cannot read ~/x" in lines


def test_rows_come_and_go_with_what_was_found(page):
    page.handle(ChecksEnded(checks=(Check("disk", "ok", "a."), Check("history", "ok", "b."))))
    more = len(page.rows)
    page.handle(ChecksEnded(checks=(Check("disk", "ok", "a."),)))
    assert len(page.rows) == more - 1
    assert page.rows[-1].text == "Disk: a."
