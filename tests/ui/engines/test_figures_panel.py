"""The line about the figures, and the panel behind it, through the window."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.core.events import FiguresChanged, LookUpFigures
from app.core.figures import Cause, Figures, RollingFigures, SessionWaits, Wait
from app.ui.engines.figures_panel import LISTED_SPIKES, FiguresTable
from app.ui.main_window import MainWindow
from tests.ui.demo import Demo, some_figures


@pytest.fixture
def window(qtbot: QtBot) -> MainWindow:
    demo = Demo("light")
    demo.engines()
    qtbot.addWidget(demo.window)
    demo.window.resize(900, 600)
    demo.window.show()
    demo.window.activateWindow()
    qtbot.waitUntil(lambda: QGuiApplication.focusWindow() is demo.window.windowHandle())
    return demo.window


def tell(window: MainWindow, figures: RollingFigures) -> None:
    window.handle(FiguresChanged(figures=figures))


def place(widget: QWidget, window: MainWindow) -> QRect:
    return QRect(widget.mapTo(window, QPoint()), widget.size())


def test_before_the_first_spoken_turn_there_is_no_line(window: MainWindow) -> None:
    assert not window.figures_line.isVisible()
    tell(window, RollingFigures(Figures(), Figures()))
    assert not window.figures_line.isVisible()


def test_the_line_tells_the_last_hour_or_else_all_time(window: MainWindow, qtbot: QtBot) -> None:
    tell(window, some_figures())
    qtbot.wait(1)
    assert window.figures_line.text() == "0.42 s to the first sound"
    explained = window.figures_line.accessibleDescription()
    assert "last hour began within 0.42 s of letting go of the key (12 turns)" in explained
    assert window.figures_line.toolTip().startswith(explained)
    assert "in the last hour" in window.figures_line.accessibleName()
    tell(window, RollingFigures(Figures(), Figures(turns=1, p50_ms=300.0)))
    qtbot.wait(1)
    assert window.figures_line.text() == "0.30 s to the first sound"
    explained = window.figures_line.accessibleDescription()
    assert "all replies began within 0.30 s of letting go of the key (1 turn)" in explained


def test_it_opens_the_panel_and_asks_for_the_figures_of_now(
    window: MainWindow, qtbot: QtBot
) -> None:
    tell(window, some_figures())
    window.figures_line.setFocus()
    with qtbot.waitSignal(window.intent) as asked:
        QTest.keyClick(window.windowHandle(), Qt.Key.Key_Return)
    assert isinstance(asked.args[0], LookUpFigures)
    assert window.figures.isVisible()
    assert window.figures.close_button.hasFocus()
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Escape)
    assert not window.figures.isVisible()
    assert not window.figures_line.isChecked()
    assert window.composer.talk.hasFocus(), "Space talks again"


def test_one_panel_at_a_time(window: MainWindow) -> None:
    tell(window, some_figures())
    window.figures_line.click()
    window.pill.click()
    assert window.panel.isVisible()
    assert not window.figures.isVisible()
    window.figures_line.click()
    assert window.figures.isVisible()
    assert not window.panel.isVisible()


@pytest.mark.parametrize("size", [(720, 520), (900, 600), (1280, 800)])
def test_it_never_covers_the_talk_button_and_stays_in_the_window(
    window: MainWindow, qtbot: QtBot, size: tuple[int, int]
) -> None:
    tell(window, some_figures())
    window.resize(*size)
    window.figures_line.click()
    qtbot.wait(1)
    panel = place(window.figures, window)
    assert window.rect().contains(panel)
    assert not panel.intersects(place(window.composer.talk, window))
    table = window.figures.findChild(FiguresTable)
    assert table is not None
    assert panel.contains(place(table, window)), "the figures are in sight without scrolling"
    assert window.rect().contains(place(window.figures_line, window))
    assert (window.width(), window.height()) == size


@pytest.mark.parametrize("width", [720, 900, 1080])
def test_the_line_below_ends_in_no_word(qtbot: QtBot, width: int) -> None:
    """With the longest names there are, and the figures beside them."""
    demo = Demo()
    qtbot.addWidget(demo.window)
    demo.window.resize(width, 720)
    demo.window.show()
    demo.stand_ins()
    tell(demo.window, some_figures())
    qtbot.wait(1)
    status = demo.window.composer.status
    assert status.shown == status.text()
    assert "Built-in skills (stand-in)" in status.shown
    assert "Speaks: eSpeak NG (stand-in)" in status.toolTip()
    assert demo.window.figures_line.text() == "0.42 s to the first sound"


def test_a_narrow_window_shortens_the_engines_instead_of_growing(
    window: MainWindow, qtbot: QtBot
) -> None:
    tell(window, some_figures())
    window.resize(720, 520)
    engines = "A name"
    while window.composer.status.sizeHint().width() < 800:
        engines += "...."
        window.composer.show_engines(engines)
        qtbot.wait(1)
        assert window.width() == 720
        assert window.figures_line.width() >= window.figures_line.sizeHint().width()
    assert window.composer.status.shown.endswith("…")


def said(window: MainWindow, name: str) -> list[str]:
    """The two values of a row of the table."""
    values = [
        label.text()
        for label in window.figures.findChildren(QLabel)
        if label.accessibleName().startswith(f"{name}, ")
    ]
    assert len(values) == 2
    return values


def test_the_panel_says_every_figure(window: MainWindow) -> None:
    window.figures_line.setChecked(True)
    tell(window, some_figures())
    assert said(window, "Spoken turns") == ["12", "1,348"]
    assert said(window, "Median") == ["0.42 s", "0.40 s"]
    assert said(window, "Average") == ["0.45 s", "0.46 s"]
    assert said(window, "95 of 100 within") == ["1.18 s", "0.96 s"]
    assert said(window, "Under 0.20 s") == ["8 %", "6 %"]
    assert said(window, "Over 0.40 s") == ["3", "637"]
    assert "All time" in window.figures.text


def test_a_silent_hour_has_dashes_and_a_run_without_history_says_so(window: MainWindow) -> None:
    window.figures_line.setChecked(True)
    session = SessionWaits()
    session.add(Wait(0.0, 150.0))
    tell(window, session.figures(now=time.time()))
    assert said(window, "Median") == ["–", "0.15 s"]
    assert "Since the start" in window.figures.text
    assert "All time" not in window.figures.text
    assert "No turn took longer than 0.40 s." in window.figures.text


def test_spikes_are_named_by_cause_with_the_next_step(window: MainWindow) -> None:
    window.figures_line.setChecked(True)
    session = SessionWaits()
    now = time.time()
    for number in range(LISTED_SPIKES + 2):
        session.add(Wait(now - number, 1000.0 + number, Cause.BUSY))
    session.add(Wait(now, 450.0, "a cause of a newer Parley"))
    tell(window, session.figures(now))
    lines = window.figures.text.split("\n")
    at = lines.index("Other programs kept the processors busy.")
    assert lines[at + 1] == "5 turns"
    assert lines[at + 2] == "Close what you do not need."
    assert lines[at + 3].count("(1.00 s)") == LISTED_SPIKES
    assert "The reason was not kept." in lines
    tell(window, RollingFigures(Figures(), Figures()))
    assert "processors" not in window.figures.text, "the old rows are gone"
