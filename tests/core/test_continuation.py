"""Where a reply that broke off is cut, and what the next model is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.continuation import REQUEST, Cut, continued, cut
from app.core.ports import Message
from app.core.sentences import ClauseSplitter

QUESTION = (Message("system", "Be brief."), Message("user", "Tell me about Paris."))


@pytest.mark.parametrize(
    ("text", "loose"),
    [
        ("The capital is Par", "Par"),
        ("The capital is Paris ", "Paris "),
        ("The capital is Paris.", "Paris."),
        ("It is a well-kno", "well-kno"),
        ("He doesn't", "doesn't"),
        ("Pi is 3.", "3."),
        ("It was in 2024", "2024"),
        ("Une journé", "journé"),
        ("नमस्ते दुनि", "दुनि"),
        ("フランスの首都", "都"),
        ("a line\n", "line\n"),
        ("Two things:\n1. Apples\n2. ", "2. "),
        ("", ""),
        ("…", "…"),
        ("Par", "Par"),
    ],
)
def test_the_last_word_is_cut_off(text: str, loose: str) -> None:
    so_far = cut(text, 0)
    assert so_far.loose == loose
    assert so_far.text == text


@pytest.mark.parametrize(
    ("text", "loose"),
    [
        ("The cat sat on the", "on the"),
        ("The cat sat on th", "on th"),
        ("The cat sat on a", "a"),
        ("He had ha", "had ha"),
        ("They are 7, 7, 7", "7, 7, 7"),
        ("It goes round and round and", "and round and"),
        ("我想说谢谢", "谢谢"),
        ("It is. It", "is. It"),
        ("No, no, n", "No, no, n"),
    ],
)
def test_so_much_is_cut_off_that_it_is_nowhere_else(text: str, loose: str) -> None:
    assert cut(text, 0).loose == loose


def test_what_was_spoken_is_not_cut() -> None:
    assert cut("Yes. The", spoken=5).loose == "The"
    assert cut("They are 7, 7, 7", spoken=12).loose == "7, 7"
    assert cut("endless", spoken=7) == Cut("endless", "")
    assert cut("endless", spoken=3) == Cut("endless", "")
    assert cut("Do this:\n```", spoken=9) == Cut("Do this:\n", "```")
    assert cut("endless “", spoken=3) == Cut("endless", " “")


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("It is Paris.", True),
        ('He said "no."', True),
        ("It is", False),
        ("", False),
        ("Oui !", True),
        ("Pi is 3.", False),
        ("Pi is 3.\n", True),
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


def test_without_a_word_to_keep_it_is_simply_asked() -> None:
    assert continued(QUESTION, " ") == QUESTION


@given(st.text("ab .,\n", max_size=80), st.integers(0, 80))
def test_what_the_splitter_takes_back_was_never_in_a_clause(text: str, at: int) -> None:
    splitter = ClauseSplitter()
    spoken = "".join(splitter.feed(text[:at]))
    so_far = cut(text[:at], len(spoken))
    splitter.take_back(len(so_far.loose))
    rest = "".join(splitter.feed(" Something else.") + splitter.flush())
    assert (spoken + rest).strip() == (so_far.kept + " Something else.").strip()
