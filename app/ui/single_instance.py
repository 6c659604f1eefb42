"""One window per profile: a second start brings the first one to the front.

The same channel takes `parley press`, `release` and `toggle`, which compositors bind to keys.
"""

from __future__ import annotations

import logging
import math
import os
import time
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QLockFile, QObject, QTimer, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from app.core.talk_order import TalkOrder
from app.ui.channel import COMMANDS, LONGEST_LINE, NOT_TAKEN, TAKEN, channel_name, tell

log = logging.getLogger(__name__)

STARTING_S = 1.0
"""How long a first one that has only just begun may take until it can be reached."""

VISIT_MS = 3000
"""How long a connection stays open; what has nothing to say by then is no Parley."""

MOST_VISITS = 16
"""Connections that are open at once; further ones wait in the system's queue, and then fail."""

ACTIVATION = "XDG_ACTIVATION_TOKEN"
"""With this, a Wayland desktop lets a window come to the front; Qt looks for it there, too."""


class SingleInstance(QObject):
    """Owned by the GUI thread.

    A lock decides who is the first, so that two starts at once open one window; a local socket
    carries the second one's wish to the first. Where either cannot be had, there is one window
    too many rather than none.

    Signals:
        asked_to_show: another start of Parley with this profile happened, or `parley show`.
        pressed, released, toggled: `parley press`, `parley release`, `parley toggle`; in the
            order in which they were said, however they arrive.
    """

    asked_to_show = Signal()
    pressed = Signal()
    released = Signal()
    toggled = Signal()

    def __init__(self, profile: Path) -> None:
        """
        Args:
            profile: the folder that makes a profile; the lock is made in it.
        """
        super().__init__()
        self._profile = profile
        self._name = channel_name(profile)
        self._lock = QLockFile(str(profile / "window.lock"))
        self._lock.setStaleLockTime(0)  # what a crash left behind is told by its process alone
        self._order = TalkOrder()
        self._visits: dict[QLocalSocket, bytes] = {}
        """Who is connected, and what they have said so far."""
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)

    def claim(self) -> bool:
        """True when this one is to open a window; False when another one has shown its own."""
        if self._lock.tryLock(0):
            self._listen()
            return True
        if self._lock.error() != QLockFile.LockError.LockFailedError:
            log.warning("no lock in the profile (%s)", self._lock.error())
            if self._ask_to_show():
                return False
            self._listen()
            return True
        deadline = time.monotonic() + STARTING_S
        while not (reached := self._ask_to_show()) and time.monotonic() < deadline:
            time.sleep(0.05)
        if not reached:
            log.warning("another Parley has this profile and does not answer")
        return not reached

    def release(self) -> None:
        """No longer the one to be shown: the next start opens a window of its own."""
        for socket in list(self._visits):
            self._see_off(socket)
        self._server.close()
        self._lock.unlock()

    def _ask_to_show(self) -> bool:
        """One that is connected and busy shows itself when it has time."""
        return tell(self._profile, f"show {os.environ.get(ACTIVATION, '')}".strip()) is not None

    def _listen(self) -> None:
        # What a crash left behind would make listen() fail.
        QLocalServer.removeServer(self._name)
        if not self._server.listen(self._name):
            log.warning("other starts cannot reach this window: %s", self._server.errorString())

    @Slot()
    def _on_connection(self) -> None:
        while self._server.hasPendingConnections():
            socket = self._server.nextPendingConnection()
            if len(self._visits) >= MOST_VISITS:
                socket.abort()
                socket.deleteLater()
                continue
            self._visits[socket] = b""
            socket.setReadBufferSize(LONGEST_LINE)
            socket.readyRead.connect(self._on_words)
            socket.disconnected.connect(self._on_farewell)
            # Owned by the socket, and gone with it.
            limit = QTimer(socket)
            limit.setSingleShot(True)
            limit.timeout.connect(self._on_limit)
            limit.start(VISIT_MS)
            self._hear(socket)  # it may have spoken before anybody listened

    @Slot()
    def _on_words(self) -> None:
        socket = self.sender()
        if isinstance(socket, QLocalSocket) and socket in self._visits:
            self._hear(socket)

    @Slot()
    def _on_limit(self) -> None:
        limit = self.sender()
        if limit is not None and isinstance(socket := limit.parent(), QLocalSocket):
            socket.abort()

    @Slot()
    def _on_farewell(self) -> None:
        socket = self.sender()
        if isinstance(socket, QLocalSocket) and socket in self._visits:
            self._hear(socket)
            self._see_off(socket)

    def _hear(self, socket: QLocalSocket) -> None:
        said = self._visits[socket]
        if socket.bytesAvailable():  # one that has left has none, and cannot be asked
            said += bytes(socket.readAll().data())
        line, end, _ = said.partition(b"\n")
        if not end and len(said) < LONGEST_LINE:
            self._visits[socket] = said
            return
        self._visits[socket] = b""
        taken = bool(end) and self._take(line.decode(errors="replace"))
        socket.write(f"{TAKEN if taken else NOT_TAKEN}\n".encode())
        socket.flush()
        socket.disconnectFromServer()

    def _take(self, line: str) -> bool:
        command, _, token = line.strip().partition(" ")
        if command not in COMMANDS:
            log.info("somebody said what no Parley says")
            return False
        match command:
            case "show":
                if token.isascii() and token.isprintable() and token:
                    os.environ[ACTIVATION] = token
                self.asked_to_show.emit()
            case "press" | "release":
                self._take_key(command, token)
            case "toggle":
                self.toggled.emit()
        return True

    def _take_key(self, word: Literal["press", "release"], token: str) -> None:
        began_at = _seconds(token)
        for each in (word,) if began_at is None else self._order.take(word, began_at):
            if each == "press":
                self.pressed.emit()
            else:
                self.released.emit()

    def _see_off(self, socket: QLocalSocket) -> None:
        self._visits.pop(socket, None)
        socket.deleteLater()


def _seconds(token: str) -> float | None:
    """Who says none, or anything else, is taken at once."""
    try:
        seconds = float(token)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None
