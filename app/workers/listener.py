"""The listener's thread: from the open microphone to one utterance at a time."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import QTimer, Signal, Slot

from app.core.endpointing import Endpointing
from app.core.events import (
    AudioChunk,
    CloseUtterance,
    EngineReady,
    Event,
    LevelMeasured,
    OpenUtterance,
    ReopenUtterance,
    SpeechStarted,
    UtteranceEnded,
    UtteranceStarted,
)
from app.core.ports import SAMPLE_RATE, Audio, AudioInput, VadProvider
from app.core.turn import Turn
from app.settings import EndpointingSettings, TalkSettings
from app.workers.worker import Worker

PUMP_MS = 20
"""How often the microphone's ring is read while an utterance is open."""

LEVEL_EVERY_S = 1 / 30
LONGEST_AFTER_KEY_S = 0.1
"""No recording outlives the key by more: the post-roll and the device's own delay together."""


class ListenerWorker(Worker):
    """Owns the voice detector and reads the microphone.

    Signals:
        speech: `UtteranceStarted`, `AudioChunk`..., `UtteranceEnded` of one utterance, in order,
            straight to the stt.
    """

    stage = "listener"

    speech = Signal(object)

    def __init__(
        self,
        source: AudioInput,
        vad: VadProvider,
        talk: TalkSettings,
        endpointing: EndpointingSettings,
    ) -> None:
        """
        Args:
            vad: the stand-in detector; `adopt` brings the better one.
        """
        super().__init__()
        self._source = source
        self._vad = vad
        self._next_vad: VadProvider | None = None
        self._talk = talk
        self._endpointing_settings = endpointing
        self._utterance: _Utterance | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(PUMP_MS)
        self._timer.timeout.connect(self._on_tick)

    def on_begin(self) -> None:
        self._vad.load()
        self.happened.emit(EngineReady(engine=self._vad.engine))

    def on_end(self) -> None:
        self._timer.stop()
        for vad in (self._next_vad, self._vad):
            if vad:
                vad.close()

    @Slot(object)
    def adopt(self, vad: VadProvider) -> None:
        """Use this loaded detector from the next utterance on."""
        self._next_vad = vad
        self.happened.emit(EngineReady(engine=vad.engine))

    def on(self, event: Event) -> None:
        match event:
            case OpenUtterance():
                self._open(event)
            case CloseUtterance() if self._utterance:
                self._utterance.released_at = event.released_at
                self._pump()
            case ReopenUtterance() if self._utterance:
                self._utterance.released_at = None

    def _open(self, command: OpenUtterance) -> None:
        if self._next_vad:
            self._vad.close()
            self._vad, self._next_vad = self._next_vad, None
        self._vad.reset()
        settings = self._endpointing_settings
        self._utterance = _Utterance(
            command.turn,
            opened_at=command.at,
            endpointing=Endpointing(
                threshold=settings.threshold,
                start_ms=settings.start_ms,
                silence_ms=settings.silence_ms,
                frame_ms=1000 * self._vad.frame_samples / SAMPLE_RATE,
            ),
        )
        self._source.seek(command.at - self._talk.pre_roll_ms / 1000)
        if not self._source.alive:
            self._finish("no microphone")
            return
        self._timer.start()
        self._pump()

    @Slot()
    def _on_tick(self) -> None:
        try:
            self._pump()
        except Exception as exc:  # what was recorded so far is used; the key works again
            self.report(exc, turn_id=0)
            self._finish(self._verdict(self._utterance) if self._utterance else None)

    def _pump(self) -> None:
        """Move what has arrived to the stt; end the utterance when its time has come."""
        utterance = self._utterance
        if utterance is None:
            return
        if utterance.turn.token.cancelled:
            self._finish(None)
            return
        close_at = self._close_at(utterance)
        arrived_until = self._source.arrived_until
        self._take(utterance, self._source.read(close_at))
        self._show_level(utterance)
        now = time.perf_counter()
        if (close_at is not None and (arrived_until >= close_at or now >= close_at)) or (
            not self._source.alive
        ):
            self._take(utterance, self._source.drain())
            self._finish(self._verdict(utterance))

    def _close_at(self, utterance: _Utterance) -> float | None:
        """Arrival time (perf_counter) of the last sample that belongs to the utterance."""
        longest = utterance.opened_at + self._talk.max_utterance_s
        if utterance.released_at is None:
            return longest if time.perf_counter() >= longest else None
        # Not before the release grace is over: until then the key may still be down.
        roll_s = max(self._talk.post_roll_ms, self._talk.release_grace_ms) / 1000
        return utterance.released_at + min(self._source.latency_s + roll_s, LONGEST_AFTER_KEY_S)

    def _take(self, utterance: _Utterance, audio: Audio) -> None:
        if not len(audio):
            return
        turn_id = utterance.turn.id
        if not utterance.samples:
            started = UtteranceStarted(
                turn_id=turn_id, turn=utterance.turn, microphone=self._source.name
            )
            self.speech.emit(started)
            self.happened.emit(started)
        utterance.samples += len(audio)
        self.speech.emit(AudioChunk(turn_id=turn_id, audio=audio))
        was_speech = utterance.endpointing.heard_speech
        for frame in utterance.frames(audio, self._vad.frame_samples):
            utterance.endpointing.feed(self._vad.probability(frame))
        if utterance.endpointing.heard_speech and not was_speech:
            self.happened.emit(SpeechStarted(turn_id=turn_id))

    def _show_level(self, utterance: _Utterance) -> None:
        now = time.perf_counter()
        if now - utterance.level_shown_at >= LEVEL_EVERY_S:
            utterance.level_shown_at = now
            self.happened.emit(LevelMeasured(turn_id=utterance.turn.id, level=self._source.level))

    def _verdict(self, utterance: _Utterance) -> str:
        released_at = utterance.released_at
        held_s = (released_at or time.perf_counter()) - utterance.opened_at
        if not utterance.samples:
            return "no microphone"
        if released_at is not None and held_s * 1000 < self._talk.min_utterance_ms:
            return "too short"
        return "speech" if utterance.endpointing.heard_speech else "silence"

    def _finish(self, verdict: str | None) -> None:
        """End the utterance; None when its turn was cancelled and nobody wants it."""
        utterance, self._utterance = self._utterance, None
        self._timer.stop()
        if utterance is None:
            return
        now = time.perf_counter()
        released_at = utterance.released_at or now
        ended = UtteranceEnded(
            turn_id=utterance.turn.id,
            turn=utterance.turn,
            released_at=released_at,
            speech_ended_at=self._speech_ended_at(utterance, released_at),
            duration_s=utterance.samples / SAMPLE_RATE,
            verdict=verdict or "cancelled",
        )
        self.speech.emit(ended)
        if verdict is not None:
            self.happened.emit(ended)

    def _speech_ended_at(self, utterance: _Utterance, released_at: float) -> float:
        ended_s = utterance.endpointing.speech_ended_s
        if ended_s is None:
            return released_at
        started_at = utterance.opened_at - self._talk.pre_roll_ms / 1000
        return min(released_at, started_at + ended_s)


class _Utterance:
    """One recording, owned by its turn."""

    def __init__(self, turn: Turn, opened_at: float, endpointing: Endpointing) -> None:
        self.turn = turn
        self.opened_at = opened_at
        self.endpointing = endpointing
        self.released_at: float | None = None
        self.samples = 0
        self.level_shown_at = 0.0
        self._rest: list[Audio] = []

    def frames(self, audio: Audio, size: int) -> list[Audio]:
        """Cut the stream of chunks into frames of `size` samples for the detector."""
        joined = np.concatenate([*self._rest, audio])
        whole = len(joined) // size * size
        self._rest = [joined[whole:]]
        return [joined[i : i + size] for i in range(0, whole, size)]
