"""A control that takes keys: real key events on a real widget."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.core.events import Event
from app.settings import TalkSettings
from app.ui.settings.shortcut_field import ShortcutField
from app.ui.talk_key import TalkKey
from app.ui.theme import Theme

CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
SHIFT, META = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.MetaModifier
NONE = Qt.KeyboardModifier.NoModifier


class Desk:
    def __init__(self, qtbot: QtBot, *, allow_plain: bool) -> None:
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.field = ShortcutField(Theme("light"), allow_plain=allow_plain)
        self.other = ShortcutField(Theme("light"), allow_plain=allow_plain)
        column = QVBoxLayout(self.window)
        column.addWidget(self.field)
        column.addWidget(self.other)
        self.chosen: list[str] = []
        self.field.chosen.connect(self.chosen.append)
        self.window.show()
        self.window.activateWindow()
        qtbot.waitUntil(self.window.isActiveWindow)
        self.field.keys.setFocus()

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
        QTest.keyClick(self.window.windowHandle(), key, modifiers)

    @property
    def shown(self) -> str:
        return self.field.keys.text()


MakeDesk = Callable[..., Desk]


@pytest.fixture
def make_desk(qtbot: QtBot) -> MakeDesk:
    return lambda allow_plain=False: Desk(qtbot, allow_plain=allow_plain)


@pytest.mark.parametrize("how", ["click", "enter", "space"])
def test_a_click_enter_or_space_then_keys(make_desk: MakeDesk, how: str) -> None:
    desk = make_desk()
    assert desk.shown == "None"
    match how:
        case "click":
            QTest.mouseClick(desk.field.keys, Qt.MouseButton.LeftButton)
        case "enter":
            desk.press(Qt.Key.Key_Return)
        case "space":
            desk.press(Qt.Key.Key_Space)
    assert desk.shown == "Press keys…"
    desk.press(Qt.Key.Key_Space, CTRL | ALT)
    assert desk.chosen == ["Ctrl+Alt+Space"]
    assert desk.shown == "Ctrl+Alt+Space"
    assert desk.field.shortcut == "Ctrl+Alt+Space"
    desk.press(Qt.Key.Key_D, CTRL)
    assert desk.chosen == ["Ctrl+Alt+Space"], "it listens once"


def test_what_is_held_is_shown_before_the_key_comes(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.field.keys.begin()
    handle = desk.window.windowHandle()
    QTest.keyPress(handle, Qt.Key.Key_Control, NONE)
    assert desk.shown == "Ctrl+…"
    QTest.keyPress(handle, Qt.Key.Key_Alt, NONE)
    assert desk.shown == "Ctrl+Alt+…"
    QTest.keyRelease(handle, Qt.Key.Key_Alt, NONE)
    assert desk.shown == "Ctrl+…"
    QTest.keyRelease(handle, Qt.Key.Key_Control, NONE)
    assert desk.shown == "Press keys…"
    assert desk.chosen == []


def test_esc_leaves_it_and_backspace_takes_it_away(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.field.show_value("Ctrl+F9")
    desk.field.keys.begin()
    desk.press(Qt.Key.Key_Escape)
    assert (desk.shown, desk.chosen) == ("Ctrl+F9", [])
    desk.field.keys.begin()
    desk.press(Qt.Key.Key_Backspace)
    assert (desk.shown, desk.chosen) == ("None", [""])


@pytest.mark.parametrize("how", ["click", "keyboard"])
def test_a_button_takes_it_away(make_desk: MakeDesk, qtbot: QtBot, how: str) -> None:
    desk = make_desk()
    assert not desk.field.clear.isVisible(), "there is nothing to take away"
    desk.field.show_value("Ctrl+F9")
    assert desk.field.clear.isVisible()
    if how == "click":
        QTest.mouseClick(desk.field.clear, Qt.MouseButton.LeftButton)
    else:
        desk.press(Qt.Key.Key_Tab)
        assert desk.field.clear.hasFocus()
        desk.press(Qt.Key.Key_Space)
        assert desk.field.keys.hasFocus(), "the keyboard stays in the field"
    assert (desk.shown, desk.chosen) == ("None", [""])
    assert not desk.field.clear.isVisible()


def test_the_windows_key_has_a_button_back_to_the_usual_one(make_desk: MakeDesk) -> None:
    desk = make_desk(allow_plain=True)
    desk.field.show_value("Space")
    assert not desk.field.clear.isVisible()
    desk.field.show_value("F9")
    assert desk.field.clear.accessibleName() == "Shortcut: Back to the usual key"
    keys_at = desk.field.keys.geometry().right()
    desk.field.clear.click()
    assert (desk.shown, desk.chosen) == ("Space", ["Space"])
    assert desk.field.keys.geometry().right() == keys_at, "a second click does not hit it"


def test_the_windows_key_goes_back_to_the_usual_one(make_desk: MakeDesk) -> None:
    desk = make_desk(allow_plain=True)
    desk.field.show_value("F9")
    desk.field.keys.begin()
    desk.press(Qt.Key.Key_Backspace)
    assert desk.chosen == ["Space"]


@pytest.mark.parametrize(
    ("key", "modifiers", "written"),
    [
        (Qt.Key.Key_D, NONE, "D"),
        (Qt.Key.Key_D, SHIFT, "Shift+D"),
        (Qt.Key.Key_Space, NONE, "Space"),
        (Qt.Key.Key_Return, NONE, "Return"),
        (Qt.Key.Key_Tab, NONE, "Tab"),
        (Qt.Key.Key_Left, NONE, "Left"),
    ],
)
def test_the_desktop_keeps_keys_that_everybody_needs(
    make_desk: MakeDesk, key: Qt.Key, modifiers: Qt.KeyboardModifier, written: str
) -> None:
    desk = make_desk()
    desk.field.keys.begin()
    desk.press(key, modifiers)
    assert desk.chosen == []
    assert desk.field.remark.isVisible()
    assert desk.field.remark.text() == (
        f"Hold Ctrl, Alt or Meta with it: other programs would never get “{written}” again."
    )
    desk.press(Qt.Key.Key_F9)
    assert desk.chosen == ["F9"], "it goes on listening"
    assert not desk.field.remark.isVisible()


@pytest.mark.parametrize(
    ("key", "modifiers", "chosen"),
    [
        (Qt.Key.Key_D, NONE, "D"),
        (Qt.Key.Key_Tab, NONE, "Tab"),
        (Qt.Key.Key_Return, NONE, "Return"),
        (Qt.Key.Key_Backtab, SHIFT, "Shift+Tab"),
        (Qt.Key.Key_D, META, "Meta+D"),
        (Qt.Key.Key_Escape, CTRL, "Ctrl+Esc"),
        (Qt.Key.Key_Comma, CTRL, "Ctrl+,"),
    ],
)
def test_the_window_may_have_any_key(
    make_desk: MakeDesk, key: Qt.Key, modifiers: Qt.KeyboardModifier, chosen: str
) -> None:
    desk = make_desk(allow_plain=True)
    desk.field.keys.begin()
    desk.press(key, modifiers)
    assert desk.chosen == [chosen]


def test_the_windows_own_shortcuts_wait_while_keys_are_recorded(make_desk: MakeDesk) -> None:
    desk = make_desk()
    fired: list[str] = []
    for keys in ("Ctrl+,", "Esc"):
        QShortcut(QKeySequence(keys), desk.window).activated.connect(lambda: fired.append("fired"))
    desk.field.keys.begin()
    desk.press(Qt.Key.Key_Escape)
    desk.field.keys.begin()
    desk.press(Qt.Key.Key_Comma, CTRL)
    assert fired == []
    assert desk.chosen == ["Ctrl+,"]
    desk.press(Qt.Key.Key_Comma, CTRL)
    assert fired == ["fired"]


def test_who_goes_elsewhere_leaves_it_as_it_is(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.field.show_value("F9")
    desk.field.keys.begin()
    desk.other.keys.setFocus()
    assert desk.shown == "F9"
    assert desk.chosen == []


@pytest.mark.parametrize("key", ["F9", "Space", "Ctrl+Space"])
def test_the_talk_key_is_recorded_and_does_not_talk(
    make_desk: MakeDesk, qapp: QApplication, key: str
) -> None:
    desk = make_desk(allow_plain=True)
    talk = TalkKey(TalkSettings(key=key))
    intents: list[Event] = []
    talk.intent.connect(intents.append)
    qapp.installEventFilter(talk)
    try:
        desk.field.keys.begin()
        combination = QKeySequence(key)[0]
        desk.press(combination.key(), combination.keyboardModifiers())
    finally:
        qapp.removeEventFilter(talk)
    assert desk.chosen == [key]
    assert intents == []


def test_who_does_not_see_is_told(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.field.set_title("Talk key of the desktop")
    assert desk.field.keys.accessibleName() == "Talk key of the desktop: None"
    desk.field.keys.begin()
    assert desk.field.keys.accessibleName() == "Talk key of the desktop: Press keys…"
    assert "Esc" in desk.field.keys.accessibleDescription()
    assert desk.field.tab_stops() == [desk.field.keys, desk.field.clear]
    assert desk.field.clear.accessibleName() == "Talk key of the desktop: Take the shortcut away"
