"""The figures that sum up a series."""

from __future__ import annotations

import pytest

from app.bench.statistics import Summary, median, percentile


def test_the_median_is_the_middle_and_between_two_middles_their_mean() -> None:
    assert median([9.0]) == 9.0
    assert median([30.0, 10.0, 20.0]) == 20.0
    assert median([40.0, 10.0, 30.0, 20.0]) == 25.0


def test_percentiles_lie_between_two_runs_in_proportion() -> None:
    values = [float(value) for value in range(1, 12)]  # ten steps of 10 % each
    assert percentile(values, 0) == 1.0
    assert percentile(values, 95) == pytest.approx(10.5)
    assert percentile(values, 100) == 11.0


def test_nothing_cannot_be_summed_up() -> None:
    with pytest.raises(ValueError):
        median([])
    with pytest.raises(ValueError):
        Summary.of([])


def test_a_summary_counts_the_fast_runs_and_200_ms_is_not_one() -> None:
    summary = Summary.of([100.0, 150.0, 200.0, 350.0])
    assert summary.runs == 4
    assert summary.average == 200.0
    assert summary.p50 == 175.0
    assert summary.share_under_200_ms == 0.5
