from __future__ import annotations

import numpy as np

from app.audio.chime import CHIME_RATE, NOTES, PEAK, chime


def test_it_begins_and_ends_in_silence_and_does_not_clip() -> None:
    sound = chime()
    assert sound.dtype == np.float32
    assert abs(sound[0]) < 1e-3
    assert abs(sound[-1]) < 1e-3
    assert np.abs(sound).max() <= PEAK + 1e-6
    assert np.abs(np.diff(sound)).max() < 0.1, "no click"


def test_both_notes_sound() -> None:
    sound = chime()
    spectrum = np.abs(np.fft.rfft(sound))
    for _, pitch in NOTES:
        at = round(pitch * len(sound) / CHIME_RATE)
        assert spectrum[at - 3 : at + 4].max() > 20 * np.median(spectrum)
