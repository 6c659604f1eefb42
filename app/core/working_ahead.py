"""What may be done with a question while it is still being spoken.

Two things, both without a trace until the question is complete:

* **Prefill.** At key-down the model reads the beginning of the prompt (system, conversation),
  then the words of the question as they become stable, so that the real request finds all but
  its last words evaluated.
* **Drafts.** When the speaker pauses and everything said so far is understood, the reply to it
  is begun, and its first clause made audible and held. If the final transcript has the same words
  the draft is the reply; else it is dropped: no history, no skill, no sound came of it.

A draft that is dropped has cost the server some tokens, and a slow computer perhaps time.
`DraftRecord` keeps count, and drafts stop while they do not pay.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from app.core.events import DraftReply, Event, PrefillPrompt
from app.core.ports import Message
from app.core.turn import Turn

log = logging.getLogger(__name__)

NEW_WORDS = 3
"""So many more stable words are worth another prefill: each costs the server one token, and the
model reads three words in less time than the user speaks them, even on a slow computer."""

DRAFTS_PER_TURN = 3
"""Somebody who pauses more often than that is thinking, and the drafts are guesses."""

RECENT = 20
"""Drafts that the record judges by."""
ENOUGH = 6
"""Before so many the record says nothing."""
HIT_SHARE = 0.25
"""With fewer hits than that, drafts are guesses whatever the time they gain."""
PROBE_EVERY = 10
"""While drafts do not pay, one in so many is made all the same: habits change."""


def says_the_same(one: str, other: str) -> bool:
    """Whether two transcripts have the same words and signs, whatever their capitals and
    punctuation. "C" is not "C++", and 20 is not 20 %."""
    return _said(one) == _said(other)


_UNSAID = re.compile(r"[;!?¿¡…\"“”„«»()\[\]]|(?<!\d)[.,:]|[.,:](?!\d)")
"""Punctuation; a dot, comma or colon inside a number is said."""
_HYPHEN = re.compile(r"(?<=[^\W\d])[-‐‑](?=[^\W\d])")


def _said(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    words = _HYPHEN.sub(" ", _UNSAID.sub(" ", plain)).split()
    return [word.strip("'") for word in words]


def is_read(read: Sequence[Message], wanted: Sequence[Message]) -> bool:
    """Whether a model that has evaluated `read` has evaluated all of `wanted`.

    The last message of `wanted` may be a beginning of its counterpart.
    """
    if not wanted or len(wanted) > len(read):
        return not wanted
    *before, last = wanted
    counterpart = read[len(before)]
    return (
        all(_as_sent(a) == _as_sent(b) for a, b in zip(read, before, strict=False))
        and counterpart.role == last.role
        and counterpart.for_model.strip().startswith(last.for_model.strip())
    )


def _as_sent(message: Message) -> tuple[str, str]:
    return message.role, message.for_model.strip()


class DraftRecord:
    """Whether drafts pay on this computer, with this speaker.

    Attributes:
        hits, misses: since Parley started.
        tokens_wasted: pieces of reply that nobody heard.
        gained_ms: by how much the first words of the kept ones came earlier, in all.
    """

    def __init__(self) -> None:
        self.hits = 0
        self.misses = 0
        self.tokens_wasted = 0
        self.gained_ms = 0.0
        self._recent: deque[float] = deque(maxlen=RECENT)  # ms gained, below zero lost
        self._hits: deque[bool] = deque(maxlen=RECENT)
        self._usual_ms: deque[float] = deque(maxlen=RECENT)
        self._passed_over = 0

    def __str__(self) -> str:
        return (
            f"{self.hits} kept ({self.gained_ms:.0f} ms gained), "
            f"{self.misses} dropped ({self.tokens_wasted} tokens wasted)"
        )

    def kept(self, gained_ms: float) -> None:
        self.hits += 1
        self.gained_ms += gained_ms
        self._recent.append(gained_ms)
        self._hits.append(True)

    def dropped(self, tokens: int) -> None:
        self.misses += 1
        self.tokens_wasted += tokens
        self._hits.append(False)

    def first_token(self, ttft_ms: float, *, after_a_miss: bool) -> None:
        """A reply that was no draft began; what a miss before it cost shows here."""
        if not after_a_miss:
            self._usual_ms.append(ttft_ms)
        elif len(self._usual_ms) >= ENOUGH // 2:
            self._recent.append(-max(0.0, ttft_ms - median(self._usual_ms)))

    def wants_one(self) -> bool:
        """Whether to make a draft now; asked once for each that could be made."""
        if self.pays:
            return True
        self._passed_over += 1
        return self._passed_over % PROBE_EVERY == 0

    @property
    def pays(self) -> bool:
        if len(self._hits) < ENOUGH:
            return True
        return sum(self._hits) >= HIT_SHARE * len(self._hits) and sum(self._recent) > 0


@dataclass(frozen=True, slots=True)
class Draft:
    """A question that is being answered on trial."""

    number: int
    turn: Turn
    """The turn's, with a token of its own."""
    question: Message
    messages: tuple[Message, ...]
    language: str


