"""The few figures that sum up a series of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from app.core import figures


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
            share_under_200_ms=sum(value < figures.FAST_MS for value in values_ms) / len(values_ms),
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
    return figures.percentile(sorted(values), percent)
