"""A loaded Whisper: sound in, words out, with a guard on what it says.

Holds no utterance. Its owner calls it from one thread.
"""

from __future__ import annotations

import logging
import math
import time
import zlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from app.core.ports import SAMPLE_RATE, Audio
from app.errors import ProviderBroke, ProviderUnavailable
from app.providers.stt.whisper_models import NEXT_STEP, WEIGHTS, ShortWindows
from app.settings import WhisperSettings

log = logging.getLogger(__name__)

WINDOW_S = 30.0
"""What Whisper hears at once; longer audio must come in pieces."""

MIN_LOG_PROBABILITY = -1.0
"""Mean per token. This and the next two are the limits Whisper's authors chose (section 4.5 of
their paper) and faster-whisper keeps."""

MAX_COMPRESSION_RATIO = 2.4
"""Text that zlib shrinks further is repeating itself."""

NO_SPEECH_PROBABILITY = 0.6
"""Above it, words the decoder is not sure of are taken for silence."""

MAX_TOKENS = 224
"""Half of Whisper's text context, as it was trained."""

TOKENS_PER_S = 24
SPARE_TOKENS = 16
"""More than anybody says: English has about 6 tokens per second, scripts that Whisper writes
byte by byte reach three times that. Ends an endless repetition early."""


CONTEXT_TOKENS = 64
"""Of the text before a window, given to the decoder so that names and sentences go on as they
began: two or three sentences. They are read in one step, about as long as writing one token."""

