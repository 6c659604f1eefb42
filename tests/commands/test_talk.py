"""`parley press|release|toggle|show`: a process of its own speaks to a real window's channel."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.commands import talk
from app.errors import AssistantError
from app.paths import Paths
from app.ui.single_instance import SingleInstance
from tests.support.parley_process import ROOT, run_parley

COMMANDS = ("press", "release", "toggle", "show")


@pytest.fixture
def window(tmp_path: Path) -> Iterator[SingleInstance]:
    paths = Paths.under(tmp_path)
    paths.create()
    window = SingleInstance(paths.data)
    assert window.claim()
    yield window
    window.release()


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_window_it_says_so_and_makes_nothing(command: str, tmp_path: Path) -> None:
    done = run_parley(command, profile=tmp_path / "none")
    assert done.returncode == 1
    assert done.stderr == "Parley is not running. Start it with: parley\n"
    assert done.stdout == ""
    assert not (tmp_path / "none").exists()


def begin(tmp_path: Path, command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "main.py", "--profile", str(tmp_path), command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("commands", [("press", "release"), ("toggle",), ("show",)])
def test_the_window_hears_it(
    commands: tuple[str, ...], qtbot: QtBot, window: SingleInstance, tmp_path: Path
) -> None:
    signals = {
        "press": window.pressed,
        "release": window.released,
        "toggle": window.toggled,
        "show": window.asked_to_show,
    }
    for command in commands:
        with qtbot.waitSignal(signals[command], timeout=20_000):
            process = begin(tmp_path, command)
        qtbot.waitUntil(lambda process=process: process.poll() is not None, timeout=20_000)
        out, err = process.communicate()
        assert (process.returncode, out, err) == (0, b"", b"")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no system else tells the start")
def test_a_press_that_its_release_has_overtaken_is_not_left_on(
    qtbot: QtBot, window: SingleInstance, tmp_path: Path
) -> None:
    heard: list[str] = []
    window.pressed.connect(lambda: heard.append("press"))
    window.released.connect(lambda: heard.append("release"))
    command = [sys.executable, "main.py", "--profile", str(tmp_path)]
    # A process that has begun and comes to nothing: its disk sleeps, another one needs the core.
    late = subprocess.Popen(
        ["sh", "-c", 'read go; exec "$@"', "sh", *command, "press"], cwd=ROOT, stdin=subprocess.PIPE
    )
    time.sleep(0.02)  # the system tells the start to 10 ms
    early = subprocess.Popen([*command, "release"], cwd=ROOT)
    qtbot.waitUntil(lambda: early.poll() is not None, timeout=20_000)
    assert heard == []
    assert late.stdin is not None
    late.stdin.write(b"\n")
    late.stdin.close()
    qtbot.waitUntil(lambda: late.poll() is not None, timeout=20_000)
    assert (early.returncode, late.returncode) == (0, 0)
    assert heard == ["press", "release"]


def test_a_window_that_hangs_is_named(
    window: SingleInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here nobody runs the window's event loop."""
    monkeypatch.setattr(talk, "tell", lambda *words: talk_soon(*words))
    with pytest.raises(AssistantError, match="does not answer"):
        talk.run("press", Paths.under(tmp_path))


def talk_soon(profile: Path, command: str) -> str | None:
    from app.ui.channel import tell

    return tell(profile, command, patience_s=0.3)


def test_it_reads_neither_settings_nor_qt(tmp_path: Path) -> None:
    """A key is being pressed; each of these would take longer than all the rest."""
    code = (
        "import sys; from app.commandline import main\n"
        f"import app.commandline as c; c.leave = sys.exit\n"
        f"sys.argv = ['parley', '--profile', {str(tmp_path)!r}, 'press']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "slow = {'PySide6', 'pydantic', 'numpy', 'keyring'} & set(sys.modules)\n"
        "assert not slow, slow\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "AssertionError" not in done.stderr, done.stderr
    assert done.stderr == "Parley is not running. Start it with: parley\n"
