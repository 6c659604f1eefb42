"""Whisper models on this computer: where they are, how they get here, what they can do.

A model that Parley fetched lies in `models_dir/whisper/<owner--name>/`, put there by one rename
when it is complete; whatever is still being downloaded or converted has another name, so half a
model is never loaded. Models that another program left in the Hugging Face cache are used too.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.errors import ProviderUnavailable
from app.providers import hub
from app.providers.stt import whisper_conversion
from app.providers.torch_file import OldTorchFile

log = logging.getLogger(__name__)

Progress = Callable[[str], None]

WEIGHTS = "model.bin"
"""The weights in CTranslate2's format; a folder with this file is a model ready to load."""

NEEDED = (WEIGHTS, "config.json", "tokenizer.json")
"""Without its tokenizer faster-whisper would go to the network for it, so it is asked for here."""

CONVERTED_FILES = (*NEEDED, "preprocessor_config.json", "vocabulary.json", "vocabulary.txt")

PROCESSOR_FILES = (
    "added_tokens.json",
    "generation_config.json",
    "merges.txt",
    "normalizer.json",
    "preprocessor_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
)
"""Of a Hugging Face checkpoint: how text and sound become numbers."""

MARKER = "parley.json"
"""Written beside a model Parley converted or fetched: which one it is."""

KIND = "speech model"
NEXT_STEP = "Download it again, or choose another model in Parley's settings, under Models."


def locate(name: str, models_dir: Path) -> Path:
    """The folder of a model that is ready to load.

    `name` is a folder or a Hugging Face name.

    Raises:
        ProviderUnavailable: it is not on this computer, not converted yet, or incomplete.
    """
    for folder in _places(name, models_dir):
        if (folder / WEIGHTS).is_file():
            missing = [file for file in NEEDED if not (folder / file).is_file()]
            if missing:
                title = f"The speech model {hub.short_name(name)} is incomplete"
                raise ProviderUnavailable(f"{title}: {missing[0]} is missing.", NEXT_STEP)
            return folder
    if _is_checkpoint(_folder(name)):
        raise ProviderUnavailable(
            f"The speech model {hub.short_name(name)} is not converted yet.",
            "Download it in Parley's settings, under Models, or with `parley fetch stt`, to "
            "convert it.",
        )
    raise ProviderUnavailable(
        f"The speech model {hub.short_name(name)} is not on this computer.",
        "Download it in Parley's settings, under Models, or with `parley fetch stt`.",
    )


def fetch(name: str, models_dir: Path, progress: Progress) -> Path:
    """Download a model, convert it when it is a checkpoint, put it in place.

    An interrupted download goes on where it stopped. A folder that holds a checkpoint is only
    converted. Takes minutes; needs the network.

    Raises:
        ProviderUnavailable: no network, no such model, no room on the disk, not a Whisper model.
    """
    destination = home(name, models_dir)
    local = _folder(name)
    if _is_checkpoint(local):
        return convert(local, destination, name, progress)
    if local.is_dir():
        raise ProviderUnavailable(
            f"The folder {local} holds no Whisper model.",
            "Choose another model in Parley's settings, under Models.",
        )
    download = destination.with_name(destination.name + ".download")
    with hub.translated(name, KIND):
        files = hub.files_of(name, progress)
        if WEIGHTS in files:
            hub.download(
                name, [f for f in CONVERTED_FILES if f in files], files, download, progress
            )
            _write_marker(download, name)
            hub.put_in_place(download, destination)
            return destination
        hub.download(name, _checkpoint_files(name, files), files, download, progress)
        base = processor_source(name)
        if "tokenizer.json" not in files and "vocab.json" not in files and base != name:
            theirs = hub.files_of(base, progress)
            wanted = [f for f in PROCESSOR_FILES if f in theirs and f not in files]
            hub.download(base, wanted, theirs, download, progress)
        try:
            converted = convert(download, destination, name, progress)
        except _Unusable:
            shutil.rmtree(download)  # the next try must not build on it
            raise
        shutil.rmtree(download)
    return converted


def convert(checkpoint: Path, destination: Path, name: str, progress: Progress) -> Path:
    """Turn a Hugging Face checkpoint into a model that CTranslate2 loads.

    The weights are kept in float16: half the size, and one copy serves every compute type,
    because CTranslate2 makes int8 of them while loading. Blocks; seconds for the small models.

    `progress` is called after each layer, in this thread. What it raises ends the conversion,
    which leaves nothing behind.

    Raises:
        ProviderUnavailable: the checkpoint is damaged, no Whisper, or the disk is full.
    """
    line = f"Converting {hub.short_name(name)}"
    progress(line)
    work = destination.with_name(destination.name + ".converting")
    with hub.translated(name, KIND):
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        try:
            for _ in _steps(checkpoint, work, name):
                progress(line)
            _write_marker(work, name)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
        hub.put_in_place(work, destination)
    return destination


