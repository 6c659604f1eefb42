"""The conversation's thread: runs the turn state machine and routes what comes out of it."""

from __future__ import annotations

import logging

from PySide6.QtCore import Signal, Slot

from app.core.conversation import Conversation
from app.core.events import (
    CloseUtterance,
    Command,
    EngineMissing,
    EngineReady,
    Event,
    FinishSpeech,
    GenerateReply,
    OpenUtterance,
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
from app.workers.worker import Worker

log = logging.getLogger(__name__)


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
        self._routes = {
            OpenUtterance: self.to_listener,
            CloseUtterance: self.to_listener,
            ReopenUtterance: self.to_listener,
            GenerateReply: self.to_llm,
            WarmUp: self.to_llm,
            SpeakClause: self.to_tts,
            FinishSpeech: self.to_tts,
            SoundChime: self.to_player,
            StopSpeech: self.to_player,
            SaveTurn: self.to_history,
        }

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
                self.happened.emit(out)


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
