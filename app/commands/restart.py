"""Parley starts again by itself, for what it looks at once: the window's language."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from PySide6.QtCore import QProcess

from app.desktop.login_item import BACKGROUND, own_command

log = logging.getLogger(__name__)


def start_again(
    command: Sequence[str] = (), arguments: Sequence[str] = tuple(sys.argv[1:])
) -> bool:
    """Start the next Parley; everything of this one has been let go.

    Args:
        command: starts Parley; empty for what started this one.
        arguments: what this one was started with.

    Returns:
        Whether it was started.
    """
    program, *first = command or own_command()
    kept = [each for each in arguments if each != BACKGROUND]  # its window was there
    started, _ = QProcess.startDetached(program, [*first, *kept])
    if not started:
        log.warning("Parley could not be started again (%s)", program)
    return bool(started)
