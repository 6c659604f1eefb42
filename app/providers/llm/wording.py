"""What an engine says, made fit for one line in front of the user."""

from __future__ import annotations

import json

from app.core.addresses import without_logins

MAX_CHARS = 200
"""A server's message is shown up to here; some send whole pages."""


def words_within(message: str) -> str:
    """The words of an error that wraps another one: Ollama passes on as a text what its runner
    says as JSON, `{"error": {"message": "..."}}`. Any other text is returned as it is.
    """
    try:
        said = json.loads(message)
    except ValueError:
        return message
    while isinstance(said, dict):
        said = said.get("error") or said.get("message")
    return said if isinstance(said, str) and said else message


def one_line(text: str, secret: str | None = None) -> str:
    """`text` as one sentence on one line: a readable length, no control characters.

    `secret` is taken out wherever it occurs, and so are logins in addresses: servers like to
    repeat what they refuse.
    """
    text = without_logins(text)
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
