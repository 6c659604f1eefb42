"""Cuts a growing reply into chunks, so that a long one never has to be laid out again whole.

A chunk is one document on the screen: the last one grows, those before it are finished. Most
replies are one chunk.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.ui.conversation.growing_markdown import open_fence

CHUNK_CHARS = 2_000
"""From this length on a chunk ends at the next blank line. Turning 2,000 characters into
Markdown takes a few milliseconds, well inside a frame; a table takes longer."""

LONGEST_CHUNK_CHARS = 3 * CHUNK_CHARS
"""Text without a blank line is cut here all the same."""


@dataclass(slots=True)
class Chunk:
    text: str
    reopened: str = ""
    """The opening line of a code block that began in an earlier chunk."""

    @property
    def markdown(self) -> str:
        return self.reopened + self.text


class ReplyChunks:
    """The chunks of one reply. Their texts joined are the reply, character for character."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = [Chunk("")]

    @property
    def text(self) -> str:
        return "".join(chunk.text for chunk in self.chunks)

    def append(self, text: str) -> None:
        self.chunks[-1].text += text
        while (cut := _cut(self.chunks[-1])) is not None:
            last = self.chunks[-1]
            position, fence = cut
            rest = last.text[position:]
            last.text = last.text[:position]
            self.chunks.append(Chunk(rest, reopened=fence))


def _cut(chunk: Chunk) -> tuple[int, str] | None:
    """Where to end the chunk, and the code block left open there; None while it may grow."""
    text = chunk.text
    if len(text) < CHUNK_CHARS:
        return None
    position = text.find("\n\n", CHUNK_CHARS, LONGEST_CHUNK_CHARS)
    while position != -1 and position + 2 < len(text):
        if not open_fence(chunk.reopened + text[:position]):
            return position + 2, ""
        position = text.find("\n\n", position + 1, LONGEST_CHUNK_CHARS)
    if len(text) <= LONGEST_CHUNK_CHARS:
        return None
    line_end = text.rfind("\n", CHUNK_CHARS, LONGEST_CHUNK_CHARS)
    gap = text.rfind(" ", CHUNK_CHARS, LONGEST_CHUNK_CHARS)
    position = (line_end if line_end != -1 else gap if gap != -1 else LONGEST_CHUNK_CHARS - 1) + 1
    return position, open_fence(chunk.reopened + text[:position])
