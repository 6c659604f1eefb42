"""A program of ours and all that it started, ended without ever touching a stranger.

A server that dies leaves its model runners behind, with their GPU memory. They are in its process
group, whose number is the server's own; and a number that is free may be given to anybody. It is
not free as long as nobody has collected the exit code of the process that had it. So what is left
of the group is ended first, and the exit code collected after that, here and nowhere else.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

LOOK_S = 0.02
"""Between two looks whether a process that was asked to end has ended."""


class OllamaProcess:
    """One running program and its descendants. Everything in one thread.

    Args:
        grace_s: how long it may take over ending when it is asked to.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        folder: Path,
        output: BinaryIO,
        grace_s: float,
    ) -> None:
        """
        Raises:
            OSError: the system will not run it.
        """
        self._grace_s = grace_s
        self._process = subprocess.Popen(
            command,
            env=environ,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Its own group: Ctrl-C in our terminal is ours to handle, and the group can be
            # ended as a whole.
            start_new_session=sys.platform != "win32",
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def exit_code(self) -> int | None:
        """How it ended, negative for a signal's number; None while it runs.

        The first call after its end also ends what it left behind.
        """
        if self._process.returncode is None and self._has_ended():
            self._collect()
        return self._process.returncode

    def stop(self) -> bool:
        """End it and everything it started; whether it ended when it was asked to."""
        if self.exit_code() is not None:
            return True
        if sys.platform == "win32":
            # No gentle way to end a program without a window; with its model runners. The open
            # handle in `Popen` keeps its number from being given away.
            run_quietly(["taskkill", "/T", "/F", "/PID", str(self.pid)], self._grace_s)
        else:
            # not `Popen.terminate`, which may collect the exit code
            os.kill(self.pid, signal.SIGTERM)
        until = time.monotonic() + self._grace_s
        while (ended := self._has_ended()) is False and time.monotonic() < until:
            time.sleep(LOOK_S)
        self._collect()
        return ended

    def _has_ended(self) -> bool:
        """Whether it has ended; its exit code stays uncollected where that can be."""
        if not hasattr(os, "waitid"):
            # Windows, and macOS before Python 3.13, which hands out numbers in order: the next
            # line of `_collect` comes long before this one is due again.
            return self._process.poll() is not None
        try:
            how = os.WEXITED | os.WNOHANG | os.WNOWAIT
            return os.waitid(os.P_PID, self.pid, how) is not None
        except ChildProcessError:
            # Somebody else in this process collected it. Its number may be anybody's by now.
            self._process.poll()
            return True

    def _collect(self) -> None:
        """End what is there still, then take the exit code."""
        if self._process.returncode is None or not hasattr(os, "waitid"):
            self._end_group()
        self._process.wait()

    def _end_group(self) -> None:
        if sys.platform == "win32":
            self._process.kill()
            return
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return  # nobody is left, as it should be


def run_quietly(command: Sequence[str], timeout_s: float) -> bool:
    """Whether a small program ran and was content."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=timeout_s, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
