"""Where in an utterance there is a voice: what the engines decode and what they leave out."""

from __future__ import annotations

import numpy as np

from app.core.ports import SAMPLE_RATE, Audio
from app.providers.vad.silero import SileroVad

VOICED = 0.35
"""Speech probability of a frame that may hold words. Lower than where endpointing hears speech:
the talk key has said already that somebody speaks."""

MIN_VOICED_FRAMES = 3
"""Fewer, 96 ms in all, are a click or a clock: nothing is decoded, because recognisers invent
words for a recording without any (Whisper's "Thank you")."""

TRAIL_S = 0.128
"""Sound behind the last voiced frame that may still belong to a word: four frames. Measured on
21 recordings, it falls to the level of the room within three frames of it in all but one."""

PAUSE_S = 0.224
"""Without a voice for this long, somebody has paused: seven frames. In four minutes of recorded
speech gaps of 64 ms or more come 18 times a minute, of 128 ms 14 times, of 224 ms 9 times, and of
500 ms still 7 times: shorter ones lie within words and between them, longer ones between
sentences, where waiting longer gains little."""


class VoiceTrack:
    """The voiced part of one utterance, followed as it comes. Used by one thread."""

    def __init__(self, vad: SileroVad) -> None:
        self._vad = vad
        self._rest = np.zeros(0, dtype=np.float32)
        self._frames = 0
        self._voiced = 0
        self.first = 0
        """Sample where the first voiced frame starts."""
        self.last = 0
        """Sample where the last voiced frame ends."""

    def feed(self, audio: Audio) -> None:
        size = self._vad.frame_samples
        self._rest = np.concatenate([self._rest, audio])
        while len(self._rest) >= size:
            frame, self._rest = self._rest[:size], self._rest[size:]
            if self._vad.probability(frame) >= VOICED:
                if self._voiced == 0:
                    self.first = self._frames * size
                self._voiced += 1
                self.last = (self._frames + 1) * size
            self._frames += 1

    @property
    def trailed_off(self) -> bool:
        """Whether all of the sound that may belong to the last word is here, and judged."""
        return self.silent_s >= TRAIL_S

    @property
    def paused(self) -> bool:
        """Whether the speaker is silent for so long that a sentence may be over."""
        return self.silent_s >= PAUSE_S

    @property
    def speaking(self) -> bool:
        """Whether the newest frame is voiced."""
        return self.silent_s == 0

    @property
    def silent_s(self) -> float:
        """Seconds without a voice since the last voiced frame."""
        return (self._frames * self._vad.frame_samples - self.last) / SAMPLE_RATE

    @property
    def heard(self) -> bool:
        """Whether anybody spoke."""
        return self.heard_since(0)

    def heard_since(self, samples: int) -> bool:
        """Whether anybody spoke after there were so many samples of voice."""
        return self.samples - samples >= MIN_VOICED_FRAMES * self._vad.frame_samples

    @property
    def samples(self) -> int:
        """How much voice there was, in samples."""
        return self._voiced * self._vad.frame_samples

    def start(self, pad_s: float) -> int:
        """The sample `pad_s` before the voice."""
        return max(0, self.first - round(pad_s * SAMPLE_RATE))

    def end(self, pad_s: float) -> int:
        """The sample `pad_s` after the voice; may lie after the end of the audio."""
        return self.last + round(pad_s * SAMPLE_RATE)
