from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app.audio.host import microphone as module
from app.audio.host.devices import SERVER_API, Device
from app.audio.host.microphone import MicrophoneDevice
from app.audio.ring import SampleRing
from app.audio.shared import InputState, RingMemory
from app.core.ports import Audio
from app.errors import AudioError
from tests.audio.signals import babble
from tests.audio.test_speaker import wait_until

RATE = 16_000
YETI = Device(0, "Yeti", SERVER_API, inputs=1, outputs=0, rate=RATE, server_name="yeti")
ATTENDING, RESTING = 400, 1_600
"""Frames of a block: 25 and 100 ms."""


class Source:
    """What every stream hears, by the clock."""

    def __init__(self, sound: Audio) -> None:
        self.sound = sound
        self.began_at = time.perf_counter()
        self.streams: list[Stream] = []
        self.refuses: Callable[[bool], bool] = lambda rests: False
        self.is_mute: Callable[[bool], bool] = lambda rests: False

    def open(self, _kind: str, device: Device, callback: Any, *, rests: bool = False) -> Stream:
        if self.refuses(rests):
            raise AudioError("It is busy.", "Wait.")
        stream = Stream(self, device, callback, rests)
        self.streams.append(stream)
        return stream

    @property
    def now(self) -> int:
        return int((time.perf_counter() - self.began_at) * RATE)


class Stream:
    """As PortAudio's: calls back in a thread of its own, a block at a time."""

    latency_s = 0.0

    def __init__(self, source: Source, device: Device, callback: Any, rests: bool) -> None:
        self.device = device
        self.rests = rests
        self.first = source.now
        self._source = source
        self._callback = callback
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        if not self._source.is_mute(self.rests):
            self._thread.start()

    @property
    def running(self) -> bool:
        return not self._ends.is_set()

    def close(self) -> None:
        self._ends.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        frames = RESTING if self.rests else ATTENDING
        at = self.first
        timing = SimpleNamespace(currentTime=0.0, inputBufferAdcTime=0.0)
        while not self._ends.wait(max(0.0, (at + frames - self._source.now) / RATE)):
            block = self._source.sound[at : at + frames, np.newaxis]
            self._callback(block, frames, timing, SimpleNamespace(input_overflow=False))
            at += frames


class Desk:
    """The device under test, and what its ring holds."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.state = InputState()
        self.rings = (RingMemory(capacity=10 * RATE), RingMemory(capacity=10 * RATE))
        self.microphone = MicrophoneDevice(self.state, self.rings)

    @property
    def running(self) -> list[str]:
        streams = self.source.streams
        return ["resting" if s.rests else "attending" for s in streams if s.running]

    def heard(self) -> Audio:
        """All of it since the device opened."""
        ring = SampleRing(self.rings[int(self.state.rings) % 2])
        return ring.read(0, ring.written)[1]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    source = Source(babble(20.0, RATE))
    monkeypatch.setattr(module, "open_stream", source.open)
    desk = Desk(source)
    desk.microphone.open(YETI)
    yield desk
    desk.microphone.close()


def test_every_change_of_pace_goes_on_to_the_sample(desk: Desk) -> None:
    for _ in range(4):
        desk.microphone.attend()
        assert desk.running == ["attending"]
        time.sleep(0.07)
        desk.microphone.rest()
        assert desk.running == ["resting"]
    heard = desk.heard()
    assert len(heard) > 0.5 * RATE
    first = desk.source.streams[0].first
    np.testing.assert_array_equal(heard, desk.source.sound[first : first + len(heard)])
    assert int(desk.state.rings) == 1, "readers need not look for another ring"


def test_in_silence_the_clock_says_where(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_SEAM_S", 0.3)
    desk.source.sound = np.zeros(20 * RATE, np.float32)
    for _ in range(3):
        desk.microphone.attend()
        desk.microphone.rest()
    passed = desk.source.now - desk.source.streams[0].first
    assert desk.running == ["resting"]
    assert len(desk.heard()) == pytest.approx(passed, abs=RESTING + 0.05 * RATE)


def test_whoever_asks_twice_gets_no_other_stream(desk: Desk) -> None:
    desk.microphone.rest()
    desk.microphone.attend()
    desk.microphone.attend()
    assert len(desk.source.streams) == 2


@pytest.mark.parametrize("fault", ["refuses", "is_mute"])
def test_a_device_for_one_stream_is_heard_at_the_pace_of_a_question(
    desk: Desk, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_SEAM_S", 0.2)
    wait_until(lambda: len(desk.heard()) > 0)

    def beside_another(_rests: bool) -> bool:
        return any(stream.running for stream in desk.source.streams[:1])

    setattr(desk.source, fault, beside_another)
    desk.microphone.attend()
    assert desk.running == ["attending"]
    wait_until(lambda: len(desk.heard()) > 0)
    opened = len(desk.source.streams)
    desk.microphone.rest()
    desk.microphone.close()
    desk.microphone.open(YETI)
    desk.microphone.attend()
    assert desk.running == ["attending"]
    assert len(desk.source.streams) == opened + 1, "it was not asked for a second one again"


def test_a_pace_that_cannot_be_slowed_stays(desk: Desk) -> None:
    desk.microphone.attend()
    desk.source.refuses = lambda rests: rests
    desk.microphone.rest()
    assert desk.running == ["attending"]
    before = len(desk.heard())
    wait_until(lambda: len(desk.heard()) > before)


def test_a_device_that_goes_between_two_paces_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.source.refuses = lambda rests: True
    with pytest.raises(AudioError):
        desk.microphone.attend()
    assert not desk.microphone.running


@pytest.mark.parametrize("host_api", ["ALSA", "Core Audio", "Windows WASAPI"])
def test_hardware_of_its_own_has_one_pace(desk: Desk, host_api: str) -> None:
    desk.microphone.open(Device(1, "hw:0", host_api, inputs=1, outputs=0, rate=RATE))
    desk.microphone.rest()
    assert desk.running == ["attending"]
