"""Text on the page: harmless whatever it holds, settled without moving."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QColor, QTextCursor, QTextDocument
from pytestqt.qtbot import QtBot

from app.ui.text_block import TextBlock
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


def test_streaming_only_adds(block: TextBlock) -> None:
    text = ""
    for word in ("One ", "two.\n", "\nThree"):
        text += word
        block.show_streaming(text)
    assert block.text == "One two.\n\nThree"


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