class WorkingAhead:
    """Decides about one question at a time. Owned by the conversation thread."""

    def __init__(self, *, enabled: bool = True) -> None:
        self.record = DraftRecord()
        self.draft: Draft | None = None
        self._enabled = enabled
        self._numbers = 0
        self._drafts_of_turn = 0
        self._missed = False
        self._prefilled_words = 0

    def begin(self) -> None:
        """A new question is about to be spoken."""
        self.drop("new question")
        self._drafts_of_turn = 0
        self._missed = False
        self._prefilled_words = 0

    def read_beginning(self, turn: Turn, beginning: tuple[Message, ...] | None) -> list[Event]:
        """Have the model read what stands before the question; None when that is not known."""
        if not self._enabled or not beginning:
            return []
        return [PrefillPrompt(turn_id=turn.id, turn=turn, messages=beginning)]

    def read_words(
        self, turn: Turn, beginning: tuple[Message, ...] | None, stable: str
    ) -> list[Event]:
        """Have the model read the question's first words, when there are enough new ones."""
        count = len(stable.split())
        if not self._enabled or beginning is None or self.draft:
            return []
        if count < self._prefilled_words + NEW_WORDS:
            return []
        self._prefilled_words = count
        messages = (*beginning, Message("user", stable.strip()))
        return [PrefillPrompt(turn_id=turn.id, turn=turn, messages=messages)]

    def heard(self, text: str) -> None:
        """More was understood; a draft for other words has no chance any more."""
        if self.draft and not says_the_same(self.draft.question.text, text):
            self.drop("more was said")

    def begin_draft(
        self, turn: Turn, question: Message, messages: tuple[Message, ...] | None, language: str
    ) -> list[Event]:
        """The speaker paused: answer what was said so far, on trial."""
        if not self._enabled or messages is None or self.draft:
            return []
        if self._drafts_of_turn >= DRAFTS_PER_TURN or not self.record.wants_one():
            return []
        self._drafts_of_turn += 1
        self._numbers += 1
        self.draft = Draft(self._numbers, turn.branch(), question, messages, language)
        return [
            DraftReply(
                turn_id=turn.id,
                turn=self.draft.turn,
                draft=self.draft.number,
                messages=messages,
                language=language,
            )
        ]

    def asked(self, question: Message) -> Message | None:
        """The question as the draft was asked it, when it says the same; None when not."""
        draft = self.draft
        if draft and draft.question.note == question.note:
            return draft.question if says_the_same(draft.question.text, question.text) else None
        return None

    def take(self, messages: tuple[Message, ...]) -> int:
        """The number of the draft that answers exactly these messages, 0 when none does.

        The question is complete: a draft for anything else is dropped.
        """
        draft = self.draft
        if draft and draft.messages == messages:
            self.draft = None
            return draft.number
        self.drop("something else was said")
        return 0

    def drop(self, reason: str) -> None:
        """Give the draft up, if there is one; its stages look at the token."""
        if self.draft:
            self.draft.turn.token.cancel(reason)
            self.draft = None

    def ended(self, *, kept: bool, gained_ms: float, tokens: int) -> None:
        """A draft was adopted as the reply, or is over."""
        paid = self.record.pays
        if kept:
            self.record.kept(gained_ms)
        else:
            self._missed = True
            self.record.dropped(tokens)
        if self.record.pays != paid:
            log.info(
                "drafts %s: %s", "pay again" if self.record.pays else "do not pay", self.record
            )

    def first_token(self, ttft_ms: float) -> None:
        """The reply, no draft, began so long after its request."""
        self.record.first_token(ttft_ms, after_a_miss=self._missed)
