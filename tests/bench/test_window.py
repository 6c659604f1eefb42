"""The window in a process of its own, and the one that draws off the screen."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer

from app.bench import own_window, stalls, window
from app.bench.own_window import OwnWindow
from app.bench.plan import Plan
from app.commands.window import USABLE
from app.errors import AssistantError
from app.paths import Paths


def test_the_window_that_is_timed_is_a_real_one_and_closes_again(tmp_path: Path) -> None:
    opened = OwnWindow(tmp_path)
    with opened:
        log = Paths.under(tmp_path).log_file
        assert log.read_text().count(USABLE) == 1
        assert opened.usable_ms > 0
        share = opened.busy_share(0.2)
        assert share is None or 0 <= share < 64
        process = opened._process
        assert process.poll() is None
    assert process.poll() == 0
    with opened:  # an old line in the log is not the new window's
        assert log.read_text().count(USABLE) == 2


def test_a_window_that_does_not_open_is_no_figure(
    qapp: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = [sys.executable, "-c", "raise SystemExit(1)"]
    monkeypatch.setattr(own_window, "own_command", lambda: fails)
    with pytest.raises(AssistantError, match="did not open"), OwnWindow(tmp_path):
        pass
    plan = Plan(runs=1, pairs=1, recordings=[Path("unused.wav")], stream_s=0.1)
    section = window.measure(plan, lambda line: None)
    assert {each.span for each in section.not_measured} == {"start", "idle"}
    assert {budget.span for budget in section.budgets} == {"window_longest", "window_p99"}


def test_every_word_is_streamed_and_a_window_that_is_busy_is_noticed(qapp: object) -> None:
    held_up: list[bool] = []

    def hold_up() -> None:
        streaming = any(thread.name == "bench-stream" for thread in threading.enumerate())
        if streaming and not held_up:
            held_up.append(True)
            time.sleep(0.3)

    timer = QTimer()
    timer.timeout.connect(hold_up)
    timer.start(10)
    found = stalls.measure(0.4)
    timer.stop()
    assert found.deltas == 200
    assert held_up
    assert found.longest >= 300
    assert found.p99 <= found.longest
