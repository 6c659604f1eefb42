"""Start at login, as each system wants it written down."""

from __future__ import annotations

import logging
import os
import plistlib
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QCoreApplication, QSettings

from app.errors import AssistantError

log = logging.getLogger(__name__)

translate = QCoreApplication.translate

ROOT = Path(__file__).resolve().parents[2]

BACKGROUND = "--background"
"""Start without a window where the tray can bring it back."""

NAME = "parley"


class LoginItem(Protocol):
    """Whether Parley starts at login, as the system has it."""

    def is_on(self) -> bool | None:
        """None when the system's own settings have switched off what is written here."""

    def switch(self, on: bool) -> None:
        """
        Raises:
            AssistantError: it cannot be written.
        """


def own_command(environment: Mapping[str, str] = os.environ) -> list[str]:
    """How this Parley is started: the package's program, or Python with the source's main file."""
    image = environment.get("APPIMAGE")
    if image:
        return [image]
    if getattr(sys, "frozen", False):
        return [sys.executable]
    script = Path(sys.argv[0])
    if script.stem in ("parley", "parley-window") and script.exists():
        return [str(script.absolute())]
    main = ROOT / "main.py"
    if main.exists():
        return [sys.executable, str(main)]
    found = shutil.which("parley")
    return [found or "parley"]


def login_item(command: Sequence[str], environment: Mapping[str, str] = os.environ) -> LoginItem:
    """The one of this system.

    Args:
        command: starts Parley.
    """
    if sys.platform == "win32":
        return RunKey(command)
    if sys.platform == "darwin":
        return LaunchAgent(command, Path.home() / "Library" / "LaunchAgents")
    configured = environment.get("XDG_CONFIG_HOME", "")
    config = Path(configured) if configured.startswith("/") else Path.home() / ".config"
    return AutostartFile(command, config / "autostart")


class AutostartFile:
    """Linux: a desktop entry in the autostart folder (XDG autostart specification)."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._command = command
        self.path = folder / f"{NAME}.desktop"

    def is_on(self) -> bool | None:
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return False
        lines = {line.replace(" ", "").lower() for line in text.splitlines()}
        # What desktops write in their own settings instead of deleting the file.
        if lines & {"hidden=true", "x-gnome-autostart-enabled=false"}:
            return None
        return True

    def switch(self, on: bool) -> None:
        _write(self.path, self._entry() if on else None)

    def _entry(self) -> bytes:
        line = " ".join(_quoted(word) for word in self._command)
        return (
            "[Desktop Entry]\n"
            "Type=Application\n"
            "Name=Parley\n"
            f"Exec={_escaped(line)}\n"
            "Icon=parley\n"
            "Terminal=false\n"
            "X-GNOME-Autostart-enabled=true\n"
        ).encode()


class LaunchAgent:
    """macOS: a property list that launchd reads at login. Not tried on a Mac."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._command = command
        self.path = folder / "org.parley.Parley.plist"

    def is_on(self) -> bool | None:
        return self.path.exists()

    def switch(self, on: bool) -> None:
        agent = {
            "Label": self.path.stem,
            "ProgramArguments": list(self._command),
            "RunAtLoad": True,
            "ProcessType": "Interactive",
        }
        _write(self.path, plistlib.dumps(agent) if on else None)


class RunKey:
    """Windows: a value under the user's Run key. Not tried on Windows."""

    PLACE = r"HKEY_CURRENT_USER\Software\Microsoft\Windows\CurrentVersion\Run"

    def __init__(self, command: Sequence[str], key: QSettings | None = None) -> None:
        self._command = command
        self._key = key or QSettings(self.PLACE, QSettings.Format.NativeFormat)

    def is_on(self) -> bool | None:
        return bool(self._key.contains(NAME))

    def switch(self, on: bool) -> None:
        if on:
            self._key.setValue(NAME, subprocess.list2cmdline(self._command))
        else:
            self._key.remove(NAME)
        self._key.sync()
        if self._key.status() != QSettings.Status.NoError:
            raise _cannot("the registry")


def _write(path: Path, content: bytes | None) -> None:
    """Write the file in one step, or remove it."""
    try:
        if content is None:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.new")
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as exc:
        log.warning("cannot write %s: %s", path.name, exc.strerror)
        raise _cannot(str(path.parent)) from exc


def _cannot(place: str) -> AssistantError:
    return AssistantError(
        translate("LoginItem", "Parley cannot be started at login."),
        translate("LoginItem", "Check that %1 can be written to.").replace("%1", place),
    )


_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+:@,")


def _quoted(word: str) -> str:
    """One argument of an Exec line, before the escapes of the file format."""
    word = word.replace("%", "%%")
    if word and set(word) <= _PLAIN | {"%"}:
        return word
    for character in '\\"`$':
        word = word.replace(character, f"\\{character}")
    return f'"{word}"'


def _escaped(value: str) -> str:
    """A value of a desktop entry."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
