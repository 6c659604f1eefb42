"""Where the files of a VITS voice are, whether they are whole, and how to get them.

A voice is a folder as `save_pretrained` writes it, or a Hugging Face name. A named voice is
looked for in Parley's models folder, then in the Hugging Face cache of this user.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from app.errors import ProviderUnavailable
from app.providers import hub, model_folder, weights

WEIGHTS = "model.safetensors"
_NEEDED = ("config.json", "vocab.json", "tokenizer_config.json", WEIGHTS)
_OPTIONAL = ("special_tokens_map.json", "added_tokens.json")

KIND = "voice"
LICENCE = "CC-BY-NC 4.0: free to use, not for business"
"""Of the MMS voices, as their model cards say."""


def find(voice: str, models_dir: Path) -> Path | None:
    """The folder of a voice that is on this computer; never touches the network."""
    for folder in (Path(voice).expanduser(), download_folder(voice, models_dir)):
        if _is_voice(folder):
            return folder
    cached = hub.in_cache(voice, WEIGHTS)
    return cached if cached is not None and _is_voice(cached) else None


def check(folder: Path) -> None:
    """See that each file can be read to its end.

    Raises:
        ProviderUnavailable: names the file that cannot.
    """
    for name in _NEEDED:
        path = folder / name
        try:
            if name == WEIGHTS:
                weights.check(path)
            else:
                json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as exc:
            raise ProviderUnavailable(
                f"The voice file {path} is damaged or cut short.",
                "Delete it and download the voice again.",
            ) from exc


def download_folder(voice: str, models_dir: Path) -> Path:
    """Where `fetch` puts a voice, and `find` looks first."""
    return models_dir / "tts" / voice.strip("/\\").replace("/", "--")


def fetch(voice: str, models_dir: Path, progress: Callable[[str], None]) -> Path:
    """Download a voice; its folder appears only when all of it is there.

    A download that was interrupted goes on from where it stopped.

    Raises:
        ProviderUnavailable: no network, no such voice, no room on the disk.
    """
    progress(f"Downloading the voice {voice} (about 145 MB; licence {LICENCE}).")
    return model_folder.fetch(
        voice,
        KIND,
        lambda files: [file for file in (*_NEEDED, *_OPTIONAL) if file in files],
        download_folder(voice, models_dir),
        check,
        progress,
    )


def _is_voice(folder: Path) -> bool:
    return all((folder / name).is_file() for name in _NEEDED)
