"""The models on this computer's disk: what is there, whole or in part, and how to be rid of it.

Each engine knows where its models lie and when one is whole (`whisper_models`, `vits_files`,
`builtin_files`); here they are one shelf.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.core.catalogue import BUILTIN, VOICES, WHISPER, ModelId
from app.core.model_cards import Stock
from app.core.ports import Stage
from app.errors import ProviderUnavailable
from app.providers import hub
from app.providers.llm import builtin_files
from app.providers.stt import whisper_models
from app.providers.tts import vits_files

log = logging.getLogger(__name__)

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Engine:
    """How one engine keeps its models."""

    stage: Stage
    name: str
    folder: str
    """Of its models, inside Parley's models folder."""
    home: Callable[[str, Path], Path]
    """Where a model that Parley fetched lies, by its name and Parley's models folder."""
    place: Callable[[str, Path], Path | None]
    """Where a whole one lies, here or where other programs use it too; None when nowhere."""
    fetch: Callable[[str, Path, Progress], object]


def _whisper_place(name: str, models_dir: Path) -> Path | None:
    try:
        return whisper_models.locate(name, models_dir)
    except ProviderUnavailable:
        return None


def _builtin_place(name: str, models_dir: Path) -> Path | None:
    folder = builtin_files.find(name, models_dir)
    try:
        if folder is not None:
            builtin_files.check(folder)
    except ProviderUnavailable as exc:
        log.info("not offered: %s", exc)
        return None
    return folder


_ENGINES = (
    _Engine(
        Stage.STT,
        "whisper",
        "whisper",
        whisper_models.home,
        _whisper_place,
        whisper_models.fetch,
    ),
    _Engine(
        Stage.TTS,
        "vits",
        "tts",
        vits_files.download_folder,
        vits_files.find,
        vits_files.fetch,
    ),
    _Engine(
        Stage.LLM,
        "builtin",
        "llm",
        builtin_files.home,
        _builtin_place,
        builtin_files.fetch,
    ),
)

_PARTS = (".download", ".partial", ".converting", ".old")
"""What a model's folder is called beside its name until it is complete, and after."""
_GOES_ON = (".download", ".partial")
"""Of these, what the next download goes on from."""


class ModelShelf:
    """Implements `app.core.model_cards.Shelf` for the models that Parley itself can fetch."""

    def __init__(self, models_dir: Path) -> None:
        self._models_dir = models_dir

    def look(self) -> tuple[Stock, ...]:
        """What is there. Reads folders and no weights."""
        found = []
        for engine in _ENGINES:
            offered = [offer.id.model for offer in (*WHISPER, *VOICES, *BUILTIN)]
            names = dict.fromkeys((*offered, *self._names(engine)))
            for name in names:
                stock = self._stock(engine, name)
                if stock is not None:
                    found.append(stock)
        return tuple(found)

    def fetch(self, wanted: ModelId, progress: Progress) -> None:
        """Download a model.

        Raises:
            ProviderUnavailable: no network, no such model, no room on the disk.
        """
        self._engine(wanted).fetch(wanted.model, self._models_dir, progress)

    def delete(self, unwanted: ModelId, *, part_only: bool = False) -> None:
        """Remove a model, and what a download of it left.

        Raises:
            ProviderUnavailable: it is not Parley's to delete, or the disk will not.
        """
        engine = self._engine(unwanted)
        home = engine.home(unwanted.model, self._models_dir)
        folders = [home.with_name(home.name + suffix) for suffix in _PARTS]
        if not part_only:
            place = engine.place(unwanted.model, self._models_dir)
            if place is not None and place != home:
                raise ProviderUnavailable(
                    f"{hub.short_name(unwanted.model)} is in a folder that other programs use "
                    "too, so Parley leaves it.",
                    f"It is in {place}.",
                )
            folders.append(home)
        for folder in folders:
            _remove(folder, hub.short_name(unwanted.model))

    def _engine(self, one: ModelId) -> _Engine:
        for engine in _ENGINES:
            if (engine.stage, engine.name) == (one.stage, one.engine):
                return engine
        raise ProviderUnavailable(f"{one.engine} has no models on this computer.")

    def _names(self, engine: _Engine) -> Iterator[str]:
        """Of the models whose folder, or a part of it, is in Parley's own place."""
        folder = self._models_dir / engine.folder
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            name = path.name
            for suffix in _PARTS:
                name = name.removesuffix(suffix)
            if path.is_dir() and name.count("--") == 1:
                yield name.replace("--", "/")

    def _stock(self, engine: _Engine, name: str) -> Stock | None:
        wanted = ModelId(engine.stage, engine.name, name)
        home = engine.home(name, self._models_dir)
        place = engine.place(name, self._models_dir)
        if place is not None:
            return Stock(wanted, True, _bytes_in(place), ours=place == home)
        parts = [home.with_name(home.name + suffix) for suffix in _GOES_ON]
        here = sum(_bytes_in(part) for part in parts)
        return Stock(wanted, False, here) if here else None


def _bytes_in(folder: Path) -> int:
    """Of all files in it; what goes away meanwhile counts nothing."""
    total = 0
    for path in folder.rglob("*") if folder.is_dir() else ():
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            log.debug("%s went away while it was being counted", path.name)
    return total


def _remove(folder: Path, name: str) -> None:
    """All of it or nothing: a deletion that is cut short leaves no half of a model."""
    if not folder.exists():
        return
    doomed = folder if folder.suffix == ".old" else folder.with_name(folder.name + ".old")
    try:
        if doomed != folder:
            shutil.rmtree(doomed, ignore_errors=True)
            folder.rename(doomed)
        shutil.rmtree(doomed)
    except OSError as exc:
        raise ProviderUnavailable(
            f"{name} cannot be deleted: {exc.strerror or exc}.",
            "Check the folder of Parley's models.",
        ) from exc
