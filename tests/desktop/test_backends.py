"""Which way is taken where, what is said when none works, and what is passed on."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.core.desktop_events import ShortcutChanged
from app.desktop.backends import GlobalShortcut, Way, ways
from app.desktop.shortcuts.backend import Backend, Standing
from app.desktop.shortcuts.combination import Combination
from tests.support.private_bus import PrivateBus
from tests.support.virtual_screen import VirtualScreen

BUS = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}


def names(environment: Mapping[str, str], platform: str = "linux") -> list[str]:
    """Those that can be tried, best first; the ones that are only taken by name in brackets."""
    return [
        way.name if way.is_offered else f"({way.name})"
        for way in ways(environment, platform)
        if not way.why_not or not way.is_offered
    ]


def test_each_desktop_has_its_order() -> None:
    x11 = {"DISPLAY": ":0", **BUS}
    assert names(x11) == ["x11", "portal", "(evdev)", "command"]
    assert names({"DISPLAY": ":0"}) == ["x11", "(evdev)", "command"]
    assert names({**x11, "WAYLAND_DISPLAY": "wayland-0"}) == ["portal", "(evdev)", "command"]
    assert names({**x11, "XDG_SESSION_TYPE": "wayland"}) == ["portal", "(evdev)", "command"]
    assert names({"XDG_RUNTIME_DIR": "/nowhere"}) == ["(evdev)", "command"]
    assert names({}, "win32") == ["system", "command"]
    assert names({}, "darwin") == ["system", "command"]


def test_what_cannot_be_used_says_why_and_the_command_can_never_be_held() -> None:
    for way in ways({}, "linux"):
        assert way.why_not or way.name in ("command", "evdev")
        assert way.can_hold == (way.name != "command")
        assert way.permission or way.name == "x11"


class Scripted(Backend):
    """A backend whose desktop is the test."""

    def __init__(self, parent: QObject, standing: Standing, asked: list[str]) -> None:
        super().__init__(parent)
        self._standing = standing
        self.asked = asked

    def start(self, combination: Combination) -> None:
        self.asked.append(combination.for_portal)
        self.stands.emit(self._standing)

    def stop(self) -> None:
        self.asked.append("stop")
        self._up()


class Desk:
    def __init__(self, **standings: Standing) -> None:
        self.asked: dict[str, list[str]] = {name: [] for name in standings}
        self.made: dict[str, Scripted] = {}
        self.said: list[str] = []
        self.news: list[ShortcutChanged] = []
        self.shortcut = GlobalShortcut(
            list_ways=lambda: [
                Way(
                    name,
                    lambda parent, name=name: self._make(parent, name, standings[name]),
                    can_hold=True,
                    is_offered=name != "evdev",
                )
                for name in standings
            ]
        )
        self.shortcut.pressed.connect(lambda: self.said.append("pressed"))
        self.shortcut.released.connect(lambda: self.said.append("released"))
        self.shortcut.toggled.connect(lambda: self.said.append("toggled"))
        self.shortcut.changed.connect(self.news.append)

    def _make(self, parent: QObject, name: str, standing: Standing) -> Scripted:
        self.made[name] = Scripted(parent, standing, self.asked[name])
        return self.made[name]


WORKS = Standing(works=True)
FAILS = Standing(works=False, why="It does not.")


def test_the_first_that_works_is_taken_and_the_others_are_left_alone(qtbot: QtBot) -> None:
    desk = Desk(first=FAILS, second=WORKS, third=WORKS)
    desk.shortcut.use("Ctrl+Alt+Space")
    assert desk.asked == {
        "first": ["CTRL+ALT+space", "stop"],
        "second": ["CTRL+ALT+space"],
        "third": [],
    }
    (news,) = desk.news
    assert (news.by, news.works, news.can_hold, news.why) == ("second", True, True, "")
    assert news.shortcut == "Ctrl+Alt+Space"
    desk.made["second"]._down()
    desk.made["second"]._up()
    assert desk.said == ["pressed", "released"]


def test_evdev_is_taken_by_name_alone(qtbot: QtBot) -> None:
    desk = Desk(evdev=WORKS)
    desk.shortcut.use("F9")
    assert not desk.news[-1].works
    desk.shortcut.use("F9", "evdev")
    assert desk.news[-1].works
    assert desk.news[-1].by == "evdev"


def test_a_way_that_was_chosen_is_the_only_one_tried(qtbot: QtBot) -> None:
    desk = Desk(portal=FAILS, x11=WORKS)
    desk.shortcut.use("F9", "portal")
    assert desk.asked["x11"] == []
    assert desk.news[-1].why == "It does not."
    desk.shortcut.use("F9", "evdev")
    assert desk.news[-1].why == "This system has no such way to listen."


def test_when_none_works_the_reason_of_the_best_is_told(qtbot: QtBot) -> None:
    desk = Desk(first=FAILS, second=Standing(works=False, why="Nor this."))
    desk.shortcut.use("F9")
    (news,) = desk.news
    assert not news.works
    assert not news.can_hold
    assert news.why == "It does not."


def test_where_presses_alone_are_told_each_one_toggles(qtbot: QtBot) -> None:
    desk = Desk(portal=Standing(works=True, can_hold=False))
    desk.shortcut.use("F9")
    assert not desk.news[-1].can_hold
    desk.made["portal"]._down()
    desk.made["portal"]._up()
    assert desk.said == ["toggled"]


def test_another_shortcut_or_none_lets_go_of_the_one_before(qtbot: QtBot) -> None:
    desk = Desk(x11=WORKS)
    desk.shortcut.use("F9")
    desk.made["x11"]._down()
    desk.shortcut.use("F10")
    assert desk.said == ["pressed", "released"], "what was held is let go"
    assert desk.asked["x11"] == ["F9", "stop", "F10"]
    desk.shortcut.use("")
    assert desk.asked["x11"][-1] == "stop"
    assert (desk.news[-1].works, desk.news[-1].why) == (False, "")


def test_what_is_no_key_is_said(qtbot: QtBot) -> None:
    desk = Desk(x11=WORKS)
    desk.shortcut.use("Hyper+Nonsense")
    assert desk.news[-1].why == "There is no such key."


def test_what_is_not_used_is_told_with_the_systems_own_words(
    qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    refused = Standing(works=False, why="It does not.", detail="AccessDenied: no")
    desk = Desk(portal=refused, x11=WORKS, system=WORKS, evdev=WORKS)
    desk.shortcut.use("F9")
    (news,) = desk.news
    assert news.by == "x11"
    assert news.others == (
        ("portal", "AccessDenied: no"),
        ("system", "not tried"),
        ("evdev", "only when it is chosen by name"),
    )
    assert "no shortcut by portal: AccessDenied: no" in caplog.text
    assert "the shortcut is listened for by x11" in caplog.text


def test_when_none_works_each_has_its_reason(qtbot: QtBot) -> None:
    desk = Desk(portal=FAILS, x11=Standing(works=False, why="Nor this.", detail="no display"))
    desk.shortcut.use("F9")
    news = desk.news[-1]
    assert news.others == (("portal", "It does not."), ("x11", "no display"))


@pytest.mark.screen
def test_on_a_wayland_desktop_without_a_portal_the_command_is_named(
    private_bus: PrivateBus, qtbot: QtBot
) -> None:
    news: list[ShortcutChanged] = []
    shortcut = GlobalShortcut(
        list_ways=lambda: ways({**private_bus.env, "WAYLAND_DISPLAY": "wayland-0"}, "linux")
    )
    shortcut.changed.connect(news.append)
    shortcut.use("Ctrl+Alt+Space")
    qtbot.waitUntil(lambda: len(news) == 1, timeout=15_000)
    assert "parley toggle" in news[0].why
    shortcut.stop()


@pytest.mark.screen
def test_a_key_that_x11_cannot_give_is_asked_of_the_portal(
    private_bus: PrivateBus,
    virtual_screen: VirtualScreen,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
) -> None:
    pytest.importorskip("Xlib")
    portal = private_bus.serve("portal")
    monkeypatch.setenv("DISPLAY", virtual_screen.display)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("XDG_SESSION_TYPE", raising=False)
    first, second = GlobalShortcut(), GlobalShortcut()
    news: list[ShortcutChanged] = []
    heard: list[str] = []
    first.changed.connect(news.append)
    second.changed.connect(news.append)
    second.pressed.connect(lambda: heard.append("down"))
    first.use("Ctrl+Alt+Space")
    second.use("Ctrl+Alt+Space")
    qtbot.waitUntil(lambda: len(news) == 2, timeout=15_000)
    assert [event.by for event in news] == ["x11", "portal"]
    portal.do("down", "1000")
    qtbot.waitUntil(lambda: heard == ["down"], timeout=15_000)
    first.stop()
    second.stop()
