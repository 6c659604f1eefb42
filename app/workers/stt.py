"""The speech-to-text thread: chunks in, partial and final transcripts out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QTimer, Slot

from app.core.events import (
    AudioChunk,
    EngineReady,
    Event,
    FinalTranscript,
    PartialTranscript,
    StageStarted,
    UseLanguage,
    UtteranceEnded,
    UtteranceStarted,
)
from app.core.ports import Audio, SttProvider, SttSession
from app.core.turn import Turn
from app.workers.worker import Worker

log = logging.getLogger(__name__)

T = TypeVar("T")


class SttWorker(Worker):
    """Owns the speech engines: the stand-in, and the chosen one once it is adopted."""

    stage = "stt"

    def __init__(self, stand_in: SttProvider, language: str | None) -> None:
        """
        Args:
            stand_in: loaded here, in the thread's first moments.
            language: ISO 639-1 code to expect, None to detect it.
        """
        super().__init__()
        self._stand_in = stand_in
        self._provider = stand_in
        self._next_provider: SttProvider | None = None
        self._language = language
        self._utterance: _Utterance | None = None
        # One shot, shortest time: fires when the chunks that wait in the queue are taken, so
        # that a decode which took long is followed by one that covers all of them, and the end
        # of the utterance never waits behind a partial that had not begun. Silence comes in
        # chunks like speech does: so an engine is asked in a pause too.
        self._partial_timer = QTimer(self)
        self._partial_timer.setSingleShot(True)
        self._partial_timer.setInterval(0)
        self._partial_timer.timeout.connect(self._on_partial_due)

    def on_begin(self) -> None:
        self._stand_in.load()
        self.happened.emit(EngineReady(engine=self._stand_in.engine))

    def on_end(self) -> None:
        self._partial_timer.stop()
        self._utterance = None
        for provider in (self._next_provider, self._provider, self._stand_in):
            if provider:
                provider.close()

    @Slot(object)
    def adopt(self, provider: SttProvider) -> None:
        """Use this loaded engine from the next utterance on; this thread owns it now."""
        if self._next_provider:
            self._next_provider.close()  # changed twice before it was used
        self._next_provider = provider
        self.happened.emit(EngineReady(engine=provider.engine))

    def on(self, event: Event) -> None:
        match event:
            case UtteranceStarted():
                self._start(event.turn)
            case AudioChunk():
                self._hear(event)
            case UtteranceEnded():
                self._finish(event)
            case UseLanguage():
                self._language = event.language

    def _start(self, turn: Turn) -> None:
        if self._next_provider:
            if self._provider is not self._stand_in:
                self._provider.close()
            self._provider, self._next_provider = self._next_provider, None
        self._utterance = utterance = _Utterance(turn, self._language)
        try:
            self._hear_with(utterance, self._provider)
        except Exception as exc:  # an engine may fail in any way
            self._fall_back(utterance, exc)

    def _hear_with(self, utterance: _Utterance, provider: SttProvider) -> None:
        utterance.hear_with(provider)
        engine = provider.engine
        self.happened.emit(
            StageStarted(turn_id=utterance.turn.id, stage=engine.stage, engine=engine)
        )

    def _current(self) -> _Utterance | None:
        """The utterance that is being heard; a cancelled one is forgotten here."""
        if self._utterance is not None and self._utterance.turn.token.cancelled:
            self._utterance = None
            self._partial_timer.stop()
        return self._utterance

    def _hear(self, chunk: AudioChunk) -> None:
        utterance = self._current()
        if utterance is None or utterance.turn.id != chunk.turn_id:
            return
        utterance.keep(chunk.audio)
        self._attempt(utterance, lambda: utterance.catch_up())
        self._partial_timer.start()

    @Slot()
    def _on_partial_due(self) -> None:
        self.guard(self._partial)

    def _partial(self) -> None:
        utterance = self._current()
        if utterance is None:
            return
        partial = self._attempt(utterance, lambda: utterance.session.partial())
        if partial and partial.text:
            self.happened.emit(PartialTranscript(turn_id=utterance.turn.id, partial=partial))

    def _finish(self, ended: UtteranceEnded) -> None:
        utterance, self._utterance = self._utterance, None
        self._partial_timer.stop()
        if utterance is None or utterance.turn.id != ended.turn_id:
            return
        if ended.verdict != "speech" or utterance.turn.token.cancelled:
            return
        transcript = self._attempt(utterance, lambda: utterance.session.finish())
        self.happened.emit(FinalTranscript(turn_id=ended.turn_id, transcript=transcript))

    def _attempt(self, utterance: _Utterance, step: Callable[[], T]) -> T:
        """Do it; when the engine fails, hear the utterance again with the stand-in, and do it."""
        while True:
            try:
                return step()
            except Exception as exc:  # an engine may fail in any way; what was said is kept
                self._fall_back(utterance, exc)

    def _fall_back(self, utterance: _Utterance, exc: Exception) -> None:
        """Hear the utterance with the stand-in; when that is what failed, give the turn up."""
        if utterance.provider is self._stand_in:
            self._utterance = None
            raise exc
        self.report(exc, turn_id=utterance.turn.id, recovered_by=self._stand_in.engine.name)
        self._hear_with(utterance, self._stand_in)


class _Utterance:
    """One utterance: its session, and its audio in case another engine must hear it again."""

    def __init__(self, turn: Turn, language: str | None) -> None:
        self.turn = turn
        self.provider: SttProvider | None = None
        self._session: SttSession | None = None
        self._language = language
        self._audio: list[Audio] = []
        self._fed = 0

    @property
    def session(self) -> SttSession:
        assert self._session is not None, "hear_with() first"
        return self._session

    def keep(self, audio: Audio) -> None:
        self._audio.append(audio)

    def catch_up(self) -> None:
        """Feed what was kept and the engine has not had yet."""
        while self._fed < len(self._audio):
            self.session.feed(self._audio[self._fed])
            self._fed += 1

    def hear_with(self, provider: SttProvider) -> None:
        """Hear it, from its beginning, with this engine."""
        self.provider = provider
        self._session = provider.start(self._language)
        self._fed = 0
        self.catch_up()
