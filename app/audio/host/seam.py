"""Where two recordings of the same sound, one begun during the other, are the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.core.ports import Audio

LEAST_S = 0.02
"""So much of both must be the same sound."""

DIFFERS_ABOVE = 0.5
"""Share of the power in which they may differ. A sound server gives two streams the same samples
(1e-9, measured with PulseAudio); where it resamples each by itself, they lie between each other."""

AS_GOOD = 1e-4
"""Places that differ by no more than this from the best are as good: a hum fits everywhere."""


def find_seam(old: Audio, new: Audio, about: int, rate: int) -> int | None:
    """Where `new` begins in `old`, in samples; `new` may go on behind its end.

    By the least square difference of what overlaps, at every place at once: the cross-correlation
    by a Fourier transform, the powers by running sums. 3 ms for half a second.

    Args:
        about: where the clock says; decides between places that fit as well.

    Returns:
        None when they have nothing in common that can be recognised: silence, or other sounds.
    """
    least = round(LEAST_S * rate)
    places = np.arange(0, len(old) - least + 1)
    if len(new) < least or not len(places):
        return None
    overlaps = np.minimum(len(old) - places, len(new))
    old_power, new_power = _running_power(old), _running_power(new)
    power = old_power[places + overlaps] - old_power[places] + new_power[overlaps]
    audible = power > 1e-6 * (old_power[-1] + new_power[-1])
    if not audible.any():
        return None
    difference = power - 2 * _correlation(old, new)[places]
    differs = np.full(len(places), np.inf)
    np.divide(difference, power, out=differs, where=audible)
    best = differs.min()
    if best > DIFFERS_ABOVE:
        return None
    fitting = places[differs <= best + AS_GOOD]
    return int(fitting[np.argmin(np.abs(fitting - about))])


def _running_power(samples: Audio) -> NDArray[np.float64]:
    """Sum of the squares of the first 0, 1, 2... samples."""
    return np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])


def _correlation(old: Audio, new: Audio) -> NDArray[np.float64]:
    """Of `new` with `old` from each of its samples on."""
    size = 1 << (len(old) + len(new) - 1).bit_length()
    spectrum = np.fft.rfft(old.astype(np.float64), size) * np.conj(
        np.fft.rfft(new.astype(np.float64), size)
    )
    return np.fft.irfft(spectrum, size)[: len(old)]
