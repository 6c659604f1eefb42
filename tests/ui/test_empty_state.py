"""The empty conversation in the real window: nothing moves under the pointer, and who is not
understood is told so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.core.catalogue import BUILTIN, VOICES, WHISPER
from app.core.events import EngineReady, FetchProgressed, SettingChanged
from app.core.model_cards import Stock, cards
from app.core.model_events import ModelsListed
from app.core.ports import Stage
from app.model_settings import chosen
from app.settings import AppearanceSettings, Settings, TalkSettings
from app.ui import translation
from app.ui.main_window import MainWindow
from app.ui.models.row import ModelRow
from app.ui.pages import Name
from tests.ui.demo import POCKETSPHINX, settle
from tests.ui.demo import WHISPER as HEARS_WELL

CHOSEN = chosen(Settings())


def listed(*stocks: Stock) -> ModelsListed:
    return ModelsListed(
        cards=cards(stocks, CHOSEN, (*WHISPER, *VOICES, *BUILTIN)), chosen=CHOSEN, free_bytes=10**11
    )


def everything_here() -> ModelsListed:
    return listed(*(Stock(offer.id, True, 5) for offer in (*WHISPER, *VOICES, *BUILTIN)))


class Start:
    """A window that has just opened."""

    def __init__(
        self, qtbot: QtBot, remembered: QSettings, size: tuple[int, int] = (1080, 720)
    ) -> None:
        self.window = MainWindow(AppearanceSettings(), TalkSettings(), geometry=remembered)
        qtbot.addWidget(self.window)
        self.window.resize(*size)
        self.window.show()
        qtbot.waitExposed(self.window)
        settle(50)
        self.empty = self.window.empty
        assert self.empty.first_minute is not None
        self.panel = self.empty.first_minute

    def put(self, *events: object) -> None:
        for event in events:
            self.window.handle(event)
        settle(50)

    def place(self, part: QWidget) -> QRect:
        return QRect(part.mapTo(self.window, QPoint(0, 0)), part.size())

    @property
    def places(self) -> list[QRect]:
        """Of everything one may be aiming at before the panel comes."""
        return [self.place(part) for part in self.empty.chips if part.isVisible()]

    @property
    def title_at(self) -> int:
        return self.place(self.empty._title).top()


@pytest.fixture
def remembered(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)


@pytest.fixture(autouse=True)
def english(qapp: QApplication) -> Iterator[None]:
    translation.install("en")
    yield
    translation.install("en")


# --- nothing moves --------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("size", [(1080, 720), (900, 600), (1400, 1000)])
def test_the_panel_comes_and_the_examples_stay(
    qtbot: QtBot, remembered: QSettings, size: tuple[int, int], language: translation.Choice
) -> None:
    translation.install(language)
    start = Start(qtbot, remembered, size)
    before, title_at = start.places, start.title_at
    assert not start.panel.isVisible()
    start.put(EngineReady(engine=POCKETSPHINX), listed())
    assert start.panel.isVisible()
    assert start.places == before
    if size != (900, 600):  # there the panel needs all the room, and takes that of the examples
        assert start.title_at == title_at
        assert len(before) == len(start.empty.chips)


def test_a_panel_that_is_not_needed_moves_nothing_by_staying_away(
    qtbot: QtBot, remembered: QSettings
) -> None:
    start = Start(qtbot, remembered)
    before, title_at = start.places, start.title_at
    start.put(everything_here())
    assert not start.panel.isVisible()
    assert (start.places, start.title_at) == (before, title_at)
    # from the next start on no room is kept, so that what is there stands in the middle
    again = Start(qtbot, remembered)
    assert again.title_at > title_at
    before = again.places
    again.put(everything_here())
    assert again.places == before
    # a model was deleted meanwhile: the panel comes below
    again.put(listed())
    assert again.panel.isVisible()
    assert [each.top() for each in again.places] == [each.top() for each in before]


def test_a_small_window_shows_the_examples_when_no_panel_comes(
    qtbot: QtBot, remembered: QSettings
) -> None:
    start = Start(qtbot, remembered, (900, 600))
    title_at = start.title_at
    assert start.places == [], "the panel takes their room"
    start.put(everything_here())
    assert len(start.places) == len(start.empty.chips)
    assert start.title_at == title_at


def test_a_download_moves_nothing_above_it(qtbot: QtBot, remembered: QSettings) -> None:
    start = Start(qtbot, remembered)
    start.put(listed())
    before = start.places
    one = VOICES[0].id
    start.put(
        FetchProgressed(
            stage=one.stage,
            engine=one.engine,
            model=one.model,
            line="x",
            done_bytes=1_000_000,
            total_bytes=145_000_000,
        )
    )
    assert "MB" in start.panel.rows[Stage.TTS].text
    # a scroll bar at the edge may push them by half its width
    assert [each.top() for each in start.places] == [each.top() for each in before]


def test_put_away_it_gives_its_room_back(qtbot: QtBot, remembered: QSettings) -> None:
    start = Start(qtbot, remembered)
    start.put(listed())
    title_at = start.title_at
    start.panel.later.click()
    settle(50)
    assert start.title_at > title_at


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("size", [(1080, 720), (900, 600), (640, 400)])
def test_every_licence_is_read_whole(
    qtbot: QtBot, remembered: QSettings, size: tuple[int, int], language: translation.Choice
) -> None:
    translation.install(language)
    start = Start(qtbot, remembered)
    start.window.setMinimumSize(*size)
    start.window.resize(*size)
    start.put(listed())
    assert start.panel.width() <= start.empty.viewport().width()
    start.window.open_page(Name.MODELS)
    settle(50)
    rows = [
        *start.panel.rows.values(),
        *start.window.pages.page(Name.MODELS).findChildren(ModelRow),
    ]
    assert len(rows) > 20
    cut = {row.licence.shown for row in rows if row.licence.shown != row.licence.text()}
    assert cut == set()


# --- who is not understood ------------------------------------------------------------------


def test_who_speaks_another_language_is_told_before_the_first_question(
    qtbot: QtBot, remembered: QSettings
) -> None:
    start = Start(qtbot, remembered)
    start.put(listed(), EngineReady(engine=POCKETSPHINX))
    assert start.empty.title == "Hold space and talk"
    before = start.places
    start.put(SettingChanged(name="stt.language", value="de"))
    assert start.empty.title == "Hold space and speak English"
    assert start.empty._sub.text() == "Other languages need the speech model."
    assert "I understand English only" in start.panel._about.text()
    assert "Understand your language" in start.panel.rows[Stage.STT].text
    assert "in English" in start.panel.microphone.text
    assert not start.empty.get_speech.isVisible(), "the panel offers it"
    assert start.places == before
    start.put(EngineReady(engine=HEARS_WELL))
    assert start.empty.title == "Hold space and talk"
    assert "Understand you better" in start.panel.rows[Stage.STT].text
    assert "in English" not in start.panel.microphone.text


def test_a_french_window_says_so_by_itself(qtbot: QtBot, remembered: QSettings) -> None:
    translation.install("fr")
    start = Start(qtbot, remembered)
    usual = start.empty.title
    start.put(
        listed(), EngineReady(engine=POCKETSPHINX), SettingChanged(name="stt.language", value=None)
    )
    assert start.empty.title != usual
    assert start.empty._english_only
    start.put(SettingChanged(name="stt.language", value="en"))
    assert start.empty.title == usual, "who says that it speaks English is understood"


def test_who_put_the_panel_away_gets_the_speech_model_with_one_click(
    qtbot: QtBot, remembered: QSettings
) -> None:
    start = Start(qtbot, remembered)
    start.put(
        listed(),
        EngineReady(engine=POCKETSPHINX),
        SettingChanged(name="stt.language", value="fr"),
    )
    start.panel.skip.click()
    settle(50)
    assert start.empty.get_speech.isVisible()
    assert start.empty.get_speech.accessibleName() == "Get the speech model"
    QTest.mouseClick(start.empty.get_speech, Qt.MouseButton.LeftButton)
    settle(50)
    assert start.panel.isVisible()
    assert start.panel.rows[Stage.STT].isVisible()
    assert not start.empty.get_speech.isVisible()


def test_without_a_microphone_nothing_is_said_of_speaking(
    qtbot: QtBot, remembered: QSettings
) -> None:
    start = Start(qtbot, remembered)
    start.put(EngineReady(engine=POCKETSPHINX), SettingChanged(name="stt.language", value="fr"))
    start.empty.show_microphone(False)
    assert start.empty.title == "Type a question"
