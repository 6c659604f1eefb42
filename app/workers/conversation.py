"""The conversation's thread: runs the turn state machine and routes what comes out of it."""

from __future__ import annotations

import logging

from PySide6.QtCore import QTimer, Signal, Slot

from app.core.conversation import Conversation
from app.core.events import (
    CloseUtterance,
    Command,
    ComputerMeasured,
    DraftReply,
    EngineMissing,
    EngineReady,
    Event,
    FinishSpeech,
    GenerateReply,
    OpenUtterance,
    PrefillPrompt,
    PrepareClause,
    ReopenUtterance,
    SaveTurn,
    SoundChime,
    SpeakClause,
    StopReply,
    StopSpeech,
    TurnEnded,
    TurnStarted,
    WarmUp,
)
from app.core.history_events import ConversationBegun, ForgetTurn
from app.workers.cpu import CpuMeter
from app.workers.worker import Worker

log = logging.getLogger(__name__)

MEASURE_MS = 5_000
"""How often the computer is looked at while Parley rests: 0.1 ms each."""


class ConversationWorker(Worker):
    """Owns the `Conversation`.

    Signals, one per receiver:
        to_listener, to_llm, to_tts, to_player, to_history: commands.
        happened: everything that concerns the user, in order: what the workers report (less what
            is stale) and what the conversation itself says. The window, the command line and
            the bench watch this one stream.
    """

    stage = "conversation"

    to_listener = Signal(object)
    to_llm = Signal(object)
    to_tts = Signal(object)
    to_player = Signal(object)
    to_history = Signal(object)

    def __init__(self, conversation: Conversation) -> None:
        super().__init__()
        self._conversation = conversation
        self._cpu = CpuMeter()
        self._rested = False  # since the processors were looked at last
        self._measure_timer = QTimer(self)
        self._measure_timer.setInterval(MEASURE_MS)
        self._measure_timer.timeout.connect(self._on_measure_due)
        self._routes = {
            OpenUtterance: self.to_listener,
            CloseUtterance: self.to_listener,
            ReopenUtterance: self.to_listener,
            GenerateReply: self.to_llm,
            WarmUp: self.to_llm,
            PrefillPrompt: self.to_llm,
            DraftReply: self.to_llm,
            PrepareClause: self.to_tts,
            SpeakClause: self.to_tts,
            FinishSpeech: self.to_tts,
            SoundChime: self.to_player,
            StopSpeech: self.to_player,
            SaveTurn: self.to_history,
            ForgetTurn: self.to_history,
        }

    def on_begin(self) -> None:
        self._measure_timer.start()

    def on_end(self) -> None:
        self._measure_timer.stop()

    @Slot()
    def stop_turn(self) -> None:
        """Stop what is going on, so that it is saved as far as it was heard (shutdown)."""
        self.guard(self.on, StopReply())

    def on(self, event: Event) -> None:
        for out in self._conversation.handle(event):
            if isinstance(out, Command):
                self._routes[type(out)].emit(out)
            else:
                _log(out)
                if isinstance(out, ConversationBegun):
                    self.to_history.emit(out)  # where the turns that follow are written
                self.happened.emit(out)
        self._rested &= self._conversation.current is None

    @Slot()
    def _on_measure_due(self) -> None:
        self.guard(self._measure)

    def _measure(self) -> None:
        """How busy others are; a time in which Parley worked as well tells nothing of them."""
        if self._rested:
            share = self._cpu.others_share()
            if share is not None:
                self.on(ComputerMeasured(others_share=share))
        else:
            self._cpu.restart()
        self._rested = self._conversation.current is None


def _log(event: Event) -> None:
    """The skeleton of what happened, without a word of what was said."""
    match event:
        case EngineReady():
            log.info("ready: %s", event.engine.label)
        case EngineMissing():
            log.info("missing: %s (%s)", event.engine.label, event.title)
        case TurnStarted():
            log.info("turn %d: started (%s)", event.turn_id, event.source)
        case TurnEnded():
            spans = ", ".join(f"{name} {ms:.0f} ms" for name, ms in event.spans.items())
            log.info("turn %d: %s (%s)", event.turn_id, event.outcome, spans)
