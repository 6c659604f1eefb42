"""A reply, as the events of the language models' thread tell it."""

from __future__ import annotations

from typing import TypeVar

from app.core.events import EngineAnswered, Event, ReplyDelta, SentenceReady

E = TypeVar("E", bound=Event)


class ReplyEvents:
    """What came so far, and what it comes to. For a class that fills `events`."""

    events: list[Event]
    """Another thread may append to it."""

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in list(self.events) if isinstance(event, kind)]

    @property
    def streamed(self) -> str:
        """The text on the screen."""
        text = ""
        for delta in self.all(ReplyDelta):
            text = text[: len(text) - delta.takes_back] + delta.text
        return text

    @property
    def spoken(self) -> str:
        """The text of the clauses."""
        return "".join(clause.text for clause in self.all(SentenceReady))

    @property
    def writers(self) -> list[str]:
        """Names of the engines that wrote it, in turn."""
        return [event.engine.name for event in self.all(EngineAnswered)]
