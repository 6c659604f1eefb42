from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from app.audio.format import resample
from app.audio.host.system import Patience
from app.audio.microphone import Microphone
from app.audio.ring import SampleRing
from app.audio.shared import InputState, RingMemory
from app.audio.system import SoundSystem
from app.core.ports import SAMPLE_RATE, AudioInput
from app.settings import AudioSettings
from tests.audio.signals import babble, find, likeness, worst_likeness
from tests.audio.test_speaker import wait_until
from tests.support.virtual_sound import VirtualSound

SPOKEN = Path(__file__).parents[2] / "resources/samples/what_time_is_it_in_paris.wav"
EDGE = SAMPLE_RATE // 5
"""200 ms: what talkers miss most when it is lost."""


def open_microphone(system: SoundSystem) -> Microphone:
    system.open()
    wait_until(lambda: system.microphone.arrived_until > 0)
    return system.microphone


@pytest.fixture
def question(tmp_path: Path) -> Path:
    path = tmp_path / "question.wav"
    soundfile.write(path, babble(1.5, 48_000), 48_000, subtype="FLOAT")
    return path


@pytest.mark.sound
def test_what_is_said_is_heard_from_its_first_to_its_last_sample(
    system: SoundSystem, virtual_sound: VirtualSound, question: Path
) -> None:
    microphone: AudioInput = open_microphone(system)
    ideal = babble(1.5, SAMPLE_RATE)
    before = time.perf_counter()
    assert virtual_sound.say(question).wait(20) == 0
    time.sleep(0.3)

    # The key goes down only now: all of it is memory. (The virtual microphone delivers up to
    # 50 ms ahead of time, which a real one cannot: hence the pre-roll.)
    since = before - 0.3
    microphone.seek(since)
    heard = np.concatenate([microphone.read(), microphone.drain()])
    # 0.9: the sound lies between two samples, which costs a few per cent
    assert worst_likeness(ideal, heard, SAMPLE_RATE) > 0.9, "no loss anywhere"
    found = heard[find(ideal, heard) :][: len(ideal)]
    assert likeness(found[:EDGE], ideal[:EDGE]) > 0.9
    assert likeness(found[-EDGE:], ideal[-EDGE:]) > 0.9

    # Read again in listener's steps: the same samples.
    end = microphone.arrived_until
    microphone.seek(since)
    pieces = [microphone.read(since + step) for step in np.arange(0, end - since, 0.02)]
    pieces += [microphone.read(end), microphone.drain()]
    again = np.concatenate(pieces)
    both = min(len(again), len(heard))
    assert both > 1.5 * SAMPLE_RATE
    np.testing.assert_allclose(again[:both], heard[:both], atol=1e-6)


@pytest.mark.sound
def test_a_read_ends_where_it_is_told(system: SoundSystem) -> None:
    microphone = open_microphone(system)
    since = time.perf_counter()
    time.sleep(0.5)
    until = since + 0.25
    microphone.seek(since)
    heard = np.concatenate([microphone.read(until), microphone.drain()])
    # Blocks arrive every 10 ms or so, give or take what the machine's load makes of it.
    assert len(heard) / SAMPLE_RATE == pytest.approx(0.25, abs=0.06)
    assert microphone.read(until).size == 0
    assert microphone.read().size > 0


def longest_step(microphone: Microphone, seconds: float) -> float:
    """How long the samples let one wait, at most, in so many seconds."""
    ends = time.perf_counter() + seconds
    arrivals = [microphone.arrived_until]
    while time.perf_counter() < ends:
        time.sleep(0.002)
        if microphone.arrived_until != arrivals[-1]:
            arrivals.append(microphone.arrived_until)
    return float(max(np.diff(arrivals), default=0.0))


