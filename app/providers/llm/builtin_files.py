"""Where the files of a built-in language model are, whether they are whole, how to get them.

A model is a folder as `save_pretrained` writes it, or a Hugging Face name. A named model is looked
for in Parley's models folder, then in the Hugging Face cache of this user.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

from app.errors import ProviderUnavailable
from app.providers import hub, model_folder, weights

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

LIBRARIES = ("torch", "transformers")
"""What runs a model; Parley's packages are made without them."""

KIND = "language model"
_AGAIN = "Download it again, or choose another model in Parley's settings, under Models."


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


def has_libraries() -> bool:
    """Whether this copy of Parley can run a model; imports nothing."""
    return all(find_spec(library) is not None for library in LIBRARIES)


def require_libraries() -> None:
    """
    Raises:
        ProviderUnavailable: this copy of Parley has no libraries to run a model with.
    """
    if not has_libraries():
        raise no_libraries()


def no_libraries() -> ProviderUnavailable:
    return ProviderUnavailable(
        "The small built-in language model needs PyTorch, which this copy of Parley does not have.",
        "Choose another one in Parley's settings, under Language models.",
    )


def check(folder: Path) -> None:
    """See that the weights are all there and each file can be read to its end.

    Raises:
        ProviderUnavailable: names the file that is missing or damaged.
    """
    path = folder / CONFIG
    try:
        json.loads(path.read_text("utf-8"))
        path = folder / _INDEX
        parts = ["model.safetensors"]
        if path.is_file():
            parts = sorted(set(json.loads(path.read_text("utf-8"))["weight_map"].values()))
        for file in parts:
            path = folder / file
            weights.check(path)
    except FileNotFoundError as exc:
        raise ProviderUnavailable(
            f"The {KIND} in {folder} is incomplete: {path.name} is missing.", _AGAIN
        ) from exc
    except (OSError, ValueError, KeyError, AttributeError) as exc:
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
            f"{name} is a folder: there is nothing to download.",
            "Choose a model in Parley's settings, under Models.",
        )
    target = home(name, models_dir)
    return model_folder.fetch(
        name, KIND, lambda files: _wanted(name, files), target, check, progress
    )


def _wanted(name: str, files: Mapping[str, int]) -> list[str]:
    """Which files of a model are fetched.

    Raises:
        ProviderUnavailable: it is none that can be run.
    """
    parts = [file for file in files if _WEIGHTS.fullmatch(file)]
    if not parts or CONFIG not in files:
        raise ProviderUnavailable(
            f"{name} holds no {KIND} that Parley can run.",
            "Choose another model in Parley's settings, under Models.",
        )
    return [*(file for file in (CONFIG, _INDEX, *_BESIDE) if file in files), *parts]
