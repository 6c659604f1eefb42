"""Clauses out of deltas."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.sentences import HARD_LIMIT, ClauseSplitter


def clauses(text: str, step: int = 1) -> list[str]:
    splitter = ClauseSplitter()
    found = []
    for start in range(0, len(text), step):
        found += splitter.feed(text[start : start + step])
    return found + splitter.flush()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello there. How are you? Fine!", ["Hello there. ", "How are you? ", "Fine!"]),
        ("Bonjour ! Comment allez-vous ? Bien.", ["Bonjour ! ", "Comment allez-vous ? ", "Bien."]),
        ("« Oui. » Il est parti.", ["« Oui. » ", "Il est parti."]),
        ("¿Qué tal? ¡Muy bien! Gracias.", ["¿Qué tal? ", "¡Muy bien! ", "Gracias."]),
        ('He said "Go." Then he left.', ['He said "Go." ', "Then he left."]),
        ("**Done.** Next one.", ["**Done.** ", "Next one."]),
        ("你好。今天天气很好！是吗？", ["你好。", "今天天气很好！", "是吗？"]),
        ("彼は「はい。」と言った。次です。", ["彼は「はい。」", "と言った。", "次です。"]),
        ("नमस्ते। आप कैसे हैं? ठीक।", ["नमस्ते। ", "आप कैसे हैं? ", "ठीक।"]),
        ("Well... I think so. Yes.", ["Well... ", "I think so. ", "Yes."]),
        ("Sure:\n\n- one thing\n- another", ["Sure:\n\n", "- one thing\n", "- another"]),
        ("A line that was\nwrapped here. End.", ["A line that was\nwrapped here. ", "End."]),
        ("It is 42. That is all.", ["It is 42. ", "That is all."]),
        ("It is 5 p.m. Time to go.", ["It is 5 p.m. ", "Time to go."]),
        ("So do I. And you?", ["So do I. ", "And you?"]),
        ("No. That is wrong.", ["No. ", "That is wrong."]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert clauses(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Pi is 3.14 or so",
        "It costs 1,000 euros",
        "Dr. Smith met Mr. Jones",
        "Fruit, e.g. Apples",
        "The U.S. Army",
        "J. R. R. Tolkien wrote it",
        "See https://example.com/a.b?c=d. now",
        "At 10:30 it starts",
        "1. Boil the water",
        "Well... maybe",
        "Wait . . . what",
        "Am 3. Oktober war es",
        "Das ist z. B. Wasser",
        "Bitte Nr. 5 nehmen",
        "Take No. 5 instead",
        "M. Dupont est là",
        "El Sr. García vino",
        "Use `a. B` there",
        "See [the docs. Here](https://example.com)",
        "```\nx = 1. Y = 2.\n\nZ = 3\n```",
        "It works on macOS 14.1 fine",
    ],
)
def test_what_belongs_together_stays_together(text: str) -> None:
    assert clauses(text) == [text]


def test_the_first_clause_ends_at_a_comma_once_it_is_long_enough() -> None:
    text = "The weather in Paris today is mild, with a little rain, and some wind, later on."
    assert clauses(text) == [
        "The weather in Paris today is mild, ",
        "with a little rain, and some wind, later on.",
    ]
    assert clauses("Well, yes, it is.") == ["Well, yes, it is."]


@pytest.mark.parametrize("dash", [" - ", " – ", " — ", "—", ": ", "; "])
def test_the_first_clause_ends_at_other_pauses_too(dash: str) -> None:
    text = f"There is only one answer{dash}the right one."
    assert clauses(text) == [f"There is only one answer{dash}", "the right one."]


@pytest.mark.parametrize(
    "text",
    [
        "The numbers that follow are 1, 2, 3 and 4",
        "It is a really well-known pre- and post-war thing",
        "The years of that war were 1914–1918 in all",
        "She had many things (apples, pears, plums) there",
    ],
)
def test_the_first_clause_does_not_end_at_false_pauses(text: str) -> None:
    assert clauses(text) == [text]


def test_a_long_later_clause_ends_at_a_comma() -> None:
    long = "And then the story went on with word after word after word, " * 4
    pieces = clauses("It began. " + long)
    assert pieces[0] == "It began. "
    assert all(120 <= len(piece) <= 190 for piece in pieces[1:-1])
    assert all(piece.endswith(", ") for piece in pieces[1:])


def test_a_clause_is_out_as_soon_as_the_next_one_begins() -> None:
    splitter = ClauseSplitter()
    assert splitter.feed("It is noon.") == []
    assert splitter.feed(" ") == []
    assert splitter.feed("L") == ["It is noon. "]
    assert splitter.flush() == ["L"]


def test_a_decimal_at_the_border_of_two_deltas_waits_for_its_digits() -> None:
    splitter = ClauseSplitter()
    assert splitter.feed("It is 3.") == []
    assert splitter.feed("14 now.") == []
    assert splitter.flush() == ["It is 3.14 now."]


def test_code_is_one_clause_between_two_others() -> None:
    text = "Here it is:\n```python\nprint('Hi. There.')\n\nx = 1\n```\nThat is all."
    assert clauses(text) == [
        "Here it is:\n",
        "```python\nprint('Hi. There.')\n\nx = 1\n```\n",
        "That is all.",
    ]


def test_text_without_punctuation_is_cut_between_words() -> None:
    pieces = clauses("word " * 200)
    assert len(pieces) > 3
    assert all(piece.endswith("word ") and len(piece) <= HARD_LIMIT + 1 for piece in pieces)


def test_a_flushed_splitter_starts_a_new_reply() -> None:
    splitter = ClauseSplitter()
    splitter.feed("```\ncode")
    splitter.flush()
    assert splitter.feed("One. Two") == ["One. "]


def test_an_ideographic_text_without_punctuation_is_cut_sooner() -> None:
    assert max(map(len, clauses("好" * 500))) <= HARD_LIMIT // 3


PROSE = st.lists(
    st.sampled_from(
        [
            *"Hello. Dr.  3.14,:;?!…。、—-\n\n`*()[]«»“”\"'",
            *["```", " 1. ", "e.g. ", "Oktober", "né\u0301", "word ", "mot, ", "你好", "ไทย "],
            *["\u0301", "\u200d", "  \t", "z. B. ", "\u00a0"],
        ]
    ),
    max_size=120,
).map("".join)


@given(st.one_of(PROSE, st.text(max_size=400)), st.data())
def test_joined_they_are_the_text_and_the_deltas_do_not_matter(
    text: str, data: st.DataObject
) -> None:
    at_once = clauses(text, step=len(text) or 1)
    splitter = ClauseSplitter()
    found: list[str] = []
    rest = text
    while rest:
        step = data.draw(st.integers(1, max(1, min(len(rest), 30))))
        found += splitter.feed(rest[:step])
        rest = rest[step:]
    found += splitter.flush()
    assert found == at_once
    assert "".join(found) == (text if text.strip() else "")
    assert all(piece.strip() for piece in found)
    assert all(len(piece.strip()) <= HARD_LIMIT * 1.25 for piece in found)


@given(st.text(alphabet="ab ,.`\u0301\n0", max_size=1500))
def test_long_texts_keep_the_limit(text: str) -> None:
    pieces = clauses(text, step=7)
    assert "".join(pieces) == (text if text.strip() else "")
    assert all(piece.strip() and len(piece.strip()) <= HARD_LIMIT * 1.25 for piece in pieces)
