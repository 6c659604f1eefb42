"""How the folder of a model that is used as it is published gets here."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from app.errors import ProviderUnavailable
from app.providers import hub


def fetch(
    name: str,
    kind: str,
    wanted: Callable[[Mapping[str, int]], Sequence[str]],
    target: Path,
    check: Callable[[Path], None],
    progress: hub.Progress,
) -> Path:
    """Download a model; its folder appears only when all of it is there and sound.

    A download that was interrupted goes on from where it stopped.

    Args:
        kind: what the user calls such a model ("voice").
        wanted: chooses from the files on the hub, given with their sizes in bytes.
        check: looks at the folder before it is put in place.

    Raises:
        ProviderUnavailable: no network, no such model, no room on the disk, or what `wanted` or
            `check` raised.
    """
    partial = target.with_name(target.name + ".partial")
    with hub.translated(name, kind):
        files = hub.files_of(name, progress)
        hub.download(name, wanted(files), files, partial, progress)
        try:
            check(partial)
        except ProviderUnavailable:
            shutil.rmtree(partial)  # the next try must not build on it
            raise
        hub.put_in_place(partial, target)
    progress(f"The {kind} {hub.short_name(name)} is here.")
    return target
