"""The page: bounded widgets, steady place, finished Markdown, folding details."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.core.events import EngineAnswered, ReplyDelta, ReplyEnded, StageStarted
from app.core.ports import Engine, Stage
from app.ui.conversation_view import Heights
from tests.ui.demo import CEREBRAS, GROQ, MARKDOWN_REPLY, OLLAMA, Demo


@pytest.fixture
def demo(qtbot: QtBot) -> Demo:
    result = Demo("light")
    qtbot.addWidget(result.window)
    result.window.resize(900, 600)
    result.window.show()
    result.engines()
    return result


def settled(qtbot: QtBot, demo: Demo) -> None:
    demo.window.conversation.flush()
    demo.window.view.arrange()
    qtbot.wait(1)


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


def test_plain_while_it_streams_and_markdown_once_it_is_done(demo: Demo, qtbot: QtBot) -> None:
    number = demo.begin("text", "Plan")
    demo.stream(number, MARKDOWN_REPLY)
    settled(qtbot, demo)
    turn = demo.window.view.turn_view(number)
    assert turn is not None
    assert turn.reply_blocks[0].text == MARKDOWN_REPLY
    demo.end(number, "Plan", MARKDOWN_REPLY, spoken=False)
    settled(qtbot, demo)
    assert "**" not in turn.reply_blocks[0].text
    assert "Saturday in Lyon" in turn.reply_blocks[0].text


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
        left = block.mapTo(demo.window, block.rect().topLeft()).x()
        assert abs((left + block.width() / 2) - width / 2) <= 1


def test_heights_know_where_each_turn_begins() -> None:
    heights = Heights()
    for height in (10, 20, 30):
        heights.append(height)
    assert [heights.top(index) for index in range(4)] == [0, 10, 30, 60]
    assert [heights.at(y) for y in (-5, 0, 9, 10, 29, 30, 99)] == [0, 0, 0, 1, 1, 2, 2]
    heights.set(0, 15)
    assert heights.top(2) == 35
    heights.remove(1)
    assert heights.total == 45
