from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from app.atomic_file import replace_file


def test_a_new_file_is_its_users_alone_and_a_known_one_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "settings.toml"
    replace_file(path, "é\n")
    assert path.read_bytes() == "é\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    replace_file(path, "other")
    assert path.read_text() == "other"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(path.parent.iterdir()) == [path], "nothing beside it"


def test_a_disk_that_is_full_leaves_it_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "timers.json"
    replace_file(path, "before")

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, "after")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_waited_for_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file has been replaced by then; who is told otherwise would be told wrong."""
    path, real = tmp_path / "timers.json", os.fsync

    def sync(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(22, "Invalid argument")
        real(handle)

    monkeypatch.setattr(os, "fsync", sync)
    replace_file(path, "after")
    assert path.read_text() == "after"
