"""The sound thread: what there is to choose from, and a choice made while Parley runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pytest

from app.audio.system import SoundSystem
from app.core.events import DeviceChanged, State, StateChanged
from app.core.sound_events import DevicesListed, ListDevices, UseDevices, WatchMicrophone
from app.settings import AudioSettings, DeviceChoice
from app.workers.sound import SoundWorker
from tests.support.virtual_sound import VirtualSound, virtual_sound

__all__ = ["virtual_sound"]


@dataclass(frozen=True)
class News:
    kind: str
    name: str
    detail: str = ""


class Shelf:
    """Devices that come and go."""

    def __init__(self) -> None:
        self.there = [DeviceChoice(name="Desk", host_api="ALSA")]
        self.used: list[AudioSettings] = []
        self.checks: list[tuple[bool, bool]] = []

    def open(self) -> Sequence[News]:
        return [News("input", "Desk")]

    def check(self, *, busy: bool, watched: bool) -> Sequence[News]:
        self.checks.append((busy, watched))
        return []

    def devices(self, kind: Literal["input", "output"]) -> Sequence[DeviceChoice]:
        return list(self.there) if kind == "input" else []

    def use(self, settings: AudioSettings) -> Sequence[News]:
        self.used.append(settings)
        return [News("input", settings.input.name if settings.input else "Desk")]

    def close(self) -> None:
        return None


def test_nobody_is_told_of_devices_before_somebody_asks(stage, sender, qtbot):
    shelf = Shelf()
    worker = SoundWorker(shelf)
    sender.send.connect(worker.handle)
    stage.start(worker)
    stage.recorder.wait_for(DeviceChanged)
    sender.send.emit(StateChanged(state=State.LISTENING))  # has it look
    sender.send.emit(ListDevices())
    stage.recorder.wait_for(DevicesListed, 2)
    assert [(e.kind, e.devices) for e in stage.recorder.all(DevicesListed)] == [
        ("input", (("Desk", "ALSA"),)),
        ("output", ()),
    ]


def test_a_device_that_comes_is_told_once(stage, sender, qtbot):
    shelf = Shelf()
    worker = SoundWorker(shelf)
    sender.send.connect(worker.handle)
    stage.start(worker)
    sender.send.emit(ListDevices())
    stage.recorder.wait_for(DevicesListed, 2)
    shelf.there.append(DeviceChoice(name="Headset", host_api="ALSA"))
    told = stage.recorder.wait_for(DevicesListed, 3)  # within a look, which is a second
    assert told.devices == (("Desk", "ALSA"), ("Headset", "ALSA"))
    sender.send.emit(StateChanged(state=State.LISTENING))
    sender.send.emit(ListDevices())  # the page is opened again: all of it once more
    stage.recorder.wait_for(DevicesListed, 5)


def test_the_devices_know_at_once_that_somebody_speaks_or_looks(stage, sender, qtbot):
    shelf = Shelf()
    worker = SoundWorker(shelf)
    sender.send.connect(worker.handle)
    stage.start(worker)
    sender.send.emit(WatchMicrophone(on=True))
    sender.send.emit(StateChanged(state=State.LISTENING))
    sender.send.emit(WatchMicrophone(on=False))
    qtbot.wait_until(lambda: len(shelf.checks) >= 3, timeout=900)  # not the look of each second
    assert shelf.checks[:3] == [(False, True), (True, True), (True, False)]


def test_a_choice_reaches_the_devices_and_the_device_in_use_is_told(stage, sender):
    shelf = Shelf()
    worker = SoundWorker(shelf)
    sender.send.connect(worker.handle)
    stage.start(worker)
    sender.send.emit(UseDevices(microphone=("Headset", "ALSA"), speaker=None))
    assert stage.recorder.wait_for(DeviceChanged, 2).name == "Headset"
    (used,) = shelf.used
    assert used.input == DeviceChoice(name="Headset", host_api="ALSA")
    assert used.output is None


@pytest.mark.sound
def test_real_devices_are_listed_and_changed(virtual_sound: VirtualSound, stage, sender, qtbot):
    with virtual_sound.attached():
        worker = SoundWorker(SoundSystem(AudioSettings()))
        sender.send.connect(worker.handle)
        stage.start(worker)
        sender.send.emit(ListDevices())
        stage.recorder.wait_for(DevicesListed, 2)
        listed = {event.kind: event.devices for event in stage.recorder.all(DevicesListed)}
        assert listed["input"]
        assert listed["output"]
        stage.recorder.wait_for(DeviceChanged, 2)
        gone = ("Parrot headset", "ALSA")
        sender.send.emit(UseDevices(microphone=gone, speaker=None))
        told = stage.recorder.wait_for(DeviceChanged, 3)
        assert told.kind == "input"
        assert told.detail.startswith("Parrot headset is not there.")
        sender.send.emit(UseDevices(microphone=listed["input"][0], speaker=None))
        told = stage.recorder.wait_for(DeviceChanged, 4)
        assert (told.kind, bool(told.name), told.detail) == ("input", True, "")
        assert stage.threads.stop()
