"""All of it together: a window, its settings, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.core.desktop_events import ShortcutChanged
from app.core.events import ChangeSetting, Event, Notice, SettingChanged, State, StateChanged
from app.desktop import presence as presence_module
from app.desktop.backends import GlobalShortcut, Way
from app.desktop.login_item import AutostartFile
from app.desktop.presence import Presence
from app.desktop.shortcuts.backend import Backend, Standing
from app.desktop.shortcuts.combination import Combination
from app.settings import DesktopSettings
from tests.support.private_bus import PrivateBus


class Keyboard(Backend):
    """A backend that works at once; the test presses its key."""

    made: ClassVar[list[Keyboard]] = []

    def __init__(self, parent: QObject, standing: Standing) -> None:
        super().__init__(parent)
        self.standing = standing
        self.combination: Combination | None = None
        Keyboard.made.append(self)

    def start(self, combination: Combination) -> None:
        self.combination = combination
        self.stands.emit(self.standing)

    def stop(self) -> None:
        self.combination = None
        self._up()


class Desk:
    """A window, and a presence that watches it; everything it says."""

    def __init__(self, qtbot: QtBot, folder: Path, standing: Standing, **settings: object) -> None:
        Keyboard.made.clear()
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.at_login = AutostartFile(["parley"], folder / "autostart")
        shortcut = GlobalShortcut(
            list_ways=lambda: [Way("x11", lambda parent: Keyboard(parent, standing), can_hold=True)]
        )
        self.presence = Presence(
            DesktopSettings.model_validate(settings),
            self.window,
            shortcut=shortcut,
            at_login=self.at_login,
        )
        self.said: list[str] = []
        self.news: list[Event] = []
        self.wanted: list[Event] = []
        for name in ("pressed", "released", "toggled", "show_wanted", "quit_wanted"):
            getattr(self.presence, name).connect(lambda name=name: self.said.append(name))
        self.presence.happened.connect(self.news.append)
        self.presence.intent.connect(self.wanted.append)
        self.window.show()
        self.presence.start()

    @property
    def keyboard(self) -> Keyboard:
        return Keyboard.made[-1]

    def all(self, kind: type[Event]) -> list:
        return [event for event in self.news if isinstance(event, kind)]


MakeDesk = Callable[..., Desk]


@pytest.fixture
def make_desk(qtbot: QtBot, tmp_path: Path) -> Iterator[MakeDesk]:
    desks: list[Desk] = []

    def make(standing: Standing | None = None, **settings: object) -> Desk:
        desks.append(Desk(qtbot, tmp_path, standing or Standing(works=True), **settings))
        return desks[-1]

    yield make
    for desk in desks:
        desk.presence.stop()
    QApplication.setQuitOnLastWindowClosed(True)


# --- shortcut ---------------------------------------------------------------------------------


def test_the_shortcut_is_passed_on_and_what_it_can_do_is_told(make_desk: MakeDesk) -> None:
    desk = make_desk(shortcut="Ctrl+Alt+Space")
    (news,) = desk.all(ShortcutChanged)
    assert (news.by, news.shortcut, news.can_hold, news.works) == (
        "x11",
        "Ctrl+Alt+Space",
        True,
        True,
    )
    desk.keyboard._down()
    desk.keyboard._up()
    assert desk.said == ["pressed", "released"]
    assert desk.all(Notice) == []


def test_a_desktop_that_tells_of_presses_alone_toggles(make_desk: MakeDesk) -> None:
    desk = make_desk(Standing(works=True, can_hold=False), shortcut="F9")
    desk.keyboard._down()
    desk.keyboard._up()
    assert desk.said == ["toggled"]


def test_another_shortcut_acts_at_once(make_desk: MakeDesk) -> None:
    desk = make_desk()
    assert Keyboard.made == [], "nobody listens where no shortcut is wanted"
    desk.presence.handle(ChangeSetting(name="desktop.shortcut", value="F9"))
    desk.presence.handle(SettingChanged(name="desktop.shortcut", value="F9"))
    assert len(Keyboard.made) == 1, "once chosen, once written"
    assert desk.keyboard.combination == Combination("F9", ())
    before = desk.keyboard
    desk.presence.apply("desktop.shortcut", "")
    assert before.combination is None


def test_a_shortcut_that_does_not_work_is_said_once_with_the_reason(make_desk: MakeDesk) -> None:
    desk = make_desk(Standing(works=False, why="Choose others."), shortcut="F9")
    desk.keyboard.stands.emit(Standing(works=False, why="Choose others."))
    (notice,) = desk.all(Notice)
    assert notice.title == "The shortcut F9 does not work."
    assert notice.hint == "Choose others."


def test_settings_of_others_and_values_that_are_none_change_nothing(make_desk: MakeDesk) -> None:
    desk = make_desk(shortcut="F9")
    for name, value in (
        ("talk.key", "F8"),
        ("desktop.shortcut", 5),
        ("desktop.shortcut_by", "magic"),
        ("desktop.nonsense", True),
    ):
        desk.presence.apply(name, value)
    assert len(Keyboard.made) == 1
    assert desk.keyboard.combination == Combination("F9", ())


# --- start at login ---------------------------------------------------------------------------


def test_start_at_login_is_written_and_removed_at_once(make_desk: MakeDesk) -> None:
    desk = make_desk()
    assert desk.at_login.is_on() is False
    desk.presence.apply("desktop.start_at_login", True)
    assert desk.at_login.is_on() is True
    desk.presence.apply("desktop.start_at_login", False)
    assert desk.at_login.is_on() is False
    assert desk.wanted == []


def test_start_at_login_is_made_true_at_the_start(make_desk: MakeDesk) -> None:
    desk = make_desk(start_at_login=True)
    assert desk.at_login.is_on() is True


def test_what_the_desktop_switched_off_stays_off_and_the_setting_follows(
    make_desk: MakeDesk, tmp_path: Path
) -> None:
    entry = tmp_path / "autostart" / "parley.desktop"
    entry.parent.mkdir()
    entry.write_text("[Desktop Entry]\nType=Application\nExec=parley\nHidden=true\n")
    desk = make_desk(start_at_login=True)
    assert "Hidden=true" in entry.read_text()
    (intent,) = desk.wanted
    assert isinstance(intent, ChangeSetting)
    assert (intent.name, intent.value) == ("desktop.start_at_login", False)


def test_a_folder_that_cannot_be_written_is_said_and_the_switch_goes_back(
    make_desk: MakeDesk, tmp_path: Path
) -> None:
    (tmp_path / "autostart").write_text("in the way")
    desk = make_desk()
    desk.presence.apply("desktop.start_at_login", True)
    (notice,) = desk.all(Notice)
    assert notice.title == "Parley cannot be started at login."
    (intent,) = desk.wanted
    assert (intent.name, intent.value) == ("desktop.start_at_login", False)


# --- the window -------------------------------------------------------------------------------


def test_without_a_tray_closing_the_window_ends_parley_and_that_is_said(
    make_desk: MakeDesk,
) -> None:
    desk = make_desk()
    desk.presence.apply("desktop.close_to_tray", True)
    assert not desk.presence.can_hide
    desk.window.close()
    assert QApplication.quitOnLastWindowClosed()
    (notice,) = desk.all(Notice)
    assert notice.title == "There is no tray icon to bring the window back."
    assert notice.hint == "Closing the window ends Parley, as before."


def test_with_a_tray_closing_the_window_leaves_parley_and_that_is_said_once(
    make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    desk = make_desk()
    monkeypatch.setattr(type(desk.presence.tray), "available", property(lambda tray: True))
    said: list[str] = []
    monkeypatch.setattr(desk.presence.tray, "say", lambda title, text: said.append(title))
    desk.presence.apply("desktop.close_to_tray", True)
    for _ in range(2):
        desk.window.close()
        assert not QApplication.quitOnLastWindowClosed()
        qtbot.wait(700)
        desk.window.show()
    assert said == ["Parley is still there"]
    desk.presence.apply("desktop.close_to_tray", False)
    assert QApplication.quitOnLastWindowClosed()


def test_events_reach_the_tray(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.presence.handle(StateChanged(state=State.LISTENING))
    assert desk.presence.tray.tool_tip == "Parley – Listening"
    desk.presence.tray.talk_action.trigger()
    desk.presence.tray.quit_action.trigger()
    desk.presence.tray.show_action.trigger()
    assert desk.said == ["toggled", "quit_wanted", "show_wanted"]


def test_what_waits_is_seen_in_the_tray_until_the_window_is_looked_at(
    qtbot: QtBot, make_desk: MakeDesk
) -> None:
    desk = make_desk()
    other = QWidget()
    qtbot.addWidget(other)
    other.show()
    other.activateWindow()
    qtbot.waitUntil(lambda: not desk.window.isActiveWindow())
    desk.presence.handle(Notice(title="Ollama is not running."))
    assert desk.presence.tray.tool_tip.endswith("Ollama is not running.")
    desk.window.activateWindow()
    qtbot.waitUntil(desk.window.isActiveWindow)
    assert desk.presence.tray.tool_tip == "Parley – Ready"
    desk.presence.handle(Notice(title="The disk is full."))
    assert desk.presence.tray.tool_tip == "Parley – Ready", "it is read in the window"


def test_in_the_background_the_window_is_asked_for_where_no_tray_could_bring_it_back(
    qtbot: QtBot, private_bus: PrivateBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_module, "AT_LOGIN_S", 0.1)
    window = QWidget()
    qtbot.addWidget(window)
    presence = Presence(DesktopSettings(), window)
    with qtbot.waitSignal(presence.show_wanted, timeout=10_000):
        presence.start(background=True)
    presence.stop()


def test_stopping_lets_go_of_everything(make_desk: MakeDesk) -> None:
    desk = make_desk(shortcut="F9")
    desk.keyboard._down()
    keyboard = desk.keyboard
    desk.presence.stop()
    assert keyboard.combination is None
    assert desk.said == ["pressed", "released"]
