"""A key with its modifiers, in the words of each system that can be asked to listen for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QKeySequence

_K = Qt.Key
_M = Qt.KeyboardModifier

KEYSYMS: dict[Qt.Key, str] = {
    _K.Key_Space: "space",
    _K.Key_Tab: "Tab",
    _K.Key_Return: "Return",
    _K.Key_Enter: "KP_Enter",
    _K.Key_Escape: "Escape",
    _K.Key_Backspace: "BackSpace",
    _K.Key_Insert: "Insert",
    _K.Key_Delete: "Delete",
    _K.Key_Home: "Home",
    _K.Key_End: "End",
    _K.Key_PageUp: "Prior",
    _K.Key_PageDown: "Next",
    _K.Key_Left: "Left",
    _K.Key_Right: "Right",
    _K.Key_Up: "Up",
    _K.Key_Down: "Down",
    _K.Key_Pause: "Pause",
    _K.Key_Print: "Print",
    _K.Key_ScrollLock: "Scroll_Lock",
    _K.Key_Menu: "Menu",
    _K.Key_Comma: "comma",
    _K.Key_Period: "period",
    _K.Key_Slash: "slash",
    _K.Key_Backslash: "backslash",
    _K.Key_Semicolon: "semicolon",
    _K.Key_Apostrophe: "apostrophe",
    _K.Key_BracketLeft: "bracketleft",
    _K.Key_BracketRight: "bracketright",
    _K.Key_Minus: "minus",
    _K.Key_Equal: "equal",
    _K.Key_QuoteLeft: "grave",
}
"""Names of the X keyboard extension, which X11 and the portal share."""

SCAN_CODES: dict[str, int] = {
    **{key: 2 + index for index, key in enumerate("1234567890")},
    **{key: 16 + index for index, key in enumerate("qwertyuiop")},
    **{key: 30 + index for index, key in enumerate("asdfghjkl")},
    **{key: 44 + index for index, key in enumerate("zxcvbnm")},
    **{f"F{number}": 58 + number for number in range(1, 11)},
    **{"F11": 87, "F12": 88},
    **{f"F{number}": 170 + number for number in range(13, 25)},
    **{"Escape": 1, "minus": 12, "equal": 13, "BackSpace": 14, "Tab": 15, "bracketleft": 26},
    **{"bracketright": 27, "Return": 28, "semicolon": 39, "apostrophe": 40, "grave": 41},
    **{"backslash": 43, "comma": 51, "period": 52, "slash": 53, "space": 57, "Scroll_Lock": 70},
    **{"KP_Enter": 96, "Print": 99, "Home": 102, "Up": 103, "Prior": 104, "Left": 105},
    **{"Right": 106, "End": 107, "Down": 108, "Next": 109, "Insert": 110, "Delete": 111},
    **{"Pause": 119, "Menu": 127},
}
"""Where the keys are on a keyboard with the US layout (linux/input-event-codes.h)."""

MODIFIER_SCAN_CODES: dict[str, frozenset[int]] = {
    "Ctrl": frozenset({29, 97}),
    "Shift": frozenset({42, 54}),
    "Alt": frozenset({56, 100}),
    "Meta": frozenset({125, 126}),
}
"""Left and right."""


@dataclass(frozen=True, slots=True)
class Combination:
    """One key and the modifiers that are held with it."""

    keysym: str
    """The key, as the X keyboard extension calls it."""
    modifiers: tuple[str, ...]
    """Of "Ctrl", "Alt", "Shift", "Meta", in this order."""

    @property
    def for_portal(self) -> str:
        """As the desktop portals write it ("CTRL+ALT+space")."""
        names = {"Ctrl": "CTRL", "Alt": "ALT", "Shift": "SHIFT", "Meta": "LOGO"}
        return "+".join([*(names[modifier] for modifier in self.modifiers), self.keysym])

    @property
    def scan_code(self) -> int | None:
        """Of the key; None where no key of the US layout has it."""
        return SCAN_CODES.get(self.keysym)


def parse(shortcut: str) -> Combination | None:
    """Read what Qt writes ("Ctrl+Alt+Space"); None for what no key on a keyboard is."""
    sequence = QKeySequence(shortcut, QKeySequence.SequenceFormat.PortableText)
    if sequence.count() != 1:
        return None
    first: QKeyCombination = cast(Any, sequence)[0]  # which PySide's stubs do not know
    key, held = first.key(), first.keyboardModifiers()
    keysym = _keysym(key)
    if not keysym:
        return None
    flags = {
        "Ctrl": _M.ControlModifier,
        "Alt": _M.AltModifier,
        "Shift": _M.ShiftModifier,
        "Meta": _M.MetaModifier,
    }
    return Combination(keysym, tuple(name for name, flag in flags.items() if held & flag))


def _keysym(key: Qt.Key) -> str:
    if key in KEYSYMS:
        return KEYSYMS[key]
    if _K.Key_A <= key <= _K.Key_Z or _K.Key_0 <= key <= _K.Key_9:
        return chr(key).lower()
    if _K.Key_F1 <= key <= _K.Key_F24:
        return f"F{key - _K.Key_F1 + 1}"
    return ""
