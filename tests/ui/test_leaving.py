"""Ending and starting again, through the window; the question itself is in `timers/`."""

from __future__ import annotations

import time

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.core.timer_events import TimerRow, TimersChanged
from tests.ui.demo import Demo


@pytest.fixture
def demo(qtbot: QtBot) -> Demo:
    demo = Demo("light")
    qtbot.addWidget(demo.window)
    demo.window.show()
    return demo


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Grows whenever Qt is told to end; a loop that really did would leave the next tests' windows
    without the keyboard."""
    ended: list[bool] = []
    monkeypatch.setattr(QApplication, "quit", lambda: ended.append(True))
    return ended


TEA = TimerRow(name="tea", seconds=600, due_at=time.time() + 600, number=1, private=True)


def test_it_starts_again_only_when_that_was_the_last_wish(demo: Demo, ended: list[bool]) -> None:
    demo.window.restart()
    assert ended == [True]
    assert demo.window.restarts
    demo.window.quit()
    assert ended == [True, True]
    assert not demo.window.restarts


def test_who_starts_it_again_is_asked_about_timers_too(
    demo: Demo, ended: list[bool], qtbot: QtBot
) -> None:
    demo.put(TimersChanged(timers=(TEA,)))
    demo.window.restart()
    assert ended == []
    assert demo.window.timers.bar.asks
    with qtbot.waitSignal(demo.window.stay_wanted):
        demo.window.timers.bar.stay_wanted.emit()
    assert not demo.window.restarts, "to stay is to stay"


def test_a_wish_that_was_put_away_is_not_remembered(demo: Demo, ended: list[bool]) -> None:
    demo.put(TimersChanged(timers=(TEA,)))
    demo.window.restart()
    assert demo.window.timers.close_one()
    demo.put(TimersChanged(timers=()))
    demo.window.quit()
    assert ended == [True]
    assert not demo.window.restarts
