"""Speech to text with Whisper, through faster-whisper and CTranslate2."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.core.ports import SAMPLE_RATE, Audio, Engine, Partial, Stage, SttSession, Transcript
from app.errors import ProviderBroke
from app.providers import hub
from app.providers.stt import whisper_models
from app.providers.stt.voice_track import VoiceTrack
from app.providers.stt.whisper_decoding import Decoded, Transcriber
from app.providers.stt.whisper_models import Progress
from app.providers.vad.silero import SileroVad
from app.settings import WhisperSettings

PAD_S = 0.5
"""Kept around the voice. Longer silence is cut off: it costs time and invites inventions."""

SURE_OF_LANGUAGE_S = 1.5
"""The language is detected anew until this much voice was heard, then kept."""

PIECE_S = (15.0, 27.0)
"""A longer utterance is cut at its quietest moment between these: one piece fits Whisper's
window with the margin a short one needs."""

QUIET_S = 0.2
"""Over how long the quietest moment is looked for."""


class WhisperStt:
    """The provider: finds, fetches and holds the model. Used by one thread."""

    def __init__(self, options: WhisperSettings, models_dir: Path) -> None:
        self._options = options
        self._models_dir = models_dir
        self._transcriber: Transcriber | None = None
        self._vad = SileroVad()

    @property
    def engine(self) -> Engine:
        if self._transcriber is not None:
            device = self._transcriber.device
        else:
            device = "cuda" if self._options.device == "cuda" else "cpu"
        return Engine(Stage.STT, "whisper", hub.short_name(self._options.model), device)

    def load(self) -> None:
        """Load the model and the voice detector from this computer; run both once.

        Raises:
            ProviderUnavailable: the model is not here, incomplete or damaged.
        """
        name = self._options.model
        folder = whisper_models.locate(name, self._models_dir)
        self._vad.load()
        self._transcriber = Transcriber.load(
            folder,
            self._options,
            short_windows=whisper_models.takes_short_windows(folder, name),
        )

    def close(self) -> None:
        self._transcriber = None
        self._vad.close()

    def fetch(self, progress: Progress) -> None:
        """Download and convert the model; any thread.

        Raises:
            ProviderUnavailable: no network, no such model, no room on the disk.
        """
        whisper_models.fetch(self._options.model, self._models_dir, progress)

    def start(self, language: str | None) -> SttSession:
        """A new utterance; what came of the one before no longer matters."""
        if self._transcriber is None:
            raise ProviderBroke("Whisper is not loaded.", "Start Parley again.")
        return WhisperSession(
            self._transcriber,
            self._vad.twin(),
            language,
            partial_interval_ms=self._options.partial_interval_ms,
        )


class WhisperSession:
    """One utterance. Used by one thread."""

    def __init__(
        self,
        transcriber: Transcriber,
        vad: SileroVad,
        language: str | None,
        *,
        partial_interval_ms: float,
    ) -> None:
        self._transcriber = transcriber
        self._voice = VoiceTrack(vad)
        self._language = language
        self._language_probability = 1.0 if language is not None else 0.0
        self._detected = language or "en"
        self._pieces: list[Audio] = []
        self._settled: list[str] = []
        """Text of the pieces of a long utterance that are decoded for good."""
        self._settled_end = 0
        """Sample up to which it is."""
        self._interval_samples = partial_interval_ms / 1000 * SAMPLE_RATE
        self._decoded_voiced = 0
        self._said = ""

    def feed(self, audio: Audio) -> None:
        if audio.size:
            self._pieces.append(audio.copy())  # the caller may reuse its buffer
            self._voice.feed(audio)

    def partial(self) -> Partial | None:
        """Decode the words so far when enough new voice came since the last time."""
        voice = self._voice
        if not voice.heard or voice.samples - self._decoded_voiced < self._interval_samples:
            return None
        self._decoded_voiced = voice.samples
        self._settle()
        decoded = self._decode(second_try=False)
        if decoded is None or not decoded.trusted:
            return None
        transcript = self._transcript(decoded.text)
        if not transcript.text or transcript.text == self._said:
            return None
        self._said = transcript.text
        return Partial(transcript)

    def finish(self) -> Transcript:
        if not self._voice.heard:
            return self._transcript("")
        self._settle()
        decoded = self._decode(second_try=True)
        return self._transcript(decoded.text if decoded is not None else "")

    def _settle(self) -> None:
        """Decode for good what no longer fits one window, cut where it is quietest."""
        longest = round(PIECE_S[1] * SAMPLE_RATE)
        while len(window := self._window()) > longest:
            cut = _quietest(window[:longest])
            decoded = self._heard(window[:cut], second_try=True)
            if decoded.text:
                self._settled.append(decoded.text)
            self._settled_end = self._window_start() + cut

    def _decode(self, *, second_try: bool) -> Decoded | None:
        """The words since the last cut; None when nobody spoke since."""
        if self._voice.last <= self._settled_end:
            return None
        return self._heard(self._window(), second_try=second_try)

    def _window(self) -> Audio:
        """What is not settled yet, without the silence around the voice."""
        if len(self._pieces) != 1:
            self._pieces = [np.concatenate([np.zeros(0, dtype=np.float32), *self._pieces])]
        return self._pieces[0][self._window_start() : self._voice.end(PAD_S)]

    def _window_start(self) -> int:
        return max(self._settled_end, self._voice.start(PAD_S))

    def _heard(self, audio: Audio, *, second_try: bool) -> Decoded:
        decoded = self._transcriber.decode(audio, self._language, second_try=second_try)
        if decoded.language != self._language:
            self._detected = decoded.language
            self._language_probability = decoded.language_probability
            if self._voice.samples >= SURE_OF_LANGUAGE_S * SAMPLE_RATE:
                self._language = decoded.language
        return decoded

    def _transcript(self, rest: str) -> Transcript:
        text = " ".join([*self._settled, rest]).strip()
        return Transcript(text, self._detected, self._language_probability)


def _quietest(audio: Audio) -> int:
    """The sample in the middle of the quietest moment after `PIECE_S[0]`."""
    start = round(PIECE_S[0] * SAMPLE_RATE)
    length = round(QUIET_S * SAMPLE_RATE)
    energy = np.cumsum(audio[start:].astype(np.float64) ** 2)
    return start + int(np.argmin(energy[length:] - energy[:-length])) + length // 2
