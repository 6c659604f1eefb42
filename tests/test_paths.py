"""Where files go, and what happens when they cannot."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.errors import AssistantError
from app.paths import Paths


def test_a_profile_keeps_everything_under_its_folder(tmp_path: Path) -> None:
    paths = Paths.under(tmp_path / "p")
    for place in (
        paths.config,
        paths.data,
        paths.cache,
        paths.settings_file,
        paths.history_file,
        paths.log_file,
        paths.fault_log,
        paths.models_dir,
    ):
        assert place.is_relative_to(tmp_path / "p")


def test_two_profiles_never_meet(tmp_path: Path) -> None:
    one, other = Paths.under(tmp_path / "one"), Paths.under(tmp_path / "other")
    assert {one.config, one.data, one.cache}.isdisjoint({other.config, other.data, other.cache})


def test_a_relative_profile_does_not_move_with_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = Paths.under("profile")
    monkeypatch.chdir("/")
    assert paths.config.is_relative_to(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="XDG places")
def test_the_default_follows_the_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "d"))
    paths = Paths.default()
    if os.uname().sysname == "Linux":
        assert paths.settings_file == tmp_path / "c" / "parley" / "settings.toml"
        assert paths.history_file == tmp_path / "d" / "parley" / "history.sqlite"


@pytest.mark.skipif(os.name != "posix", reason="permission bits")
def test_the_folders_are_for_their_owner_alone_and_made_once(tmp_path: Path) -> None:
    paths = Paths.under(tmp_path / "a" / "b")
    paths.create()
    paths.create()
    for folder in (tmp_path / "a", paths.config, paths.data, paths.cache, paths.models_dir):
        assert folder.stat().st_mode & 0o777 == 0o700
        assert not [entry for entry in folder.iterdir() if entry.is_file()]


def test_a_profile_that_cannot_be_made_names_the_folder_and_the_next_step(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(AssistantError) as caught:
        Paths.under(tmp_path / "file" / "profile").create()
    assert str(tmp_path / "file") in caught.value.title
    assert "--profile" in caught.value.hint


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_profile_is_noticed(tmp_path: Path) -> None:
    paths = Paths.under(tmp_path)
    paths.create()
    paths.data.chmod(0o500)
    try:
        with pytest.raises(AssistantError):
            paths.create()
    finally:
        paths.data.chmod(0o700)
