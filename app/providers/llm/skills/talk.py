"""Small talk, what Parley can do, and saying it again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from app.providers.llm.skills.skill import Answer, Question


@dataclass(frozen=True, slots=True)
class Talk:
    """Fixed answers, in one language."""

    about_parley: Sequence[tuple[re.Pattern[str], str]]
    """Questions about Parley itself: answered for certain."""
    courtesies: Sequence[tuple[re.Pattern[str], str]]
    """Greetings and thanks: a language model that follows the conversation does better."""
    repeat: re.Pattern[str]
    nothing_to_repeat: str

    def match(self, question: Question) -> Answer | None:
        if self.repeat.fullmatch(question.text) is not None:
            answer = question.last_reply or self.nothing_to_repeat
            return Answer(partial(str, answer))
        for answers, certain in ((self.about_parley, True), (self.courtesies, False)):
            for pattern, answer in answers:
                if pattern.fullmatch(question.text) is not None:
                    return Answer(partial(str, answer), certain=certain)
        return None


@dataclass(frozen=True, slots=True)
class Regret:
    """What to say when no skill knows: what is missing, and what to do."""

    needs_model: str
    cannot: Sequence[tuple[re.Pattern[str], str]] = ()
    """What no language model would help with either, by a word in the question."""

    def about(self, text: str) -> str:
        for pattern, answer in self.cannot:
            if pattern.search(text) is not None:
                return answer
        return self.needs_model
