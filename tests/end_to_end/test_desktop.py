"""Talking to Parley while another program is in front: the real window, a real screen and keyboard,
a voice at the microphone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.conftest import ready_and_ended
from tests.support.ollama_server import OllamaServer
from tests.support.other_window import OtherWindow, other_window
from tests.support.parley_process import (
    ParleyProcess,
    run_parley,
    saved_turns,
    write_settings,
)
from tests.support.private_bus import PrivateBus, Service, private_bus
from tests.support.virtual_screen import VirtualScreen
from tests.support.virtual_sound import VirtualSound

__all__ = ["private_bus"]

QUESTION = "what is the capital of france"
ANSWER = "The capital of France is Paris. It lies on the river Seine."


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer(text=ANSWER, words_per_second=30) as server:
        yield server


@pytest.fixture
def tray(private_bus: PrivateBus) -> Service:
    return private_bus.serve("tray")


@pytest.fixture
def notifications(private_bus: PrivateBus) -> Service:
    return private_bus.serve("notifications")


@pytest.fixture
def parley(
    tmp_path: Path,
    ollama: OllamaServer,
    private_bus: PrivateBus,
    tray: Service,
    notifications: Service,
    virtual_sound: VirtualSound,
    virtual_screen: VirtualScreen,
) -> Iterator[ParleyProcess]:
    write_settings(
        tmp_path,
        f'[llm.ollama]\nhost = "{ollama.url}"\n'
        '[desktop]\nshortcut = "Ctrl+Alt+Space"\nclose_to_tray = true\n',
    )
    env = {
        **virtual_sound.env,
        **virtual_screen.env,
        "DBUS_SESSION_BUS_ADDRESS": private_bus.env["DBUS_SESSION_BUS_ADDRESS"],
        "XDG_CONFIG_HOME": str(tmp_path / "xdg"),
    }
    process = ParleyProcess(tmp_path, env)
    with ready_and_ended(process, virtual_screen):
        yield process


@pytest.fixture
def other(parley: ParleyProcess, virtual_screen: VirtualScreen) -> Iterator[OtherWindow]:
    """Another program, in front of Parley and with the keyboard."""
    with other_window(virtual_screen) as window:
        yield window


def is_in_front(screen: VirtualScreen, title: str) -> bool:
    return screen.xdotool("getactivewindow", "getwindowname").startswith(title)


def test_the_shortcut_held_over_another_program_makes_a_turn(
    parley, other, virtual_sound, virtual_screen, spoken, ollama
):
    for key in ("ctrl", "alt", "space"):
        virtual_screen.xdotool("keydown", key)
    virtual_sound.say(spoken(QUESTION)).wait()
    for key in ("space", "alt", "ctrl"):
        virtual_screen.xdotool("keyup", key)
    turn = parley.wait_for_turn(lambda row: row.outcome == "replied")
    assert turn.transcript == QUESTION
    assert turn.reply_heard == ANSWER
    assert turn.source == "voice"
    assert len(ollama.questions) >= 1
    assert len(saved_turns(parley.profile)) == 1, "held is one turn"
    assert is_in_front(virtual_screen, "Another program"), "the window stays where it was"
    assert other.typed() == ""


def test_the_commands_make_a_turn(parley, other, virtual_sound, virtual_screen, spoken):
    for first, last in (("toggle", "toggle"), ("press", "release")):
        before = len(saved_turns(parley.profile))
        assert run_parley(first, profile=parley.profile).returncode == 0
        virtual_sound.say(spoken(QUESTION)).wait()
        assert run_parley(last, profile=parley.profile).returncode == 0
        parley.wait_until(
            lambda before=before: len(saved_turns(parley.profile)) == before + 1, "a turn", 30
        )
        turn = parley.wait_for_turn(lambda row: row.outcome == "replied")
        assert turn.transcript == QUESTION


def test_the_shortcut_works_with_the_window_in_front_too(
    parley, virtual_sound, virtual_screen, spoken
):
    run_parley("show", profile=parley.profile)
    parley.wait_until(lambda: is_in_front(virtual_screen, "Parley"), "the window in front", 20)
    for key in ("ctrl", "alt", "space"):
        virtual_screen.xdotool("keydown", key)
    virtual_sound.say(spoken(QUESTION)).wait()
    for key in ("ctrl", "alt", "space"):
        virtual_screen.xdotool("keyup", key)
    turn = parley.wait_for_turn(lambda row: row.outcome == "replied")
    assert turn.transcript == QUESTION


def test_a_second_start_and_show_bring_the_window_forward(parley, other, virtual_screen):
    assert is_in_front(virtual_screen, "Another program")
    assert run_parley(profile=parley.profile).returncode == 0
    parley.wait_until(lambda: is_in_front(virtual_screen, "Parley"), "the window in front", 20)
    other.focus()
    assert run_parley("show", profile=parley.profile).returncode == 0
    parley.wait_until(lambda: is_in_front(virtual_screen, "Parley"), "the window in front", 20)


def test_closed_to_the_tray_it_answers_tells_of_it_and_comes_back_where_it_was(
    parley, tray, notifications, virtual_sound, virtual_screen, spoken
):
    parley.wait_until(
        lambda: bool(tray.named("RegisterStatusNotifierItem")), "the icon in the tray", 20
    )
    window = virtual_screen.xdotool("search", "--onlyvisible", "--name", "^Parley$").split()[-1]
    virtual_screen.xdotool("windowactivate", "--sync", window)
    before = place_of(virtual_screen, window)
    virtual_screen.xdotool("windowmove", window, "60", "70")
    parley.wait_until(lambda: place_of(virtual_screen, window) != before, "the move", 20)
    place = place_of(virtual_screen, window)
    virtual_screen.xdotool("key", "--clearmodifiers", "alt+F4")
    parley.wait_until(
        lambda: not virtual_screen.has_window("^Parley$"), "the window to be closed", 20
    )
    time.sleep(1.0)
    assert parley.alive

    run_parley("toggle", profile=parley.profile)
    virtual_sound.say(spoken(QUESTION)).wait()
    run_parley("toggle", profile=parley.profile)
    turn = parley.wait_for_turn(lambda row: row.outcome == "replied")
    assert turn.transcript == QUESTION
    parley.wait_until(lambda: bool(notifications.named("Notify")), "the notification", 20)
    titles = [call[3:5] for call in notifications.named("Notify")]
    assert ["Parley has an answer", "The capital of France is Paris."] in titles

    tray.do("activate")
    parley.wait_until(lambda: virtual_screen.has_window("^Parley$"), "the window", 20)
    window = virtual_screen.xdotool("search", "--onlyvisible", "--name", "^Parley$").split()[-1]
    parley.wait_until(lambda: place_of(virtual_screen, window) == place, "its old place", 20)


def place_of(virtual_screen, window: str) -> list[str]:
    """Where a window is, and how large."""
    return virtual_screen.xdotool("getwindowgeometry", window).splitlines()[1:]
