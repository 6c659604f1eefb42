"""Engines, devices and storage that obey the real ports, quickly and predictably."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence

import numpy as np

from app.core.ports import (
    SAMPLE_RATE,
    Audio,
    Engine,
    Message,
    Partial,
    Stage,
    Transcript,
    Warmth,
)
from app.errors import AssistantError


def so_far(text: str) -> Partial:
    """A partial transcript."""
    return Partial(Transcript(text, "en"))


class FakeStt:
    """Hears one word per `WORD_S` of audio, from a list."""

    WORD_S = 0.2

    def __init__(
        self, words: str = "what time is it", *, stand_in: bool = False, fails: bool = False
    ) -> None:
        self.engine = Engine(Stage.STT, "fake-stt", "", stand_in=stand_in)
        self.words = words.split()
        self.fails = fails
        self.loaded = False
        self.closed = False

    def load(self) -> None:
        self.loaded = True

    def close(self) -> None:
        self.closed = True

    def start(self, language: str | None) -> FakeSttSession:
        return FakeSttSession(self.words, language or "en", self.fails)


class FakeSttSession:
    def __init__(self, words: Sequence[str], language: str, fails: bool) -> None:
        self._words = words
        self._language = language
        self._fails = fails
        self.samples = 0

    def feed(self, audio: Audio) -> None:
        self.samples += len(audio)

    def partial(self) -> Partial | None:
        return Partial(self._heard()) if self.samples else None

    def finish(self) -> Transcript:
        if self._fails:
            raise RuntimeError("the fake engine was told to fail")
        return self._heard()

    def _heard(self) -> Transcript:
        count = int(self.samples / SAMPLE_RATE / FakeStt.WORD_S)
        return Transcript(" ".join(self._words[:count]), self._language)


class FakeLlm:
    """Answers with fixed deltas; can be slow, missing, or break off."""

    def __init__(
        self,
        *deltas: str,
        stand_in: bool = False,
        missing: AssistantError | None = None,
        breaks: Exception | None = None,
        pause_s: float = 0.0,
        name: str = "",
        local: bool = True,
        hangs_after: int | None = None,
        load_ms: float = 0.0,
    ) -> None:
        """
        Args:
            missing: raised by `ensure_warm` and before the first delta.
            breaks: raised after the last delta.
            pause_s: before every delta.
            hangs_after: how many deltas come before it falls silent for ever.
            load_ms: what the first warm-up says it took.
        """
        name = name or ("fake-skills" if stand_in else "fake-llm")
        self.engine = Engine(Stage.LLM, name, "", stand_in=stand_in, local=local)
        self.hangs_after = hangs_after
        self.load_ms = load_ms
        self.deltas = deltas or ("It is noon.", " Have lunch.")
        self.missing = missing
        self.breaks = breaks
        self.pause_s = pause_s
        self.requests: list[tuple[Message, ...]] = []
        self.prefills: list[tuple[Message, ...]] = []
        self.warmings = 0
        self.cancelled = 0
        self.closed = False

    async def ensure_warm(self) -> Warmth:
        self.warmings += 1
        await asyncio.sleep(0)
        if self.missing:
            raise self.missing
        was_warm = self.warmings > 1 or not self.load_ms
        return Warmth(was_warm=was_warm, load_ms=0.0 if was_warm else self.load_ms)

    async def prefill(self, messages: Sequence[Message], language: str) -> bool:
        self.prefills.append(tuple(messages))
        try:
            await asyncio.sleep(self.pause_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return True

    async def reply(self, messages: Sequence[Message], language: str) -> AsyncIterator[str]:
        self.requests.append(tuple(messages))
        if self.missing:
            raise self.missing
        try:
            for number, delta in enumerate(self.deltas):
                if number == self.hangs_after:
                    await asyncio.Event().wait()
                await asyncio.sleep(self.pause_s)
                yield delta
            if self.hangs_after == len(self.deltas):
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.breaks:
            raise self.breaks

    async def close(self) -> None:
        self.closed = True


class FakeTts:
    """Speaks a tone, `SECONDS_PER_CHARACTER` long for each character, in pieces."""

    SECONDS_PER_CHARACTER = 0.01
    PIECE_S = 0.05

    def __init__(
        self, *, stand_in: bool = False, languages: Sequence[str] = ("en",), fails: bool = False
    ) -> None:
        self.engine = Engine(Stage.TTS, "fake-tts", "", stand_in=stand_in)
        self.sample_rate = 16_000
        self.languages = languages
        self.fails = fails
        self.spoken: list[str] = []
        self.loaded = False
        self.closed = False

    def load(self) -> None:
        self.loaded = True

    def close(self) -> None:
        self.closed = True

    def speaks(self, language: str) -> bool:
        return language in self.languages

    def synthesize(self, text: str, language: str) -> Iterator[Audio]:
        if self.fails:
            raise RuntimeError("the fake voice was told to fail")
        self.spoken.append(text)
        samples = int(len(text) * self.SECONDS_PER_CHARACTER * self.sample_rate)
        tone = 0.5 * np.sin(np.arange(samples) * 0.2).astype(np.float32)
        piece = int(self.PIECE_S * self.sample_rate)
        for start in range(0, samples, piece):
            yield tone[start : start + piece]


class FakeVad:
    """Hears speech in every frame that is not silent."""

    def __init__(self) -> None:
        self.engine = Engine(Stage.VAD, "fake-vad", "", stand_in=True)
        self.frame_samples = 512

    def load(self) -> None:
        """Nothing to load."""

    def close(self) -> None:
        """Nothing to drop."""

    def probability(self, frame: Audio) -> float:
        return 0.99 if float(np.abs(frame).max()) > 0.01 else 0.01

    def reset(self) -> None:
        """No state."""


class FakeInput:
    """A microphone that hears a steady tone, or silence, from `start_at` on."""

    def __init__(self, *, loud: bool = True, latency_s: float = 0.01) -> None:
        self.name = "Fake microphone"
        self.latency_s = latency_s
        self.alive = True
        self.level = 0.5 if loud else 0.0
        self.muted = False
        self.loud = loud
        self._next = 0.0

    def seek(self, since: float) -> None:
        self._next = since

    def read(self, until: float | None = None) -> Audio:
        end = min(time.perf_counter(), until if until is not None else np.inf)
        count = max(0, int((end - self._next) * SAMPLE_RATE))
        self._next += count / SAMPLE_RATE
        value = 0.3 if self.loud else 0.0
        return np.full(count, value, np.float32)

    def drain(self) -> Audio:
        return np.zeros(0, np.float32)

    @property
    def arrived_until(self) -> float:
        return time.perf_counter() if self.alive else 0.0


class FakeOutput:
    """A loudspeaker that plays in real time, by the clock, or at once."""

    def __init__(self, *, instant: bool = False) -> None:
        self.name = "Fake loudspeaker"
        self.latency_s = 0.0
        self.alive = True
        self.underruns = 0
        self.first_sample_at: float | None = None
        self.flushed_at: list[float] = []
        self.ended = 0
        self._instant = instant
        self._done_s = 0.0
        self._queued: list[tuple[float, float]] = []  # (starts at, seconds)

    def play(self, audio: Audio, sample_rate: int) -> float:
        self._settle()
        now = time.perf_counter()
        seconds = 0.0 if self._instant else len(audio) / sample_rate
        start = self._queued[-1][0] + self._queued[-1][1] if self._queued else now
        if not self._queued:
            self.first_sample_at = now
        self._queued.append((start, seconds))
        return len(audio) / sample_rate

    def end(self) -> None:
        self.ended += 1

    def flush(self) -> None:
        self._settle()
        now = time.perf_counter()
        if self._queued:
            self._done_s += max(0.0, now - self._queued[0][0])
        self._queued.clear()
        self.flushed_at.append(now)

    @property
    def played_s(self) -> float:
        self._settle()
        running = time.perf_counter() - self._queued[0][0] if self._queued else 0.0
        return self._done_s + running

    @property
    def queued_s(self) -> float:
        self._settle()
        if not self._queued:
            return 0.0
        last_start, last_s = self._queued[-1]
        return max(0.0, last_start + last_s - time.perf_counter())

    def _settle(self) -> None:
        now = time.perf_counter()
        while self._queued and self._queued[0][0] + self._queued[0][1] <= now:
            self._done_s += self._queued.pop(0)[1]
