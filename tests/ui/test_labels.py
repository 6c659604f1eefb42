"""Labels say what they are told, letter by letter."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from app.ui.labels import plain_label, show_text


def test_markup_of_a_stranger_is_shown_and_not_obeyed(qtbot: QtBot) -> None:
    label = plain_label(text="a <b>b</b>", wraps=False)
    qtbot.addWidget(label)
    assert label.sizeHint().width() >= label.fontMetrics().horizontalAdvance(label.text())


def test_without_words_it_takes_no_room(qtbot: QtBot) -> None:
    label = plain_label("small", "words")
    qtbot.addWidget(label)
    label.show()
    show_text(label, "")
    assert label.isHidden()
    show_text(label, "other words")
    assert label.isVisible()
    assert label.text() == "other words"
