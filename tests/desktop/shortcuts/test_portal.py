"""The portal's way: a real bus, and a portal in a process of its own."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.desktop.bus import Bus, BusSignal
from app.desktop.shortcuts.combination import Combination
from app.desktop.shortcuts.portal import PortalShortcut
from tests.desktop.conftest import Ear
from tests.support.private_bus import PrivateBus

WANTED = Combination("space", ("Ctrl", "Alt"))


@pytest.mark.parametrize("option", ["new", "old", "hasty"])
def test_the_desktop_is_asked_for_the_key_and_says_which_one_it_gave(
    option: str, private_bus: PrivateBus, ear: Ear
) -> None:
    portal = private_bus.serve("portal", option)
    ear.on(PortalShortcut()).start(WANTED)
    standing = ear.until_stands()
    assert standing.works
    assert standing.can_hold
    assert standing.shortcut == "Press the desktop's choice"
    assert portal.calls[0] == ["Register", "parley", {}], "before anything else"
    ((session, shortcuts, _, _),) = portal.named("BindShortcuts")
    assert session.startswith("/org/freedesktop/portal/desktop/session/")
    ((name, wanted),) = shortcuts
    assert name == "talk"
    assert wanted["preferred_trigger"] == ["s", "CTRL+ALT+space"]
    assert wanted["description"] == ["s", "Talk to Parley"]


def test_the_key_is_held_as_long_as_it_is_down(private_bus: PrivateBus, ear: Ear) -> None:
    portal = private_bus.serve("portal")
    ear.on(PortalShortcut()).start(WANTED)
    ear.until_stands()
    portal.do("down", "1000")
    ear.until_said("down")
    portal.do("up", "3500")
    ear.until_said("up")
    portal.do("down", "4000")
    ear.until_said("down")


def test_a_desktop_without_shortcuts_is_named_with_the_command(
    private_bus: PrivateBus, ear: Ear
) -> None:
    private_bus.serve("portal", "bare")
    ear.on(PortalShortcut()).start(WANTED)
    standing = ear.until_stands()
    assert not standing.works
    assert "parley toggle" in standing.why


def test_a_bus_without_a_portal_is_named_with_the_command(
    private_bus: PrivateBus, ear: Ear
) -> None:
    ear.on(PortalShortcut()).start(WANTED)
    assert "parley toggle" in ear.until_stands().why


def test_no_bus_at_all_is_named_with_the_command(private_bus: PrivateBus, ear: Ear) -> None:
    private_bus.die()
    ear.on(PortalShortcut()).start(WANTED)
    assert "parley toggle" in ear.until_stands().why


@pytest.mark.parametrize("option", ["decline", "none"])
def test_a_user_who_says_no_is_told_how_to_say_yes(
    option: str, private_bus: PrivateBus, ear: Ear
) -> None:
    private_bus.serve("portal", option)
    ear.on(PortalShortcut()).start(WANTED)
    standing = ear.until_stands()
    assert not standing.works
    assert standing.why.startswith("The desktop gave Parley no key.")


def test_a_desktop_that_knows_presses_alone_is_found_out(private_bus: PrivateBus, ear: Ear) -> None:
    """Both kinds: the end comes with the beginning, or never."""
    portal = private_bus.serve("portal")
    backend = ear.on(PortalShortcut())
    backend.start(WANTED)
    ear.until_stands()
    for at_ms in (1000, 5000):
        portal.do("down", str(at_ms))
        portal.do("up", str(at_ms + 1))
    standing = ear.until_stands(2)
    assert standing.works
    assert not standing.can_hold
    assert standing.shortcut == "Press the desktop's choice"
    ear.until_said("down", "up", "down", "up")
    backend.start(WANTED)
    assert ear.until_stands(3).can_hold, "asked anew, found out anew"
    portal.do("down", "1000")
    ear.until_said("down")
    portal.do("down", "5000")
    assert not ear.until_stands(4).can_hold
    ear.until_said("up", "down", "up")
    portal.do("down", "9000")
    ear.until_said("down", "up")


def test_a_short_press_is_none_of_those(private_bus: PrivateBus, ear: Ear) -> None:
    portal = private_bus.serve("portal")
    ear.on(PortalShortcut()).start(WANTED)
    ear.until_stands()
    for at_ms in (1000, 5000, 9000):
        portal.do("down", str(at_ms))
        portal.do("up", str(at_ms + 60))
    ear.until_said(*["down", "up"] * 3)
    assert len(ear.standings) == 1


def test_a_session_that_the_desktop_ends_lets_go_of_the_key(
    private_bus: PrivateBus, ear: Ear
) -> None:
    portal = private_bus.serve("portal")
    ear.on(PortalShortcut()).start(WANTED)
    ear.until_stands()
    portal.do("down", "1000")
    ear.until_said("down")
    portal.do("close")
    ear.until_said("up")
    assert not ear.until_stands(2).works
    portal.do("down", "2000")
    portal.do("up", "2500")
    assert ear.said == []


def test_a_portal_that_dies_is_asked_again_when_it_is_back(
    private_bus: PrivateBus, ear: Ear
) -> None:
    portal = private_bus.serve("portal")
    ear.on(PortalShortcut()).start(WANTED)
    ear.until_stands()
    portal.do("down", "1000")
    ear.until_said("down")
    portal.stop()
    ear.until_said("up")
    assert not ear.until_stands(2).works
    again = private_bus.serve("portal")
    assert ear.until_stands(3).works
    again.do("down", "2000")
    ear.until_said("down")


def test_a_bus_that_dies_lets_go_of_the_key(private_bus: PrivateBus, ear: Ear) -> None:
    portal = private_bus.serve("portal")
    ear.on(PortalShortcut()).start(WANTED)
    ear.until_stands()
    portal.do("down", "1000")
    ear.until_said("down")
    private_bus.die()
    ear.until_said("up")
    assert not ear.until_stands(2).works


def test_stopping_gives_the_session_back(private_bus: PrivateBus, ear: Ear, qtbot: QtBot) -> None:
    portal = private_bus.serve("portal")
    backend = ear.on(PortalShortcut())
    backend.start(WANTED)
    ear.until_stands()
    portal.do("down", "1000")
    ear.until_said("down")
    backend.stop()
    ear.until_said("up")
    qtbot.waitUntil(lambda: portal.named("Close") == [[]], timeout=10_000)
    portal.do("down", "3000")
    assert ear.said == []


def test_news_of_the_portal_that_comes_after_the_end_is_nothing(
    private_bus: PrivateBus, ear: Ear, qtbot: QtBot
) -> None:
    portal = private_bus.serve("portal", "bare")
    shortcut = ear.on(PortalShortcut())
    shortcut.start(WANTED)
    assert not ear.until_stands().works
    bus = shortcut.findChild(Bus)
    assert bus is not None
    shortcut.stop()
    name = "org.freedesktop.DBus"
    with qtbot.captureExceptions() as raised:
        bus.heard.emit(
            BusSignal(
                "/org/freedesktop/DBus",
                name,
                "NameOwnerChanged",
                ("org.freedesktop.portal.Desktop", "", ":1.9"),
            )
        )
    assert raised == []
    assert len(portal.named("Register")) == 1


def test_a_bus_that_cannot_be_had_is_told_once(
    private_bus: PrivateBus, ear: Ear, qtbot: QtBot
) -> None:
    private_bus.die()
    ear.on(PortalShortcut()).start(WANTED)
    ear.until_stands()
    qtbot.wait(100)
    assert len(ear.standings) == 1
