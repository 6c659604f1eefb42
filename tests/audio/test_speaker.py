from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from app.audio.host.serve import AUDIO
from app.audio.host.system import Patience
from app.audio.shared import Flushes, OutputState, Progress
from app.audio.speaker import Speaker
from app.audio.system import SoundSystem
from app.core.ports import Audio, AudioOutput
from app.settings import AudioSettings
from tests.audio.signals import babble, find, likeness, tone, worst_likeness
from tests.support.virtual_sound import RATE, VirtualSound

VOICE_RATE = 16_000


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def silent_after(sound: Audio, level: float = 0.02) -> int:
    """The number of the last sample that is not silence."""
    return int(np.flatnonzero(np.abs(sound) > level)[-1])


def open_speaker(system: SoundSystem) -> Speaker:
    system.open()
    wait_until(lambda: system.speaker.alive and system.microphone.arrived_until > 0)
    return system.speaker


@pytest.fixture
def restless(virtual_sound: VirtualSound) -> Iterator[SoundSystem]:
    """Both devices; the loudspeaker rests as soon as it may."""
    with virtual_sound.attached():
        system = SoundSystem(AudioSettings(), patience=Patience(rest_after_s=0, first_pause_s=1))
        try:
            yield system
        finally:
            system.close()


@pytest.mark.sound
def test_a_reply_in_pieces_is_heard_without_gap_or_loss(
    system: SoundSystem, virtual_sound: VirtualSound
) -> None:
    speaker: AudioOutput = open_speaker(system)
    reply = babble(1.5, VOICE_RATE)
    ideal = babble(1.5, RATE)
    pieces = np.split(reply, [100, 1000, 1320, 5000, 12_000])
    # A machine with every core busy may leave a gap that is not ours; such a try says so.
    for _ in range(3):
        before = speaker.played_s, speaker.underruns
        with virtual_sound.record() as heard:
            length_s = sum(speaker.play(piece, VOICE_RATE) for piece in pieces)
            speaker.end()
            wait_until(lambda: speaker.queued_s == 0)
            time.sleep(speaker.latency_s + 0.2)
        assert length_s == pytest.approx(1.5)
        assert speaker.played_s - before[0] == pytest.approx(1.5, abs=1e-4)
        if speaker.underruns == before[1] and worst_likeness(ideal, heard.samples, RATE) > 0.95:
            break
    at = find(ideal, heard.samples)
    found = heard.samples[at : at + len(ideal)]
    assert likeness(found, ideal) > 0.99
    assert likeness(found[: RATE // 5], ideal[: RATE // 5]) > 0.95, "the first 200 ms"
    assert likeness(found[-RATE // 5 :], ideal[-RATE // 5 :]) > 0.95, "the last 200 ms"
    assert worst_likeness(ideal, heard.samples, RATE) > 0.9, "and all between"


@pytest.mark.sound
def test_a_flush_is_silence_and_the_next_reply_is_heard(
    system: SoundSystem, virtual_sound: VirtualSound
) -> None:
    speaker = open_speaker(system)
    next_reply = babble(0.4, RATE, seed=2)
    with virtual_sound.record() as heard:
        speaker.play(tone(5.0, VOICE_RATE), VOICE_RATE)
        wait_until(lambda: speaker.played_s > 0.3)
        flushed_at = time.perf_counter()
        speaker.flush()
        assert speaker.queued_s == 0
        time.sleep(0.8)
        silent = heard.samples
        played_s = speaker.played_s
        speaker.play(next_reply, RATE)
        speaker.end()
        wait_until(lambda: speaker.queued_s == 0)
        time.sleep(0.3)
    lasted_s = heard.time_of(silent_after(silent)) - flushed_at
    assert lasted_s < 0.5, "five seconds were waiting"
    assert played_s < 1.0
    assert speaker.played_s - played_s == pytest.approx(0.4, abs=1e-4)
    after = heard.samples[len(silent) :]
    assert likeness(after[find(next_reply, after) :], next_reply) > 0.9


@pytest.mark.sound
def test_the_first_sample_is_dated_when_it_is_heard(
    system: SoundSystem, virtual_sound: VirtualSound
) -> None:
    speaker = open_speaker(system)
    with virtual_sound.record() as heard:
        time.sleep(0.2)
        played_at = time.perf_counter()
        speaker.play(tone(0.3, VOICE_RATE), VOICE_RATE)
        speaker.end()
        wait_until(lambda: speaker.first_sample_at is not None)
        said = speaker.first_sample_at
        wait_until(lambda: speaker.queued_s == 0)
        time.sleep(0.2)
    really = heard.time_of(int(np.flatnonzero(np.abs(heard.samples) > 0.02)[0]))
    assert said is not None
    assert said > played_at
    assert abs(said - really) < 0.1


@pytest.mark.sound
def test_a_loudspeaker_at_rest_wakes_for_a_turn_and_for_a_sound(
    virtual_sound: VirtualSound, restless: SoundSystem
) -> None:
    system = restless
    speaker = open_speaker(system)
    reply = babble(0.4, RATE)
    for busy in (True, False):
        assert system.check(busy=False) == []
        assert speaker.alive, "at rest, not gone"
        if busy:
            system.check(busy=True)
        with virtual_sound.record() as heard:
            speaker.play(reply, RATE)
            speaker.end()
            if not busy:
                time.sleep(0.1)
                assert speaker.queued_s == pytest.approx(0.4), "asleep until somebody looks"
                assert system.check(busy=False) == []
            wait_until(lambda: speaker.queued_s == 0)
            time.sleep(0.3)
        assert likeness(heard.samples[find(reply, heard.samples) :], reply) > 0.9


@pytest.mark.sound
def test_a_loudspeaker_lost_at_rest_is_noticed_when_it_wakes(
    virtual_sound: VirtualSound, restless: SoundSystem
) -> None:
    system = restless
    speaker = open_speaker(system)
    system.check(busy=False)
    virtual_sound.stop()
    try:
        reports = system.check(busy=True) + system.check(busy=True)
        assert "output" in {report.kind for report in reports if not report.name}
        assert not speaker.alive
        speaker.play(tone(0.1, VOICE_RATE), VOICE_RATE)
        speaker.end()
        wait_until(lambda: speaker.queued_s == 0)
    finally:
        virtual_sound.start()


def test_without_a_device_a_reply_takes_its_time_and_ends() -> None:
    speaker = Speaker()
    assert not speaker.alive
    assert speaker.name == ""
    time.sleep(0.05)
    started_at = time.perf_counter()
    speaker.play(tone(0.3, VOICE_RATE), VOICE_RATE)
    speaker.end()
    assert speaker.queued_s == pytest.approx(0.3, abs=0.05)
    wait_until(lambda: speaker.first_sample_at is not None)
    wait_until(lambda: speaker.queued_s == 0)
    assert time.perf_counter() - started_at >= 0.29
    assert speaker.played_s == pytest.approx(0.3, abs=1e-3)
    assert speaker.underruns == 0


def test_without_a_device_a_flush_still_drops() -> None:
    speaker = Speaker()
    speaker.play(tone(60.0, VOICE_RATE), VOICE_RATE)
    speaker.flush()
    assert speaker.queued_s == 0
    speaker.play(tone(0.1, VOICE_RATE), VOICE_RATE)
    speaker.end()
    wait_until(lambda: speaker.queued_s == 0)
    assert speaker.played_s < 1.0


@pytest.mark.sound
def test_a_loudspeaker_that_goes_and_comes_back_takes_the_reply_up_again(
    system: SoundSystem, virtual_sound: VirtualSound
) -> None:
    speaker = open_speaker(system)
    reply = babble(3.0, RATE)
    with virtual_sound.record() as heard:
        speaker.play(reply, RATE)
        speaker.end()
        wait_until(lambda: speaker.played_s > 0.5)
        system.close()
        assert not speaker.alive
        assert speaker.name == ""
        before = speaker.played_s
        wait_until(lambda: speaker.played_s > before + 0.3)
        system.check(busy=True)
        assert speaker.alive
        wait_until(lambda: speaker.queued_s == 0)
        time.sleep(0.3)
    assert speaker.played_s == pytest.approx(3.0, abs=1e-2)
    # The last second came as it was meant, after a hole.
    end = reply[2 * RATE :]
    assert likeness(heard.samples[find(end, heard.samples) :][: len(end)], end) > 0.9


@pytest.mark.sound
def test_a_loudspeaker_that_opens_and_does_not_play_holds_nobody_up(
    virtual_sound: VirtualSound, restless: SoundSystem
) -> None:
    system = restless
    speaker = open_speaker(system)
    reports = []

    def look() -> None:
        reports.extend(report for report in system.check(busy=True) if report.kind == "output")
        time.sleep(0.1)

    def is_over() -> bool:
        look()
        return speaker.queued_s == 0

    def plays_again() -> bool:
        look()
        return bool(reports)

    speaker.play(tone(4.0, VOICE_RATE), VOICE_RATE)
    speaker.end()
    wait_until(lambda: speaker.played_s > 0.2)
    try:
        virtual_sound.pactl("suspend-sink", "speaker", "1")
        wait_until(is_over, timeout_s=20)
        assert speaker.played_s == pytest.approx(4.0, abs=1e-3)
        assert [report.name for report in reports] == [""], "said once, tries are no news"
        assert "does not play" in reports[0].detail
        # Tries go on beside a reply, and hold none up.
        started_at = time.perf_counter()
        speaker.play(tone(2.5, VOICE_RATE), VOICE_RATE)
        speaker.end()
        wait_until(is_over)
        assert time.perf_counter() - started_at < 3.5
    finally:
        virtual_sound.pactl("suspend-sink", "speaker", "0")
    reports.clear()
    wait_until(plays_again)
    assert reports[0].name
    assert not reports[0].detail
    reply = babble(0.4, RATE)
    with virtual_sound.record() as heard:
        speaker.play(reply, RATE)
        speaker.end()
        wait_until(lambda: speaker.queued_s == 0)
        time.sleep(0.3)
    assert likeness(heard.samples[find(reply, heard.samples) :], reply) > 0.9


class Far:
    """The other end of a `Speaker`, which takes in what it is told to."""

    def __init__(self) -> None:
        self.state, self.flushes = OutputState(), Flushes()
        self.speaker = Speaker(self.state, self.flushes)
        self._audio, audio = multiprocessing.Pipe(duplex=False)
        self.connection = audio
        self.speaker.connect(audio)
        self.taken = 0
        self.samples: list[Audio] = []

    def take(self, *, played_s: float = 0.0, queued_s: float = 0.0) -> int:
        """Take the next message in; its sample rate."""
        assert self._audio.poll(10)
        message = self._audio.recv_bytes()
        self.taken, flushes, rate = AUDIO.unpack_from(message)
        self.samples.append(np.frombuffer(message, np.float32, offset=AUDIO.size))
        first = 7.0 if played_s else None
        self.state.publish(Progress(self.taken, flushes, played_s, queued_s, first, 0))
        return rate


def test_what_is_under_way_counts_as_waiting_and_is_not_dated() -> None:
    far = Far()
    far.state.publish(Progress(0, 0, 1.0, 0.0, 7.0, 0))
    far.speaker.play(tone(0.5, VOICE_RATE), VOICE_RATE)
    assert far.speaker.queued_s == pytest.approx(0.5)
    assert far.speaker.first_sample_at is None, "that was of the sound before"
    far.take(played_s=1.1, queued_s=0.4)
    assert (far.speaker.queued_s, far.speaker.played_s) == (0.4, 1.1)
    assert far.speaker.first_sample_at == 7.0
    far.speaker.flush()
    assert far.speaker.queued_s == 0


def test_a_process_that_takes_nothing_holds_nobody_up_and_gets_everything_in_order() -> None:
    far = Far()
    pieces = np.split(babble(60.0, VOICE_RATE), 60)
    for piece in pieces:  # 3.8 MB: a pipe takes 64 kB
        far.speaker.play(piece, VOICE_RATE)
    far.speaker.end()
    assert far.speaker.queued_s == pytest.approx(60.0)
    rates = [far.take(queued_s=1.0) for _ in range(61)]
    assert rates == [VOICE_RATE] * 60 + [0]
    np.testing.assert_array_equal(np.concatenate(far.samples), np.concatenate(pieces))


def test_a_process_that_dies_leaves_the_rest_to_the_clock_and_the_next_one() -> None:
    far = Far()
    reply = babble(2.0, VOICE_RATE)
    far.speaker.play(reply, VOICE_RATE)
    far.speaker.end()
    far.take(played_s=0.5, queued_s=1.5)
    assert far.speaker.played_s == 0.5
    far.state.cells[6] += 1  # in the middle of a publication
    far.speaker.disconnect()
    assert far.speaker.played_s == pytest.approx(0.5, abs=0.05), "it never goes back"
    assert far.speaker.queued_s == pytest.approx(1.5, abs=0.05)
    far.state.recover()
    following = Far()
    far.speaker.connect(following.connection)
    following.take()
    (rest,) = following.samples
    np.testing.assert_array_equal(rest, reply[len(reply) - len(rest) :])
    assert len(rest) / VOICE_RATE == pytest.approx(1.5, abs=0.05)
    assert following.take() == 0, "and it is the end"
