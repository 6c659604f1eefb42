from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audio.host.playback import FADE_S, PlaybackQueue
from app.core.ports import Audio
from tests.audio.signals import tone

RATE = 1000
FADE = round(FADE_S * RATE)


def numbers(start: int, count: int) -> Audio:
    return np.arange(start, start + count, dtype=np.float32)


def fill(queue: PlaybackQueue, frames: int, at: float = 0.0) -> Audio:
    out = np.full(frames, 9e9, dtype=np.float32)
    queue.fill(out, at)
    return out


def push(queue: PlaybackQueue, audio: Audio) -> None:
    queue.push(audio, queue.generation)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 50)), max_size=60))
def test_everything_played_comes_out_once_and_in_order(steps: list[tuple[bool, int]]) -> None:
    queue, heard, pushed = PlaybackQueue(RATE), [], 0
    for is_push, count in steps:
        if is_push:
            push(queue, numbers(pushed + 1, count))
            queue.end()
            pushed += count
        else:
            heard.append(fill(queue, count))
        assert queue.queued_frames == pushed - round(queue.played_s * RATE)
    heard.append(fill(queue, pushed + 1))
    sound = np.concatenate(heard)
    np.testing.assert_array_equal(sound[sound != 0], numbers(1, pushed))
    assert queue.played_s == pushed / RATE
    assert queue.queued_s == 0


def test_a_flush_fades_what_sounds_and_drops_the_rest() -> None:
    queue = PlaybackQueue(RATE)
    push(queue, np.ones(500, np.float32))
    fill(queue, 100)
    queue.flushes.add()
    assert queue.queued_s == 0
    after = fill(queue, 100)
    assert after[0] == 1
    assert np.all(np.diff(after[:FADE]) < 0)
    assert np.all(after[FADE:] == 0)
    assert not fill(queue, 500).any()
    assert queue.played_s == 0.1, "what was dropped was not heard"


def test_a_flush_before_anything_sounded_lets_nothing_out() -> None:
    queue = PlaybackQueue(RATE)
    fill(queue, 10)
    push(queue, np.ones(100, np.float32))
    queue.flushes.add()
    assert not fill(queue, 200).any()


def test_what_is_played_right_after_a_flush_is_heard_whole() -> None:
    queue = PlaybackQueue(RATE)
    push(queue, np.ones(500, np.float32))
    fill(queue, 100)
    queue.flushes.add()
    push(queue, numbers(100, 50))
    queue.end()
    assert queue.queued_s == 0.05
    after = fill(queue, 200)
    np.testing.assert_array_equal(after[FADE : FADE + 50], numbers(100, 50))
    assert not after[FADE + 50 :].any()


def test_what_was_being_prepared_when_the_flush_came_is_dropped() -> None:
    queue = PlaybackQueue(RATE)
    generation = queue.generation
    queue.flushes.add()
    queue.push(np.ones(100, np.float32), generation)
    push(queue, numbers(5, 10))
    queue.end()
    np.testing.assert_array_equal(fill(queue, 20), [*range(5, 15), *[0] * 10])
    queue.push(np.ones(100, np.float32), generation)
    assert queue.queued_s == 0
    assert not fill(queue, 200).any()


@given(st.integers(1, 4), st.integers(0, 30))
def test_several_flushes_before_the_device_asks_leave_the_last_play_only(
    flushes: int, sounding: int
) -> None:
    queue = PlaybackQueue(RATE)
    push(queue, np.full(100, -1, np.float32))
    if sounding:
        fill(queue, sounding)
    for _ in range(flushes):
        queue.flushes.add()
        push(queue, np.full(20, -1, np.float32))
    queue.flushes.add()
    push(queue, numbers(1, 20))
    queue.end()
    after = fill(queue, 60)
    np.testing.assert_array_equal(after[after > 0], numbers(1, 20))
    assert not after[FADE + 20 :].any()


def test_the_first_sample_is_dated_once_it_is_taken() -> None:
    queue = PlaybackQueue(RATE)
    assert queue.first_sample_at is None
    push(queue, np.ones(10, np.float32))
    assert queue.first_sample_at is None
    fill(queue, 4, at=7.0)
    push(queue, np.ones(10, np.float32))
    assert queue.first_sample_at == 7.0, "sound goes on: the same stretch"
    fill(queue, 40, at=8.0)
    push(queue, np.ones(10, np.float32))
    assert queue.first_sample_at is None, "after a silence another stretch begins"
    fill(queue, 40, at=9.0)
    assert queue.first_sample_at == 9.0


def test_the_first_sample_after_a_flush_is_dated_anew() -> None:
    queue = PlaybackQueue(RATE)
    push(queue, np.ones(100, np.float32))
    fill(queue, 10, at=1.0)
    queue.flushes.add()
    push(queue, np.ones(100, np.float32))
    assert queue.first_sample_at is None
    fill(queue, 100, at=2.0)
    assert queue.first_sample_at == pytest.approx(2.0 + FADE_S)


