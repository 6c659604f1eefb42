"""The conversation as the window knows it: events in, turns and what changed of them out.

No widget in here. The view draws `TurnEntry`s and listens to the signals; the same model would
serve another view, or a test.
"""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice

from PySide6.QtCore import QObject, QTimer, Signal

from app.core.events import (
    AskAgain,
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
    SayAgain,
    SentenceReady,
    StageFailed,
    StageStarted,
    TurnEnded,
    TurnSaved,
    TurnStarted,
    UtteranceStarted,
)
from app.core.history_events import ConversationBegun
from app.core.ports import Stage, TurnRecord
from app.ui import words
from app.ui.conversation.turn_entry import ALL, Part, Remark, TurnEntry, from_history

FLUSH_MS = 40
"""Reply text is handed to the view at most this often: a repaint per token would fall behind
at 500 tokens/s, and the eye does not read faster than this."""

OLD_TURNS_AT_ONCE = 500
"""Turns of an old conversation that are taken over in one piece; a few milliseconds."""


class ConversationModel(QObject):
    """The turns of this window, oldest first. Lives in the GUI thread.

    Attributes:
        private: nothing of this conversation is kept.

    Signals:
        reset: another conversation is in here now; the turn to be shown first (`turn_id`, int),
            0 for the last.
        added: index of a new turn.
        removed: index of a turn that is gone.
        changed: index of a turn, and the `Part`s of it that are others now.
        reply_finished: index of a turn whose reply is complete.
    """

    reset = Signal(int)
    added = Signal(int)
    removed = Signal(int)
    changed = Signal(int, object)
    reply_finished = Signal(int)

    def __init__(
        self, parent: QObject | None = None, *, wall_clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(parent)
        self.entries: list[TurnEntry] = []
        self.private = False
        self._wall_clock = wall_clock
        self._index: dict[int, int] = {}
        self._asked: deque[str] = deque()
        self._incoming: dict[int, list[str]] = {}
        self._flush_timer = QTimer(self)
        self._flush_timer.setSingleShot(True)
        self._flush_timer.setInterval(FLUSH_MS)
        self._flush_timer.timeout.connect(self.flush)
        self._replay_of = 0
        """The turn whose reply is to be read aloud next."""
        self._replays: dict[int, int] = {}
        """Turns that read an old reply aloud, and whose reply it is."""
        self._opening: _Opening | None = None
        self._open_timer = QTimer(self)
        self._open_timer.setInterval(0)
        self._open_timer.timeout.connect(self._open_more)

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

    def replaying(self, turn_id: int) -> None:
        """The next turn that reads aloud reads this one's reply."""
        self._replay_of = turn_id

    def handle(self, event: Event) -> None:
        """Take an event of the conversation; others are let through."""
        if isinstance(event, ConversationBegun):
            self._open(event)
        elif self._opening is not None:
            self._opening.later.append(event)
        else:
            self._handle(event)

    def _handle(self, event: Event) -> None:
        match event:
            case ReplyDelta():
                self._collect(event)
            case SayAgain():
                self.replaying(event.turn_id)
            case AskText() | AskAgain():
                if event.text not in self._asked:
                    self._asked.append(event.text)
            case TurnStarted(source="again"):
                self._begin_replay(event.turn_id)
            case TurnEnded() if event.turn_id in self._replays:
                self._end_replay(event.turn_id)
            case TurnStarted(source="check"):
                return  # the microphone is tried, nothing is asked
            case TurnStarted():
                replaced = self.entry(event.replaces)
                if replaced is not None:
                    self._remove(replaced)
                self._begin(event.turn_id, event.source)
            case UtteranceStarted() if event.turn.source != "check":
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
                    stable = event.partial.stable
                    entry.stable = len(stable) if event.text.startswith(stable) else 0
                    self._tell(entry, Part.TRANSCRIPT)
            case FinalTranscript():
                if event.transcript.text:
                    entry.transcript = event.transcript.text
                    entry.transcript_final = True
                    entry.language = event.transcript.language
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
        if event.recovered_by == "skills":
            # they answer what they know, and refuse the rest: what helps is the next step
            remark = Remark(event.title, event.hint, "warn", event.stage)
        elif event.recovered_by:
            hint = self.tr("%1 went on instead.").replace(
                "%1", words.engine_name_of(event.recovered_by)
            )
            remark = Remark(event.title, hint, "warn", event.stage)
        else:
            remark = Remark(event.title, event.hint, "error", event.stage)
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
        entry.language = event.language
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
        entry = TurnEntry(turn_id, source, self._wall_clock())
        entry.begins_day = last is not None and _other_day(last, entry)
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

    # --- a reply read aloud again ---------------------------------------------------------

    def _begin_replay(self, turn_id: int) -> None:
        entry = self.entry(self._replay_of)
        if entry is not None:
            self._replays[turn_id] = entry.turn_id
            entry.read_aloud = True
            self._tell(entry, Part.META)

    def _end_replay(self, turn_id: int) -> None:
        of = self._replays.pop(turn_id)
        entry = self.entry(of)
        if entry is not None and of not in self._replays.values():
            entry.read_aloud = False
            self._tell(entry, Part.META)

    # --- another conversation -------------------------------------------------------------

    def _open(self, event: ConversationBegun) -> None:
        """Take over what was said in it before: at once, or in pieces when it is long. Until all
        of it is there, the conversation before stays in sight."""
        if self._opening is not None:
            self._asked.clear()  # their turns were about to be taken and are not any more
        self._opening = _Opening(event)
        self._open_more()
        if self._opening is not None:
            self._open_timer.start()

    def _open_more(self) -> None:
        opening = self._opening
        if opening is None or not opening.take(OLD_TURNS_AT_ONCE):
            return
        self._open_timer.stop()
        self._opening = None
        self.entries, self._index = opening.entries, opening.index
        self.private = opening.event.private
        self._incoming.clear()
        self._replays.clear()
        self._replay_of = 0
        _spare_collector(len(self.entries))
        self.reset.emit(opening.event.shown)
        for event in opening.later:
            self._handle(event)


class _Opening:
    """An old conversation that is being taken over."""

    def __init__(self, event: ConversationBegun) -> None:
        self.event = event
        self.entries: list[TurnEntry] = []
        self.index: dict[int, int] = {}
        self.later: list[Event] = []
        """What came meanwhile and belongs to it."""
        self._records: Iterator[TurnRecord] = iter(event.turns)

    def take(self, count: int) -> bool:
        """Take over so many turns more; True when that was all."""
        entries = self.entries
        for record in islice(self._records, count):
            entry = from_history(record)
            entry.begins_day = not entries or _other_day(entries[-1], entry)
            self.index[entry.turn_id] = len(entries)
            entries.append(entry)
        return len(entries) == len(self.event.turns)


def _spare_collector(turns: int) -> None:
    """Leave thousands of turns out of the garbage collector's full rounds, each of which would
    stop the window for 50 ms and more. They are no garbage, and go by their count when they go."""
    gc.unfreeze()
    if turns > OLD_TURNS_AT_ONCE:
        gc.freeze()


def _other_day(one: TurnEntry, other: TurnEntry) -> bool:
    return date.fromtimestamp(one.started_at) != date.fromtimestamp(other.started_at)
