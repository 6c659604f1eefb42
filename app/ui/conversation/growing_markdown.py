"""What can be shown of Markdown that is still being written.

Half a word of markup would be seen as raw signs for a moment and then jump into its shape. So a
mark that says nothing yet is held back, what is open is closed for the time being, and a table
comes row by row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FENCE = re.compile(r"^ {0,3}(```+|~~~+)(.*)$", re.MULTILINE)

LONGEST_HELD_BACK = 300
"""Characters of a link that may be waited for; beyond, what looked like one is shown as it is."""

_MARK_ALONE = re.compile(
    r"\s*(?:[-+*=_#>`~|\s]+|(?:[-+*>]\s+)?\d{1,9}[.)]?|[-+*]\s+\[[ xX]?\]?)\s*$"
)
"""A line that could still become a list, a heading, a rule, a table or a code block."""

_BEGINS_CODE = re.compile(r" {0,3}(```|~~~)")
_ROW = re.compile(r" {0,3}\|")
_RULER = re.compile(r" {0,3}\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
_HALF_RULER = re.compile(r"[\s|:-]*$")
_OPEN_LINK = re.compile(r"!?\[[^\[\]\n]*$|!?\[[^\[\]\n]*\](?:\([^()\s]*)?$")
_INLINE = re.compile(r"\\.|(`+)|(\*\*|\*)", re.DOTALL)

_SPECIAL = re.compile(r"[\n\\`*_~\[\]()<>|&:/@#]|  ")
"""What makes it necessary to read the Markdown anew."""
_SURE_LINE = re.compile(
    r"\s*(?:[-+*]\s+|\d+[.)]\s+|#{1,6}\s+|>\s+)?[*_`\"'“‘(]*\w[^|\n]{5,}[\w.,;!?'’\"”…]$"
)
"""A line whose kind is known, and whose end is plain text."""


@dataclass(frozen=True, slots=True)
class Growing:
    """As much of a text as can be shown."""

    kept: str
    """Its beginning, without blanks at the end."""
    closers: str = ""
    """The marks that close what is open there."""

    @property
    def markdown(self) -> str:
        return self.kept + self.closers

    def plainly_followed_by(self, later: Growing) -> str | None:
        """What `later` says more, when it can be put behind the text as it is; None when the
        Markdown must be read anew to know what it looks like."""
        if self.closers or later.closers or not later.kept.startswith(self.kept):
            return None
        more = later.kept[len(self.kept) :]
        if open_fence(self.kept):
            return None if "```" in more or "~~~" in more else more
        line = self.kept[self.kept.rfind("\n") + 1 :]
        return more if _SURE_LINE.match(line) and not _SPECIAL.search(more) else None


def growing(text: str) -> Growing:
    """What can be shown of a text that goes on."""
    if open_fence(text):
        return Growing(_without_half_a_fence(text).rstrip())
    start = text.rfind("\n") + 1
    line = text[start:]
    if _MARK_ALONE.match(line) or _BEGINS_CODE.match(line):
        text = text[:start]
    text = _without_half_a_table(text)
    start = text.rfind("\n") + 1
    text = _without_half_a_link(text, start).rstrip()
    start = text.rfind("\n") + 1
    line = text[start:]
    kept, closers = (line, "") if _ROW.match(line) else _closed(line)
    return Growing(text[:start] + kept, closers) if kept else Growing(text[:start].rstrip())


def open_fence(text: str) -> str:
    """The opening line of the code block that `text` ends in, with its newline; or empty."""
    opened, opened_by = "", ""
    for match in FENCE.finditer(text):
        mark, info = match.group(1), match.group(2)
        if not opened:
            if match.end() < len(text):  # its line is complete
                opened, opened_by = match.group(0) + "\n", mark
        elif mark.startswith(opened_by) and not info.strip():
            opened = ""
    return opened


def _without_half_a_fence(text: str) -> str:
    """Without the first signs of the line that closes the code."""
    start = text.rfind("\n") + 1
    return text[:start] if re.fullmatch(r" {0,3}(`+|~+)", text[start:]) else text


def _without_half_a_table(text: str) -> str:
    """Without a row that is not complete, and without a head whose ruler has not come."""
    gap = text.rfind("\n\n")
    block = 0 if gap == -1 else gap + 2
    lines = text[block:].split("\n")
    first = next((number for number, line in enumerate(lines) if _ROW.match(line)), None)
    if first is None:
        return text
    *complete, last = lines[first:]
    ruler = complete[1] if len(complete) > 1 else last if complete else ""
    if not (_RULER if len(complete) > 1 else _HALF_RULER).match(ruler):
        return text
    if len(complete) > 1 and last and not _ROW.match(last):
        return text
    shown = lines[: first + len(complete)] if len(complete) > 1 else lines[:first]
    return text[:block] + "\n".join(shown)


def _without_half_a_link(text: str, start: int) -> str:
    match = _OPEN_LINK.search(text, start)
    if match and len(text) - match.start() <= LONGEST_HELD_BACK:
        return text[: match.start()]
    return text


def _closed(line: str) -> tuple[str, str]:
    """The line without marks at its end that hold nothing yet, and what closes the others."""
    stack: list[tuple[str, int]] = []
    """Marks that are open, and where what they hold begins."""
    for match in _INLINE.finditer(line):
        code, star = match.group(1), match.group(2)
        in_code = bool(stack) and stack[-1][0][0] == "`"
        if code:
            if in_code and code == stack[-1][0]:
                stack.pop()
            elif not in_code:
                stack.append((code, match.end()))
        elif star and not in_code:
            before, after = line[: match.start()][-1:], line[match.end() :][:1]
            if any(mark == star for mark, _ in stack) and not before.isspace():
                while stack.pop()[0] != star:
                    pass
            elif not after.isspace() and not before.isalnum():
                stack.append((star, match.end()))
    end = len(line)
    while stack and not line[stack[-1][1] : end].strip():
        end = stack[-1][1] - len(stack[-1][0])
        stack.pop()
    kept = line[:end].rstrip()
    if stack and kept.endswith("*") and stack[-1][0] == "**":
        kept = kept[:-1].rstrip()  # the first star of the two that close
    return kept, "".join(mark for mark, _ in reversed(stack))
