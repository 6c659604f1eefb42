"""Models from the Hugging Face hub: what a model consists of, how it gets here, where it lies.

A download goes into a folder of another name than the model's and is renamed when it is complete,
so half a model is never loaded; what an interrupted one left there is used by the next.
"""

from __future__ import annotations

import errno
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.errors import ProviderUnavailable

Progress = Callable[[str], None]


def short_name(name: str) -> str:
    """What the window calls it: the last part of the name."""
    return name.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1]


def in_cache(name: str, file: str) -> Path | None:
    """The folder in this user's Hugging Face cache that holds `file` of a model."""
    if name.count("/") != 1 or Path(name).is_absolute():
        return None
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(name, file)
    except HFValidationError:
        return None
    return Path(found).parent if isinstance(found, str) else None


def files_of(name: str) -> dict[str, int]:
    """The files of a model on the hub, with their sizes in bytes. Inside `translated`."""
    from huggingface_hub import HfApi

    info = HfApi().model_info(name, files_metadata=True)
    return {file.rfilename: file.size or 0 for file in info.siblings or ()}


def download(
    name: str, wanted: Sequence[str], sizes: dict[str, int], folder: Path, progress: Progress
) -> None:
    """Fetch files one after another into `folder`; what is there already is kept.

    Inside `translated`.
    """
    from huggingface_hub import hf_hub_download

    total = sum(sizes[file] for file in wanted)
    with _reported(folder, f"Downloading {short_name(name)}", total, progress):
        for file in wanted:
            hf_hub_download(name, file, local_dir=folder)


def put_in_place(work: Path, destination: Path) -> None:
    """Make `work` the model: one rename, the old one moved aside first."""
    shutil.rmtree(work / ".cache", ignore_errors=True)  # the hub client's notes on its download
    old = destination.with_name(destination.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if destination.exists():
        destination.rename(old)
    work.rename(destination)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def translated(name: str, kind: str) -> Iterator[None]:
    """Turn what the hub, the network and the disk raise into words for the user.

    Args:
        kind: what the user calls such a model ("speech model").

    Raises:
        ProviderUnavailable: no network, no such model, no room on the disk.
    """
    import requests
    from huggingface_hub import errors as hub

    try:
        yield
    except hub.GatedRepoError as exc:
        raise ProviderUnavailable(
            f"The {kind} {name} asks you to accept its licence first.",
            "Accept it on huggingface.co, or choose another model in the settings file.",
        ) from exc
    except (hub.RepositoryNotFoundError, hub.HFValidationError) as exc:
        raise ProviderUnavailable(
            f"There is no {kind} named {name}.", "Check its name in the settings file."
        ) from exc
    except hub.OfflineModeIsEnabled as exc:
        raise ProviderUnavailable(
            "Downloads from the model hub are switched off (HF_HUB_OFFLINE).",
            "Unset it and start Parley again.",
        ) from exc
    except (hub.HfHubHTTPError, hub.LocalEntryNotFoundError, requests.RequestException) as exc:
        raise ProviderUnavailable(
            f"The {kind} {short_name(name)} cannot be downloaded.",
            "Check the network and try again: the download goes on where it stopped.",
        ) from exc
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ProviderUnavailable(
                f"There is no room on the disk for the {kind} {short_name(name)}.",
                "Free some space and try again.",
            ) from exc
        raise ProviderUnavailable(
            f"The {kind} {short_name(name)} cannot be written: {exc.strerror or exc}.",
            "Check the folder of Parley's models.",
        ) from exc


@contextmanager
def _reported(folder: Path, what: str, total: int, progress: Progress) -> Iterator[None]:
    """Report once a second how much of `total` bytes has arrived, from a thread of its own.

    Looks at the folder, because the hub's client shows its own bar or none.
    """
    done = threading.Event()
    before = _size_of(folder)

    def report() -> None:
        while not done.wait(1.0):
            arrived = min(_size_of(folder) - before, total)
            progress(f"{what}: {arrived // 1_000_000} of {total // 1_000_000} MB")

    progress(f"{what}: {total // 1_000_000} MB")
    thread = threading.Thread(target=report, name="download-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _size_of(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue  # renamed by the download between listing and looking
    return total
