"""Every icon the window names exists, is ours, and takes a colour."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QGuiApplication
from pytestqt.qtbot import QtBot

from app.ui import icons
from app.ui.cards import LEVELS
from app.ui.states import FACES

FILES = sorted((icons.RESOURCES / "icons").glob("*.svg"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_icon_draws_in_the_colour_it_is_given(path: Path, qapp: QGuiApplication) -> None:
    image = icons.pixmap(path.stem, "#C2255C", 24, 2.0).toImage()
    assert (image.width(), image.height()) == (48, 48)
    inked = [
        QColor(image.pixelColor(x, y))
        for x in range(48)
        for y in range(48)
        if image.pixelColor(x, y).alpha() == 255
    ]
    assert inked, "nothing was drawn"
    # blending over itself rounds by a step
    wanted = (0xC2, 0x25, 0x5C)
    for colour in inked:
        found = (colour.red(), colour.green(), colour.blue())
        assert all(abs(a - b) <= 2 for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_icons_are_one_family(path: Path) -> None:
    drawing = path.read_text(encoding="utf-8")
    assert 'viewBox="0 0 24 24"' in drawing
    assert "currentColor" in drawing
    if path.stem != "parley":  # the mark is bolder than the icons
        assert 'stroke-width="1.5"' in drawing
    assert not re.search(r"<(script|image|use|foreignObject)", drawing)


_DRAWN = r'icons\.(?:icon|paint|pixmap)\(\s*(?:painter,\s*)?"([a-z-]+)"'


def test_every_name_in_use_has_a_drawing() -> None:
    names = {path.stem for path in FILES}
    used = {face.icon for face in FACES.values()} | set(LEVELS.values())
    for source in Path(icons.__file__).parent.rglob("*.py"):
        code = source.read_text(encoding="utf-8")
        used |= set(
            re.findall(r'icons\.(?:icon|paint|pixmap)\(\s*(?:painter,\s*)?"([a-z-]+)"', code)
        )
        used |= set(re.findall(r'Glyph\("([a-z-]+)"', code))
        used |= set(re.findall(r'Summary\([^"]*"[^"]*"\.join\(pieces\), "([a-z-]+)"', code))
    assert len(used) > 20
    assert used <= names


def test_a_missing_icon_is_blank_and_no_crash(qtbot: QtBot) -> None:
    image = icons.pixmap("no-such-icon", "#000000").toImage()
    assert image.pixelColor(5, 5).alpha() == 0


def test_the_app_icon_comes_in_the_sizes_desktops_ask_for(qapp: QGuiApplication) -> None:
    sizes = {size.width() for size in icons.app_icon().availableSizes()}
    assert {16, 24, 32, 48, 64, 128, 256, 512} <= sizes


def test_the_tray_icon_has_a_dot_only_while_listening(qapp: QGuiApplication) -> None:
    def middle(listening: bool) -> int:
        image = icons.tray_icon("#1B1D21", listening=listening).pixmap(24, 24).toImage()
        return image.pixelColor(12, 10).alpha()

    assert middle(listening=False) == 0
    assert middle(listening=True) == 255
