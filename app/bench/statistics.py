"""The few figures that sum up a series of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

FAST_MS = 200.0
"""Below it a reply feels immediate; the share of such runs is reported."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A series in milliseconds, summed up."""

    runs: int
    average: float
    p50: float
    p95: float
    share_under_200_ms: float
    """0 to 1."""

    @classmethod
    def of(cls, values_ms: Sequence[float]) -> Summary:
        """
        Raises:
            ValueError: no values.
        """
        return cls(
            runs=len(values_ms),
            average=sum(values_ms) / len(values_ms) if values_ms else 0.0,
            p50=median(values_ms),
            p95=percentile(values_ms, 95),
            share_under_200_ms=sum(value < FAST_MS for value in values_ms) / len(values_ms),
        )

    def as_data(self) -> Mapping[str, float]:
        return asdict(self)


def median(values: Sequence[float]) -> float:
    """The middle value; of an even number, the mean of the two in the middle.

    Raises:
        ValueError: no values.
    """
    return percentile(values, 50)


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which `percent` of the runs lie, between two runs in proportion.

    With few runs a high percentile is close to the slowest of them, and says no more than that.

    Raises:
        ValueError: no values.
    """
    if not values:
        raise ValueError("there is nothing to sum up")
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
