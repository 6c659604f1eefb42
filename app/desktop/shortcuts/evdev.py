"""The shortcut read from the keyboards themselves, past every desktop: only when asked for.

Needs the right to read `/dev/input`, which is the right to read every key that anybody presses;
that is why nothing but the user's own choice leads here. Keys are known by their place on the
keyboard, as on a US layout.
"""

from __future__ import annotations

import logging
import os
import struct
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QFileSystemWatcher, QObject, QSocketNotifier

from app.desktop.shortcuts.backend import Backend, Standing
from app.desktop.shortcuts.combination import MODIFIER_SCAN_CODES, Combination

log = logging.getLogger(__name__)

translate = QCoreApplication.translate

FOLDER = Path("/dev/input")

EVENT = struct.Struct("@llHHi")
"""struct input_event: seconds, microseconds, type, code, value (linux/input.h)."""

EV_KEY = 1
UP, DOWN = 0, 1
"""Values of a key's event; 2 is a repeat."""

AT_ONCE = 64
"""Events per read."""


class EvdevShortcut(Backend):
    """Reads every input device there is, and those that are plugged in later."""

    name = "evdev"

    def __init__(self, parent: QObject | None = None, *, folder: Path = FOLDER) -> None:
        super().__init__(parent)
        self._folder = folder
        self._combination: Combination | None = None
        self._devices: dict[Path, tuple[int, QSocketNotifier]] = {}
        """Open ones, by their place: file descriptor and what watches it."""
        self._held: dict[Path, set[int]] = {}
        """Keys that are down, by device: one that is unplugged takes its keys along."""
        self._watcher: QFileSystemWatcher | None = None

    def start(self, combination: Combination) -> None:
        self.stop()
        self._combination = combination
        if combination.scan_code is None:
            self.stands.emit(Standing(works=False, why=_no_such_key()))
            return
        self._look()
        if not self._devices:
            self.stands.emit(Standing(works=False, why=obstacle(self._folder) or _no_keyboard()))
            return
        self._watcher = QFileSystemWatcher([str(self._folder)], self)
        self._watcher.directoryChanged.connect(self._look)
        self.stands.emit(Standing(works=True))

    def stop(self) -> None:
        if self._watcher is not None:
            self._watcher.deleteLater()
            self._watcher = None
        for place in list(self._devices):
            self._let_go(place)
        self._up()

    def _look(self, _changed: str = "") -> None:
        """Open what has come."""
        for place in sorted(self._folder.glob("event*")):
            if place in self._devices:
                continue
            try:
                device = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError as exc:
                log.debug("cannot read %s: %s", place, exc)
                continue
            notifier = QSocketNotifier(device, QSocketNotifier.Type.Read, self)
            notifier.activated.connect(lambda *_, place=place: self._on_readable(place))
            self._devices[place] = (device, notifier)
            self._held[place] = set()

    def _let_go(self, place: Path) -> None:
        device, notifier = self._devices.pop(place)
        self._held.pop(place)
        notifier.setEnabled(False)
        notifier.deleteLater()
        os.close(device)
        self._judge()

    def _on_readable(self, place: Path) -> None:
        if place not in self._devices:
            return
        try:
            data = os.read(self._devices[place][0], EVENT.size * AT_ONCE)
        except BlockingIOError:
            return
        except OSError as exc:
            log.info("%s is gone: %s", place.name, exc)
            data = b""
        if not data:
            self._let_go(place)
            return
        held = self._held[place]
        for *_, kind, code, value in EVENT.iter_unpack(
            data[: len(data) // EVENT.size * EVENT.size]
        ):
            if kind != EV_KEY or value not in (UP, DOWN):
                continue
            if value == DOWN:
                held.add(code)
            else:
                held.discard(code)
            self._judge(code if value == DOWN else None)

    def _judge(self, went_down: int | None = None) -> None:
        """Press when the key goes down with exactly its modifiers; release when it comes up."""
        assert self._combination is not None
        held = set().union(*self._held.values())
        code = self._combination.scan_code
        if code not in held:
            self._up()
        elif went_down == code and self._modifiers_of(held) == set(self._combination.modifiers):
            self._down()

    @staticmethod
    def _modifiers_of(held: set[int]) -> set[str]:
        return {name for name, codes in MODIFIER_SCAN_CODES.items() if held & codes}


def obstacle(folder: Path = FOLDER) -> str:
    """Why the keyboards cannot be read; empty when one can."""
    places = list(folder.glob("event*"))
    if not places:
        return _no_keyboard()
    if not any(os.access(place, os.R_OK) for place in places):
        return translate(
            "Shortcuts",
            "Your account may not read the keyboards. Add it to the group “input” "
            "(sudo usermod -aG input $USER), then log in anew. Every program of yours can read "
            "every key then.",
        )
    return ""


def _no_keyboard() -> str:
    return translate("Shortcuts", "There is no keyboard in /dev/input.")


def _no_such_key() -> str:
    return translate("Shortcuts", "This key cannot be read from a keyboard. Choose another one.")
