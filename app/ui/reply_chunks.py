"""Cuts a growing reply into chunks, so that a long one never has to be laid out again whole.

A chunk is one document on the screen: the last one takes plain text as it arrives, those
before it are finished and shown with their Markdown. Most replies are one chunk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CHUNK_CHARS = 4_000
"""From this length on a chunk ends at the next blank line. Turning 4,000 characters into
Markdown takes a few milliseconds, well inside a frame."""

LONGEST_CHUNK_CHARS = 3 * CHUNK_CHARS
"""Text without a blank line is cut here all the same."""

_FENCE = re.compile(r"^ {0,3}(```+|~~~+)(.*)$", re.MULTILINE)


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
    position = text.find("\n\n", CHUNK_CHARS)
    while position != -1 and position + 2 < len(text):
        if not _open_fence(chunk.reopened + text[:position]):
            return position + 2, ""
        position = text.find("\n\n", position + 1)
    if len(text) <= LONGEST_CHUNK_CHARS:
        return None
    line_end = text.rfind("\n", CHUNK_CHARS, LONGEST_CHUNK_CHARS)
    gap = text.rfind(" ", CHUNK_CHARS, LONGEST_CHUNK_CHARS)
    position = (line_end if line_end != -1 else gap if gap != -1 else LONGEST_CHUNK_CHARS - 1) + 1
    return position, _open_fence(chunk.reopened + text[:position])


def _open_fence(text: str) -> str:
    """The opening line of the code block that `text` ends in, with its newline; or empty."""
    opened = ""
    for match in _FENCE.finditer(text):
        mark, info = match.group(1), match.group(2)
        if not opened:
            opened = match.group(0) + "\n"
        elif mark[0] == opened.strip()[0] and not info.strip():
            opened = ""
    return opened
