"""The first minute: three better engines with a button each, and whether the microphone works."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QAbstractButton, QApplication
from pytestqt.qtbot import QtBot

from app.core.catalogue import BUILTIN, OLLAMA, VOICES, WHISPER, ModelId
from app.core.events import (
    Event,
    FetchEnded,
    FetchModel,
    FetchProgressed,
    LevelMeasured,
    OllamaChanged,
    State,
    StateChanged,
    TurnStarted,
    UtteranceStarted,
)
from app.core.model_cards import OnDisk, Stock, cards
from app.core.model_events import (
    BeginMicrophoneCheck,
    EndMicrophoneCheck,
    LookUpModels,
    MicrophoneChecked,
    ModelsListed,
    UseModel,
)
from app.core.ports import Stage
from app.core.turn import Turn
from app.model_settings import chosen
from app.settings import Settings
from app.ui import theme as look
from app.ui.empty_state import EmptyState
from app.ui.models import microphone_check
from app.ui.models.first_minute import FirstMinute
from app.ui.theme import Theme

TINY, ENGLISH, FRENCH = WHISPER[0].id, VOICES[0].id, VOICES[1].id
PHI, INSIDE = OLLAMA[0].id, BUILTIN[0].id
CHOSEN = chosen(Settings())


def listed(*stocks: Stock, blocked: str = "") -> ModelsListed:
    shown = cards(stocks, CHOSEN, (*WHISPER, *VOICES, *BUILTIN))
    return ModelsListed(cards=shown, chosen=CHOSEN, blocked=blocked)


def ollama(**changed: object) -> OllamaChanged:
    values = {"model": "phi3:mini", "local": True, "found": True, "running": True}
    return OllamaChanged(**(values | changed))  # type: ignore[arg-type]


class Bench:
    """The panel by itself, and what it wants."""

    def __init__(self, qtbot: QtBot, remembered: QSettings | None, language: str = "en") -> None:
        theme = Theme("light")
        self.panel = FirstMinute(theme, remembered, language=language)
        self.panel.setStyleSheet(look.stylesheet(theme.tokens))
        qtbot.addWidget(self.panel)
        self.intents: list[Event] = []
        self.panel.intent.connect(self.intents.append)

    @property
    def offered(self) -> list[ModelId]:
        return [self.panel.rows[stage].card.id for stage in (Stage.STT, Stage.TTS, Stage.LLM)]

    def wanted(self, kind: type[Event]) -> list[Event]:
        return [intent for intent in self.intents if isinstance(intent, kind)]


@pytest.fixture
def remembered(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def bench(qtbot: QtBot, remembered: QSettings, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(QApplication, "doubleClickInterval", lambda: 0)
    return Bench(qtbot, remembered)


# --- what it offers ---------------------------------------------------------------------------


def test_it_comes_when_something_is_missing_and_offers_three_engines(bench: Bench) -> None:
    assert not bench.panel.isVisible(), "nothing is known yet"
    bench.panel.handle(ollama())
    bench.panel.handle(listed())
    assert bench.panel.isVisible()
    assert bench.offered == [TINY, ENGLISH, PHI]
    for row in bench.panel.rows.values():
        assert "about " in row.text
        assert row.card.offer.licence is not None
        assert row.card.offer.licence.name in row.text
        seen = [b.text() for b in (row.second, row.first) if not b.isHidden()]
        assert seen == ["Download"], "one button each"
    assert "Not for commercial use" in bench.panel.rows[Stage.TTS].text


def test_it_does_not_come_when_everything_is_here(bench: Bench) -> None:
    here = [Stock(one, True, 5) for one in (TINY, ENGLISH)]
    bench.panel.handle(ollama(models=("phi3:mini",), sizes=(5,), pulled=True))
    bench.panel.handle(listed(*here))
    assert not bench.panel.isVisible()


def test_the_voice_speaks_the_users_language(qtbot: QtBot) -> None:
    bench = Bench(qtbot, None, language="fr")
    bench.panel.handle(listed())
    assert bench.offered[1] == FRENCH
    strange = Bench(qtbot, None, language="ja")
    strange.panel.handle(listed())
    assert strange.offered[1] == ENGLISH, "there is none for Japanese"


def test_without_ollama_the_model_inside_parley_is_offered(bench: Bench) -> None:
    bench.panel.handle(ollama(found=False, running=False))
    bench.panel.handle(listed())
    assert bench.offered[2] == INSIDE
    bench.panel.handle(ollama())
    assert bench.offered[2] == PHI


def test_one_click_fetches_and_uses(bench: Bench) -> None:
    bench.panel.handle(listed())
    row = bench.panel.rows[Stage.LLM]
    row.second.click()
    (wanted,) = bench.wanted(FetchModel)
    assert isinstance(wanted, FetchModel)
    assert (wanted.engine, wanted.model) == (INSIDE.engine, INSIDE.model)
    common = {"stage": INSIDE.stage, "engine": INSIDE.engine, "model": INSIDE.model}
    bench.panel.handle(
        FetchProgressed(line="x", done_bytes=1, total_bytes=4, **common)  # type: ignore[arg-type]
    )
    assert row.second.text() == "Pause"
    bench.panel.handle(FetchEnded(complete=True, **common))  # type: ignore[arg-type]
    (used,) = bench.wanted(UseModel)
    assert isinstance(used, UseModel)
    assert used.model == INSIDE.model
    # what is chosen already is used without being asked for
    bench.panel.handle(
        FetchEnded(stage=TINY.stage, engine=TINY.engine, model=TINY.model, complete=True)
    )
    assert len(bench.wanted(UseModel)) == 1


def test_why_nothing_can_be_had_is_said(bench: Bench) -> None:
    why = "Nothing is downloaded while “Stay on this computer” is on."
    bench.panel.handle(listed(blocked=why))
    assert bench.panel._why.text() == why
    assert not bench.panel.rows[Stage.STT].second.isEnabled()


# --- put away, and found again ----------------------------------------------------------------


def test_later_is_at_the_next_start(bench: Bench, qtbot: QtBot, remembered: QSettings) -> None:
    bench.panel.handle(listed())
    closed: list[bool] = []
    bench.panel.closed.connect(lambda: closed.append(True))
    bench.panel.later.click()
    assert closed == [True]
    bench.panel.handle(listed())
    assert not bench.panel.isVisible()
    next_start = Bench(qtbot, remembered)
    next_start.panel.handle(listed())
    assert next_start.panel.isVisible()


def test_skipped_is_remembered_until_it_is_asked_for(
    bench: Bench, qtbot: QtBot, remembered: QSettings
) -> None:
    bench.panel.handle(listed())
    bench.panel.skip.click()
    next_start = Bench(qtbot, remembered)
    next_start.panel.handle(listed())
    assert not next_start.panel.isVisible()
    next_start.panel.bring_back()
    assert next_start.panel.isVisible()
    assert next_start.wanted(LookUpModels), "it may be long ago that somebody looked"
    assert not Bench(qtbot, remembered).panel.is_skipped


def test_all_models_is_one_click_away(bench: Bench) -> None:
    wanted: list[bool] = []
    bench.panel.models_wanted.connect(lambda: wanted.append(True))
    bench.panel.all_models.click()
    assert wanted == [True]


# --- the microphone ---------------------------------------------------------------------------


def test_a_check_shows_the_level_and_what_was_heard(bench: Bench) -> None:
    bench.panel.handle(listed())
    check = bench.panel.microphone
    assert not check.meter.isVisible()
    check.button.click()
    assert len(bench.wanted(BeginMicrophoneCheck)) == 1
    bench.panel.handle(StateChanged(state=State.LISTENING))
    bench.panel.handle(UtteranceStarted(turn=Turn(1, "check"), microphone="USB"))
    assert check.text == "I am listening."
    bench.panel.handle(LevelMeasured(level=0.5))
    assert check.meter.isVisible()
    assert check.meter.share > 0.5
    check.button.click()
    assert len(bench.wanted(EndMicrophoneCheck)) == 1
    bench.panel.handle(MicrophoneChecked(text="hello parley", language="en"))
    assert check.text == "I heard: “hello parley”"
    bench.panel.handle(StateChanged(state=State.READY))
    assert check.text == "I heard: “hello parley”"
    assert check.button.text() == "Say something"


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("silence", "I heard no words."),
        ("too short", "I heard no words."),
        ("muted", "The microphone is muted."),
        ("no microphone", "No microphone is connected."),
    ],
)
def test_why_nothing_was_heard_is_said(bench: Bench, why: str, words: str) -> None:
    check = bench.panel.microphone
    check.button.click()
    bench.panel.handle(MicrophoneChecked(text="", why=why))
    assert words in check.text
    assert "try again" in check.text.lower()


def test_a_check_ends_by_itself(
    qtbot: QtBot, remembered: QSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone_check, "LONGEST_MS", 50)
    bench = Bench(qtbot, remembered)
    bench.panel.microphone.button.click()
    qtbot.waitUntil(lambda: bool(bench.wanted(EndMicrophoneCheck)))
    assert not bench.panel.microphone.is_listening


def test_a_check_that_is_dropped_can_be_made_again(bench: Bench) -> None:
    check = bench.panel.microphone
    check.button.click()
    bench.panel.handle(StateChanged(state=State.READY))
    assert check.button.text() == "Say something"
    check.button.click()
    assert len(bench.wanted(BeginMicrophoneCheck)) == 2


def test_turns_that_are_no_check_leave_it_alone(bench: Bench) -> None:
    check = bench.panel.microphone
    before = check.text
    bench.panel.handle(UtteranceStarted(turn=Turn(1, "voice"), microphone="USB"))
    bench.panel.handle(LevelMeasured(level=0.5))
    bench.panel.handle(StateChanged(state=State.READY))
    assert check.text == before


# --- in the empty conversation ----------------------------------------------------------------


def test_it_stands_under_the_examples_and_takes_their_room_where_there_is_little(
    qtbot: QtBot,
) -> None:
    theme = Theme("light")
    empty = EmptyState("hold", "Space", theme, None)
    empty.setStyleSheet(look.stylesheet(theme.tokens))
    qtbot.addWidget(empty)
    assert empty.first_minute is not None
    empty.resize(1080, 600)
    empty.show()
    qtbot.waitExposed(empty)
    empty.handle(listed())
    assert empty.first_minute.isVisible()
    assert empty.chips[0].isVisible()
    empty.resize(900, 370)
    assert not empty.chips[0].isVisible()
    qtbot.waitUntil(lambda: empty.verticalScrollBar().maximum() == 0)  # all of it is to be seen
    empty.first_minute.later.click()
    assert empty.chips[0].isVisible()


def test_without_a_theme_there_are_the_examples_alone(qtbot: QtBot) -> None:
    empty = EmptyState("hold")
    qtbot.addWidget(empty)
    empty.handle(listed())
    assert empty.first_minute is None
    assert empty.title == "Hold space and talk"


def test_every_control_has_a_name(bench: Bench) -> None:
    bench.panel.handle(listed())
    for button in bench.panel.findChildren(QAbstractButton):
        if button.isVisible():
            assert button.accessibleName(), button.text()


def test_a_question_ends_the_check(bench: Bench) -> None:
    bench.panel.handle(listed())
    check = bench.panel.microphone
    check.button.click()
    assert check.is_listening
    bench.panel.handle(TurnStarted(turn_id=3, source="check"))
    assert check.is_listening
    bench.panel.handle(TurnStarted(turn_id=4, source="voice"))
    assert not check.is_listening


def test_no_empty_button_is_left_where_a_download_was_watched(bench: Bench, qtbot: QtBot) -> None:
    bench.panel.handle(listed())
    row = bench.panel.rows[Stage.TTS]
    row.second.setFocus()
    qtbot.waitUntil(row.second.hasFocus)
    for button in (row.first, row.second):
        button.setFocus()
        row._card = replace(row.card, on_disk=OnDisk.HERE, in_use=True)
        row._show_buttons()
        assert not row.first.isVisible()
        assert not row.second.isVisible()
