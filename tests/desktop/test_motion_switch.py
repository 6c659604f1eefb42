"""The desktop's switch for less motion: a real bus, and a settings portal on it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from jeepney import (
    DBusAddress,
    HeaderFields,
    MessageType,
    new_error,
    new_method_call,
    new_method_return,
    new_signal,
)
from jeepney.io.threading import ReceiveStopped, open_dbus_connection
from pytestqt.qtbot import QtBot

from app.desktop.motion_switch import PATH, SERVICE, SETTINGS, MotionSwitch
from app.ui import motion
from tests.support.private_bus import PrivateBus

GNOME = ("org.gnome.desktop.interface", "enable-animations")
FREEDESKTOP = ("org.freedesktop.appearance", "reduced-motion")
KDE = ("org.kde.kdeglobals.KDE", "AnimationDurationFactor")

Variant = tuple[str, object]


class SettingsPortal:
    """Has these settings and tells of changes; None is a portal without settings."""

    def __init__(self, values: dict[tuple[str, str], Variant] | None) -> None:
        self.values = values
        self.asked = threading.Event()
        self._connection = open_dbus_connection("SESSION")
        bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
        self._connection.send(new_method_call(bus, "RequestName", "su", (SERVICE, 4)))
        while True:
            kind = self._connection.receive().header.message_type
            if kind == MessageType.method_return:
                break
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                message = self._connection.receive()
            except ReceiveStopped:
                return
            if message.header.message_type != MessageType.method_call:
                continue
            if message.header.fields[HeaderFields.member] != "ReadAll" or self.values is None:
                name = "org.freedesktop.DBus.Error.UnknownMethod"
                self._connection.send(new_error(message, name, "s", ("nobody does that here",)))
            else:
                (wanted,) = message.body
                told: dict[str, dict[str, Variant]] = {"org.example": {"other": ("s", "thing")}}
                for (namespace, key), value in self.values.items():
                    if namespace in wanted:
                        told.setdefault(namespace, {})[key] = value
                self._connection.send(new_method_return(message, "a{sa{sv}}", (told,)))
            self.asked.set()

    def change(self, name: tuple[str, str], value: Variant) -> None:
        where = DBusAddress(PATH, interface=SETTINGS)
        self._connection.send(new_signal(where, "SettingChanged", "ssv", (*name, value)))

    def close(self) -> None:
        self._connection.interrupt()
        self._thread.join(5.0)
        self._connection.close()


MakePortal = Callable[..., SettingsPortal]


@pytest.fixture
def portal(private_bus: PrivateBus) -> Iterator[MakePortal]:
    made: list[SettingsPortal] = []

    def make(values: dict[tuple[str, str], Variant] | None) -> SettingsPortal:
        made.append(SettingsPortal(values))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def switch(qtbot: QtBot) -> Iterator[MotionSwitch]:
    switch = MotionSwitch()
    yield switch
    switch.close()
    motion.follow_desktop(reduced=False)
    motion.choose("system")


@pytest.mark.parametrize(
    ("name", "still", "moving"),
    [
        (GNOME, ("b", False), ("b", True)),
        (FREEDESKTOP, ("u", 1), ("u", 0)),
        (KDE, ("s", "0"), ("s", "1")),
    ],
)
def test_the_desktop_s_switch_is_read_and_followed(
    portal: MakePortal,
    switch: MotionSwitch,
    qtbot: QtBot,
    name: tuple[str, str],
    still: Variant,
    moving: Variant,
) -> None:
    before = motion.reduced_motion()
    desk = portal({name: still})
    switch.start()
    qtbot.waitUntil(motion.reduced_motion, timeout=15_000)
    desk.change(name, moving)
    qtbot.waitUntil(lambda: motion.reduced_motion() == before, timeout=15_000)
    desk.change(name, still)
    qtbot.waitUntil(motion.reduced_motion, timeout=15_000)


def test_what_the_user_chose_in_parley_goes_before_it(
    portal: MakePortal, switch: MotionSwitch, qtbot: QtBot
) -> None:
    portal({GNOME: ("b", False)})
    switch.start()
    qtbot.waitUntil(motion.reduced_motion, timeout=15_000)
    motion.choose("full")
    assert not motion.reduced_motion()
    motion.choose("system")
    assert motion.reduced_motion()


def test_a_desktop_without_such_a_portal_changes_nothing(
    portal: MakePortal, switch: MotionSwitch, qtbot: QtBot
) -> None:
    before = motion.reduced_motion()
    desk = portal(None)
    switch.start()
    qtbot.waitUntil(desk.asked.is_set, timeout=15_000)
    desk.change(("org.example", "other"), ("b", False))
    qtbot.wait(100)
    assert motion.reduced_motion() == before


def test_without_a_bus_nothing_happens(
    switch: MotionSwitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nowhere")
    before = motion.reduced_motion()
    switch.start()
    assert motion.reduced_motion() == before
