"""Speech to text with Whisper, through faster-whisper and CTranslate2."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.agreement import Agreement
from app.core.ports import SAMPLE_RATE, Audio, Engine, Partial, Stage, SttSession, Transcript
from app.errors import ProviderBroke
from app.providers import hub
from app.providers.stt import whisper_models
from app.providers.stt.voice_track import TRAIL_S, VoiceTrack
from app.providers.stt.whisper_decoding import Decoded, Transcriber
from app.providers.stt.whisper_models import Progress
from app.providers.vad.silero import SileroVad
from app.settings import WhisperSettings

LEAD_S = 0.5
"""Kept in front of the voice. Longer silence is cut off, there and behind `TRAIL_S` at the end:
it costs time and invites inventions."""

SURE_OF_LANGUAGE_S = 1.5
"""The language is detected anew until this much voice was heard, then kept."""

KEY_LAG_S = 0.05
"""From the last word to the end of the recording at the earliest: it goes on for 40 ms after the
key came up, and is read every 20 ms. A decode that is begun while somebody speaks costs nothing
when it is over by then."""

MEAN_DELAY_S = 0.01
"""By so much such a decode may delay the final transcript on average, for a key that comes up with
the last word. One that takes D seconds in every T is still running then in D of T cases, and goes
on for (D - KEY_LAG_S) at most and half of that on average; so T follows from D: 0.1 s may come as
often as the settings say, 0.2 s every 1.1 s, 0.6 s every 15 s."""

LONGEST_IN_GAP_S = 0.3
"""A decode that is likely to take longer waits until a silence has become a pause: more than half
of the shorter silences lie between two words."""

PAUSE_CUTS_S = 12.0
"""A window at least this long is closed for good in a pause, so that in dictation the key never
comes up on more than one sentence. Shorter ones are not cut: Whisper hears a sentence better with
all of it in sight, and the time that would be gained is below a tenth of a second."""

LONG_PAUSE_S = 5.0
"""A pause that closes every window: silence in the middle takes time to hear and invites
inventions as it does at the ends."""

PIECE_S = (15.0, 27.0)
"""An utterance without a pause is cut at its quietest moment between these: one piece fits
Whisper's window with the margin a short one needs."""

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
            windows=whisper_models.short_windows(folder, name),
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


@dataclass(frozen=True, slots=True)
class _Window:
    """The part of an utterance that was decoded last."""

    start: int
    end: int
    """Samples of the utterance."""
    decoded: Decoded


