"""Where the buttons of the pages lead, in the real window."""

from __future__ import annotations

import time

from PySide6.QtCore import QUrl
from pytestqt.qtbot import QtBot

from app.core.events import FetchModel
from app.core.ports import Stage
from app.core.timer_events import TimerRow, TimersChanged
from app.settings import AppearanceSettings, TalkSettings
from app.ui.engines.diagnosis_page import DiagnosisPage
from app.ui.main_window import MainWindow
from app.ui.models.page import ModelsPage
from app.ui.pages import Name
from tests.ui.bench import Bench


def test_the_settings_lead_to_the_folder_and_to_the_other_pages(bench: Bench, qtbot: QtBot) -> None:
    window = bench.window
    window.open_settings()
    with qtbot.waitSignal(window.data_folder_wanted):
        window.settings.page_wanted.emit("data")
    assert window.pages.shown is window.settings
    for name in (Name.DIAGNOSIS, Name.MODELS):
        window.settings.page_wanted.emit(str(name))
        assert window.pages.shown is window.pages.page(name)


def test_the_settings_start_parley_again(bench: Bench) -> None:
    tea = TimerRow(name="tea", seconds=600, due_at=time.time() + 600, number=1)
    bench.demo.put(TimersChanged(timers=(tea,)))  # so that there is a question first
    bench.window.settings.restart_wanted.emit()
    assert bench.window.timers.bar.asks
    assert bench.window.restarts


def test_the_diagnosis_downloads_and_leads_to_a_setting(bench: Bench) -> None:
    window = bench.window
    window.open_page(Name.DIAGNOSIS)
    page = window.pages.page(Name.DIAGNOSIS)
    assert isinstance(page, DiagnosisPage)
    page.fetch_wanted.emit(Stage.TTS)
    fetched = [each for each in bench.intents if isinstance(each, FetchModel)]
    assert [each.stage for each in fetched] == [Stage.TTS]
    assert window.engines.stages[Stage.TTS].fetching
    page.settings_wanted.emit("audio.input")
    assert window.pages.shown is window.settings


def test_the_models_lead_to_their_licence_and_to_the_first_minute(qtbot: QtBot) -> None:
    opened: list[QUrl] = []
    window = MainWindow(AppearanceSettings(theme="light"), TalkSettings(), open_url=opened.append)
    qtbot.addWidget(window)
    window.show()
    window.open_page(Name.MODELS)
    page = window.pages.page(Name.MODELS)
    assert isinstance(page, ModelsPage)
    page.licence_wanted.emit("https://example.org/licence")
    assert opened == [QUrl("https://example.org/licence")]
    page.first_minute_wanted.emit()
    assert not window.is_covered
