"""The way of Windows and macOS. What listens runs under X11 too, where it can be tried."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.desktop.shortcuts.combination import Combination
from app.desktop.shortcuts.listener import DOWN, LONGEST_REASON, UP, Watch, reason
from app.desktop.shortcuts.system import SystemShortcut
from tests.desktop.conftest import Ear
from tests.support.virtual_screen import VirtualScreen


def test_a_combination_is_its_key_with_its_modifiers_and_no_others() -> None:
    watch = Watch("space", ("Ctrl", "Alt"))
    assert watch.press("space") == ""
    assert watch.release("space") == ""
    assert [watch.press(name) for name in ("ctrl_l", "alt_l", "space")] == ["", "", DOWN]
    assert watch.press("space") == "", "a repeat"
    assert [watch.release(name) for name in ("ctrl_l", "space", "alt_l")] == ["", UP, ""]
    assert [watch.press(name) for name in ("ctrl_r", "shift", "alt_l", "space")] == [""] * 4


@pytest.mark.parametrize(
    ("keysym", "name"), [("Prior", "page_up"), ("F9", "f9"), ("comma", ","), ("d", "d")]
)
def test_keys_by_the_listeners_own_names(keysym: str, name: str) -> None:
    assert Watch(keysym, ()).press(name) == DOWN


@pytest.mark.screen
def test_a_process_of_its_own_tells_of_both_ends_and_dies_with_its_owner(
    virtual_screen: VirtualScreen, monkeypatch: pytest.MonkeyPatch, ear: Ear, qtbot: QtBot
) -> None:
    pytest.importorskip("Xlib")
    for name, value in virtual_screen.env.items():
        monkeypatch.setenv(name, value)
    pytest.importorskip("pynput.keyboard")
    backend = ear.on(SystemShortcut())
    backend.start(Combination("space", ("Ctrl", "Alt")))
    assert ear.until_stands().works
    for key in ("ctrl", "alt", "space"):
        virtual_screen.xdotool("keydown", key)
    ear.until_said("down")
    qtbot.wait(800)
    assert ear.said == [], "what repeats is no press"
    for key in ("space", "alt", "ctrl"):
        virtual_screen.xdotool("keyup", key)
    ear.until_said("up")
    virtual_screen.xdotool("key", "space")
    process = backend._process
    assert process.is_alive()
    backend.stop()
    assert not process.is_alive()
    assert ear.said == []


@pytest.mark.screen
def test_a_listening_process_that_dies_lets_go_of_the_key(
    virtual_screen: VirtualScreen, monkeypatch: pytest.MonkeyPatch, ear: Ear
) -> None:
    for name, value in virtual_screen.env.items():
        monkeypatch.setenv(name, value)
    pytest.importorskip("pynput.keyboard")
    backend = ear.on(SystemShortcut())
    backend.start(Combination("F9", ()))
    assert ear.until_stands().works
    virtual_screen.xdotool("keydown", "F9")
    ear.until_said("down")
    backend._process.kill()
    ear.until_said("up")
    virtual_screen.xdotool("keyup", "F9")
    standing = ear.until_stands(2)
    assert not standing.works
    assert standing.why


def test_a_library_that_cannot_be_used_says_why(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a screen pynput fails while it is imported, in the process that listens."""
    pytest.importorskip("Xlib")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "PYNPUT_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    backend = ear.on(SystemShortcut())
    backend.start(Combination("F9", ()))
    standing = ear.until_stands()
    assert not standing.works
    assert "parley toggle" in standing.why
    assert standing.detail
    assert "\n" not in standing.detail
    assert len(standing.detail) <= LONGEST_REASON


def test_a_reason_is_one_line_without_the_users_name() -> None:
    home = Path.home()
    told = reason(ImportError(f"dlopen({home}/lib/x.so): not found\nTry this:\n..."))
    assert told == "ImportError: dlopen(~/lib/x.so): not found"
    assert reason(ImportError()) == "ImportError:"
