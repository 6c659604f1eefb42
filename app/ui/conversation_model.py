"""The conversation as the window knows it: events in, turns and what changed of them out.

No widget in here. The view draws `TurnEntry`s and listens to the signals; the same model would
serve another view, or a test.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Flag, auto

from PySide6.QtCore import QObject, QTimer, Signal

from app.core.events import (
    AskText,
    EngineAnswered,
    Event,
    FinalTranscript,
    Notice,
    Outcome,
    PartialTranscript,
    PlaybackStarted,
    ReplyDelta,
    ReplyEnded,
    SentenceReady,
    StageFailed,
    StageStarted,
    TurnEnded,
    TurnSaved,
    TurnStarted,
    UtteranceStarted,
)
from app.core.ports import Engine, Stage
from app.ui import words

FLUSH_MS = 40
"""Reply text is handed to the view at most this often: a repaint per token would fall behind
at 500 tokens/s, and the eye does not read faster than this."""


class Part(Flag):
    """Parts of a turn that can change."""

    TRANSCRIPT = auto()
    REPLY = auto()
    """The reply grew at its end, was completed or replaced; see `TurnEntry.reply_done`."""
    REMARKS = auto()
    META = auto()
    """The line under the reply: engines, times, saved, outcome."""


ALL = Part.TRANSCRIPT | Part.REPLY | Part.REMARKS | Part.META


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to read in the place of, or under, a reply: an error, "I didn't catch that"."""

    title: str
    hint: str
    level: str
    """ "info", "warn" or "error"."""


@dataclass(slots=True)
class TurnEntry:
    """One turn as shown. Written by `ConversationModel` alone."""

    turn_id: int
    source: str
    """ "voice", "text" or "timer"."""
    transcript: str = ""
    transcript_final: bool = False
    reply: str = ""
    reply_done: bool = False
    """The reply will not grow any more and can be shown with its Markdown."""
    outcome: str = ""
    """One of `Outcome`'s words; empty while the turn runs."""
    engines: dict[str, Engine] = field(default_factory=dict)
    """By stage name, as far as they have taken the turn up."""
    asked: list[Engine] = field(default_factory=list)
    """Every language model the question was sent to."""
    answered_by: list[Engine] = field(default_factory=list)
    """Who wrote the reply, in order."""
    why_not_first: str = ""
    """Why it was not the first choice alone who wrote it."""
    spans: Mapping[str, float] = field(default_factory=dict)
    """Milliseconds by span name; empty until the turn ended."""
    starts: Mapping[str, float] = field(default_factory=dict)
    """Where each span begins (`TurnEnded.starts`)."""
    slow_because: str = ""
    """Why the first sound came late (`app.core.figures.Cause`); empty when it did not."""
    saved: bool = False
    """Complete and on disk."""
    remarks: list[Remark] = field(default_factory=list)
    audible: bool = False
    """The reply has begun to sound."""

    @property
    def stayed_here(self) -> bool:
        """Whether the question was put to nobody outside this computer, in vain or not."""
        return all(engine.local for engine in (*self.asked, *self.answered_by))

    @property
    def first_sound_ms(self) -> float | None:
        """What the user waited for the first sound, in milliseconds."""
        return self.spans.get("voice_to_voice", self.spans.get("request_to_voice"))


