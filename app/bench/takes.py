"""Recordings as they are spoken into a turn: where the voice ends, and when the key comes up."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.audio.files import WavInput
from app.audio.format import read_speech, write_wav
from app.core.ports import SAMPLE_RATE, Audio
from app.errors import InputError

FRAME_S = 0.01

VOICED_SHARE = 0.05
"""Of the level of the loudest frame: what lies below (-26 dB) is breath, room and hiss."""


def last_voiced(audio: Audio) -> int:
    """The sample behind the last one that is clearly voice, to within a frame of 10 ms.

    Raises:
        InputError: there is no sound at all.
    """
    size = round(FRAME_S * SAMPLE_RATE)
    whole = np.pad(audio, (0, -len(audio) % size)).reshape(-1, size)
    levels = np.sqrt(np.mean(whole.astype(np.float64) ** 2, axis=1))
    if not levels.any():
        raise InputError("The recording is silent.", "Give one with speech in it.")
    voiced = np.flatnonzero(levels >= VOICED_SHARE * levels.max())
    return min(len(audio), (int(voiced[-1]) + 1) * size)


def released(audio: Audio, after_ms: int) -> Audio:
    """The recording up to key-up, `after_ms` after its last voiced sample."""
    ends = last_voiced(audio) + round(after_ms / 1000 * SAMPLE_RATE)
    return np.pad(audio[:ends], (0, max(0, ends - len(audio))))


class Take:
    """One recording with one moment of key-up, as a file that plays like a microphone."""

    def __init__(self, recording: Path, after_ms: int, folder: Path) -> None:
        """
        Args:
            folder: where the cut recording is put.

        Raises:
            InputError: it cannot be read, or is silent.
        """
        self.audio = released(read_speech(recording), after_ms)
        path = folder / f"{recording.stem}-{after_ms}.wav"
        write_wav(path, self.audio, SAMPLE_RATE)
        self.input = WavInput(path)


class Microphone:
    """An `AudioInput` that plays one take after another.

    `insert` belongs to the main thread and comes between turns, the rest to the listener's.
    """

    def __init__(self, take: Take) -> None:
        self._input = take.input

    def insert(self, take: Take) -> None:
        """The next turn hears this one."""
        self._input = take.input

    @property
    def name(self) -> str:
        return self._input.name

    @property
    def latency_s(self) -> float:
        return self._input.latency_s

    @property
    def alive(self) -> bool:
        return self._input.alive

    @property
    def muted(self) -> bool:
        return self._input.muted

    @property
    def arrived_until(self) -> float:
        return self._input.arrived_until

    @property
    def level(self) -> float:
        return self._input.level

    def seek(self, since: float) -> None:
        self._input.seek(since)

    def read(self, until: float | None = None) -> Audio:
        return self._input.read(until)

    def drain(self) -> Audio:
        return self._input.drain()
