"""Whether the desktop has a tray by now.

Qt looks once per process, and forever after puts the icon where only old panels look when it
found none. At login Parley is often there before the panel is, so Qt is asked to look when the
panel has come.
"""

from __future__ import annotations

import logging
import os

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.desktop.bus import Answer, Bus, BusSignal, has_bus

log = logging.getLogger(__name__)

WATCHER = "org.kde.StatusNotifierWatcher"
"""The name of every desktop's tray, KDE's or not."""
PATH = "/StatusNotifierWatcher"
BUS = "org.freedesktop.DBus"


class TrayHost(QObject):
    """Waits once. Lives in the GUI thread.

    Signals:
        settled: a tray is there, or none has come in time.
    """

    settled = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bus: Bus | None = None
        self._limit = QTimer(self)
        self._limit.setSingleShot(True)
        self._limit.timeout.connect(self._settle)

    def wait(self, at_most_s: float) -> None:
        """Emit `settled`, at once where no bus could tell of a tray."""
        try:
            bus = self._bus = Bus(self) if has_bus(os.environ) else None
        except OSError as exc:
            log.info("%s", exc)
            bus = None
        if bus is None:
            self._settle()
            return
        self._limit.start(round(at_most_s * 1000))
        bus.heard.connect(self._on_signal)
        bus.lost.connect(self._settle)
        bus.listen(WATCHER)
        bus.listen(BUS, member="NameOwnerChanged")
        self._look()

    def stop(self) -> None:
        """Wait no more."""
        self._limit.stop()
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.close()
            bus.deleteLater()

    def _look(self) -> None:
        if self._bus is None:
            return
        self._bus.call(
            WATCHER,
            PATH,
            "org.freedesktop.DBus.Properties",
            "Get",
            "ss",
            (WATCHER, "IsStatusNotifierHostRegistered"),
            then=self._looked,
        )

    def _looked(self, answer: Answer) -> None:
        if answer.body and answer.body[0][1]:
            self._settle()

    @Slot(object)
    def _on_signal(self, signal: BusSignal) -> None:
        match signal:
            case BusSignal(member="NameOwnerChanged", body=(name, _, str(owner))):
                if name == WATCHER and owner:
                    self._look()
            case BusSignal(member="StatusNotifierHostRegistered"):
                self._look()

    @Slot()
    def _settle(self) -> None:
        self.stop()
        self.settled.emit()
