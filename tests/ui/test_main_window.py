"""The window: every wish leaves as an intent, every event shows."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QColor, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QWidget
from pytestqt.qtbot import QtBot

from app.core.events import (
    AskText,
    EngineMissing,
    EngineReady,
    FetchModel,
    FetchProgressed,
    LevelMeasured,
    LoadStarted,
    ModelWarmed,
    Notice,
    SentenceReady,
    StageFailed,
    StageStarted,
    State,
    StateChanged,
    TimerRang,
    TurnStarted,
    UtteranceStarted,
)
from app.core.ports import Stage
from app.core.turn import Turn
from app.settings import AppearanceSettings, TalkSettings
from app.ui import states
from app.ui.main_window import MainWindow
from app.ui.theme import DARK, LIGHT, stylesheet
from tests.ui.bench import Bench
from tests.ui.demo import ESPEAK, GROQ, OLLAMA, POCKETSPHINX, SKILLS, WHISPER, Demo

# --- wishes ---------------------------------------------------------------------------------


def test_enter_sends_what_was_typed_spaces_and_all(bench: Bench) -> None:
    box = bench.window.composer.box
    box.setFocus()
    bench.type("how far is the moon")
    bench.key(Qt.Key.Key_Return)
    (intent,) = bench.intents
    assert isinstance(intent, AskText)
    assert intent.text == "how far is the moon"
    assert box.toPlainText() == ""
    assert box.hasFocus()


def test_shift_enter_starts_a_line_and_nothing_blank_is_sent(bench: Bench) -> None:
    box = bench.window.composer.box
    box.setFocus()
    bench.key(Qt.Key.Key_Return)
    bench.type("  ")
    bench.key(Qt.Key.Key_Return)
    assert bench.intents == []
    box.clear()
    bench.type("one")
    bench.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    bench.type("two")
    assert box.toPlainText() == "one\ntwo"
    assert bench.intents == []


def test_an_example_asks_itself_and_leaves_space_to_talk(bench: Bench) -> None:
    chip = bench.window.empty.chips[0]
    chip.click()
    (intent,) = bench.intents
    assert isinstance(intent, AskText)
    assert intent.text == chip.text()
    bench.demo.put(TurnStarted(turn_id=1, source="text"))
    assert bench.window.view.isVisible()
    assert not bench.window.empty.isVisible()
    assert bench.window.conversation.entries[0].transcript == chip.text()
    assert bench.window.composer.talk.hasFocus()


def test_the_round_button_is_held(bench: Bench, qtbot: QtBot) -> None:
    talk = bench.window.composer.talk
    with qtbot.waitSignal(bench.window.talk_pressed):
        QTest.mousePress(talk, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(bench.window.talk_released):
        QTest.mouseRelease(talk, Qt.MouseButton.LeftButton)


# --- events ---------------------------------------------------------------------------------


def test_each_state_has_a_word_a_shape_and_a_colour(bench: Bench) -> None:
    composer = bench.window.composer
    seen = set()
    for state in states.FACES:
        composer.show_state(state)
        face = states.FACES[state]
        assert composer.word
        assert composer.state_icon == face.icon
        assert getattr(LIGHT, face.colour)
        seen.add((composer.word, composer.state_icon))
    assert len(seen) == len(states.FACES)


def test_listening_is_said_when_the_first_samples_are_there(bench: Bench, qtbot: QtBot) -> None:
    bench.demo.put(TurnStarted(turn_id=1, source="voice"), StateChanged(state=State.LISTENING))
    assert bench.window.composer.word != "Listening"
    qtbot.waitUntil(lambda: bench.window.composer.word == "One moment")
    bench.demo.put(UtteranceStarted(turn_id=1, turn=Turn(1, "voice"), microphone="Mic"))
    assert bench.window.composer.word == "Listening"


def test_a_release_is_shown_when_it_is_one(bench: Bench, qtbot: QtBot) -> None:
    bench.demo.begin()
    bench.demo.put(StateChanged(state=State.FINISHING))
    assert bench.window.composer.word == "Listening", "it may be taken back"
    qtbot.waitUntil(lambda: bench.window.composer.word == "Finishing")


def test_a_release_that_was_none_is_never_shown(bench: Bench, qtbot: QtBot) -> None:
    bench.demo.begin()
    for _ in range(3):
        bench.demo.put(StateChanged(state=State.FINISHING), StateChanged(state=State.LISTENING))
        assert bench.window.composer.word == "Listening"
    qtbot.wait(250)
    assert bench.window.composer.word == "Listening"


def test_the_ring_follows_the_level(bench: Bench) -> None:
    talk = bench.window.composer.talk
    bench.demo.put(LevelMeasured(level=0.9))
    assert talk.level == 0.0, "nothing is metered while ready"
    assert not talk.animating
    bench.demo.begin()
    bench.demo.put(LevelMeasured(level=0.5))
    loud = talk.level
    assert loud > 0.8
    assert talk.animating
    bench.demo.put(StateChanged(state=State.READY))
    assert not talk.animating


def test_a_timer_that_rings_is_a_turn_of_its_own(bench: Bench) -> None:
    words = "Your tea timer is over."
    bench.demo.put(
        TimerRang(label="tea", announcement=words),
        TurnStarted(turn_id=1, source="timer"),
        SentenceReady(turn_id=1, index=0, text=words),
    )
    bench.window.view.arrange()
    turn = bench.window.view.turn_view(1)
    assert turn is not None
    assert [block.text for block in turn.reply_blocks] == [words]
    assert not turn.transcript_block.isVisible()


def test_a_link_is_opened_only_on_a_click(qtbot: QtBot) -> None:
    opened: list[QUrl] = []
    window = MainWindow(AppearanceSettings(theme="light"), TalkSettings(), open_url=opened.append)
    qtbot.addWidget(window)
    window.show()
    demo = Demo.__new__(Demo)
    demo.window, demo.last_turn = window, 0
    number = demo.exchange("Link?", "See [this](https://example.org/).")
    window.view.arrange()
    assert opened == []
    turn = window.view.turn_view(number)
    assert turn is not None
    turn.reply_blocks[0].anchorClicked.emit(QUrl("https://example.org/"))
    assert opened == [QUrl("https://example.org/")]


# --- engines --------------------------------------------------------------------------------


def test_the_pill_and_the_line_name_stand_ins_then_the_real_engines(
    bench: Bench, qtbot: QtBot
) -> None:
    window = bench.window
    assert "Getting ready" in window.pill.text()
    bench.demo.stand_ins()
    assert window.pill.text().strip() == "On this computer · Built-in skills · 3 stand-ins"
    assert "Hears: PocketSphinx (stand-in)" in window.composer.status.accessibleName()
    bench.demo.put(EngineReady(engine=OLLAMA))
    assert window.pill.text().strip() == "On this computer · phi3:mini · 2 stand-ins"
    bench.demo.engines()
    assert window.pill.text().strip() == "On this computer · phi3:mini · warm"
    whole = "Hears: Whisper   ·   Answers: phi3:mini   ·   Speaks: MMS voice"
    assert window.composer.status.accessibleName() == f"Engines in use: {whole}"
    qtbot.waitUntil(lambda: window.composer.status.text() == whole)


def test_the_pill_says_when_words_leave_the_computer(bench: Bench) -> None:
    bench.demo.engines()
    bench.demo.put(EngineReady(engine=GROQ))
    assert window_pill(bench).startswith("Uses the cloud · llama-3.1-8b-instant")


def test_the_pill_follows_a_cold_start(bench: Bench) -> None:
    bench.demo.engines()
    bench.demo.put(LoadStarted(engine=OLLAMA))
    assert window_pill(bench) == "On this computer · phi3:mini · loading"
    bench.demo.put(ModelWarmed(was_warm=False, load_ms=900, reason="key", engine=GROQ))
    assert window_pill(bench) == "On this computer · phi3:mini · loading"
    bench.demo.put(ModelWarmed(was_warm=False, load_ms=900, reason="key", engine=OLLAMA))
    assert window_pill(bench) == "On this computer · phi3:mini · warm"


def test_while_another_model_fills_in_the_panel_says_why(bench: Bench) -> None:
    bench.demo.engines()
    bench.demo.put(
        EngineMissing(engine=OLLAMA, title="Ollama is not running.", hint="Start Ollama."),
        EngineReady(engine=GROQ),
    )
    answers = bench.window.panel.rows[Stage.LLM]
    assert answers.text.split("\n") == [
        "Answers: Groq · llama-3.1-8b-instant",
        "Fills in · cloud",
        "Ollama is not running.",
        "Start Ollama.",
    ]
    bench.demo.put(EngineReady(engine=OLLAMA))
    assert "Ollama is not running." not in answers.text


def window_pill(bench: Bench) -> str:
    return bench.window.pill.text().strip()


def test_the_panel_explains_and_downloads(bench: Bench) -> None:
    window = bench.window
    bench.demo.put(
        EngineReady(engine=POCKETSPHINX),
        EngineReady(engine=SKILLS),
        EngineReady(engine=ESPEAK),
        EngineMissing(engine=WHISPER, title="No model.", hint="Download it once.", fetchable=True),
        EngineMissing(engine=OLLAMA, title="Ollama is not running.", hint="Start Ollama."),
    )
    window.pill.click()
    assert window.panel.isVisible()
    hears, answers = window.panel.rows[Stage.STT], window.panel.rows[Stage.LLM]
    assert hears.text.split("\n") == [
        "Hears: PocketSphinx",
        "Stand-in · this computer · CPU",
        "No model.",
        "Download it once.",
    ]
    assert not answers.fetch_button.isVisible()
    hears.fetch_button.click()
    (intent,) = bench.intents
    assert isinstance(intent, FetchModel)
    assert intent.stage == Stage.STT
    assert not hears.fetch_button.isEnabled()
    bench.demo.put(FetchProgressed(stage=Stage.STT, line="12 of 75 MB"))
    assert "12 of 75 MB" in hears.text
    assert "downloading" in window_pill(bench)
    bench.demo.put(StageFailed(stage="engines", title="No network.", hint="Check the connection."))
    assert hears.fetch_button.isEnabled()
    assert [card.title for card in window.cards.cards] == ["No network."]
    bench.demo.put(EngineReady(engine=WHISPER))
    assert hears.text.split("\n") == [
        "Hears: Whisper · acft-whisper-tiny",
        "Chosen engine · this computer · CPU",
    ]
    bench.key(Qt.Key.Key_Escape)
    assert not window.panel.isVisible()
    assert not window.pill.isChecked()


def test_one_turn_answered_by_skills_is_no_news_about_the_engine(bench: Bench) -> None:
    bench.demo.engines()
    number = bench.demo.begin()
    bench.demo.put(StageStarted(turn_id=number, stage=Stage.LLM, engine=SKILLS))
    assert window_pill(bench) == "On this computer · phi3:mini · warm"
    assert bench.window.conversation.entries[-1].engines[Stage.LLM] == SKILLS


# --- look and access ------------------------------------------------------------------------


def test_the_panel_never_covers_the_talk_button(bench: Bench, qtbot: QtBot) -> None:
    bench.demo.stand_ins()
    bench.demo.missing()
    for size in ((900, 600), (1080, 720), (1280, 800)):
        bench.window.resize(*size)
        bench.window.pill.setChecked(True)
        qtbot.wait(1)
        panel, talk = bench.window.panel, bench.window.composer.talk
        foot = panel.mapTo(bench.window, panel.rect().bottomLeft()).y()
        assert foot <= talk.mapTo(bench.window, talk.rect().topLeft()).y()


def test_a_theme_switch_dresses_the_whole_window(bench: Bench) -> None:
    bench.demo.engines()
    bench.demo.exchange("Hello?", "Hello.")
    window = bench.window
    assert window.styleSheet() == stylesheet(LIGHT)
    window.theme.choose("dark")
    assert window.styleSheet() == stylesheet(DARK)
    assert window.palette().color(QPalette.ColorRole.Window) == QColor(DARK.bg)
    image = window.grab().toImage()
    assert image.pixelColor(3, 300) == QColor(DARK.bg)


def test_every_control_the_keyboard_reaches_has_a_name(bench: Bench, qtbot: QtBot) -> None:
    bench.demo.stand_ins()
    bench.demo.missing()
    unnamed = _unnamed(bench.window)
    bench.demo.exchange("Hello?", "Hello.")
    bench.demo.put(Notice(title="A notice."))
    bench.window.pill.setChecked(True)
    bench.window.view.arrange()
    qtbot.wait(1)
    assert unnamed + _unnamed(bench.window) == []


def _unnamed(window: MainWindow) -> list[str]:
    found = []
    for widget in window.findChildren(QWidget):
        if widget.focusPolicy() == Qt.FocusPolicy.NoFocus or not widget.isVisible():
            continue
        if not widget.accessibleName().strip():
            found.append(f"{type(widget).__name__} has no name")
        if isinstance(widget, QAbstractButton) and not widget.toolTip().strip():
            found.append(f"{widget.accessibleName()} has no tooltip")
    return found


def test_tab_reaches_every_control(bench: Bench, qtbot: QtBot) -> None:
    bench.demo.stand_ins()
    for number in range(3):
        bench.demo.exchange(f"Question {number}?", "An answer.")
    bench.demo.put(Notice(title="A notice."))
    bench.window.view.arrange()
    qtbot.wait(1)
    expected = {
        widget
        for widget in bench.window.findChildren(QWidget)
        if widget.isVisible()
        and widget.isEnabled()
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    }
    reached = set()
    order: list[QWidget] = []
    for _ in range(2 * len(expected) + 5):
        focus = bench.window.focusWidget()
        if focus is not None:
            reached.add(focus)
            order.append(focus)
        bench.key(Qt.Key.Key_Tab)
    assert expected - reached == set()
    first = bench.window.view.realised[0].tab_stops()[0]
    place = order.index(first)
    stops = [stop for view in bench.window.view.realised for stop in view.tab_stops()]
    assert order[place : place + len(stops)] == stops, "Tab follows the reading order"
