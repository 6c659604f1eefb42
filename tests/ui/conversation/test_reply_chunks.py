"""Cutting a long reply: nothing lost, nothing cut inside a code block."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.ui.conversation.reply_chunks import CHUNK_CHARS, LONGEST_CHUNK_CHARS, ReplyChunks


def test_a_usual_reply_is_one_chunk() -> None:
    chunks = ReplyChunks()
    chunks.append("One.\n\nTwo.")
    assert [chunk.text for chunk in chunks.chunks] == ["One.\n\nTwo."]


def test_a_long_reply_is_cut_at_blank_lines() -> None:
    chunks = ReplyChunks()
    text = "A paragraph of some length.\n\n" * 1_000
    for start in range(0, len(text), 7):
        chunks.append(text[start : start + 7])
    assert chunks.text == text
    assert len(chunks.chunks) > 3
    assert all(chunk.text.endswith("\n\n") for chunk in chunks.chunks)
    assert all(len(chunk.text) <= LONGEST_CHUNK_CHARS for chunk in chunks.chunks)


def test_no_cut_at_a_blank_line_inside_code() -> None:
    chunks = ReplyChunks()
    code = "```python\n" + "x = 1\n\n" * (CHUNK_CHARS // 6) + "```\n\n"
    chunks.append(code + "After.")
    assert chunks.chunks[0].text == code
    assert chunks.chunks[1].markdown == "After."


def test_a_text_that_comes_at_once_is_cut_as_one_that_grows() -> None:
    code = "```python\n" + "x = 1\n" * LONGEST_CHUNK_CHARS + "```\n\n"
    text = "One.\n\n" + code + "A paragraph of some length.\n\n" * 300
    whole, grown = ReplyChunks(), ReplyChunks()
    whole.append(text)
    for start in range(0, len(text), 50):
        grown.append(text[start : start + 50])
    assert whole.chunks == grown.chunks
    assert all(len(chunk.text) <= LONGEST_CHUNK_CHARS for chunk in whole.chunks)


def test_endless_code_is_cut_and_goes_on_as_code() -> None:
    chunks = ReplyChunks()
    chunks.append("```python\n" + "x = 1\n" * (LONGEST_CHUNK_CHARS // 3))
    assert len(chunks.chunks) > 1
    assert chunks.chunks[1].markdown.startswith("```python\nx = 1\n")
    assert chunks.text.count("```") == 1


def test_text_without_any_gap_is_cut_all_the_same() -> None:
    chunks = ReplyChunks()
    text = "a" * (3 * LONGEST_CHUNK_CHARS)
    chunks.append(text)
    assert chunks.text == text
    assert max(len(chunk.text) for chunk in chunks.chunks) <= LONGEST_CHUNK_CHARS


@given(
    st.lists(
        st.sampled_from(["\n", "\n\n", "```\n", "~~~\n", "word ", "x" * 997, "# Head\n", "é😀"]),
        max_size=60,
    )
)
def test_the_chunks_joined_are_always_the_reply(pieces: list[str]) -> None:
    chunks = ReplyChunks()
    for piece in pieces:
        chunks.append(piece)
    assert chunks.text == "".join(pieces)
