"""Qt in a process without a screen: nothing the bench draws is ever shown."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from app.errors import AssistantError

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

ON_NO_SCREEN = ("-platform", "offscreen")


def application() -> QApplication:
    """The process's application, made if there is none, for windows and pictures.

    Raises:
        AssistantError: Qt's drawing libraries are not on this computer, or the process was begun
            without them.
    """
    try:
        from PySide6.QtWidgets import QApplication
    except ImportError as exc:
        raise AssistantError(
            f"Qt cannot draw on this computer ({exc}).", "Install that library."
        ) from exc
    found = QCoreApplication.instance()
    if found is None:
        return QApplication([*sys.argv[:1], *ON_NO_SCREEN])
    if not isinstance(found, QApplication):
        raise AssistantError("This process was begun without Qt's drawing libraries.")
    return found


def event_loop() -> QCoreApplication:
    """The process's application for turns alone, which need no drawing libraries."""
    found = QCoreApplication.instance()
    if found is not None:
        return found
    try:
        return application()
    except AssistantError:
        return QCoreApplication(sys.argv[:1])
