"""Parts side by side, or one under the other: by the room there is."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.ui.folding import Folding

WORDS = "Some words that may stand in several lines, where there is not much room."


class Line:
    """Words and a button of 120 pixels, which leave each other 100 or stand apart."""

    def __init__(self, qtbot: QtBot, side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft) -> None:
        self.words, self.button = QLabel(WORDS), QPushButton("Do")
        self.words.setWordWrap(True)
        self.button.setFixedWidth(120)
        self.line = Folding(8, 4)
        self.line.add(self.words, stretch=1, least=100)
        self.line.add(self.button, side=side)
        self.around = QWidget()
        qtbot.addWidget(self.around)
        self.line.setParent(self.around)
        self.line.resize(400, 100)
        self.around.resize(400, 400)
        self.around.show()
        qtbot.waitExposed(self.around)


def test_what_has_room_stands_side_by_side(qtbot: QtBot) -> None:
    shown = Line(qtbot)
    assert not shown.line.is_folded
    assert shown.button.geometry().left() > shown.words.geometry().right()
    assert shown.button.geometry().right() == shown.line.rect().right()


@pytest.mark.parametrize(("width", "folds"), [(228, False), (227, True)])
def test_it_folds_where_words_and_button_have_not_what_they_need(
    qtbot: QtBot, width: int, folds: bool
) -> None:
    shown = Line(qtbot)
    shown.line.resize(width, 200)
    qtbot.waitUntil(lambda: shown.line.is_folded == folds)
    shown.line.resize(400, 100)
    qtbot.waitUntil(lambda: not shown.line.is_folded)


def test_folded_it_is_no_wider_than_its_widest_part(qtbot: QtBot) -> None:
    shown = Line(qtbot)
    assert shown.line.minimumSizeHint().width() == 120
    shown.line.resize(120, 300)
    qtbot.waitUntil(lambda: shown.button.y() > shown.words.geometry().bottom())
    assert shown.words.width() == 120


@pytest.mark.parametrize("side", [Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight])
def test_a_part_in_a_line_of_its_own_stands_at_its_side(
    qtbot: QtBot, side: Qt.AlignmentFlag
) -> None:
    shown = Line(qtbot, side)
    shown.line.resize(200, 200)
    qtbot.waitUntil(lambda: shown.line.is_folded)
    edge = 0 if side == Qt.AlignmentFlag.AlignLeft else 80
    qtbot.waitUntil(lambda: shown.button.x() == edge)


def test_what_is_hidden_needs_no_room(qtbot: QtBot) -> None:
    shown = Line(qtbot)
    shown.line.resize(200, 200)
    qtbot.waitUntil(lambda: shown.line.is_folded)
    shown.button.hide()
    shown.line.fold()
    assert not shown.line.is_folded
