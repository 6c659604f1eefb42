"""Where the time of a turn went, from the stamps that events carry.

Nothing is timed here. `LatencyObserver` is shown the events and keeps a few marks per turn;
`SPANS` says which two marks make which span. The bench, the window, the README and history
all use the names of that one table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from app.core.events import (
    Event,
    FinalTranscript,
    PlaybackStarted,
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
    SpanKind("capture", "Recording", (Mark.KEY_DOWN,), Mark.KEY_UP),
    SpanKind("endpoint", "Closing the recording", (Mark.KEY_UP,), Mark.UTTERANCE_ENDED),
    SpanKind("stt_tail", "Speech to text", (Mark.KEY_UP,), Mark.TRANSCRIPT, part=True),
    SpanKind(
        "llm_queue",
        "Waiting for the model",
        (Mark.REQUEST, Mark.TRANSCRIPT),
        Mark.LLM_STARTED,
        part=True,
    ),
    SpanKind("ttft", "First token", (Mark.LLM_STARTED,), Mark.FIRST_TOKEN, part=True),
    SpanKind("first_clause", "First clause", (Mark.FIRST_TOKEN,), Mark.FIRST_CLAUSE, part=True),
    SpanKind("ttfa", "First audio", (Mark.FIRST_CLAUSE,), Mark.FIRST_AUDIO, part=True),
    SpanKind("first_audible", "Loudspeaker", (Mark.FIRST_AUDIO,), Mark.AUDIBLE, part=True),
    SpanKind("reply", "Whole reply (text)", (Mark.LLM_STARTED,), Mark.REPLY_ENDED),
    SpanKind("voice_to_voice", "Key-up to first sound", (Mark.KEY_UP,), Mark.AUDIBLE),
    SpanKind("request_to_voice", "Request to first sound", (Mark.REQUEST,), Mark.AUDIBLE),
)
"""Every span, in the order to show them.

* `endpoint` lies inside `stt_tail`: both begin at key-up.
* `ttft` and `reply` count from the first engine asked, so an engine that failed before
  another answered is in them: that is what the user waited.
"""

KEPT_TURNS = 256
"""Turns remembered when nobody forgets them; an event that comes after `forget` opens its
turn again, and must not do so for ever."""


_BEGINNINGS = {"voice": Mark.KEY_DOWN, "text": Mark.REQUEST}
"""By the source of the turn; one that Parley began by itself (a timer) keeps nobody waiting."""


class Bar(NamedTuple):
    """One line of a waterfall."""

    name: str
    start_ms: float
    """From key-up, or from the request of a typed turn."""
    duration_ms: float


class LatencyObserver:
    """Watches events and tells the spans of each turn.

    Indifferent to the order in which events arrive: they come from several threads, and the
    earliest stamp of a kind counts. Used by one thread.
    """

    def __init__(self) -> None:
        self._marks: dict[int, dict[Mark, float]] = {}

    def observe(self, event: Event) -> None:
        """Take note of an event; most say nothing about time and are let through."""
        if not event.turn_id:
            return
        match event:
            case TurnStarted(source=source):
                if source in _BEGINNINGS:
                    self._note(event, _BEGINNINGS[source], event.at)
            case UtteranceEnded(released_at=released_at):
                self._note(event, Mark.KEY_UP, released_at)
                self._note(event, Mark.UTTERANCE_ENDED, event.at)
            case FinalTranscript():
                self._note(event, Mark.TRANSCRIPT, event.at)
            case StageStarted(stage=Stage.LLM):
                self._note(event, Mark.LLM_STARTED, event.at)
            case ReplyDelta():
                self._note(event, Mark.FIRST_TOKEN, event.at)
            case SentenceReady():
                self._note(event, Mark.FIRST_CLAUSE, event.at)
            case ReplyEnded():
                self._note(event, Mark.REPLY_ENDED, event.at)
            case SpeechSynthesized(first_audio_at=first_audio_at):
                self._note(event, Mark.FIRST_AUDIO, first_audio_at)
            case PlaybackStarted(audible_at=audible_at):
                self._note(event, Mark.AUDIBLE, audible_at)

    def spans(self, turn_id: int) -> dict[str, float]:
        """Milliseconds by span name, in the order of `SPANS`.

        A span whose beginning or end has not happened (yet) is left out.
        """
        marks = self._marks.get(turn_id, {})
        spans: dict[str, float] = {}
        for kind in SPANS:
            start = _start(kind, marks)
            if start is not None and kind.end in marks:
                spans[kind.name] = (marks[kind.end] - start) * 1000
        return spans

    def waterfall(self, turn_id: int) -> list[Bar]:
        """The parts of the wait one after another, for drawing; empty without a beginning."""
        marks = self._marks.get(turn_id, {})
        zero = marks.get(Mark.KEY_UP, marks.get(Mark.REQUEST))
        if zero is None:
            return []
        bars: list[Bar] = []
        for kind in SPANS:
            start = _start(kind, marks)
            if kind.part and start is not None and kind.end in marks:
                bars.append(Bar(kind.name, (start - zero) * 1000, (marks[kind.end] - start) * 1000))
        return bars

    def forget(self, turn_id: int) -> None:
        """The turn is over and its spans are kept elsewhere."""
        self._marks.pop(turn_id, None)

    def _note(self, event: Event, mark: Mark, at: float) -> None:
        marks = self._marks.setdefault(event.turn_id, {})
        marks[mark] = min(at, marks.get(mark, at))
        if len(self._marks) > KEPT_TURNS:
            del self._marks[min(self._marks)]


def _start(kind: SpanKind, marks: dict[Mark, float]) -> float | None:
    return next((marks[mark] for mark in kind.starts if mark in marks), None)
