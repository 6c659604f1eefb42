"""Models from the Hugging Face hub: what a model consists of, how it gets here, where it lies.

A download goes into a folder of another name than the model's and is renamed when it is complete,
so half a model is never loaded; what an interrupted one left there is used by the next.
"""

from __future__ import annotations

import errno
import math
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.errors import ProviderUnavailable

Progress = Callable[[str], None]

PROGRESS_INTERVAL_S = 0.25
PIECE_BYTES = 1 << 16
"""Read at a time: little enough for a slow connection to bring several in a second."""
PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE = 206, 416


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

    `progress` is called a few times a second, in this thread. What it raises ends the download;
    the next one goes on from there. Inside `translated`.
    """
    here = sum(_size_of(folder / f) or _size_of(_part(folder / f)) for f in wanted)
    report = _Report(f"Downloading {short_name(name)}", sum(sizes[f] for f in wanted), progress)
    report.more(here)
    for file in wanted:
        if not (folder / file).is_file():
            _fetch(name, file, folder / file, sizes[file], report)


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


class _Report:
    """Says how much has arrived."""

    def __init__(self, what: str, total: int, progress: Progress) -> None:
        self._what = what
        self._total = total
        self._progress = progress
        self._arrived = 0
        self._said_at = -math.inf

    def more(self, size: int) -> None:
        self._arrived += size
        if time.monotonic() - self._said_at >= PROGRESS_INTERVAL_S:
            self.say()

    def say(self) -> None:
        self._said_at = time.monotonic()
        arrived, total = self._arrived // 1_000_000, self._total // 1_000_000
        self._progress(f"{self._what}: {arrived} of {total} MB")


def _fetch(name: str, file: str, target: Path, size: int, report: _Report) -> None:
    """One whole file."""
    from requests import ConnectionError, ReadTimeout
    from requests.exceptions import ChunkedEncodingError

    part = _part(target)
    part.parent.mkdir(parents=True, exist_ok=True)
    while True:
        report.say()  # it may be the end: before each request
        before = _size_of(part)
        try:
            _fetch_rest(name, file, part, report)
            break
        except (ConnectionError, ReadTimeout, ChunkedEncodingError):
            # what broke in the middle goes on, as long as each attempt brings something
            if _size_of(part) <= before:
                raise
    if size and _size_of(part) != size:
        arrived = _size_of(part)
        part.unlink()
        raise OSError(f"{file} of {name} has {arrived} bytes and should have {size}")
    part.replace(target)


def _fetch_rest(name: str, file: str, part: Path, report: _Report) -> None:
    """Ask for what is missing at the end of the file, and append it as it comes."""
    from huggingface_hub import constants, hf_hub_url
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
    if start := _size_of(part):
        headers["Range"] = f"bytes={start}-"
    answer = get_session().get(
        hf_hub_url(name, file),
        headers=headers,
        stream=True,
        timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT,
    )
    with answer:
        if answer.status_code == RANGE_NOT_SATISFIABLE:
            return  # the part is the whole: there is nothing behind it
        hf_raise_for_status(answer)
        goes_on = answer.status_code == PARTIAL_CONTENT
        with part.open("ab" if goes_on else "wb") as out:
            if not goes_on:
                report.more(-start)
            for piece in answer.iter_content(PIECE_BYTES):
                out.write(piece)
                report.more(len(piece))


def _part(target: Path) -> Path:
    """Where a file is until all of it is there."""
    return target.with_name(f"{target.name}.part")


def _size_of(path: Path) -> int:
    """0 when there is no such file."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