PACES = 5
"""Decodes whose median tells how long the next one takes: one that had to wait for a busy core is
not believed."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """One decode of one window."""

    text: str
    language: str
    language_probability: float
    log_probability: float
    """Mean per token."""
    trusted: bool
    """Passed the guard: sure enough, not repeating itself, and came to an end."""
    tokens: tuple[int, ...]
    """The text as the model wrote it."""
    may_improve: bool
    """The guard failed, and a full window without context may do better."""


class Transcriber:
    """The model in memory. One thread."""

    def __init__(
        self, model: Any, device: str, *, beam_size: int, windows: ShortWindows | None
    ) -> None:
        self._model = model
        self._beam_size = beam_size
        self._windows = windows
        self.device = device
        """ "cpu" or "cuda"."""
        self._paces: deque[float] = deque(maxlen=PACES)
        """Seconds of decoding per second of window, of the newest decodes."""

    @classmethod
    def load(
        cls, folder: Path, options: WhisperSettings, *, windows: ShortWindows | None
    ) -> Transcriber:
        """Read the weights and run once, on a GPU when there is one and nothing else is wanted.

        Args:
            windows: None for a model that knows full windows only.

        Raises:
            ProviderUnavailable: a file is missing or damaged, or the GPU cannot be used.
        """
        try:
            import ctranslate2
            from faster_whisper import WhisperModel
        except ImportError as exc:
            raise ProviderUnavailable(
                "The speech recognition library is missing.", "Install Parley again."
            ) from exc

        def on(device: str) -> Transcriber:
            compute_type = options.compute_type
            if compute_type == "auto":
                compute_type = "float16" if device == "cuda" else "int8"
            model = WhisperModel(
                str(folder),
                device=device,
                compute_type=compute_type,
                cpu_threads=options.threads,
                local_files_only=True,
            )
            transcriber = cls(model, device, beam_size=options.beam_size, windows=windows)
            # CUDA's libraries are opened by the first run, which also fills every cache; it says
            # nothing about how long the next ones take.
            nothing = np.zeros(SAMPLE_RATE, dtype=np.float32)
            transcriber._decode(nothing, None, (), short=windows is not None)
            return transcriber

        device = options.device
        if device != "cpu" and (device == "cuda" or ctranslate2.get_cuda_device_count() > 0):
            try:
                return on("cuda")
            except (RuntimeError, ValueError, ProviderBroke) as exc:
                if device == "cuda":
                    raise ProviderUnavailable(
                        f"The speech model cannot run on the GPU: {exc}",
                        'Write device = "cpu" under [stt.whisper] into the settings file.',
                    ) from exc
                log.warning("Whisper runs on the CPU because the GPU failed: %s", exc)
        try:
            return on("cpu")
        except ValueError as exc:
            raise ProviderUnavailable(
                f"The speech model cannot be loaded: {exc}", "Check its settings."
            ) from exc
        except ProviderBroke as exc:
            raise ProviderUnavailable(exc.title, NEXT_STEP) from exc
        # The tokenizer's reader raises a bare Exception for a file that is cut short.
        except Exception as exc:
            raise ProviderUnavailable(
                f"The speech model {folder / WEIGHTS} is cut short or damaged.", NEXT_STEP
            ) from exc

    @property
    def multilingual(self) -> bool:
        return bool(self._model.model.is_multilingual)

    def expected_s(self, samples: int) -> float:
        """How long decoding so much audio is likely to take, as the last ones went; 0 before."""
        return median(self._paces) * self._window_s(samples) if self._paces else 0.0

    def decode(self, audio: Audio, language: str | None, context: Sequence[int] = ()) -> Decoded:
        """The words in at most `WINDOW_S` of audio.

        Args:
            language: a code, or None to detect it; one that Whisper does not know is detected.
            context: tokens of what was said before it.

        Raises:
            ProviderBroke: the library failed.
        """
        window_s = self._window_s(len(audio))
        started = time.perf_counter()
        decoded = self._decode(audio, language, context, short=window_s < WINDOW_S)
        self._paces.append((time.perf_counter() - started) / window_s)
        return decoded

    def decode_again(self, audio: Audio, language: str | None, first: Decoded) -> Decoded:
        """The second try, with a full window and no context: the better of the two.

        Raises:
            ProviderBroke: the library failed.
        """
        log.info("A decode failed the guard (%.2f)", first.log_probability)
        full = self._decode(audio, language, (), short=False)
        better = full.trusted or full.log_probability >= first.log_probability
        return full if better else replace(first, may_improve=False)

    def _window_s(self, samples: int) -> float:
        """Seconds that the encoder hears for so much audio."""
        if self._windows is None:
            return WINDOW_S
        seconds = samples / SAMPLE_RATE + self._windows.margin_s
        return min(max(seconds, self._windows.least_s), WINDOW_S)

    def _decode(
        self, audio: Audio, language: str | None, context: Sequence[int], *, short: bool
    ) -> Decoded:
        try:
            return self._run(audio, language, context, short=short)
        except RuntimeError as exc:
            raise ProviderBroke(f"Speech recognition failed: {exc}", "Try again.") from exc

    def _run(
        self, audio: Audio, language: str | None, context: Sequence[int], *, short: bool
    ) -> Decoded:
        from faster_whisper.tokenizer import Tokenizer

        encoded = self._model.encode(self._features(audio, short=short))
        spoken, probability = self._language(encoded, language)
        tokenizer = Tokenizer(
            self._model.hf_tokenizer, self.multilingual, task="transcribe", language=spoken
        )
        seconds = len(audio) / SAMPLE_RATE
        most = min(MAX_TOKENS, math.ceil(seconds * TOKENS_PER_S) + SPARE_TOKENS)
        before = [tokenizer.sot_prev, *context[-CONTEXT_TOKENS:]] if context else []
        prompt = [*before, *tokenizer.sot_sequence, tokenizer.no_timestamps]
        result = self._model.model.generate(
            encoded,
            [prompt],
            beam_size=self._beam_size,
            # CTranslate2 allows half of it to new tokens, and what the prompt leaves.
            max_length=max(2 * most, len(prompt) + most),
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        tokens = result.sequences_ids[0]
        # The score is the mean without the end token, which counts when it was reached.
        mean = result.scores[0] * len(tokens) / (len(tokens) + 1)
        text = tokenizer.decode(tokens).strip()
        if result.no_speech_prob > NO_SPEECH_PROBABILITY and mean < MIN_LOG_PROBABILITY:
            return Decoded("", spoken, probability, mean, True, (), False)
        trusted = (
            mean >= MIN_LOG_PROBABILITY
            and _compression_ratio(text) <= MAX_COMPRESSION_RATIO
            and len(tokens) < most
        )
        may_improve = not trusted and (short or bool(context))
        return Decoded(text, spoken, probability, mean, trusted, tuple(tokens), may_improve)

    def _features(self, audio: Audio, *, short: bool) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Log-mel frames, two per position of the encoder."""
        extract = self._model.feature_extractor
        if short:
            silence = round(self._window_s(len(audio)) * SAMPLE_RATE) - len(audio)
            frames = extract(audio, padding=silence)
            return np.asarray(frames[:, : frames.shape[1] // 2 * 2], dtype=np.float32)
        # Padded after the extraction, as faster-whisper does, so that the words are the same.
        full = np.zeros((extract.mel_filters.shape[0], extract.nb_max_frames), dtype=np.float32)
        frames = extract(audio)[:, : extract.nb_max_frames]
        full[:, : frames.shape[1]] = frames
        return full

    def _language(self, encoded: Any, language: str | None) -> tuple[str, float]:
        if not self.multilingual:
            return "en", 1.0
        if language is not None and language in self._model.supported_languages:
            return language, 1.0
        token, probability = self._model.model.detect_language(encoded)[0][0]
        return token[2:-2], float(probability)


def _compression_ratio(text: str) -> float:
    data = text.encode()
    return len(data) / len(zlib.compress(data))