@pytest.mark.sound
@pytest.mark.timeout(60)
def test_a_change_of_pace_in_the_middle_of_a_word_loses_and_doubles_nothing(
    virtual_sound: VirtualSound, tmp_path: Path
) -> None:
    voice, rate = soundfile.read(SPOKEN, dtype="float32")
    words = np.resize(resample(voice, rate, 48_000), 6 * 48_000)
    said = tmp_path / "said.wav"
    soundfile.write(said, words + 0.1 * babble(6.0, 48_000), 48_000, subtype="FLOAT")
    ideal = resample(np.asarray(words, np.float32), 48_000, SAMPLE_RATE)
    with virtual_sound.attached():
        system = SoundSystem(AudioSettings(), patience=Patience(rest_after_s=0.0))
        try:
            microphone = open_microphone(system)
            before = time.perf_counter()
            saying = virtual_sound.say(said)
            attending, resting = [], []
            while saying.poll() is None:
                system.check(busy=False, watched=True)
                attending.append(longest_step(microphone, 0.35))
                system.check(busy=False)
                resting.append(longest_step(microphone, 0.45))
            microphone.seek(before - 0.3)
            heard = np.concatenate([microphone.read(), microphone.drain()])
        finally:
            system.close()
    assert len(attending) >= 4
    assert np.median(attending) < 0.07 < 0.12 < np.median(resting)
    ideal += 0.1 * babble(6.0, SAMPLE_RATE)
    assert worst_likeness(ideal, heard, SAMPLE_RATE) > 0.9


@pytest.mark.sound
def test_silence_is_noticed_and_so_is_a_voice(
    system: SoundSystem, virtual_sound: VirtualSound, question: Path
) -> None:
    microphone = open_microphone(system)
    wait_until(lambda: microphone.silent_for_s > 0.3)
    assert microphone.level == 0
    saying = virtual_sound.say(question)
    wait_until(lambda: microphone.level > 0.2)
    assert microphone.silent_for_s == 0
    saying.wait(20)
    wait_until(lambda: microphone.level < 0.01)


@pytest.mark.sound
def test_a_muted_microphone_is_told_from_one_that_hears(
    system: SoundSystem,
    virtual_sound: VirtualSound,
    question: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.audio.microphone.MUTED_AFTER_S", 0.5)
    microphone = open_microphone(system)
    wait_until(lambda: microphone.muted)
    saying = virtual_sound.say(question)
    wait_until(lambda: not microphone.muted)
    saying.wait(20)
    wait_until(lambda: microphone.muted)
    system.close()
    assert not microphone.muted, "gone is another thing"


@pytest.mark.sound
def test_what_was_captured_before_the_device_went_can_still_be_read(
    system: SoundSystem, virtual_sound: VirtualSound, question: Path
) -> None:
    microphone = open_microphone(system)
    since = time.perf_counter()
    microphone.seek(since)
    virtual_sound.say(question).wait(20)
    system.close()
    assert not microphone.alive
    assert microphone.name == ""
    ideal = babble(1.5, SAMPLE_RATE)
    heard = np.concatenate([microphone.read(), microphone.drain()])
    assert likeness(heard[find(ideal, heard) :][:SAMPLE_RATE], ideal[:SAMPLE_RATE]) > 0.9


@pytest.mark.sound
def test_a_reader_goes_on_with_the_device_that_came_back(
    system: SoundSystem, virtual_sound: VirtualSound, question: Path
) -> None:
    microphone = open_microphone(system)
    microphone.seek(time.perf_counter())
    time.sleep(0.2)
    system.close()
    system.check(busy=True)
    wait_until(lambda: microphone.alive)
    virtual_sound.say(question).wait(20)
    time.sleep(0.2)
    ideal = babble(1.5, SAMPLE_RATE)
    heard = np.concatenate([microphone.read(), microphone.drain()])
    assert likeness(heard[find(ideal, heard) :], ideal) > 0.9


def test_without_a_device_there_is_nothing_to_read() -> None:
    microphone: AudioInput = Microphone(InputState(), (RingMemory(capacity=1),) * 2)
    assert not microphone.alive
    assert microphone.name == ""
    microphone.seek(time.perf_counter() - 1)
    assert microphone.read().size == 0
    assert microphone.drain().size == 0
    assert microphone.level == 0
    assert microphone.arrived_until == 0


def test_sound_is_not_heard_twice_when_two_devices_came_between_two_reads() -> None:
    state, rings = InputState(), (RingMemory(capacity=48_000), RingMemory(capacity=48_000))
    microphone = Microphone(state, rings)

    def new_device(level: float) -> None:
        number = int(state.rings) + 1
        ring = SampleRing.begun(1.0, SAMPLE_RATE, rings[number % 2])
        ring.write(np.full(1_600, level, np.float32), 100.0 + number)
        state.rings = number

    new_device(0.1)
    microphone.seek(0.0)
    new_device(0.2)
    new_device(0.3)
    heard = np.concatenate([microphone.read(), microphone.drain()])
    assert len(heard) == pytest.approx(1_600, abs=2)
    assert np.median(heard) == pytest.approx(0.3, abs=1e-3)
