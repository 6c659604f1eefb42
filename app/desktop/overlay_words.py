"""What the overlay's one line says: the question as it comes, the answer as it is heard, what went
wrong."""

from __future__ import annotations

import math
from collections import deque

from app.core.events import (
    AskAgain,
    AskText,
    Event,
    FinalTranscript,
    LevelMeasured,
    Notice,
    PartialTranscript,
    PlaybackEnded,
    PlaybackStarted,
    SentenceReady,
    SpeechSynthesized,
    StageFailed,
    TimerRang,
    TurnStarted,
)
from app.core.history_events import ConversationBegun
from app.desktop.captions import Captions
from app.ui.translation import said


class OverlayWords:
    """Follows the events; of what is private it keeps nothing. Lives in the GUI thread.

    Attributes:
        text: the whole of it.
        heard: how much of the text has been heard, 0 to 1; None when it is nothing that is read
            aloud.
        private: there are no words to wait for.
        is_remark: it says what went wrong in this turn.
        failed: the turn did.
    """

    def __init__(self) -> None:
        self.text = ""
        self.heard: float | None = None
        self.private = False
        self.is_remark = False
        self.failed = False
        self._private_conversation = False
        self._typed = ""
        """The question that was typed and is about to begin."""
        self._timers: deque[bool] = deque()
        """Of each that has rung and is still to be announced, whether it is private."""
        self._captions = Captions()

    def take(self, event: Event) -> bool:
        """Whether there are other words now."""
        match event:
            case ConversationBegun():
                self._private_conversation = self.private = event.private
                return self._begin("")
            case AskText() | AskAgain():
                self._typed = event.text
            case TimerRang():
                self._timers.append(event.private)
            case TurnStarted():
                return self._begin_turn(event)
            case Notice() if event.turn_id:
                return self._remark(event.title)
            case StageFailed(recovered_by="") if event.turn_id:
                self.failed = True
                return self._remark(event.title)
            case _ if not self.private:
                return self._take_words(event)
        return False

    def show(self, text: str) -> None:
        """Say this; its end is what must be seen."""
        self.text, self.heard = " ".join(text.split()), None

    def _take_words(self, event: Event) -> bool:
        match event:
            case PartialTranscript():
                self.show(event.text)
                return True
            case FinalTranscript():
                self.show(event.transcript.text)
                return True
            case SentenceReady():
                self._captions.add(event.index, event.text)
            case SpeechSynthesized():
                self._captions.measure(event.index, event.duration_s)
            case PlaybackStarted():
                self._captions.begin(event.audible_at)
                return self._follow(event.at)
            case LevelMeasured():
                return self._follow(event.at)
            case PlaybackEnded(complete=True):
                return self._follow(math.inf)
        return False

    def _begin_turn(self, event: TurnStarted) -> bool:
        typed, self._typed = self._typed, ""
        is_private_timer = (
            event.source == "timer" and self._timers.popleft() if self._timers else False
        )
        self.private = self._private_conversation or is_private_timer
        return self._begin(typed if event.source == "text" and not self.private else "")

    def _begin(self, question: str) -> bool:
        self.failed = self.is_remark = False
        self._captions = Captions()
        self.show(question)
        return True

    def _remark(self, title: str) -> bool:
        self.show(said(title))
        self.is_remark = True
        return True

    def _follow(self, now: float) -> bool:
        """The answer, as far as it is heard; a remark is not spoken over."""
        text, heard = self._captions.at(now)
        if not text or self.is_remark:
            return False
        self.text, self.heard = text, heard
        return True
