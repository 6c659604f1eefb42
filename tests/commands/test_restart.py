"""Parley starts again: a real process follows, with what this one was started with."""

from __future__ import annotations

import sys
from pathlib import Path

from pytestqt.qtbot import QtBot

from app.commands.restart import start_again

WRITES_ITS_ARGUMENTS = (
    "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(str(sys.argv[2:]))"
)


def test_another_one_starts_with_what_this_one_was_started_with(
    qtbot: QtBot, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    command = [sys.executable, "-c", WRITES_ITS_ARGUMENTS, str(told)]
    assert start_again(command, ["--profile", "here", "--background"])
    qtbot.waitUntil(lambda: told.exists() and told.read_text() != "", timeout=15_000)
    assert told.read_text() == "['--profile', 'here']", "its window was there"


def test_a_program_that_is_gone_is_told(tmp_path: Path) -> None:
    assert not start_again([str(tmp_path / "nobody")], [])
