"""What the hub says of a model's files, and whether a file is what it says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo

READ_BYTES = 1 << 22
"""Hashed at a time: some milliseconds' worth, so that a check can be ended."""


class Files(dict[str, int]):
    """Sizes in bytes by name.

    Attributes:
        sha256: of those that the hub stores outside git, by name.
        git: the names that git has for the contents of the others ("blob ids"), by name.
    """

    def __init__(
        self, sizes: Mapping[str, int], sha256: Mapping[str, str], git: Mapping[str, str]
    ) -> None:
        super().__init__(sizes)
        self.sha256 = sha256
        self.git = git


def files_from(info: ModelInfo) -> Files:
    """What an answer of the hub's API says."""
    siblings = info.siblings or ()
    return Files(
        {file.rfilename: file.size or 0 for file in siblings},
        {file.rfilename: file.lfs.sha256 for file in siblings if file.lfs},
        {file.rfilename: file.blob_id for file in siblings if file.blob_id and not file.lfs},
    )


def differs(path: Path, file: str, sizes: Mapping[str, int], tick: Callable[[], None]) -> str:
    """In what a file differs from what the hub says of it, one sentence; empty when in nothing.

    Args:
        sizes: as `files_of` gave them; other mappings know no checksums.
        tick: called between pieces; what it raises ends the check.
    """
    here, wanted = path.stat().st_size, sizes[file]
    if wanted and here != wanted:
        return f"{file} has {here} bytes and should have {wanted}."
    if not isinstance(sizes, Files):
        return ""
    digest, expected = hashlib.sha256(), sizes.sha256.get(file, "")
    if not expected and len(sizes.git.get(file, "")) == 40:
        expected = sizes.git[file]
        # how git names contents; it protects against accidents, not against an attacker
        digest = hashlib.sha1(f"blob {here}\0".encode(), usedforsecurity=False)
    if not expected:
        return ""
    with path.open("rb") as opened:
        while piece := opened.read(READ_BYTES):
            tick()
            digest.update(piece)
    return "" if digest.hexdigest() == expected.lower() else f"the checksum of {file} is wrong."
