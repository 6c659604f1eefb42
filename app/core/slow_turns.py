"""Why a turn was slow: from the events of the turn, and from where its time went.

The stage that took the longest is found first; then what is known to have kept that stage. A
cause that has nothing to do with the stage is none: a model that was replaced by another did no
harm to a turn that spent its time in the voice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.core.events import (
    ComputerMeasured,
    EngineAnswered,
    EngineMissing,
    Event,
    GenerateReply,
    LoadEnded,
    LoadStarted,
    ModelWarmed,
    PlaybackEnded,
    ReplyDelta,
    SpeakClause,
    StageFailed,
    StageStarted,
    TurnStarted,
)
from app.core.figures import SPAN, SPIKE_MS, Cause
from app.core.latency import KEPT_TURNS
from app.core.ports import Engine, Stage

BUSY_SHARE = 0.5
"""Share of the processors that other programs use from which they are the cause: with half of
them gone, an engine that uses one thread per processor takes up to twice as long."""

MEASURED_RECENTLY_S = 30.0
"""A measurement older than this at the beginning of a turn says nothing about the turn."""

_LOUDSPEAKER = "loudspeaker"

_PARTS: Mapping[str, tuple[str, ...]] = {
    Stage.STT: ("stt_tail",),
    Stage.LLM: ("llm_queue", "ttft", "first_clause"),
    Stage.TTS: ("ttfa",),
    _LOUDSPEAKER: ("first_audible",),
}
"""The parts of the wait (`app.core.latency.SPANS`) that each stage is answerable for."""

_SLOW: Mapping[str, Cause] = {
    Stage.STT: Cause.TRANSCRIPTION,
    Stage.LLM: Cause.MODEL,
    Stage.TTS: Cause.VOICE,
    _LOUDSPEAKER: Cause.LOUDSPEAKER,
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """A cause, for people."""

    what: str
    next_step: str


EXPLANATIONS: Mapping[str, Explanation] = {
    Cause.COLD: Explanation(
        "A model was not ready yet.",
        "It stays ready while Parley is open.",
    ),
    Cause.FALL_BACK: Explanation(
        "An engine failed, and another one stepped in.",
        "The engines panel says why.",
    ),
    Cause.QUEUE: Explanation(
        "The engine was still busy with something else.",
        "Let it finish, or close what else uses it.",
    ),
    Cause.BUSY: Explanation(
        "Other programs kept the processors busy.",
        "Close what you do not need.",
    ),
    Cause.UNDERRUN: Explanation(
        "The voice was made more slowly than it is spoken.",
        "Choose a lighter voice, or close other programs.",
    ),
    Cause.TRANSCRIPTION: Explanation(
        "Understanding your words took the longest.",
        "A smaller speech model is faster.",
    ),
    Cause.MODEL: Explanation(
        "The language model took the longest to begin.",
        "A smaller model answers sooner.",
    ),
    Cause.VOICE: Explanation(
        "Making the voice took the longest.",
        "A lighter voice begins sooner.",
    ),
    Cause.LOUDSPEAKER: Explanation(
        "The loudspeaker took the longest to begin.",
        "Wireless ones are slow; try one with a wire.",
    ),
}


def explanation(cause: str) -> Explanation:
    """What to say of a cause; of one that a newer Parley wrote, or none, that nobody knows."""
    return EXPLANATIONS.get(cause, Explanation("The reason was not kept.", ""))


@dataclass(slots=True)
class _Circumstances:
    """What may have slowed a turn down."""

    others_share: float = 0.0
    cold: bool = False
    """The language model was being loaded while the question waited for it."""
    waits_for_model: bool = False
    fell_back: set[str] = field(default_factory=set)
    """Stages in which another engine had to step in."""
    first_used: set[str] = field(default_factory=set)
    """Stages whose engine served for the first time."""
    elsewhere: set[str] = field(default_factory=set)
    """Stages whose engine computes on another computer."""
    clause_sent_at: float | None = None
    voice_began_at: float | None = None
    underruns: int = 0

    @property
    def voice_queue_ms(self) -> float:
        if self.clause_sent_at is None or self.voice_began_at is None:
            return 0.0
        return (self.voice_began_at - self.clause_sent_at) * 1000


class SlowTurns:
    """Watches events and says why a turn was slow. Used by one thread, like the observer of
    spans that it stands beside."""

    def __init__(self) -> None:
        self._turns: dict[int, _Circumstances] = {}
        self._used: set[Engine] = set()
        self._loading = False
        self._others_share = 0.0
        self._measured_at: float | None = None

    def observe(self, event: Event) -> None:
        """Take note of an event; most say nothing about the reasons and are let through."""
        match event:
            case ComputerMeasured(others_share=share):
                self._others_share, self._measured_at = share, event.at
            case LoadStarted():
                self._loading = True
                self._note_cold()
            case LoadEnded():
                self._loading = False
            case ModelWarmed(was_warm=was_warm):
                self._loading = False
                if not was_warm:
                    self._note_cold()
            case EngineMissing(engine=Engine(stage=Stage.LLM)):
                self._loading = False  # the load has failed
            case _ if event.turn_id:
                self._observe_turn(event)

    def cause(self, turn_id: int, spans: Mapping[str, float]) -> str:
        """Why the user waited so long, one of `Cause`'s words; empty when it was not long.

        Args:
            spans: milliseconds by span name.
        """
        waited_ms = spans.get(SPAN, spans.get("request_to_voice", 0.0))
        if waited_ms <= SPIKE_MS:
            return ""
        seen = self._turns.get(turn_id, _Circumstances())
        shares = {
            stage: sum(spans.get(name, 0.0) for name in names) for stage, names in _PARTS.items()
        }
        slowest = max(shares, key=lambda stage: shares[stage])
        return _cause(slowest, seen, spans)

    def forget(self, turn_id: int) -> None:
        """The turn is over and its cause is kept elsewhere."""
        self._turns.pop(turn_id, None)

    def _observe_turn(self, event: Event) -> None:
        match event:
            case TurnStarted():
                self._seen(event).others_share = self._share_at(event.at)
            case GenerateReply():
                seen = self._seen(event)
                seen.waits_for_model = True
                seen.cold |= self._loading
            case ReplyDelta():
                self._seen(event).waits_for_model = False
            case StageStarted(stage=stage, engine=engine):
                self._note_stage(self._seen(event), stage, engine, event.at)
            case EngineAnswered(why=why) if why:
                self._seen(event).fell_back.add(Stage.LLM)
            case StageFailed(stage=failed, recovered_by=other) if other:
                self._seen(event).fell_back.add(failed)
            case SpeakClause(index=0):
                self._seen(event).clause_sent_at = event.at
            case PlaybackEnded(underruns=underruns):
                self._seen(event).underruns = underruns

    def _note_stage(self, seen: _Circumstances, stage: Stage, engine: Engine, at: float) -> None:
        if engine not in self._used and not engine.stand_in:  # those are ready from the start
            self._used.add(engine)
            seen.first_used.add(stage)
        if not engine.local:
            seen.elsewhere.add(stage)
        if stage == Stage.TTS and seen.voice_began_at is None:
            seen.voice_began_at = at

    def _note_cold(self) -> None:
        for seen in self._turns.values():
            seen.cold |= seen.waits_for_model

    def _share_at(self, at: float) -> float:
        if self._measured_at is None or at - self._measured_at > MEASURED_RECENTLY_S:
            return 0.0
        return self._others_share

    def _seen(self, event: Event) -> _Circumstances:
        seen = self._turns.setdefault(event.turn_id, _Circumstances())
        if len(self._turns) > KEPT_TURNS:
            del self._turns[min(self._turns)]
        return seen


def _cause(slowest: str, seen: _Circumstances, spans: Mapping[str, float]) -> Cause:
    if slowest == Stage.LLM and seen.cold:
        return Cause.COLD
    if slowest in seen.fell_back:
        return Cause.FALL_BACK
    if _queued(slowest, seen, spans):
        return Cause.QUEUE
    computes_here = slowest not in (_LOUDSPEAKER, *seen.elsewhere)
    if computes_here and seen.others_share >= BUSY_SHARE:
        return Cause.BUSY
    if slowest in seen.first_used:
        return Cause.COLD
    if seen.underruns and slowest in (Stage.TTS, _LOUDSPEAKER):
        return Cause.UNDERRUN
    return _SLOW[slowest]


def _queued(slowest: str, seen: _Circumstances, spans: Mapping[str, float]) -> bool:
    """Whether the stage spent most of its time before it took the turn up."""
    if slowest == Stage.LLM:
        queue_ms, work_ms = spans.get("llm_queue", 0.0), spans.get("ttft", 0.0)
        return queue_ms > work_ms + spans.get("first_clause", 0.0)
    if slowest == Stage.TTS:
        return 2 * seen.voice_queue_ms > spans.get("ttfa", 0.0)
    return False
