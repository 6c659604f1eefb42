"""One window per profile, and never none."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.core.events import FinishListening, StartListening
from app.settings import TalkSettings
from app.ui import single_instance
from app.ui.channel import LONGEST_LINE, NOT_TAKEN, TAKEN, channel_name, tell
from app.ui.single_instance import ACTIVATION, MOST_VISITS, SingleInstance
from app.ui.talk_key import TalkKey

ROOT = Path(__file__).resolve().parents[2]

CLAIM = """
import sys, time
from pathlib import Path
from typing import Any
from PySide6.QtCore import QCoreApplication, QTimer
from app.ui.single_instance import SingleInstance
app = QCoreApplication([])
instance = SingleInstance(Path(sys.argv[1]))
print(instance.claim(), flush=True)
QTimer.singleShot(int(sys.argv[2]), app.quit)
app.exec()
"""


def claim_apart(
    profile: Path, stay_ms: int = 0, env: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CLAIM, str(profile), str(stay_ms)],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_second_start_asks_the_first_to_show_itself(qtbot: QtBot, tmp_path: Path) -> None:
    first = SingleInstance(tmp_path)
    assert first.claim()
    with qtbot.waitSignal(first.asked_to_show, timeout=10_000):
        second = claim_apart(tmp_path)
        assert second.communicate(timeout=20)[0].split() == ["False"]
    first.release()


def test_another_profile_is_another_window(tmp_path: Path) -> None:
    profiles = [tmp_path / name for name in "ab"]
    for profile in profiles:
        profile.mkdir()
    instances = [SingleInstance(profile) for profile in profiles]
    assert [instance.claim() for instance in instances] == [True, True]


def test_two_starts_at_once_are_one_window(tmp_path: Path) -> None:
    both = [claim_apart(tmp_path, stay_ms=4000) for _ in range(2)]
    answers = [process.communicate(timeout=30)[0].strip() for process in both]
    assert sorted(answers) == ["False", "True"]


def test_a_start_while_the_first_one_ends_gets_its_own_window(tmp_path: Path) -> None:
    first = SingleInstance(tmp_path)
    assert first.claim()
    first.release()
    assert SingleInstance(tmp_path).claim()


def test_what_a_crash_left_behind_keeps_nobody_out(tmp_path: Path) -> None:
    first = claim_apart(tmp_path, stay_ms=60_000)
    assert first.stdout is not None
    assert first.stdout.readline().strip() == "True"
    first.kill()
    first.communicate(timeout=10)
    assert SingleInstance(tmp_path).claim()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes have no folder")
def test_a_path_too_long_for_a_socket_still_opens_a_window(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 110)
    folder.mkdir()
    env = {"TMPDIR": str(folder)}
    first = claim_apart(tmp_path, stay_ms=3000, env=env)
    assert first.stdout is not None
    assert first.stdout.readline().strip() == "True"
    # Nobody can reach it; a window too many is better than none.
    started_at = time.monotonic()
    assert claim_apart(tmp_path, env=env).communicate(timeout=20)[0].strip() == "True"
    assert time.monotonic() - started_at < 15
    first.communicate(timeout=20)


def test_a_profile_that_cannot_be_locked_still_opens_a_window(tmp_path: Path) -> None:
    assert SingleInstance(tmp_path / "gone").claim()


# --- what else goes through the channel -------------------------------------------------------


@pytest.fixture
def window(tmp_path: Path) -> Iterator[SingleInstance]:
    window = SingleInstance(tmp_path)
    assert window.claim()
    yield window
    window.release()


class Teller(threading.Thread):
    """Another process would do the same: this thread shares nothing with the window."""

    def __init__(self, profile: Path, *lines: str) -> None:
        super().__init__()
        self.answers: list[str | None] = []
        self._profile, self._lines = profile, lines
        self.start()

    def run(self) -> None:
        self.answers += [tell(self._profile, line, patience_s=20.0) for line in self._lines]


def answers_to(qtbot: QtBot, profile: Path, *lines: str) -> list[str | None]:
    teller = Teller(profile, *lines)
    qtbot.waitUntil(lambda: not teller.is_alive(), timeout=20_000)
    return teller.answers


def test_each_command_is_taken_and_answered(
    qtbot: QtBot, window: SingleInstance, tmp_path: Path
) -> None:
    heard: list[str] = []
    window.pressed.connect(lambda: heard.append("press"))
    window.released.connect(lambda: heard.append("release"))
    window.toggled.connect(lambda: heard.append("toggle"))
    window.asked_to_show.connect(lambda: heard.append("show"))
    commands = ["press", "release", "toggle", "show"]
    assert answers_to(qtbot, tmp_path, *commands) == [TAKEN] * 4
    assert heard == commands


def test_nobody_answers_where_no_window_is(tmp_path: Path) -> None:
    assert tell(tmp_path, "press") is None


def test_what_is_no_command_is_answered_and_does_nothing(
    qtbot: QtBot, window: SingleInstance, tmp_path: Path
) -> None:
    with qtbot.assertNotEmitted(window.pressed), qtbot.assertNotEmitted(window.asked_to_show):
        assert answers_to(qtbot, tmp_path, "pressed", "", "PRESS", "shown") == [NOT_TAKEN] * 4


def test_a_desktop_that_asks_for_a_token_gets_it(
    qtbot: QtBot, window: SingleInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ACTIVATION, "of this start")
    token = "wayland-1-7_TIME42"
    with qtbot.waitSignal(window.asked_to_show):
        assert answers_to(qtbot, tmp_path, f"show {token}") == [TAKEN]
    assert os.environ[ACTIVATION] == token


def test_a_press_older_than_the_last_release_is_over(
    qtbot: QtBot, window: SingleInstance, tmp_path: Path
) -> None:
    """Or it would begin a recording that nobody ends; each mode makes of both what it makes."""
    key = TalkKey(TalkSettings(mode="hold"))
    window.pressed.connect(key.outside_pressed)
    window.released.connect(key.outside_released)
    intents: list[object] = []
    key.intent.connect(lambda intent: intents.append(type(intent)))
    answers_to(qtbot, tmp_path, "release 100.2")
    qtbot.wait(60)  # longer than a key that only bounced is up
    answers_to(qtbot, tmp_path, "press 100.1")
    assert intents == [StartListening, FinishListening]
    intents.clear()
    qtbot.wait(60)
    assert answers_to(qtbot, tmp_path, "press 101.0") == [TAKEN]
    assert intents == [StartListening]
    answers_to(qtbot, tmp_path, "release 101.5", "press 100.9")
    assert intents == [StartListening, FinishListening]


def test_who_does_not_say_when_is_taken_at_once(
    qtbot: QtBot, window: SingleInstance, tmp_path: Path
) -> None:
    heard: list[str] = []
    window.pressed.connect(lambda: heard.append("press"))
    window.released.connect(lambda: heard.append("release"))
    lines = ["release", "press", "press soon", "release nan", "press inf", "release -inf"]
    assert answers_to(qtbot, tmp_path, *lines) == [TAKEN] * 6
    assert heard == [line.split()[0] for line in lines]


def speak(profile: Path, data: bytes, *, end: bool = True) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20.0)
    connection.connect(f"{os.environ.get('TMPDIR') or '/tmp'}/{channel_name(profile)}")
    try:
        connection.sendall(data)
        if end:
            connection.shutdown(socket.SHUT_WR)
    except (BrokenPipeError, ConnectionResetError):
        pass  # it was shown the door
    return connection


@pytest.mark.skipif(sys.platform == "win32", reason="pipes are not spoken to like this")
def test_garbage_halves_and_megabytes_do_no_harm(
    qtbot: QtBot, window: SingleInstance, tmp_path: Path
) -> None:
    chance = random.Random(1)
    heard: list[str] = []
    for signal in (window.pressed, window.released, window.toggled, window.asked_to_show):
        signal.connect(lambda: heard.append("something"))
    pieces = [
        b"",
        b"press",
        b"\n",
        b"\0" * 100,
        b"press" * 200 + b"\n",
        b"x" * LONGEST_LINE,
        b"show " + b"x" * LONGEST_LINE * 9 + b"\n",
        b"press" + b" " * (LONGEST_LINE - 5),
        b"press\0\n",
        bytes(5_000_000),
        *(bytes(value % 256 or 1 for value in chance.randbytes(400)) for _ in range(30)),
    ]

    def visit() -> None:
        for piece in pieces:
            speak(tmp_path, piece.replace(b"press\n", b"")).close()

    visitor = threading.Thread(target=visit)
    visitor.start()
    qtbot.waitUntil(lambda: not visitor.is_alive(), timeout=30_000)
    assert heard == []
    assert answers_to(qtbot, tmp_path, "press") == [TAKEN]
    assert heard == ["something"]


@pytest.mark.skipif(sys.platform == "win32", reason="pipes are not spoken to like this")
def test_who_stays_and_says_nothing_is_seen_off_and_keeps_nobody_out(
    qtbot: QtBot, window: SingleInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(single_instance, "VISIT_MS", 300)
    silent = [speak(tmp_path, b"pre", end=False) for _ in range(10)]
    assert answers_to(qtbot, tmp_path, "press") == [TAKEN], "there is room beside them"
    for connection in silent:
        connection.setblocking(False)

    def seen_off() -> bool:
        try:
            return all(connection.recv(1) == b"" for connection in silent)
        except BlockingIOError:
            return False

    qtbot.waitUntil(seen_off, timeout=10_000)
    for connection in silent:
        connection.close()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes are not spoken to like this")
def test_no_visit_makes_qt_complain_in_the_terminal(
    qtbot: QtBot,
    qtlog: Any,
    window: SingleInstance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(single_instance, "VISIT_MS", 200)
    for _ in range(5):
        assert answers_to(qtbot, tmp_path, "press", "nonsense") == [TAKEN, NOT_TAKEN]
        speak(tmp_path, b"press\n").close()
        speak(tmp_path, b"").close()
    silent = [speak(tmp_path, b"pre", end=False) for _ in range(MOST_VISITS + 5)]
    qtbot.wait(400)
    for connection in silent:
        connection.close()
    qtbot.wait(50)
    assert [record.message for record in qtlog.records] == []


@pytest.mark.skipif(sys.platform == "win32", reason="pipes are not spoken to like this")
def test_many_at_once_are_answered_or_turned_away_and_later_ones_are_answered(
    qtbot: QtBot, window: SingleInstance, tmp_path: Path
) -> None:
    tellers = [Teller(tmp_path, "press") for _ in range(60)]
    qtbot.waitUntil(lambda: not any(teller.is_alive() for teller in tellers), timeout=30_000)
    answers = [teller.answers[0] for teller in tellers]
    assert TAKEN in answers
    assert set(answers) <= {TAKEN, "", None}
    assert answers_to(qtbot, tmp_path, "press") == [TAKEN]
