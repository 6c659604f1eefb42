"""What other programs use of the processors."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from app.workers import cpu
from app.workers.cpu import CpuMeter

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc/stat is Linux's")

TICKS = os.sysconf("SC_CLK_TCK")


def write(stat: Path, *, busy_s: float, idle_s: float) -> None:
    busy, idle = round(busy_s * TICKS), round(idle_s * TICKS)
    stat.write_text(f"cpu  {busy} 0 0 {idle} 999 0 0 0 777 0\ncpu0 1 2 3 4\n", encoding="ascii")


@pytest.fixture
def moments(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock and this process's own processor time, both to be set."""
    now = [100.0, 0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "process_time", lambda: now[1])
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    return now


def test_the_share_of_others_is_what_was_used_less_our_own(
    tmp_path: Path, moments: list[float]
) -> None:
    stat = tmp_path / "stat"
    write(stat, busy_s=1000.0, idle_s=5000.0)
    meter = CpuMeter(stat)
    assert meter.others_share() is None, "there is nothing to compare with"
    moments[:] = [105.0, 2.0]  # 5 s on 4 processors, of which we used 2 s
    write(stat, busy_s=1012.0, idle_s=5008.0)
    assert meter.others_share() == pytest.approx(0.5)
    moments[:] = [110.0, 12.0]
    write(stat, busy_s=1022.0, idle_s=5018.0)
    assert meter.others_share() == 0.0, "all of it was ours"


def test_what_was_before_a_restart_does_not_count(tmp_path: Path, moments: list[float]) -> None:
    stat = tmp_path / "stat"
    write(stat, busy_s=1000.0, idle_s=0.0)
    meter = CpuMeter(stat)
    meter.restart()
    moments[0] += 5.0
    write(stat, busy_s=1020.0, idle_s=0.0)
    meter.restart()
    moments[0] += 5.0
    assert meter.others_share() == 0.0


def test_too_short_a_time_says_nothing(tmp_path: Path, moments: list[float]) -> None:
    stat = tmp_path / "stat"
    write(stat, busy_s=1000.0, idle_s=0.0)
    meter = CpuMeter(stat)
    meter.restart()
    moments[0] += cpu.SHORTEST_S / 2
    assert meter.others_share() is None


def test_where_the_system_does_not_tell_nothing_is_said(tmp_path: Path) -> None:
    meter = CpuMeter(tmp_path / "not there")
    meter.restart()
    assert meter.others_share() is None


def test_this_computer_tells() -> None:
    meter = CpuMeter()
    meter.restart()
    time.sleep(cpu.SHORTEST_S + 0.05)
    share = meter.others_share()
    assert share is not None
    assert 0.0 <= share <= 1.0
