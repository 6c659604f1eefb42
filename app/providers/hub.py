"""Models from the Hugging Face hub: what a model consists of, how it gets here, where it lies.

A download goes into a folder of another name than the model's and is renamed when it is complete,
so half a model is never loaded; what an interrupted one left there is used by the next. Each file
is checked against what the hub says of it before it gets its name (`hub_files`).
"""

from __future__ import annotations

import errno
import logging
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.core.downloads import DownloadMeter, ProgressLine, size
from app.errors import ProviderUnavailable
from app.providers.hub_files import Files, differs, files_from
from app.providers.hub_stream import TICK_S, Stalled, Stream, aside

log = logging.getLogger(__name__)

Progress = Callable[[str], None]

STALL_S = 20.0
"""No byte for this long ends an attempt. One that had brought something is followed by another at
once, so that a dead connection is noticed after 20 s and given up after 40."""
STALL_TOLD_S = 4.0
"""A pause shorter than this is told to nobody."""
ROOM_BYTES = 200_000_000
"""Left free on the disk beside the download itself: a system whose disk is full stops working."""
HOME = "https://huggingface.co"
PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE = 206, 416
AGAIN = "Try again: the download goes on where it stopped."


class _OtherVersionError(Exception):
    """What is here cannot be gone on with."""


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


def mirror() -> str:
    """Where downloads come from (HF_ENDPOINT); empty when it is the hub itself."""
    from huggingface_hub import constants

    return "" if constants.ENDPOINT.rstrip("/") == HOME else str(constants.ENDPOINT)


def why_offline() -> str:
    """Why nothing can be downloaded, one sentence; empty when it can, as far as is known."""
    from huggingface_hub import constants

    if not constants.HF_HUB_OFFLINE:
        return ""
    return "Downloads from the model hub are switched off (HF_HUB_OFFLINE)."


def files_of(name: str, progress: Progress | None = None) -> Files:
    """The files of a model on the hub, with their sizes in bytes. Inside `translated`.

    Args:
        progress: called a few times a second while the hub is asked; what it raises ends that.
    """
    from huggingface_hub import HfApi

    def ask() -> Files:
        return files_from(HfApi().model_info(name, files_metadata=True, timeout=STALL_S))

    if progress is None:
        return ask()
    line = f"Asking for {short_name(name)}"
    return aside(ask, lambda: progress(line))


