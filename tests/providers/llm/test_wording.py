"""Servers' messages in front of the user."""

from __future__ import annotations

from app.providers.llm.wording import MAX_CHARS, one_line


def test_a_page_becomes_one_readable_line() -> None:
    line = one_line("first\r\n\tsecond\x00\x1b[31m " + "x" * 5000)
    assert line.startswith("first second")
    assert len(line) == MAX_CHARS
    assert line.isprintable()


def test_a_sentence_ends_like_one() -> None:
    assert one_line("unexpected EOF") == "unexpected EOF."
    assert one_line("Done.") == "Done."


def test_a_secret_is_taken_out() -> None:
    assert one_line("bad key sk-1, sk-1!", "sk-1") == "bad key …, …!"
