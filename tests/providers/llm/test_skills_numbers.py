"""Numbers in words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from num2words import num2words

from app.providers.llm.skills.english.reading import READING as ENGLISH
from app.providers.llm.skills.french.reading import READING as FRENCH


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("a hundred and twenty", "120"),
        ("two thousand and twenty six", "2026"),
        ("twenty twenty six", "20 26"),
        ("twenty-five", "25"),
        ("two point five", "2.5"),
        ("three point one four one five", "3.1415"),
        ("zero point zero five", "0.05"),
        ("point five", "0.5"),
        ("two and a half million", "2500000"),
        ("2.5 million", "2500000"),
        ("one and a half", "1.5"),
        ("two and three quarters", "2.75"),
        ("half an hour", "0.5 hour"),
        ("two thirds", "(2/3)"),
        ("a third of ninety", "(1/3) of 90"),
        ("december twenty fifth", "december 25th"),
        ("the third of may", "the 3rd of may"),
        ("may 3rd", "may 3rd"),
        ("twenty second timer", "20 second timer"),
        ("five and six", "5 and 6"),
        ("one two three", "1 2 3"),
        ("1,234,567", "1234567"),
        ("five hundred thousand", "500000"),
        ("a cat and a dog", "a cat and a dog"),
        ("hundred", "100"),
    ],
)
def test_english_numbers_are_read(said: str, read: str) -> None:
    assert ENGLISH.read(said) == read


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("quatre-vingt-dix-neuf", "99"),
        ("quatre-vingts", "80"),
        ("soixante et onze", "71"),
        ("vingt et un", "21"),
        ("deux cent trente", "230"),
        ("mille neuf cent quatre-vingt-quatre", "1984"),
        ("deux virgule cinq", "2.5"),
        ("3,14", "3.14"),
        ("une demi-heure", "0.5 heure"),
        ("deux et demi", "2.5"),
    ],
)
def test_french_numbers_are_read(said: str, read: str) -> None:
    assert FRENCH.read(said) == read


@given(st.one_of(st.integers(0, 9999), st.integers(0, 10**12)))
@settings(max_examples=300, deadline=None)
def test_every_whole_number_in_words_is_read(number: int) -> None:
    assert ENGLISH.read(num2words(number)) == str(number)


@given(st.one_of(st.integers(0, 9999), st.integers(0, 10**9)))
@settings(max_examples=300, deadline=None)
def test_every_french_number_in_words_is_read(number: int) -> None:
    assert FRENCH.read(num2words(number, lang="fr")) == str(number)
