"""A recording is heard as it was spoken."""

from __future__ import annotations

import time

import numpy as np

from app.bench.stt import CHUNK_S, Tail, hear_as_spoken
from app.core.ports import SAMPLE_RATE, Audio, Partial, SttSession, Transcript
from tests.fakes import FakeStt


class Listener:
    """Notes what it is given, and when."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.pieces: list[Audio] = []
        self.partials = 0
        self.finished_s = 0.0

    def feed(self, audio: Audio) -> None:
        arrived_s = sum(map(len, self.pieces)) / SAMPLE_RATE
        assert time.perf_counter() - self.started >= arrived_s
        self.pieces.append(audio)

    def partial(self) -> Partial | None:
        self.partials += 1
        time.sleep(0.05)
        return None

    def finish(self) -> Transcript:
        self.finished_s = time.perf_counter() - self.started
        time.sleep(0.03)
        return Transcript("done", "en")


class Opens(FakeStt):
    """Opens one listener, from now on."""

    def start(self, language: str | None) -> SttSession:
        self.listener = Listener()
        return self.listener


def test_every_sample_arrives_once_not_before_it_was_spoken_and_the_tail_starts_at_the_end() -> (
    None
):
    audio = np.arange(0.33 * SAMPLE_RATE, dtype=np.float32)
    stt = Opens()
    heard, tail_ms = hear_as_spoken(stt, audio)
    listener = stt.listener
    assert heard.text == "done"
    assert np.array_equal(np.concatenate(listener.pieces), audio)
    assert max(map(len, listener.pieces)) <= round(CHUNK_S * SAMPLE_RATE)
    assert listener.finished_s >= 0.33
    assert tail_ms >= 30
    assert listener.partials > 0


def test_a_partial_that_is_still_running_when_the_key_comes_up_is_in_the_tail() -> None:
    class Slow(Listener):
        def partial(self) -> Partial | None:
            time.sleep(0.2)
            return None

    class OpensSlow(FakeStt):
        def start(self, language: str | None) -> SttSession:
            return Slow()

    _, tail_ms = hear_as_spoken(OpensSlow(), np.zeros(int(0.1 * SAMPLE_RATE), dtype=np.float32))
    assert tail_ms >= 100


def test_the_ratio_is_that_of_the_medians_and_words_are_compared_without_punctuation() -> None:
    tail = Tail("a.wav", 3.0, [10.0, 90.0, 20.0], [100.0, 80.0, 400.0], "It is 5.", "it is 5")
    assert tail.ratio == 0.2
    assert tail.same_words is True
    tail.whole_text = "it is fine"
    assert tail.same_words is False
    assert Tail("b.wav", 3.0, [10.0]).ratio is None
