"""How long Parley lets its user wait, over many turns: the last hour and all time.

A wait is voice to voice: from the moment the key came up to the first sound of the reply. Typed
questions have none. Pure: no clock, no file; `app.core.slow_turns` says why a turn was slow,
history adds up what is on the disk.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

SPAN = "voice_to_voice"
"""The span of `app.core.latency` that is summed up here."""

FAST_MS = 200.0
"""Below it an answer feels immediate."""
SPIKE_MS = 400.0
"""Above it the wait is noticed; each such turn is kept with its cause."""

HOUR_S = 3600.0

SHOWN_SPIKES = 20
"""Spikes that are listed one by one, the newest first."""

KEPT_WAITS = 10_000
"""Turns of one run that are remembered where no history keeps them; a month of talking."""


class Cause(StrEnum):
    """Why a turn was slow; the words are kept in the history."""

    COLD = "cold model"
    """A model was being loaded, or was used for the first time."""
    FALL_BACK = "fall-back"
    """An engine failed or did not answer, and another one had to step in."""
    QUEUE = "queue"
    """The engine was still busy with something else."""
    BUSY = "busy computer"
    """Other programs used the processors."""
    UNDERRUN = "underrun"
    """The voice was made slower than it is spoken: the loudspeaker ran dry."""
    TRANSCRIPTION = "speech to text"
    """Nothing of the above; this took the longest."""
    MODEL = "language model"
    VOICE = "voice"
    LOUDSPEAKER = "loudspeaker"


@dataclass(frozen=True, slots=True)
class Wait:
    """One turn."""

    started_at: float
    """Unix time, seconds."""
    ms: float
    cause: str = ""
    """One of `Cause`'s words, when it is a spike and the cause is known."""

    @property
    def is_spike(self) -> bool:
        return self.ms > SPIKE_MS


@dataclass(frozen=True, slots=True)
class Figures:
    """Many waits, summed up. Without turns every figure is 0."""

    turns: int = 0
    since: float = 0.0
    """When the oldest of them began, Unix time in seconds."""
    average_ms: float = 0.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    share_fast: float = 0.0
    """Share of the turns below `FAST_MS`, 0 to 1."""
    spikes: Mapping[str, int] = field(default_factory=dict)
    """How many turns were above `SPIKE_MS`, by cause, the most frequent first."""

    @property
    def slow_turns(self) -> int:
        return sum(self.spikes.values())


@dataclass(frozen=True, slots=True)
class RollingFigures:
    """What the window shows."""

    last_hour: Figures
    all_time: Figures
    recent_spikes: tuple[Wait, ...] = ()
    """The newest spikes, newest first, `SHOWN_SPIKES` at most."""
    from_history: bool = True
    """False when `all_time` knows only the turns since Parley started."""


def summed_up(waits: Sequence[Wait]) -> Figures:
    """The figures of these turns."""
    if not waits:
        return Figures()
    ordered = sorted(wait.ms for wait in waits)
    return Figures(
        turns=len(ordered),
        since=min(wait.started_at for wait in waits),
        average_ms=sum(ordered) / len(ordered),
        p50_ms=percentile(ordered, 50),
        p95_ms=percentile(ordered, 95),
        share_fast=sum(ms < FAST_MS for ms in ordered) / len(ordered),
        spikes=by_frequency(Counter(wait.cause for wait in waits if wait.is_spike)),
    )


def by_frequency(counts: Mapping[str, int]) -> dict[str, int]:
    """The causes, the most frequent first; the order of the names among equals."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The value below which `percent` of the ordered values lie, between two in proportion."""
    below, above, part = percentile_places(len(ordered), percent)
    return ordered[below] + (ordered[above] - ordered[below]) * part


def percentile_places(count: int, percent: float) -> tuple[int, int, float]:
    """Which two of `count` ordered values a percentile lies between, and how far (0 to 1)."""
    place = (count - 1) * percent / 100
    below = int(place)
    return below, min(below + 1, count - 1), place - below


class SessionWaits:
    """The waits of this run, for when no history knows more. Owned by one thread."""

    def __init__(self) -> None:
        self._waits: deque[Wait] = deque(maxlen=KEPT_WAITS)

    def add(self, wait: Wait) -> None:
        self._waits.append(wait)

    def figures(self, now: float) -> RollingFigures:
        """The figures at this Unix time."""
        waits = list(self._waits)
        return RollingFigures(
            last_hour=summed_up([w for w in waits if now - HOUR_S <= w.started_at <= now]),
            all_time=summed_up(waits),
            recent_spikes=newest_spikes(waits),
            from_history=False,
        )


def newest_spikes(waits: Iterable[Wait]) -> tuple[Wait, ...]:
    """The newest spikes, newest first, `SHOWN_SPIKES` at most."""
    spikes = [wait for wait in waits if wait.is_spike]
    spikes.sort(key=lambda wait: wait.started_at, reverse=True)
    return tuple(spikes[:SHOWN_SPIKES])
