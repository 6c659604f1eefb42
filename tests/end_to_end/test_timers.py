"""Timers that can be relied on: real windows, real files, real ends."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.bootstrap import Assistant, Sound
from app.core.events import AskText, Event, StartListening, StopReply, TimerRang, TurnEnded
from app.core.history_events import ConversationBegun, NewConversation
from app.core.timer_events import TimerRetold, TimersChanged, TimersMissed
from app.paths import Paths
from app.secrets import Secrets
from app.settings import Settings
from app.ui.main_window import MainWindow
from tests.fakes import FakeInput, FakeOutput
from tests.support.keyrings import MemoryKeyring
from tests.support.parley_process import ParleyProcess, run_parley, saved_turns, write_settings
from tests.support.virtual_screen import VirtualScreen
from tests.support.watcher import Watcher

QUIT_S = 5.0
SETTINGS = "[llm]\norder = []\n"


def kept(profile: Path) -> list[str]:
    """The names of the timers in the profile."""
    file = Paths.under(profile).data / "timers.json"
    if not file.exists():
        return []
    return [row["name"] for row in json.loads(file.read_text())["timers"]]


class Run:
    """A window with its threads, as `parley` starts them, less the devices."""

    def __init__(self, qtbot: QtBot, profile: Path) -> None:
        self._qtbot = qtbot
        paths = Paths.under(profile)
        paths.create()
        settings = Settings.model_validate({"llm": {"order": ()}})
        sound = Sound(FakeInput(), FakeOutput(instant=True))
        self.assistant = Assistant(settings, paths, Secrets({}, MemoryKeyring()), sound)
        self.window = MainWindow(settings.appearance, settings.talk)
        qtbot.addWidget(self.window)
        self.window.intent.connect(self.assistant.ask_for)
        self.assistant.happened.connect(self.window.handle)
        self._watcher = Watcher(qtbot)
        self.assistant.happened.connect(self._watcher.watch)
        self.wait_for = self._watcher.wait_for
        self.window.show()
        self.assistant.start()
        RUNNING.append(self)

    def all(self, kind: type[Event]) -> list[Event]:
        return [event for event in self._watcher.events if isinstance(event, kind)]

    def ask(self, text: str) -> str:
        before = len(self.all(TurnEnded))
        self.assistant.ask_for(AskText(text=text))
        self._qtbot.waitUntil(lambda: len(self.all(TurnEnded)) > before, timeout=15_000)
        ended = self.all(TurnEnded)[-1]
        assert isinstance(ended, TurnEnded)
        return ended.reply

    def begin(self, *, private: bool) -> None:
        self.assistant.ask_for(NewConversation(private=private))
        self.wait_for(ConversationBegun, lambda event: event.private == private)

    def stop(self) -> None:
        RUNNING.remove(self)
        assert self.assistant.stop()


RUNNING: list[Run] = []


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """A thread that outlives its test would end the tests after it."""
    yield
    while RUNNING:
        RUNNING[-1].stop()


def test_a_timer_goes_on_after_a_restart_and_is_cancelled_in_the_window(
    qtbot: QtBot, tmp_path: Path
) -> None:
    first = Run(qtbot, tmp_path)
    assert first.ask("set a tea timer for 10 minutes") == "Tea timer set for 10 minutes."
    first.wait_for(TimersChanged)
    qtbot.waitUntil(lambda: first.window.timers.chip.isVisible(), timeout=15_000)
    first.stop()
    assert kept(tmp_path) == ["tea"]

    second = Run(qtbot, tmp_path)
    chip = second.window.timers.chip
    qtbot.waitUntil(chip.isVisible, timeout=15_000)
    qtbot.waitUntil(lambda: chip.line.startswith("Tea · 9:5"), timeout=15_000)
    assert second.ask("how long is left on the tea timer").startswith("Your tea timer has 9 min")
    chip.click()
    second.window.timers.panel.lines[0].cancel.click()
    qtbot.waitUntil(lambda: chip.line == "Timer cancelled", timeout=15_000)
    assert second.ask("what timers do i have") == "No timer is running."
    second.stop()
    assert kept(tmp_path) == []


def test_one_that_came_due_while_parley_was_closed_is_told_and_said_once(
    qtbot: QtBot, tmp_path: Path
) -> None:
    first = Run(qtbot, tmp_path)
    first.ask("set a tea timer for 10 minutes")
    first.stop()
    file = Paths.under(tmp_path).data / "timers.json"
    content = json.loads(file.read_text())
    content["timers"][0]["due_at"] -= 660.0  # as if that much later
    file.write_text(json.dumps(content))

    second = Run(qtbot, tmp_path)
    second.wait_for(TimersMissed)
    second.wait_for(TimersChanged)
    (card,) = [card for card in second.window.cards.cards if "timer" in card.title]
    assert card.title.startswith("Your tea timer ended at ")
    assert card.title.endswith(", while Parley was closed.")
    second.wait_for(
        TurnEnded,
        lambda event: event.heard.startswith("You missed your tea timer. It ended at "),
    )
    second.stop()
    assert kept(tmp_path) == []

    third = Run(qtbot, tmp_path)
    assert third.ask("what timers do i have") == "No timer is running."
    assert third.all(TimerRang) == []
    third.stop()


def test_one_that_was_cancelled_in_the_window_is_taken_back_there(
    qtbot: QtBot, tmp_path: Path
) -> None:
    run = Run(qtbot, tmp_path)
    run.ask("set a tea timer for 10 minutes")
    chip, timers = run.window.timers.chip, run.window.timers
    qtbot.waitUntil(chip.isVisible, timeout=15_000)
    chip.click()
    timers.panel.lines[0].cancel.click()
    qtbot.waitUntil(lambda: timers.panel.undo_note.isVisible(), timeout=15_000)
    qtbot.waitUntil(lambda: timers.panel.lines == [], timeout=15_000)
    timers.panel.undo_note.button.click()
    qtbot.waitUntil(lambda: chip.line.startswith("Tea · 9:5"), timeout=15_000)
    run.stop()
    assert kept(tmp_path) == ["tea"]


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rings are told again after moments."""
    monkeypatch.setattr("app.providers.llm.skills.timer_ringing.AGAIN_AFTER_S", (0.2, 0.4))


