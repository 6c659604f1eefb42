"""The overlay on a real screen with a window manager: above others, and never in their way."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.desktop.overlay import SIZE
from tests.support.virtual_screen import VirtualScreen
from tests.support.virtual_sound import die_with_parent

pytestmark = pytest.mark.screen

ROOT = Path(__file__).resolve().parents[2]
TITLE = "^Parley – what it is doing$"


class Beside:
    """The process, and what it has printed."""

    def __init__(self, screen: VirtualScreen, settings: Path) -> None:
        self.screen = screen
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.desktop.overlay_beside_a_window", str(settings)],
            cwd=ROOT,
            env={**os.environ, **screen.env},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            preexec_fn=die_with_parent,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.strip())

    def wait_for(self, start: str) -> list[str]:
        """The words of the newest line that begins so."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for line in reversed(self.lines):
                if line.startswith(start):
                    return line.split()
            time.sleep(0.02)
        raise AssertionError(f"{start!r} was not said: {self.lines}")

    @property
    def corner(self) -> tuple[int, int]:
        """Where the overlay is, as the screen knows it."""
        overlay = self.screen.xdotool("search", "--onlyvisible", "--name", TITLE).split()[-1]
        found = self.screen.xdotool("getwindowgeometry", "--shell", overlay)
        values = dict(line.split("=") for line in found.splitlines())
        return int(values["X"]), int(values["Y"])

    def point(self, x: int, y: int) -> None:
        left, top = self.corner
        self.screen.xdotool("mousemove", "--sync", str(left + x), str(top + y))

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    return tmp_path / "window.ini"


@pytest.fixture
def beside(virtual_screen: VirtualScreen, settings: Path) -> Iterator[Beside]:
    process = Beside(virtual_screen, settings)
    try:
        process.wait_for("overlay")
        yield process
    finally:
        process.close()


def test_whoever_has_the_keyboard_keeps_it(beside: Beside) -> None:
    assert beside.screen.has_window(TITLE)
    assert "focus elsewhere" not in beside.lines
    beside.screen.xdotool("type", "before")
    beside.wait_for("text before")
    beside.point(SIZE.width() - 30, SIZE.height() // 2)
    beside.screen.xdotool("click", "1")  # its stop button
    assert beside.wait_for("intent") == ["intent", "StopReply"]
    beside.screen.xdotool("type", "after")
    beside.wait_for("text beforeafter")
    assert "focus elsewhere" not in beside.lines


def test_it_is_on_the_screen_and_stays_where_it_was_dragged(
    beside: Beside, settings: Path, virtual_screen: VirtualScreen
) -> None:
    said = beside.wait_for("overlay")
    assert beside.corner == (int(said[1]), int(said[2]))
    left, top = beside.corner
    beside.point(120, 50)
    beside.screen.xdotool("mousedown", "1")
    for step in range(1, 5):
        beside.screen.xdotool(
            "mousemove", "--sync", str(left + 120 - 50 * step), str(top + 50 - 60 * step)
        )
    beside.screen.xdotool("mouseup", "1")
    deadline = time.monotonic() + 10
    while not settings.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert beside.corner == (left - 200, top - 240)
    assert "window" not in beside.lines, "that was no click"
    beside.close()
    again = Beside(virtual_screen, settings)
    try:
        again.wait_for("overlay")
        x, y = again.corner
        assert abs(x - (left - 200)) <= 1
        assert abs(y - (top - 240)) <= 1
    finally:
        again.close()
