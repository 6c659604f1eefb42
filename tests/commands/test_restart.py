"""Parley ends and starts again: a real process follows, with what this one was started with."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.commands.restart import Restart

WRITES_ITS_ARGUMENTS = (
    "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(str(sys.argv[2:]))"
)


def test_it_ends_and_another_one_starts(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> None:
    restart, told = Restart(), tmp_path / "told"
    QTimer.singleShot(0, restart.ask)
    QTimer.singleShot(20_000, lambda: qapp.exit(7))
    assert qapp.exec() == 0, "as after Quit"
    command = [sys.executable, "-c", WRITES_ITS_ARGUMENTS, str(told)]
    assert restart.start_again(command, ["--profile", "here", "--background"])
    qtbot.waitUntil(lambda: told.exists() and told.read_text() != "", timeout=15_000)
    assert told.read_text() == "['--profile', 'here']", "its window was there"


@pytest.mark.usefixtures("qapp")
def test_who_did_not_ask_or_stays_gets_none() -> None:
    restart = Restart()
    assert not restart.start_again(["true"])
    QTimer.singleShot(0, restart.ask)
    QApplication.exec()
    restart.forget()
    assert not restart.start_again(["true"])
