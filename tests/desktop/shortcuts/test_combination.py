"""Keys in the words of each system."""

from __future__ import annotations

import pytest

from app.desktop.shortcuts.combination import KEYSYMS, Combination, parse


@pytest.mark.parametrize(
    ("shortcut", "keysym", "modifiers", "portal", "scan_code"),
    [
        ("Ctrl+Alt+Space", "space", ("Ctrl", "Alt"), "CTRL+ALT+space", 57),
        ("F9", "F9", (), "F9", 67),
        ("F13", "F13", (), "F13", 183),
        ("Meta+Shift+D", "d", ("Shift", "Meta"), "SHIFT+LOGO+d", 32),
        ("Ctrl+PgUp", "Prior", ("Ctrl",), "CTRL+Prior", 104),
        ("Alt+`", "grave", ("Alt",), "ALT+grave", 41),
        ("0", "0", (), "0", 11),
    ],
)
def test_what_qt_writes_is_read(
    shortcut: str, keysym: str, modifiers: tuple[str, ...], portal: str, scan_code: int
) -> None:
    combination = parse(shortcut)
    assert combination == Combination(keysym, modifiers)
    assert combination.for_portal == portal
    assert combination.scan_code == scan_code


@pytest.mark.parametrize("shortcut", ["", "Hyper+Nonsense", "Ctrl+A, Ctrl+B", "é"])
def test_what_is_no_key_of_a_keyboard_is_none(shortcut: str) -> None:
    assert parse(shortcut) is None


def test_every_key_has_a_place_on_the_keyboard() -> None:
    assert all(Combination(keysym, ()).scan_code for keysym in KEYSYMS.values())


def test_every_key_is_one_that_x11_knows() -> None:
    keyboard = pytest.importorskip("Xlib.XK")
    assert all(keyboard.string_to_keysym(keysym) for keysym in KEYSYMS.values())
