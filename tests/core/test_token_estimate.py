"""The estimate beside what real tokenizers count."""

from __future__ import annotations

import pytest

from app.core.token_estimate import estimate_tokens, longest_prefix
from tests.core.token_samples import SAMPLES


@pytest.mark.parametrize("name", SAMPLES)
def test_no_tokenizer_counts_more(name: str) -> None:
    text, counts = SAMPLES[name]
    assert estimate_tokens(text) >= max(counts)


@pytest.mark.parametrize("name", set(SAMPLES) - {"url", "punct"})
def test_the_costliest_tokenizer_counts_at_least_half(name: str) -> None:
    text, counts = SAMPLES[name]
    assert estimate_tokens(text) <= 2 * max(counts)


def test_a_pasted_key_or_encoded_file_counts_a_token_a_character() -> None:
    text = "aGVsbG8gd29ybGQ" * 20
    assert estimate_tokens(text) >= len(text)


def test_nothing_costs_nothing() -> None:
    assert estimate_tokens("") == 0


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("tokens", [1, 10, 40])
def test_the_longest_prefix_fits_and_one_character_more_would_not(name: str, tokens: int) -> None:
    text, _ = SAMPLES[name]
    prefix = longest_prefix(text, tokens)
    assert text.startswith(prefix)
    assert estimate_tokens(prefix) <= tokens
    if prefix != text:
        assert estimate_tokens(text[: len(prefix) + 1]) > tokens


def test_no_room_at_all() -> None:
    assert longest_prefix("hello", 0) == ""
    assert longest_prefix("hello", -5) == ""
