"""How many tokens a text is, at most, without the model's tokenizer.

Each character counts as a fixed share of a token, by its script. The shares are upper bounds of
what three tokenizers made of the same everyday sentences in 22 languages: Llama 3 (128,000
tokens), Qwen 2.5 (151,000), and a SentencePiece vocabulary of 32,000 as Phi-3 and Mistral use,
which is the costliest one nearly everywhere. Tokens per character, of the three, worst last:

    English .23 .23 .23    Finnish .38 .38 .42    Russian  .32 .36 .42    Greek   .40 .84 1.0
    French  .29 .29 .33    Turkish .29 .35 .53    Hebrew   .38 .99 1.0    Hindi   .54 .91 1.1
    German  .25 .26 .30    Czech   .33 .44 .48    Arabic   .43 .44 .96    Tamil   1.1 1.2 1.3
    Chinese .68 .82 1.2    Japanese .64 .74 1.2   Korean   .58 .67 1.2    Amharic 1.2 2.2 2.3
    digits  .57 .99 1.0    program text .42 .43 .49   random letters .95 .95 .98

So English is taken for up to twice what it is; `app.core.prompt` corrects that by what the model
reports. The same sentences are in this module's test, with the counts.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from functools import lru_cache

_BANDS: tuple[tuple[int, float], ...] = (
    (0x0080, 1.5),  # Latin letters with marks: up to 2 tokens each, among cheaper plain ones
    (0x0370, 1.2),  # Greek
    (0x0400, 0.6),  # Cyrillic
    (0x0530, 1.2),  # Armenian, Hebrew, Arabic
    (0x0900, 1.5),  # the scripts of India
    (0x0E00, 1.2),  # Thai, Lao
    (0x0F00, 3.0),  # Tibetan, Georgian, Amharic, ...: their three bytes
    (0x1E00, 1.5),  # more Latin letters with marks
    (0x1F00, 2.5),  # symbols
    (0x2000, 1.0),  # punctuation: dashes, quotation marks
    (0x2070, 2.5),  # symbols
    (0x3000, 1.3),  # Chinese, Japanese
    (0xA000, 2.5),
    (0xAC00, 1.6),  # Korean
    (0xD7B0, 3.0),
    (0xFF00, 1.3),  # full-width punctuation
    (0x10000, 4.0),  # emoji and rare scripts: their bytes
)
"""Tokens per character, from this code point on. ASCII, below the first, is in `_of`."""
_STARTS = tuple(start for start, _ in _BANDS)

CHEAPEST = 0.45
"""Tokens of a plain letter; nothing counts less."""
OTHER_ASCII = 1.1
"""Tokens of a digit or a sign; a little over one, for the space before it."""

_UNBROKEN = re.compile(r"[!-~]{25,}")
"""Longer than words: keys, hashes, encoded files, which cost a token a character."""


def estimate_tokens(text: str) -> float:
    """An upper bound, for everyday text of any script."""
    unbroken = [run[0] for run in _UNBROKEN.finditer(text)]
    return _by_script(text) + sum(max(len(run) - _by_script(run), 0.0) for run in unbroken)


def longest_prefix(text: str, tokens: float) -> str:
    """As much of the beginning of `text` as costs no more than `tokens`."""
    text = text[: max(int(tokens / CHEAPEST), 0)]  # pasted megabytes are not worth counting
    if estimate_tokens(text) <= tokens:
        return text
    length = bisect_right(
        range(1, len(text) + 1), tokens, key=lambda length: estimate_tokens(text[:length])
    )
    return text[:length]


def _by_script(text: str) -> float:
    return sum(_of(char) * times for char, times in Counter(text).items())


@lru_cache(maxsize=4096)
def _of(char: str) -> float:
    if char.isascii():
        return CHEAPEST if char.isalpha() or char == " " else OTHER_ASCII
    return _BANDS[bisect_right(_STARTS, ord(char)) - 1][1]