DONE = "Your egg timer is done."


def test_a_ring_is_said_again_and_can_be_seen_until_it_is_put_away(
    qtbot: QtBot, tmp_path: Path, soon: None
) -> None:
    run = Run(qtbot, tmp_path)
    run.ask("set an egg timer for 1 second")

    def said() -> int:
        return sum(event.heard == DONE for event in run.all(TurnEnded))

    qtbot.waitUntil(lambda: said() == 3, timeout=15_000)
    qtbot.wait(800)
    assert said() == 3, "and then no more"
    chip = run.window.timers.chip
    assert chip.line == "Egg · done"
    chip.click()
    qtbot.waitUntil(lambda: not chip.isVisible(), timeout=15_000)
    run.stop()
    assert [turn.reply_heard for turn in saved_turns(tmp_path)].count(DONE) == 1


@pytest.mark.parametrize(
    "sign",
    [
        lambda: StartListening(at=time.perf_counter()),
        lambda: AskText(text="what time is it"),
        StopReply,
    ],
)
def test_whoever_shows_that_they_are_there_has_heard_it(
    qtbot: QtBot, tmp_path: Path, soon: None, sign: Callable[[], Event]
) -> None:
    run = Run(qtbot, tmp_path)
    run.ask("set an egg timer for 1 second")
    run.wait_for(TurnEnded, lambda event: event.heard == DONE)
    run.assistant.ask_for(sign())
    qtbot.waitUntil(lambda: not run.window.timers.chip.isVisible(), timeout=15_000)
    retold = len(run.all(TimerRetold))
    qtbot.wait(800)
    assert len(run.all(TimerRetold)) == retold
    run.stop()


def test_one_that_is_due_while_somebody_speaks_is_not_lost_when_parley_ends_then(
    qtbot: QtBot, tmp_path: Path
) -> None:
    first = Run(qtbot, tmp_path)
    first.ask("set an egg timer for 1 second")
    first.wait_for(TurnEnded, lambda event: event.reply == "Your egg timer is done.")
    first.ask("set a tea timer for 2 seconds")
    first.assistant.ask_for(StartListening(at=time.perf_counter()))
    first.wait_for(TimerRang, lambda event: event.label == "tea timer")
    first.stop()
    assert kept(tmp_path) == ["tea"], "the eggs were announced"

    second = Run(qtbot, tmp_path)
    missed = second.wait_for(TimersMissed)
    assert [row.name for row in missed.timers] == ["tea"]
    second.wait_for(TimersChanged)
    (card,) = [card for card in second.window.cards.cards if "timer" in card.title]
    assert card.title == "You missed your tea timer.", "Parley was not closed when it rang"
    second.stop()
    assert kept(tmp_path) == []


