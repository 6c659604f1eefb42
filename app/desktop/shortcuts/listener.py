"""The process that listens for one combination through pynput. Without Qt."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Collection
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

READY, REFUSED, DOWN, UP = "ready", "refused", "down", "up"
"""What it says. Behind `REFUSED` and a space stands why, where that is known."""

LONGEST_REASON = 160
"""Characters of it: a library may add a page of advice."""

_NAMES = {
    "Return": "enter",
    "Escape": "esc",
    "BackSpace": "backspace",
    "Prior": "page_up",
    "Next": "page_down",
    "Print": "print_screen",
}
"""Where pynput's name for a key is not the small letters of the X keyboard extension's."""

_CHARACTERS = {
    "comma": ",",
    "period": ".",
    "slash": "/",
    "backslash": "\\",
    "semicolon": ";",
    "apostrophe": "'",
    "bracketleft": "[",
    "bracketright": "]",
    "minus": "-",
    "equal": "=",
    "grave": "`",
}

_MODIFIERS = {
    "ctrl": "Ctrl",
    "ctrl_l": "Ctrl",
    "ctrl_r": "Ctrl",
    "alt": "Alt",
    "alt_l": "Alt",
    "alt_r": "Alt",
    "alt_gr": "Alt",
    "shift": "Shift",
    "shift_l": "Shift",
    "shift_r": "Shift",
    "cmd": "Meta",
    "cmd_l": "Meta",
    "cmd_r": "Meta",
}
"""pynput's names, left and right."""


class Watch:
    """Which keys are down, as far as they matter, and what that means for one combination."""

    def __init__(self, keysym: str, modifiers: Collection[str]) -> None:
        self._key = _CHARACTERS.get(keysym) or _NAMES.get(keysym) or keysym.lower()
        self._modifiers = frozenset(modifiers)
        self._held: set[str] = set()
        self._is_down = False

    def press(self, name: str) -> str:
        """A key went down, or repeats; what to say, or nothing."""
        if name in _MODIFIERS:
            self._held.add(name)
            return ""
        modifiers = {_MODIFIERS[held] for held in self._held}
        if name != self._key or self._is_down or modifiers != self._modifiers:
            return ""
        self._is_down = True
        return DOWN

    def release(self, name: str) -> str:
        """A key came up; what to say, or nothing."""
        self._held.discard(name)
        if name == self._key and self._is_down:
            self._is_down = False
            return UP
        return ""


def listen(pipe: Connection, keysym: str, modifiers: Collection[str]) -> None:
    """Say what happens to the combination until nobody listens any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in the terminal is for Parley
    try:
        from pynput import keyboard
    except Exception as exc:  # noqa: BLE001 - it looks for the system's own parts when imported
        pipe.send(f"{REFUSED} {reason(exc)}")
        return
    watch = Watch(keysym, modifiers)

    def say(word: str) -> None:
        if word:
            with contextlib.suppress(BrokenPipeError):
                pipe.send(word)

    listener: Any = keyboard.Listener(
        on_press=lambda key: say(watch.press(_name(listener, key))),
        on_release=lambda key: say(watch.release(_name(listener, key))),
    )
    listener.start()
    listener.wait()
    trusted = getattr(listener, "IS_TRUSTED", True)  # macOS alone has it
    pipe.send(READY if trusted else REFUSED)
    with contextlib.suppress(EOFError, OSError):
        pipe.recv()  # returns when Parley has gone
    listener.stop()


def reason(exc: Exception) -> str:
    """Why the library cannot be used, one short line without the user's name."""
    line, *_ = f"{type(exc).__name__}: {exc}".strip().splitlines()
    return line.replace(str(Path.home()), "~")[:LONGEST_REASON]


def _name(listener: Any, key: Any) -> str:
    """ "space", "ctrl_l", "a", whatever Ctrl or Shift make of it; empty for what has no name."""
    if key is None:
        return ""
    name = getattr(key, "name", None)
    if name:
        return str(name)
    plain = listener.canonical(key)
    return str(getattr(plain, "char", None) or "").lower()
