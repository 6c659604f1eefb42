"""The keyboards' way: pipes that speak the kernel's format, in the place of /dev/input."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.desktop.shortcuts.combination import Combination
from app.desktop.shortcuts.evdev import DOWN, EV_KEY, EVENT, UP, EvdevShortcut, obstacle
from tests.desktop.conftest import Ear

CTRL, RIGHT_CTRL, ALT, SPACE, A = 29, 97, 56, 57, 30
REPEAT = 2
EV_SYN, EV_MSC = 0, 4

WANTED = Combination("space", ("Ctrl", "Alt"))


class Keyboard:
    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / name
        os.mkfifo(self.path)
        self._pipe = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)

    def send(self, *keys: tuple[int, int]) -> None:
        for code, value in keys:
            events = [(EV_MSC, 4, code), (EV_KEY, code, value), (EV_SYN, 0, 0)]
            os.write(self._pipe, b"".join(EVENT.pack(1, 2, *event) for event in events))

    def unplug(self) -> None:
        self.path.unlink()
        os.close(self._pipe)


@pytest.fixture
def keyboard(tmp_path: Path) -> Keyboard:
    return Keyboard(tmp_path, "event3")


@pytest.fixture
def backend(ear: Ear, tmp_path: Path, keyboard: Keyboard) -> EvdevShortcut:
    backend = ear.on(EvdevShortcut(folder=tmp_path))
    backend.start(WANTED)
    assert ear.until_stands().works
    return backend


def test_a_hold_is_one_press_whatever_repeats(
    backend: EvdevShortcut, keyboard: Keyboard, ear: Ear, qtbot: QtBot
) -> None:
    keyboard.send((CTRL, DOWN), (ALT, DOWN), (SPACE, DOWN))
    ear.until_said("down")
    keyboard.send(*[(SPACE, REPEAT)] * 200)
    keyboard.send((CTRL, UP), (ALT, UP))
    qtbot.wait(50)
    assert ear.said == []
    keyboard.send((SPACE, UP))
    ear.until_said("up")


def test_other_modifiers_are_another_key(
    backend: EvdevShortcut, keyboard: Keyboard, ear: Ear
) -> None:
    keyboard.send((SPACE, DOWN), (SPACE, UP))
    keyboard.send((CTRL, DOWN), (SPACE, DOWN), (SPACE, UP))
    keyboard.send((SPACE, DOWN), (ALT, DOWN), (SPACE, UP))
    keyboard.send((A, DOWN), (A, UP))
    keyboard.send((SPACE, DOWN), (SPACE, UP))
    ear.until_said("down", "up")


def test_the_right_hand_and_a_second_keyboard_count_too(
    backend: EvdevShortcut, keyboard: Keyboard, ear: Ear, tmp_path: Path, qtbot: QtBot
) -> None:
    second = Keyboard(tmp_path, "event7")
    qtbot.waitUntil(lambda: tmp_path / "event7" in backend._devices, timeout=10_000)
    keyboard.send((RIGHT_CTRL, DOWN), (ALT, DOWN))
    qtbot.wait(50)
    second.send((SPACE, DOWN))
    ear.until_said("down")
    second.unplug()
    ear.until_said("up")
    keyboard.send((SPACE, DOWN))
    ear.until_said("down")


def test_a_key_without_a_place_on_the_keyboard_is_named(
    keyboard: Keyboard, ear: Ear, tmp_path: Path
) -> None:
    ear.on(EvdevShortcut(folder=tmp_path)).start(Combination("XF86AudioPlay", ()))
    assert ear.until_stands().why.startswith("This key cannot be read from a keyboard.")


def test_no_keyboards_are_named(ear: Ear, tmp_path: Path) -> None:
    ear.on(EvdevShortcut(folder=tmp_path)).start(WANTED)
    assert not ear.until_stands().works
    assert obstacle(tmp_path) == "There is no keyboard in /dev/input."


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_keyboards_that_may_not_be_read_are_named_with_the_group(
    keyboard: Keyboard, ear: Ear, tmp_path: Path
) -> None:
    keyboard.path.chmod(0)
    assert "sudo usermod -aG input" in obstacle(tmp_path)
    ear.on(EvdevShortcut(folder=tmp_path)).start(WANTED)
    assert "group “input”" in ear.until_stands().why


def test_what_can_be_read_is_no_obstacle(keyboard: Keyboard, tmp_path: Path) -> None:
    assert obstacle(tmp_path) == ""
