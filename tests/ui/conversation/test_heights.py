"""Where each turn of the page begins, however many there are."""

from __future__ import annotations

from app.ui.conversation.heights import Heights, estimates
from app.ui.conversation.text_sizes import TextSizes
from app.ui.conversation.turn_entry import TurnEntry


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


def test_other_turns_and_other_sizes() -> None:
    heights = Heights()
    heights.replace([10, 20, 30])
    assert (heights.total, len(heights)) == (60, 3)
    heights.append(40)
    assert heights.top(3) == 60
    heights.scale(1.5)
    assert [heights.top(index) for index in range(5)] == [0, 15, 45, 90, 150]


def test_an_estimate_grows_with_the_words_and_their_size() -> None:
    short = TurnEntry(1, "text", transcript="Hello?", reply="Hello.")
    long = TurnEntry(2, "text", transcript="Hello?", reply="A sentence of an answer. " * 40)
    usual = estimates([short, long], 720, TextSizes())
    large = estimates([short, long], 720, TextSizes.of(1.6))
    assert usual[0] < usual[1]
    assert usual[1] < large[1]
    assert estimates([long], 360, TextSizes())[0] > usual[1]
