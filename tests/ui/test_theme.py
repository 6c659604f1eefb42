"""Colours: contrast computed, the stylesheet whole, the system followed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPalette
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.settings import AppearanceSettings, TalkSettings
from app.ui.labels import plain_label
from app.ui.main_window import MainWindow
from app.ui.theme import DARK, LIGHT, Theme, Tokens, contrast, stylesheet

INKS = ("text", "muted", "accent", "listening", "speaking", "warn", "error")


def test_contrast_is_the_published_ratio() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["bg", "surface"])
@pytest.mark.parametrize("ink", INKS)
def test_every_ink_reads_on_every_ground(tokens: Tokens, ground: str, ink: str) -> None:
    assert contrast(getattr(tokens, ink), getattr(tokens, ground)) >= 4.5


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_text_reads_on_code_and_ink_reads_on_filled_buttons(tokens: Tokens) -> None:
    assert contrast(tokens.text, tokens.sunk) >= 4.5
    assert contrast(tokens.muted, tokens.sunk) >= 4.5
    for filled in ("accent", "listening"):
        assert contrast(tokens.accent_ink, getattr(tokens, filled)) >= 4.5


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_outlines_of_controls_can_be_seen(tokens: Tokens) -> None:
    for ground in (tokens.bg, tokens.surface):
        assert contrast(tokens.edge, ground) >= 3


def test_the_stylesheet_leaves_no_placeholder(qapp: QGuiApplication) -> None:
    sheet = stylesheet(LIGHT)
    assert "@" not in sheet
    assert set(re.findall(r"#[0-9A-F]{6}", sheet)) <= {
        getattr(LIGHT, name) for name in Tokens.__dataclass_fields__ if name != "dark"
    }


@pytest.mark.parametrize("wraps", [True, False])
@pytest.mark.parametrize("role", ["", "small", "strong", "title", "state"])
@pytest.mark.parametrize("letter", "ÉÀÊÅÇ")
def test_no_accent_is_cut_off(qtbot: QtBot, role: str, letter: str, wraps: bool) -> None:
    """A label that is exactly as high as it wants to be, and one with room to spare."""
    fitting, roomy = (plain_label(role, letter, wraps=wraps) for _ in range(2))
    roomy.setContentsMargins(0, 8, 0, 8)
    ink = []
    for label in (fitting, roomy):
        qtbot.addWidget(label)
        label.setStyleSheet(stylesheet(LIGHT))
        label.resize(label.sizeHint())
        assert label.indent() == 0, "words stand where their neighbours do"
        picture = label.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
        ground = picture.pixelColor(picture.width() - 1, picture.height() - 1).red()
        pixels = itertools.product(range(picture.width()), range(picture.height()))
        ink.append(sum(abs(picture.pixelColor(x, y).red() - ground) for x, y in pixels))
    assert ink[0] == ink[1] > 0


@pytest.fixture
def system_palette(qapp: QApplication) -> Iterator[Callable[[str], None]]:
    """Sets the desktop's ground, as a desktop that names no colour scheme does."""
    before = QApplication.palette()

    def give(ground: str) -> None:
        palette = QPalette(before)
        palette.setColor(QPalette.ColorRole.Window, QColor(ground))
        QApplication.setPalette(palette)

    yield give
    QApplication.setPalette(before)


def test_a_choice_stays_whatever_the_system_says(
    qtbot: QtBot, system_palette: Callable[[str], None]
) -> None:
    theme = Theme("dark")
    system_palette("#FFFFFF")
    theme.follow()
    assert theme.tokens is DARK
    with qtbot.waitSignal(theme.changed):
        theme.choose("light")
    assert theme.tokens is LIGHT


def test_the_system_is_followed_live(qtbot: QtBot, system_palette: Callable[[str], None]) -> None:
    if QGuiApplication.styleHints().colorScheme() != Qt.ColorScheme.Unknown:
        pytest.skip("this desktop names a colour scheme, which a test cannot switch")
    system_palette("#FFFFFF")
    window = MainWindow(AppearanceSettings(theme="system"), TalkSettings())
    qtbot.addWidget(window)
    window.show()
    assert window.theme.tokens is LIGHT
    system_palette("#101010")
    qtbot.waitUntil(lambda: window.theme.tokens is DARK)
    assert window.styleSheet() == stylesheet(DARK)
    system_palette("#F0F0F0")
    qtbot.waitUntil(lambda: window.theme.tokens is LIGHT)
