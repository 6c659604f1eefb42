"""Keys that belong to the whole window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.core.events import ChangeSetting, DropListening, State, StateChanged, StopReply
from app.core.history_events import NewConversation
from app.ui.pages import Name
from tests.ui.bench import Bench

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def test_a_letter_typed_anywhere_begins_a_question(bench: Bench) -> None:
    bench.window.composer.talk.setFocus()
    bench.key(Qt.Key.Key_H)
    assert bench.window.composer.box.hasFocus()
    assert bench.window.composer.box.toPlainText().lower() == "h"


def test_space_is_the_talk_keys_from_the_first_moment(bench: Bench) -> None:
    assert not bench.window.composer.box.hasFocus()
    assert bench.window.composer.talk.hasFocus()


def test_enter_presses_the_button_with_the_focus(bench: Bench, qtbot: QtBot) -> None:
    bench.window.show()
    qtbot.waitExposed(bench.window)
    bench.window.pill.setFocus()
    qtbot.keyClick(bench.window.pill, Qt.Key.Key_Return)
    assert bench.window.panel.isVisible()
    bench.window.panel.close_button.setFocus()
    qtbot.keyClick(bench.window.panel.close_button, Qt.Key.Key_Enter)
    assert not bench.window.panel.isVisible()


def test_escape_while_listening_drops_the_utterance(bench: Bench, qtbot: QtBot) -> None:
    bench.demo.begin()
    with qtbot.waitSignal(bench.window.listening_dropped):
        bench.key(Qt.Key.Key_Escape)
    assert [type(intent) for intent in bench.intents] == [DropListening]


@pytest.mark.parametrize("state", [State.THINKING, State.SPEAKING])
def test_escape_and_the_button_stop_a_reply(bench: Bench, state: str) -> None:
    bench.demo.put(StateChanged(state=state))
    assert bench.window.composer.stop.isVisible()
    bench.key(Qt.Key.Key_Escape)
    bench.window.composer.stop.click()
    assert [type(intent) for intent in bench.intents] == [StopReply, StopReply]
    bench.demo.put(StateChanged(state=State.READY))
    assert not bench.window.composer.stop.isVisible()


def test_escape_leaves_the_text_box_so_that_space_talks(bench: Bench) -> None:
    bench.window.composer.box.setFocus()
    bench.key(Qt.Key.Key_Escape)
    assert bench.window.composer.talk.hasFocus()


def test_escape_goes_from_what_lies_on_top_to_the_button(bench: Bench) -> None:
    window = bench.window
    bench.demo.engines()
    window.pill.click()
    window.composer.box.setFocus()
    bench.key(Qt.Key.Key_Escape)
    assert not window.panel.isVisible()
    window.open_settings()
    bench.key(Qt.Key.Key_Escape)
    assert not window.is_covered
    window.composer.box.setFocus()
    bench.key(Qt.Key.Key_Escape)
    assert window.composer.talk.hasFocus()


def test_a_letter_typed_over_a_page_is_the_pages(bench: Bench) -> None:
    bench.window.open_page(Name.DIAGNOSIS)
    bench.key(Qt.Key.Key_H)
    assert bench.window.is_covered
    assert bench.window.composer.box.toPlainText() == ""


def test_a_letter_with_ctrl_is_no_text(bench: Bench) -> None:
    bench.key(Qt.Key.Key_J, CONTROL)
    assert bench.window.composer.box.toPlainText() == ""


def test_the_sidebars_keys_wait_for_the_conversation(bench: Bench) -> None:
    window = bench.window
    opened = window.sidebar.is_open
    window.open_settings()
    bench.key(Qt.Key.Key_B, CONTROL)
    bench.key(Qt.Key.Key_F, CONTROL)
    assert window.is_covered
    assert window.sidebar.is_open == opened
    window.close_settings()
    bench.key(Qt.Key.Key_B, CONTROL)
    assert window.sidebar.is_open != opened
    bench.key(Qt.Key.Key_F, CONTROL)
    assert window.sidebar.is_open
    assert window.sidebar.panel.search.hasFocus()


@pytest.mark.parametrize("private", [False, True])
def test_a_new_conversation_is_two_keys_away_from_any_page(bench: Bench, private: bool) -> None:
    bench.key(Qt.Key.Key_Comma, CONTROL)
    assert bench.window.is_covered
    bench.key(Qt.Key.Key_N, CONTROL | SHIFT if private else CONTROL)
    assert not bench.window.is_covered
    (begun,) = [each for each in bench.intents if isinstance(each, NewConversation)]
    assert begun.private == private


def test_the_words_grow_shrink_and_are_as_usual_again(bench: Bench) -> None:
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus, Qt.Key.Key_0):
        bench.key(key, CONTROL)
    chosen = [each for each in bench.intents if isinstance(each, ChangeSetting)]
    assert {each.name for each in chosen} == {"appearance.text_size"}
    assert [each.value for each in chosen] == [1.1, 1.2, 1.1, 1.0]
