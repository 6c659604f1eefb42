"""Where the files of a built-in language model are, whether they are whole, how to get them.

A model is a folder as `save_pretrained` writes it, or a Hugging Face name. A named model is looked
for in Parley's models folder, then in the Hugging Face cache of this user.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from app.errors import ProviderUnavailable
from app.providers import hub

CONFIG = "config.json"
_WEIGHTS = re.compile(r"model(-\d+-of-\d+)?\.safetensors")
_INDEX = "model.safetensors.index.json"
_BESIDE = (
    "added_tokens.json",
    "chat_template.jinja",
    "generation_config.json",
    "merges.txt",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
)
"""How text becomes numbers; a model has some of them."""

KIND = "language model"
_AGAIN = "Download it again, or choose another model in the settings file."


def find(name: str, models_dir: Path | None) -> Path | None:
    """The folder of a model that is on this computer; never touches the network."""
    folders = [Path(name).expanduser()]
    if models_dir:
        folders.append(home(name, models_dir))
    for folder in folders:
        if (folder / CONFIG).is_file():
            return folder
    return hub.in_cache(name, CONFIG)


def home(name: str, models_dir: Path) -> Path:
    """Where `fetch` puts a model."""
    return models_dir / "llm" / name.strip("/\\").replace("/", "--")


def check(folder: Path) -> None:
    """See that the weights are all there and each file can be read to its end.

    Raises:
        ProviderUnavailable: names the file that is missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    path = folder / CONFIG
    try:
        json.loads(path.read_text("utf-8"))
        path = folder / _INDEX
        weights = ["model.safetensors"]
        if path.is_file():
            weights = sorted(set(json.loads(path.read_text("utf-8"))["weight_map"].values()))
        for file in weights:
            path = folder / file
            # its header says how long the file must be
            with safe_open(path, framework="np"):
                pass
    except FileNotFoundError as exc:
        raise ProviderUnavailable(
            f"The {KIND} in {folder} is incomplete: {path.name} is missing.", _AGAIN
        ) from exc
    except (OSError, SafetensorError, ValueError, KeyError, AttributeError) as exc:
        raise ProviderUnavailable(
            f"The file {path} is damaged or cut short.", f"Delete it. {_AGAIN}"
        ) from exc


def fetch(name: str, models_dir: Path, progress: Callable[[str], None]) -> Path:
    """Download a model; its folder appears only when all of it is there.

    A download that was interrupted goes on from where it stopped.

    Raises:
        ProviderUnavailable: no network, no such model, no room on the disk, no language model.
    """
    if Path(name).expanduser().is_dir():
        raise ProviderUnavailable(
            f"{name} is a folder: there is nothing to download.", "Name a model in the settings."
        )
    target = home(name, models_dir)
    partial = target.with_name(target.name + ".partial")
    with hub.translated(name, KIND):
        files = hub.files_of(name)
        weights = [file for file in files if _WEIGHTS.fullmatch(file)]
        if not weights or CONFIG not in files:
            raise ProviderUnavailable(
                f"{name} holds no {KIND} that Parley can run.",
                "Choose another model in the settings file.",
            )
        beside = [file for file in (CONFIG, _INDEX, *_BESIDE) if file in files]
        hub.download(name, [*beside, *weights], files, partial, progress)
        try:
            check(partial)
        except ProviderUnavailable:
            shutil.rmtree(partial)  # the next try must not build on it
            raise
        hub.put_in_place(partial, target)
    progress(f"The {KIND} {hub.short_name(name)} is here.")
    return target
