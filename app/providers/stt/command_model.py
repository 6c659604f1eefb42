"""The language model of spoken commands, made from `command_patterns` when it is loaded."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from app.providers.stt.command_patterns import FILLERS, PATTERNS

SENTENCES_PER_LINE = 240
"""Drawn for each line of patterns: more than the longest list of fillers, so each of them occurs,
and every line weighs the same."""

DISCOUNT = 0.02
"""Probability kept for words that follow each other in no pattern. Small, because what is no
command is the general model's to hear; measured on the recordings, 0.5 takes sentences from it."""


def sentences() -> Iterator[list[str]]:
    """Draws from the patterns, the same every time."""
    draw = random.Random(0)
    for line in PATTERNS.strip().splitlines():
        wordings = [one for wording in line.split("|") for one in _variants(wording.split())]
        fillers = {slot: _shuffled(slot, draw) for slot in FILLERS}
        for index in range(SENTENCES_PER_LINE):
            wording = wordings[index % len(wordings)]
            yield [
                word
                for token in wording
                for word in (
                    next(fillers[token[1:-1]]).split() if token.startswith("{") else [token]
                )
            ]


def write_arpa(path: Path) -> set[str]:
    """Write the model in ARPA format for the decoder; returns its words."""
    from pocketsphinx.lm import ArpaBoLM

    drawn = list(sentences())
    model = ArpaBoLM(
        text="\n".join(" ".join(words) for words in drawn),
        add_start=True,
        discount_mass=DISCOUNT,
    )
    model.compute()
    with path.open("w", encoding="utf-8") as file:
        model.write(file)
    return {word for words in drawn for word in words}


def write_dictionary(path: Path, source: Path, words: set[str]) -> None:
    """Write the part of a pronunciation dictionary that `words` need."""
    with source.open(encoding="utf-8") as lines, path.open("w", encoding="utf-8") as kept:
        for line in lines:
            # "word", or "word(2)" for its second pronunciation.
            if line.split(None, 1)[0].split("(", 1)[0] in words:
                kept.write(line)


def _variants(tokens: list[str]) -> Iterator[list[str]]:
    """A wording with and without what stands in brackets."""
    parts = re.findall(r"\[[^\]]*\]|[^\s\[\]]+", " ".join(tokens))
    choices: Iterable[tuple[list[str], ...]] = itertools.product(
        *(([], part[1:-1].split()) if part.startswith("[") else ([part],) for part in parts)
    )
    for choice in choices:
        yield [token for part in choice for token in part]


def _shuffled(slot: str, draw: random.Random) -> Iterator[str]:
    """The fillers of a slot in random order, for ever; each before any comes again."""
    while True:
        yield from draw.sample(FILLERS[slot], len(FILLERS[slot]))
