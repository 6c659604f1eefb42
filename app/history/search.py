"""From what a person types into a search field to a query, and from a match to a snippet."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from app.history.rows import Piece

START, END = "\x02", "\x03"
"""Around a match in SQLite's snippets; no transcript holds these control characters."""

SNIPPET_WORDS = 16
"""Words in a snippet (FTS5 allows up to 64); about one line."""

_CONTEXT = 40
"""Characters on either side of a match in a snippet made here."""


def terms(text: str) -> list[str]:
    """What is searched for, all of it: words, and "quoted phrases".

    Control characters and lone surrogates, which SQLite cannot take, count as spaces.
    """
    printable = "".join(" " if unicodedata.category(c)[0] == "C" else c for c in text)
    found = re.findall(r'"([^"]*)"|([^\s"]+)', printable)
    return [term for pair in found if (term := (pair[0] or pair[1]).strip())]


def needs_scan(words: Iterable[str]) -> bool:
    """Whether the word index cannot find one of these, so every turn must be looked at.

    Scripts without spaces (Chinese, Japanese, Thai) are one long word to the index, and signs
    and emoji are no words at all.
    """
    return any(
        any(unicodedata.category(c) == "Lo" for c in word) or not any(map(str.isalnum, word))
        for word in words
    )


def match_query(words: list[str]) -> str:
    """An FTS5 query for all words, the last one also as the beginning of a word.

    Every term is quoted, so AND, NEAR, *, : and the rest of FTS5's language are plain text.
    """
    quoted = [f'"{word}"' for word in words]  # `terms` leaves no quotation mark inside
    return " ".join(quoted) + "*"


def like_pattern(word: str) -> str:
    r"""A LIKE pattern (ESCAPE '\') for text that contains the word."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", word) + "%"


def pieces(snippet: str) -> tuple[Piece, ...]:
    """SQLite's marked snippet in pieces."""
    parts = re.split(f"{START}([^{END}]*){END}", snippet)
    return tuple(Piece(part, index % 2 == 1) for index, part in enumerate(parts) if part)


def cut(texts: Iterable[str], words: list[str]) -> tuple[Piece, ...]:
    """A snippet around the first of the words that is found, for turns found by a scan."""
    for text in texts:
        for word in words:
            found = re.search(re.escape(word), text, re.IGNORECASE)
            if found:
                begin = max(0, found.start() - _CONTEXT)
                end = min(len(text), found.end() + _CONTEXT)
                before = ("…" if begin else "") + text[begin : found.start()]
                after = text[found.end() : end] + ("…" if end < len(text) else "")
                marked = (Piece(before, False), Piece(found[0], True), Piece(after, False))
                return tuple(piece for piece in marked if piece.text)
    return ()
