"""Voice activity by loudness against a noise floor: the stand-in until Silero is loaded."""

from __future__ import annotations

import math

import numpy as np

from app.core.ports import SAMPLE_RATE, Audio, Engine, Stage

FRAME_SAMPLES = 512
"""32 ms at 16 kHz: Silero's frame, so that either can serve an utterance."""

BAND_HZ = (200.0, 3800.0)
"""Where speech has its energy: hum and rumble below, hiss above do not count."""

QUIETEST_DB = -65.0
"""The floor never sinks below this, or digital silence would make a whisper of dither speech."""

FIRST_FLOOR_DB = -50.0
"""Highest floor an utterance starts with: it may begin in the middle of a word."""

RISE_DB_PER_FRAME = 0.16
"""5 dB per second: a fan that starts is taken for noise within seconds, a sentence is not,
because the gaps between its syllables pull the floor down again at once."""

SPEECH_ABOVE_FLOOR_DB = 12.0
"""Loudness over the floor at which speech and noise are equally likely."""

SLOPE_DB = 2.5
"""How many decibels move the odds by a factor of e."""


class EnergyVad:
    """Noise floor of one utterance. Used by one thread; nothing to load."""

    def __init__(self) -> None:
        frequencies = np.fft.rfftfreq(FRAME_SAMPLES, 1 / SAMPLE_RATE)
        self._band = (frequencies >= BAND_HZ[0]) & (frequencies <= BAND_HZ[1])
        self._window = np.hanning(FRAME_SAMPLES).astype(np.float32)
        self._scale = 2.0 / (FRAME_SAMPLES * float(np.sum(self._window**2)))
        self._floor_db: float | None = None

    @property
    def engine(self) -> Engine:
        return Engine(Stage.VAD, "energy", "", stand_in=True)

    @property
    def frame_samples(self) -> int:
        return FRAME_SAMPLES

    def load(self) -> None:
        """Nothing to load."""

    def close(self) -> None:
        """Nothing to drop."""

    def probability(self, frame: Audio) -> float:
        """Speech probability of the next 32 ms, 0 to 1."""
        level_db = self._level_db(frame)
        if self._floor_db is None:
            self._floor_db = min(level_db, FIRST_FLOOR_DB)
        self._floor_db = max(QUIETEST_DB, min(level_db, self._floor_db + RISE_DB_PER_FRAME))
        return 1.0 / (
            1.0 + math.exp((SPEECH_ABOVE_FLOOR_DB - (level_db - self._floor_db)) / SLOPE_DB)
        )

    def reset(self) -> None:
        self._floor_db = None

    def _level_db(self, frame: Audio) -> float:
        """Power in the speech band, dB relative to a full-scale square wave."""
        spectrum = np.abs(np.fft.rfft(frame * self._window)) ** 2
        power = float(np.sum(spectrum[self._band])) * self._scale
        return 10.0 * math.log10(power + 1e-12)
