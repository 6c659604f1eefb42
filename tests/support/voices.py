"""A voice made of pulses and resonances: enough for a voice detector, the same every time."""

from __future__ import annotations

import numpy as np

from app.core.ports import SAMPLE_RATE, Audio

VOWELS = {
    "a": (730, 1090, 2440),
    "e": (530, 1840, 2480),
    "i": (270, 2290, 3010),
    "o": (570, 840, 2410),
    "u": (300, 870, 2240),
}
"""Frequencies of the first three formants, Hz (Peterson and Barney, men)."""

BANDWIDTHS = (80, 100, 120)
"""Of the formants, Hz."""

VOWEL_S = 0.2
GAP_S = 0.03
SILENCE_S = 0.2


def say(vowels: str, pitch_hz: float) -> Audio:
    """A string of vowels with a little silence at both ends."""
    pause = np.zeros(round(SILENCE_S * SAMPLE_RATE))
    gap = np.zeros(round(GAP_S * SAMPLE_RATE))
    pieces = [pause]
    for vowel in vowels:
        pieces += [_vowel(vowel, pitch_hz), gap]
    return np.concatenate([*pieces, pause]).astype(np.float32)


def _vowel(vowel: str, pitch_hz: float) -> np.ndarray:
    seconds = np.arange(round(VOWEL_S * SAMPLE_RATE)) / SAMPLE_RATE
    # A steady pitch is a buzzer to a voice detector; a voice wanders.
    pitch = pitch_hz * (1 + 0.15 * np.sin(2 * np.pi * 2.5 * seconds) - 0.1 * seconds)
    sound = np.diff(np.floor(np.cumsum(pitch / SAMPLE_RATE)), prepend=0.0)
    for frequency, bandwidth in zip(VOWELS[vowel], BANDWIDTHS, strict=True):
        sound = _resonate(sound, frequency, bandwidth)
    sound *= np.sqrt(np.hanning(len(sound)))
    return 0.4 * sound / np.abs(sound).max()


def _resonate(sound: np.ndarray, frequency: float, bandwidth: float) -> np.ndarray:
    radius = np.exp(-np.pi * bandwidth / SAMPLE_RATE)
    first = 2 * radius * np.cos(2 * np.pi * frequency / SAMPLE_RATE)
    second = -radius * radius
    out = np.zeros_like(sound)
    before, earlier = 0.0, 0.0
    for index, value in enumerate(sound):
        before, earlier = value + first * before + second * earlier, before
        out[index] = before
    return out
