"""The text-to-speech thread: clauses in, samples straight to the player."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Iterator
from itertools import chain

from PySide6.QtCore import QTimer, Signal, Slot

from app.core.events import (
    ClauseFailed,
    ClauseStarted,
    EngineReady,
    Event,
    FinishSpeech,
    PrepareClause,
    SpeakClause,
    SpeechChunk,
    SpeechEnded,
    SpeechSynthesized,
    StageStarted,
)
from app.core.ports import Audio, TtsProvider
from app.core.spoken_text import SpokenText
from app.core.turn import Cancelled, Turn
from app.workers.worker import Worker

log = logging.getLogger(__name__)

PREPARED_S = 0.4
"""How much of a draft's first clause is made before anybody wants to hear it: enough to play while
the rest is made, and done soon, since a question that turns out another waits for it."""


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
        self._prepared: _Prepared | None = None
        self._prepare_timer = QTimer(self)
        self._prepare_timer.setSingleShot(True)
        self._prepare_timer.setInterval(0)
        self._prepare_timer.timeout.connect(self._on_prepare_due)

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
        if self._next_provider:
            self._next_provider.close()  # changed twice before it was used
        self._next_provider = provider
        self.happened.emit(EngineReady(engine=provider.engine))

    def on(self, event: Event) -> None:
        match event:
            case PrepareClause():
                self._prepare(event)
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
            provider = self._voice_for(command.language)
            self._speaking = _Speaking(command.turn_id, provider, command.language)
            self._announce(command.turn, provider)
        return self._speaking

    def _voice_for(self, language: str) -> TtsProvider:
        """The voice of the next reply; between two replies a new one takes over."""
        if self._next_provider:
            self._drop_prepared()
            if self._provider is not self._stand_in:
                self._provider.close()
            self._provider, self._next_provider = self._next_provider, None
        return self._provider if self._provider.speaks(language) else self._stand_in

    def _prepare(self, command: PrepareClause) -> None:
        """Make the beginning of a clause that may never be spoken."""
        self._drop_prepared()
        text = SpokenText(command.language).clause(command.text)
        replying = self._speaking is not None and self._speaking.turn_id == command.turn_id
        if command.turn.token.cancelled or not text or replying:
            return
        provider = self._voice_for(command.language)
        self._prepared = _Prepared(command, provider, text)
        self._prepare_timer.start()

    @Slot()
    def _on_prepare_due(self) -> None:
        self.guard(self._prepare_more)

    def _prepare_more(self) -> None:
        """One piece at a time: a clause that is to be spoken now waits for no more than that."""
        prepared = self._prepared
        if prepared is None:
            return
        try:
            wanted = not prepared.unwanted and prepared.make_one()
        except Exception as exc:  # a voice may fail in any way; the clause itself will tell
            log.info("a clause could not be prepared: %r", exc)
            self._prepared = None
            return
        if prepared.unwanted:
            self._drop_prepared()
        elif wanted and prepared.made_s < PREPARED_S:
            self._prepare_timer.start()

    def _drop_prepared(self) -> None:
        if self._prepared:
            self._prepared.drop()
            self._prepared = None

    def _pieces_of(self, command: SpeakClause, text: str, provider: TtsProvider) -> Iterator[Audio]:
        """The clause's samples, from what is prepared where it is that clause."""
        prepared, self._prepared = self._prepared, None
        if prepared and prepared.holds(command, provider, text):
            return prepared.pieces()
        if prepared:
            prepared.drop()
        return provider.synthesize(text, command.language)

    def _announce(self, turn: Turn, provider: TtsProvider) -> None:
        engine = provider.engine
        self.happened.emit(StageStarted(turn_id=turn.id, stage=engine.stage, engine=engine))

    def _synthesize(self, command: SpeakClause, text: str, speaking: _Speaking) -> None:
        provider = speaking.provider
        first_at: float | None = None
        speaking.said_of_clause = samples = 0
        for audio in self._pieces_of(command, text, provider):
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


class _Prepared:
    """The beginning of a clause, and the voice that waits to go on with it."""

    def __init__(self, command: PrepareClause, provider: TtsProvider, text: str) -> None:
        self._command = command
        self._provider = provider
        self._text = text
        self._made: list[Audio] = []
        self._rest = provider.synthesize(text, command.language)

    @property
    def unwanted(self) -> bool:
        """Whether the draft was given up."""
        return self._command.turn.token.cancelled

    @property
    def made_s(self) -> float:
        return sum(map(len, self._made)) / self._provider.sample_rate

    def make_one(self) -> bool:
        """Make one piece more; False when that was all."""
        for audio in self._rest:
            self._made.append(audio)
            return True
        return False

    def holds(self, command: SpeakClause, provider: TtsProvider, text: str) -> bool:
        """Whether it is the beginning of this clause, spoken by this voice in this language."""
        mine = (self._command.turn_id, self._command.language, self._provider, self._text)
        return mine == (command.turn_id, command.language, provider, text)

    def pieces(self) -> Iterator[Audio]:
        """All of the clause; what is made comes at once."""
        return chain(self._made, self._rest)

    def drop(self) -> None:
        """Let the voice end its work: another clause may come."""
        if isinstance(self._rest, Generator):
            self._rest.close()
