"""Is this sound in that recording?"""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray


def correlation(
    needle: NDArray[np.float32], needle_rate: int, hay: NDArray[np.float32], hay_rate: int
) -> float:
    """The best normalised cross-correlation of `needle` anywhere in `hay`: 1 is identical.

    The common convolution-by-FFT form; each window of `hay` is normalised by its own energy.
    """
    needle = soxr.resample(needle, needle_rate, hay_rate)
    needle = needle - needle.mean()
    if len(needle) > len(hay):
        return 0.0
    size = 1 << (len(hay) + len(needle) - 1).bit_length()
    spectrum = np.fft.rfft(hay, size) * np.conj(np.fft.rfft(needle, size))
    products = np.fft.irfft(spectrum, size)[: len(hay) - len(needle) + 1]
    energy = np.concatenate([[0.0], np.cumsum(hay.astype(np.float64) ** 2)])
    windows = energy[len(needle) :] - energy[: -len(needle)]
    needle_energy = float((needle.astype(np.float64) ** 2).sum())
    loud_enough = windows > 0.01 * needle_energy
    if not loud_enough.any():
        return 0.0
    scores = products[loud_enough] / np.sqrt(windows[loud_enough] * needle_energy)
    return float(scores.max())


def share_found(
    needle: NDArray[np.float32],
    needle_rate: int,
    hay: NDArray[np.float32],
    hay_rate: int,
    piece_s: float = 0.2,
) -> float:
    """Which share of the voiced pieces of `needle` is in `hay`, each at a correlation over 0.9.

    In pieces, because on a busy machine a virtual device may stall for a moment in the middle of
    a sentence: what follows is then later, and still all there.
    """
    needle = soxr.resample(needle, needle_rate, hay_rate)
    size = int(piece_s * hay_rate)
    pieces = [needle[i : i + size] for i in range(0, len(needle) - size, size)]
    loudest = max(float(np.abs(piece).mean()) for piece in pieces)
    voiced = [piece for piece in pieces if float(np.abs(piece).mean()) > 0.2 * loudest]
    found = [correlation(piece, hay_rate, hay, hay_rate) > 0.9 for piece in voiced]
    return sum(found) / len(found)


def last_sound_s(samples: NDArray[np.float32], rate: int, threshold: float = 0.01) -> float:
    """Seconds from the start to the last sample louder than `threshold`."""
    loud = np.flatnonzero(np.abs(samples) > threshold)
    return float(loud[-1] + 1) / rate if len(loud) else 0.0
