"""Text as the numbers a VITS voice takes: one per letter, with a blank around each.

Reads the tokenizer files that `transformers` writes, without importing it, which takes seconds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import ProviderUnavailable
from app.providers.tts.vits_alphabet import fit

BLANK = 0


class VitsTokens:
    """The alphabet of a voice."""

    def __init__(self, folder: Path) -> None:
        """
        Raises:
            ProviderUnavailable: the voice takes sounds instead of letters.
        """
        options = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
        if options.get("phonemize", True):
            raise ProviderUnavailable(
                f"The voice in {folder} reads phonemes, which Parley cannot write.",
                "Choose an MMS voice in Parley's settings, under Models.",
            )
        self._numbers: dict[str, int] = json.loads((folder / "vocab.json").read_text("utf-8"))
        self._blanks = bool(options.get("add_blank", True))
        language = options.get("language")
        self._romanise = _Romaniser(language) if options.get("is_uroman") else None

    @property
    def letters(self) -> list[str]:
        """Every character the voice knows that is a letter."""
        return [token for token in self._numbers if len(token) == 1 and token.isalpha()]

    def numbers(self, text: str) -> NDArray[np.int64]:
        """Empty when no character of the text can be spoken."""
        fitted = fit(text, self._numbers, self._romanise)
        letters = [self._numbers[letter] for letter in fitted]
        if not letters or not self._blanks:
            return np.array(letters, np.int64)
        numbers = np.full(2 * len(letters) + 1, BLANK, np.int64)
        numbers[1::2] = letters
        return numbers


class _Romaniser:
    """Latin letters for any script. Its tables load at the first word, once."""

    def __init__(self, language: str | None) -> None:
        """`language` is an ISO 639-3 code; it chooses between rules for one script."""
        self._language = language
        self._uroman: Any = None

    def __call__(self, text: str) -> str:
        if self._uroman is None:
            import uroman

            self._uroman = uroman.Uroman()
        return str(self._uroman.romanize_string(text, lcode=self._language))
