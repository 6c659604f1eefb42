"""Parley's own window in a process of its own: how soon it can be used, and what it costs idle."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from app.bench.plan import own_command
from app.commands.window import USABLE
from app.errors import AssistantError
from app.paths import Paths

LONGEST_START_S = 60.0
LONGEST_QUIT_S = 15.0

LOOKS_EVERY_S = 0.005
"""At the log, while the window opens: how exact its moment is known."""

SETTLED_FOR_S = 3.0
"""Without news in the log and with the processor at rest for so long, the engines are loaded."""
LONGEST_LOAD_S = 60.0
RESTS_BELOW = 0.2
"""Share of a core."""

SETTINGS = "[llm.ollama]\nstart = false\n"
"""The defaults, but for this: a bench starts no server."""


class OwnWindow:
    """A running window with an empty profile, on the screen or, without one, off it.

    A context manager: leaving it closes the window.
    """

    def __init__(self, profile: Path) -> None:
        self._paths = Paths.under(profile)
        self._paths.create()
        self._paths.settings_file.write_text(SETTINGS, encoding="utf-8")
        self._command = [*own_command(), "--profile", str(profile)]
        self.usable_ms = 0.0
        """From the start of the process until the window was painted and took input."""

    def __enter__(self) -> Self:
        """
        Raises:
            AssistantError: no window came.
        """
        known = self._log_length
        started = time.perf_counter()
        self._process = subprocess.Popen(
            self._command,
            env={**os.environ, **_platform()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._wait_until_usable(known, started)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _wait_until_usable(self, known: int, started: float) -> None:
        while USABLE not in self._log_since(known):
            waited_s = time.perf_counter() - started
            if self._process.poll() is not None or waited_s > LONGEST_START_S:
                raise AssistantError(
                    "Parley's window did not open.", "Try it: start Parley without a command."
                )
            time.sleep(LOOKS_EVERY_S)
        self.usable_ms = (time.perf_counter() - started) * 1000

    @property
    def _log_length(self) -> int:
        log = self._paths.log_file
        return log.stat().st_size if log.exists() else 0

    def _log_since(self, known: int) -> str:
        log = self._paths.log_file
        return log.read_bytes()[known:].decode("utf-8", "replace") if log.exists() else ""

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(LONGEST_QUIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def settle(self) -> None:
        """Wait until the engines have loaded, which the log tells and the processor."""
        ends = time.perf_counter() + LONGEST_LOAD_S
        quiet_since, known = time.perf_counter(), self._log_length
        while time.perf_counter() < min(ends, quiet_since + SETTLED_FOR_S):
            share = self.busy_share(0.5)
            length = self._log_length
            if length != known or (share or 0.0) > RESTS_BELOW:
                quiet_since, known = time.perf_counter(), length

    def busy_share(self, for_s: float) -> float | None:
        """How much of one core it uses in the next so many seconds, None where no system tells."""
        before, began = self._cpu_s(), time.perf_counter()
        time.sleep(for_s)
        after, ended = self._cpu_s(), time.perf_counter()
        if before is None or after is None:
            return None
        return (after - before) / (ended - began)

    def _cpu_s(self) -> float | None:
        """What the process and those it started (the sound devices') have used so far; Linux tells
        it of processes that still run."""
        try:
            return sum(_ticks(pid) for pid in _family(self._process.pid)) / os.sysconf("SC_CLK_TCK")
        except OSError:
            return None


def _family(pid: int) -> Iterator[int]:
    """A process and all that live below it.

    Raises:
        OSError: there is no such process, or no Linux.
    """
    yield pid
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text("ascii").split():
            yield from _family(int(child))


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    user, system = fields.rpartition(")")[2].split()[11:13]
    return int(user) + int(system)


def _platform() -> dict[str, str]:
    """What a process without a screen needs to open a window all the same."""
    has_screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not has_screen:
        return {"QT_QPA_PLATFORM": "offscreen"}
    return {}


def on_screen() -> bool:
    """Whether the window is really shown."""
    return {**os.environ, **_platform()}.get("QT_QPA_PLATFORM") != "offscreen"
