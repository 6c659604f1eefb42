"""Sound files in the place of devices, for commands and tests."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from app.audio.format import EMPTY, StreamResampler, read_speech, require_writable, write_wav
from app.core.ports import SAMPLE_RATE, Audio

USUAL_RATE = 48_000
"""The rate of a file to which nothing was played."""

LEVEL_WINDOW_S = 0.03


class WavInput:
    """An `AudioInput` that hears a recording, and silence after it, as in a quiet room.

    At the real pace its samples arrive as they would from a microphone. Otherwise they have all
    arrived at the start: it is as though they had been spoken up to that moment. There is no
    thread behind it: what has arrived follows from the clock.
    """

    def __init__(self, path: Path, *, realtime: bool = True) -> None:
        """
        Raises:
            InputError: the file is missing, empty, unreadable or too long.
        """
        self._audio = read_speech(path)
        self._name = path.name
        self._is_realtime = realtime
        self._started_at: float | None = None
        self._position = 0

    def start(self) -> float:
        """Begin; the arrival time (perf_counter) of the first sample: when the key goes down."""
        now = time.perf_counter()
        self._started_at = now if self._is_realtime else now - self.duration_s
        self._position = 0
        return self._started_at

    @property
    def started(self) -> bool:
        return self._started_at is not None

    @property
    def duration_s(self) -> float:
        """Length of the recording."""
        return len(self._audio) / SAMPLE_RATE

    @property
    def ends_at(self) -> float:
        """When (perf_counter) the last sample arrives; only once started."""
        assert self._started_at is not None, "start() first"
        return self._started_at + self.duration_s

    @property
    def ended(self) -> bool:
        """Whether all of the recording has arrived."""
        return self.started and time.perf_counter() >= self.ends_at

    @property
    def name(self) -> str:
        return self._name

    @property
    def latency_s(self) -> float:
        return 0.0

    @property
    def alive(self) -> bool:
        return True

    @property
    def muted(self) -> bool:
        return False  # nobody has a switch on a recording

    def seek(self, since: float) -> None:
        self._position = self._index_at(since)

    def read(self, until: float | None = None) -> Audio:
        now = time.perf_counter()
        stop = self._index_at(now if until is None else min(until, now))
        start, self._position = self._position, max(self._position, stop)
        return self._slice(start, self._position)

    def drain(self) -> Audio:
        return EMPTY

    @property
    def arrived_until(self) -> float:
        return time.perf_counter() if self.started else 0.0

    @property
    def level(self) -> float:
        stop = self._index_at(time.perf_counter())
        newest = self._slice(max(0, stop - round(LEVEL_WINDOW_S * SAMPLE_RATE)), stop)
        return float(np.abs(newest).max()) if len(newest) else 0.0

    def _index_at(self, at: float) -> int:
        """How many samples have arrived at that time; the silence after the file counts on."""
        if self._started_at is None:
            return 0
        return max(0, round((at - self._started_at) * SAMPLE_RATE))

    def _slice(self, start: int, stop: int) -> Audio:
        spoken = self._audio[start:stop]
        silence = np.zeros(stop - start - len(spoken), dtype=np.float32)
        return np.concatenate([spoken, silence])


class NullOutput:
    """An `AudioOutput` that nobody hears: everything is played the moment it comes."""

    name = ""
    latency_s = 0.0
    alive = True
    queued_s = 0.0
    underruns = 0

    def __init__(self) -> None:
        self._played_s = 0.0
        self._first_sample_at: float | None = None
        self._is_silent = True

    def play(self, audio: Audio, sample_rate: int) -> float:
        if self._is_silent and len(audio):
            self._is_silent = False
            self._first_sample_at = time.perf_counter()
        duration_s = len(audio) / sample_rate
        self._played_s += duration_s
        return duration_s

    def end(self) -> None:
        self._is_silent = True

    def flush(self) -> None:
        self._is_silent = True

    @property
    def played_s(self) -> float:
        return self._played_s

    @property
    def first_sample_at(self) -> float | None:
        return self._first_sample_at


class WavOutput(NullOutput):
    """An `AudioOutput` that collects what is played, without gaps, for a file.

    The file has the rate of the first audio played. The player's thread plays; `save` is called
    when it has stopped.
    """

    def __init__(self, path: Path) -> None:
        """
        Raises:
            InputError: no file can be written there; better said before the turn than after it.
        """
        super().__init__()
        require_writable(path)
        self.path = path
        self._rate: int | None = None
        self._pieces: list[Audio] = []
        self._resampler: StreamResampler | None = None

    def play(self, audio: Audio, sample_rate: int) -> float:
        if self._rate is None:
            self._rate = sample_rate
        if self._resampler is None or self._resampler.in_rate != sample_rate:
            self._let_out_rest()
            self._resampler = StreamResampler(sample_rate, self._rate)
        self._pieces.append(self._resampler.feed(np.array(audio, dtype=np.float32)))
        return super().play(audio, sample_rate)

    def end(self) -> None:
        self._let_out_rest()
        super().end()

    @property
    def audio(self) -> Audio:
        """Everything played so far."""
        return np.concatenate(self._pieces) if self._pieces else EMPTY

    @property
    def rate(self) -> int:
        """Samples per second of `audio`."""
        return self._rate or USUAL_RATE

    def save(self) -> None:
        """Write the file.

        Raises:
            InputError: it cannot be written there.
        """
        self._let_out_rest()
        write_wav(self.path, self.audio, self.rate)

    def _let_out_rest(self) -> None:
        if self._resampler is not None:
            self._pieces.append(self._resampler.drain())
            self._resampler = None
