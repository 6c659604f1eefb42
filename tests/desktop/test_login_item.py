"""Start at login: real files in a folder of the test's own."""

from __future__ import annotations

import configparser
import json
import os
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings

from app.desktop.login_item import (
    ROOT,
    AutostartFile,
    LaunchAgent,
    LoginItem,
    RunKey,
    login_item,
    own_command,
)
from app.errors import AssistantError

AWKWARD = ["/opt/my apps/100% $HOME/par\"ley`x\\y'", "--profile", "/home/zoë/a b", "", "~/*"]


def each_kind(tmp_path: Path) -> list[LoginItem]:
    key = QSettings(str(tmp_path / "run.ini"), QSettings.Format.IniFormat)
    return [
        AutostartFile(["parley"], tmp_path / "autostart"),
        LaunchAgent(["parley"], tmp_path / "agents"),
        RunKey(["parley"], key),
    ]


def test_switched_on_and_off_as_often_as_one_likes(tmp_path: Path) -> None:
    for item in each_kind(tmp_path):
        assert item.is_on() is False
        for on in (True, True, False, False, True):
            item.switch(on)
            assert item.is_on() is on


def test_the_desktop_runs_exactly_the_command(tmp_path: Path) -> None:
    """GLib reads the entry and starts it; the program writes down what it was given."""
    if shutil.which("gio") is None:
        pytest.skip("gio is not installed: nobody here starts desktop entries")
    out = tmp_path / "arguments.json"
    script = tmp_path / 'pro gram$ %f "x"' / "start.py"
    script.parent.mkdir()
    script.write_text(
        f"import json, os, sys\n"
        f"json.dump(sys.argv[1:], open({str(out)!r} + '.new', 'w'))\n"
        f"os.replace({str(out)!r} + '.new', {str(out)!r})\n"
    )
    item = AutostartFile([sys.executable, str(script), *AWKWARD], tmp_path)
    item.switch(True)
    done = subprocess.run(["gio", "launch", str(item.path)], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    for _ in range(200):
        if out.exists():
            break
        subprocess.run(["sleep", "0.05"], check=True)
    assert json.loads(out.read_text()) == AWKWARD


def test_the_entry_is_valid(tmp_path: Path) -> None:
    if shutil.which("desktop-file-validate") is None:
        pytest.skip("desktop-file-validate is not installed")
    item = AutostartFile(["/opt/parley/parley", "--background"], tmp_path)
    item.switch(True)
    done = subprocess.run(
        ["desktop-file-validate", str(item.path)], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "")
    entry = configparser.RawConfigParser()
    entry.optionxform = str  # type: ignore[assignment, method-assign]
    entry.read(item.path)
    assert entry["Desktop Entry"]["Exec"] == "/opt/parley/parley --background"


@pytest.mark.parametrize("line", ["Hidden=true", "X-GNOME-Autostart-enabled=false"])
def test_what_the_desktop_switched_off_is_told_apart_from_what_nobody_wrote(
    tmp_path: Path, line: str
) -> None:
    item = AutostartFile(["parley"], tmp_path)
    item.path.write_text(f"[Desktop Entry]\nType=Application\nExec=parley\n{line}\n")
    assert item.is_on() is None
    item.switch(True)
    assert item.is_on() is True


def test_the_agent_is_one_that_launchd_reads(tmp_path: Path) -> None:
    item = LaunchAgent(AWKWARD, tmp_path)
    item.switch(True)
    agent = plistlib.loads(item.path.read_bytes())
    assert agent["ProgramArguments"] == AWKWARD
    assert agent["RunAtLoad"] is True
    assert agent["Label"] == item.path.stem


def test_the_key_is_a_line_that_windows_reads(tmp_path: Path) -> None:
    key = QSettings(str(tmp_path / "run.ini"), QSettings.Format.IniFormat)
    RunKey([r"C:\Program Files\Parley\parley.exe", "--background"], key).switch(True)
    assert key.value("parley") == r'"C:\Program Files\Parley\parley.exe" --background'


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "autostart").write_text("in the way")
    item = AutostartFile(["parley"], tmp_path / "autostart")
    with pytest.raises(AssistantError, match="cannot be started at login"):
        item.switch(True)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the folder of Linux desktops")
def test_the_folder_is_the_users_own(tmp_path: Path) -> None:
    item = login_item(["parley"], {"XDG_CONFIG_HOME": str(tmp_path)})
    item.switch(True)
    assert (tmp_path / "autostart" / "parley.desktop").exists()


def test_the_command_is_what_started_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["main.py"])
    assert own_command({}) == [sys.executable, str(ROOT / "main.py")]
    script = tmp_path / "parley"
    script.touch()
    monkeypatch.setattr(sys, "argv", [str(script)])
    assert own_command({}) == [str(script)]
    assert own_command({"APPIMAGE": "/opt/Parley.AppImage"}) == ["/opt/Parley.AppImage"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert own_command({}) == [sys.executable]


def test_the_command_of_a_source_checkout_starts_parley() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "--background", "--version"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Parley ")