class WhisperSession:
    """One utterance. Used by one thread.

    A window reaches from the last cut (or the voice's beginning) to `TRAIL_S` behind the last
    voiced frame. No window is decoded twice: what was decoded after the speaker fell silent is the
    final transcript, unless more is said.
    """

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
        self._audio: list[Audio] = []
        self._samples = 0
        self._cut = 0
        """Sample up to which the utterance is decoded for good."""
        self._cut_voiced = 0
        """Samples of voice there were when it was cut in a pause."""
        self._before_cut: list[str] = []
        self._context: tuple[int, ...] = ()
        """The end of what was said before the cut, in tokens."""
        self._last: _Window | None = None
        self._interval_s = partial_interval_ms / 1000
        self._decoded_voiced = 0
        """Samples of voice there were when a window was decoded last."""
        self._agreement = Agreement()
        self._agreed: Decoded | None = None
        """The newest decode that the agreement knows of."""
        self._stable = ""
        self._said: Partial | None = None

    def feed(self, audio: Audio) -> None:
        if audio.size:
            self._audio.append(audio.copy())  # the caller may reuse its buffer
            self._samples += len(audio)
            self._voice.feed(audio)

    def partial(self) -> Partial | None:
        """The words so far: decoded at once when the speaker falls silent, since nothing but
        the key may follow, and now and then while somebody speaks."""
        if not self._has_words:
            return None
        if self._voice.trailed_off:
            return self._partial_in_silence()
        if not self._voice.speaking or not self._is_due:
            return None
        self._cut_what_is_too_long()
        decoded = self._decode()
        return self._partial(decoded) if decoded.trusted else None

    def finish(self) -> Transcript:
        """Decode what is left, which is nothing when the speaker fell silent before."""
        if self._has_words:
            self._cut_what_is_too_long()
        return self._transcript(self._decode_for_good().text if self._has_words else "")

    def _partial_in_silence(self) -> Partial | None:
        paused = self._voice.paused
        if not paused and self._expected_s > LONGEST_IN_GAP_S:
            return None
        self._cut_what_is_too_long()
        if not paused:
            decoded = self._decode()
            return self._partial(decoded) if decoded.trusted else None
        decoded = self._decode_for_good()
        partial = self._partial(decoded, settled=True)
        start, end = self._bounds()
        is_long = end - start >= PAUSE_CUTS_S * SAMPLE_RATE
        if decoded.trusted and (is_long or self._voice.silent_s >= LONG_PAUSE_S):
            self._cut_at(end, decoded)
            self._cut_voiced = self._voice.samples
        return partial

    @property
    def _has_words(self) -> bool:
        """Whether somebody spoke since the last cut; a click after a pause is no reason to
        decode, as it is none before anybody has spoken."""
        voice = self._voice
        return voice.last > self._cut and voice.heard_since(self._cut_voiced)

    @property
    def _is_due(self) -> bool:
        """Whether there is enough new voice to decode while more of it comes."""
        longer_s = max(0.0, self._expected_s - KEY_LAG_S)
        every_s = max(self._interval_s, longer_s**2 / (2 * MEAN_DELAY_S))
        return self._voice.samples - self._decoded_voiced >= every_s * SAMPLE_RATE

    @property
    def _expected_s(self) -> float:
        start, end = self._bounds()
        return self._transcriber.expected_s(end - start)

    def _cut_what_is_too_long(self) -> None:
        """Decode for good what no longer fits one window, cut where it is quietest."""
        longest = round(PIECE_S[1] * SAMPLE_RATE)
        start, end = self._bounds()
        while end - start > longest:
            piece = self._sound(start, start + longest)
            piece = piece[: _quietest(piece)]
            decoded = self._heard(piece)
            if decoded.may_improve:
                decoded = self._heard_again(piece, decoded)
            self._cut_at(start + len(piece), decoded)
            start, end = self._bounds()

    def _cut_at(self, sample: int, decoded: Decoded) -> None:
        """Keep these words for good and go on behind `sample`."""
        if decoded.text:
            self._before_cut.append(decoded.text)
            self._context = decoded.tokens if decoded.trusted else ()
        self._cut = sample
        self._last = None

    def _decode(self) -> Decoded:
        """The words in the window."""
        start, end = self._bounds()
        if self._last is None or (self._last.start, self._last.end) != (start, end):
            self._decoded_voiced = self._voice.samples
            self._last = _Window(start, end, self._heard(self._sound(start, end)))
        return self._last.decoded

    def _decode_for_good(self) -> Decoded:
        """The words in the window, with a second try when the guard fails."""
        decoded = self._decode()
        if decoded.may_improve:
            start, end = self._bounds()
            decoded = self._heard_again(self._sound(start, end), decoded)
            self._last = _Window(start, end, decoded)
        return decoded

    def _bounds(self) -> tuple[int, int]:
        """First sample of the window, and the one behind its last."""
        start = max(self._cut, self._voice.start(LEAD_S))
        return start, min(self._samples, self._voice.end(TRAIL_S))

    def _sound(self, start: int, end: int) -> Audio:
        if len(self._audio) != 1:
            self._audio = [np.concatenate([np.zeros(0, dtype=np.float32), *self._audio])]
        return self._audio[0][start:end]

    def _heard(self, sound: Audio) -> Decoded:
        return self._note_language(self._transcriber.decode(sound, self._language, self._context))

    def _heard_again(self, sound: Audio, first: Decoded) -> Decoded:
        return self._note_language(self._transcriber.decode_again(sound, self._language, first))

    def _note_language(self, decoded: Decoded) -> Decoded:
        if decoded.language != self._language:
            self._detected = decoded.language
            self._language_probability = decoded.language_probability
            if self._voice.samples >= SURE_OF_LANGUAGE_S * SAMPLE_RATE:
                self._language = decoded.language
        return decoded

    def _partial(self, decoded: Decoded, *, settled: bool = False) -> Partial | None:
        transcript = self._transcript(decoded.text)
        if not transcript.text:
            return None
        if decoded is not self._agreed:
            self._agreed = decoded
            self._stable = self._agreement.add(transcript.text)
        partial = Partial(transcript, self._stable, settled)
        if partial == self._said:
            return None
        self._said = partial
        return partial

    def _transcript(self, rest: str) -> Transcript:
        text = " ".join([*self._before_cut, rest]).strip()
        return Transcript(text, self._detected, self._language_probability)


def _quietest(audio: Audio) -> int:
    """The sample in the middle of the quietest moment after `PIECE_S[0]`."""
    start = round(PIECE_S[0] * SAMPLE_RATE)
    length = round(QUIET_S * SAMPLE_RATE)
    energy = np.cumsum(audio[start:].astype(np.float64) ** 2)
    return start + int(np.argmin(energy[length:] - energy[:-length])) + length // 2
