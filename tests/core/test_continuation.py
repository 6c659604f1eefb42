"""One model goes on with another's words: no word twice, none lost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.continuation import REQUEST, Cut, Joint, Piece, continued, cut
from app.core.ports import Message
from app.core.sentences import ClauseSplitter

QUESTION = (Message("system", "Be brief."), Message("user", "Tell me about Paris."))


def joined(so_far: Cut, deltas: Sequence[str]) -> str:
    """The whole text after the continuation."""
    joint = Joint(so_far)
    text = so_far.text
    for piece in [*map(joint.feed, deltas), joint.end()]:
        text = text[: len(text) - piece.takes_back] + piece.text
    return text


def go_on(so_far: str, *deltas: str, spoken: int = 0) -> str:
    return joined(cut(so_far, spoken), deltas)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


# --- where to cut -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "loose"),
    [
        ("The capital is Par", "Par"),
        ("The capital is Paris ", ""),
        ("The capital is Paris.", ""),
        ("It is a well-kno", "well-kno"),
        ("He doesn't", "doesn't"),
        ("Pi is 3.", "3."),
        ("It was in 2024", "2024"),
        ("Une journé", "journé"),
        ("नमस्ते दुनि", "दुनि"),
        ("フランスの首都", ""),
        ("a line\n", ""),
        ("", ""),
        ("Par", "Par"),
    ],
)
def test_the_word_that_may_be_unfinished_is_cut_off(text: str, loose: str) -> None:
    so_far = cut(text, 0)
    assert so_far.loose == loose
    assert so_far.text == text


def test_what_was_spoken_is_not_cut() -> None:
    assert cut("Yes. The", spoken=5).loose == "The"
    assert cut("endless", spoken=7) == Cut("endless", "")


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("It is Paris.", True),
        ('He said "no."', True),
        ("It is", False),
        ("", False),
        ("Oui !", True),
    ],
)
def test_it_is_known_whether_the_text_sounds_complete(text: str, complete: bool) -> None:
    assert cut(text, 0).sounds_complete is complete


# --- what the next model is shown ---------------------------------------------------------


def test_the_next_model_sees_the_conversation_the_words_so_far_and_a_request() -> None:
    assert continued(QUESTION, "Paris is ") == (
        *QUESTION,
        Message("assistant", "Paris is"),
        Message("user", REQUEST),
    )


def test_without_a_whole_word_it_is_simply_asked() -> None:
    assert continued(QUESTION, " ") == QUESTION


# --- the joint ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("so_far", "continuation", "whole"),
    [
        ("The capital is", "is Paris.", "The capital is Paris."),
        ("The capital is ", "Paris.", "The capital is Paris."),
        ("The capi", "capital is Paris.", "The capital is Paris."),
        ("The capi", "Capital is Paris.", "The capital is Paris."),
        ("The capi", " city is Paris.", "The city is Paris."),
        ("Par", "Paris is big.", "Paris is big."),
        ("It is Paris.", "It lies on the Seine.", "It is Paris. It lies on the Seine."),
        ("It is Paris. It", "It lies on the Seine.", "It is Paris. It lies on the Seine."),
        ("It is Paris.", "Paris. It lies north.", "It is Paris. It lies north."),
        ("It is Paris. It", "is Paris. It lies north.", "It is Paris. It lies north."),
        ("It is Paris, ", "it is Paris, by the Seine", "It is Paris, by the Seine"),
        ("It is Paris. ", "IT IS  paris. North.", "It is Paris. North."),
        ("One, two,", "three", "One, two, three"),
        ("It is big", ", but not huge.", "It is big, but not huge."),
        ("The capital is", "... is Paris.", "The capital is Paris."),
        ("The capital is ", "…Paris.", "The capital is Paris."),
        ("Two things:", "\n\n- one\n- two", "Two things:\n\n- one\n- two"),
        ("Two things:\n", "- one", "Two things:\n- one"),
        ("It costs (", "about) ten", "It costs (about) ten"),
        ("フランスの首都は", "首都はパリです。", "フランスの首都はパリです。"),
        ("フランスの首都は", "パリです。", "フランスの首都はパリです。"),
        ("It is **Paris** ", "Paris** by", "It is **Paris** by"),
        ("Pi is 3.", "3.14 or so", "Pi is 3.14 or so"),
    ],
)
def test_a_continuation_joins(so_far: str, continuation: str, whole: str) -> None:
    assert go_on(so_far, continuation) == whole
    assert go_on(so_far, *continuation) == whole, "letter by letter"


def test_the_whole_reply_said_again_is_dropped() -> None:
    so_far = "The capital of France is Paris. It lies on"
    again = "The capital of France is Paris. It lies on the Seine."
    assert go_on(so_far, *re.findall(r"\s*\S+", again)) == again


@pytest.mark.parametrize("again", ["It lies on the Seine.", "lies on the", "Paris. It lies", ""])
def test_a_continuation_with_nothing_new_adds_nothing(again: str) -> None:
    so_far = "It is Paris. It lies on the Seine."
    assert go_on(so_far, *again) == so_far


def test_text_that_is_new_beyond_doubt_is_let_out_at_once() -> None:
    joint = Joint(cut("The capital is ", 0))
    assert joint.feed("Par") == Piece("Par")
    joint = Joint(cut("The capital is ", 0))
    assert joint.feed("is") == Piece(), "perhaps the last word again"
    assert joint.feed("land") == Piece("island")
    assert joint.feed(" ") == Piece(" ")


def test_a_word_like_an_earlier_one_is_no_repetition() -> None:
    assert go_on("The cat sat on ", *"the mat and slept.") == "The cat sat on the mat and slept."


VOCABULARY = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "mu"]
FEW = ["a", "b"]
GAPS = st.sampled_from([" ", "  ", "\n"])


@st.composite
def pieces(draw: st.DrawFn, text: str) -> list[str]:
    """The text, cut anywhere."""
    cuts = sorted(draw(st.sets(st.integers(0, max(0, len(text))))))
    edges = [0, *cuts, len(text)]
    return [text[a:b] for a, b in pairwise(edges)]


@given(st.data())
def test_however_much_is_repeated_no_word_is_doubled_or_lost(data: st.DataObject) -> None:
    text = " ".join(data.draw(st.permutations(VOCABULARY)))
    broke_at = data.draw(st.integers(0, len(text)))
    so_far = cut(text[:broke_at], 0)
    whole_words = len(words(so_far.kept))
    repeated = data.draw(st.integers(0, whole_words))
    continuation = data.draw(GAPS).join(text.split()[whole_words - repeated :])
    if data.draw(st.booleans()):
        continuation = continuation.upper()
    whole = joined(so_far, data.draw(pieces(continuation)))
    assert words(whole) == words(text)
    assert whole.startswith(so_far.kept.rstrip())


@given(
    known=st.lists(st.sampled_from(FEW), max_size=6),
    new=st.lists(st.sampled_from([*FEW, "c"]), max_size=8),
    data=st.data(),
)
def test_the_longest_overlap_is_dropped(
    known: list[str], new: list[str], data: st.DataObject
) -> None:
    so_far = Cut(" ".join(known) + " ", "")
    longest = max(n for n in range(len(known) + 1) if known[len(known) - n :] == new[:n])
    said_again = len(new) > 1 and any(
        known[at : at + len(new)] == new for at in range(len(known) - len(new))
    )
    expected = known if said_again else known + new[longest:]
    assert words(joined(so_far, data.draw(pieces(" ".join(new))))) == expected


@given(st.text(max_size=60), st.text(max_size=60), st.data())
def test_any_text_joins_without_losing_what_was_kept(a: str, b: str, data: st.DataObject) -> None:
    so_far = cut(a, data.draw(st.integers(0, len(a))))
    whole = joined(so_far, data.draw(pieces(b)))
    assert whole.startswith(so_far.kept)
    assert whole == joined(so_far, [b])


@given(st.text("ab .,\n", max_size=80), st.integers(0, 80))
def test_what_the_splitter_takes_back_was_never_in_a_clause(text: str, at: int) -> None:
    splitter = ClauseSplitter()
    spoken = "".join(splitter.feed(text[:at]))
    so_far = cut(text[:at], len(spoken))
    splitter.take_back(len(so_far.loose))
    rest = "".join(splitter.feed(" Something else.") + splitter.flush())
    assert (spoken + rest).strip() == (so_far.kept + " Something else.").strip()
