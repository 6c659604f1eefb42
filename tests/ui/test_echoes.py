"""The echo of an older choice does not undo a newer one, anywhere in the window."""

from __future__ import annotations

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
    wishes: list[object] = []
    demo.window.intent.connect(wishes.append)
    demo.window._enlarge()
    demo.window._enlarge()
    chosen = [each.value for each in wishes if isinstance(each, ChangeSetting)]
    assert chosen == [1.1, 1.2]
    demo.put(SettingChanged(name="appearance.text_size", value=1.1))  # a slow disk
    demo.window._enlarge()
    assert wishes[-1].value == 1.3  # type: ignore[attr-defined]
