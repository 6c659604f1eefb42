"""The budgets of SPEC section 3 that this bench can hold a figure against.

Most are taken side by side within one run on one machine, as a ratio of two medians or a
difference of two; what a person feels (start, stalls, silence) is held against milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Unit = Literal["ratio", "ms", "%"]


@dataclass(frozen=True, slots=True)
class Limit:
    """What a span may cost at most."""

    value: float
    unit: Unit
    meaning: str
    """For people: what is held against what."""


LIMITS: Mapping[str, Limit] = {
    "stt_tail": Limit(0.30, "ratio", "tail / transcribe() of the whole utterance"),
    "llm_overhead": Limit(5.0, "ms", "our first token - a bare read of the same request"),
    "ttft_after_pause": Limit(1.10, "ratio", "first token after a pause / without one"),
    "tts_first_audio": Limit(0.30, "ratio", "first PCM / a whole VitsModel call"),
    "tts_flatness": Limit(0.25, "ratio", "first PCM from 20 to 200 characters, off its mean"),
    "voice_to_voice": Limit(0.50, "ratio", "a turn / the same engines one after another"),
    "voice_to_voice_gpu": Limit(200.0, "ms", "key-up to first sound with a GPU, p95"),
    "barge_in": Limit(120.0, "ms", "key-down to silence at the loudspeaker, p95"),
    "window_longest": Limit(50.0, "ms", "longest stall of the window, 500 words a second"),
    "window_p99": Limit(16.0, "ms", "99 of 100 stalls are shorter"),
    "start": Limit(1500.0, "ms", "process start to a usable window, median"),
    "idle": Limit(1.0, "%", "of one core, window open and nothing said"),
    "history_search": Limit(50.0, "ms", "one search in the whole history, p95"),
}


@dataclass(frozen=True, slots=True)
class Budget:
    """A measured figure beside its limit."""

    span: str
    value: float
    basis: str
    """Which engines it was taken with, and what their weights were."""

    @property
    def limit(self) -> Limit:
        return LIMITS[self.span]

    @property
    def met(self) -> bool:
        return self.value <= self.limit.value

    def as_data(self) -> Mapping[str, object]:
        return {
            "span": self.span,
            "value": round(self.value, 4),
            "budget": self.limit.value,
            "met": self.met,
            "unit": self.limit.unit,
            "basis": self.basis,
        }


def worst(ratios: Sequence[float]) -> float:
    """A budget holds for each case: the worst of them is the figure."""
    return max(ratios)


def flatness(values: Sequence[float]) -> float:
    """How far, as a share of their mean, the value farthest from the mean lies off it."""
    mean = sum(values) / len(values)
    return max(abs(value - mean) for value in values) / mean
