"""Where the time of a turn went, from the stamps that events carry.

Nothing is timed here. `LatencyObserver` is shown the events and keeps a few marks per turn;
`SPANS` says which two marks make which span. The bench, the window, the README and history
all use the names of that one table.

A span has a length and a place on the turn's one time axis, whose zero is key-up (or, in a typed
turn, the request): what was done ahead lies before zero, and spans may overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.core.events import (
    ClauseDrafted,
    DraftEnded,
    DraftStarted,
    Event,
    FinalTranscript,
    PlaybackStarted,
    PrefillEnded,
    PrefillStarted,
    ReplyDelta,
    ReplyEnded,
    SentenceReady,
    SpeechSynthesized,
    StageStarted,
    TurnStarted,
    UtteranceEnded,
)
from app.core.ports import Stage


class Mark(StrEnum):
    """A moment of a turn, in words for people."""

    KEY_DOWN = "key-down"
    """`TurnStarted.at` of a spoken question."""
    PREFILL_STARTED = "reading ahead begins"
    """The first `PrefillStarted`."""
    PREFILL_ENDED = "read ahead"
    """The last `PrefillEnded`."""
    DRAFT_STARTED = "answering ahead begins"
    """`DraftStarted` of the draft that was kept."""
    DRAFT_READY = "answered ahead"
    """Its first clause, or the moment it was kept when that came first."""
    KEY_UP = "key-up"
    """`UtteranceEnded.released_at`."""
    UTTERANCE_ENDED = "last sample recorded"
    TRANSCRIPT = "final transcript"
    REQUEST = "request"
    """`TurnStarted.at` of a typed question."""
    LLM_STARTED = "model begins"
    FIRST_TOKEN = "first token"
    FIRST_CLAUSE = "first clause"
    FIRST_AUDIO = "first audio"
    """`SpeechSynthesized.first_audio_at` of the first clause."""
    AUDIBLE = "first sound"
    """`PlaybackStarted.audible_at`."""
    REPLY_ENDED = "reply complete"


@dataclass(frozen=True, slots=True)
class SpanKind:
    """A span: from one moment of a turn to another."""

    name: str
    label: str
    """For people."""
    starts: tuple[Mark, ...]
    """Where it begins: the first of these that the turn has."""
    end: Mark
    part: bool = False
    """Parts follow one another without a gap: together they are the whole wait, that is
    `voice_to_voice` or, in a typed turn, `request_to_voice`."""


SPANS: tuple[SpanKind, ...] = (
    SpanKind("capture", "You spoke", (Mark.KEY_DOWN,), Mark.KEY_UP),
    SpanKind("prefill", "Read ahead", (Mark.PREFILL_STARTED,), Mark.PREFILL_ENDED),
    SpanKind("draft", "Answered ahead", (Mark.DRAFT_STARTED,), Mark.DRAFT_READY),
    SpanKind("endpoint", "Closing the recording", (Mark.KEY_UP,), Mark.UTTERANCE_ENDED),
    SpanKind("stt_tail", "Understanding you", (Mark.KEY_UP,), Mark.TRANSCRIPT, part=True),
    SpanKind(
        "llm_queue",
        "Waiting for the model",
        (Mark.REQUEST, Mark.TRANSCRIPT),
        Mark.LLM_STARTED,
        part=True,
    ),
    SpanKind("ttft", "First word", (Mark.LLM_STARTED,), Mark.FIRST_TOKEN, part=True),
    SpanKind("first_clause", "First sentence", (Mark.FIRST_TOKEN,), Mark.FIRST_CLAUSE, part=True),
    SpanKind("ttfa", "Making the voice", (Mark.FIRST_CLAUSE,), Mark.FIRST_AUDIO, part=True),
    SpanKind("first_audible", "Loudspeaker", (Mark.FIRST_AUDIO,), Mark.AUDIBLE, part=True),
    SpanKind("reply", "Writing the whole reply", (Mark.LLM_STARTED,), Mark.REPLY_ENDED),
    SpanKind("voice_to_voice", "Key up to first sound", (Mark.KEY_UP,), Mark.AUDIBLE),
    SpanKind("request_to_voice", "Question to first sound", (Mark.REQUEST,), Mark.AUDIBLE),
)
"""Every span, in the order to show them.

* `prefill` reaches from the first of them to the last; the model rests in between.
* `draft` is a reply that was begun before key-up and kept. The parts after it are short then:
  they count from the moment in which the question was complete.
* `endpoint` lies inside `stt_tail`: both begin at key-up.
* `ttft` and `reply` count from the first engine asked, so an engine that failed before
  another answered is in them: that is what the user waited.
"""

KEPT_TURNS = 256
"""Turns remembered when nobody forgets them; an event that comes after `forget` opens its
turn again, and must not do so for ever."""


_BEGINNINGS = {"voice": Mark.KEY_DOWN, "text": Mark.REQUEST}
"""By the source of the turn; one that Parley began by itself (a timer) keeps nobody waiting."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a turn on its time axis, in milliseconds."""

    name: str
    start_ms: float
    """From key-up, or from the request of a typed turn; before it, below zero."""
    length_ms: float

    @property
    def end_ms(self) -> float:
        return self.start_ms + self.length_ms


def timeline(lengths: Mapping[str, float], starts: Mapping[str, float]) -> list[Span]:
    """The spans as they were kept, on one axis, in the order of `SPANS`.

    Turns of earlier times were kept without `starts`: of their spans those are left out whose
    place cannot be told from the others.
    """
    spans: list[Span] = []
    part_ends = 0.0
    for kind in SPANS:
        length = lengths.get(kind.name)
        if length is None:
            continue
        start = starts.get(kind.name)
        if start is None and not starts:
            start = _usual_start(kind, length, part_ends, lengths)
        if start is None:
            continue
        spans.append(Span(kind.name, start, length))
        if kind.part:
            part_ends = start + length
    return spans


