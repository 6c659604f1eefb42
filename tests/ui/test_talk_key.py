"""The talk key on real widgets: real key events arrive at a real window, offscreen."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QListWidget,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QTextBrowser,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.core.events import (
    ChangeSetting,
    Event,
    FinishListening,
    ResumeListening,
    SettingChanged,
    StartListening,
    State,
    StateChanged,
    UtteranceEnded,
)
from app.core.turn import Turn
from app.settings import TalkSettings
from app.ui.talk_key import TalkKey
from tests.support.virtual_screen import VirtualScreen, virtual_screen  # noqa: F401

SPACE_SCAN_CODE = 65
LONGEST_S = 120.0


class Desk:
    """A window, a talk key that watches it, and a hand on the keyboard.

    Time stands still but for `later`, so that a test says to the millisecond what happens.
    """

    def __init__(self, settings: TalkSettings) -> None:
        self.now = 100.0
        self.key = QKeySequence(settings.key)[0].key()
        self.intents: list[Event] = []
        self.talk = TalkKey(settings, clock=lambda: self.now)
        self.talk.intent.connect(self.intents.append)
        self.window = QWidget()
        layout = QVBoxLayout(self.window)
        self.line = QLineEdit()
        self.button = QPushButton("Stop")
        self.view = QTextBrowser()
        self.clicks = 0
        self.button.clicked.connect(self._count)
        for widget in (self.view, self.line, self.button):
            layout.addWidget(widget)

    def _count(self) -> None:
        self.clicks += 1

    def add(self, widget: QWidget) -> QWidget:
        layout = self.window.layout()
        assert layout is not None
        layout.addWidget(widget)
        widget.show()
        return widget

    def later(self, seconds: float) -> None:
        self.now += seconds

    def key_event(
        self,
        kind: QEvent.Type,
        *,
        auto_repeat: bool = False,
        scan_code: int = SPACE_SCAN_CODE,
        key: Qt.Key | None = None,
        modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
        window: QWidget | None = None,
    ) -> None:
        key = key or self.key
        text = " " if key == Qt.Key.Key_Space else ""
        event = QKeyEvent(kind, key, modifiers, scan_code, 0, 0, text, auto_repeat, 1)
        QCoreApplication.sendEvent((window or self.window).windowHandle(), event)

    def down(self, **more: object) -> None:
        self.key_event(QEvent.Type.KeyPress, **more)  # type: ignore[arg-type]

    def up(self, **more: object) -> None:
        self.key_event(QEvent.Type.KeyRelease, **more)  # type: ignore[arg-type]

    def said(self) -> list[tuple[type[Event], float]]:
        """The intents since the last call, with the seconds since the test began."""
        said = [(type(intent), round(intent.at - 100.0, 6)) for intent in self.intents]
        self.intents.clear()
        return said


MakeDesk = Callable[..., Desk]


@pytest.fixture
def make_desk(qtbot: QtBot, qapp: QApplication) -> Iterator[MakeDesk]:
    desks: list[Desk] = []

    def make(settings: TalkSettings | None = None) -> Desk:
        desk = Desk(settings or TalkSettings())
        desks.append(desk)
        qtbot.addWidget(desk.window)
        desk.window.show()
        desk.window.activateWindow()
        qtbot.waitUntil(desk.window.isActiveWindow)
        desk.view.setFocus(Qt.FocusReason.MouseFocusReason)
        qapp.installEventFilter(desk.talk)
        return desk

    yield make
    for desk in desks:
        qapp.removeEventFilter(desk.talk)


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    return make_desk()


# --- a hold -----------------------------------------------------------------------------------


def test_space_in_the_conversation_talks_and_scrolls_nothing(desk: Desk) -> None:
    desk.view.setPlainText("line\n" * 500)
    desk.down()
    desk.later(1.5)
    desk.up()
    assert desk.said() == [(StartListening, 0.0), (FinishListening, 1.5)]
    bar = desk.view.verticalScrollBar()
    assert bar.value() == bar.minimum()


def test_intents_belong_to_no_turn_yet(desk: Desk) -> None:
    desk.down()
    assert [intent.turn_id for intent in desk.intents] == [0]


def test_marked_repeats_neither_talk_nor_type(desk: Desk) -> None:
    desk.down()
    desk.line.setFocus()
    for _ in range(5):
        desk.up(auto_repeat=True)
        desk.down(auto_repeat=True)
    assert desk.said() == [(StartListening, 0.0)]
    assert desk.line.text() == ""


def test_unmarked_pairs_are_one_recording(desk: Desk) -> None:
    desk.down()
    desk.later(0.7)
    desk.up()
    desk.later(0.0005)
    desk.down()
    desk.later(1.0)
    desk.up()
    assert desk.said() == [
        (StartListening, 0.0),
        (FinishListening, 0.7),
        (ResumeListening, 0.7005),
        (FinishListening, 1.7005),
    ]


def test_release_is_known_by_its_physical_key_when_the_layout_changed(desk: Desk) -> None:
    desk.down()
    desk.later(1)
    desk.up(key=Qt.Key.Key_unknown, modifiers=Qt.KeyboardModifier.ShiftModifier)
    assert desk.said() == [(StartListening, 0.0), (FinishListening, 1.0)]


def test_release_is_known_by_its_key_where_there_are_no_scan_codes(desk: Desk) -> None:
    desk.down(scan_code=0)
    desk.up(scan_code=0, key=Qt.Key.Key_A)
    assert desk.said() == [(StartListening, 0.0)]
    desk.up(scan_code=0)
    assert desk.said() == [(FinishListening, 0.0)]


def test_other_keys_pass_while_the_talk_key_is_held(desk: Desk) -> None:
    desk.down()
    desk.line.setFocus()
    QTest.keyClick(desk.window.windowHandle(), Qt.Key.Key_A)
    assert desk.line.text() == "a"
    assert desk.said() == [(StartListening, 0.0)]


@pytest.mark.parametrize(
    "modifier",
    [
        Qt.KeyboardModifier.ControlModifier,
        Qt.KeyboardModifier.AltModifier,
        Qt.KeyboardModifier.ShiftModifier,
        Qt.KeyboardModifier.MetaModifier,
    ],
)
def test_space_with_a_modifier_is_another_key(desk: Desk, modifier: Qt.KeyboardModifier) -> None:
    desk.down(modifiers=modifier)
    desk.up(modifiers=modifier)
    assert desk.said() == []


def test_another_talk_key(make_desk: MakeDesk) -> None:
    desk = make_desk(TalkSettings(key="F8"))
    desk.down(key=Qt.Key.Key_Space)
    assert desk.said() == []
    desk.down(scan_code=74)
    desk.up(scan_code=74)
    assert desk.said() == [(StartListening, 0.0), (FinishListening, 0.0)]


# --- text -------------------------------------------------------------------------------------


def editable_combo() -> QComboBox:
    combo = QComboBox()
    combo.setEditable(True)
    return combo


def password() -> QLineEdit:
    line = QLineEdit()
    line.setEchoMode(QLineEdit.EchoMode.Password)
    return line


@pytest.mark.parametrize(
    "make", [QLineEdit, QTextEdit, QPlainTextEdit, QSpinBox, editable_combo, password]
)
def test_space_in_a_text_is_a_space(desk: Desk, make: Callable[[], QWidget]) -> None:
    text = desk.add(make())
    text.setFocus()
    desk.down()
    desk.up()
    assert desk.said() == []
    match text:
        case QLineEdit():
            assert text.text() == " "
        case QTextEdit() | QPlainTextEdit():
            assert text.toPlainText() == " "
        case QComboBox():
            assert text.currentText() == " "


@pytest.mark.parametrize("make", [QLineEdit, QTextEdit, QPlainTextEdit, QSpinBox])
def test_a_text_that_cannot_be_edited_does_not_keep_the_key(
    desk: Desk, make: Callable[[], QLineEdit | QTextEdit | QPlainTextEdit | QAbstractSpinBox]
) -> None:
    text = make()
    text.setReadOnly(True)
    desk.add(text).setFocus()
    desk.down()
    assert desk.said() == [(StartListening, 0.0)]


def test_a_held_space_in_a_text_types_many(desk: Desk) -> None:
    desk.line.setFocus()
    desk.down()
    for _ in range(3):
        desk.later(0.03)
        desk.up()
        desk.later(0.0005)
        desk.down()
    desk.up()
    assert desk.line.text() == " " * 4
    assert desk.said() == []


def test_a_space_held_since_a_text_does_not_begin_to_talk_elsewhere(desk: Desk) -> None:
    desk.line.setFocus()
    desk.down()
    desk.view.setFocus()
    desk.up()
    desk.later(0.0005)
    desk.down()
    desk.down(auto_repeat=True)
    desk.later(0.5)
    desk.up()
    assert desk.said() == []


def test_a_hold_goes_on_when_the_focus_moves_into_a_text_and_types_nothing(desk: Desk) -> None:
    desk.down()
    desk.line.setFocus()
    desk.later(1)
    desk.up()
    desk.later(0.0005)
    desk.down()
    desk.later(1)
    desk.up()
    desk.later(1)
    assert desk.said()[-1] == (FinishListening, 2.0005)
    assert desk.line.text() == ""
    desk.down()
    desk.up()
    assert desk.line.text() == " "
    assert desk.said() == []


# --- buttons ----------------------------------------------------------------------------------


def test_space_presses_a_button_that_was_reached_by_keyboard(desk: Desk) -> None:
    desk.line.setFocus()
    QTest.keyClick(desk.window.windowHandle(), Qt.Key.Key_Tab)
    assert desk.button.hasFocus()
    desk.down()
    desk.up()
    assert desk.clicks == 1
    assert desk.said() == []


def test_space_talks_after_a_button_was_clicked_and_does_not_press_it_again(desk: Desk) -> None:
    QTest.keyClick(desk.window.windowHandle(), Qt.Key.Key_Tab)
    where = desk.button.mapTo(desk.window, desk.button.rect().center())
    QTest.mouseClick(
        desk.window.windowHandle(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
        where,
    )
    assert desk.clicks == 1
    assert desk.button.hasFocus()
    desk.down()
    desk.up()
    assert desk.clicks == 1
    assert desk.said() == [(StartListening, 0.0), (FinishListening, 0.0)]


def test_space_talks_when_a_disabled_button_handed_its_focus_on(desk: Desk) -> None:
    other = QPushButton("Other")
    desk.add(other)
    desk.button.setFocus(Qt.FocusReason.MouseFocusReason)
    desk.button.setEnabled(False)
    assert other.hasFocus(), "the focus moved by itself"
    desk.down()
    assert desk.said() == [(StartListening, 0.0)]


@pytest.mark.parametrize("make", [QComboBox, QListWidget])
def test_lists_keep_the_key_only_from_the_keyboard(desk: Desk, make: type[QWidget]) -> None:
    widget = desk.add(make())
    widget.setFocus()
    desk.down()
    desk.up()
    assert desk.said() == [(StartListening, 0.0), (FinishListening, 0.0)]
    desk.later(1)
    desk.view.setFocus()
    QTest.keyClick(desk.window.windowHandle(), Qt.Key.Key_Tab)
    widget.setFocus()
    desk.down()
    desk.up()
    assert desk.said() == []


def test_talk_button_held_by_the_keyboard_is_held(desk: Desk) -> None:
    desk.button.pressed.connect(desk.talk.button_pressed)
    desk.button.released.connect(desk.talk.button_released)
    desk.line.setFocus()
    QTest.keyClick(desk.window.windowHandle(), Qt.Key.Key_Tab)
    desk.down()
    desk.later(0.7)
    desk.up()
    desk.later(0.0005)
    desk.down()
    desk.later(0.5)
    desk.up()
    assert [kind for kind, _ in desk.said()] == [
        StartListening,
        FinishListening,
        ResumeListening,
        FinishListening,
    ]


def test_button_and_key_are_one_machine(desk: Desk) -> None:
    desk.talk.button_pressed()
    desk.later(0.5)
    desk.down()
    desk.up()
    desk.later(0.5)
    desk.talk.button_released()
    assert desk.said() == [(StartListening, 0.0), (FinishListening, 1.0)]


# --- another key, and other places -------------------------------------------------------------


def held_in_a_text(desk: Desk, **more: object) -> list[type[Event]]:
    desk.line.setFocus()
    desk.down(**more)
    desk.later(1.0)
    desk.up(**more)
    desk.later(1.0)
    return [kind for kind, _ in desk.said()]


@pytest.mark.parametrize("key", ["F8", "Ctrl+Space", "Ctrl+Alt+D", "Meta+Space", "Pause"])
def test_a_key_that_types_nothing_talks_in_a_text_too(make_desk: MakeDesk, key: str) -> None:
    desk = make_desk(TalkSettings(key=key))
    modifiers = QKeySequence(key)[0].keyboardModifiers()
    assert held_in_a_text(desk, modifiers=modifiers) == [StartListening, FinishListening]
    assert desk.line.text() == ""


@pytest.mark.parametrize("key", ["Space", "D", "Shift+D", "Return", "Left", "Backspace"])
def test_a_key_that_types_or_edits_is_never_taken_from_a_text(
    make_desk: MakeDesk, key: str
) -> None:
    desk = make_desk(TalkSettings(key=key))
    modifiers = QKeySequence(key)[0].keyboardModifiers()
    assert held_in_a_text(desk, modifiers=modifiers) == []
    desk.view.setFocus(Qt.FocusReason.MouseFocusReason)
    desk.down(modifiers=modifiers)
    assert [kind for kind, _ in desk.said()] == [StartListening]


def test_ctrl_may_come_up_before_the_key_it_was_held_with(make_desk: MakeDesk) -> None:
    desk = make_desk(TalkSettings(key="Ctrl+Space"))
    desk.down(modifiers=Qt.KeyboardModifier.ControlModifier)
    desk.later(1.0)
    desk.up()
    assert [kind for kind, _ in desk.said()] == [StartListening, FinishListening]
    desk.later(1.0)
    desk.down()
    assert desk.said() == [], "without Ctrl it is another key"


def test_the_key_is_another_one_at_once(desk: Desk) -> None:
    desk.down()
    desk.talk.use_key("Ctrl+F9")
    assert [kind for kind, _ in desk.said()] == [StartListening, FinishListening]
    desk.up()
    desk.later(1.0)
    desk.down()
    desk.up()
    assert desk.said() == [], "the old key"
    desk.later(1.0)
    desk.down(key=Qt.Key.Key_F9, modifiers=Qt.KeyboardModifier.ControlModifier, scan_code=75)
    assert [kind for kind, _ in desk.said()] == [StartListening]


def test_the_key_follows_its_setting(desk: Desk) -> None:
    desk.talk.on_event(ChangeSetting(name="talk.key", value="F9"))
    desk.talk.on_event(SettingChanged(name="talk.key", value="F9"))
    desk.talk.on_event(SettingChanged(name="talk.mode", value="F10"))
    desk.down(key=Qt.Key.Key_F9)
    assert [kind for kind, _ in desk.said()] == [StartListening]


@pytest.mark.parametrize("key", ["", "Hyper+Nonsense", "Space, Space"])
def test_a_key_that_is_none_changes_nothing(desk: Desk, key: str) -> None:
    desk.talk.use_key(key)
    desk.down()
    assert [kind for kind, _ in desk.said()] == [StartListening]


def test_what_began_outside_goes_on_when_the_window_is_left(desk: Desk, qapp: QApplication) -> None:
    desk.talk.outside_pressed()
    for kind in (QEvent.Type.WindowDeactivate, QEvent.Type.WindowBlocked, QEvent.Type.Close):
        QCoreApplication.sendEvent(desk.window, QEvent(kind))
    QCoreApplication.sendEvent(qapp, QEvent(QEvent.Type.ApplicationDeactivate))
    desk.talk.rest(True)
    desk.later(2.0)
    desk.talk.outside_released()
    assert desk.said() == [(StartListening, 0.0), (FinishListening, 2.0)]


def test_what_began_outside_ends_when_it_is_dropped(desk: Desk) -> None:
    desk.talk.outside_pressed()
    desk.later(1.0)
    desk.talk.interrupt("dropped")
    desk.later(1.0)
    desk.talk.outside_released()
    assert desk.said() == [(StartListening, 0.0), (FinishListening, 1.0)]


@pytest.mark.parametrize("mode", ["hold", "toggle", "hybrid"])
def test_a_toggle_begins_and_ends_in_every_mode(make_desk: MakeDesk, mode: str) -> None:
    desk = make_desk(TalkSettings.model_validate({"mode": mode}))
    desk.talk.outside_toggled()
    desk.later(3.0)
    desk.talk.outside_toggled()
    assert desk.said() == [(StartListening, 0.0), (FinishListening, 3.0)]


def test_outside_key_and_button_are_one_machine(desk: Desk) -> None:
    desk.talk.outside_pressed()
    desk.later(0.5)
    desk.down()
    desk.up()
    desk.talk.button_pressed()
    desk.talk.button_released()
    desk.later(0.5)
    desk.talk.outside_released()
    assert desk.said() == [(StartListening, 0.0), (FinishListening, 1.0)]


# --- what ends a recording --------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", [QEvent.Type.WindowDeactivate, QEvent.Type.Close, QEvent.Type.WindowBlocked]
)
def test_window_events_end_the_recording(desk: Desk, kind: QEvent.Type) -> None:
    desk.down()
    desk.later(1)
    QCoreApplication.sendEvent(desk.window, QEvent(kind))
    assert desk.said() == [(StartListening, 0.0), (FinishListening, 1.0)]
    desk.later(1)
    desk.up()
    assert desk.said() == []


def test_leaving_the_application_ends_the_recording(desk: Desk, qapp: QApplication) -> None:
    desk.down()
    desk.later(1)
    QCoreApplication.sendEvent(qapp, QEvent(QEvent.Type.ApplicationDeactivate))
    assert desk.said()[-1] == (FinishListening, 1.0)


def test_hiding_the_window_ends_the_recording(desk: Desk) -> None:
    desk.down()
    desk.window.hide()
    assert desk.said()[-1] == (FinishListening, 0.0)


@pytest.mark.parametrize("modal", [True, False])
def test_a_dialog_ends_the_recording_and_the_held_key_types_nothing_into_it(
    desk: Desk, qtbot: QtBot, modal: bool
) -> None:
    dialog = QDialog(desk.window)
    dialog.setModal(modal)
    line = QLineEdit(dialog)
    desk.down()
    desk.later(1)
    dialog.show()
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    line.setFocus()
    assert desk.said() == [(StartListening, 0.0), (FinishListening, 1.0)]
    for _ in range(3):
        desk.later(0.03)
        desk.up(window=dialog)
        desk.later(0.0005)
        desk.down(window=dialog)
        desk.down(auto_repeat=True, window=dialog)
    desk.up(window=dialog)
    assert line.text() == ""
    assert desk.said() == []
    dialog.close()


def test_no_recording_begins_while_a_modal_dialog_is_open(desk: Desk, qtbot: QtBot) -> None:
    dialog = QDialog(desk.window)
    dialog.open()
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is dialog)
    desk.down(window=dialog)
    desk.up(window=dialog)
    assert desk.said() == []
    dialog.close()


def test_a_menu_ends_the_recording_and_keeps_the_key(desk: Desk, qtbot: QtBot) -> None:
    menu = QMenu(desk.window)
    menu.addAction("First")
    desk.down()
    desk.later(1)
    menu.popup(desk.window.mapToGlobal(desk.window.rect().center()))
    assert desk.said() == [(StartListening, 0.0), (FinishListening, 1.0)]
    desk.later(1)
    desk.up()
    desk.later(1)
    desk.down()
    assert desk.said() == []
    menu.close()


def test_a_tooltip_ends_nothing(desk: Desk) -> None:
    tip = QWidget(desk.window, Qt.WindowType.ToolTip)
    desk.down()
    tip.show()
    tip.hide()
    assert desk.said() == [(StartListening, 0.0)]


def test_the_cap_ends_the_recording_by_a_real_timer(qtbot: QtBot, qapp: QApplication) -> None:
    talk = TalkKey(TalkSettings(max_utterance_s=1.0))
    intents: list[Event] = []
    talk.intent.connect(intents.append)
    pressed_at = time.perf_counter()
    talk.button_pressed()
    qtbot.waitUntil(lambda: len(intents) == 2, timeout=5000)
    assert isinstance(intents[1], FinishListening)
    assert intents[1].at == pytest.approx(intents[0].at + 1.0)
    assert intents[1].at > pressed_at


def test_interrupt_ends_the_recording_until_the_key_is_pressed_anew(desk: Desk) -> None:
    desk.down()
    desk.later(1)
    escape = QPushButton()
    escape.pressed.connect(desk.talk.interrupt)
    escape.pressed.emit()
    desk.later(1)
    desk.up()
    assert desk.said() == [(StartListening, 0.0), (FinishListening, 1.0)]
    desk.later(1)
    desk.down()
    assert desk.said() == [(StartListening, 3.0)]


def utterance_ended(released_at: float) -> UtteranceEnded:
    return UtteranceEnded(
        turn_id=1,
        turn=Turn(1, "voice"),
        released_at=released_at,
        speech_ended_at=released_at,
        duration_s=0.0,
        verdict="no microphone",
    )


def test_a_toggled_recording_that_ended_by_itself_needs_no_press_to_end(
    make_desk: MakeDesk,
) -> None:
    desk = make_desk(TalkSettings(mode="toggle"))
    desk.down()
    desk.up()
    desk.later(0.5)
    desk.talk.on_event(utterance_ended(desk.now))
    desk.said()
    desk.later(1)
    desk.down()
    assert desk.said() == [(StartListening, 1.5)]


def test_the_end_of_the_utterance_before_does_not_end_this_one(desk: Desk) -> None:
    desk.down()
    desk.later(1)
    desk.up()
    released_at = desk.now
    desk.later(0.06)
    desk.down()
    desk.said()
    desk.later(0.03)
    desk.talk.on_event(utterance_ended(released_at))
    assert desk.said() == []


# --- a real X server --------------------------------------------------------------------------

BUSY_WINDOW = """
import time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QTextBrowser
from app.settings import TalkSettings
from app.ui.talk_key import TalkKey

