"""What both panels over the conversation do, through the window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QScrollArea
from pytestqt.qtbot import QtBot

from app.core.events import FiguresChanged, ProviderChecked
from app.ui.main_window import MainWindow
from app.ui.side_panel import SidePanel
from tests.ui.demo import Demo, some_figures


@pytest.fixture
def demo(qtbot: QtBot) -> Demo:
    demo = Demo("light")
    qtbot.addWidget(demo.window)
    demo.engines()
    demo.services()
    demo.put(FiguresChanged(figures=some_figures()))
    demo.window.resize(1200, 1100)
    demo.window.show()
    return demo


def opened(window: MainWindow, name: str) -> SidePanel:
    if name == "engines":
        window.pill.click()
        return window.panel
    window.figures_line.click()
    return window.figures


def hidden_px(panel: SidePanel) -> int:
    """How much of it can only be seen by scrolling."""
    (scroll,) = panel.findChildren(QScrollArea)
    return scroll.verticalScrollBar().maximum()


@pytest.mark.parametrize("name", ["engines", "figures"])
@pytest.mark.parametrize("how", ["button", "escape"])
def test_it_comes_and_is_put_away(demo: Demo, qtbot: QtBot, name: str, how: str) -> None:
    assert demo.window.panel.isHidden()
    assert demo.window.figures.isHidden()
    panel = opened(demo.window, name)
    assert panel.isVisible()
    with qtbot.waitSignal(panel.closed):
        if how == "button":
            panel.close_button.click()
        else:
            QTest.keyClick(panel, Qt.Key.Key_Escape)
    assert not panel.isVisible()


@pytest.mark.parametrize("name", ["engines", "figures"])
def test_where_there_is_room_nothing_is_scrolled_and_none_is_wasted(
    demo: Demo, qtbot: QtBot, name: str
) -> None:
    panel = opened(demo.window, name)
    qtbot.wait(1)
    assert hidden_px(panel) == 0
    panel.resize(panel.width(), panel.height() - 1)
    qtbot.wait(1)
    assert hidden_px(panel) > 0


def test_it_is_as_high_as_it_must_be_after_each_change(demo: Demo, qtbot: QtBot) -> None:
    panel = demo.window.panel
    demo.window.pill.click()

    def fits() -> bool:
        return panel.height() == panel.wanted_height() and hidden_px(panel) == 0

    panel.keys.unfold.click()
    qtbot.wait(1)
    assert fits()
    folded = panel.height()
    panel.keys.rows["cerebras"].edit.click()
    demo.put(ProviderChecked(name="groq", ok=True, line="Groq answers. " * 12))
    qtbot.wait(1)
    assert fits()
    assert panel.height() > folded
    panel.keys.local_only.click()
    qtbot.wait(1)
    assert fits()
