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

from collections import deque
from collections.abc import Callable, Sequence

from app.core.events import (
    AskAgain,
    AskText,
    ChangePrompt,
    ClauseDrafted,
    CloseUtterance,
    DraftEnded,
    DraftStarted,
    DropListening,
    EngineAnswered,
    Event,
    FinalTranscript,
    FinishListening,
    FinishSpeech,
    GenerateReply,
    Intent,
    Notice,
    OpenUtterance,
    Outcome,
    PartialTranscript,
    PlaybackEnded,
    PlaybackStarted,
    PrefillStarted,
    PrepareClause,
    ReopenUtterance,
    ReplyDelta,
    ReplyEnded,
    ResumeListening,
    SaveTurn,
    SayAgain,
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
    TokensCounted,
    TurnEnded,
    TurnSaved,
    TurnStarted,
    UtteranceEnded,
    WarmUp,
)
from app.core.history_events import (
    ConversationBegun,
    ConversationOpened,
    ForgetTurn,
    NewConversation,
)
from app.core.latency import LatencyObserver
from app.core.model_events import BeginMicrophoneCheck, EndMicrophoneCheck, MicrophoneChecked
from app.core.ports import Message, Stage, Transcript, TurnRecord
from app.core.prompt import Prompt
from app.core.sentences import ClauseSplitter
from app.core.slow_turns import SlowTurns
from app.core.timer_events import TimerRetold
from app.core.turn import Turn
from app.core.turn_progress import Progress
from app.core.working_ahead import WorkingAhead

SURE_OF_LANGUAGE = 0.5
"""Probability from which the language that was detected is named to the model."""

_UNHEARD = {
    "too short": ("I didn't catch that.", "Hold the key while you speak."),
    "silence": ("I didn't catch that.", "I heard no words. Speak a little closer."),
    "muted": (
        "Your microphone is muted.",
        "Turn it on, with its own switch or in the system's sound settings, and try again.",
    ),
    "no microphone": (
        "No microphone is connected.",
        "Plug one in, or type your question. I notice when it is back.",
    ),
}


