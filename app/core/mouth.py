"""The shape of a mouth from the sound of a voice.

No phonemes are recognised. Two measures of the spectrum follow what the jaw and the lips do: the
first formant rises as the jaw opens, and the second falls as the lips are rounded. Hissing
consonants lie above both and are made with the teeth nearly closed. Voices and recordings differ
in how bright they are altogether, by more than their vowels do, so both are taken against what is
usual for this voice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.core.ports import Audio

WINDOW_S = 0.032
"""Long enough for one period of the lowest voices, shorter than a syllable."""

STEP_S = 0.020
"""A shape is measured this often: 50 a second."""

FULL_RANGE_DB = 26.0
"""From a mouth that begins to open to one that is as open as the sound allows."""

LOUD_DB = -6.0
"""Below the loudest of the last seconds, from which a voice counts as fully loud."""

USUAL_RMS = 0.08
"""What the loudest sounds of a voice are taken for until one is louder (-22 dB)."""

LEAST_RMS = 0.004
"""Softer windows are silence (-48 dB)."""

FALL_PER_STEP = 0.5 ** (STEP_S / 3.0)
"""The loudest counts half after 3 s, so that a voice that grows soft still moves its mouth."""

# Bands, Hz. Close vowels have their first formant in the lowest, open vowels in the second; the
# third holds the second formant of front vowels, the last is hiss (Peterson and Barney 1952).
_LOW, _MIDDLE, _HIGH, _HISS = (80.0, 400.0), (400.0, 1200.0), (1200.0, 3400.0), (3400.0, 8000.0)

_LIPS = (350.0, 3400.0)
"""Where the spectrum's centre tells of the lips, Hz."""

_LIPS_OCTAVES = np.log2((650.0, 950.0, 1700.0))
_LIPS_WIDE = (0.0, 0.5, 1.0)
"""Centres of o and u, of a, and of i, measured with three voices, and how wide lips are then."""

_JAW_DB = (-9.0, 8.0)
"""Middle band against the lowest, about what is usual: for a jaw that is up, and one that is
down."""

_USUAL_JAW_DB = 0.0
_USUAL_LIPS = float(_LIPS_OCTAVES[1])
_MOST_JAW_DB, _MOST_LIPS = 14.0, 0.4
"""How far what is usual for a voice may be from this (dB, octaves); 12 recordings of 10 voices lay
up to 15 dB apart."""

LEARNED_IN_S = 1.0
"""Of loud voice; what is usual for it is known by then."""

_TINY = 1e-9

_Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class MouthShape:
    """A mouth, both measures from 0 to 1."""

    open: float
    """0 is closed."""
    wide: float
    """0 is rounded as for "oo", 0.5 at rest, 1 spread as for "ee"."""


CLOSED = MouthShape(open=0.0, wide=0.5)


class MouthReader:
    """Reads one voice's samples as they come. Used by one thread.

    However the samples are cut, the shapes are the same; the last window of a piece waits for the
    next one.
    """

    def __init__(self, sample_rate: int, starts_at_s: float = 0.0) -> None:
        """
        Args:
            starts_at_s: time of the first sample, on the axis of the shapes that are read.
        """
        self.sample_rate = sample_rate
        self._window = round(WINDOW_S * sample_rate)
        self._step = round(STEP_S * sample_rate)
        self._taper = np.hanning(self._window).astype(np.float32)
        frequencies = np.fft.rfftfreq(self._window, 1 / sample_rate)
        self._bands = [slice(*np.searchsorted(frequencies, band)) for band in _BANDS]
        self._octaves = np.log2(frequencies[self._bands[-1]])
        self._rest: Audio = np.zeros(0, dtype=np.float32)
        self._next_at_s = starts_at_s + self._window / sample_rate / 2
        self._loudest = USUAL_RMS
        self._jaw_db = _USUAL_JAW_DB
        self._lips = _USUAL_LIPS

    def feed(self, audio: Audio) -> list[tuple[float, MouthShape]]:
        """Shapes of the windows that are whole now, each with the time of its middle."""
        waiting = np.concatenate([self._rest, audio])
        count = max(0, (len(waiting) - self._window) // self._step + 1)
        self._rest = waiting[count * self._step :]
        if not count:
            return []
        windows = np.lib.stride_tricks.sliding_window_view(waiting, self._window)[:: self._step]
        shapes = self._read(windows[:count])
        began_at_s = self._next_at_s
        step_s = self._step / self.sample_rate
        self._next_at_s += count * step_s
        return [(began_at_s + index * step_s, shape) for index, shape in enumerate(shapes)]

    def _read(self, windows: Audio) -> list[MouthShape]:
        """
        Args:
            windows: (count, samples of a window).
        """
        rms = np.sqrt(np.mean(windows * windows, axis=1))
        magnitude = np.abs(np.fft.rfft(windows * self._taper, axis=1))
        power = magnitude * magnitude
        low, middle, high, hiss = (power[:, b].sum(axis=1) + _TINY for b in self._bands[:-1])
        lips = magnitude[:, self._bands[-1]]
        centre = (lips * self._octaves).sum(axis=1) / (lips.sum(axis=1) + _TINY)
        measures = (
            rms,
            _decibels(middle / low),
            centre,
            _decibels(low / high),
            _decibels(hiss / (low + middle + high)),
        )
        return [self._shape(*measured) for measured in np.stack(measures, axis=1).tolist()]

    def _shape(
        self, rms: float, jaw_db: float, lips: float, hum_db: float, hiss_db: float
    ) -> MouthShape:
        """
        Args:
            jaw_db: middle band against the lowest.
            lips: the spectrum's centre, octaves (log2 of Hz).
            hum_db: lowest band against the third: a nasal has little above it.
            hiss_db: highest band against all others: a hiss has little below it.
        """
        self._loudest = max(rms, self._loudest * FALL_PER_STEP, LEAST_RMS)
        if rms < LEAST_RMS:
            return CLOSED
        below_db = 20 * math.log10(rms / self._loudest) - LOUD_DB
        loud = min(1.0, max(0.0, 1 + below_db / FULL_RANGE_DB))
        hissing = _ramp(hiss_db, -8.0, 3.0)
        learned = loud * (1 - hissing) * STEP_S / LEARNED_IN_S
        self._jaw_db += learned * (_near(jaw_db, _USUAL_JAW_DB, _MOST_JAW_DB) - self._jaw_db)
        self._lips += learned * (_near(lips, _USUAL_LIPS, _MOST_LIPS) - self._lips)
        jaw = _ramp(jaw_db - self._jaw_db, *_JAW_DB)
        humming = _ramp(hum_db + self._jaw_db, 14.0, 22.0)
        dropped = (0.3 + 0.7 * jaw) * (1 - 0.5 * humming) * (1 - 0.75 * hissing)
        wide = float(np.interp(lips - self._lips + _USUAL_LIPS, _LIPS_OCTAVES, _LIPS_WIDE))
        return MouthShape(
            open=loud * dropped,
            # Soft sounds say little about the lips, which are on their way back to rest.
            wide=0.5 + (wide - 0.5) * min(1.0, 2 * loud),
        )


_BANDS = (_LOW, _MIDDLE, _HIGH, _HISS, _LIPS)


def _decibels(ratio: _Floats) -> _Floats:
    return 10 * np.log10(ratio)


def _ramp(value: float, start: float, end: float) -> float:
    """0 up to `start`, 1 from `end` on."""
    return min(1.0, max(0.0, (value - start) / (end - start)))


def _near(value: float, usual: float, most: float) -> float:
    return min(usual + most, max(usual - most, value))
