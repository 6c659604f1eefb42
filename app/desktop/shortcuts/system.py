"""The shortcut under Windows and macOS: a process of its own listens through pynput.

Of its own, because pynput's listener takes the process with it when a Qt program on macOS runs
it, and because what hears every key should hear nothing else. It is told one combination, and
tells back when that goes down and comes up; no other key leaves it.
"""

from __future__ import annotations

import logging
import multiprocessing
import sys
import threading
from multiprocessing.connection import Connection
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, Signal, Slot

from app.desktop.shortcuts.backend import Backend, Standing
from app.desktop.shortcuts.combination import Combination
from app.desktop.shortcuts.listener import DOWN, READY, REFUSED, UP, listen

log = logging.getLogger(__name__)

translate = QCoreApplication.translate

LEAVE_S = 2.0
"""How long the listening process may take to end before it is ended."""


class SystemShortcut(Backend):
    """Owns the listening process."""

    name = "system"
    _said = Signal(object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: Any = None
        self._pipe: Connection | None = None
        self._said.connect(self._on_said)

    def start(self, combination: Combination) -> None:
        self.stop()
        # “spawn”: a fork would copy Qt's threads and locks
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=listen,
            args=(theirs, combination.keysym, combination.modifiers),
            name="parley shortcut",
            daemon=True,
        )
        self._process.start()
        theirs.close()
        threading.Thread(
            target=self._read, args=(self._pipe,), name="shortcut", daemon=True
        ).start()

    def stop(self) -> None:
        process, self._process = self._process, None
        self._pipe = None
        if process is not None:
            process.terminate()
            process.join(LEAVE_S)
            if process.is_alive():
                process.kill()
        self._up()

    def _read(self, pipe: Connection) -> None:
        """In a thread: a pipe cannot be watched by Qt everywhere."""
        while True:
            try:
                word = str(pipe.recv())
            except (EOFError, OSError):
                word = ""
            try:
                self._said.emit(pipe, word)
            except RuntimeError:
                word = ""  # this object is gone, and with it whoever wants to know
            if not word:
                pipe.close()
                return

    @Slot(object, str)
    def _on_said(self, pipe: Connection, word: str) -> None:
        if pipe is not self._pipe:
            return  # of a process that was stopped
        match word:
            case _ if word == DOWN:
                self._down()
            case _ if word == UP:
                self._up()
            case _ if word == READY:
                self.stands.emit(Standing(works=True))
            case _ if word.startswith(REFUSED):
                detail = word.removeprefix(REFUSED).strip()
                why = permission() or _refused()
                self.stands.emit(Standing(works=False, why=why, detail=detail))
            case _:
                log.warning("the process that listens for the shortcut has ended")
                self._up()
                self.stands.emit(Standing(works=False, why=permission() or _ended()))


def permission() -> str:
    """What the system wants its user to allow first; empty when nothing."""
    if sys.platform == "darwin":
        return translate(
            "Shortcuts",
            "macOS must allow it: System Settings, Privacy & Security, Input Monitoring and "
            "Accessibility. Switch Parley on in both, then start Parley anew.",
        )
    return ""


def _refused() -> str:
    return translate(
        "Shortcuts",
        "This system does not let Parley listen for its keys. Give a key to the command “parley "
        "toggle” in the desktop’s own keyboard settings.",
    )


def _ended() -> str:
    return translate(
        "Shortcuts", "Listening for the shortcut has ended. Choose the shortcut again here."
    )
