"""Whom to ask for a reply: the order of the language models, and who rests after a failure.

Pure state; times are handed in (seconds, of any clock that does not go back). Each model has a
circuit breaker:

* closed: it is asked in its place of the order;
* open: it failed, and is left out until its back-off is over: 2 s after the first failure,
  twice as long after each further one, at most 5 minutes, and at least as long as it asked for
  with `Retry-After`;
* half-open: the back-off is over; the next question tries it in its old place. Success closes
  the breaker, failure opens it again for longer.

So a model that has recovered takes its place again by itself, at the next question, and one that
has not costs a failed attempt every few minutes at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.errors import STAY

FIRST_BACK_OFF_S = 2.0
"""Shorter than the pause between two questions: one slip costs one question."""
LONGEST_BACK_OFF_S = 300.0
LONGEST_RETRY_AFTER_S = 3600.0
"""A `Retry-After` of days must not lose a model for the whole run."""


class Breaker(StrEnum):
    """Whether a model is asked."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Skip(StrEnum):
    """The kinds of reason for not asking a model."""

    NOT_SET_UP = "not set up"
    LOCAL_ONLY = "local-only"
    RESTING = "resting"


class Failure(StrEnum):
    """What a model failed, which decides what counts as its recovery."""

    WARM_UP = "warm-up"
    """It is not there. A warm-up that goes well proves that it is back."""
    REPLY = "reply"
    """A question. Only a reply, or a fresh load, proves it well: a model may be in memory and
    answer nothing, and a service in the cloud is asked nothing by a warm-up."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """A model with a place in the order."""

    name: str
    """Registry name, once in the order."""
    title: str
    """What people call it, as it begins a sentence."""
    local: bool = True
    """False when the words leave this computer."""
    set_up: bool = True
    """False while its key is missing."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A model that is not asked this time."""

    name: str
    kind: Skip
    why: str
    """One sentence for the user."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom to ask this time."""

    candidates: tuple[str, ...]
    """In this order; the skills come after them all."""
    skipped: tuple[Skipped, ...]
    first_choice: str | None
    """Who would answer if all were well; a model that was never set up is nobody's choice."""

    def why_not(self, name: str | None) -> str:
        """Why this model is not asked; empty when it is."""
        return next((skipped.why for skipped in self.skipped if skipped.name == name), "")


@dataclass(slots=True)
class _Health:
    """One model's breaker."""

    failures: int = 0
    """In a row."""
    kind: Failure = Failure.WARM_UP
    why: str = ""
    retry_at: float = 0.0

    def breaker(self, now: float) -> Breaker:
        if not self.failures:
            return Breaker.CLOSED
        return Breaker.OPEN if now < self.retry_at else Breaker.HALF_OPEN


