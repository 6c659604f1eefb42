"""Finding a setting by some of its words."""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """Without capitals and accents: "Économe" is found by "econ"."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def found_by(words: str, query: str) -> bool:
    """Whether each word of the query begins, or is inside, one of these words."""
    text = folded(words)
    return all(word in text for word in folded(query).split())
