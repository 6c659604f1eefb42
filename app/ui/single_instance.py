"""One window per profile: a second start brings the first one to the front."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

CONNECT_MS = 300


class SingleInstance(QObject):
    """Owned by the GUI thread.

    Signals:
        asked_to_show: another start of Parley with this profile happened.
    """

    asked_to_show = Signal()

    def __init__(self, profile: Path) -> None:
        super().__init__()
        digest = hashlib.sha256(str(profile.resolve()).encode()).hexdigest()[:16]
        self._name = f"parley-{digest}"
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)

    def claim(self) -> bool:
        """True when this is the first; otherwise the first has been asked to show itself."""
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if socket.waitForConnected(CONNECT_MS):
            socket.write(b"show\n")
            socket.waitForBytesWritten(CONNECT_MS)
            return False
        # What a crash left behind would make listen() fail.
        QLocalServer.removeServer(self._name)
        return self._server.listen(self._name)

    @Slot()
    def _on_connection(self) -> None:
        self._server.nextPendingConnection().deleteLater()
        self.asked_to_show.emit()
