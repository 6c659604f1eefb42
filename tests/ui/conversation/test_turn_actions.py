"""What can be done with a turn: found by pointer and by keyboard, and nothing moves for it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QEnterEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.core.events import Outcome, ReplyEnded, State, StateChanged, TurnEnded, TurnStarted
from app.ui import icons
from app.ui.conversation.action_button import ActionButton
from app.ui.conversation.turn_view import TurnView
from app.ui.conversation.view import ConversationView
from tests.ui.demo import MARKDOWN_REPLY, SPOKEN_SPANS, Demo

QUESTION = "Plan a Saturday in Lyon"


@pytest.fixture
def demo(qtbot: QtBot) -> Demo:
    result = Demo("light")
    qtbot.addWidget(result.window)
    result.window.resize(900, 600)
    result.window.show()
    qtbot.waitActive(result.window)
    result.engines()
    return result


@pytest.fixture
def view(demo: Demo) -> ConversationView:
    return demo.window.view


def settled(qtbot: QtBot, demo: Demo) -> None:
    view = demo.window.view
    demo.window.conversation.flush()
    view.arrange()
    qtbot.wait(1)
    blocks = [block for turn in view.realised for block in turn.reply_blocks]
    qtbot.waitUntil(lambda: not any(block.is_behind for block in blocks))


def turn_of(qtbot: QtBot, demo: Demo, number: int) -> TurnView:
    settled(qtbot, demo)
    turn = demo.window.view.turn_view(number)
    assert turn is not None
    return turn


def offered(turn: TurnView) -> list[str]:
    found = turn.findChildren(ActionButton)
    return [button.accessibleName() for button in found if not button.isHidden()]


def come_near(turn: QWidget) -> None:
    QApplication.sendEvent(turn, QEnterEvent(QPointF(5, 5), QPointF(5, 5), QPointF(5, 5)))


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


def test_they_are_drawn_when_somebody_is_near_and_nothing_moves(demo: Demo, qtbot: QtBot) -> None:
    turn = turn_of(qtbot, demo, demo.exchange(QUESTION, "A plan."))
    places = [button.geometry() for button in turn.findChildren(ActionButton)]
    height = turn.height()
    assert not turn.buttons.again.is_seen
    come_near(turn)
    assert turn.buttons.again.is_seen
    assert turn.buttons.edit.is_seen
    settled(qtbot, demo)
    assert [button.geometry() for button in turn.findChildren(ActionButton)] == places
    assert turn.height() == height


def test_each_has_a_picture_and_a_name(demo: Demo, qtbot: QtBot) -> None:
    turn = turn_of(qtbot, demo, demo.exchange(QUESTION, "```\ncode\n```"))
    buttons = turn.findChildren(ActionButton)
    assert len(buttons) == 7
    for button in buttons:
        assert (icons.RESOURCES / "icons" / f"{button.icon_name}.svg").is_file()
        assert button.accessibleName()
        assert button.toolTip()


def test_each_turn_offers_what_makes_sense(demo: Demo, qtbot: QtBot) -> None:
    own = ["Copy your words", "Edit your words and send"]
    number = demo.begin("text", QUESTION)
    turn = turn_of(qtbot, demo, number)
    assert offered(turn) == [*own, "Stop"]
    demo.stream(number, "A pl")
    assert offered(turn_of(qtbot, demo, number)) == [*own, "Copy the answer", "Stop"]
    demo.end(number, QUESTION, "A plan.", spoken=False)
    over = [*own, "Copy the answer", "Answer again", "Hear it again"]
    assert offered(turn_of(qtbot, demo, number)) == over
    failed = demo.begin("text", "Q")
    demo.end(failed, "Q", "", outcome=Outcome.FAILED, spoken=False, saved=False)
    turn = turn_of(qtbot, demo, failed)
    assert offered(turn) == [*own, "Answer again"]
    assert turn.buttons.again.is_seen, "the next step is in sight"


def test_nothing_moves_when_the_thin_line_comes(demo: Demo, qtbot: QtBot) -> None:
    number = demo.begin("text", QUESTION)
    demo.stream(number, "A plan.")
    turn = turn_of(qtbot, demo, number)
    height = turn.height()
    demo.end(number, QUESTION, "A plan.", spoken=False)
    settled(qtbot, demo)
    assert not turn.meta_button.isHidden()
    assert turn.height() == height


def test_tab_goes_through_a_turn_in_reading_order(demo: Demo, qtbot: QtBot) -> None:
    turn = turn_of(qtbot, demo, demo.exchange(QUESTION, "Do:\n\n```\nwalk\n```"))
    demo.window.view.setFocus()
    names = []
    for _ in range(9):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        names.append(QApplication.focusWidget().accessibleName())
    assert names == [
        "You said",
        "Copy your words",
        "Edit your words and send",
        "Parley answered",
        "Copy this code",
        turn.meta_button.accessibleName(),
        "Copy the answer",
        "Answer again",
        "Hear it again",
    ]
    assert turn.buttons.aloud.is_seen
    assert turn.buttons.copy_words.is_seen, "all of the turn's are shown"


def test_copy_gives_the_markdown(demo: Demo, qtbot: QtBot) -> None:
    turn = turn_of(qtbot, demo, demo.exchange(QUESTION, MARKDOWN_REPLY))
    turn.buttons.copy_reply.click()
    assert clipboard() == MARKDOWN_REPLY
    assert turn.buttons.copy_reply.icon_name == "check"
    assert turn.buttons.copy_reply.toolTip() == "Copied"
    turn.buttons.copy_words.click()
    assert clipboard() == QUESTION


def test_ctrl_c_copies_what_is_selected_or_else_the_reply(demo: Demo, qtbot: QtBot) -> None:
    turn = turn_of(qtbot, demo, demo.exchange(QUESTION, "A **short** plan."))
    block = turn.reply_blocks[0]
    block.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(block, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard() == "A **short** plan."
    turn.transcript_block.selectAll()
    QTest.keyClick(block, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard() == QUESTION
    block.selectAll()
    QTest.keyClick(block, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard() == "A short plan."
    assert not turn.transcript_block.textCursor().hasSelection(), "one text at a time"


def test_code_is_copied_as_it_was_written(demo: Demo, qtbot: QtBot) -> None:
    reply = "One:\n\n```python\nfor a in b:\n\n    print(a)\n```\n\nTwo:\n\n```\nx\n```"
    turn = turn_of(qtbot, demo, demo.exchange(QUESTION, reply))
    code = turn.reply_blocks[0].code
    assert [field.language for field in code.fields] == ["python", ""]
    code.buttons[0].click()
    assert clipboard() == "for a in b:\n\n    print(a)"
    assert code.buttons[0].icon_name == "check"
    code.buttons[1].click()
    assert clipboard() == "x"


def test_code_that_goes_on_in_the_next_text_is_copied_whole(demo: Demo, qtbot: QtBot) -> None:
    lines = [f"value_{number} = {number}" for number in range(900)]
    reply = "```python\n" + "\n".join(lines) + "\n```\n\nDone."
    turn = turn_of(qtbot, demo, demo.exchange(QUESTION, reply))
    assert len(turn.reply_blocks) > 1
    assert turn.reply_blocks[1].code.buttons == [], "one button for one block of code"
    turn.reply_blocks[0].code.buttons[0].click()
    assert clipboard() == "\n".join(lines)


def test_answer_again_asks_the_same(demo: Demo, view: ConversationView, qtbot: QtBot) -> None:
    number = demo.exchange(QUESTION, "A plan.")
    turn = turn_of(qtbot, demo, number)
    with qtbot.waitSignal(view.ask_again) as caught:
        turn.buttons.again.click()
    assert caught.args == [number, QUESTION]


def test_they_are_pressed_by_keyboard_too(demo: Demo, view: ConversationView, qtbot: QtBot) -> None:
    turn = turn_of(qtbot, demo, demo.exchange(QUESTION, "A plan."))
    turn.buttons.again.setFocus(Qt.FocusReason.TabFocusReason)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Space):
        with qtbot.waitSignal(view.ask_again):
            QTest.keyClick(turn.buttons.again, key)


def test_a_click_does_not_bring_the_keyboard(demo: Demo, qtbot: QtBot) -> None:
    turn = turn_of(qtbot, demo, demo.exchange(QUESTION, "A plan."))
    QTest.mouseClick(turn.buttons.copy_reply, Qt.MouseButton.LeftButton)
    assert clipboard() == "A plan."
    assert demo.window.view.hasFocus(), "Space goes on talking"


def test_edited_words_are_sent_from_their_place(
    demo: Demo, view: ConversationView, qtbot: QtBot
) -> None:
    number = demo.exchange(QUESTION, "A plan.")
    turn = turn_of(qtbot, demo, number)
    turn.buttons.edit.click()
    settled(qtbot, demo)
    assert turn.editor is not None
    assert turn.editor.box.hasFocus()
    assert turn.editor.box.toPlainText() == QUESTION
    assert "Edit your words and send" not in offered(turn)
    QTest.keyClicks(turn.editor.box, " in May")
    with qtbot.waitSignal(view.ask_again) as caught:
        QTest.keyClick(turn.editor.box, Qt.Key.Key_Return)
    assert caught.args == [number, QUESTION + " in May"]
    assert turn.editor is None
    assert turn.transcript_block.text == QUESTION, "this turn stays what it was"


def test_esc_leaves_the_editor_and_stops_nothing(demo: Demo, qtbot: QtBot) -> None:
    number = demo.exchange(QUESTION, "A plan.")
    turn = turn_of(qtbot, demo, number)
    height = turn.height()
    turn.buttons.edit.click()
    settled(qtbot, demo)
    assert turn.editor is not None
    assert turn.height() > height
    QTest.keyClicks(turn.editor.box, " in May")
    with qtbot.assertNotEmitted(demo.window.intent):
        QTest.keyClick(demo.window.windowHandle(), Qt.Key.Key_Escape)
    assert turn.editor is None
    assert turn.buttons.edit.hasFocus(), "the keyboard is where it was"
    settled(qtbot, demo)
    assert turn.height() == height


def test_nothing_is_sent_of_blanks(demo: Demo, view: ConversationView, qtbot: QtBot) -> None:
    turn = turn_of(qtbot, demo, demo.exchange(QUESTION, "A plan."))
    turn.edit()
    assert turn.editor is not None
    turn.editor.box.setPlainText("  \n")
    assert not turn.editor.send.isEnabled()
    with qtbot.assertNotEmitted(view.ask_again):
        QTest.keyClick(turn.editor.box, Qt.Key.Key_Return)


def test_what_is_edited_is_kept_while_the_page_scrolls(demo: Demo, qtbot: QtBot) -> None:
    numbers = [demo.exchange(f"Question {number}", "An answer. " * 20) for number in range(60)]
    turn = turn_of(qtbot, demo, numbers[-1])
    turn.edit()
    assert turn.editor is not None
    turn.editor.box.setPlainText("Something else")
    demo.window.composer.talk.setFocus()
    demo.window.view.verticalScrollBar().setValue(0)
    settled(qtbot, demo)
    demo.window.view.follow()
    again = turn_of(qtbot, demo, numbers[-1])
    assert again.editor is not None
    assert again.editor.box.toPlainText() == "Something else"


def test_a_long_question_is_edited_in_more_lines(demo: Demo, qtbot: QtBot) -> None:
    turn = turn_of(qtbot, demo, demo.exchange("word " * 60, "A plan."))
    demo.window.view.set_text_size(1.6)
    turn = turn_of(qtbot, demo, demo.last_turn)
    turn.edit()
    settled(qtbot, demo)
    assert turn.editor is not None
    line = turn.editor.box.fontMetrics().lineSpacing()
    assert turn.editor.box.height() >= 4 * line
    assert turn.editor.height() > turn.editor.box.height()


def test_stop_is_one_of_them(demo: Demo, view: ConversationView, qtbot: QtBot) -> None:
    number = demo.begin("text", QUESTION)
    demo.stream(number, "A pl")
    turn = turn_of(qtbot, demo, number)
    with qtbot.waitSignal(view.stop_wanted):
        turn.buttons.stop.click()


def test_a_reply_that_is_read_aloud_again_says_so_until_it_ends(
    demo: Demo, view: ConversationView, qtbot: QtBot
) -> None:
    number = demo.exchange(QUESTION, "A plan.")
    turn = turn_of(qtbot, demo, number)
    view.say_again.connect(demo.window.conversation.replaying)
    turn.buttons.aloud.setFocus(Qt.FocusReason.TabFocusReason)
    turn.buttons.aloud.click()
    demo.put(TurnStarted(turn_id=77, source="again"), StateChanged(state=State.SPEAKING))
    settled(qtbot, demo)
    assert len(demo.window.conversation) == 1, "it is no turn of the conversation"
    assert turn.entry.read_aloud
    assert "Hear it again" not in offered(turn)
    assert turn.buttons.stop.is_seen
    assert turn.buttons.stop.hasFocus(), "it stands in the place of what was pressed"
    demo.put(
        TurnEnded(
            turn_id=77,
            outcome=Outcome.REPLIED,
            transcript="",
            reply="A plan.",
            heard="A plan.",
            language="en",
            spans=SPOKEN_SPANS,
            engines={},
        )
    )
    settled(qtbot, demo)
    assert not turn.entry.read_aloud
    assert "Hear it again" in offered(turn)
    assert turn.buttons.aloud.hasFocus()


def test_a_new_answer_takes_the_place_and_the_keyboard_stays_on_the_page(
    demo: Demo, qtbot: QtBot
) -> None:
    first = demo.exchange(QUESTION, "A plan.")
    turn = turn_of(qtbot, demo, first)
    turn.buttons.again.setFocus(Qt.FocusReason.TabFocusReason)
    demo.window.conversation.asked(QUESTION)
    demo.put(TurnStarted(turn_id=50, source="text", replaces=first))
    settled(qtbot, demo)
    assert [entry.turn_id for entry in demo.window.conversation.entries] == [50]
    assert demo.window.view.turn_view(first) is None
    assert demo.window.view.hasFocus()
    demo.put(ReplyEnded(turn_id=50, text="Another plan.", clauses=1))
    assert turn_of(qtbot, demo, 50).reply_blocks[0].text == "Another plan."


def test_arrows_scroll_wherever_the_keyboard_is(demo: Demo, qtbot: QtBot) -> None:
    for number in range(20):
        demo.exchange(f"Question {number}", "An answer. " * 20)
    turn = turn_of(qtbot, demo, demo.last_turn)
    bar = demo.window.view.verticalScrollBar()
    for widget in (turn.reply_blocks[0], turn.meta_button, turn.buttons.again):
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        before = bar.value()
        QTest.keyClick(widget, Qt.Key.Key_Up)
        assert bar.value() < before
        assert widget.hasFocus()
        QTest.keyClick(widget, Qt.Key.Key_End)
        qtbot.wait(1)
        assert bar.value() == bar.maximum()