def test_a_gap_inside_a_reply_is_counted_and_its_end_is_not() -> None:
    queue = PlaybackQueue(RATE)
    push(queue, np.ones(10, np.float32))
    fill(queue, 20)
    push(queue, np.ones(10, np.float32))
    push(queue, np.ones(10, np.float32))
    assert queue.underruns == 1
    fill(queue, 40)
    queue.end()
    push(queue, np.ones(10, np.float32))
    assert queue.underruns == 1, "the next reply follows a silence, not a gap"
    fill(queue, 40)
    queue.flushes.add()
    fill(queue, 40)
    push(queue, np.ones(10, np.float32))
    assert queue.underruns == 1


def steps(sound: Audio) -> float:
    """The largest step from one sample to the next."""
    return float(np.abs(np.diff(sound, prepend=0, append=0)).max())


@pytest.mark.parametrize("buffer", [64, 441, 960])
@pytest.mark.parametrize("first", [1, 50, 479, 480, 2400, 3000])
def test_a_gap_in_the_middle_of_a_sound_does_not_click(first: int, buffer: int) -> None:
    rate = 48_000
    queue, voice = PlaybackQueue(rate), tone(0.25, rate)
    heard: list[Audio] = []
    push(queue, voice[:first])
    for _ in range(first // buffer + 3):
        heard.append(fill(queue, buffer))
    push(queue, voice[first:])
    queue.end()
    while queue.queued_frames:
        heard.append(fill(queue, buffer))
    sound = np.trim_zeros(np.concatenate(heard), "b")
    assert steps(sound) <= 1.5 * steps(voice[:-1])
    assert queue.underruns == 1
    assert queue.played_s == pytest.approx(0.25), "what dies away does not count"
    fade = round(FADE_S * rate)
    np.testing.assert_array_equal(sound[1:first], voice[1:first])
    rest = np.trim_zeros(voice, "b")[first + fade :]
    np.testing.assert_array_equal(sound[-len(rest) :], rest)


def test_what_comes_while_the_sound_dies_away_joins_it() -> None:
    rate = 48_000
    queue, voice = PlaybackQueue(rate), tone(0.25, rate)
    push(queue, voice[:1000])
    heard = [fill(queue, 1100)]  # dies away for 380 frames more
    push(queue, voice[1000:])
    queue.end()
    heard.append(fill(queue, len(voice)))
    assert steps(np.concatenate(heard)) <= 1.5 * steps(voice)


def test_a_flush_ends_a_sound_that_dies_away() -> None:
    queue = PlaybackQueue(RATE)
    push(queue, np.ones(100, np.float32))
    fill(queue, 101)
    queue.flushes.add()
    assert not fill(queue, 100)[FADE:].any()


def test_a_pause_that_is_too_long_leaves_the_next_clause_as_it_is() -> None:
    queue = PlaybackQueue(RATE)
    push(queue, np.concatenate([np.ones(50), np.zeros(50)]).astype(np.float32))
    assert not fill(queue, 200)[50:].any()
    push(queue, numbers(1, 50))
    np.testing.assert_array_equal(fill(queue, 50), numbers(1, 50))


def test_the_end_of_a_reply_does_not_die_away() -> None:
    queue = PlaybackQueue(RATE)
    push(queue, np.ones(50, np.float32))
    queue.end()
    assert not fill(queue, 100)[50:].any()


def test_another_rate_keeps_what_waits_and_the_account() -> None:
    queue = PlaybackQueue(48_000)
    push(queue, tone(0.5, 48_000))
    fill(queue, 4_800)
    queue.change_rate(44_100)
    assert queue.rate == 44_100
    assert queue.played_s == pytest.approx(0.1)
    assert queue.queued_s == pytest.approx(0.4, abs=1e-4)
    rest = fill(queue, 44_100)
    crossings = np.flatnonzero(np.diff(np.signbit(rest[: round(0.39 * 44_100)])))
    assert len(crossings) == pytest.approx(2 * 440 * 0.39, abs=3), "the same pitch"
    assert queue.played_s == pytest.approx(0.5, abs=1e-4)


def test_three_threads_at_once_never_mix_old_with_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """A player, a flusher and a device without pause; each sample carries its generation."""
    monkeypatch.setattr("app.audio.host.playback.AUDIBLE", np.inf)  # no fades: they change samples
    queue = PlaybackQueue(48_000)
    stop = threading.Event()
    failures: list[str] = []
    heard: list[int] = []

    def play() -> None:
        while not stop.is_set():
            generation = queue.generation
            if queue.queued_frames < 20_000:
                queue.push(np.full(97, generation + 1, np.float32), generation)

    def device() -> None:
        newest = 0.0
        while not stop.is_set():
            oldest_allowed = queue.generation + 1
            out = np.zeros(960, np.float32)
            queue.fill(out, 0.0)
            sound = out[480:]  # the first 10 ms may be the fade of what was flushed
            sound = sound[sound > 0]
            if len(sound):
                heard.append(len(sound))
                if sound.min() < max(newest, oldest_allowed) or np.any(np.diff(sound) < 0):
                    failures.append(f"old sound after new: {sound.min()} after {newest}")
                newest = float(sound.max())

    threads = [threading.Thread(target=target) for target in (play, device)]
    for thread in threads:
        thread.start()
    for _ in range(150):
        queue.flushes.add()
        before = queue.played_s
        stop.wait(0.002)
        assert queue.played_s >= before
        assert queue.queued_frames >= 0
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(heard) > 50
