"""What the user is told beside the turns."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.core.events import DeviceChanged, Notice, StageFailed
from app.core.update_events import UpdateFound
from app.ui.composer import LONGEST_QUESTION
from app.ui.pages import Name
from tests.ui.bench import Bench


def test_notices_are_cards_that_can_be_put_away(bench: Bench, qtbot: QtBot) -> None:
    bench.demo.put(Notice(title="The history file is locked.", hint="It will be saved later."))
    bench.demo.put(Notice(title="The history file is locked.", hint="It will be saved later."))
    (card,) = bench.window.cards.cards
    assert (card.title, card.hint) == ("The history file is locked.", "It will be saved later.")
    card.close_button.click()
    assert bench.window.cards.cards == []


def test_many_notices_do_not_bury_the_conversation(bench: Bench) -> None:
    for number in range(10):
        bench.demo.put(Notice(title=f"Notice {number}."))
    assert [card.title for card in bench.window.cards.cards] == [
        "Notice 7.",
        "Notice 8.",
        "Notice 9.",
    ]


def test_a_failed_turn_shows_its_error_in_its_place(bench: Bench, qtbot: QtBot) -> None:
    number = bench.demo.begin()
    bench.demo.put(
        StageFailed(turn_id=number, stage="llm", title="Ollama stopped.", hint="Ask again.")
    )
    bench.window.view.arrange()
    turn = bench.window.view.turn_view(number)
    assert turn is not None
    assert [card.title for card in turn.cards] == ["Ollama stopped."]
    assert bench.window.cards.cards == []


def test_no_microphone_is_a_state_and_ends_when_one_is_back(bench: Bench) -> None:
    bench.demo.put(DeviceChanged(kind="input", name=""))
    assert bench.window.composer.word == "Needs attention"
    assert bench.window.empty.title == "Type a question"
    assert len(bench.window.cards.cards) == 1
    bench.demo.put(DeviceChanged(kind="input", name="USB Microphone"))
    assert bench.window.composer.word == "Ready"
    assert bench.window.cards.cards == []


def test_html_in_words_of_others_is_text(bench: Bench) -> None:
    bench.demo.put(Notice(title="<b>Title</b>", hint="<img src=x>"))
    (card,) = bench.window.cards.cards
    labels = [label for label in card.findChildren(QWidget) if hasattr(label, "textFormat")]
    assert labels
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in labels)


def test_pasted_megabytes_are_cut_and_said(bench: Bench) -> None:
    box = bench.window.composer.box
    data = QMimeData()
    data.setText("a\x00b\x1b" * 1_000_000)
    box.insertFromMimeData(data)
    pasted = box.toPlainText()
    assert len(pasted) <= LONGEST_QUESTION
    assert set(pasted) == {"a", "b"}
    (card,) = bench.window.cards.cards
    assert "20,000" in card.title


def test_what_was_told_on_a_page_goes_with_its_reader(bench: Bench) -> None:
    window = bench.window
    window.open_page(Name.DIAGNOSIS)
    bench.demo.put(Notice(title="The disk is full.", hint="Make room."))
    assert window.cards.cards == []
    assert [card.title for card in window.pages.page(Name.DIAGNOSIS).cards.cards] == [
        "The disk is full."
    ]
    window.pages.close_page()
    assert [card.title for card in window.cards.cards] == ["The disk is full."]


def test_a_microphone_that_is_back_is_taken_back_on_every_page(bench: Bench) -> None:
    window = bench.window
    window.open_settings()
    bench.demo.put(DeviceChanged(kind="input", name=""))
    assert len(window.settings.cards.cards) == 1
    bench.demo.put(DeviceChanged(kind="input", name="USB Microphone"))
    assert window.settings.cards.cards == []


def test_a_failure_that_was_recovered_is_less_of_one(bench: Bench) -> None:
    for recovered_by, level in (("skills", "warn"), ("", "error")):
        bench.demo.put(
            StageFailed(
                stage="llm", title="No reply.", hint="Ask again.", recovered_by=recovered_by
            )
        )
        (card,) = bench.window.cards.cards
        assert card.level == level


def test_a_new_version_is_told_with_its_page(bench: Bench) -> None:
    bench.demo.put(UpdateFound(version="9.1", page="https://example.org/parley"))
    (card,) = bench.window.cards.cards
    assert (card.title, card.hint) == (
        "Parley 9.1 is there.",
        "Get it from https://example.org/parley",
    )