def _usual_start(
    kind: SpanKind, length: float, part_ends: float, lengths: Mapping[str, float]
) -> float | None:
    """Where a span begins in a turn in which nothing was done ahead, None when it may not be."""
    if kind.part:
        return part_ends
    if kind.end == Mark.KEY_UP:
        return -length
    if kind.starts[0] in (Mark.KEY_UP, Mark.REQUEST):
        return 0.0
    if kind.starts == (Mark.LLM_STARTED,):
        return lengths.get("stt_tail", 0.0) + lengths.get("llm_queue", 0.0)
    return None


@dataclass(slots=True)
class _Seen:
    """What is known of a turn."""

    marks: dict[Mark, float] = field(default_factory=dict)
    drafts: dict[int, dict[Mark, float]] = field(default_factory=dict)
    """By number: a turn can have several, of which one is kept at most."""
    kept_draft: int = 0

    def note(self, mark: Mark, at: float) -> None:
        """The earliest stamp of a kind counts."""
        self.marks[mark] = min(at, self.marks.get(mark, at))

    def note_last(self, mark: Mark, at: float) -> None:
        self.marks[mark] = max(at, self.marks.get(mark, at))

    def note_draft(self, draft: int, mark: Mark, at: float) -> None:
        marks = self.drafts.setdefault(draft, {})
        marks[mark] = min(at, marks.get(mark, at))

    @property
    def all_marks(self) -> dict[Mark, float]:
        return self.marks | self.drafts.get(self.kept_draft, {})


class LatencyObserver:
    """Watches events and tells the spans of each turn.

    Indifferent to the order in which events arrive: they come from several threads, and the
    earliest stamp of a kind counts. Used by one thread.
    """

    def __init__(self) -> None:
        self._turns: dict[int, _Seen] = {}

    def observe(self, event: Event) -> None:
        """Take note of an event; most say nothing about time and are let through."""
        if not event.turn_id:
            return
        match event:
            case TurnStarted(source=source):
                if source in _BEGINNINGS:
                    self._seen(event).note(_BEGINNINGS[source], event.at)
            case PrefillStarted():
                self._seen(event).note(Mark.PREFILL_STARTED, event.at)
            case PrefillEnded():
                self._seen(event).note_last(Mark.PREFILL_ENDED, event.at)
            case DraftStarted(draft=draft):
                self._seen(event).note_draft(draft, Mark.DRAFT_STARTED, event.at)
            case ClauseDrafted(draft=draft):
                self._seen(event).note_draft(draft, Mark.DRAFT_READY, event.at)
            case DraftEnded(draft=draft, kept=True):
                self._seen(event).kept_draft = draft
                self._seen(event).note_draft(draft, Mark.DRAFT_READY, event.at)
            case UtteranceEnded(released_at=released_at):
                self._seen(event).note(Mark.KEY_UP, released_at)
                self._seen(event).note(Mark.UTTERANCE_ENDED, event.at)
            case FinalTranscript():
                self._seen(event).note(Mark.TRANSCRIPT, event.at)
            case StageStarted(stage=Stage.LLM):
                self._seen(event).note(Mark.LLM_STARTED, event.at)
            case ReplyDelta():
                self._seen(event).note(Mark.FIRST_TOKEN, event.at)
            case SentenceReady():
                self._seen(event).note(Mark.FIRST_CLAUSE, event.at)
            case ReplyEnded():
                self._seen(event).note(Mark.REPLY_ENDED, event.at)
            case SpeechSynthesized(first_audio_at=first_audio_at):
                self._seen(event).note(Mark.FIRST_AUDIO, first_audio_at)
            case PlaybackStarted(audible_at=audible_at):
                self._seen(event).note(Mark.AUDIBLE, audible_at)

    def spans(self, turn_id: int) -> dict[str, float]:
        """Milliseconds by span name, in the order of `SPANS`.

        A span whose beginning or end has not happened (yet) is left out.
        """
        return {name: (end - start) * 1000 for name, start, end in self._stretches(turn_id)}

    def starts(self, turn_id: int) -> dict[str, float]:
        """Where each of the spans begins, milliseconds from key-up (or from the request of a
        typed turn); empty when the turn had neither."""
        marks = self._marks(turn_id)
        zero = marks.get(Mark.KEY_UP, marks.get(Mark.REQUEST))
        if zero is None:
            return {}
        return {name: (start - zero) * 1000 for name, start, _ in self._stretches(turn_id)}

    def forget(self, turn_id: int) -> None:
        """The turn is over and its spans are kept elsewhere."""
        self._turns.pop(turn_id, None)

    def _stretches(self, turn_id: int) -> Iterator[tuple[str, float, float]]:
        """Name, beginning and end of every span that is complete."""
        marks = self._marks(turn_id)
        for kind in SPANS:
            start = _start(kind, marks)
            if start is not None and kind.end in marks:
                yield kind.name, start, marks[kind.end]

    def _marks(self, turn_id: int) -> dict[Mark, float]:
        seen = self._turns.get(turn_id)
        return seen.all_marks if seen else {}

    def _seen(self, event: Event) -> _Seen:
        seen = self._turns.setdefault(event.turn_id, _Seen())
        if len(self._turns) > KEPT_TURNS:
            del self._turns[min(self._turns)]
        return seen


def _start(kind: SpanKind, marks: Mapping[Mark, float]) -> float | None:
    return next((marks[mark] for mark in kind.starts if mark in marks), None)
