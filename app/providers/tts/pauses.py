"""The breath after a clause.

Clauses are spoken one by one and played back to back; neither engine adds the pause that
their punctuation asks for (eSpeak NG ends 8 ms after the last sound, measured; the MMS
vocabularies hold no punctuation).
"""

from __future__ import annotations

import numpy as np

from app.core.ports import Audio

_AFTER_A_SENTENCE_S = 0.25
_AFTER_A_PHRASE_S = 0.12
_SENTENCE_ENDS = ".!?…。！？।॥؟۔"
_CLOSERS = "\"'”’»)] "


def pause_after(text: str, sample_rate: int) -> Audio:
    """Silence to play after this clause."""
    last = text.rstrip(_CLOSERS)[-1:]
    pause_s = _AFTER_A_SENTENCE_S if last and last in _SENTENCE_ENDS else _AFTER_A_PHRASE_S
    return np.zeros(round(pause_s * sample_rate), dtype=np.float32)
