"""Text on the page: harmless whatever it holds, settled without moving."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QColor, QTextCursor, QTextDocument, QTextTable
from pytestqt.qtbot import QtBot

from app.ui.conversation.text_block import TextBlock
from app.ui.conversation.text_sizes import TextSizes
from app.ui.theme import LIGHT, Theme


@pytest.fixture
def block(qtbot: QtBot) -> TextBlock:
    widget = TextBlock(Theme("light"))
    qtbot.addWidget(widget)
    widget.resize(600, 400)
    return widget


def ink(block: TextBlock, position: int = 1) -> str:
    cursor = QTextCursor(block.document())
    cursor.setPosition(position)
    return cursor.charFormat().foreground().color().name().upper()


def links(block: TextBlock) -> list[str]:
    found = []
    at = block.document().begin()
    while at.isValid():
        iterator = at.begin()
        while not iterator.atEnd():
            shape = iterator.fragment().charFormat()
            if shape.isAnchor():
                found.append(shape.anchorHref())
            iterator += 1
        at = at.next()
    return found


def test_html_in_a_reply_is_shown_as_text(block: TextBlock) -> None:
    html = 'Hi <b>bold</b> <img src="http://127.0.0.1:1/x.png"> <script>alert(1)</script>'
    block.show_markdown(html)
    assert block.text == html
    block.show_plain(html)
    assert block.text == html


def test_markdown_is_set(block: TextBlock) -> None:
    block.show_markdown(
        "# Head\n\nSome **bold** text.\n\n- one\n- two\n\n| a | b |\n|-|-|\n| 1 | 2 |"
    )
    assert "**" not in block.text
    assert block.document().begin().blockFormat().headingLevel() == 1
    assert "Some bold text." in block.text
    assert any(
        QTextCursor(block.document().findBlockByNumber(n)).currentList() is not None
        for n in range(block.document().blockCount())
    )


def test_only_web_links_are_links(block: TextBlock) -> None:
    block.show_markdown(
        "[web](https://example.org/a) [script](javascript:alert(1)) [file](file:///etc/passwd) "
        "[data](data:text/html,x) [rel](other.md)"
    )
    assert links(block) == ["https://example.org/a"]
    assert "script" in block.text


def test_a_click_on_a_link_is_passed_on_and_nothing_else_is(block: TextBlock, qtbot: QtBot) -> None:
    with qtbot.waitSignal(block.link_clicked) as caught:
        block.anchorClicked.emit(QUrl("https://example.org"))
    assert caught.args == [QUrl("https://example.org")]
    with qtbot.assertNotEmitted(block.link_clicked):
        block.anchorClicked.emit(QUrl("file:///etc/passwd"))


def test_pictures_are_words_and_nothing_is_loaded(block: TextBlock, tmp_path: Path) -> None:
    picture = tmp_path / "here.png"
    picture.write_bytes(b"")
    block.show_markdown(f"See ![a cat](file://{picture}) and ![](https://example.org/x.png).")
    assert "a cat" in block.text
    assert "\ufffc" not in block.text
    resource = block.document().resource(
        QTextDocument.ResourceType.ImageResource.value, QUrl.fromLocalFile(str(picture))
    )
    assert not resource


def test_settling_changes_the_ink_and_moves_nothing(block: TextBlock, qtbot: QtBot) -> None:
    words = "could you tell me how long the train from Paris to Lyon takes today"
    block.show_plain(words, "muted")
    assert ink(block) == LIGHT.muted
    height = block.height_for(240)
    before = [block.cursorRect(QTextCursor(block.document()))]
    block.show_plain(words, "text")
    qtbot.waitUntil(lambda: ink(block) == LIGHT.text)
    assert block.height_for(240) == height
    assert [block.cursorRect(QTextCursor(block.document()))] == before


def test_growing_partials_keep_earlier_words_in_place(block: TextBlock) -> None:
    block.show_plain("could you tell", "muted")
    block.height_for(600)
    cursor = QTextCursor(block.document())
    cursor.setPosition(6)
    before = block.cursorRect(cursor).left()
    block.show_plain("could you tell me how long", "muted")
    block.height_for(600)
    cursor.setPosition(6)
    assert block.cursorRect(cursor).left() == before
    assert block.text == "could you tell me how long"


def test_a_partial_that_is_another_replaces_the_words(block: TextBlock) -> None:
    block.show_plain("recognise speech", "muted")
    block.show_plain("wreck a nice beach", "muted")
    assert block.text == "wreck a nice beach"


def test_growing_text_is_shown_with_its_markdown(block: TextBlock, qtbot: QtBot) -> None:
    text = ""
    for word in ("One **t", "wo**.\n", "\n- Three"):
        text += word
        block.show_growing(text)
        qtbot.waitUntil(lambda: not block.is_behind)
    assert block.text == "One two.\nThree"


def test_what_is_selected_stays_so_while_the_text_grows(block: TextBlock) -> None:
    block.show_growing("The first words, and")
    cursor = block.textCursor()
    cursor.setPosition(4)
    cursor.setPosition(9, QTextCursor.MoveMode.KeepAnchor)
    block.setTextCursor(cursor)
    block.show_markdown("The first words, and **more** of them.")
    assert block.textCursor().selectedText() == "first"


def test_headings_have_sizes_of_their_own_and_calm_ones(block: TextBlock) -> None:
    block.show_markdown("# One\n\n## Two\n\n### Three\n\nText")
    sizes = []
    at = block.document().begin()
    while at.isValid():
        sizes.append(at.begin().fragment().charFormat().font().pixelSize())
        at = at.next()
    assert sizes == [20, 16, 15, 15]


def test_a_table_behind_a_quote_keeps_its_head(block: TextBlock) -> None:
    """Qt's reader puts an empty line into its first cell there."""
    block.show_markdown("> Said.\n\n| When | Where |\n|:-|-|\n| 1 | 2 |\n")
    table = next(
        frame
        for frame in block.document().rootFrame().childFrames()
        if isinstance(frame, QTextTable)
    )
    cell = table.cellAt(0, 0)
    cursor = cell.firstCursorPosition()
    cursor.setPosition(cell.lastPosition(), QTextCursor.MoveMode.KeepAnchor)
    assert cursor.selectedText() == "When"
    assert cursor.charFormat().fontWeight() == 700