app = QApplication([])
window = QTextBrowser()
window.setWindowTitle("talk key test")
talk = TalkKey(TalkSettings())
talk.intent.connect(lambda intent: print(type(intent).__name__, intent.at, flush=True))
app.installEventFilter(talk)

def keep_busy():
    until = time.perf_counter() + 0.015
    while time.perf_counter() < until:
        pass

timer = QTimer()
timer.timeout.connect(keep_busy)
timer.start(20)
window.show()
app.exec()
"""


@pytest.mark.screen
def test_a_held_key_is_one_recording_in_a_busy_window_on_x11(
    virtual_screen: VirtualScreen,  # noqa: F811
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY_WINDOW],
        env={**os.environ, **virtual_screen.env},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        window = virtual_screen.xdotool("search", "--sync", "--name", "talk key test")
        virtual_screen.xdotool("windowfocus", "--sync", window.split()[-1])
        virtual_screen.xdotool("keydown", "space")
        time.sleep(2.0)
        virtual_screen.xdotool("keyup", "space")
        time.sleep(0.3)
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=10)
    said = [line.split() for line in output.splitlines()]
    names = [name for name, _ in said]
    assert names[0] == "StartListening"
    assert names.count("StartListening") == 1
    assert names[-1] == "FinishListening"
    assert names.count("FinishListening") == 1 + names.count("ResumeListening")
    assert float(said[-1][1]) - float(said[0][1]) > 1.0, "cut short"


# --- fuzz -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["hold", "toggle", "hybrid"])
def test_fuzz_real_key_events(make_desk: MakeDesk, mode: str) -> None:
    """Random keys, focus, dialogs and windows; the truth is the hand on the key."""
    desk = make_desk(TalkSettings.model_validate({"mode": mode}))
    chance = random.Random(mode)
    running = False
    ended_at = 0.0
    starts = 0

    def follow() -> None:
        nonlocal running, ended_at, starts
        for intent in desk.intents:
            match intent:
                case StartListening():
                    assert not running, "two recordings at once"
                    running, starts = True, starts + 1
                case FinishListening():
                    assert running, "finished what does not run"
                    running, ended_at = False, intent.at
                case ResumeListening():
                    assert not running
                    assert intent.at - ended_at < 0.04, "the listener has closed by then"
                    running = True
        desk.intents.clear()

    for _ in range(1000):
        desk.view.setFocus()
        held = False
        began_in_text = False
        used = (desk.line.text(), desk.clicks)
        for _ in range(chance.randrange(3, 15)):
            desk.later(chance.uniform(0.055, 0.6))
            roll = chance.random()
            if roll < 0.3:
                held = not held
                if held:
                    began_in_text = desk.line.hasFocus()
                    before = running
                    desk.down()
                    follow()
                    assert before or not (began_in_text and running), "a space that was typed"
                else:
                    desk.up()
                    follow()
                    if mode == "hold":
                        assert not running, "outlived the key"
            elif roll < 0.6 and held:
                repeat = chance.random() < 0.3
                desk.up(auto_repeat=repeat)
                desk.later(chance.uniform(0.0003, 0.003))
                desk.down(auto_repeat=repeat)
            elif roll < 0.75:
                chance.choice((desk.view, desk.line, desk.button)).setFocus()
            elif roll < 0.85:
                kind = chance.choice((QEvent.Type.WindowDeactivate, QEvent.Type.WindowBlocked))
                QCoreApplication.sendEvent(desk.window, QEvent(kind))
                follow()
                assert not running, "outlived the window"
            elif roll < 0.9:
                desk.talk.button_pressed()
                desk.later(0.2)
                desk.talk.button_released()
            follow()
            if began_in_text:
                # the key belongs to the widgets until it is pressed anew
                used = (desk.line.text(), desk.clicks)
            assert used == (desk.line.text(), desk.clicks), "the talk key typed or clicked"
        if held:
            desk.up()
        desk.talk.interrupt("end")
        follow()
        assert not running
    assert starts > 700


def test_in_toggle_mode_a_typed_question_ends_the_recording_for_the_key_too() -> None:
    key = TalkKey(TalkSettings(mode="toggle"))
    sent: list[Event] = []
    key.intent.connect(sent.append)
    key.button_pressed()
    key.button_released()
    key.on_event(StateChanged(state=State.LISTENING))
    key.on_event(StateChanged(state=State.THINKING))
    sent.clear()
    time.sleep(0.06)  # the release grace
    key.button_pressed()
    assert [type(event) for event in sent] == [StartListening]


def test_a_state_of_the_turn_before_does_not_end_a_recording() -> None:
    key = TalkKey(TalkSettings())
    sent: list[Event] = []
    key.intent.connect(sent.append)
    key.button_pressed()
    key.on_event(StateChanged(state=State.READY))
    assert [type(event) for event in sent] == [StartListening]


# --- what the settings change ----------------------------------------------------------------


def test_another_mode_acts_from_the_next_press_on(desk: Desk) -> None:
    desk.down()
    desk.talk.use_mode("toggle")
    assert [kind for kind, _ in desk.said()] == [StartListening, FinishListening]
    desk.up()
    desk.later(1.0)
    desk.down()
    desk.up()
    desk.later(1.0)
    assert [kind for kind, _ in desk.said()] == [StartListening]
    desk.down()
    assert [kind for kind, _ in desk.said()] == [FinishListening]


def test_while_the_conversation_is_covered_the_key_is_the_windows(desk: Desk) -> None:
    desk.down()
    desk.talk.rest(True)
    assert [kind for kind, _ in desk.said()] == [StartListening, FinishListening]
    desk.up()
    desk.later(1.0)
    desk.down()
    desk.up()
    assert desk.said() == []
    desk.talk.rest(False)
    desk.later(1.0)
    desk.down()
    assert [kind for kind, _ in desk.said()] == [StartListening]
