"""One model goes on with another's words: no word twice, none lost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.core.continuation import Cut, cut
from app.core.joint import CannotJoin, Joint, Piece
from app.core.same_words import words_of
from app.core.sentences import ClauseSplitter


def joined(so_far: Cut, deltas: Sequence[str]) -> str:
    """The whole text after the continuation."""
    joint = Joint(so_far)
    text = so_far.text
    for piece in (*map(joint.feed, deltas), joint.end()):
        text = text[: len(text) - piece.takes_back] + piece.text
    return text


def go_on(so_far: str, *deltas: str, spoken: int = 0) -> str:
    return joined(cut(so_far, spoken), deltas)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


# --- a model that would have said the same ------------------------------------------------


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("The capital is", "The capital is Paris."),
        ("The capital is ", "The capital is Paris."),
        ("The capital is Par", "The capital is Paris."),
        ("The capital is Paris", "The capital is Paris. It lies north."),
        ("The capital is Paris.", "The capital is Paris. It lies north."),
        ("The capital is Paris. It", "The capital is Paris. It lies north."),
        ("The", "The capital is Paris."),
        ("Call 555 ", "Call 555 0199."),
        ("Call 555 ", "Call 555 555 0199."),
        ("Call 555 555", "Call 555 555 0199."),
        ("They are 7, 7, ", "They are 7, 7, 7 and 8."),
        ("They are 7, 7, 7", "They are 7, 7, 7 and 8."),
        ("They are 7, 7, 7", "They are 7, 7, 7, 7, 7, 7, 7 and 8."),
        ("He had ", "He had had enough."),
        ("He had ", "He had enough."),
        ("He had had ", "He had had enough."),
        ("I know that ", "I know that that is so."),
        ("我想说谢", "我想说谢谢你。"),
        ("我想说谢谢", "我想说谢谢你。"),
        ("我们讨论", "我们讨论讨论吧。"),
        ("我们讨论讨", "我们讨论讨论吧。"),
        ("It goes round and ", "It goes round and round and round."),
        ("It goes round and round and", "It goes round and round and round."),
        ("Nous ", "Nous nous en allons."),
        ("He can", "He can't, he won't."),
        ("He can't, he ", "He can't, he won't."),
        ("Pi is 3.", "Pi is 3.14 or so."),
        ("Pi is 3.", "Pi is 3. Or so."),
        ("One, two,", "One, two, three."),
        ("It costs (", "It costs (about) ten."),
        ("It is **Paris** ", "It is **Paris** by far."),
        ("Do this:\n1. Eat\n2. ", "Do this:\n1. Eat\n2. Sleep\n3. Eat"),
        ("```python\nx = 1\n", "```python\nx = 1\nif x:\n    x = 1\n```\nDone."),
        ("```python\nx = 1\nif x:\n    ", "```python\nx = 1\nif x:\n    x = 1\n```\nDone."),
        ("フランスの首", "フランスの首都はパリです。"),
        ("ผมชอบกิน", "ผมชอบกินข้าวและชอบกินขนม"),
    ],
)
def test_whatever_it_says_again_the_text_is_whole(text: str, whole: str) -> None:
    """All the ways to go on: from the place that it was shown, or from any word before it."""
    so_far = cut(text, 0)
    shown = so_far.kept.rstrip()
    for begin in [len(shown), *(word.start for word in words_of(shown))]:
        for mark in ("", "… ", "... "):
            continuation = mark + whole[begin:].lstrip()
            assert joined(so_far, [continuation]) == whole
            assert joined(so_far, continuation) == whole, "letter by letter"


def test_capitals_spaces_and_apostrophes_are_the_first_ones() -> None:
    assert go_on("The capi", "Capital is Paris.") == "The capital is Paris."
    assert go_on("It is Paris, and ", "IT IS  paris And lies north.") == (
        "It is Paris, and lies north."
    )
    assert go_on("He doesn't ca", "he doesn’t care") == "He doesn't care"


def test_text_is_let_out_once_the_loose_words_were_said() -> None:
    joint = Joint(cut("The capital is ", 0))
    assert joint.feed("i") == Piece()
    assert joint.feed("s") == Piece(), "perhaps the beginning of another word"
    assert joint.feed(" ") == Piece(), "that is there already"
    assert joint.feed("Par") == Piece("Par")
    assert joint.feed("is.") == Piece("is.")
    joint = Joint(cut("The capital is Par", 0))
    assert joint.feed("Pari") == Piece("i")


# --- a model with words of its own --------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "continuation", "whole"),
    [
        ("The capi", "city is Paris.", "The city is Paris."),
        ("The capi", "The city is Paris.", "The city is Paris."),
        ("Lond", "Paris is big.", "Paris is big."),
        ("It is Lon", "It is Paris.", "It is Paris."),
        ("Hm. It is Lon", "It has no name.", None),
        ("The capital of France is Lon", "The capital city of France is Paris.", None),
        ("Paris is big. The capital is Lon", "Paris.", "Paris is big. The capital is Paris."),
        ("It is big. Lond", "It has a tower.", "It is big. It has a tower."),
        ("It is Lon. It is Lo", "It has a tower.", None),
        ("It is big. Lond", "It is old.", "It is big. It is old."),
        ("Hm. It is Lon", "is called Paris.", None),
        ("It is big", ", but not huge.", "It is big, but not huge."),
        ("He had nev", "had enough.", None),
        ("He had nev", "He had enough.", "He had enough."),
        ("Call 555 0", "555 1234.", None),
        ("我想说谢", "我想说再见", "我想说再见"),
        ("Two things:\n- o", "- two", "Two things:\n- two"),
        ('He said "n', '"Yes."', 'He said "Yes."'),
        ("Ha, ha", "Ha.", "Ha."),
        ("It is o. It is o", "o.", "It is o."),
        ("One: tw", "\n- two", "One: two"),
        ("One: tw", "\n- three", "One: \n- three"),
    ],
)
def test_other_words_take_the_place_of_the_loose_ones(
    text: str, continuation: str, whole: str | None
) -> None:
    for deltas in ([continuation], list(continuation)):
        if whole is None:
            with pytest.raises(CannotJoin):
                go_on(text, *deltas)
        else:
            assert go_on(text, *deltas) == whole


@pytest.mark.parametrize("continuation", ["is", "The capital", "capital is", "", "...", "The"])
def test_a_continuation_with_nothing_new_is_none(continuation: str) -> None:
    with pytest.raises(CannotJoin):
        go_on("The capital is Par", continuation)
    with pytest.raises(CannotJoin):
        go_on("The capital is Par", *continuation)


@pytest.mark.parametrize(
    "again",
    ["It lies on the Seine.", "Seine.", "lies on the", "Paris. It lies", "", "It is Paris."],
)
def test_nothing_new_is_no_harm_behind_a_whole_sentence(again: str) -> None:
    text = "It is Paris. It lies on the Seine."
    assert go_on(text, *again) == text


def test_it_may_end_with_the_loose_words() -> None:
    assert go_on("The capital is Par", "Paris") == "The capital is Paris"
    assert go_on("The capital is Paris ", "Paris") == "The capital is Paris "
    assert go_on("The capital is Paris, ", "Paris") == "The capital is Paris"


# --- when all was spoken ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoken", "continuation", "whole"),
    [
        ("Call 555 ", "555 0199.", "Call 555 555 0199."),
        ("They are 7, 7, ", "7 and 8.", "They are 7, 7, 7 and 8."),
        ("He had ", "had enough.", "He had had enough."),
        ("谢", "谢你", "谢谢你"),
        ("The capital is ", "capital is Paris.", "The capital is Paris."),
        ("It is Paris. It ", "It lies north.", "It is Paris. It lies north."),
        ("It is Paris, ", "it is Paris, by far", "It is Paris, by far"),
        ("フランスの首都は", "ランスの首都はパリです。", "フランスの首都はパリです。"),
        ("It is Paris. ", "…It lies north.", "It is Paris. It lies north."),
        ("It is **Paris** ", "is Paris** by far", "It is **Paris** by far"),
        ("It is big", ".", "It is big."),
        ("Two things:", "\n\n- one\n- two", "Two things:\n\n- one\n- two"),
        ("It costs (", "about) ten", "It costs (about) ten"),
    ],
)
def test_without_loose_words_two_words_are_repeated_and_one_is_meant(
    spoken: str, continuation: str, whole: str
) -> None:
    assert joined(Cut(spoken, ""), [continuation]) == whole
    assert joined(Cut(spoken, ""), continuation) == whole


def test_loose_marks_are_written_again_too() -> None:
    so_far = cut("Do this:\n```", spoken=9)
    assert joined(so_far, "```python\nx = 1\n```") == "Do this:\n```python\nx = 1\n```"
    assert joined(so_far, "Do this:\n```python\nx") == "Do this:\n```python\nx"
    assert joined(so_far, "x = 1") == "Do this:\nx = 1"


def test_loose_marks_show_where_it_begins() -> None:
    whole = "210万人です。「パリ、パリ」と言います。"
    for begin in (7, 6, 5, 4, 3, 0):
        assert joined(Cut("210万人です。", "「"), whole[begin:]) == whole, whole[begin:]
    whole = 'He was very, "very" tired.'
    for begin in (13, 7, 3, 0):
        assert joined(Cut("He was very, ", '"'), whole[begin:]) == whole, whole[begin:]


def test_without_loose_words_the_last_word_alone_is_nothing_new() -> None:
    for deltas in (["is"], ["is", " "], ["i", "s"]):
        with pytest.raises(CannotJoin):
            joined(Cut("The capital is ", ""), deltas)


def test_what_fits_in_two_places_is_not_joined() -> None:
    so_far = Cut("7, 7, 7, 7, ", "7")  # all but the last was spoken
    with pytest.raises(CannotJoin):
        joined(so_far, ["7, 7 and 8."])
    assert joined(so_far, ["7 and 8."]) == "7, 7, 7, 7, 7 and 8.", "here it fits in one"


def test_one_that_ends_within_the_text_goes_on_when_the_loose_words_say_so() -> None:
    said, again = "He said that he'd had it. ", "He'd had it."
    assert joined(Cut(said, "He'd h"), again) == said + again
    assert joined(Cut(said, again), again) == said + again
    with pytest.raises(CannotJoin):
        joined(Cut(said, "He'"), again)


def test_a_word_behind_the_end_of_a_sentence_is_not_its_last_one_again() -> None:
    whole = "你说是不是？是，是。那么再见。"
    assert joined(Cut("你说是不是？", "是"), whole[6:]) == whole
    assert joined(Cut("你说是不是？", "是"), whole[5:]) == whole
    assert joined(Cut("I saw the cat. ", "It"), "The cat sat.") == "I saw the cat. The cat sat."


def test_a_long_repetition_tells_more_than_a_loose_word_that_is_not_unique() -> None:
    so_far = Cut("The Seine is a river. ", "The")
    again = "The Seine is a river. The Loire is longer."
    assert joined(so_far, again) == again
    assert joined(so_far, "The Loire is longer.") == again


# --- any text -----------------------------------------------------------------------------


@st.composite
def pieces(draw: st.DrawFn, text: str) -> list[str]:
    """The text, cut anywhere."""
    cuts = sorted(draw(st.sets(st.integers(0, max(0, len(text))))))
    edges = [0, *cuts, len(text)]
    return [text[a:b] for a, b in pairwise(edges)]


FEW = ["a", "b", "ab", "7", "7.5", "谢", "你", "don't"]
"""So few that texts of them repeat themselves all the time."""
GAPS = st.sampled_from([" ", "  ", ", ", "\n", ". "])


@st.composite
def texts(draw: st.DrawFn) -> str:
    chosen = draw(st.lists(st.sampled_from(FEW), min_size=1, max_size=12))
    return "".join(word + draw(GAPS) for word in chosen).strip() + "."


@settings(max_examples=400)
@given(st.data())
def test_no_word_is_doubled_or_lost_wherever_it_broke_and_whatever_is_repeated(
    data: st.DataObject,
) -> None:
    """As long as nothing was spoken: even where every word is there many times."""
    text = data.draw(texts())
    so_far = cut(text[: data.draw(st.integers(0, len(text)))], 0)
    shown = so_far.kept.rstrip()
    begin = data.draw(st.sampled_from([len(shown), *(word.start for word in words_of(shown))]))
    continuation = text[begin:].lstrip()
    if data.draw(st.booleans()):
        continuation = continuation.upper()
    whole = joined(so_far, data.draw(pieces(continuation)))
    assert words(whole) == words(text)
    assert whole.startswith(so_far.kept)


@settings(max_examples=400)
@given(st.data())
def test_what_was_spoken_makes_it_undecided_at_worst(data: st.DataObject) -> None:
    text = data.draw(texts())
    broke_at = data.draw(st.integers(0, len(text)))
    splitter = ClauseSplitter()
    spoken = len("".join(splitter.feed(text[:broke_at])))
    so_far = cut(text[:broke_at], spoken)
    continuation = text[len(so_far.kept.rstrip()) :].lstrip()
    known, new = words(so_far.kept), words(continuation)
    # a passage that is meant twice, and was spoken once, counts as repeated
    assume(not any(known[-count:] == new[:count] for count in range(2, len(known) + 1)))
    try:
        whole = joined(so_far, data.draw(pieces(continuation)))
    except CannotJoin:
        return
    assert whole.startswith(text[:spoken])
    if so_far.loose:
        assert words(whole) == words(text)


@given(st.text(max_size=60), st.text(max_size=60), st.data())
def test_any_text_joins_without_losing_what_was_kept(a: str, b: str, data: st.DataObject) -> None:
    so_far = cut(a, data.draw(st.integers(0, len(a))))
    try:
        whole = joined(so_far, [b])
    except CannotJoin:
        with pytest.raises(CannotJoin):
            joined(so_far, data.draw(pieces(b)))
        return
    assert whole.startswith(so_far.kept)
    assert joined(so_far, data.draw(pieces(b))) == whole
