"""One window per profile: a second start brings the first one to the front."""

from __future__ import annotations

import hashlib
import logging
import time
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

log = logging.getLogger(__name__)

CONNECT_MS = 300

STARTING_S = 1.0
"""How long a first one that has only just begun may take until it can be reached."""


class SingleInstance(QObject):
    """Owned by the GUI thread.

    A lock decides who is the first, so that two starts at once open one window; a local socket
    carries the second one's wish to the first. Where either cannot be had, there is one window
    too many rather than none.

    Signals:
        asked_to_show: another start of Parley with this profile happened.
    """

    asked_to_show = Signal()

    def __init__(self, profile: Path) -> None:
        """
        Args:
            profile: the folder that makes a profile; the lock is made in it.
        """
        super().__init__()
        digest = hashlib.sha256(str(profile.resolve()).encode(errors="replace")).hexdigest()[:16]
        self._name = f"parley-{digest}"
        self._lock = QLockFile(str(profile / "window.lock"))
        self._lock.setStaleLockTime(0)  # what a crash left behind is told by its process alone
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
        self._server.close()
        self._lock.unlock()

    def _ask_to_show(self) -> bool:
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(CONNECT_MS):
            return False
        socket.write(b"show\n")
        socket.waitForBytesWritten(CONNECT_MS)
        return True

    def _listen(self) -> None:
        # What a crash left behind would make listen() fail.
        QLocalServer.removeServer(self._name)
        if not self._server.listen(self._name):
            log.warning("other starts cannot reach this window: %s", self._server.errorString())

    @Slot()
    def _on_connection(self) -> None:
        self._server.nextPendingConnection().deleteLater()
        self.asked_to_show.emit()
