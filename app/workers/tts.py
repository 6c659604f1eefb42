"""The text-to-speech thread: clauses in, samples straight to the player."""

from __future__ import annotations

import time

from PySide6.QtCore import Signal, Slot

from app.core.events import (
    ClauseFailed,
    ClauseStarted,
    EngineReady,
    Event,
    FinishSpeech,
    SpeakClause,
    SpeechChunk,
    SpeechEnded,
    SpeechSynthesized,
    StageStarted,
)
from app.core.ports import TtsProvider
from app.core.spoken_text import SpokenText
from app.core.turn import Cancelled, Turn
from app.workers.worker import Worker


class TtsWorker(Worker):
    """Owns the voices: the stand-in, and the chosen one once it is adopted.

    Signals:
        speech: `ClauseStarted`, `SpeechChunk`... per clause, then `SpeechEnded`, in order,
            straight to the player.
    """

    stage = "tts"

    speech = Signal(object)

    def __init__(self, stand_in: TtsProvider) -> None:
        super().__init__()
        self._stand_in = stand_in
        self._provider = stand_in
        self._next_provider: TtsProvider | None = None
        self._speaking: _Speaking | None = None

    def on_begin(self) -> None:
        self._stand_in.load()
        self.happened.emit(EngineReady(engine=self._stand_in.engine))

    def on_end(self) -> None:
        for provider in (self._next_provider, self._provider, self._stand_in):
            if provider:
                provider.close()

    @Slot(object)
    def adopt(self, provider: TtsProvider) -> None:
        """Speak with this loaded voice from the next reply on; this thread owns it now."""
        self._next_provider = provider
        self.happened.emit(EngineReady(engine=provider.engine))

    def on(self, event: Event) -> None:
        match event:
            case SpeakClause() if not event.turn.token.cancelled:
                self._speak(event)
            case FinishSpeech():
                self.speech.emit(SpeechEnded(turn_id=event.turn_id, turn=event.turn))

    def _speak(self, command: SpeakClause) -> None:
        speaking = self._for_turn(command)
        self.speech.emit(
            ClauseStarted(
                turn_id=command.turn_id, turn=command.turn, index=command.index, text=command.text
            )
        )
        text = speaking.for_the_ear.clause(command.text)
        if not text:
            return
        try:
            self._synthesize(command, text, speaking)
        except Cancelled:
            raise
        except Exception as exc:  # a voice may fail in any way; the reply is still spoken
            if speaking.provider is self._stand_in:
                self._give_up(command)
                raise
            self.report(exc, turn_id=command.turn_id, recovered_by=self._stand_in.engine.name)
            speaking.provider = self._stand_in
            self._announce(command.turn, self._stand_in)
            if speaking.said_of_clause:
                return  # part of it was heard; saying it again would double its words
            try:
                self._synthesize(command, text, speaking)
            except Exception:
                self._give_up(command)
                raise

    def _give_up(self, command: SpeakClause) -> None:
        self.speech.emit(
            ClauseFailed(turn_id=command.turn_id, turn=command.turn, index=command.index)
        )

    def _for_turn(self, command: SpeakClause) -> _Speaking:
        """The state of this reply; voices change only between replies."""
        if self._speaking is None or self._speaking.turn_id != command.turn_id:
            if self._next_provider:
                if self._provider is not self._stand_in:
                    self._provider.close()
                self._provider, self._next_provider = self._next_provider, None
            speaks = self._provider.speaks(command.language)
            provider = self._provider if speaks else self._stand_in
            self._speaking = _Speaking(command.turn_id, provider, command.language)
            self._announce(command.turn, provider)
        return self._speaking

    def _announce(self, turn: Turn, provider: TtsProvider) -> None:
        engine = provider.engine
        self.happened.emit(StageStarted(turn_id=turn.id, stage=engine.stage, engine=engine))

    def _synthesize(self, command: SpeakClause, text: str, speaking: _Speaking) -> None:
        provider = speaking.provider
        first_at: float | None = None
        speaking.said_of_clause = samples = 0
        for audio in provider.synthesize(text, command.language):
            command.turn.token.raise_if_cancelled()
            if first_at is None:
                first_at = time.perf_counter()
            self.speech.emit(
                SpeechChunk(
                    turn_id=command.turn_id,
                    turn=command.turn,
                    index=command.index,
                    audio=audio,
                    sample_rate=provider.sample_rate,
                )
            )
            samples += len(audio)
            speaking.said_of_clause = samples
        if first_at is not None:
            self.happened.emit(
                SpeechSynthesized(
                    turn_id=command.turn_id,
                    index=command.index,
                    duration_s=samples / provider.sample_rate,
                    first_audio_at=first_at,
                )
            )


class _Speaking:
    """The reply that is being spoken."""

    def __init__(self, turn_id: int, provider: TtsProvider, language: str) -> None:
        self.turn_id = turn_id
        self.provider = provider
        self.for_the_ear = SpokenText(language)
        self.said_of_clause = 0
        """Samples of the present clause that are on their way."""
