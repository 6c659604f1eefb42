from __future__ import annotations

import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.audio.host import sound_server
from app.audio.host.devices import Device
from app.audio.host.sound_server import routed, server_devices
from app.audio.host.system import DeviceReport
from app.audio.system import SoundSystem
from app.settings import AudioSettings, DeviceChoice
from tests.support.virtual_sound import VirtualSound, virtual_sound

__all__ = ["virtual_sound"]

HEADSET = DeviceChoice(name="Headset", host_api="PulseAudio")

HEADSET_MODULE = (
    "load-module module-null-sink sink_name=headset rate=44100 channels=2 norewinds=1 "
    "sink_properties=device.description=Headset"
)


class Headset:
    """A second loudspeaker of the virtual sound server."""

    def __init__(self, sound: VirtualSound) -> None:
        self._sound = sound
        self._module = ""
        self.plug()

    def plug(self) -> None:
        self._module = self._sound.pactl(*HEADSET_MODULE.split()).strip()
        self._sound.pactl("set-default-sink", "speaker")

    def pull(self) -> None:
        if self._module:
            self._sound.pactl("unload-module", self._module)
        self._module = ""

    @property
    def plays(self) -> bool:
        sinks = self._sound.pactl("list", "short", "sinks").splitlines()
        (number,) = [line.split()[0] for line in sinks if line.split()[1] == "headset"]
        inputs = self._sound.pactl("list", "short", "sink-inputs").splitlines()
        return number in [line.split()[1] for line in inputs]


@pytest.fixture
def headset(virtual_sound: VirtualSound) -> Iterator[Headset]:
    headset = Headset(virtual_sound)
    yield headset
    headset.pull()


@pytest.mark.sound
def test_the_devices_of_the_server_are_offered_by_the_names_its_settings_show(
    virtual_sound: VirtualSound, headset: Headset
) -> None:
    with virtual_sound.attached():
        system = SoundSystem(AudioSettings())
        try:
            system.open()
            microphones, loudspeakers = system.devices("input"), system.devices("output")
        finally:
            system.close()
    system_default = DeviceChoice(name="pulse", host_api="ALSA")
    assert microphones == [system_default, DeviceChoice(name="mic", host_api="PulseAudio")]
    assert loudspeakers[0] == system_default
    assert HEADSET in loudspeakers
    assert "default" not in [each.name for each in loudspeakers], "the same devices again"


def until(system: SoundSystem, found: Callable[[DeviceReport], bool]) -> DeviceReport:
    deadline = time.monotonic() + 15
    while True:
        for report in system.check(busy=False):
            if found(report):
                return report
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.sound
def test_a_chosen_one_is_used_given_up_when_it_goes_and_used_again(
    virtual_sound: VirtualSound, headset: Headset
) -> None:
    """The server itself would move the stream to another device and say nothing."""
    with virtual_sound.attached():
        system = SoundSystem(AudioSettings(output=HEADSET), listens=False)
        try:
            (report,) = system.open()
            assert report.name == "Headset"
            assert headset.plays
            headset.pull()
            report = until(system, lambda report: "Headset is not there" in report.detail)
            assert report.name == "System default"
            headset.plug()
            until(system, lambda report: report.name == "Headset" and not report.detail)
            assert headset.plays
        finally:
            system.close()


BARE = Device(0, "HDA Intel (hw:0,0)", "ALSA", inputs=2, outputs=2, rate=48_000)
PLUGIN = Device(1, "pulse", "ALSA", inputs=32, outputs=32, rate=48_000)


@pytest.fixture
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_server, "_answers", [])
    monkeypatch.setattr(sound_server, "_hanging", [])


@pytest.mark.usefixtures("nothing_known")
def test_without_the_plug_in_or_its_server_nothing_is_known(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nobody")
    assert server_devices([BARE]) is None
    assert server_devices([BARE, PLUGIN]) is None


@pytest.mark.usefixtures("nothing_known")
def test_a_server_that_hangs_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_server, "ANSWER_S", 0.3)
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{folder}/native")
        silent.listen()
        monkeypatch.setenv("PULSE_SERVER", f"unix:{folder}/native")
        assert server_devices([PLUGIN]) is None
        waiting = threading.active_count()
        assert server_devices([PLUGIN]) is None
        assert threading.active_count() == waiting, "asked once"


def test_the_way_to_a_device_is_closed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    yeti = Device(1, "Yeti", "PulseAudio", 1, 0, 48_000, server_name="alsa_input.yeti")
    monkeypatch.delenv("PULSE_SOURCE", raising=False)
    with routed(yeti, "input"):
        assert os.environ["PULSE_SOURCE"] == "alsa_input.yeti"
    assert "PULSE_SOURCE" not in os.environ
    monkeypatch.setenv("PULSE_SOURCE", "the user's own")
    with routed(yeti, "input"):
        assert os.environ["PULSE_SOURCE"] == "alsa_input.yeti"
    assert os.environ["PULSE_SOURCE"] == "the user's own"
