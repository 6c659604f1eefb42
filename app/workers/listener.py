"""The listener's thread: from the open microphone to one utterance at a time."""

from __future__ import annotations

import time
from collections.abc import Callable

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
from app.core.sound_events import MicrophoneHeard, WatchMicrophone
from app.core.turn import Turn
from app.settings import EndpointingSettings, TalkSettings
from app.workers.worker import Worker

PUMP_MS = 20
"""How often the microphone's ring is read while an utterance is open."""

LEVEL_EVERY_S = 1 / 30
LONGEST_AFTER_KEY_S = 0.1
"""Nothing that was said later than this after the key came up is recorded."""

LONGEST_INPUT_LATENCY_S = 0.5
"""How long to wait for what was said before the key came up; Bluetooth takes 0.1 to 0.3 s."""

BARGE_IN_SILENCE_S = 0.06
"""From a barge-in to silence at the loudspeaker: 50 ms in the median and 58 ms in the 95th
percentile, measured on a virtual one."""


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
        self._stand_in = vad
        self._vad = vad
        self._next_vad: VadProvider | None = None
        self._talk = talk
        self._endpointing_settings = endpointing
        self._utterance: _Utterance | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(PUMP_MS)
        self._timer.timeout.connect(self._on_tick)
        self._meter = QTimer(self)
        self._meter.setInterval(round(1000 * LEVEL_EVERY_S))
        self._meter.timeout.connect(self._on_meter)

    def on_begin(self) -> None:
        self._vad.load()
        self.happened.emit(EngineReady(engine=self._vad.engine))

    def on_end(self) -> None:
        self._timer.stop()
        self._meter.stop()
        for vad in (self._next_vad, self._vad, self._stand_in):
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
                self._attempt(lambda: self._open(event))
            case CloseUtterance() if self._utterance:
                self._utterance.released_at = event.released_at
                self._attempt(self._pump)
            case ReopenUtterance() if self._utterance:
                self._utterance.released_at = None
            case WatchMicrophone(on=True):
                self._meter.start()
            case WatchMicrophone():
                self._meter.stop()

    def _open(self, command: OpenUtterance) -> None:
        if self._next_vad:
            self._vad, self._next_vad = self._next_vad, None
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
        # After a barge-in there is no pre-roll: until the loudspeaker has fallen silent, what
        # the microphone hears is Parley's own voice.
        lead_s = -BARGE_IN_SILENCE_S if command.over_speech else self._talk.pre_roll_ms / 1000
        self._utterance.began_at = command.at - lead_s
        self._vad.reset()
        self._source.seek(self._utterance.began_at)
        if not self._source.alive:
            self._finish("no microphone")
            return
        self._timer.start()
        self._pump()

    @Slot()
    def _on_tick(self) -> None:
        self._attempt(self._pump)

    @Slot()
    def _on_meter(self) -> None:
        self.happened.emit(MicrophoneHeard(level=self._source.level))

    def _attempt(self, step: Callable[[], None]) -> None:
        """Do it; when it fails, end the utterance with what was recorded, so that no turn waits
        for ever and the key works again."""
        try:
            step()
        except Exception as exc:
            utterance = self._utterance
            self.report(exc, turn_id=utterance.turn.id if utterance else 0)
            self._finish(self._verdict(utterance) if utterance else None)

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
        latency_s = min(self._source.latency_s, LONGEST_INPUT_LATENCY_S)
        return utterance.released_at + latency_s + min(roll_s, LONGEST_AFTER_KEY_S)

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
        was_speech = utterance.heard_speech
        try:
            for frame in utterance.frames(audio, self._vad.frame_samples):
                utterance.endpointing.feed(self._vad.probability(frame))
        except Exception as exc:  # a detector may fail in any way; nobody is unheard for it
            if self._vad is self._stand_in:
                raise
            self.report(exc, turn_id=turn_id, recovered_by=self._stand_in.engine.name)
            self._vad = self._stand_in
            self._vad.reset()
            utterance.is_judged = False
        if utterance.heard_speech and not was_speech:
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
        if utterance.heard_speech:
            return "speech"
        return "muted" if self._source.muted else "silence"

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
        return min(released_at, utterance.began_at + ended_s)


class _Utterance:
    """One recording, owned by its turn."""

    def __init__(self, turn: Turn, opened_at: float, endpointing: Endpointing) -> None:
        self.turn = turn
        self.opened_at = opened_at
        self.endpointing = endpointing
        self.began_at = opened_at
        """Arrival time of its first sample."""
        self.released_at: float | None = None
        self.is_judged = True
        """False once the voice detector has failed: what is recorded counts as speech."""
        self.samples = 0
        self.level_shown_at = 0.0
        self._rest: list[Audio] = []

    @property
    def heard_speech(self) -> bool:
        return self.endpointing.heard_speech or not self.is_judged

    def frames(self, audio: Audio, size: int) -> list[Audio]:
        """Cut the stream of chunks into frames of `size` samples for the detector."""
        joined = np.concatenate([*self._rest, audio])
        whole = len(joined) // size * size
        self._rest = [joined[whole:]]
        return [joined[i : i + size] for i in range(0, whole, size)]
