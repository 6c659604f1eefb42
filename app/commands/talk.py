"""`parley press`, `release`, `toggle` and `show`: a word to the window that runs.

Bound to keys of the desktop (`bindsym`, "Custom Shortcuts"), they make Parley talk where no
program may listen for keys itself.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from app.errors import AssistantError
from app.paths import Paths
from app.ui.channel import TAKEN, TIMED, tell

OK = 0


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """There are none."""


def run(command: str, paths: Paths) -> int:
    """Returns 0 when the window has taken it.

    Args:
        command: one of `app.ui.channel.COMMANDS`.

    Raises:
        AssistantError: no window runs with this profile, or it did not take it.
    """
    line = f"{command} {_began_at():.3f}" if command in TIMED else command
    answer = tell(paths.data, line)
    if answer is None:
        raise AssistantError("Parley is not running.", "Start it with: parley")
    if not answer:
        raise AssistantError(
            "Parley is running and does not answer.",
            "Wait a moment, and try again. If that does not help, quit Parley and start it anew.",
        )
    if answer != TAKEN:
        raise AssistantError(
            f"The Parley that is running does not know “{command}”.",
            "It is of another version. Quit it and start it anew.",
        )
    return OK


def _began_at() -> float:
    """When this process began, in seconds of a clock that all processes share.

    Linux tells it itself, to 10 ms. Elsewhere it is now, when Python has started: which can take
    the first of two processes longer than the second.
    """
    try:
        told = Path("/proc/self/stat").read_text("utf-8", "replace")
        return int(told.rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return time.monotonic()