def test_a_table_of_long_words_stays_in_the_column(block: TextBlock) -> None:
    long = "https://example.org/" + "path/" * 60
    block.show_markdown(f"| a | b |\n|-|-|\n| {long} | {long} |\n\n{long}")
    block.height_for(400)
    assert block.document().size().width() <= 400


def test_text_from_right_to_left_stands_right(block: TextBlock) -> None:
    block.show_markdown("שלום לך")
    block.height_for(600)
    line = block.document().begin().layout().lineAt(0)
    assert line.naturalTextRect().right() > 590


def test_a_link_is_reached_and_followed_by_keyboard(block: TextBlock, qtbot: QtBot) -> None:
    block.show_markdown("Read [this page](https://example.org/a).")
    block.show()
    qtbot.waitExposed(block)
    block.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(block, Qt.Key.Key_Tab)
    with qtbot.waitSignal(block.link_clicked) as caught:
        qtbot.keyClick(block, Qt.Key.Key_Return)
    assert caught.args == [QUrl("https://example.org/a")]


def test_what_is_copied_is_words_without_the_pages_colours(block: TextBlock) -> None:
    block.show_markdown("Some **bold** words")
    block.selectAll()
    data = block.createMimeDataFromSelection()
    assert (data.text(), data.hasHtml()) == ("Some bold words", False)


def test_another_size_sets_the_same_words_larger(block: TextBlock, qtbot: QtBot) -> None:
    large = TextBlock(Theme("light"), sizes=TextSizes.of(1.6))
    qtbot.addWidget(large)
    for each in (block, large):
        each.show_markdown("# Head\n\n" + "word " * 60 + "\n\n```\ncode\n```")
    assert large.height_for(600) > 1.5 * block.height_for(600)
    assert large.text == block.text
    assert large.code.buttons[0].width() > block.code.buttons[0].width()


def test_stable_words_are_in_full_ink_before_the_rest(block: TextBlock) -> None:
    block.show_plain("could you tell me", "muted", firm=9)
    assert (ink(block, 5), ink(block, 14)) == (LIGHT.text, LIGHT.muted)
    block.show_plain("could you tell me how", "muted", firm=14)
    assert (ink(block, 12), ink(block, 19)) == (LIGHT.text, LIGHT.muted)
    block.show_plain("could you tell me how", "text")
    assert ink(block, 5) == LIGHT.text


def test_height_follows_the_width(block: TextBlock) -> None:
    block.show_plain("word " * 100)
    assert block.height_for(300) > block.height_for(600) > 0


def test_a_theme_switch_recolours_what_is_shown(qtbot: QtBot) -> None:
    theme = Theme("light")
    widget = TextBlock(theme)
    qtbot.addWidget(widget)
    widget.show_markdown("Plain and [link](https://example.org)")
    assert ink(widget) == LIGHT.text
    theme.choose("dark")
    assert ink(widget) == QColor(theme.tokens.text).name().upper() != LIGHT.text


def test_the_wheel_is_the_pages(block: TextBlock) -> None:
    assert block.verticalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOff
    assert block.isReadOnly()
