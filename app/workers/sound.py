"""The sound thread: the one owner of every call to PortAudio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from PySide6.QtCore import QTimer, Slot

from app.core.events import DeviceChanged, Event, State, StateChanged
from app.core.sound_events import (
    Choice,
    DevicesListed,
    ListDevices,
    UseDevices,
    WatchMicrophone,
)
from app.settings import AudioSettings, DeviceChoice
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
    def check(self, *, busy: bool, watched: bool) -> Sequence[DeviceNews]: ...
    def devices(self, kind: Literal["input", "output"]) -> Sequence[DeviceChoice]: ...
    def use(self, settings: AudioSettings) -> Sequence[DeviceNews]: ...
    def close(self) -> None: ...


class SoundWorker(Worker):
    """Opens the microphone and the loudspeaker, keeps them open, and notices when they go."""

    stage = "sound"

    def __init__(self, devices: Devices) -> None:
        super().__init__()
        self._devices = devices
        self._busy = False
        self._watched = False
        self._listed: dict[str, tuple[Choice, ...]] | None = None  # None while nobody asked
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
                    self._on_check()  # wakes the devices before there is anything to say
            case WatchMicrophone():
                self._watched = event.on
                self._on_check()
            case ListDevices(on=True):
                self._listed = {}
                self._list()
            case ListDevices():
                self._listed = None
            case UseDevices():
                self._tell(self._devices.use(_settings(event)))

    @Slot()
    def _on_check(self) -> None:
        self.guard(self._check)

    def _check(self) -> None:
        self._tell(self._devices.check(busy=self._busy, watched=self._watched))
        self._list()

    def _list(self) -> None:
        """Tell what there is to choose from, if somebody wants to know and it is news."""
        if self._listed is None:
            return
        kinds: tuple[Literal["input", "output"], ...] = ("input", "output")
        for kind in kinds:
            there = tuple((each.name, each.host_api) for each in self._devices.devices(kind))
            if self._listed.get(kind) != there:
                self._listed[kind] = there
                self.happened.emit(DevicesListed(kind=kind, devices=there))

    def _tell(self, news: Sequence[DeviceNews]) -> None:
        for item in news:
            self.happened.emit(DeviceChanged(kind=item.kind, name=item.name, detail=item.detail))


def _settings(wanted: UseDevices) -> AudioSettings:
    def choice(device: Choice | None) -> DeviceChoice | None:
        return DeviceChoice(name=device[0], host_api=device[1]) if device else None

    return AudioSettings(input=choice(wanted.microphone), output=choice(wanted.speaker))
