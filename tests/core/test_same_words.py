"""Words of two writers, compared."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.same_words import are_telling, key, words_of


def written(text: str) -> list[str]:
    return [text[word.start : word.end] for word in words_of(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It is Paris.", ["It", "is", "Paris"]),
        ("He doesn't, he can’t", ["He", "doesn't", "he", "can’t"]),
        ("a well-known snake_case", ["a", "well-known", "snake_case"]),
        ("3.14, 10:30 and 2,100,000.", ["3.14", "10:30", "and", "2,100,000"]),
        ("7, 7,7", ["7", "7,7"]),
        ("end.Next, a.b", ["end", "Next", "a", "b"]),
        ("**bold** (`code`)", ["bold", "code"]),
        ("谢谢你", ["谢", "谢", "你"]),
        ("Parisは3つ", ["Paris", "は", "3", "つ"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("ที่นี่", ["ที่", "นี่"]),
        ("« … » — !", []),
        ("", []),
    ],
)
def test_a_text_has_words(text: str, words: list[str]) -> None:
    assert written(text) == words


@pytest.mark.parametrize(
    ("text", "open_still"),
    [
        ("is", True),
        ("well-", True),
        ("doesn'", True),
        ("3.", True),
        ("3:", True),
        ("is.", False),
        ("is ", False),
        ("3. ", False),
        ("is--", False),
    ],
)
def test_the_last_word_may_go_on(text: str, open_still: bool) -> None:
    assert words_of(text)[-1].may_go_on is open_still
    assert not words_of(text, ended=True)[-1].may_go_on


def test_only_the_last_word_may_go_on() -> None:
    assert [word.may_go_on for word in words_of("It is")] == [False, True]


def test_a_word_that_may_go_on_begins_what_it_may_become() -> None:
    (begun,), (whole,) = words_of("capi"), words_of("Capital ")
    assert begun.begins(whole)
    assert not whole.begins(begun)


def test_the_same_word_is_written_in_several_ways() -> None:
    assert key("DON’T") == key("don't")
    assert key("Café") == key(unicodedata.normalize("NFD", "café"))
    assert key("ﬁn") == key("fin")


@pytest.mark.parametrize(
    ("text", "telling"),
    [
        ("the cat", True),
        ("had had had", False),
        ("7, 7", False),
        ("555 0199", True),
        ("谢谢", False),
        ("讨论讨论", False),
        ("首都是巴", True),
        ("Paris 首", False),
        ("Paris 首都", True),
        ("", False),
    ],
)
def test_some_words_are_not_repeated_by_chance(text: str, telling: bool) -> None:
    assert are_telling(words_of(text)) is telling


@given(st.text("aé\u0301'-.,3 谢ก\u0e34ß", max_size=30), st.data())
def test_words_do_not_depend_on_how_the_text_came(text: str, data: st.DataObject) -> None:
    """Read on from behind the last word but one, they are what they are at once."""
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)))))
    words = words_of("")
    for _, end in pairwise([0, *cuts, len(text)]):
        whole = words[:-1]
        begin = whole[-1].end if whole else 0
        words = [*whole, *words_of(text[:end], begin=begin)]
    assert words == words_of(text)


@given(st.text("aé'-.,3:ßÀ", max_size=12), st.integers(0, 12))
def test_the_key_of_a_beginning_begins_the_key(text: str, length: int) -> None:
    for word, begun in zip(words_of(text), words_of(text[:length]), strict=False):
        assert begun.key == word.key or begun.may_go_on
        assert word.key.startswith(begun.key) or not begun.may_go_on
