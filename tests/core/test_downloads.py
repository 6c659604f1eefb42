"""How far a download is: bytes, speed, time left."""

from __future__ import annotations

import pytest

from app.core.downloads import DownloadMeter, size, time_left

GB = 1_000_000_000


def test_what_an_earlier_attempt_fetched_is_no_speed() -> None:
    meter = DownloadMeter()
    assert meter.feed("a", 1 * GB, 2 * GB, at=0.0).bytes_per_s == 0
    now = meter.feed("a", 1 * GB + 30_000_000, 2 * GB, at=1.0)
    assert now.bytes_per_s == pytest.approx(30e6)
    assert now.left_s == pytest.approx(970 / 30)
    assert now.line == "1.0 GB of 2.0 GB, 30 MB/s, about 32 s left"


def test_parts_are_added_up() -> None:
    meter = DownloadMeter()
    meter.feed("a", 10, 10, at=0.0)
    both = meter.feed("b", 5, 30, at=0.1)
    assert (both.done_bytes, both.total_bytes) == (15, 40)


def test_a_stall_shows_in_the_speed() -> None:
    meter = DownloadMeter()
    for second in range(10):
        meter.feed("a", second * 1000, 1_000_000, at=float(second))
    stalled = [meter.feed("a", 9000, 1_000_000, at=10.0 + second) for second in range(8)]
    assert stalled[-1].bytes_per_s == 0
    assert stalled[-1].left_s is None


def test_sizes_and_times_as_people_say_them() -> None:
    assert [size(n) for n in (999, 1500, 75_400_000, 2.2e9)] == [
        "999 bytes",
        "1.5 kB",
        "75 MB",
        "2.2 GB",
    ]
    assert [time_left(s) for s in (0.2, 40, 150, 7300)] == ["1 s", "40 s", "2 min", "2 h 2 min"]
