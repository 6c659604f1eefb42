"""The silence between clauses.

Clauses are spoken one by one and played back to back. What separates them should be what their
punctuation asks for, but every voice leaves silence of its own: eSpeak NG begins up to 50 ms
after the first sample and ends 7 ms after the last sound (measured); a VITS voice begins and ends
with as much as it has learned. So the silence at both ends of a clause is measured on its samples
and made as long as it should be. Before the first word it only kept the user waiting.
"""

from __future__ import annotations

import numpy as np

from app.core.ports import Audio

AFTER_NOTHING_S = 0.06
"""A breath in the middle of a sentence."""
AFTER_COMMA_S = 0.12
AFTER_COLON_S = 0.2
AFTER_SENTENCE_S = 0.28
AFTER_LINE_S = 0.35
AFTER_PARAGRAPH_S = 0.45
"""A little less than what eSpeak NG leaves inside one text at 175 words a minute (comma 150 ms,
colon and dash 230, sentence 300, paragraph 530, measured): a dialogue is brisker than a book."""

QUIET = 0.004
"""Samples up to this (-48 dB) are silence: breath noise lies below, the softest sound that ends
or begins a word ("half", "path", "his") above, to within 2 ms (measured with eSpeak NG)."""

ONSET_S = 0.005
"""Of the silence before a sound this much is kept, since a sound begins before it is loud."""

LONGEST_ONSET_S = 0.5
"""A voice that begins more softly than that is let through."""

_SENTENCE_ENDS = ".!?…。！？｡।॥؟۔։"
_COLONS = ":;–—：；؛"
_COMMAS = ",、，،-"
_CLOSERS = "\"'”’»›)]}）」』】》〉*_`~ \u00a0\u202f"


def gap_after(text: str) -> float:
    """Seconds of silence that belong between this clause, as shown, and the next."""
    core = text.rstrip()
    lines = text[len(core) :].count("\n")
    if lines > 1:
        return AFTER_PARAGRAPH_S
    last = core.rstrip(_CLOSERS)[-1:]
    if lines:
        return AFTER_LINE_S
    if last and last in _SENTENCE_ENDS:
        return AFTER_SENTENCE_S
    if last and last in _COLONS:
        return AFTER_COLON_S
    if last and last in _COMMAS:
        return AFTER_COMMA_S
    return AFTER_NOTHING_S


class Gaps:
    """Sets the gaps of one reply. Used by the player's thread.

    Silence at the end of a clause is let out up to the gap that is wanted; what is longer waits
    until it is known whether the clause goes on after it.
    """

    def __init__(self) -> None:
        self._wanted_s = 0.0  # after the present clause
        self._owed_s = 0.0  # before the next sound
        self._quiet_s: float | None = None  # let out since the last sound; None before any
        self._held: list[Audio] = []
        self._in_onset = True
        self._onset_s = 0.0  # taken off the present clause

    def begin(self, text: str) -> None:
        """The samples that follow are of this clause."""
        if self._quiet_s is not None:
            self._owed_s = max(self._owed_s, self._wanted_s - self._quiet_s)
        self._held.clear()
        self._wanted_s = gap_after(text)
        self._in_onset = True
        self._onset_s = 0.0

    def owed(self, sample_rate: int) -> Audio:
        """Silence to play before the clause that was begun; once."""
        owed_s, self._owed_s = self._owed_s, 0.0
        return np.zeros(round(owed_s * sample_rate), dtype=np.float32)

    def feed(self, audio: Audio, sample_rate: int) -> Audio:
        """What to play of these samples of the clause, and of those before."""
        loud = np.flatnonzero(np.abs(audio) > QUIET)
        if not len(loud):
            trim = self._onset if self._in_onset else self._pause
            return trim(audio, sample_rate)
        first, end = int(loud[0]), int(loud[-1]) + 1
        if self._in_onset:
            before = [self._onset(audio[:first], sample_rate), *self._held]
        else:
            before = [*self._held, audio[:first]]
        self._held.clear()
        self._in_onset = False
        self._quiet_s = 0.0
        return np.concatenate([*before, audio[first:end], self._pause(audio[end:], sample_rate)])

    def _onset(self, silence: Audio, sample_rate: int) -> Audio:
        """What is let through of silence before a clause: none, unless there is a lot of it."""
        waiting = np.concatenate([*self._held, silence])
        at = max(0, len(waiting) - round(ONSET_S * sample_rate))
        may_go = max(0, round((LONGEST_ONSET_S - self._onset_s) * sample_rate))
        taken_off = min(at, may_go)
        self._onset_s += taken_off / sample_rate
        self._held = [waiting[at:]]
        return waiting[taken_off:at]

    def _pause(self, silence: Audio, sample_rate: int) -> Audio:
        """As much of the silence after a sound as belongs there in any case."""
        quiet_s = self._quiet_s or 0.0
        room = max(0, round((self._wanted_s - quiet_s) * sample_rate))
        let_out, held = silence[:room], silence[room:]
        if len(held):
            self._held.append(held)
        self._quiet_s = quiet_s + len(let_out) / sample_rate
        return let_out