class Fallback:
    """The order and the health of the language models. Owned by the thread that asks them.

    Attributes:
        local_only: models outside this computer are not asked.
    """

    def __init__(
        self,
        entrants: Sequence[Entrant],
        *,
        order: Sequence[str] | None = None,
        local_only: bool = False,
    ) -> None:
        """
        Args:
            entrants: every model that may ever be asked.
            order: names of those to ask, first choice first; None asks all, as they come.
        """
        self.local_only = local_only
        self._entrants = {entrant.name: entrant for entrant in entrants}
        self._set_up = {entrant.name: entrant.set_up for entrant in entrants}
        self._elsewhere: dict[str, str] = {}
        self._health = {entrant.name: _Health() for entrant in entrants}
        self._order: tuple[Entrant, ...] = ()
        self.reorder([entrant.name for entrant in entrants] if order is None else order)

    @property
    def order(self) -> tuple[str, ...]:
        """Names of the models that are asked, first choice first."""
        return tuple(entrant.name for entrant in self._order)

    def reorder(self, names: Sequence[str]) -> None:
        """Ask these from the next plan on, in this order; names of no entrant are left out.

        Whoever rests goes on resting, in another place or out of the order.
        """
        known = dict.fromkeys(name for name in names if name in self._entrants)
        self._order = tuple(self._entrants[name] for name in known)

    def plan(self, now: float) -> Plan:
        """Whom a question that comes now is put to."""
        candidates: list[str] = []
        skipped: list[Skipped] = []
        first_choice: str | None = None
        for entrant in self._order:
            skip = self._skip(entrant, now)
            if first_choice is None and (skip is None or skip.kind != Skip.NOT_SET_UP):
                first_choice = entrant.name
            if skip is None:
                candidates.append(entrant.name)
            else:
                skipped.append(skip)
        return Plan(tuple(candidates), tuple(skipped), first_choice)

    def permitted(self) -> tuple[str, ...]:
        """The models that may be asked at all, rested or not: set up, and here if need be."""
        return tuple(entrant.name for entrant in self._order if self._bar(entrant) is None)

    def skipped(self, name: str, now: float) -> Skipped | None:
        """Why a question that comes now would not be put to this model; None when it would."""
        return self._skip(self._entrants[name], now)

    def trusted(self, name: str, now: float) -> bool:
        """Whether the next question will most likely be answered by this model.

        A single slip in a reply is forgiven: the model is tried again at the next question.
        """
        health = self._health[name]
        slipped_once = health.failures == 1 and health.kind == Failure.REPLY
        return health.breaker(now) == Breaker.CLOSED or slipped_once

    def breaker(self, name: str, now: float) -> Breaker:
        return self._health[name].breaker(now)

    def why(self, name: str) -> str:
        """What this model failed with last; empty when it is well."""
        return self._health[name].why

    def set_up(self, name: str, now_set_up: bool) -> None:
        """A key came or went. With another key, what failed before says nothing."""
        self._set_up[name] = now_set_up
        self._health[name] = _Health()

    def found(self, name: str, elsewhere: str) -> None:
        """It turned out where this model, whose address is here, answers.

        Args:
            elsewhere: where it passes questions on to, one sentence; empty when nowhere.
        """
        self._elsewhere[name] = elsewhere

    def failed(
        self,
        name: str,
        why: str,
        now: float,
        *,
        kind: Failure,
        retry_after_s: float | None = None,
    ) -> None:
        """The model failed, in a reply or in a warm-up.

        While its breaker is open, further failures (checks that run beside) keep the back-off as
        it is: they are no news.

        Args:
            why: one sentence for the user.
            retry_after_s: how long the model asked to be left alone.
        """
        health = self._health[name]
        was_open = health.breaker(now) == Breaker.OPEN
        health.why, health.kind = why, kind
        wait_s = min(retry_after_s or 0.0, LONGEST_RETRY_AFTER_S)
        if not was_open:
            # 2 to the power of 1,024 is no float any more, and a run may last for weeks
            back_off_s = FIRST_BACK_OFF_S * 2.0 ** min(health.failures, 30)
            wait_s = max(wait_s, min(back_off_s, LONGEST_BACK_OFF_S))
            health.failures += 1
        health.retry_at = max(health.retry_at, now + wait_s)

    def answered(self, name: str) -> None:
        """The model replied: it is well."""
        self._health[name] = _Health()

    def warmed(self, name: str, *, loaded: bool) -> None:
        """A warm-up went well; `loaded` when the model had to be loaded for it."""
        if loaded or self._health[name].kind == Failure.WARM_UP:
            self._health[name] = _Health()

    def _skip(self, entrant: Entrant, now: float) -> Skipped | None:
        if bar := self._bar(entrant):
            return bar
        health = self._health[entrant.name]
        if health.breaker(now) == Breaker.OPEN:
            return Skipped(entrant.name, Skip.RESTING, health.why)
        return None

    def _bar(self, entrant: Entrant) -> Skipped | None:
        if self.local_only and (elsewhere := self._elsewhere.get(entrant.name)):
            why = f"{elsewhere} It was not asked, because {STAY} is on."
            return Skipped(entrant.name, Skip.LOCAL_ONLY, why)
        if self.local_only and not entrant.local:
            why = f"{entrant.title} was not asked, because {STAY} is on."
            return Skipped(entrant.name, Skip.LOCAL_ONLY, why)
        if not self._set_up[entrant.name]:
            return Skipped(entrant.name, Skip.NOT_SET_UP, f"{entrant.title} has no key.")
        return None