def download(
    name: str, wanted: Sequence[str], sizes: Mapping[str, int], folder: Path, progress: Progress
) -> None:
    """Fetch files one after another into `folder`; what is there already, and sound, is kept.

    `progress` is called a few times a second, in this thread, also while nothing comes. What it
    raises ends the download at once; the next one goes on from there. Inside `translated`.

    Args:
        sizes: as `files_of` has told them, with what it knows of their contents.

    Raises:
        ProviderUnavailable: a file is not what the hub says, or there is no room for it.
    """
    here = sum(_size_of(folder / f) or _size_of(_part(folder / f)) for f in wanted)
    total = sum(sizes[f] for f in wanted)
    report = _Report(f"Downloading {short_name(name)}", total, progress)
    report.more(here)
    _check_room(name, folder, total - here)
    for file in wanted:
        if not _is_here(folder / file, file, sizes, report):
            _fetch(name, file, folder / file, sizes, report)


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
            "Accept it on huggingface.co, or choose another model in Parley's settings, under "
            "Models.",
        ) from exc
    except (hub.RepositoryNotFoundError, hub.HFValidationError) as exc:
        raise ProviderUnavailable(
            f"There is no {kind} named {name}.", "Check its name in the settings file."
        ) from exc
    except hub.OfflineModeIsEnabled as exc:
        raise ProviderUnavailable(why_offline(), "Unset it and start Parley again.") from exc
    except Stalled as exc:
        raise ProviderUnavailable(
            f"The download of {short_name(name)} stopped: nothing came for {exc.seconds:.0f} s.",
            f"Check {_way()}. {AGAIN}",
        ) from exc
    except (hub.HfHubHTTPError, hub.LocalEntryNotFoundError, requests.RequestException) as exc:
        raise ProviderUnavailable(
            f"The {kind} {short_name(name)} cannot be downloaded.",
            f"Check {_way()} and try again: the download goes on where it stopped.",
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


def _way() -> str:
    """What a download comes by."""
    return f"the network and the mirror {mirror()}" if mirror() else "the network"


def _check_room(name: str, folder: Path, missing: int) -> None:
    """Before the first byte, not after the last that fits.

    Raises:
        ProviderUnavailable: the disk has not room for so many bytes more.
    """
    free = free_bytes(folder)
    needed = missing + ROOM_BYTES
    if missing > 0 and free < needed:
        raise ProviderUnavailable(
            f"There is not enough room on the disk for {short_name(name)}: {size(missing)} are "
            f"still to come, and {size(free)} are free.",
            f"Free {size(needed - free)} and try again.",
        )


def free_bytes(folder: Path) -> int:
    """Room on the disk where this folder is, or will be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


class _Report:
    """Says how much has arrived, how fast, and how long it will take still."""

    def __init__(self, what: str, total: int, progress: Progress) -> None:
        self._what = what
        self._total = total
        self._progress = progress
        self._meter = DownloadMeter()
        self._arrived = 0
        self._came_at = time.monotonic()
        self._said_at = -math.inf

    def more(self, count: int) -> None:
        self._arrived += count
        self._came_at = time.monotonic()
        self.glance()

    def glance(self, doing: str = "") -> None:
        """Say it, unless it was said just now."""
        if time.monotonic() - self._said_at >= TICK_S:
            self.say(doing)

    def say(self, doing: str = "") -> None:
        """
        Args:
            doing: what is done now, when it is not the download itself.
        """
        now = self._said_at = time.monotonic()
        here = self._meter.feed("", self._arrived, self._total, now)
        silent_s = now - self._came_at
        line = here.line
        if doing:
            line = doing
        elif silent_s >= STALL_TOLD_S:
            line = f"{line}, waiting for {silent_s:.0f} s"
        self._progress(ProgressLine(f"{self._what}: {line}", here))


def _is_here(target: Path, file: str, sizes: Mapping[str, int], report: _Report) -> bool:
    """Whether an earlier download left this file whole; one that differs is thrown away: there
    may be another version of the model by now, or the computer was switched off meanwhile."""
    if not target.is_file():
        return False
    wrong = differs(target, file, sizes, lambda: report.glance("Checking the download"))
    if not wrong:
        return True
    log.info("fetched again: %s", wrong)
    report.more(-_size_of(target))
    target.unlink()
    return False


def _fetch(name: str, file: str, target: Path, sizes: Mapping[str, int], report: _Report) -> None:
    """One whole file.

    Raises:
        ProviderUnavailable: what came is not what the hub says; it is thrown away.
    """
    from requests import ConnectionError, ReadTimeout
    from requests.exceptions import ChunkedEncodingError

    part = _part(target)
    part.parent.mkdir(parents=True, exist_ok=True)
    while True:
        report.say()  # it may be the end: before each request
        before = _size_of(part)
        try:
            _fetch_rest(name, file, part, sizes[file], report)
            break
        except _OtherVersionError as exc:
            log.info("%s: begun anew, because %s", file, exc)
            part.unlink()
            report.more(-before)
        except (ConnectionError, ReadTimeout, ChunkedEncodingError, Stalled):
            # what broke in the middle goes on, as long as each attempt brings something
            if _size_of(part) <= before:
                raise
    wrong = differs(part, file, sizes, lambda: report.glance("Checking the download"))
    if wrong:
        part.unlink()
        raise ProviderUnavailable(
            f"The download of {short_name(name)} arrived damaged: {wrong}",
            f"It was thrown away. Try again; if it happens again, {_way()} changes what is sent.",
        )
    with part.open("r+b") as written:
        os.fsync(written.fileno())  # else a computer that loses its power has the name alone
    part.replace(target)


def _fetch_rest(name: str, file: str, part: Path, size_bytes: int, report: _Report) -> None:
    """Ask for what is missing at the end of the file, and append it as it comes.

    Raises:
        Stalled: nothing came for `STALL_S`.
        _OtherVersionError: what is here is no beginning of what is there.
    """
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils import build_hf_headers

    start = _size_of(part)
    if size_bytes and start == size_bytes:
        return  # it was only not checked any more
    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    with Stream(hf_hub_url(name, file), headers, STALL_S) as stream:
        head = stream.head(report.say)
        if start and head.status == RANGE_NOT_SATISFIABLE:
            raise _OtherVersionError(f"it ends before byte {start} there")
        if start and head.status == PARTIAL_CONTENT and head.begins_at != start:
            raise _OtherVersionError(f"it was sent from byte {head.begins_at}, not {start}")
        goes_on = head.status == PARTIAL_CONTENT
        with part.open("ab" if goes_on else "wb") as out:
            if not goes_on:
                report.more(-start)
            for piece in stream.pieces(report.say):
                out.write(piece)
                report.more(len(piece))
                if size_bytes and out.tell() > size_bytes:
                    return  # more than was promised: it must not fill the disk


def _part(target: Path) -> Path:
    """Where a file is until all of it is there."""
    return target.with_name(f"{target.name}.part")


def _size_of(path: Path) -> int:
    """0 when there is no such file."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
