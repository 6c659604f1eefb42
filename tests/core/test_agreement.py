from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.agreement import Agreement


def stable(*hearings: str, agreeing: int = 2) -> str:
    agreement = Agreement(agreeing)
    return [agreement.add(text) for text in hearings][-1]


def test_one_hearing_agrees_with_nobody() -> None:
    assert stable("what time is it") == ""


@pytest.mark.parametrize(
    ("earlier", "now", "shared"),
    [
        ("what time", "what time is it", "what time"),
        ("what time is in", "what time is it in", "what time is"),
        ("what time is it in pay", "what time is it in paris", "what time is it in"),
        ("what time is it in paris", "what time is it in paris", "what time is it in paris"),
        ("in Paris", "what time", ""),
        ("", "what time", ""),
        ("what", "", ""),
    ],
)
def test_what_two_hearings_begin_with_is_stable(earlier: str, now: str, shared: str) -> None:
    assert stable(earlier, now) == shared


@pytest.mark.parametrize(
    ("earlier", "now", "shared"),
    [
        ("What time is it?", "What time is it in Paris?", "What time is it"),
        ("Well.", "Well, what time is it?", "Well"),
        ("Well, what", "Well, what time is it?", "Well, what"),
        ("It is - what", "It is … what", "It is"),
        ("Whats", "What's", ""),
    ],
)
def test_what_closes_a_word_may_change(earlier: str, now: str, shared: str) -> None:
    assert stable(earlier, now) == shared


def test_a_change_of_mind_is_not_stable_any_more() -> None:
    assert stable("let sign is", "let sign is it", "what time is it") == ""


def test_more_hearings_can_be_asked_for() -> None:
    assert stable("what", "what time", "what time is", agreeing=3) == "what"
    assert stable("what", "what time", agreeing=3) == ""


@given(st.lists(st.text(alphabet="ab ,.?", max_size=12), min_size=1, max_size=5))
def test_it_is_whole_words_of_the_newest_hearing(hearings: list[str]) -> None:
    shared, newest = stable(*hearings), hearings[-1]
    assert newest.startswith(shared)
    following = newest[len(shared) : len(shared) + 1]
    assert not shared or following in ("", " ", ",", ".", "?")
