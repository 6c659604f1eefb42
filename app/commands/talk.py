"""`parley press`, `release`, `toggle` and `show`: a word to the window that runs.

Bound to keys of the desktop (`bindsym`, "Custom Shortcuts"), they make Parley talk where no
program may listen for keys itself.
"""

from __future__ import annotations

import argparse

from app.errors import AssistantError
from app.paths import Paths
from app.ui.channel import TAKEN, tell

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
    answer = tell(paths.data, command)
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
