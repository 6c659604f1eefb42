"""The tray: its words and wishes, a desktop without one, and a real one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.core.events import (
    ChangeSetting,
    DeviceChanged,
    Event,
    Notice,
    SettingChanged,
    StageFailed,
    State,
    StateChanged,
)
from app.core.history_events import NewConversation
from app.desktop.tray import Tray, is_dark
from tests.support.private_bus import PrivateBus, Service
from tests.support.virtual_screen import VirtualScreen
from tests.support.virtual_sound import die_with_parent

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tray(qtbot: QtBot) -> Tray:
    return Tray()


def test_without_a_tray_nothing_is_shown_and_nothing_fails(tray: Tray, qtbot: QtBot) -> None:
    """Qt's offscreen screen has none."""
    assert not tray.available
    with qtbot.waitSignal(tray.settled, timeout=10_000):
        tray.show(True, wait_s=0.1)
    assert not tray.available
    tray.say("Title", "Text")
    tray.handle(StateChanged(state=State.LISTENING))
    tray.show(False)
    tray.close()


@pytest.mark.parametrize(
    ("state", "tool_tip", "talk"),
    [
        (State.READY, "Parley – Ready", "Talk"),
        (State.LISTENING, "Parley – Listening", "Stop and send"),
        (State.THINKING, "Parley – Thinking", "Talk"),
        (State.SPEAKING, "Parley – Speaking", "Talk"),
    ],
)
def test_each_state_has_its_word(tray: Tray, state: State, tool_tip: str, talk: str) -> None:
    tray.handle(StateChanged(state=state))
    assert tray.tool_tip == tool_tip
    assert tray.talk_action.text() == talk


def test_a_missing_microphone_wants_attention_until_it_is_back(tray: Tray) -> None:
    tray.handle(DeviceChanged(kind="input", name=""))
    assert tray.tool_tip == "Parley – Needs attention"
    tray.handle(StateChanged(state=State.THINKING))
    assert tray.tool_tip == "Parley – Thinking"
    tray.handle(StateChanged(state=State.READY))
    tray.handle(DeviceChanged(kind="output", name="Loudspeaker"))
    assert tray.tool_tip == "Parley – Needs attention"
    tray.handle(DeviceChanged(kind="input", name="Microphone"))
    assert tray.tool_tip == "Parley – Ready"


def test_what_waits_in_the_window_wants_attention_until_somebody_looks(qtbot: QtBot) -> None:
    is_seen = True
    tray = Tray(is_seen=lambda: is_seen)
    tray.handle(Notice(title="Ollama is not running."))
    assert tray.tool_tip == "Parley – Ready", "it was read there"
    is_seen = False
    tray.handle(Notice(title="A newer Parley is there.", level="info"))
    tray.handle(StageFailed(stage="tts", title="No.", hint="", recovered_by="eSpeak NG"))
    assert tray.tool_tip == "Parley – Ready", "that can wait"
    tray.handle(Notice(title="Ollama is not running."))
    assert tray.tool_tip == "Parley – Needs attention\nOllama is not running."
    tray.handle(StageFailed(turn_id=1, stage="llm", title="Nobody answers.", hint=""))
    assert tray.tool_tip.endswith("\nNobody answers.")
    tray.handle(StateChanged(state=State.THINKING))
    assert tray.tool_tip.startswith("Parley – Thinking\n")
    tray.handle(StateChanged(state=State.READY))
    tray.look()
    assert tray.tool_tip == "Parley – Ready"


def test_each_state_has_its_picture(tray: Tray) -> None:
    def picture() -> bytes:
        image = tray.picture.pixmap(32, 32).toImage()
        return bytes(image.constBits())

    pictures = set()
    for state in (State.READY, State.LISTENING, State.THINKING, State.SPEAKING):
        tray.handle(StateChanged(state=state))
        pictures.add(picture())
    assert len(pictures) == 4


def test_the_menu_says_what_is_wanted(tray: Tray, qtbot: QtBot) -> None:
    wanted: list[Event] = []
    tray.intent.connect(wanted.append)
    for action, signal in (
        (tray.show_action, tray.show_wanted),
        (tray.talk_action, tray.talk_toggled),
        (tray.quit_action, tray.quit_wanted),
    ):
        with qtbot.waitSignal(signal):
            action.trigger()
    assert wanted == []
    with qtbot.waitSignal(tray.show_wanted):
        tray.new_action.trigger()
    tray.stay_action.trigger()
    new, stay = wanted
    assert isinstance(new, NewConversation)
    assert not new.private
    assert isinstance(stay, ChangeSetting)
    assert (stay.name, stay.value) == ("llm.local_only", True)


