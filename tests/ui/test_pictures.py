"""The documentation's pictures still look like the app: compared loosely, since fonts differ."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from tests.support.virtual_screen import VirtualScreen, virtual_screen
from tests.ui.pictures import FOLDER, Picture, pictures, take

__all__ = ["virtual_screen"]

COMPARED = [
    Picture("settings", "light", "en", 1),
    Picture("history", "dark", "fr", 1),
    Picture("diagnosis", "light", "fr", 2),
    Picture("models", "dark", "en", 2),
]
"""One of each theme, language and scale: the others differ from these in one of them."""

ACROSS, DOWN = 48, 32
"""Small enough that the shape of a letter does not matter, and the place of a card does."""


ALIKE = 0.015
"""Mean difference of brightness: settings and diagnosis, which look most alike, differ by 0.027."""


def test_there_is_a_picture_of_everything():
    assert {each.file for each in pictures()} == {file.name for file in FOLDER.glob("*.png")}


@pytest.fixture(scope="module")
def taken(
    tmp_path_factory: pytest.TempPathFactory,
    virtual_screen: VirtualScreen,
) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    take(COMPARED, folder, virtual_screen)
    return folder


@pytest.mark.parametrize("picture", COMPARED, ids=lambda each: each.file)
def test_the_picture_shows_the_app_as_it_is(taken: Path, picture: Picture):
    now, kept = QImage(str(taken / picture.file)), QImage(str(FOLDER / picture.file))
    assert not now.isNull()
    assert now.size() == kept.size()
    assert difference(now, kept) < ALIKE


def test_another_page_would_be_noticed():
    one = QImage(str(FOLDER / Picture("settings", "light", "en", 1).file))
    other = QImage(str(FOLDER / Picture("diagnosis", "light", "en", 1).file))
    dark = QImage(str(FOLDER / Picture("settings", "dark", "en", 1).file))
    assert difference(one, other) > ALIKE
    assert difference(one, dark) > 0.5


def difference(one: QImage, other: QImage) -> float:
    """Mean difference of brightness, 0 to 1, of both made small."""
    small = [
        image.scaled(
            ACROSS,
            DOWN,
            Qt.AspectRatioMode.IgnoreAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        ).convertToFormat(QImage.Format.Format_Grayscale8)
        for image in (one, other)
    ]
    pixels = [
        [image.pixelColor(x, y).lightnessF() for y in range(DOWN) for x in range(ACROSS)]
        for image in small
    ]
    return sum(abs(a - b) for a, b in zip(*pixels, strict=True)) / (ACROSS * DOWN)
