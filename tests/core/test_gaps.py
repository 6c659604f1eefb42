"""The silence between clauses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.gaps import (
    AFTER_COLON_S,
    AFTER_COMMA_S,
    AFTER_LINE_S,
    AFTER_NOTHING_S,
    AFTER_PARAGRAPH_S,
    AFTER_SENTENCE_S,
    LONGEST_ONSET_S,
    ONSET_S,
    QUIET,
    Gaps,
    gap_after,
)
from app.core.ports import Audio

RATE = 1000


def quiet(seconds: float) -> Audio:
    return np.full(round(seconds * RATE), QUIET / 2, np.float32)


def loud(seconds: float) -> Audio:
    return np.full(round(seconds * RATE), 0.5, np.float32)


def spoken(*clauses: tuple[str, Audio], step: int = 10_000) -> Audio:
    """What is heard of these clauses, each fed in pieces of `step` samples."""
    gaps, heard = Gaps(), [np.zeros(0, np.float32)]
    for text, audio in clauses:
        gaps.begin(text)
        for start in range(0, len(audio), step):
            heard += [gaps.owed(RATE), gaps.feed(audio[start : start + step], RATE)]
    return np.concatenate(heard)


def gap_lengths(sound: Audio) -> list[float]:
    """Seconds of each stretch of silence between two sounds."""
    steps = np.diff(np.flatnonzero(sound > QUIET))
    return [float(step - 1) / RATE for step in steps if step > 1]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("One, ", AFTER_COMMA_S),
        ("一、", AFTER_COMMA_S),
        ("One: ", AFTER_COLON_S),
        ("One — ", AFTER_COLON_S),
        ("One. ", AFTER_SENTENCE_S),
        ("“One!” ", AFTER_SENTENCE_S),
        ("**Done.** ", AFTER_SENTENCE_S),
        ("« Oui ? » ", AFTER_SENTENCE_S),
        ("一。", AFTER_SENTENCE_S),
        ("- one thing\n", AFTER_LINE_S),
        ("Sure:\n\n", AFTER_PARAGRAPH_S),
        ("The weather is mild ", AFTER_NOTHING_S),
        ("", AFTER_NOTHING_S),
    ],
)
def test_the_gap_is_what_the_punctuation_asks_for(text: str, seconds: float) -> None:
    assert gap_after(text) == seconds


@pytest.mark.parametrize("tail", [0.0, 0.007, 0.1, 0.25, 0.6])
@pytest.mark.parametrize("lead", [0.0, 0.002, 0.05, 0.3])
@pytest.mark.parametrize("step", [7, 64, 10_000])
@pytest.mark.parametrize(("text", "gap"), [("One, ", AFTER_COMMA_S), ("One. ", AFTER_SENTENCE_S)])
def test_whatever_silence_a_voice_leaves_the_gap_is_the_same(
    tail: float, lead: float, step: int, text: str, gap: float
) -> None:
    clause = np.concatenate([quiet(lead), loud(0.2), quiet(tail)])
    heard = spoken((text, clause), (text, clause), (text, clause), step=step)
    assert gap_lengths(heard) == [pytest.approx(gap, abs=ONSET_S + 0.001)] * 2


def test_a_pause_inside_a_clause_stays_as_the_voice_made_it() -> None:
    clause = np.concatenate([loud(0.1), quiet(0.4), loud(0.1)])
    for step in (30, 10_000):
        assert gap_lengths(spoken(("One, two ", clause), step=step)) == [0.4]


def test_the_first_word_does_not_wait_for_the_silence_before_it() -> None:
    heard = spoken(("One.", np.concatenate([quiet(0.2), loud(0.1)])))
    assert np.flatnonzero(heard > QUIET)[0] == round(ONSET_S * RATE)


def test_silence_before_a_sound_is_not_played_by_itself() -> None:
    gaps = Gaps()
    gaps.begin("One.")
    assert not len(gaps.feed(quiet(0.2), RATE))


def test_a_voice_that_whispers_is_let_through() -> None:
    heard = spoken(("One.", quiet(2.0)), step=50)
    assert len(heard) == round((2.0 - LONGEST_ONSET_S - ONSET_S) * RATE)


def test_a_clause_without_sound_leaves_one_gap() -> None:
    one = loud(0.1)
    heard = spoken(("One, ", one), ("`x`\n\n", one[:0]), ("Two.", one))
    assert gap_lengths(heard) == [AFTER_PARAGRAPH_S]
    assert gap_lengths(spoken(("`x`\n\n", one[:0]), ("Two.", one))) == []


@given(
    st.lists(st.lists(st.tuples(st.booleans(), st.integers(1, 400)), max_size=6), max_size=5),
    st.integers(1, 500),
)
def test_no_sound_is_lost_or_doubled_however_it_is_cut(
    clauses: list[list[tuple[bool, int]]], step: int
) -> None:
    count = 0
    said: list[tuple[str, Audio]] = []
    for runs in clauses:
        pieces = [np.zeros(0, np.float32)]
        for is_loud, length in runs:
            numbers = np.arange(count + 1, count + 1 + length, dtype=np.float32)
            pieces.append(numbers if is_loud else np.zeros(length, np.float32))
            count += length * is_loud
        said.append(("One, ", np.concatenate(pieces)))
    heard = spoken(*said, step=step)
    np.testing.assert_array_equal(heard[heard > 0], np.arange(1, count + 1))
    np.testing.assert_array_equal(heard, spoken(*said))
