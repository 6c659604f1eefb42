"""A loaded Whisper: sound in, words out, with a guard on what it says.

Holds no utterance. Its owner calls it from one thread.
"""

from __future__ import annotations

import logging
import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.core.ports import SAMPLE_RATE, Audio
from app.errors import ProviderBroke, ProviderUnavailable
from app.providers.stt.whisper_models import NEXT_STEP, WEIGHTS
from app.settings import WhisperSettings

log = logging.getLogger(__name__)

WINDOW_S = 30.0
"""What Whisper hears at once; longer audio must come in pieces."""

MARGIN_S = 2.56
"""Silence after a short window: 128 positions of the encoder's context, as the model cards of
the fine-tuned models measured them."""

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


class Transcriber:
    """The model in memory. One thread."""

    def __init__(self, model: Any, device: str, *, beam_size: int, short_windows: bool) -> None:
        self._model = model
        self._beam_size = beam_size
        self._short_windows = short_windows
        self.device = device
        """ "cpu" or "cuda"."""

    @classmethod
    def load(cls, folder: Path, options: WhisperSettings, *, short_windows: bool) -> Transcriber:
        """Read the weights and run once, on a GPU when there is one and nothing else is wanted.

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
            transcriber = cls(
                model, device, beam_size=options.beam_size, short_windows=short_windows
            )
            # CUDA's libraries are opened by the first run, which also fills every cache.
            transcriber.decode(np.zeros(SAMPLE_RATE, dtype=np.float32), None, second_try=False)
            return transcriber

        device = options.device
        if device != "cpu" and (device == "cuda" or ctranslate2.get_cuda_device_count() > 0):
            try:
                return on("cuda")
            except (RuntimeError, ValueError, ProviderBroke) as exc:
                if device == "cuda":
                    raise ProviderUnavailable(
                        f"The speech model cannot run on the GPU: {exc}",
                        "Choose the CPU in the settings file.",
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

    def decode(self, audio: Audio, language: str | None, *, second_try: bool) -> Decoded:
        """The words in at most `WINDOW_S` of audio.

        `language` is a code, or None to detect it; one that Whisper does not know is detected.
        `second_try` allows one decode with the full window when the guard fails on a short one.

        Raises:
            ProviderBroke: the library failed.
        """
        try:
            short = self._short_windows and len(audio) < (WINDOW_S - MARGIN_S) * SAMPLE_RATE
            decoded = self._decode(audio, language, short=short)
            if decoded.trusted or not short or not second_try:
                return decoded
            log.info("A short window failed the guard (%.2f)", decoded.log_probability)
            full = self._decode(audio, language, short=False)
        except RuntimeError as exc:
            raise ProviderBroke(f"Speech recognition failed: {exc}", "Try again.") from exc
        better = full.trusted or full.log_probability >= decoded.log_probability
        return full if better else decoded

    def _decode(self, audio: Audio, language: str | None, *, short: bool) -> Decoded:
        from faster_whisper.tokenizer import Tokenizer

        encoded = self._model.encode(self._features(audio, short=short))
        spoken, probability = self._language(encoded, language)
        tokenizer = Tokenizer(
            self._model.hf_tokenizer, self.multilingual, task="transcribe", language=spoken
        )
        seconds = len(audio) / SAMPLE_RATE
        most = min(MAX_TOKENS, math.ceil(seconds * TOKENS_PER_S) + SPARE_TOKENS)
        result = self._model.model.generate(
            encoded,
            [[*tokenizer.sot_sequence, tokenizer.no_timestamps]],
            beam_size=self._beam_size,
            # CTranslate2 allows half of it to new tokens.
            max_length=2 * most,
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        tokens = result.sequences_ids[0]
        # The score is the mean without the end token, which counts when it was reached.
        mean = result.scores[0] * len(tokens) / (len(tokens) + 1)
        text = tokenizer.decode(tokens).strip()
        if result.no_speech_prob > NO_SPEECH_PROBABILITY and mean < MIN_LOG_PROBABILITY:
            return Decoded("", spoken, probability, mean, trusted=True)
        trusted = (
            mean >= MIN_LOG_PROBABILITY
            and _compression_ratio(text) <= MAX_COMPRESSION_RATIO
            and len(tokens) < most
        )
        return Decoded(text, spoken, probability, mean, trusted)

    def _features(self, audio: Audio, *, short: bool) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Log-mel frames, two per position of the encoder."""
        extract = self._model.feature_extractor
        if short:
            frames = extract(audio, padding=round(MARGIN_S * SAMPLE_RATE))
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
