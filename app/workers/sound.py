"""The sound thread: the one owner of every call to PortAudio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QTimer, Slot

from app.core.events import DeviceChanged, Event, State, StateChanged
from app.workers.worker import Worker

CHECK_MS = 1_000
"""A device that delivered nothing for a second is lost (DESKTOP: Audio)."""


class DeviceNews(Protocol):
    """A device that came, changed or went."""

    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def detail(self) -> str: ...


class Devices(Protocol):
    """What this thread needs from the sound system."""

    def open(self) -> Sequence[DeviceNews]: ...
    def check(self, *, busy: bool) -> Sequence[DeviceNews]: ...
    def close(self) -> None: ...


class SoundWorker(Worker):
    """Opens the microphone and the loudspeaker, keeps them open, and notices when they go."""

    stage = "sound"

    def __init__(self, devices: Devices) -> None:
        super().__init__()
        self._devices = devices
        self._busy = False
        self._timer = QTimer(self)
        self._timer.setInterval(CHECK_MS)
        self._timer.timeout.connect(self._on_check)

    def on_begin(self) -> None:
        self._tell(self._devices.open())
        self._timer.start()

    def on_end(self) -> None:
        self._timer.stop()
        self._devices.close()

    def on(self, event: Event) -> None:
        match event:
            case StateChanged():
                was_busy, self._busy = self._busy, event.state != State.READY
                if self._busy and not was_busy:
                    self._on_check()  # wakes the loudspeaker before there is anything to say

    @Slot()
    def _on_check(self) -> None:
        self.guard(lambda: self._tell(self._devices.check(busy=self._busy)))

    def _tell(self, news: Sequence[DeviceNews]) -> None:
        for item in news:
            self.happened.emit(DeviceChanged(kind=item.kind, name=item.name, detail=item.detail))
