"""Ctrl-C and SIGTERM reach Qt's loop, and nothing wakes it before they come."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from app.commands.quit_signals import QuitSignals

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


@pytest.fixture
def wishes() -> list[str]:
    return []


@pytest.fixture
def signals(qtbot: QtBot, wishes: list[str]) -> Iterator[QuitSignals]:
    signals = QuitSignals(lambda: wishes.append("quit"))
    yield signals
    signals.let_go()


def test_a_window_that_waits_is_not_woken(signals: QuitSignals) -> None:
    assert [timer for timer in signals.findChildren(QTimer) if timer.isActive()] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_a_wish_that_is_said_until_somebody_hears_it(
    qtbot: QtBot, signals: QuitSignals, wishes: list[str], number: signal.Signals
) -> None:
    os.kill(os.getpid(), number)
    qtbot.waitUntil(lambda: len(wishes) >= 3)
    assert signals.caught == number


def test_who_had_the_signals_before_has_them_again(qtbot: QtBot, wishes: list[str]) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    descriptor = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(descriptor)
    first = QuitSignals(lambda: wishes.append("first"))
    second = QuitSignals(lambda: wishes.append("second"))
    second.let_go()
    os.kill(os.getpid(), signal.SIGTERM)
    qtbot.waitUntil(lambda: set(wishes) == {"first"})
    first.let_go()
    assert signal.getsignal(signal.SIGTERM) == handler
    assert signal.set_wakeup_fd(descriptor) == descriptor
