"""Where speech begins and ends, from the probabilities of a voice detector.

Four states, the vocabulary of voice assistants: quiet, starting (a voice, too short to count
yet), speaking, stopping (silence, too short to count yet). Pure: time is the number of frames
fed, so it is the time of the recording, not of the clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

HYSTERESIS = 0.15
"""Once somebody speaks, a frame is voice down to the threshold less this, so that a soft
syllable does not end it; the distance that Silero's own segmenter uses."""


class SpeechState(StrEnum):
    QUIET = "quiet"
    STARTING = "starting"
    SPEAKING = "speaking"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class Transition:
    """The state changed.

    Into `SPEAKING` from `STARTING`, speech has begun at `at_s`; into `QUIET` from `STOPPING`,
    speech has ended at `at_s`. Both lie in the past by the time it took to be sure.
    """

    before: SpeechState
    after: SpeechState
    at_s: float
    """Seconds from the first frame of the utterance."""


class Endpointing:
    """Follows one utterance frame by frame. Used by one thread.

    Args:
        threshold: probability from which a frame is voice.
        start_ms: voice without a gap for this long is speech; less is a click or a cough.
        silence_ms: silence for this long ends speech; less is a breath.
        frame_ms: length of the frames the probabilities belong to.
    """

    def __init__(
        self, *, threshold: float, start_ms: float, silence_ms: float, frame_ms: float
    ) -> None:
        self._threshold = threshold
        self._frame_s = frame_ms / 1000
        self._start_frames = max(1, math.ceil(start_ms / frame_ms))
        self._silence_frames = max(1, math.ceil(silence_ms / frame_ms))
        self.reset()

    def reset(self) -> None:
        """A new utterance begins."""
        self._state = SpeechState.QUIET
        self._frames = 0
        self._run = 0
        """Frames in a row that speak for leaving `STARTING` or `STOPPING`."""
        self._voiced = 0
        self._began: int | None = None
        self._ended: int | None = None

    @property
    def state(self) -> SpeechState:
        return self._state

    @property
    def heard_speech(self) -> bool:
        """Whether anything so far was speech."""
        return self._began is not None

    @property
    def speech_began_s(self) -> float | None:
        """Start of the first speech in the utterance; None without any."""
        return None if self._began is None else self._began * self._frame_s

    @property
    def speech_ended_s(self) -> float | None:
        """End of the last voiced frame of speech so far; None without any.

        Final once no more frames come: a key that comes up in the middle of a word leaves
        the state at `SPEAKING`, after it at `STOPPING` or `QUIET`.
        """
        return None if self._ended is None else self._ended * self._frame_s

    @property
    def voiced_ms(self) -> float:
        """How much of the utterance was voice, pauses and clicks left out."""
        return self._voiced * self._frame_s * 1000

    def feed(self, probability: float) -> list[Transition]:
        """Take the next frame; what it changed, in order: nothing, one or two transitions."""
        self._frames += 1
        bar = self._threshold
        if self._state in (SpeechState.SPEAKING, SpeechState.STOPPING):
            bar -= HYSTERESIS
        return self._voice() if probability >= bar else self._silence()

    def _voice(self) -> list[Transition]:
        before = self._frames - 1
        match self._state:
            case SpeechState.QUIET:
                self._run = 1
                return [self._go(SpeechState.STARTING, before), *self._confirm()]
            case SpeechState.STARTING:
                self._run += 1
                return self._confirm()
            case SpeechState.SPEAKING:
                self._count_voice(1)
                return []
            case SpeechState.STOPPING:
                self._count_voice(1)
                return [self._go(SpeechState.SPEAKING, before)]

    def _confirm(self) -> list[Transition]:
        """Turn `STARTING` into `SPEAKING` when it has lasted."""
        if self._run < self._start_frames:
            return []
        began = self._frames - self._run
        if self._began is None:
            self._began = began
        self._count_voice(self._run)
        return [self._go(SpeechState.SPEAKING, began)]

    def _count_voice(self, frames: int) -> None:
        self._voiced += frames
        self._ended = self._frames

    def _silence(self) -> list[Transition]:
        before = self._frames - 1
        match self._state:
            case SpeechState.QUIET:
                return []
            case SpeechState.STARTING:
                return [self._go(SpeechState.QUIET, before)]
            case SpeechState.SPEAKING:
                self._run = 1
                return [self._go(SpeechState.STOPPING, before), *self._give_up()]
            case SpeechState.STOPPING:
                self._run += 1
                return self._give_up()

    def _give_up(self) -> list[Transition]:
        """Turn `STOPPING` into `QUIET` when it has lasted."""
        if self._run < self._silence_frames:
            return []
        return [self._go(SpeechState.QUIET, self._frames - self._run)]

    def _go(self, state: SpeechState, frame: int) -> Transition:
        transition = Transition(self._state, state, frame * self._frame_s)
        self._state = state
        return transition
