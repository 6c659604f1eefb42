"""The sound a timer makes when it is over."""

from __future__ import annotations

import numpy as np

from app.core.ports import Audio

CHIME_RATE = 48_000
"""Samples per second of `chime()`."""

NOTES = ((0.0, 659.26), (0.16, 880.0))
"""(seconds from the start, Hz): E5, then A5, a rising fourth."""

LENGTH_S = 1.1
PEAK = 0.35
"""Clearly audible beside speech, which peaks near 1, without startling."""


def chime() -> Audio:
    """Two struck notes that ring out, mono at `CHIME_RATE`."""
    seconds = np.arange(round(LENGTH_S * CHIME_RATE)) / CHIME_RATE
    sound = np.zeros_like(seconds)
    for starts_at, pitch in NOTES:
        since = np.maximum(seconds - starts_at, 0.0)
        # a bell's overtones die before its fundamental
        note = (
            np.sin(2 * np.pi * pitch * since) * np.exp(-4.5 * since)
            + 0.35 * np.sin(2 * np.pi * 2 * pitch * since) * np.exp(-8.0 * since)
            + 0.12 * np.sin(2 * np.pi * 3 * pitch * since) * np.exp(-14.0 * since)
        )
        sound += note * np.minimum(since / 0.006, 1.0)  # 6 ms of attack: no click
    sound *= PEAK / np.abs(sound).max()
    sound *= np.minimum((LENGTH_S - seconds) / 0.05, 1.0)
    return sound.astype(np.float32)
