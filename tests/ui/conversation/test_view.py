"""The page: bounded widgets, steady place, finished Markdown, folding details."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.core.events import EngineAnswered, ReplyDelta, ReplyEnded, StageStarted
from app.core.history_events import ConversationBegun
from app.core.ports import Engine, Stage, TurnRecord
from tests.ui.demo import CEREBRAS, GROQ, MARKDOWN_REPLY, OLLAMA, Demo


@pytest.fixture
def demo(qtbot: QtBot) -> Demo:
    result = Demo("light")
    qtbot.addWidget(result.window)
    result.window.resize(900, 600)
    result.window.show()
    result.engines()
    return result


def old_turns(count: int) -> tuple[TurnRecord, ...]:
    """All of one day."""
    return tuple(
        TurnRecord(
            turn_id=-number,
            started_at=1_700_000_000.0 + number,
            source="text",
            transcript=f"Question {number}",
            language="en",
            reply_generated="An answer of some length. " * (5 + number % 7),
            outcome="replied",
            answered_by=(OLLAMA,),
        )
        for number in range(1, count + 1)
    )


def settled(qtbot: QtBot, demo: Demo) -> None:
    view = demo.window.view
    demo.window.conversation.flush()
    view.arrange()
    qtbot.wait(1)
    blocks = [block for turn in view.realised for block in turn.reply_blocks]
    qtbot.waitUntil(lambda: not any(block.is_behind for block in blocks))


def test_ten_thousand_turns_are_few_widgets(demo: Demo, qtbot: QtBot) -> None:
    for number in range(10_000):
        demo.exchange(f"Question {number}", f"Answer {number}", source="text")
    settled(qtbot, demo)
    view = demo.window.view
    assert len(demo.window.conversation) == 10_000
    assert len(view.realised) < 30
    assert view.realised[-1].entry.transcript == "Question 9999"
    bar = view.verticalScrollBar()
    bar.setValue(0)
    qtbot.wait(1)
    assert view.realised[0].entry.transcript == "Question 0"
    bar.setValue(bar.maximum() // 2)
    qtbot.wait(1)
    assert len(view.realised) < 30
    assert 4_000 < view.realised[0].entry.turn_id < 6_000


def test_what_is_read_stays_while_the_reply_grows_below(demo: Demo, qtbot: QtBot) -> None:
    for number in range(40):
        demo.exchange(f"Question {number}", "A sentence of an answer. " * 6)
    number = demo.begin("text", "More")
    settled(qtbot, demo)
    view = demo.window.view
    assert view.following
    view.verticalScrollBar().setValue(1_000)
    assert not view.following
    place = {each.entry.turn_id: each.y() for each in view.realised if 0 <= each.y() < 400}
    for _ in range(30):
        demo.put(ReplyDelta(turn_id=number, text="More and more text for the reply. " * 5))
        settled(qtbot, demo)
    assert {each.entry.turn_id: each.y() for each in view.realised if 0 <= each.y() < 400} == place
    view.follow()
    assert view.verticalScrollBar().value() == view.verticalScrollBar().maximum()


def test_the_newest_words_stay_in_sight(demo: Demo, qtbot: QtBot) -> None:
    number = demo.begin("text", "Tell me a story")
    for _ in range(60):
        demo.put(ReplyDelta(turn_id=number, text="Once upon a time there was a fox. " * 3))
        settled(qtbot, demo)
    view = demo.window.view
    last = view.realised[-1]
    assert view.verticalScrollBar().maximum() > 0
    assert last.geometry().bottom() <= view.viewport().height()


def test_markdown_is_shown_while_it_streams_and_stays_where_it_is(demo: Demo, qtbot: QtBot) -> None:
    number = demo.begin("text", "Plan")
    demo.stream(number, MARKDOWN_REPLY)
    settled(qtbot, demo)
    turn = demo.window.view.turn_view(number)
    assert turn is not None
    assert turn.reply_blocks[0].text.startswith("Here is a short plan for Saturday in Lyon:")
    place, text = turn.geometry(), turn.reply_blocks[0].text
    demo.end(number, "Plan", MARKDOWN_REPLY, spoken=False)
    settled(qtbot, demo)
    assert (turn.geometry(), turn.reply_blocks[0].text) == (place, text)


def test_a_very_long_reply_is_shown_whole(demo: Demo, qtbot: QtBot) -> None:
    number = demo.begin("text", "Long")
    paragraphs = [f"Paragraph {index} with some words in it." for index in range(1_000)]
    text = "\n\n".join(paragraphs)
    for start in range(0, len(text), 900):
        demo.put(ReplyDelta(turn_id=number, text=text[start : start + 900]))
        settled(qtbot, demo)
    demo.end(number, "Long", text, spoken=False)
    settled(qtbot, demo)
    turn = demo.window.view.turn_view(number)
    assert turn is not None
    shown = "\n".join(block.text for block in turn.reply_blocks)
    assert [line for line in shown.split("\n") if line] == paragraphs


def test_another_engines_answer_replaces_what_was_streamed(demo: Demo, qtbot: QtBot) -> None:
    number = demo.begin("text", "Q")
    demo.stream(number, "Half an ans")
    settled(qtbot, demo)
    demo.end(number, "Q", "A whole answer.", spoken=False)
    settled(qtbot, demo)
    turn = demo.window.view.turn_view(number)
    assert turn is not None
    assert [block.text for block in turn.reply_blocks] == ["A whole answer."]


def test_the_thin_line_says_who_where_and_how_fast(demo: Demo, qtbot: QtBot) -> None:
    number = demo.exchange("Hello?", "Hello.")
    settled(qtbot, demo)
    turn = demo.window.view.turn_view(number)
    assert turn is not None
    line = turn.meta_button.text()
    assert line == "Ollama · phi3:mini · this computer · 0.35 s to the first sound · saved"


def test_a_word_that_was_taken_back_is_not_shown(demo: Demo, qtbot: QtBot) -> None:
    number = demo.begin("text", "Q")
    demo.put(ReplyDelta(turn_id=number, text="It is in Fra"))
    settled(qtbot, demo)
    demo.put(ReplyDelta(turn_id=number, text="Europe", takes_back=3))
    demo.put(ReplyDelta(turn_id=number, text=".\n\nReally."))
    settled(qtbot, demo)
    turn = demo.window.view.turn_view(number)
    assert turn is not None
    shown = "\n".join(block.text for block in turn.reply_blocks)
    assert [line for line in shown.split("\n") if line] == ["It is in Europe.", "Really."]


def relayed(demo: Demo, *writers: Engine, asked: tuple[Engine, ...], why: str) -> int:
    """A turn whose reply several models had a part in."""
    number = demo.begin("text", "Q")
    demo.put(*(StageStarted(turn_id=number, stage=Stage.LLM, engine=each) for each in asked))
    for writer in writers:
        said = "" if writer == asked[0] else why
        demo.put(EngineAnswered(turn_id=number, engine=writer, why=said))
        demo.put(ReplyDelta(turn_id=number, text="Words. "))
    demo.put(ReplyEnded(turn_id=number, text="Words. " * len(writers), clauses=1))
    return number


@pytest.mark.parametrize(
    ("writers", "asked", "line"),
    [
        ((OLLAMA,), (OLLAMA,), "Ollama · phi3:mini · this computer"),
        ((GROQ,), (OLLAMA, GROQ), "Groq · llama-3.1-8b-instant · cloud"),
        (
            (OLLAMA, GROQ),
            (OLLAMA, GROQ),
            "Ollama · phi3:mini, Groq · llama-3.1-8b-instant · cloud",
        ),
        (
            (GROQ, OLLAMA),
            (GROQ, OLLAMA),
            "Groq · llama-3.1-8b-instant, Ollama · phi3:mini · cloud",
        ),
        ((OLLAMA,), (OLLAMA, GROQ), "Ollama · phi3:mini · cloud"),
    ],
)
def test_a_question_that_went_to_the_cloud_is_marked_whoever_answered(
    demo: Demo, qtbot: QtBot, writers: tuple[Engine, ...], asked: tuple[Engine, ...], line: str
) -> None:
    number = relayed(demo, *writers, asked=asked, why="Ollama is not running.")
    settled(qtbot, demo)
    turn = demo.window.view.turn_view(number)
    assert turn is not None
    assert turn.meta_button.text() == line


def test_folded_out_it_says_who_wrote_it_and_why(demo: Demo, qtbot: QtBot) -> None:
    number = relayed(demo, OLLAMA, GROQ, asked=(OLLAMA, CEREBRAS, GROQ), why="Ollama stopped.")
    settled(qtbot, demo)
    turn = demo.window.view.turn_view(number)
    assert turn is not None
    turn.meta_button.click()
    assert turn.details is not None
    assert turn.details.engines_text.split("\n")[-3:] == [
        "Written one after another by: Ollama · phi3:mini, Groq · llama-3.1-8b-instant",
        "Also asked: Cerebras · llama3.1-8b (cloud)",
        "Why: Ollama stopped.",
    ]


def test_a_click_on_the_line_unfolds_the_waterfall(demo: Demo, qtbot: QtBot) -> None:
    number = demo.exchange("Hello?", "Hello.")
    settled(qtbot, demo)
    turn = demo.window.view.turn_view(number)
    assert turn is not None
    folded = turn.height()
    turn.meta_button.click()
    qtbot.wait(1)
    assert turn.details is not None
    rows = turn.details.waterfall.lines
    parts = [row for row in rows if row.waited and not row.total]
    total = next(row for row in rows if row.total)
    assert [row.start_ms for row in parts] == [0.0, 98.0, 176.0, 237.0, 325.0]
    assert parts[-1].end_ms == total.end_ms == 352.0
    assert "Understanding you: 96 ms." in turn.meta_button.accessibleDescription()
    assert "Hears: Whisper · acft-whisper-tiny (this computer, CPU)" in turn.details.engines_text
    assert turn.height() > folded
    turn.meta_button.click()
    assert turn.meta_button.accessibleDescription() == ""
    assert turn.details is None
    assert turn.height() == folded


def test_a_slow_turn_says_why_and_what_to_do(demo: Demo, qtbot: QtBot) -> None:
    number = demo.begin()
    demo.end(number, "Hello?", "Hello.", slow_because="busy computer")
    quick = demo.exchange("Hello?", "Hello.")
    settled(qtbot, demo)
    texts = []
    for each in (number, quick):
        turn = demo.window.view.turn_view(each)
        assert turn is not None
        turn.meta_button.click()
        assert turn.details is not None
        texts.append(turn.details.slow_text)
    assert texts == ["Other programs kept the processors busy. Close what you do not need.", ""]


def test_the_column_stays_readable_and_in_the_middle(demo: Demo, qtbot: QtBot) -> None:
    number = demo.exchange("Hello?", "word " * 200)
    for width in (900, 1280, 1900):
        demo.window.resize(width, 700)
        settled(qtbot, demo)
        turn = demo.window.view.turn_view(number)
        assert turn is not None
        block = turn.reply_blocks[0]
        assert block.width() <= 720
        view = demo.window.view
        left = block.mapTo(view, block.rect().topLeft()).x()
        assert abs((left + block.width() / 2) - view.width() / 2) <= 1


def test_an_old_conversation_opens_at_its_end_or_at_what_was_found(
    demo: Demo, qtbot: QtBot
) -> None:
    view = demo.window.view
    demo.exchange("Before", "Gone.")
    demo.put(ConversationBegun(conversation=1, turns=old_turns(300)))
    settled(qtbot, demo)
    assert view.realised[-1].entry.turn_id == -300
    assert view.verticalScrollBar().value() == view.verticalScrollBar().maximum()
    demo.put(ConversationBegun(conversation=2, turns=old_turns(300), shown=-120))
    settled(qtbot, demo)
    found = view.turn_view(-120)
    assert found is not None
    assert found.y() == 0
    assert not view.following
    assert all(turn.entry.reply != "Gone." for turn in view.realised)


def test_a_day_is_named_where_it_begins(demo: Demo, qtbot: QtBot) -> None:
    demo.put(ConversationBegun(conversation=1, turns=old_turns(3)))
    settled(qtbot, demo)
    days = [turn.day for turn in demo.window.view.realised]
    assert days[0].startswith("14 November 2023 ")
    assert days[1:] == ["", ""]


def test_larger_words_keep_what_is_read_in_sight(demo: Demo, qtbot: QtBot) -> None:
    view = demo.window.view
    demo.put(ConversationBegun(conversation=1, turns=old_turns(300), shown=-120))
    settled(qtbot, demo)
    before = view.turn_view(-120)
    assert before is not None
    height = before.height()
    view.set_text_size(1.6)
    settled(qtbot, demo)
    first = next(turn for turn in view.realised if turn.geometry().bottom() > 0)
    assert first.entry.turn_id == -120
    assert first.height() > 1.3 * height
    font = first.reply_blocks[0].document().defaultFont()
    assert font.pixelSize() == 24
    assert first.meta_button.font().pixelSize() == 21
    view.set_text_size(1.0)
    settled(qtbot, demo)
    first = next(turn for turn in view.realised if turn.geometry().bottom() > 0)
    assert (first.entry.turn_id, first.height()) == (-120, height)


def test_the_size_of_words_stays_within_its_limits(demo: Demo, qtbot: QtBot) -> None:
    number = demo.exchange("Hello?", "Hello.")
    for factor, wanted in ((9.0, 30), (0.1, 12)):
        demo.window.view.set_text_size(factor)
        settled(qtbot, demo)
        turn = demo.window.view.turn_view(number)
        assert turn is not None
        assert turn.reply_blocks[0].document().defaultFont().pixelSize() == wanted


def test_tab_from_the_page_goes_to_what_is_in_sight(demo: Demo, qtbot: QtBot) -> None:
    qtbot.waitActive(demo.window)
    for number in range(60):
        demo.exchange(f"Question {number}", "An answer. " * 20)
    settled(qtbot, demo)
    view = demo.window.view
    view.verticalScrollBar().setValue(2_000)
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Tab)
    focused = QApplication.focusWidget()
    assert focused is not None
    assert view.viewport().isAncestorOf(focused)
    place = focused.mapTo(view.viewport(), focused.rect().topLeft())
    assert 0 <= place.y() < view.viewport().height()
    qtbot.wait(5)
    after = focused.mapTo(view.viewport(), focused.rect().topLeft())
    assert after == place, "it was in sight already"


def test_a_click_into_a_long_reply_does_not_scroll(demo: Demo, qtbot: QtBot) -> None:
    number = demo.exchange("Long?", "A paragraph. " * 130)
    settled(qtbot, demo)
    view = demo.window.view
    turn = view.turn_view(number)
    assert turn is not None
    block = turn.reply_blocks[0]
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() - 40)
    top = block.mapTo(view.viewport(), block.rect().topLeft()).y()
    assert top < 0
    before = view.verticalScrollBar().value()
    QTest.mouseClick(block.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(20, 20 - top))
    qtbot.wait(5)
    assert block.hasFocus()
    assert view.verticalScrollBar().value() == before


PARTIALS = [
    "could",
    "could you tell me",
    "could you tell me how long the train from Paris to Lyon takes on a week",
    "could you tell me how long the train from Paris",
    "could you tell me how long the train from Paris to Lyon takes on a weekday in the morning",
    "good",
    "could you tell me how long the train from Paris to Lyon takes on weekdays",
]


def test_partial_words_never_shrink_their_box_and_settle_in_place(demo: Demo, qtbot: QtBot) -> None:
    number = demo.begin()
    settled(qtbot, demo)
    turn = demo.window.view.turn_view(number)
    assert turn is not None
    tops, heights = [], []
    for words in PARTIALS:
        demo.hear(number, words)
        settled(qtbot, demo)
        box = turn.transcript_block.parentWidget()
        assert box is not None
        tops.append(box.geometry().topLeft())
        heights.append(box.height())
    assert heights == sorted(heights)
    assert heights[-1] > heights[0]
    assert len(set(map(str, tops))) == 1
    demo.hear(number, PARTIALS[-1], final=True)
    settled(qtbot, demo)
    assert turn.transcript_block.parentWidget().height() == heights[-1]  # type: ignore[union-attr]


def test_thinking_gives_way_to_the_reply_and_nothing_moves(demo: Demo, qtbot: QtBot) -> None:
    number = demo.begin("text", "Hello?")
    settled(qtbot, demo)
    turn = demo.window.view.turn_view(number)
    assert turn is not None
    place = turn.geometry()
    demo.stream(number, "Hello")
    settled(qtbot, demo)
    assert abs(turn.height() - place.height()) <= 1
