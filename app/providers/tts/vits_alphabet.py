"""Fit a clause to the letters a VITS voice knows.

The MMS vocabularies hold lower-case letters, a few marks and the space; the tokenizer drops
everything else silently. Here a letter the voice lacks becomes one it has where that can be
told ("naïve" for an English voice), and what parts words becomes a space.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection

_LOOKALIKES = {
    "’": "'", "‘": "'", "ʼ": "'", "`": "'", "‐": "-", "‑": "-",
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l",
    "ı": "i", "ĳ": "ij", "ț": "ţ", "ş": "ș", "ţ": "ț", "ș": "ş",
}  # fmt: skip


def fit(text: str, vocabulary: Collection[str], romanise: Callable[[str], str] | None) -> str:
    """The text in the voice's letters, words parted by single spaces; may be empty."""
    text = unicodedata.normalize("NFC", text).lower()
    if romanise is not None and not text.isascii():
        text = romanise(text).lower()
    fitted = "".join(_fit_character(character, vocabulary) for character in text)
    fitted = " ".join(fitted.split())
    return fitted if any(map(str.isalpha, fitted)) else ""


def _fit_character(character: str, vocabulary: Collection[str]) -> str:
    if character in vocabulary:
        return character
    lookalike = _LOOKALIKES.get(character, "")
    if lookalike and all(letter in vocabulary for letter in lookalike):
        return lookalike
    bare = "".join(
        letter for letter in unicodedata.normalize("NFKD", character) if letter in vocabulary
    )
    if bare or unicodedata.category(character)[0] in "LM":
        return bare
    return " "
