"""The echo of an older choice does not undo a newer one, anywhere in the window."""

from __future__ import annotations

from PySide6.QtCore import Qt

from app.core.events import ChangeSetting, SettingChanged
from app.ui.echoes import Echoes
from tests.ui.demo import Demo


def test_an_echo_is_one_once():
    echoes = Echoes()
    echoes.sent("a", 1)
    echoes.sent("a", 2)
    assert not echoes.holds("b", 1)
    assert echoes.holds("a", 1)
    assert echoes.holds("a", 2)
    assert not echoes.holds("a", 2), "somebody else changed it back"


def test_a_later_echo_makes_the_earlier_ones_needless():
    echoes = Echoes()
    for size in (1.1, 1.2, 1.3):
        echoes.sent("a", size)
    assert echoes.holds("a", 1.2)
    assert not echoes.holds("a", 1.1)
    assert echoes.holds("a", 1.3)


def test_the_words_keep_the_size_that_was_chosen_last(qtbot):
    demo = Demo()
    qtbot.addWidget(demo.window)
    with qtbot.waitActive(demo.window):
        demo.window.show()
        demo.window.activateWindow()
    wishes: list[object] = []
    demo.window.intent.connect(wishes.append)
    qtbot.keyClick(demo.window, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(demo.window, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    chosen = [each.value for each in wishes if isinstance(each, ChangeSetting)]
    assert chosen == [1.1, 1.2]
    demo.put(SettingChanged(name="appearance.text_size", value=1.1))  # a slow disk
    qtbot.keyClick(demo.window, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    assert wishes[-1].value == 1.3  # type: ignore[attr-defined]