def test_once_the_application_ends_the_file_is_the_next_parley_s(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path
) -> None:
    """Its threads still end then, and the next one may run already."""
    run = Run(qtbot, tmp_path)
    run.ask("set a tea timer for 10 minutes")
    QTimer.singleShot(0, qapp.quit)
    qapp.exec()
    assert kept(tmp_path) == ["tea"]
    run.ask("set an egg timer for 10 minutes")
    run.stop()
    assert kept(tmp_path) == ["tea"]


def test_one_of_a_private_conversation_rings_and_leaves_nothing(
    qtbot: QtBot, tmp_path: Path
) -> None:
    run = Run(qtbot, tmp_path)
    run.ask("set a tea timer for 10 minutes")
    run.begin(private=True)
    run.ask("set a lawyer timer for 2 seconds")
    run.ask("set a divorce timer for 10 minutes")
    run.begin(private=False)
    run.ask("set an egg timer for 10 minutes")
    assert run.wait_for(TimerRang).private
    run.wait_for(TurnEnded, lambda event: event.reply == "Your lawyer timer is done.")
    run.stop()
    assert kept(tmp_path) == ["tea", "egg"]
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"tea" in written
    assert b"lawyer" not in written
    assert b"divorce" not in written
    assert [turn.transcript for turn in saved_turns(tmp_path)] == [
        "set a tea timer for 10 minutes",
        "set an egg timer for 10 minutes",
    ]


# --- the process ----------------------------------------------------------------------------


@pytest.fixture
def parley(tmp_path: Path, virtual_screen: VirtualScreen) -> Iterator[ParleyProcess]:
    """The window in a process of its own, with a tea timer that runs."""
    write_settings(tmp_path, SETTINGS)
    process = ParleyProcess(tmp_path, virtual_screen.env)
    try:
        process.wait_until(virtual_screen.has_window, "the window", 30)
        process.wait_for_log("the window is painted", "ready: skills", "ready: espeak")
        window = virtual_screen.xdotool("search", "--onlyvisible", "--name", "^Parley").split()[-1]
        virtual_screen.xdotool("windowactivate", "--sync", window)
        virtual_screen.xdotool("type", "set a tea timer for 10 minutes")
        virtual_screen.xdotool("key", "Return")
        process.wait_until(lambda: kept(tmp_path) == ["tea"], "the timer in its file", 30)
        process.wait_for_log("turn 1: replied")
        time.sleep(1.0)  # the window is told in its own thread
        yield process
    finally:
        process.kill()


def test_the_window_s_cross_asks_and_pressed_again_ends_parley(
    parley: ParleyProcess, virtual_screen: VirtualScreen, tmp_path: Path
) -> None:
    virtual_screen.xdotool("key", "--clearmodifiers", "alt+F4")
    time.sleep(1.0)
    assert parley.alive, "it waits for an answer"
    assert virtual_screen.has_window()
    virtual_screen.xdotool("key", "--clearmodifiers", "alt+F4")
    assert parley.wait_to_end(QUIT_S) == 0
    assert kept(tmp_path) == ["tea"], "and goes on the next time"
    assert " ERROR " not in parley.log


def test_enter_keeps_it_open_and_quit_anyway_is_one_tab_away(
    parley: ParleyProcess, virtual_screen: VirtualScreen
) -> None:
    virtual_screen.xdotool("key", "--clearmodifiers", "alt+F4")
    time.sleep(0.7)
    virtual_screen.xdotool("key", "Return")
    time.sleep(0.7)
    virtual_screen.xdotool("key", "--clearmodifiers", "alt+F4")
    time.sleep(0.7)
    assert parley.alive, "kept open, it asks again"
    virtual_screen.xdotool("key", "shift+Tab")
    virtual_screen.xdotool("key", "Return")
    assert parley.wait_to_end(QUIT_S) == 0


def test_a_signal_is_not_kept_waiting(parley: ParleyProcess, tmp_path: Path) -> None:
    assert parley.quit() == 0
    assert kept(tmp_path) == ["tea"]


def test_the_command_line_keeps_away_from_the_window_s_timers(tmp_path: Path) -> None:
    write_settings(tmp_path, SETTINGS)
    file = Paths.under(tmp_path).data / "timers.json"
    file.write_text("whatever is in it")
    for question, answer in (
        ("set a timer for one second", "A timer can ring only from my window."),
        ("what timers do i have", "My timers run in my window. Ask me there."),
    ):
        done = run_parley("ask", question, "--out", tmp_path / "reply.wav", profile=tmp_path)
        assert done.returncode == 0
        assert answer in done.stdout
    assert file.read_text() == "whatever is in it"