def _steps(checkpoint: Path, work: Path, name: str) -> Iterator[None]:
    """Those of the conversion, its failures in words for the user."""
    try:
        yield from whisper_conversion.convert(checkpoint, work)
    except OldTorchFile as exc:
        raise _Unusable(
            f"The speech model {hub.short_name(name)} is in a format from before 2020.",
            "Choose another model in Parley's settings, under Models.",
        ) from exc
    except MemoryError as exc:
        raise ProviderUnavailable(
            f"There is not enough memory to convert the speech model {hub.short_name(name)}.",
            "Close other programs and try again, or choose a smaller model in Parley's settings, "
            "under Models.",
        ) from exc
    # Libraries read a stranger's files here and raise whatever their parsers raise.
    except Exception as exc:
        if isinstance(exc, OSError) and exc.errno not in (None, errno.ENOENT):
            raise  # the disk
        raise _unconvertible(name) from exc


def home(name: str, models_dir: Path) -> Path:
    """Where the fetched or converted copy of a model lies."""
    local = _folder(name)
    if local.is_dir():
        # Two folders of the same name must not share one converted copy.
        digest = hashlib.sha256(str(local.resolve()).encode()).hexdigest()[:8]
        return models_dir / "whisper" / f"{local.name}-{digest}"
    return models_dir / "whisper" / name.replace("/", "--")


@dataclass(frozen=True, slots=True)
class ShortWindows:
    """How little a model that was fine-tuned for it may hear at once.

    Attributes:
        margin_s: silence behind the sound.
        least_s: altogether.
    """

    margin_s: float
    least_s: float = 0.0


FUTO_WINDOWS = ShortWindows(margin_s=0.64, least_s=3.2)
"""32 and 160 positions of the encoder, of 20 ms each: as FUTO's own keyboard has its models hear
(futo-org/android-keyboard, WhisperGGML). They were trained with 64 positions more or less than the
sound has (futo-org/whisper-acft)."""

CAREFUL_WINDOWS = ShortWindows(margin_s=2.56)
"""128 positions, with which the other fine-tuned models were measured (their model cards)."""


def short_windows(folder: Path, name: str) -> ShortWindows | None:
    """What this model may hear less than 30 s in, if it was fine-tuned for that (SPEC 4.4).

    The fine-tuned ones all carry "acft" in their name (audio context fine-tuning), FUTO's that
    of a small Whisper; the marker keeps the name when the folder is called otherwise.
    """
    names = [name, folder.name]
    try:
        names.append(str(json.loads((folder / MARKER).read_text("utf-8"))["source"]))
    except FileNotFoundError:
        log.debug("%s was not fetched by Parley: its window is chosen by name", folder)
    except (OSError, ValueError, KeyError, TypeError) as exc:
        log.warning("%s in %s cannot be read: %s", MARKER, folder, exc)
    tuned = [one.lower() for one in names if "acft" in one.lower()]
    if not tuned:
        return None
    is_futos = any(re.search(r"acft-whisper-(tiny|base|small)", one) for one in tuned)
    return FUTO_WINDOWS if is_futos else CAREFUL_WINDOWS


def processor_source(name: str) -> str:
    """Where the tokenizer of a checkpoint is: the acft ones hold weights only.

    "futo-org/acft-whisper-tiny.en" uses the files of "openai/whisper-tiny.en".
    """
    match = re.fullmatch(r"[^/]+/acft-(whisper-[\w.-]+)", name)
    return f"openai/{match[1]}" if match else name


def _folder(name: str) -> Path:
    return Path(name).expanduser()


def _is_checkpoint(folder: Path) -> bool:
    return (
        folder.is_dir()
        and not (folder / WEIGHTS).exists()
        and (folder / "config.json").is_file()
        and any(folder.glob(pattern) for pattern in ("*.safetensors", "pytorch_model*.bin"))
    )


def _places(name: str, models_dir: Path) -> Iterator[Path]:
    local = _folder(name)
    if local.is_dir():
        yield local
    yield home(name, models_dir)
    if not local.is_dir():
        cached = hub.in_cache(name, WEIGHTS)
        if cached is not None:
            yield cached


def _checkpoint_files(name: str, files: dict[str, int]) -> list[str]:
    """What a conversion needs: the weights once, not in every format they come in."""
    weights = [f for f in files if re.fullmatch(r"model(-\d+-of-\d+)?\.safetensors", f)]
    if not weights:
        weights = [f for f in files if re.fullmatch(r"pytorch_model(-\d+-of-\d+)?\.bin", f)]
    if not weights or "config.json" not in files:
        raise ProviderUnavailable(
            f"{name} holds no Whisper model.",
            "Choose another model in Parley's settings, under Models.",
        )
    index = [f for f in files if f.endswith(".index.json") and len(weights) > 1]
    return ["config.json", *(f for f in PROCESSOR_FILES if f in files), *index, *weights]


def _write_marker(folder: Path, name: str) -> None:
    (folder / MARKER).write_text(json.dumps({"source": name}) + "\n", "utf-8")


class _Unusable(ProviderUnavailable):
    """A checkpoint that will not be better another time."""


def _unconvertible(name: str) -> _Unusable:
    return _Unusable(
        f"The speech model {hub.short_name(name)} is damaged or not a Whisper model.", NEXT_STEP
    )
