"""Sounds to play and ways to find them again in a recording."""

from __future__ import annotations

import numpy as np

from app.core.ports import Audio


def babble(seconds: float, rate: int, seed: int = 1) -> Audio:
    """Noise between 300 and 3,400 Hz, as sharp to correlate as speech; the same sound at every
    rate that can hold it."""
    count = round(seconds * rate)
    first, last = round(300 * seconds), round(3400 * seconds)
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, last - first)
    spectrum = np.zeros(count // 2 + 1, dtype=np.complex128)
    spectrum[first:last] = np.exp(1j * phases)
    noise = np.fft.irfft(spectrum, count) * count
    return (0.15 * noise / np.sqrt(2 * len(phases))).astype(np.float32)


def tone(seconds: float, rate: int, pitch: float = 440.0) -> Audio:
    return (0.5 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)).astype(
        np.float32
    )


def find(needle: Audio, haystack: Audio) -> int:
    """Where `needle` lies in `haystack`, in samples, by cross-correlation."""
    size = 1 << (len(needle) + len(haystack)).bit_length()
    product = np.fft.rfft(haystack, size) * np.conj(np.fft.rfft(needle, size))
    return int(np.argmax(np.fft.irfft(product, size)[: len(haystack)]))


def likeness(one: Audio, other: Audio) -> float:
    """Normalised correlation, 1 for the same sound at any loudness."""
    count = min(len(one), len(other))
    one, other = one[:count].astype(np.float64), other[:count].astype(np.float64)
    power = np.sqrt((one @ one) * (other @ other))
    return float(one @ other / power) if power else 0.0


def worst_likeness(needle: Audio, haystack: Audio, rate: int, window_s: float = 0.05) -> float:
    """The likeness of the worst piece of `needle` where it lies in `haystack`.

    A gap, a loss or a repetition anywhere makes it small, since what follows is displaced.
    """
    at = find(needle, haystack)
    window = round(window_s * rate)
    return min(
        likeness(needle[i : i + window], haystack[at + i : at + i + window])
        for i in range(0, len(needle) - window, window)
    )
