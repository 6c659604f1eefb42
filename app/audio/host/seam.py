"""Where two recordings of the same sound, one begun during the other, are the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.core.ports import Audio

LEAST_S = 0.04
"""So much of both must be the same sound, wherever the seam is: several periods of a voice."""

WITHIN_S = 0.06
"""How far from where the clock says. Measured with PulseAudio on a busy machine: -14 to 21 ms. A
vowel or a hum is much like itself one period earlier; nothing may be looked for far away."""

DIFFERS_ABOVE = 0.5
"""Share of the power in which they may differ. A sound server gives two streams the same samples
(1e-9, measured with PulseAudio); where it resamples each by itself, they lie between each other."""

AS_GOOD = 1e-4
"""Places that differ by no more than this from the best are as good: a hum fits in many."""


def find_seam(old: Audio, new: Audio, about: int, rate: int) -> int | None:
    """Where `new` begins in `old`, in samples; `new` may go on behind its end.

    By the least square difference of what overlaps, at every place at once: the cross-correlation
    by a Fourier transform, the powers by running sums.

    Args:
        about: where the clock says.

    Returns:
        None when nothing that they have in common can be recognised: silence, or other sounds.
    """
    least, within = round(LEAST_S * rate), round(WITHIN_S * rate)
    last = min(about + within, len(old) - least)
    places = np.arange(max(0, about - within), last + 1)
    if len(new) < least or not len(places):
        return None
    # a microphone's constant offset would fit everywhere
    old_sound, new_sound = old - old.mean(dtype=np.float64), new - new.mean(dtype=np.float64)
    overlaps = np.minimum(len(old) - places, len(new))
    old_power, new_power = _running_power(old_sound), _running_power(new_sound)
    power = old_power[places + overlaps] - old_power[places] + new_power[overlaps]
    audible = power > 1e-6 * (old_power[-1] + new_power[-1])
    if not audible.any():
        return None
    difference = power - 2 * _correlation(old_sound, new_sound)[places]
    differs = np.full(len(places), np.inf)
    np.divide(difference, power, out=differs, where=audible)
    best = differs.min()
    if best > DIFFERS_ABOVE:
        return None
    fitting = places[differs <= best + AS_GOOD]
    return int(fitting[np.argmin(np.abs(fitting - about))])


def _running_power(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of the squares of the first 0, 1, 2... samples."""
    return np.concatenate([[0.0], np.cumsum(np.square(samples))])


def _correlation(old: NDArray[np.float64], new: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of `new` with `old` from each of its samples on."""
    size = 1 << (len(old) + len(new) - 1).bit_length()
    spectrum = np.fft.rfft(old, size) * np.conj(np.fft.rfft(new, size))
    return np.fft.irfft(spectrum, size)[: len(old)]