class Conversation:
    """Owned by the conversation thread; no other thread calls it.

    Attributes:
        state: one of `State`'s words.
        current: the turn in progress, None between turns.
    """

    def __init__(
        self,
        *,
        prompt: Prompt,
        wall_clock: Callable[[], float],
        language: str = "en",
        work_ahead: bool = True,
    ) -> None:
        """
        Args:
            prompt: what the model is shown; belongs to the conversation from now on.
            wall_clock: Unix time in seconds, for history rows.
            language: of the interface, until the user has said something.
            work_ahead: have the model read, and answer on trial, what is still being spoken.
        """
        self.state: State = State.READY
        self._prompt = prompt
        self._wall_clock = wall_clock
        self._language = self._chosen_language = language
        self._ahead = WorkingAhead(enabled=work_ahead)
        self._latency = LatencyObserver()
        self._slow_turns = SlowTurns()
        self._last_turn_id = 0
        self._number = 0  # of the conversation, within this run
        self._private = False
        self._remembered = 0  # the turn that the prompt holds as its last one
        self._progress: Progress | None = None
        self._closing: dict[int, Progress] = {}
        self._held_back = False  # the question waits for the end of an interrupted reply
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
        if isinstance(event, DraftEnded):  # counts, even when its turn is over
            self._ahead.ended(kept=event.kept, gained_ms=event.gained_ms, tokens=event.tokens)
        if isinstance(event, Intent):
            self._out.append(event)  # its turn, if it has one, may be long over
        elif event.turn_id and not self._concerns_a_live_turn(event):
            return []
        else:
            self._emit(event)
        self._dispatch(event)
        out, self._out = self._out, []
        return out

    # --- intents --------------------------------------------------------------------------

    def _dispatch(self, event: Event) -> None:
        match event:
            case StartListening():
                self._start_listening(event)
            case FinishListening() if self.state == State.LISTENING and self._progress:
                self._close_utterance(self._progress, event.at)
            case ResumeListening() if self.state == State.FINISHING and self._progress:
                if self._progress.utterance_ended:
                    self._listen_anew(self._progress.began_at)
                else:
                    self._resume_listening(self._progress)
            case BeginMicrophoneCheck():
                self._listen_for_check(event.at)
            case EndMicrophoneCheck() if self.state == State.LISTENING and self._progress:
                if self._progress.is_check:
                    self._close_utterance(self._progress, event.at)
            case DropListening() if self.state in (State.LISTENING, State.FINISHING):
                self._cancel("dropped")
            case AskText():
                self._ask_text(event)
            case AskAgain():
                self._ask_again(event)
            case SayAgain():
                self._say_again(event)
            case StopReply():
                self._cancel("stop")
            case NewConversation():
                self._begin_conversation(private=event.private)
            case ConversationOpened():
                self._go_on_with(event)
            case TimerRang():
                self._due_timers.append(event)
                self._ring_if_idle()
            case ChangePrompt():
                self._prompt.change(
                    persona=event.persona,
                    mode=event.mode,
                    history_turns=event.history_turns,
                    context_tokens=event.context_tokens,
                )
                if event.language and event.language != self._chosen_language:
                    self._chosen_language = self._language = event.language
            case _:
                self._follow_turn(event)

    def _start_listening(self, event: StartListening) -> None:
        progress = self._progress
        if self.state == State.LISTENING:
            return
        if (
            progress
            and not progress.is_check
            and self.state == State.FINISHING
            and not progress.utterance_ended
        ):
            # A slip of the finger: the key is down again before the recording was closed.
            self._resume_listening(progress)
            return
        self._listen_anew(event.at)

    def _listen_anew(self, at: float) -> None:
        """A new turn, from what was said at `at` on; what was going on is cancelled.

        The microphone remembers some seconds, so this also takes up a recording that was closed
        although the key is still, or again, down: both halves are one question then.
        """
        turn = self._open_utterance("voice", at)
        self._emit(WarmUp(reason="key"))
        self._ahead.begin()
        if not self._closing:
            self._emit(*self._ahead.read_beginning(turn, self._prompt.preview()))

    def _listen_for_check(self, at: float) -> None:
        """Hear what the microphone and the stt make of it; nobody answers."""
        if self.state != State.LISTENING:
            self._open_utterance("check", at)

    def _open_utterance(self, source: str, at: float) -> Turn:
        was_speaking = self.state == State.SPEAKING
        self._cancel("barge-in", then_ready=False)
        turn = self._begin(source, at=at).turn
        self._emit(
            OpenUtterance(turn_id=turn.id, turn=turn, at=at, over_speech=was_speaking),
            *self._to_state(State.LISTENING),
        )
        return turn

    def _close_utterance(self, progress: Progress, at: float) -> None:
        progress.released_at, progress.resumed = at, False
        self._emit(
            CloseUtterance(turn_id=progress.turn.id, released_at=at),
            *self._to_state(State.FINISHING),
        )

    def _resume_listening(self, progress: Progress) -> None:
        progress.resumed = True
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
        self._reply_to(progress, self._prompt.question(text), whole=text)

    def _ask_again(self, event: AskAgain) -> None:
        """The same question once more, or another one in its place."""
        text = event.text.strip()
        if not text:
            return
        self._cancel("barge-in", then_ready=False)
        unfinished = self._closing.get(event.turn_id)
        is_last = unfinished is not None or event.turn_id == self._remembered
        if unfinished:
            unfinished.replaced = True
        elif is_last:
            self._prompt.forget_last()
            self._remembered = 0
        replaces = event.turn_id if is_last else 0
        if replaces:
            number = unfinished.conversation if unfinished else self._number
            # not through _emit: nobody is to begin a tally of a turn that is over
            self._out.append(ForgetTurn(turn_id=replaces, conversation=number))
        progress = self._begin("text", at=event.at, replaces=replaces)
        self._reply_to(progress, self._prompt.question(text), whole=text)

    def _say_again(self, event: SayAgain) -> None:
        """Read an old reply aloud: a turn that asks nobody and is kept nowhere."""
        splitter = ClauseSplitter()
        clauses = [*splitter.feed(event.text), *splitter.flush()]
        if not clauses:
            return
        self._cancel("barge-in", then_ready=False)
        progress = self._begin("again", at=event.at)
        progress.reply, progress.language = event.text, event.language
        self._emit(*self._to_state(State.THINKING))
        self._speak(progress, clauses)

    # --- conversations --------------------------------------------------------------------

    def _begin_conversation(
        self, *, private: bool = False, opened: ConversationOpened | None = None
    ) -> None:
        """Leave what was said until now, in the prompt and in front of the user."""
        self._cancel("another conversation")
        self._number += 1
        self._private = private
        self._remembered = 0
        self._prompt.forget_all()
        self._emit(
            ConversationBegun(
                conversation=self._number,
                session_id=opened.session_id if opened else 0,
                title=opened.title if opened else "",
                private=private,
                turns=opened.turns if opened else (),
                shown=opened.shown if opened else 0,
            )
        )

    def _go_on_with(self, opened: ConversationOpened) -> None:
        self._begin_conversation(opened=opened)
        for turn in opened.turns:
            if turn.transcript:
                self._prompt.remember(self._prompt.question(turn.transcript), turn.reply_heard)
                self._remembered = turn.turn_id
        if opened.turns and opened.turns[-1].language:
            self._language = opened.turns[-1].language

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
                self._note_engine(progress, event)
            case EngineAnswered():
                progress.engines[Stage.LLM] = event.engine
                progress.answered_by.append(event.engine)
                progress.why_not_first = event.why or progress.why_not_first
            case StageFailed(stage=Stage.STT, recovered_by=""):
                # The microphone may still be open for it.
                progress.turn.token.cancel("failed")
                progress.outcome = Outcome.FAILED
                self._end(progress)
            case UtteranceEnded() if progress.closed_before_it_resumed(event):
                self._listen_anew(progress.began_at)
            case UtteranceEnded():
                progress.utterance_ended = True
                if event.verdict != "speech":
                    self._give_up(progress, event.verdict)
                elif self.state == State.LISTENING:
                    # The device vanished or the longest utterance was reached.
                    self._emit(*self._to_state(State.FINISHING))
            case PartialTranscript() if not progress.is_check:
                self._work_ahead(progress, event)
            case PrefillStarted() | DraftStarted():
                if not event.engine.local:
                    progress.note_asked(event.engine)  # the words are there, used or not
            case ClauseDrafted():
                self._prepare_clause(progress, event)
            case DraftEnded():
                progress.drafted = event.kept
            case FinalTranscript() if progress.is_check:
                self._end_check(progress, event.transcript)
            case FinalTranscript():
                if event.transcript.text:
                    self._reply_to_speech(progress, event.transcript)
                else:
                    self._give_up(progress, "silence")
            case ReplyDelta():
                if not progress.reply:
                    self._note_first_token(progress)
                kept = len(progress.reply) - event.takes_back
                progress.reply = progress.reply[:kept] + event.text
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
            case TokensCounted():
                self._prompt.learn(event.usage.prompt_tokens)
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

    def _work_ahead(self, progress: Progress, event: PartialTranscript) -> None:
        """Use the time in which the user still speaks, or still holds the key."""
        self._ahead.heard(event.text)
        if self._closing:
            return  # the prompt is not known before the interrupted reply is over
        turn, partial = progress.turn, event.partial
        if partial.settled:
            question = self._question(partial.transcript)
            messages = self._prompt.preview(question)
            language = partial.transcript.language
            self._emit(*self._ahead.begin_draft(turn, question, messages, language))
        self._emit(*self._ahead.read_words(turn, self._prompt.preview(), partial.stable))

    def _prepare_clause(self, progress: Progress, event: ClauseDrafted) -> None:
        draft = self._ahead.draft
        if draft and draft.number == event.draft:
            self._emit(
                PrepareClause(
                    turn_id=progress.turn.id,
                    turn=draft.turn,
                    text=event.text,
                    language=draft.language,
                )
            )

    def _question(self, heard: Transcript) -> Message:
        sure = heard.language_probability >= SURE_OF_LANGUAGE
        return self._prompt.question(heard.text, heard.language if sure else None)

    def _reply_to_speech(self, progress: Progress, heard: Transcript) -> None:
        self._language = progress.language = heard.language
        question = self._question(heard)
        self._reply_to(progress, question, whole=heard.text, asked=self._ahead.asked(question))

    def _reply_to(
        self, progress: Progress, question: Message, whole: str, asked: Message | None = None
    ) -> None:
        """Ask the model.

        Args:
            whole: everything that was said or typed.
            asked: the same question as the model was given it already.
        """
        progress.question, progress.transcript = asked or question, question.text
        if len(question.text) < len(whole):
            self._emit(
                Notice(
                    turn_id=progress.turn.id,
                    title=f"Only the first {len(question.text):,} characters were sent.",
                    hint="Ask about a shorter piece of the text.",
                )
            )
        self._emit(
            *self._to_state(State.THINKING),
            SaveTurn(turn_id=progress.turn.id, record=progress.record()),
        )
        if self._closing:
            # What was heard of the interrupted reply belongs in the prompt; it is known as
            # soon as the player has fallen silent.
            self._held_back = True
        else:
            self._ask_model(progress, progress.question)

    def _ask_model(self, progress: Progress, question: Message) -> None:
        request = self._prompt.ask(question)
        if request.left_out:
            count = request.left_out
            turns = "turn no longer fits" if count == 1 else f"{count} turns no longer fit"
            self._emit(
                Notice(
                    turn_id=progress.turn.id,
                    title=f"The oldest {turns} into what the model can read.",
                    hint="Say again what it should still know.",
                    level="info",
                )
            )
        if request.over_limit:
            self._emit(_over_limit(progress.turn, request.over_limit, self._prompt.history_turns))
        self._emit(
            GenerateReply(
                turn_id=progress.turn.id,
                turn=progress.turn,
                messages=request.messages,
                language=progress.language,
                draft=self._ahead.take(request.messages),
            )
        )

    def _note_first_token(self, progress: Progress) -> None:
        """What drafts are judged by: how fast a reply begins without one."""
        by_model = progress.answered_by and not progress.answered_by[0].stand_in
        could_be_drafted = progress.turn.source == "voice" and not progress.drafted
        ttft_ms = self._latency.spans(progress.turn.id).get("ttft")
        if by_model and could_be_drafted and ttft_ms is not None:
            self._ahead.first_token(ttft_ms)

    @staticmethod
    def _note_engine(progress: Progress, event: StageStarted) -> None:
        """Several language models may be asked; the stage's engine is the one that answers."""
        if event.stage == Stage.LLM:
            progress.note_asked(event.engine)
        if event.stage != Stage.LLM or not progress.answered_by:
            progress.engines[event.stage] = event.engine

    # --- beginnings and ends --------------------------------------------------------------

    def _begin(self, source: str, at: float, *, replaces: int = 0) -> Progress:
        self._last_turn_id += 1
        turn = Turn(self._last_turn_id, source)
        progress = self._progress = Progress(
            turn,
            self._wall_clock(),
            at,
            self._language,
            conversation=self._number,
            private=self._private,
        )
        self._emit(TurnStarted(turn_id=turn.id, source=source, at=at, replaces=replaces))
        return progress

    def _cancel(self, reason: str, *, then_ready: bool = True) -> None:
        """Stop the current turn at once; what was heard of it follows from the player."""
        progress = self._progress
        if progress is None:
            return
        progress.turn.token.cancel(reason)
        self._ahead.drop(reason)
        self._progress = None
        self._held_back = False
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
        waiting = self._progress
        if self._held_back and waiting and waiting.question and not self._closing:
            self._held_back = False
            self._ask_model(waiting, waiting.question)
        elif self.state == State.LISTENING and waiting and not self._closing:
            self._emit(*self._ahead.read_beginning(waiting.turn, self._prompt.preview()))
        self._ring_if_idle()

    def _end_check(self, progress: Progress, heard: Transcript) -> None:
        why = "" if heard.text else "silence"
        self._emit(MicrophoneChecked(text=heard.text, language=heard.language, why=why))
        self._end(progress)

    def _give_up(self, progress: Progress, verdict: str) -> None:
        """Nothing was understood: say so, send nothing, invent nothing."""
        if progress.is_check:
            self._emit(MicrophoneChecked(text="", why=verdict))
            self._end(progress)
            return
        title, hint = _UNHEARD[verdict]
        self._emit(Notice(turn_id=progress.turn.id, title=title, hint=hint, level="info"))
        progress.outcome = Outcome.UNHEARD
        self._end(progress)

    def _end(self, progress: Progress) -> None:
        self._progress = None
        self._ahead.drop("over")
        self._settle(progress)
        self._emit(*self._to_state(State.READY))
        self._ring_if_idle()

    def _settle(self, progress: Progress) -> None:
        """Remember, announce and save a turn that is over."""
        turn_id = progress.turn.id
        is_shown = progress.conversation == self._number and not progress.replaced
        if progress.question and is_shown:
            self._prompt.remember(progress.question, progress.heard.strip())
            self._remembered = turn_id
        record = self._record(progress)
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
                answered_by=record.answered_by,
                asked=record.asked,
                why_not_first=record.why_not_first,
                starts=record.starts,
                slow_because=record.slow_because,
            )
        )
        is_kept = progress.turn.source != "again" and not progress.replaced
        if is_kept and (progress.transcript or progress.reply):
            self._emit(SaveTurn(turn_id=turn_id, record=record))
        self._latency.forget(turn_id)
        self._slow_turns.forget(turn_id)

    def _record(self, progress: Progress) -> TurnRecord:
        """Of a turn that is over."""
        turn_id = progress.turn.id
        spans = self._latency.spans(turn_id)
        return progress.record(
            outcome=progress.outcome,
            spans=spans,
            starts=self._latency.starts(turn_id),
            slow_because=self._slow_turns.cause(turn_id, spans),
        )

    # --- timers ---------------------------------------------------------------------------

    def _ring_if_idle(self) -> None:
        """Announce a timer as a turn of its own, as soon as nobody is speaking."""
        if self._progress is not None or self._closing or not self._due_timers:
            return
        timer = self._due_timers.popleft()
        progress = self._begin("timer", at=timer.at)
        progress.reply, progress.language = timer.announcement, timer.language
        progress.private |= timer.private
        progress.replaced = isinstance(timer, TimerRetold)  # in the history once
        self._emit(SoundChime(turn_id=progress.turn.id, turn=progress.turn))
        self._speak(progress, [timer.announcement])

    def _speak(self, progress: Progress, clauses: Sequence[str]) -> None:
        """Say what no model has to be asked for."""
        turn = progress.turn
        for index, text in enumerate(clauses):
            self._emit(
                SentenceReady(turn_id=turn.id, index=index, text=text),
                SpeakClause(
                    turn_id=turn.id,
                    turn=turn,
                    index=index,
                    text=text,
                    language=progress.language,
                ),
            )
        self._emit(FinishSpeech(turn_id=turn.id, turn=turn))

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
            self._observe(event)

    def _observe(self, event: Event) -> None:
        self._latency.observe(event)
        self._slow_turns.observe(event)


def _over_limit(turn: Turn, count: int, limit: int) -> Notice:
    """The user's own limit on what the model is shown has begun to tell."""
    turns = "turn is" if count == 1 else f"{count} turns are"
    earlier = "turn" if limit < 2 else "turns"
    shown = f"at most {limit} earlier {earlier}" if limit else f"no earlier {earlier}"
    return Notice(
        turn_id=turn.id,
        title=f"The oldest {turns} no longer shown to the model.",
        hint=f"Your settings let it see {shown}. Say again what it should still know.",
        level="info",
    )
