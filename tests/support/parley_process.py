"""Parley as its user starts it: a process of its own, with a profile of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from app.core.ports import TurnRecord
from app.history.store import SqliteHistory
from app.paths import Paths

ROOT = Path(__file__).resolve().parents[2]


def write_settings(profile: Path, toml: str) -> None:
    paths = Paths.under(profile)
    paths.create()
    paths.settings_file.write_text(toml)


def run_parley(
    *arguments: str | Path,
    profile: Path,
    env: Mapping[str, str] | None = None,
    timeout_s: float = 90.0,
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "main.py", "--profile", str(profile), *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def json_events(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """What `ask --json` printed."""
    return [json.loads(line) for line in done.stdout.splitlines()]


def saved_turns(profile: Path) -> list[TurnRecord]:
    """The turns on disk, oldest first, read beside the running app."""
    file = Paths.under(profile).history_file
    if not file.exists():
        return []
    history = SqliteHistory(file)
    try:
        return [row.record for row in history.turns()]
    finally:
        history.close()


class ParleyProcess:
    """A running window."""

    def __init__(self, profile: Path, env: Mapping[str, str]) -> None:
        self.profile = profile
        self._process = subprocess.Popen(
            [sys.executable, "main.py", "--profile", str(profile)],
            cwd=ROOT,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def log(self) -> str:
        file = Paths.under(self.profile).log_file
        return file.read_text() if file.exists() else ""

    def wait_for_log(self, *parts: str, timeout_s: float = 30.0) -> None:
        self.wait_until(lambda: all(part in self.log for part in parts), f"{parts}", timeout_s)

    def wait_for_turn(
        self, condition: Callable[[TurnRecord], bool], timeout_s: float = 30.0
    ) -> TurnRecord:
        """The newest saved turn, as soon as it fulfils the condition."""
        found: list[TurnRecord] = []

        def is_there() -> bool:
            found[:] = saved_turns(self.profile)[-1:]
            return bool(found) and condition(found[0])

        self.wait_until(is_there, "the turn in history", timeout_s)
        return found[0]

    def wait_until(self, condition: Callable[[], bool], what: str, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            if not self.alive:
                raise AssertionError(f"Parley ended ({self._process.returncode}):\n{self.output()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {timeout_s} s for {what}; the log:\n{self.log}")
            time.sleep(0.05)

    def output(self) -> str:
        """What it printed; only once it has ended."""
        assert self._process.stdout is not None
        return self._process.stdout.read().decode(errors="replace")

    def quit(self) -> int:
        """Close it as the system would; its exit code."""
        if self.alive:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(10.0)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def wait_to_end(self, timeout_s: float) -> int:
        """Wait until it ends by itself; its exit code."""
        return self._process.wait(timeout_s)

    def kill(self) -> None:
        """As a crash would."""
        self._process.kill()
        self._process.wait(10.0)
