"""The question before the end, in windows of several widths."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.core.timer_events import TimerRow, TimersChanged
from app.ui.timers.quit_bar import QuitBar
from tests.ui.demo import Demo, settle

TEA = TimerRow(name="tea", seconds=600, due_at=time.time() + 600, number=1, private=False)


def asked(qtbot: QtBot, width: int) -> QuitBar:
    demo = Demo("light")
    qtbot.addWidget(demo.window)
    demo.window.setMinimumSize(320, 320)
    demo.window.resize(width, 520)
    demo.window.show()
    demo.put(TimersChanged(timers=(TEA,)))
    demo.window.quit()
    settle(100)
    bar = demo.window.timers.bar
    assert bar.isVisible()
    assert bar.width() == width
    return bar


def place(bar: QuitBar, part: QWidget) -> QRect:
    return QRect(part.mapTo(bar, QPoint(0, 0)), part.size())


@pytest.mark.parametrize(("width", "folds"), [(640, True), (720, True), (900, False)])
def test_the_words_have_room_beside_the_buttons_or_over_them(
    qtbot: QtBot, width: int, folds: bool
) -> None:
    bar = asked(qtbot, width)
    words = [label for label in bar.findChildren(QLabel) if label.text()]
    assert len(words) == 2
    for label in words:
        text = place(bar, label)
        assert text.width() >= 400
        assert label.heightForWidth(text.width()) <= text.height(), "all of it is read"
        for button in (bar.quit, bar.stay):
            assert bar.rect().contains(place(bar, button))
            if folds:
                assert place(bar, button).top() >= text.bottom()
            else:
                assert place(bar, button).left() >= text.right()
