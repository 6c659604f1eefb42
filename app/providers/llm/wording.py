"""What an engine says, made fit for one line in front of the user."""

from __future__ import annotations

MAX_CHARS = 200
"""A server's message is shown up to here; some send whole pages."""


def one_line(text: str, secret: str | None = None) -> str:
    """`text` as one sentence on one line: a readable length, no control characters.

    `secret` is taken out wherever it occurs: servers like to repeat the key they refuse.
    """
    if secret:
        text = text.replace(secret, "…")
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(text) > MAX_CHARS:
        return text[: MAX_CHARS - 1] + "…"
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "؟", "।")


def mark_of_cut(last_words: str) -> str:
    """What goes behind a reply that reached its longest: three dots, so that nobody takes
    half a sentence for a whole one. Nothing behind a whole one.
    """
    last_words = last_words.rstrip()
    return "" if not last_words or last_words.endswith(_SENTENCE_ENDS) else "…"
