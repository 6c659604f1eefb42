"""Parley ends and starts again by itself, for what it looks at once: the window's language."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QObject, QProcess, Slot

from app.desktop.login_item import BACKGROUND, own_command

log = logging.getLogger(__name__)


class Restart(QObject):
    """Remembers that Parley is to start again once it has ended. Lives in the GUI thread."""

    def __init__(self) -> None:
        super().__init__()
        self._is_wanted = False

    @Slot()
    def ask(self) -> None:
        """End as a click on “Quit” does; somebody may say no to that."""
        self._is_wanted = True
        QCoreApplication.quit()

    @Slot()
    def forget(self) -> None:
        """Parley is to stay."""
        self._is_wanted = False

    def start_again(
        self, command: Sequence[str] = (), arguments: Sequence[str] = tuple(sys.argv[1:])
    ) -> bool:
        """Start the next one, when it was asked for; everything of this one has been let go.

        Args:
            command: starts Parley; empty for what started this one.
            arguments: what this one was started with.

        Returns:
            Whether one was started.
        """
        if not self._is_wanted:
            return False
        program, *first = command or own_command()
        kept = [each for each in arguments if each != BACKGROUND]  # its window was there
        started, _ = QProcess.startDetached(program, [*first, *kept])
        if not started:
            log.warning("Parley could not be started again (%s)", program)
        return bool(started)
