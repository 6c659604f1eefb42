"""What a skill is: it looks at a question and either knows it or lets it pass.

Matching is free of side effects and quick; the deed (a timer that starts) waits in
`Answer.say`, so that asking "could you answer this?" changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Question:
    """What the user says now, and what was said before."""

    text: str
    """Ready to match: lower case, numbers in digits, greetings and courtesies taken off."""
    said: str
    """As it was typed or heard."""
    earlier: tuple[str, ...]
    """The user's questions before this one as they came, latest first."""
    last_reply: str
    """What Parley answered last; empty at the start of a conversation."""
    read: Callable[[str], str]
    """Makes `text` of what was `said`, in the question's language."""

    def before(self) -> Iterator[Question]:
        """The earlier questions, latest first, as they were when they were asked."""
        for index, said in enumerate(self.earlier, 1):
            yield Question(self.read(said), said, self.earlier[index:], "", self.read)

    def as_said(self, words: str) -> str:
        """Words of `text` in the user's own spelling, where they stand in `said` like that."""
        start = self.said.lower().find(words)
        exact = self.said[start : start + len(words)] if start >= 0 else ""
        return exact if exact.lower() == words else words


@dataclass(frozen=True, slots=True)
class Answer:
    """A skill knows the question."""

    say: Callable[[], str]
    """Does what was asked, in the thread and loop that keep the timers, and says so."""
    certain: bool = True
    """False when a language model may well answer better: small talk, a place that is not
    in the table, something only a model could know."""
    slow: bool = False
    """True when `say` may load a library; it is then called in a thread of its own."""


class Skill(Protocol):
    """One thing Parley can do by itself, in one language."""

    def match(self, question: Question) -> Answer | None:
        """The answer, or None when this is not for the skill. Changes nothing, under 1 ms."""
