"""One window per profile, and never none."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.ui.single_instance import SingleInstance

ROOT = Path(__file__).resolve().parents[2]

CLAIM = """
import sys, time
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QTimer
from app.ui.single_instance import SingleInstance
app = QCoreApplication([])
instance = SingleInstance(Path(sys.argv[1]))
print(instance.claim(), flush=True)
QTimer.singleShot(int(sys.argv[2]), app.quit)
app.exec()
"""


def claim_apart(
    profile: Path, stay_ms: int = 0, env: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CLAIM, str(profile), str(stay_ms)],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_second_start_asks_the_first_to_show_itself(qtbot: QtBot, tmp_path: Path) -> None:
    first = SingleInstance(tmp_path)
    assert first.claim()
    with qtbot.waitSignal(first.asked_to_show, timeout=10_000):
        second = claim_apart(tmp_path)
        assert second.communicate(timeout=20)[0].split() == ["False"]
    first.release()


def test_another_profile_is_another_window(tmp_path: Path) -> None:
    profiles = [tmp_path / name for name in "ab"]
    for profile in profiles:
        profile.mkdir()
    instances = [SingleInstance(profile) for profile in profiles]
    assert [instance.claim() for instance in instances] == [True, True]


def test_two_starts_at_once_are_one_window(tmp_path: Path) -> None:
    both = [claim_apart(tmp_path, stay_ms=4000) for _ in range(2)]
    answers = [process.communicate(timeout=30)[0].strip() for process in both]
    assert sorted(answers) == ["False", "True"]


def test_a_start_while_the_first_one_ends_gets_its_own_window(tmp_path: Path) -> None:
    first = SingleInstance(tmp_path)
    assert first.claim()
    first.release()
    assert SingleInstance(tmp_path).claim()


def test_what_a_crash_left_behind_keeps_nobody_out(tmp_path: Path) -> None:
    first = claim_apart(tmp_path, stay_ms=60_000)
    assert first.stdout is not None
    assert first.stdout.readline().strip() == "True"
    first.kill()
    first.communicate(timeout=10)
    assert SingleInstance(tmp_path).claim()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes have no folder")
def test_a_path_too_long_for_a_socket_still_opens_a_window(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 110)
    folder.mkdir()
    env = {"TMPDIR": str(folder)}
    first = claim_apart(tmp_path, stay_ms=3000, env=env)
    assert first.stdout is not None
    assert first.stdout.readline().strip() == "True"
    # Nobody can reach it; a window too many is better than none.
    started_at = time.monotonic()
    assert claim_apart(tmp_path, env=env).communicate(timeout=20)[0].strip() == "True"
    assert time.monotonic() - started_at < 15
    first.communicate(timeout=20)


def test_a_profile_that_cannot_be_locked_still_opens_a_window(tmp_path: Path) -> None:
    assert SingleInstance(tmp_path / "gone").claim()
