"""The engines under test, and the weights they run on."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from app.bench import real_shapes
from app.bench.plan import Progress
from app.core.ports import Engine
from app.errors import ProviderUnavailable
from app.paths import Paths
from app.providers import hub
from app.providers.stt import whisper_models
from app.providers.tts import vits_files
from app.settings import Settings

RANDOM_WEIGHTS = "real shape, random weights: timing only"
STAND_IN = "stand-in"


@dataclass(frozen=True, slots=True)
class Subject:
    """Who was measured. Every figure names one."""

    engine: Engine
    random_weights: bool = False

    @property
    def label(self) -> str:
        """ "whisper · acft-whisper-tiny, cpu (real shape, random weights: timing only)"."""
        label = f"{self.engine.label}, {self.engine.device}"
        if self.random_weights:
            return f"{label} ({RANDOM_WEIGHTS})"
        return f"{label} ({STAND_IN})" if self.engine.stand_in else label

    def as_data(self) -> Mapping[str, object]:
        named = asdict(self.engine)
        weights = "random, timing only" if self.random_weights else "real"
        return named | {"stage": str(self.engine.stage), "weights": weights}


@dataclass(frozen=True, slots=True)
class Model:
    """Weights on this computer."""

    folder: Path
    name: str
    """For people."""
    random: bool
    reason: str = ""
    """Why these and not the chosen ones; empty when they are the chosen ones."""

    def subject(self, engine: Engine) -> Subject:
        """The engine that runs on them, by the name people know instead of the folder's."""
        return Subject(replace(engine, model=self.name), self.random)


class Models:
    """Finds the models of the settings; makes one of the real shape where there is none.

    A context manager: what was made lies in a temporary folder and goes with it.
    """

    def __init__(self, settings: Settings, paths: Paths, progress: Progress) -> None:
        self.settings = settings
        self.paths = paths
        self._progress = progress
        self._made: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._made is not None:
            self._made.cleanup()

    @cached_property
    def whisper(self) -> Model:
        """
        Raises:
            ProviderUnavailable: none is here, and none can be made.
        """
        name = self.settings.stt.whisper.model
        try:
            folder = whisper_models.locate(name, self.paths.models_dir)
        except ProviderUnavailable as exc:
            self._progress("Making a Whisper of the real shape, with random weights")
            made = real_shapes.make_whisper(self._folder / "whisper")
            return Model(made, "acft-whisper-tiny", random=True, reason=exc.title)
        return Model(folder, hub.short_name(name), random=False)

    @cached_property
    def voice(self) -> Model:
        """The English voice: the texts of the bench are English.

        Raises:
            ProviderUnavailable: none is here, and none can be made.
        """
        name = self.settings.tts.vits.voices.get("en", "")
        folder = vits_files.find(name, self.paths.models_dir) if name else None
        if folder is None:
            self._progress("Making a voice of the real shape, with random weights")
            made = real_shapes.make_voice(self._folder / "voice")
            return Model(made, "mms-tts-eng", random=True, reason="No English voice is here.")
        return Model(folder, name.rpartition("/")[2], random=False)

    def with_whisper(self, settings: Settings) -> Settings:
        """Settings that choose Whisper, where it was found or made.

        Raises:
            ProviderUnavailable: as `whisper`.
        """
        folder = {"model": str(self.whisper.folder)}
        whisper = settings.stt.whisper.model_copy(update=folder)
        stt = settings.stt.model_copy(update={"provider": "whisper", "whisper": whisper})
        return settings.model_copy(update={"stt": stt})

    def with_voice(self, settings: Settings) -> Settings:
        """Settings that choose VITS with the English voice, where it was found or made.

        Raises:
            ProviderUnavailable: as `voice`.
        """
        voices = {"voices": {"en": str(self.voice.folder)}}
        vits = settings.tts.vits.model_copy(update=voices)
        tts = settings.tts.model_copy(update={"provider": "vits", "vits": vits})
        return settings.model_copy(update={"tts": tts})

    @property
    def _folder(self) -> Path:
        if self._made is None:
            self._made = tempfile.TemporaryDirectory(prefix="parley-bench-")
        return Path(self._made.name)
