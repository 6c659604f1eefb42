"""A Parley that is installed in a clean system, and its window."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from clean_system import HOME, CleanSystem
from desk import Desk, until

DIST = Path(__file__).resolve().parents[1] / "dist"

USABLE = "the window is painted and takes input"
READY = ("using the microphone", "using the loudspeaker", "ready: pocketsphinx", "ready: espeak")
"""What the log says when Parley can be talked to."""


class Failed(Exception):
    """A package does not do what it should."""


def expect(condition: object, otherwise: str) -> None:
    if not condition:
        raise Failed(otherwise)


def newest(pattern: str) -> Path:
    return max(DIST.glob(pattern), key=lambda path: path.stat().st_mtime)


class Installed:
    """Parley in a system, used at a desk.

    Args:
        system: where the package is installed.
        desk: its screen and its sound.
    """

    def __init__(self, system: CleanSystem, desk: Desk) -> None:
        self.system = system
        self.desk = desk

    @property
    def home(self) -> Path:
        return self.system.root / str(HOME).lstrip("/")

    def log(self) -> str:
        log = self.home / ".local/share/parley/log/parley.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def parley(
        self, *arguments: str, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return self.system.run(["parley", *arguments], env, user=True)

    def started(self, command: list[str]) -> Window:
        return Window(
            self.system.command(command, user=True),
            self.system.environment(self.desk.env, user=True),
            self.home / ".local/share/parley/log/parley.log",
            self.system.root,
        )


class Window:
    """A running window; a context, at whose end it does not run any more.

    Attributes:
        usable_s: how long it took until it could be used.
    """

    def __init__(
        self, command: list[str], env: Mapping[str, str], log: Path, root: Path = Path("/")
    ) -> None:
        """
        Args:
            log: what Parley writes.
            root: of the system it runs in.
        """
        self._log = log
        self._root = root
        self._from = log.stat().st_size if log.exists() else 0
        began = time.monotonic()
        self._process = subprocess.Popen(command, env=dict(env), stdin=subprocess.DEVNULL)
        try:
            self.wait_for(USABLE)
        except BaseException:
            self._process.kill()
            self._process.wait(10)
            raise
        self.usable_s = time.monotonic() - began

    def __enter__(self) -> Window:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)

    def wait_for(self, *lines: str) -> None:
        """Until the log has each since the start."""
        until(lambda: all(line in self._new_log() for line in lines), f"{lines} in the log", 60)

    def _new_log(self) -> str:
        if not self._log.exists():
            return ""
        with self._log.open("rb") as file:
            # A full log begins anew, and then all of it is new.
            file.seek(self._from if self._log.stat().st_size >= self._from else 0)
            return file.read().decode(errors="replace")

    def quit(self) -> int:
        """As a click on the cross, from outside; the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def processes(self) -> list[str]:
        """The command line of every process that runs the program installed in this system."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                program = (folder / "exe").readlink()
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
            except OSError:  # it has ended, or is the kernel's
                continue
            if program.name == "parley" and program.is_relative_to(self._root):
                found.append(command.decode(errors="replace"))
        return found