def test_the_switch_follows_the_setting_and_says_nothing_itself(tray: Tray) -> None:
    wanted: list[Event] = []
    tray.intent.connect(wanted.append)
    tray.handle(SettingChanged(name="llm.local_only", value=True))
    assert tray.stay_action.isChecked()
    tray.handle(ChangeSetting(name="llm.local_only", value=False))
    assert not tray.stay_action.isChecked()
    assert wanted == []


def test_gnomes_bar_is_dark_whatever_the_theme() -> None:
    assert is_dark({"XDG_CURRENT_DESKTOP": "ubuntu:GNOME"})


# --- a real tray ------------------------------------------------------------------------------

PROGRAM = """
import sys
from PySide6.QtCore import QSocketNotifier
from PySide6.QtWidgets import QApplication
from app.core.events import State, StateChanged
from app.desktop.tray import Tray

QApplication.setDesktopFileName("parley")
app = QApplication([])
app.setQuitOnLastWindowClosed(False)
tray = Tray()
tray.settled.connect(lambda: print("settled", flush=True))
tray.show(True, wait_s=float(sys.argv[1]))
tray.show_wanted.connect(lambda: print("show", flush=True))

def obey():
    word = sys.stdin.readline().strip()
    if word == "quit":
        tray.close()
        app.quit()
    elif word == "available":
        print(tray.available, flush=True)
    else:
        tray.handle(StateChanged(state=State(word)))
        print("done", flush=True)

notifier = QSocketNotifier(0, QSocketNotifier.Type.Read)
notifier.activated.connect(obey)
print("ready", flush=True)
app.exec()
"""


class Program:
    def __init__(self, env: dict[str, str], wait_s: float = 20.0) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(wait_s)],
            cwd=ROOT,
            env={**os.environ, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,
        )
        assert self.line() == "ready"

    def line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def do(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def close(self) -> int:
        self.do("quit")
        return self._process.wait(20.0)

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


def seen(service: Service, count: int) -> dict[str, object]:
    service.do("look")
    shown = service.wait_for("seen", count)[0]
    assert isinstance(shown, dict)
    return shown


@pytest.mark.screen
def test_a_real_tray_shows_each_state_and_brings_the_window(
    private_bus: PrivateBus, virtual_screen: VirtualScreen
) -> None:
    service = private_bus.serve("tray")
    program = Program({**private_bus.env, **virtual_screen.env})
    try:
        assert program.line() == "settled"
        program.do("available")
        assert program.line() == "True"
        service.wait_for("RegisterStatusNotifierItem")
        ready = seen(service, 1)
        program.do("listening")
        assert program.line() == "done"
        listening = seen(service, 2)
        assert [shown["ToolTip"][0] for shown in (ready, listening)] == [
            "Parley – Ready",
            "Parley – Listening",
        ]
        assert ready["picture"] != listening["picture"]
        service.do("activate")
        assert program.line() == "show"
        assert program.close() == 0
    finally:
        program.kill()


@pytest.mark.screen
def test_a_tray_that_comes_later_gets_the_icon(
    private_bus: PrivateBus, virtual_screen: VirtualScreen
) -> None:
    """Parley that starts at login is often there before the bar of the desktop."""
    program = Program({**private_bus.env, **virtual_screen.env})
    try:
        program.do("available")
        assert program.line() == "False"
        service = private_bus.serve("tray")
        assert program.line() == "settled"
        service.wait_for("RegisterStatusNotifierItem")
        program.do("available")
        assert program.line() == "True"
    finally:
        program.kill()


@pytest.mark.screen
def test_a_tray_that_never_comes_is_not_waited_for_for_ever(
    private_bus: PrivateBus, virtual_screen: VirtualScreen
) -> None:
    program = Program({**private_bus.env, **virtual_screen.env}, wait_s=0.2)
    try:
        assert program.line() == "settled"
        program.do("available")
        assert program.line() == "False"
    finally:
        program.kill()
