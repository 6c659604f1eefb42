"""How far a turn has come, as the conversation keeps it while the turn runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from app.core.events import Outcome, UtteranceEnded
from app.core.ports import Engine, Message, TurnRecord
from app.core.turn import Turn


@dataclass
class Progress:
    """How far a turn has come."""

    turn: Turn
    started_at: float
    """Unix time, seconds."""
    began_at: float
    """perf_counter: key-down, or the request."""
    language: str
    question: Message | None = None
    """As the model is asked it."""
    transcript: str = ""
    reply: str = ""
    heard: str = ""
    outcome: Outcome = Outcome.REPLIED
    utterance_ended: bool = False
    released_at: float | None = None
    """When the key came up last."""
    resumed: bool = False
    """It went down again since, and the recording was to go on."""
    engines: dict[str, Engine] = field(default_factory=dict)
    asked: list[Engine] = field(default_factory=list)
    answered_by: list[Engine] = field(default_factory=list)
    why_not_first: str = ""
    conversation: int = 0
    """The one it belongs to."""
    private: bool = False
    replaced: bool = False
    """Its question was asked again: the model is not shown this answer."""
    drafted: bool = False
    """Whether the reply was begun while the question was still being spoken."""

    @property
    def is_check(self) -> bool:
        """Whether this is no question: the user tries the microphone."""
        return self.turn.source == "check"

    def closed_before_it_resumed(self, ended: UtteranceEnded) -> bool:
        """Whether the recording ended for a release that was taken back too late."""
        return self.resumed and ended.released_at == self.released_at

    def note_asked(self, engine: Engine) -> None:
        if engine not in self.asked:
            self.asked.append(engine)

    def record(
        self,
        *,
        outcome: str = "",
        spans: Mapping[str, float] = MappingProxyType({}),
        starts: Mapping[str, float] = MappingProxyType({}),
        slow_because: str = "",
    ) -> TurnRecord:
        """The turn as it is kept; without an outcome it still runs."""
        return TurnRecord(
            turn_id=self.turn.id,
            started_at=self.started_at,
            source=self.turn.source,
            transcript=self.transcript,
            language=self.language,
            reply_generated=self.reply,
            reply_heard=self.heard,
            outcome=outcome,
            engines=dict(self.engines),
            answered_by=tuple(self.answered_by),
            asked=tuple(self.asked),
            why_not_first=self.why_not_first,
            spans=spans,
            starts=starts,
            slow_because=slow_because,
            conversation=self.conversation,
            private=self.private,
        )