class ConversationModel(QObject):
    """The turns of this window, oldest first. Lives in the GUI thread.

    Signals:
        added: index of a new turn.
        removed: index of a turn that is gone.
        changed: index of a turn, and the `Part`s of it that are others now.
        reply_finished: index of a turn whose reply is complete.
    """

    added = Signal(int)
    removed = Signal(int)
    changed = Signal(int, object)
    reply_finished = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.entries: list[TurnEntry] = []
        self._index: dict[int, int] = {}
        self._asked: deque[str] = deque()
        self._incoming: dict[int, list[str]] = {}
        self._flush_timer = QTimer(self)
        self._flush_timer.setSingleShot(True)
        self._flush_timer.setInterval(FLUSH_MS)
        self._flush_timer.timeout.connect(self.flush)

    def __len__(self) -> int:
        return len(self.entries)

    def entry(self, turn_id: int) -> TurnEntry | None:
        """The turn of this number."""
        index = self._index.get(turn_id)
        return None if index is None else self.entries[index]

    def index_of(self, turn_id: int) -> int | None:
        """Where the turn of this number stands."""
        return self._index.get(turn_id)

    def asked(self, text: str) -> None:
        """A question was typed; the turn that is started for it will show it."""
        self._asked.append(text)

    def handle(self, event: Event) -> None:
        """Take an event of the conversation; others are let through."""
        match event:
            case ReplyDelta():
                self._collect(event)
            case AskText():
                if event.text not in self._asked:
                    self._asked.append(event.text)
            case TurnStarted():
                self._begin(event.turn_id, event.source)
            case UtteranceStarted():
                self._begin(event.turn_id, "voice")
            case _:
                entry = self.entry(event.turn_id)
                if entry is not None:
                    self._update(entry, event)

    def flush(self) -> None:
        """Hand collected reply text to the view now."""
        incoming, self._incoming = self._incoming, {}
        for turn_id, deltas in incoming.items():
            entry = self.entry(turn_id)
            if entry is not None and not entry.reply_done:
                entry.reply += "".join(deltas)
                self._tell(entry, Part.REPLY)

    # --- one event ------------------------------------------------------------------------

    def _update(self, entry: TurnEntry, event: Event) -> None:
        match event:
            case PartialTranscript():
                if not entry.transcript_final:
                    entry.transcript = event.text
                    self._tell(entry, Part.TRANSCRIPT)
            case FinalTranscript():
                if event.transcript.text:
                    entry.transcript = event.transcript.text
                    entry.transcript_final = True
                    self._tell(entry, Part.TRANSCRIPT | Part.REPLY)
            case SentenceReady() if entry.source == "timer":
                # A timer's announcement is no model's reply: it comes as clauses only.
                entry.reply += event.text
                self._tell(entry, Part.REPLY)
            case ReplyEnded():
                self._complete(entry, event.text)
            case StageStarted():
                if event.stage == Stage.LLM:
                    entry.asked.append(event.engine)
                if event.stage != Stage.LLM or not entry.answered_by:
                    entry.engines[event.stage] = event.engine
                self._tell(entry, Part.META)
            case EngineAnswered():
                entry.engines[Stage.LLM] = event.engine
                entry.answered_by.append(event.engine)
                entry.why_not_first = event.why or entry.why_not_first
                self._tell(entry, Part.META)
            case StageFailed():
                self._take_failure(entry, event)
            case Notice():
                entry.remarks.append(Remark(event.title, event.hint, event.level))
                self._tell(entry, Part.REMARKS)
            case PlaybackStarted():
                entry.audible = True
                self._tell(entry, Part.META)
            case TurnEnded():
                self._end(entry, event)
            case TurnSaved():
                if event.complete and not entry.saved:
                    entry.saved = True
                    self._tell(entry, Part.META)

    def _collect(self, event: ReplyDelta) -> None:
        if event.takes_back:
            self.flush()
            entry = self.entry(event.turn_id)
            if entry is not None:
                entry.reply = entry.reply[: len(entry.reply) - event.takes_back]
        self._incoming.setdefault(event.turn_id, []).append(event.text)
        if self._flush_timer.isActive():
            return
        entry = self.entry(event.turn_id)
        if entry is not None and not entry.reply:
            # The first words are shown at once; waiting for the timer would be felt.
            self.flush()
        self._flush_timer.start()

    def _take_failure(self, entry: TurnEntry, event: StageFailed) -> None:
        if event.recovered_by:
            hint = self.tr("%1 went on instead.").replace(
                "%1", words.engine_name_of(event.recovered_by)
            )
            remark = Remark(event.title, hint, "warn")
        else:
            remark = Remark(event.title, event.hint, "error")
        if remark not in entry.remarks:
            entry.remarks.append(remark)
            self._tell(entry, Part.REMARKS)

    def _complete(self, entry: TurnEntry, text: str) -> None:
        self._incoming.pop(entry.turn_id, None)
        if entry.reply_done and entry.reply == text:
            return
        entry.reply = text
        entry.reply_done = True
        self._tell(entry, Part.REPLY | Part.META)
        if text:
            self.reply_finished.emit(self._index[entry.turn_id])

    def _end(self, entry: TurnEntry, event: TurnEnded) -> None:
        entry.outcome = event.outcome
        entry.spans, entry.starts = event.spans, event.starts
        entry.slow_because = event.slow_because
        entry.engines = dict(event.engines)
        entry.asked, entry.answered_by = list(event.asked), list(event.answered_by)
        entry.why_not_first = event.why_not_first
        if event.transcript:
            entry.transcript = event.transcript
            entry.transcript_final = True
        if event.outcome == Outcome.UNHEARD and not entry.remarks:
            # Dropped by the user: nothing is kept of it, so nothing is shown of it.
            self._remove(entry)
            return
        if event.outcome == Outcome.UNHEARD:
            entry.transcript = ""
        self._incoming.pop(entry.turn_id, None)
        reply = event.reply or entry.reply
        finished_now = bool(reply) and not entry.reply_done
        entry.reply, entry.reply_done = reply, True
        self._tell(entry, ALL)
        if finished_now:
            self.reply_finished.emit(self._index[entry.turn_id])

    # --- the list -------------------------------------------------------------------------

    def _begin(self, turn_id: int, source: str) -> None:
        if turn_id in self._index:
            return
        last = self.entries[-1] if self.entries else None
        if last is not None and last.outcome == Outcome.UNHEARD:
            # "I didn't catch that" has served its purpose once the user tries again.
            self._remove(last)
        entry = TurnEntry(turn_id, source)
        if source == "text":
            entry.transcript = self._asked.popleft() if self._asked else ""
            entry.transcript_final = True
        self._index[turn_id] = len(self.entries)
        self.entries.append(entry)
        self.added.emit(len(self.entries) - 1)

    def _remove(self, entry: TurnEntry) -> None:
        index = self._index.pop(entry.turn_id)
        del self.entries[index]
        for later, moved in enumerate(self.entries[index:], start=index):
            self._index[moved.turn_id] = later
        self._incoming.pop(entry.turn_id, None)
        self.removed.emit(index)

    def _tell(self, entry: TurnEntry, parts: Part) -> None:
        self.changed.emit(self._index[entry.turn_id], parts)


def who_answered(entry: TurnEntry) -> list[Engine]:
    """The engines that wrote the reply, in order; whoever is asked as long as nobody has."""
    asked = entry.engines.get(Stage.LLM)
    return entry.answered_by or ([asked] if asked else [])
