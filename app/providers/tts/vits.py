"""VITS: the MMS voices of Meta, one per language.

A clause is spoken in windows, so the first sound is there long before the clause is computed:
`vits_on_cpu` and `vits_on_cuda` are the same four steps on two kinds of processor, `vits_windows`
chooses the windows. Text comes clean and spelled out; here it is only fitted to the letters the
voice knows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.core.ports import Audio, Engine, Stage
from app.errors import ProviderBroke, ProviderUnavailable
from app.providers.tts import vits_files, vits_on_cuda
from app.providers.tts.pauses import pause_after
from app.providers.tts.vits_on_cpu import CpuVits, Noise
from app.providers.tts.vits_tokens import VitsTokens
from app.settings import VitsSettings

log = logging.getLogger(__name__)

WARM_UP_LETTERS = 12


class VitsTts:
    """One voice per language, each loaded when it is first needed.

    Used by one thread; `speaks` and `engine` may be asked from any.
    """

    def __init__(
        self,
        options: VitsSettings,
        models_dir: Path,
        speed: float,
        noise: Noise | None = None,
    ) -> None:
        """`speed` 1 is the voices' own; `noise` in place of what the processor's voices draw."""
        self._noise = noise
        self._options = options
        self._models_dir = models_dir
        self._speed = speed
        self._voices: dict[str, _Voice] = {}
        self._engine = Engine(Stage.TTS, "vits", next(iter(options.voices.values()), ""))
        self._sample_rate = 0
        self._decoding = ""

    @property
    def engine(self) -> Engine:
        return self._engine

    @property
    def sample_rate(self) -> int:
        return self._sample_rate

    @property
    def decoding(self) -> str:
        """How the first voice decodes, for people; empty where there is one way only."""
        return self._decoding

    def load(self) -> None:
        """Loads the first voice of the settings that is here; the others wait."""
        present = [language for language in self._options.voices if self.speaks(language)]
        if not present:
            raise ProviderUnavailable(
                "No voice is downloaded yet.",
                "Download one in Parley's settings, under Models, or with `parley fetch tts` "
                f"(about 145 MB, licence {vits_files.LICENCE}).",
            )
        self._voice(present[0])

    def close(self) -> None:
        self._voices.clear()
        self._sample_rate = 0

    def fetch(self, progress: Callable[[str], None], language: str | None = None) -> None:
        """Download the voice of a language, by default the first of the settings."""
        voices = self._options.voices
        wanted = _primary(language) if language else next(iter(voices), "")
        if wanted not in voices:
            raise ProviderUnavailable(
                f"No voice is known for “{wanted}”.",
                "Choose one in Parley's settings, under Models.",
            )
        vits_files.fetch(voices[wanted], self._models_dir, progress)

    def speaks(self, language: str) -> bool:
        """Whether the voice of this language is on this computer."""
        language = _primary(language)
        if language in self._voices:
            return True
        voice = self._options.voices.get(language)
        return voice is not None and vits_files.find(voice, self._models_dir) is not None

    def synthesize(self, text: str, language: str) -> Iterator[Audio]:
        """As the port says. The first clause of a language loads its voice, once.

        Raises:
            ProviderUnavailable: there is no voice for the language here.
            ProviderBroke: it stopped in the middle.
        """
        voice = self._voice(_primary(language))
        spoken = False
        for piece in voice.speak(text):
            spoken = True
            yield piece
        if spoken:
            yield pause_after(text, self._sample_rate)

    def _voice(self, language: str) -> _Voice:
        loaded = self._voices.get(language)
        if loaded is not None:
            return loaded
        name = self._options.voices.get(language)
        folder = vits_files.find(name, self._models_dir) if name is not None else None
        if name is None or folder is None:
            raise ProviderUnavailable(
                f"There is no voice for “{language}” on this computer.",
                "Download it with `parley fetch tts`; the built-in voice speaks until then.",
            )
        voice = _Voice.load(folder, self._options, self._speed, self._noise)
        if self._voices and voice.sample_rate != self._sample_rate:
            raise ProviderUnavailable(
                f"The voice {name} has another sample rate than the other voices.",
                "Choose another voice for this language in Parley's settings, under Models.",
            )
        log.info("voice %s loaded from %s on %s", name, folder, voice.device)
        if not self._voices:
            self._engine = Engine(Stage.TTS, "vits", name, device=voice.device)
            self._sample_rate = voice.sample_rate
            self._decoding = voice.decoding
        self._voices[language] = voice
        return voice


class _Model(Protocol):
    """A loaded voice on one kind of processor."""

    @property
    def sample_rate(self) -> int: ...

    @property
    def decoding(self) -> str:
        """How it decodes, for people; empty where there is one way only."""

    def prepare(self, ids: NDArray[np.int64]) -> None:
        """Get ready for speaking, with a text that nobody hears."""

    def speak(self, ids: NDArray[np.int64]) -> Iterator[Audio]:
        """The samples of one clause, given as token numbers, window by window."""


class _Voice:
    """A loaded voice: its alphabet and its model."""

    def __init__(self, tokens: VitsTokens, model: _Model, device: str) -> None:
        self._tokens = tokens
        self._model = model
        self.device = device
        self.sample_rate = model.sample_rate

    @classmethod
    def load(cls, folder: Path, options: VitsSettings, speed: float, noise: Noise | None) -> _Voice:
        """On a GPU when there is one that can be used and nothing else is wanted, and prepared.

        Raises:
            ProviderUnavailable: a library or a file is missing or damaged.
            ProviderBroke: it cannot speak.
        """
        vits_files.check(folder)
        tokens = VitsTokens(folder)

        def on(device: str) -> _Voice:
            model: _Model = (
                vits_on_cuda.CudaVits(folder, speed)
                if device == "cuda"
                else CpuVits(folder, speed, options.threads, noise)
            )
            alphabet = tokens.numbers(" ".join(tokens.letters[:WARM_UP_LETTERS]))
            if len(alphabet):
                model.prepare(alphabet)
            return cls(tokens, model, device)

        if options.device != "auto":
            return on(options.device)
        if vits_on_cuda.is_here():
            try:
                return on("cuda")
            except (ProviderUnavailable, ProviderBroke) as exc:
                log.warning("The voice runs on the CPU because the GPU failed: %s", exc)
        return on("cpu")

    @property
    def decoding(self) -> str:
        return self._model.decoding

    def speak(self, text: str) -> Iterator[Audio]:
        """Nothing when no character of the text can be spoken."""
        ids = self._tokens.numbers(text)
        if len(ids):
            yield from self._model.speak(ids)


def _primary(language: str) -> str:
    """ "en" of "en-US"."""
    return language.replace("_", "-").partition("-")[0].lower()
