"""VITS: the MMS voices of Meta, one per language, through transformers and torch.

A clause is spoken in windows (`windowed_vits`), so the first sound is there long before the
clause is computed. Text comes clean and spelled out; here it is only fitted to the letters
the voice knows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core.ports import Audio, Engine, Stage
from app.errors import ProviderBroke, ProviderUnavailable
from app.providers.tts import vits_files
from app.providers.tts.pauses import pause_after
from app.providers.tts.vits_alphabet import fit
from app.settings import VitsSettings

if TYPE_CHECKING:
    from app.providers.tts.windowed_vits import WindowedVits

log = logging.getLogger(__name__)


class VitsTts:
    """One voice per language, each loaded when it is first needed.

    Used by one thread; `speaks` and `engine` may be asked from any.
    """

    def __init__(self, options: VitsSettings, models_dir: Path, speed: float) -> None:
        self._options = options
        self._models_dir = models_dir
        self._speed = speed
        self._voices: dict[str, _Voice] = {}
        self._engine = Engine(Stage.TTS, "vits", next(iter(options.voices.values()), ""))
        self._sample_rate = 0

    @property
    def engine(self) -> Engine:
        return self._engine

    @property
    def sample_rate(self) -> int:
        return self._sample_rate

    def load(self) -> None:
        """Loads the first voice of the settings that is here; the others wait."""
        present = [language for language in self._options.voices if self.speaks(language)]
        if not present:
            raise ProviderUnavailable(
                "No voice is downloaded yet.",
                "Download one in the engine panel, or with `parley fetch tts` "
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
                f"No voice is known for “{wanted}”.", "Name one in the settings file."
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
        """
        voice = self._voice(_primary(language))
        try:
            spoken = False
            for piece in voice.speak(text):
                spoken = True
                yield piece
        except RuntimeError as exc:  # torch: out of memory, a device that went away
            raise ProviderBroke("The voice stopped in the middle.", "Ask again.") from exc
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
        voice = _Voice(folder, self._options, self._speed)
        if self._voices and voice.sample_rate != self._sample_rate:
            raise ProviderUnavailable(
                f"The voice {name} has another sample rate than the other voices.",
                "Choose another voice for this language in the settings file.",
            )
        voice.warm_up()
        log.info("voice %s loaded from %s on %s", name, folder, voice.device)
        if not self._voices:
            self._engine = Engine(Stage.TTS, "vits", name, device=voice.device)
            self._sample_rate = voice.sample_rate
        self._voices[language] = voice
        return voice


class _Voice:
    """A loaded voice.

    Raises:
        ProviderUnavailable: a library or a file is missing or damaged.
    """

    def __init__(self, folder: Path, options: VitsSettings, speed: float) -> None:
        vits_files.check(folder)
        try:
            import torch
            from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations
            from transformers import VitsModel, VitsTokenizer

            from app.providers.tts.windowed_vits import WindowedVits
        except ImportError as exc:
            raise ProviderUnavailable(
                "The library that speaks (torch) is not installed.", "Install Parley again."
            ) from exc
        if options.threads:
            torch.set_num_threads(options.threads)
        self.device = options.device
        if options.device == "auto":
            self.device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            self._tokenizer = VitsTokenizer.from_pretrained(folder, local_files_only=True)
            model, found = VitsModel.from_pretrained(
                folder, local_files_only=True, output_loading_info=True
            )
            model = model.to(self.device).eval()
        except (OSError, RuntimeError, ValueError, KeyError, TypeError) as exc:
            raise ProviderUnavailable(
                f"The voice in {folder} cannot be loaded.",
                "Download it again, or choose another voice in the settings file.",
            ) from exc
        # transformers fills missing weights with noise and only warns
        missing = [name for name in found["missing_keys"] if "posterior_encoder" not in name]
        if missing:
            raise ProviderUnavailable(
                f"The voice file {folder / vits_files.WEIGHTS} lacks {len(missing)} weights.",
                "Download it again, or choose another voice in the settings file.",
            )
        del model.posterior_encoder  # 7 million weights that only training uses
        for module in model.flow.modules():
            # weight norm is for training too; left in, every window computes the weights anew
            if is_parametrized(module, "weight"):
                remove_parametrizations(module, "weight")
        model.speaking_rate *= speed
        self._model: WindowedVits = WindowedVits(model)
        self.sample_rate = self._model.sample_rate
        self._romanise = _Romaniser(self._tokenizer.language) if self._tokenizer.is_uroman else None

    def warm_up(self) -> None:
        """Run once, so that the first real clause finds everything allocated."""
        letters = [token for token in self._tokenizer.get_vocab() if token.isalpha()]
        for _ in self.speak("".join(letters[:12])):
            pass

    def speak(self, text: str) -> Iterator[Audio]:
        """Nothing when no character of the text can be spoken."""
        fitted = fit(text, self._tokenizer.get_vocab(), self._romanise)
        if not fitted:
            return
        ids: Any = self._tokenizer(fitted, return_tensors="pt").input_ids
        if ids.shape[-1] == 0:
            return
        for window in self._model.speak(ids.to(self.device)):
            yield window.float().cpu().numpy()


class _Romaniser:
    """Latin letters for any script. Its tables load at the first word, once."""

    def __init__(self, language: str | None) -> None:
        """`language` is an ISO 639-3 code; it chooses between rules for one script."""
        self._language = language
        self._uroman: Any = None

    def __call__(self, text: str) -> str:
        if self._uroman is None:
            import uroman

            self._uroman = uroman.Uroman()
        return str(self._uroman.romanize_string(text, lcode=self._language))


def _primary(language: str) -> str:
    """ "en" of "en-US"."""
    return language.replace("_", "-").partition("-")[0].lower()
