"""The language model of commands: what it knows and that it is well made."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path

import pytest

from app.providers.stt import command_model
from app.providers.stt.command_patterns import FILLERS


@pytest.fixture(scope="module")
def sentences() -> list[str]:
    return [" ".join(words) for words in command_model.sentences()]


def test_every_filler_occurs(sentences: list[str]) -> None:
    said = "\n".join(sentences)
    missing = [word for words in FILLERS.values() for word in words if word not in said]
    assert missing == []


def test_no_pattern_is_left_unfilled(sentences: list[str]) -> None:
    assert not any(mark in sentence for sentence in sentences for mark in "{}[]|")


def test_optional_words_are_there_and_not(sentences: list[str]) -> None:
    assert "what day is it" in sentences
    assert "what day is it today" in sentences


def test_the_sentences_are_the_same_every_time(sentences: list[str]) -> None:
    assert [" ".join(words) for words in command_model.sentences()] == sentences


def test_the_model_is_a_distribution_and_its_words_have_sounds(tmp_path: Path) -> None:
    import pocketsphinx

    arpa, dictionary = tmp_path / "commands.arpa", tmp_path / "commands.dict"
    words = command_model.write_arpa(arpa)
    source = Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict"))
    command_model.write_dictionary(dictionary, source, words)
    sounded = {line.split("(")[0].split()[0] for line in dictionary.read_text("utf-8").splitlines()}
    assert words == sounded

    after: dict[str, float] = defaultdict(float)
    _, _, bigrams = arpa.read_text("utf-8").partition("\\2-grams:")
    for line in bigrams.partition("\\3-grams:")[0].split("\n"):
        if line.strip():
            probability, first, *_ = line.split()
            after[first] += 10 ** float(probability)
    kept = 1 - command_model.DISCOUNT
    assert all(math.isclose(total, kept, abs_tol=1e-2) for total in after.values())
