"""The turn state machine: event in, commands and events out.

One turn is current at a time. A cancelled turn closes in the background: it stays known until
the player has said how much of it was heard, so that history and the model's memory hold what
the user heard and not what was generated. Events of any other turn are dropped, here and
nowhere else.

Workers keep this contract, which is why no turn can hang:

* after `OpenUtterance` the listener sends `UtteranceEnded`, unless the turn is cancelled;
* after a spoken `UtteranceEnded` the stt sends `FinalTranscript`, or an unrecovered
  `StageFailed`;
* after `GenerateReply` the llm sends `ReplyEnded`, unless the turn is cancelled;
* after `FinishSpeech` or `StopSpeech` the player sends `PlaybackEnded`.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from app.core.events import (
    AskText,
    CloseUtterance,
    DropListening,
    Event,
    FinalTranscript,
    FinishListening,
    FinishSpeech,
    GenerateReply,
    Notice,
    OpenUtterance,
    Outcome,
    PlaybackEnded,
    PlaybackStarted,
    ReopenUtterance,
    ReplyDelta,
    ReplyEnded,
    ResumeListening,
    SaveTurn,
    SentenceReady,
    SoundChime,
    SpeakClause,
    StageFailed,
    StageStarted,
    StartListening,
    State,
    StateChanged,
    StopReply,
    StopSpeech,
    TimerRang,
    TurnEnded,
    TurnSaved,
    TurnStarted,
    UtteranceEnded,
    WarmUp,
)
from app.core.latency import LatencyObserver
from app.core.ports import Engine, Message, Stage, TurnRecord
from app.core.turn import Turn

LONGEST_QUESTION = 20_000
"""Characters of a typed question that are sent; pasted megabytes would fill any context."""

_UNHEARD = {
    "too short": ("I didn't catch that.", "Hold the key while you speak."),
    "silence": ("I didn't catch that.", "I heard no words. Speak a little closer."),
    "no microphone": (
        "No microphone is connected.",
        "Plug one in, or type your question. I notice when it is back.",
    ),
}


@dataclass
class _Progress:
    """How far a turn has come."""

    turn: Turn
    started_at: float
    """Unix time, seconds."""
    language: str
    transcript: str = ""
    reply: str = ""
    heard: str = ""
    outcome: Outcome = Outcome.REPLIED
    utterance_ended: bool = False
    engines: dict[str, Engine] = field(default_factory=dict)


@dataclass(frozen=True)
class _Exchange:
    """A past turn, as the model is told of it."""

    question: str
    answer: str


class Conversation:
    """Owned by the conversation thread; no other thread calls it.

    Attributes:
        state: one of `State`'s words.
        current: the turn in progress, None between turns.
    """

    def __init__(
        self,
        *,
        persona: str,
        history_turns: int,
        wall_clock: Callable[[], float],
        language: str = "en",
    ) -> None:
        """
        Args:
            persona: the system prompt.
            history_turns: how many past exchanges the model is shown.
            wall_clock: Unix time in seconds, for history rows.
            language: of the interface, until the user has said something.
        """
        self.state: State = State.READY
        self._persona = persona
        self._wall_clock = wall_clock
        self._language = language
        self._past: deque[_Exchange] = deque(maxlen=history_turns)
        self._latency = LatencyObserver()
        self._last_turn_id = 0
        self._progress: _Progress | None = None
        self._closing: dict[int, _Progress] = {}
        self._held_back: GenerateReply | None = None
        self._due_timers: deque[TimerRang] = deque()
        self._out: list[Event] = []

    @property
    def current(self) -> Turn | None:
        return self._progress.turn if self._progress else None

    def handle(self, event: Event) -> list[Event]:
        """Take one intent or worker event; return what follows from it, in order.

        The event itself is in the list, first, when it concerns the user (it is not stale);
        commands are for the workers, everything else is for whoever watches.
        """
        self._out = []
        if event.turn_id and not self._concerns_a_live_turn(event):
            return []
        self._latency.observe(event)
        self._out.append(event)
        self._dispatch(event)
        out, self._out = self._out, []
        return out

    # --- intents --------------------------------------------------------------------------

    def _dispatch(self, event: Event) -> None:
        match event:
            case StartListening():
                self._start_listening(event)
            case FinishListening() if self.state == State.LISTENING and self._progress:
                self._emit(
                    CloseUtterance(turn_id=self._progress.turn.id, released_at=event.at),
                    *self._to_state(State.FINISHING),
                )
            case ResumeListening() if self.state == State.FINISHING and self._progress:
                # Too late when the utterance has ended; the words said so far are answered.
                if not self._progress.utterance_ended:
                    self._resume_listening(self._progress)
            case DropListening() if self.state in (State.LISTENING, State.FINISHING):
                self._cancel("dropped")
            case AskText():
                self._ask_text(event)
            case StopReply():
                self._cancel("stop")
            case TimerRang():
                self._due_timers.append(event)
                self._ring_if_idle()
            case _:
                self._follow_turn(event)

    def _start_listening(self, event: StartListening) -> None:
        progress = self._progress
        if self.state == State.LISTENING:
            return
        if progress and self.state == State.FINISHING and not progress.utterance_ended:
            # A slip of the finger: the key is down again before the recording was closed.
            self._resume_listening(progress)
            return
        was_speaking = self.state == State.SPEAKING
        self._cancel("barge-in", then_ready=False)
        turn = self._begin("voice", at=event.at).turn
        self._emit(
            OpenUtterance(turn_id=turn.id, turn=turn, at=event.at, over_speech=was_speaking),
            WarmUp(reason="key"),
            *self._to_state(State.LISTENING),
        )

    def _resume_listening(self, progress: _Progress) -> None:
        self._emit(
            ReopenUtterance(turn_id=progress.turn.id),
            *self._to_state(State.LISTENING),
        )

    def _ask_text(self, event: AskText) -> None:
        text = event.text.strip()
        if not text:
            return
        self._cancel("barge-in", then_ready=False)
        progress = self._begin("text", at=event.at)
        if len(text) > LONGEST_QUESTION:
            text = text[:LONGEST_QUESTION]
            self._emit(
                Notice(
                    title=f"Only the first {LONGEST_QUESTION:,} characters were sent.",
                    hint="Ask about a shorter piece of the text.",
                )
            )
        self._reply_to(progress, text, self._language)

    # --- the turn, stage by stage ---------------------------------------------------------

    def _follow_turn(self, event: Event) -> None:
        if isinstance(event, PlaybackEnded) and event.turn_id in self._closing:
            self._close(event)
            return
        progress = self._progress
        if progress is None or event.turn_id != progress.turn.id:
            return
        match event:
            case StageStarted():
                progress.engines[event.stage] = event.engine
            case StageFailed(stage=Stage.STT, recovered_by=""):
                # The microphone may still be open for it.
                progress.turn.token.cancel("failed")
                progress.outcome = Outcome.FAILED
                self._end(progress)
            case UtteranceEnded():
                progress.utterance_ended = True
                if event.verdict != "speech":
                    self._give_up(progress, event.verdict)
                elif self.state == State.LISTENING:
                    # The device vanished or the longest utterance was reached.
                    self._emit(*self._to_state(State.FINISHING))
            case FinalTranscript():
                if event.transcript.text:
                    self._language = event.transcript.language
                    self._reply_to(progress, event.transcript.text, event.transcript.language)
                else:
                    self._give_up(progress, "silence")
            case ReplyDelta():
                progress.reply += event.text
            case SentenceReady():
                self._emit(
                    SpeakClause(
                        turn_id=progress.turn.id,
                        turn=progress.turn,
                        index=event.index,
                        text=event.text,
                        language=progress.language,
                    )
                )
            case ReplyEnded():
                progress.reply = event.text
                if not event.complete:
                    progress.outcome = Outcome.FAILED
                self._emit(FinishSpeech(turn_id=progress.turn.id, turn=progress.turn))
            case PlaybackStarted():
                self._emit(*self._to_state(State.SPEAKING))
            case PlaybackEnded():
                progress.heard = event.heard
                if progress.reply.strip() and not event.heard.strip():
                    progress.outcome = Outcome.FAILED  # no voice could say any of it
                self._end(progress)

    def _reply_to(self, progress: _Progress, text: str, language: str) -> None:
        progress.transcript, progress.language = text, language
        self._emit(
            *self._to_state(State.THINKING),
            SaveTurn(turn_id=progress.turn.id, record=self._record(progress, outcome="")),
        )
        request = GenerateReply(
            turn_id=progress.turn.id, turn=progress.turn, messages=(), language=language
        )
        if self._closing:
            # What was heard of the interrupted reply belongs in the prompt; it is known as
            # soon as the player has fallen silent.
            self._held_back = request
        else:
            self._emit(self._with_messages(request, text))

    def _with_messages(self, request: GenerateReply, question: str) -> GenerateReply:
        messages = [Message("system", self._persona)] if self._persona else []
        for exchange in self._past:
            messages.append(Message("user", exchange.question))
            if exchange.answer:
                messages.append(Message("assistant", exchange.answer))
        messages.append(Message("user", question))
        return dataclasses.replace(request, messages=tuple(messages))

    # --- beginnings and ends --------------------------------------------------------------

    def _begin(self, source: str, at: float) -> _Progress:
        self._last_turn_id += 1
        turn = Turn(self._last_turn_id, source)
        progress = self._progress = _Progress(turn, self._wall_clock(), self._language)
        self._emit(TurnStarted(turn_id=turn.id, source=source, at=at))
        return progress

    def _cancel(self, reason: str, *, then_ready: bool = True) -> None:
        """Stop the current turn at once; what was heard of it follows from the player."""
        progress = self._progress
        if progress is None:
            return
        progress.turn.token.cancel(reason)
        self._progress = None
        self._held_back = None
        self._closing[progress.turn.id] = progress
        said = progress.transcript or progress.reply
        progress.outcome = Outcome.INTERRUPTED if said else Outcome.UNHEARD
        self._emit(StopSpeech(turn_id=progress.turn.id))
        if then_ready:
            self._emit(*self._to_state(State.READY))

    def _close(self, event: PlaybackEnded) -> None:
        progress = self._closing.pop(event.turn_id)
        progress.heard = event.heard
        self._settle(progress)
        if self._held_back and self._progress and not self._closing:
            request, self._held_back = self._held_back, None
            self._emit(self._with_messages(request, self._progress.transcript))
        self._ring_if_idle()

    def _give_up(self, progress: _Progress, verdict: str) -> None:
        """Nothing was understood: say so, send nothing, invent nothing."""
        title, hint = _UNHEARD[verdict]
        self._emit(Notice(turn_id=progress.turn.id, title=title, hint=hint, level="info"))
        progress.outcome = Outcome.UNHEARD
        self._end(progress)

    def _end(self, progress: _Progress) -> None:
        self._progress = None
        self._settle(progress)
        self._emit(*self._to_state(State.READY))
        self._ring_if_idle()

    def _settle(self, progress: _Progress) -> None:
        """Remember, announce and save a turn that is over."""
        turn_id = progress.turn.id
        if progress.transcript:
            self._past.append(_Exchange(progress.transcript, progress.heard.strip()))
        record = self._record(progress, outcome=progress.outcome)
        self._emit(
            TurnEnded(
                turn_id=turn_id,
                outcome=progress.outcome,
                transcript=record.transcript,
                reply=record.reply_generated,
                heard=record.reply_heard,
                language=record.language,
                spans=record.spans,
                engines=record.engines,
            )
        )
        if progress.transcript or progress.reply:
            self._emit(SaveTurn(turn_id=turn_id, record=record))
        self._latency.forget(turn_id)

    def _record(self, progress: _Progress, *, outcome: str) -> TurnRecord:
        return TurnRecord(
            turn_id=progress.turn.id,
            started_at=progress.started_at,
            source=progress.turn.source,
            transcript=progress.transcript,
            language=progress.language,
            reply_generated=progress.reply,
            reply_heard=progress.heard,
            outcome=outcome,
            engines=dict(progress.engines),
            spans=self._latency.spans(progress.turn.id) if outcome else {},
        )

    # --- timers ---------------------------------------------------------------------------

    def _ring_if_idle(self) -> None:
        """Announce a timer as a turn of its own, as soon as nobody is speaking."""
        if self._progress is not None or self._closing or not self._due_timers:
            return
        timer = self._due_timers.popleft()
        progress = self._begin("timer", at=timer.at)
        progress.reply, progress.language = timer.announcement, timer.language
        turn = progress.turn
        self._emit(
            SoundChime(turn_id=turn.id, turn=turn),
            SentenceReady(turn_id=turn.id, index=0, text=timer.announcement),
            SpeakClause(
                turn_id=turn.id,
                turn=turn,
                index=0,
                text=timer.announcement,
                language=timer.language,
            ),
            FinishSpeech(turn_id=turn.id, turn=turn),
        )

    # --- small things ---------------------------------------------------------------------

    def _concerns_a_live_turn(self, event: Event) -> bool:
        if self._progress and event.turn_id == self._progress.turn.id:
            return True
        if isinstance(event, PlaybackEnded):
            return event.turn_id in self._closing
        return isinstance(event, TurnSaved)

    def _to_state(self, state: State) -> list[Event]:
        if state == self.state:
            return []
        self.state = state
        return [StateChanged(state=state)]

    def _emit(self, *events: Event) -> None:
        self._out.extend(events)
        for event in events:
            self._latency.observe(event)
