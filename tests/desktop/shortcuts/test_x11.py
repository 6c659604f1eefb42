"""X11's way: a real X server, a real keyboard (xdotool), and another program in front."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from app.desktop.shortcuts.combination import Combination, parse
from app.desktop.shortcuts.x11 import X11Shortcut
from tests.desktop.conftest import Ear
from tests.support.other_window import OtherWindow, other_window
from tests.support.virtual_screen import VirtualScreen

pytest.importorskip("Xlib")
pytestmark = pytest.mark.screen

WANTED = Combination("space", ("Ctrl", "Alt"))


@pytest.fixture(autouse=True)
def display(virtual_screen: VirtualScreen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", virtual_screen.display)
    monkeypatch.setenv("XAUTHORITY", virtual_screen.env["XAUTHORITY"])


@pytest.fixture
def other(virtual_screen: VirtualScreen) -> Iterator[OtherWindow]:
    with other_window(virtual_screen) as window:
        yield window


@pytest.fixture
def backend(ear: Ear) -> X11Shortcut:
    backend = ear.on(X11Shortcut())
    backend.start(WANTED)
    assert ear.until_stands().works
    return backend


def hold(screen: VirtualScreen, *keys: str) -> None:
    for key in keys:
        screen.xdotool("keydown", key)


def let_go(screen: VirtualScreen, *keys: str) -> None:
    for key in keys:
        screen.xdotool("keyup", key)


def test_a_hold_over_another_program_is_one_press_and_types_nothing_there(
    backend: X11Shortcut, ear: Ear, other: OtherWindow, virtual_screen: VirtualScreen, qtbot: QtBot
) -> None:
    virtual_screen.xdotool("type", "before")
    hold(virtual_screen, "ctrl", "alt", "space")
    ear.until_said("down")
    qtbot.wait(1500)  # the server repeats the key some 25 times meanwhile
    assert ear.said == []
    let_go(virtual_screen, "space", "alt", "ctrl")
    ear.until_said("up")
    virtual_screen.xdotool("type", "after")
    qtbot.waitUntil(lambda: other.typed() == "beforeafter", timeout=10_000)
    assert ear.said == []


def test_the_modifiers_may_come_up_first(
    backend: X11Shortcut, ear: Ear, other: OtherWindow, virtual_screen: VirtualScreen
) -> None:
    hold(virtual_screen, "ctrl", "alt", "space")
    ear.until_said("down")
    let_go(virtual_screen, "ctrl", "alt", "space")
    ear.until_said("up")


def test_the_key_with_other_modifiers_is_the_other_programs(
    backend: X11Shortcut,
    ear: Ear,
    other: OtherWindow,
    virtual_screen: VirtualScreen,
    qtbot: QtBot,
) -> None:
    virtual_screen.xdotool("key", "space")
    virtual_screen.xdotool("key", "shift+space")
    qtbot.waitUntil(lambda: other.typed() == "  ", timeout=10_000)
    assert ear.said == []


@pytest.mark.parametrize("lock", ["Num_Lock", "Caps_Lock"])
def test_lights_on_the_keyboard_do_not_matter(
    lock: str, backend: X11Shortcut, ear: Ear, virtual_screen: VirtualScreen
) -> None:
    virtual_screen.xdotool("key", lock)
    try:
        for _ in range(3):
            virtual_screen.xdotool("key", "ctrl+alt+space")
            ear.until_said("down", "up")
    finally:
        virtual_screen.xdotool("key", lock)


def test_keys_that_another_program_has_are_named_and_taken_when_they_are_free(
    backend: X11Shortcut, ear: Ear, virtual_screen: VirtualScreen
) -> None:
    second = ear.on(X11Shortcut())
    second.start(WANTED)
    refused = ear.until_stands(2)
    assert not refused.works
    assert refused.why.startswith("Another program has these keys.")
    backend.stop()
    second.start(WANTED)
    assert ear.until_stands(3).works
    virtual_screen.xdotool("key", "ctrl+alt+space")
    ear.until_said("down", "up")


@pytest.mark.parametrize("shortcut", ["F9", "Ctrl+Shift+D", "Meta+Space", "Alt+F12", "Pause"])
def test_other_keys(
    shortcut: str, ear: Ear, other: OtherWindow, virtual_screen: VirtualScreen
) -> None:
    combination = parse(shortcut)
    assert combination is not None
    ear.on(X11Shortcut()).start(combination)
    assert ear.until_stands().works
    names = {"Ctrl": "ctrl", "Shift": "shift", "Meta": "super", "Alt": "alt"}
    held = [names[modifier] for modifier in combination.modifiers]
    virtual_screen.xdotool("key", "+".join([*held, combination.keysym]))
    ear.until_said("down", "up")


def test_a_key_that_the_keyboard_has_not_is_named(ear: Ear) -> None:
    ear.on(X11Shortcut()).start(Combination("NoSuchKey", ()))
    assert ear.until_stands().why.startswith("This keyboard has no such key.")


def test_no_screen_is_a_state(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":4711")
    ear.on(X11Shortcut()).start(WANTED)
    assert not ear.until_stands().works


def test_a_screen_that_dies_lets_go_of_the_key(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = VirtualScreen()
    try:
        monkeypatch.setenv("DISPLAY", screen.display)
        ear.on(X11Shortcut()).start(WANTED)
        assert ear.until_stands().works
        hold(screen, "ctrl", "alt", "space")
        ear.until_said("down")
    finally:
        screen.close()
    ear.until_said("up")
    assert not ear.until_stands(2).works


def test_another_layout_moves_the_key_and_a_hold_outlives_news_of_the_same_one(
    ear: Ear, virtual_screen: VirtualScreen, qtbot: QtBot
) -> None:
    def layout(name: str) -> None:
        subprocess.run(
            ["setxkbmap", name], env={**os.environ, **virtual_screen.env}, check=True, timeout=20
        )

    if shutil.which("setxkbmap") is None:
        pytest.skip("setxkbmap is not installed: there is one layout")
    backend = ear.on(X11Shortcut())
    backend.start(Combination("a", ("Ctrl",)))
    assert ear.until_stands().works
    try:
        hold(virtual_screen, "ctrl", "a")
        ear.until_said("down")
        layout("us")
        qtbot.wait(300)
        assert ear.said == []
        let_go(virtual_screen, "a", "ctrl")
        ear.until_said("up")
        before = backend._keycode
        layout("fr")
        qtbot.waitUntil(lambda: backend._keycode != before, timeout=10_000)
        virtual_screen.xdotool("key", "ctrl+a")
        ear.until_said("down", "up")
    finally:
        layout("us")


def test_stopping_gives_the_keys_back(
    backend: X11Shortcut, ear: Ear, virtual_screen: VirtualScreen
) -> None:
    hold(virtual_screen, "ctrl", "alt", "space")
    ear.until_said("down")
    backend.stop()
    ear.until_said("up")
    let_go(virtual_screen, "space", "alt", "ctrl")
    virtual_screen.xdotool("key", "ctrl+alt+space")
    time.sleep(0.1)
    assert ear.said == []
