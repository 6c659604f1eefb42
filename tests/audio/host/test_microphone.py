from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from app.audio import shared
from app.audio.format import resample
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
SPOKEN = Path(__file__).parents[3] / "resources/samples/what_time_is_it_in_paris.wav"
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

    @property
    def ring(self) -> SampleRing:
        return SampleRing(self.rings[int(self.state.rings) % 2])

    def heard(self) -> Audio:
        """All of it since the device opened."""
        return self.ring.read(0, self.ring.written)[1]

    def wait_for_more(self) -> None:
        before = len(self.heard())
        wait_until(lambda: len(self.heard()) > before)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    source = Source(babble(20.0, RATE))
    monkeypatch.setattr(module, "open_stream", source.open)
    monkeypatch.setattr(shared, "PROVEN_AFTER_S", 0.0)
    desk = Desk(source)
    desk.microphone.open(YETI)
    desk.wait_for_more()
    yield desk
    desk.microphone.close()


def spoken(hum_hz: float = 0.0) -> Audio:
    """A question again and again, in a room that hums, through a converter with its own noise."""
    voice, rate = soundfile.read(SPOKEN, dtype="float32")
    at = np.arange(20 * RATE)
    hum = 0.02 * np.sin(2 * np.pi * hum_hz * at / RATE)
    noise = 1e-4 * np.random.default_rng(1).standard_normal(len(at))
    return (np.resize(resample(voice, rate, RATE), len(at)) + hum + noise).astype(np.float32)


@pytest.mark.parametrize(
    "sound",
    [babble(20.0, RATE), spoken(), spoken(50.0), spoken() + np.float32(0.1)],
    ids=["noise", "voice", "hum", "offset"],
)
def test_every_change_of_pace_goes_on_to_the_sample(desk: Desk, sound: Audio) -> None:
    desk.source.sound = sound
    desk.microphone.open(YETI)
    desk.wait_for_more()
    stream = desk.source.streams[-1]
    for _ in range(4):
        desk.microphone.rest()
        assert desk.running == ["resting"]
        time.sleep(0.07)
        desk.microphone.attend()
        assert desk.running == ["attending"]
    heard = desk.heard()
    assert len(heard) > 0.5 * RATE
    np.testing.assert_array_equal(heard, sound[stream.first : stream.first + len(heard)])
    assert int(desk.state.rings) == 2, "readers need not look for another ring"
    arrivals = desk.ring._times[: int(desk.ring._memory.blocks), 2]
    assert (np.diff(arrivals) >= 0).all()


def test_in_silence_the_clock_says_where(desk: Desk) -> None:
    desk.source.sound = np.zeros(20 * RATE, np.float32)
    for _ in range(3):
        desk.microphone.rest()
        desk.microphone.attend()
    passed = desk.source.now - desk.source.streams[0].first
    assert desk.running == ["attending"]
    assert len(desk.heard()) == pytest.approx(passed, abs=RESTING + 0.05 * RATE)


def test_a_microphone_is_opened_for_a_question_that_may_be_on(desk: Desk) -> None:
    assert desk.running == ["attending"]
    desk.microphone.attend()
    desk.microphone.attend()
    assert len(desk.source.streams) == 1


def test_a_microphone_that_has_not_proved_itself_is_left_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "PROVEN_AFTER_S", 60.0)
    desk.microphone.rest()
    assert desk.running == ["attending"]
    assert len(desk.source.streams) == 1


def test_the_end_of_a_question_in_long_blocks_is_waited_for(desk: Desk) -> None:
    usual_s = desk.state.latency_s
    desk.microphone.rest()
    assert desk.state.latency_s == pytest.approx(usual_s + RESTING / RATE - module.BLOCK_S)
    desk.microphone.attend()
    assert desk.state.latency_s == Stream.latency_s


@pytest.mark.parametrize("fault", ["refuses", "is_mute"])
def test_a_device_for_one_stream_is_heard_without_a_gap(
    desk: Desk, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_SEAM_S", 0.2)
    setattr(desk.source, fault, lambda rests: rests)
    desk.microphone.rest()
    tries = len(desk.source.streams)
    desk.microphone.rest()
    assert desk.running == ["attending"]
    assert len(desk.source.streams) == tries, "one try is enough until somebody speaks"
    desk.wait_for_more()
    first = desk.source.streams[0].first
    heard = desk.heard()
    np.testing.assert_array_equal(heard, desk.source.sound[first : first + len(heard)])
    setattr(desk.source, fault, lambda _rests: False)
    desk.microphone.attend()
    desk.microphone.rest()
    assert desk.running == ["resting"], "after a turn it is tried again"


def test_a_device_that_went_between_two_paces_is_told(desk: Desk) -> None:
    desk.microphone.rest()
    desk.source.refuses = lambda _rests: True
    with pytest.raises(AudioError):
        desk.microphone.attend()
    assert not desk.microphone.running


@pytest.mark.parametrize("host_api", ["ALSA", "Core Audio", "Windows WASAPI"])
def test_hardware_of_its_own_has_one_pace(desk: Desk, host_api: str) -> None:
    desk.microphone.open(Device(1, "hw:0", host_api, inputs=1, outputs=0, rate=RATE))
    desk.wait_for_more()
    desk.microphone.rest()
    assert desk.running == ["attending"]
