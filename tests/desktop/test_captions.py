"""Which words are heard now, and how they are broken into lines."""

from __future__ import annotations

import math
from string import ascii_letters

import pytest
from PySide6.QtGui import QFont, QFontMetricsF

from app.desktop.captions import CHARACTERS_PER_S, Captions, line_at, lines_of


def captions(*clauses: tuple[str, float]) -> Captions:
    found = Captions()
    for index, (text, duration_s) in enumerate(clauses):
        found.add(index, text)
        found.measure(index, duration_s)
    found.begin(100.0)
    return found


def test_before_the_first_sound_there_is_nothing():
    found = Captions()
    found.add(0, "It is four.")
    assert found.at(100.0) == ("", 0.0)


def test_each_clause_is_heard_when_those_before_it_are_over():
    found = captions(("It is four.", 1.0), (" And dry.", 2.0))
    assert found.at(100.0)[0] == "It is four."
    assert found.at(100.99) == ("It is four.", pytest.approx(0.99))
    assert found.at(102.0) == ("And dry.", pytest.approx(0.5))
    assert found.at(math.inf) == ("And dry.", 1.0)


def test_a_clause_that_is_late_leaves_the_one_before_it():
    found = captions(("It is four.", 1.0))
    assert found.at(110.0) == ("It is four.", 1.0)
    found.add(1, " And dry.")
    assert found.at(110.0)[0] == "And dry."


def test_a_voice_that_has_not_told_yet_is_taken_for_a_usual_one():
    found = Captions()
    found.add(0, "x" * 30)
    found.add(1, "next")
    found.begin(0.0)
    assert found.at(30 / CHARACTERS_PER_S - 0.1)[0] == "x" * 30
    assert found.at(30 / CHARACTERS_PER_S + 0.1)[0] == "next"


def test_a_clause_that_no_voice_could_say_is_over_at_once():
    found = captions(("Hm…", 0.0), ("And dry.", 2.0))
    assert found.at(100.5)[0] == "And dry."


@pytest.mark.parametrize(
    ("shown", "heard"),
    [
        ("**Very** `much` so.\n", "Very much so."),
        ("## Rain\n\n- in the *morning*", "Rain • in the morning"),
        ("See [the page](https://example.org/a).", "See the page."),
        ("Like this:\n```python\nprint(1)\n```\nEasy.", "Like this: Easy."),
    ],
)
def test_markup_is_not_seen(shown: str, heard: str):
    assert captions((shown, 1.0)).at(100.5)[0] == heard


def test_code_is_passed_over_across_clauses():
    found = captions(("Look:\n```\n", 1.0), ("print(1)\n", 0.0), ("```\nThat is all.", 1.0))
    assert found.at(100.5)[0] == "Look:"
    assert found.at(math.inf)[0] == "That is all."


TALE = "The quick brown fox jumps over the lazy dog and goes home to sleep until tomorrow."


def seen_of(words: str, width_px: float) -> list[str]:
    """Every line, as time passes."""
    lines = lines_of(words, QFont(), width_px)
    seen: list[str] = []
    for step in range(200):
        line = line_at(lines, step / 200)
        if not seen or seen[-1] != line:
            seen.append(line)
    return seen


def test_a_long_clause_is_seen_line_by_line(qapp):
    seen = seen_of(TALE, 150)
    assert len(seen) > 2
    assert " ".join(seen) == TALE, "every word once, none cut"
    widths = [QFontMetricsF(QFont()).horizontalAdvance(line) for line in seen]
    assert max(widths) <= 150
    assert min(widths) > max(widths) / 2, "no line of one word"
    assert line_at(seen, 1.0) == seen[-1]


PARTY = "".join(map(chr, range(0x1F600, 0x1F628)))


@pytest.mark.parametrize(
    "words", ["今天天气很好我们去公园散步然后回家吃饭看书", PARTY, ascii_letters]
)
def test_what_has_no_spaces_is_broken_all_the_same(qapp, words: str):
    assert "".join(seen_of(words, 100)) == words


def test_a_short_clause_is_one_line(qapp):
    assert seen_of("Yes.", 150) == ["Yes."]
    assert seen_of("", 150) == [""]
