"""Downloads: they can be ended at any moment, go on where they stopped, and are what they say."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.downloads import ProgressLine
from app.core.turn import Cancelled
from app.errors import ProviderUnavailable
from app.providers import hub as hubs
from tests.support.hub import Hub, serve_hub

NAME = "somebody/a-model"
SIZE = 3_000_000


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "weights").write_bytes(bytes(range(256)) * (SIZE // 256))
    (folder / "config").write_text("{}")
    with serve_hub(monkeypatch) as hub:
        hub.models[NAME] = folder
        yield hub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "here"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "STALL_S", 0.6)


def fetch(folder: Path, progress: hubs.Progress = lambda line: None) -> None:
    with hubs.translated(NAME, "model"):
        files = hubs.files_of(NAME, progress)
        hubs.download(NAME, ["config", "weights"], files, folder, progress)


def is_whole(folder: Path, hub: Hub) -> bool:
    names = sorted(path.name for path in folder.iterdir())
    theirs = (hub.models[NAME] / "weights").read_bytes()
    return names == ["config", "weights"] and (folder / "weights").read_bytes() == theirs


def put_part(folder: Path, hub: Hub, size: int, *, damaged: bool = False) -> None:
    """As an earlier attempt left it, one that was killed too."""
    folder.mkdir()
    part = (hub.models[NAME] / "weights").read_bytes()[:size]
    (folder / "weights.part").write_bytes(b"?" * size if damaged else part)


# --- ended, and gone on with ----------------------------------------------------------------


def test_what_progress_raises_ends_it_and_the_next_goes_on(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "TICK_S", 0.0)

    def enough(line: str) -> None:
        if isinstance(line, ProgressLine) and line.download.done_bytes > 1_000_000:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        fetch(folder, enough)
    assert not (folder / "weights").exists(), "half a file has another name"
    hub.requests.clear()
    lines: list[str] = []
    fetch(folder, lines.append)
    ((request, wanted),) = [asked for asked in hub.requests if asked[0].startswith("GET")]
    assert request.endswith("weights")
    assert 1_000_000 <= int(wanted.removeprefix("bytes=").removesuffix("-")) < SIZE
    assert is_whole(folder, hub)
    first = next(line for line in lines if " of " in line)
    assert first.startswith("Downloading a-model: 1.0 MB of"), "what was here is counted"


def test_it_is_ended_before_the_next_file_is_asked_for(hub: Hub, folder: Path) -> None:
    def never(line: str) -> None:
        raise Cancelled("stop")

    with pytest.raises(Cancelled):
        fetch(folder, never)
    assert hub.requests == []


@pytest.mark.parametrize("where", ["the api", "the file"])
def test_it_is_ended_at_once_where_nothing_comes(hub: Hub, folder: Path, where: str) -> None:
    if where == "the api":
        hub.silent = True
    else:
        hub.hang_after = 500_000
    stop, ended = threading.Event(), threading.Event()

    def look(line: str) -> None:
        if stop.is_set():
            raise Cancelled("stop")

    def download() -> None:
        with pytest.raises(Cancelled):
            fetch(folder, look)
        ended.set()

    threading.Thread(target=download, daemon=True).start()
    assert not ended.wait(0.5)
    stop.set()
    assert ended.wait(hubs.STALL_S / 2), "it did not wait for the network"


def test_it_says_how_much_came_how_fast_and_how_long_it_takes_still(hub: Hub, folder: Path) -> None:
    hub.bytes_per_s = 2_000_000
    lines: list[ProgressLine] = []
    fetch(folder, lambda line: lines.append(line) if isinstance(line, ProgressLine) else None)
    told = [line for line in lines if line.download.bytes_per_s]
    assert told, [str(line) for line in lines]
    assert all(line.download.total_bytes == SIZE // 256 * 256 + 2 for line in told)
    assert " MB/s, about " in str(told[0])
    assert str(told[0]).startswith("Downloading a-model: ")


# --- a network that fails -------------------------------------------------------------------


def test_a_broken_connection_goes_on_by_itself_while_it_brings_something(
    hub: Hub, folder: Path
) -> None:
    hub.cut_after = 1_000_000
    with pytest.raises(ProviderUnavailable, match="cannot be downloaded"):
        fetch(folder)
    tries = hub.asked_for("weights")
    assert len(tries) == 2, "once more, and not for ever"
    assert tries[1].startswith("bytes=9")
    hub.cut_after = None
    fetch(folder)
    assert is_whole(folder, hub)


@pytest.mark.usefixtures("impatient")
def test_a_connection_that_falls_silent_is_made_anew(hub: Hub, folder: Path) -> None:
    hub.hang_after, hub.hangs = 1_000_000, 1
    fetch(folder)
    first, second = hub.asked_for("weights")
    assert first == ""
    assert second.startswith("bytes=9")
    assert is_whole(folder, hub)


@pytest.mark.usefixtures("impatient")
def test_a_stall_ends_with_words_and_the_next_try_goes_on(hub: Hub, folder: Path) -> None:
    hub.hang_after = 1_000_000
    lines: list[str] = []
    with pytest.raises(ProviderUnavailable, match="nothing came for 1 s") as failed:
        fetch(folder, lines.append)
    assert "goes on where it stopped" in failed.value.hint
    hub.hang_after = None
    fetch(folder)
    assert hub.asked_for("weights")[-1].startswith("bytes=9")
    assert is_whole(folder, hub)


def test_a_pause_is_told_while_it_lasts(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "STALL_TOLD_S", 0.3)
    monkeypatch.setattr(hubs, "STALL_S", 1.5)
    hub.hang_after, hub.hangs = 1_000_000, 1
    lines: list[str] = []
    fetch(folder, lines.append)
    assert any("waiting for" in line for line in lines)


@pytest.mark.usefixtures("impatient")
def test_a_hub_that_answers_nothing_is_given_up(hub: Hub, folder: Path) -> None:
    hub.silent = True
    with pytest.raises(ProviderUnavailable, match="cannot be downloaded"):
        fetch(folder)


def test_the_words_name_a_mirror(hub: Hub, folder: Path) -> None:
    hub.cut_after = 1_000_000
    with pytest.raises(ProviderUnavailable) as failed:
        fetch(folder)
    assert hub.address in failed.value.hint
    assert hubs.mirror() == hub.address


def test_offline_is_said_before_anything_is_asked(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants
    from huggingface_hub.utils import reset_sessions

    assert hubs.why_offline() == ""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    reset_sessions()
    assert "HF_HUB_OFFLINE" in hubs.why_offline()
    with pytest.raises(ProviderUnavailable, match="HF_HUB_OFFLINE"):
        fetch(folder)
    assert hub.requests == []


# --- servers that answer something else ------------------------------------------------------


def test_a_server_that_ignores_the_range_is_read_from_its_beginning(hub: Hub, folder: Path) -> None:
    put_part(folder, hub, 1_000_000)
    hub.ignores_range = True
    fetch(folder)
    assert is_whole(folder, hub)


def test_a_part_that_begins_elsewhere_is_not_appended(hub: Hub, folder: Path) -> None:
    put_part(folder, hub, 1_000_000)
    hub.wrong_range = 100
    fetch(folder)
    assert hub.asked_for("weights") == ["bytes=1000000-", ""]
    assert is_whole(folder, hub)


def test_a_whole_part_is_only_checked(hub: Hub, folder: Path) -> None:
    put_part(folder, hub, SIZE)
    fetch(folder)
    assert hub.asked_for("weights") == []
    assert is_whole(folder, hub)


def test_a_part_that_is_longer_than_the_file_is_begun_anew(hub: Hub, folder: Path) -> None:
    folder.mkdir()
    (folder / "weights.part").write_bytes(b"?" * (SIZE + 5))
    fetch(folder)
    assert hub.asked_for("weights") == [f"bytes={SIZE + 5}-", ""]  # the first one meets 416
    assert is_whole(folder, hub)


def test_a_wrong_checksum_throws_the_file_away(hub: Hub, folder: Path) -> None:
    hub.wrong_hash = True
    with pytest.raises(ProviderUnavailable, match="arrived damaged: the checksum") as failed:
        fetch(folder)
    assert "thrown away" in failed.value.hint
    assert list(folder.iterdir()) == []
    hub.wrong_hash = False
    fetch(folder)
    assert is_whole(folder, hub)


def test_a_part_of_another_version_is_found_out_at_the_end(hub: Hub, folder: Path) -> None:
    put_part(folder, hub, 1_000_000, damaged=True)
    with pytest.raises(ProviderUnavailable, match="the checksum of weights is wrong"):
        fetch(folder)
    assert [path.name for path in folder.iterdir()] == ["config"]
    fetch(folder)
    assert is_whole(folder, hub)


@pytest.mark.parametrize("size", [SIZE // 256 * 256, SIZE // 2])
def test_a_whole_file_that_differs_is_fetched_again(hub: Hub, folder: Path, size: int) -> None:
    """From before a loss of power, or of an older version of the model."""
    fetch(folder)
    (folder / "weights").write_bytes(b"?" * size)
    hub.requests.clear()
    lines: list[str] = []
    fetch(folder, lines.append)
    assert hub.asked_for("weights") == [""]
    assert hub.asked_for("config") == [], "that one is sound"
    assert is_whole(folder, hub)
    told = [line.download for line in lines if isinstance(line, ProgressLine)]
    assert all(0 <= each.done_bytes <= each.total_bytes for each in told)


def test_a_file_is_on_the_disk_before_it_gets_its_name(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync, synced = os.fsync, set()

    def watch(file: int) -> None:
        assert not (folder / "weights").exists()
        synced.add(os.fstat(file).st_ino)
        sync(file)

    monkeypatch.setattr(os, "fsync", watch)
    fetch(folder)
    assert synced == {path.stat().st_ino for path in folder.iterdir()}


def test_a_mirror_that_tells_no_checksums_is_believed(hub: Hub, folder: Path) -> None:
    hub.tells_hashes = False
    fetch(folder)
    assert is_whole(folder, hub)


def test_a_file_of_another_size_than_promised_is_not_taken(hub: Hub, folder: Path) -> None:
    hub.more_bytes = 5
    with pytest.raises(ProviderUnavailable, match="arrived damaged"):
        fetch(folder)
    assert list(folder.iterdir()) == []


def test_more_than_was_promised_does_not_fill_the_disk(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.bytes_per_s = 4_000_000
    files = hubs.files_of(NAME)
    files["weights"] = 100_000
    with pytest.raises(ProviderUnavailable, match="arrived damaged"):
        hubs.download(NAME, ["weights"], files, folder, lambda line: None)
    assert list(folder.iterdir()) == []


# --- the disk ---------------------------------------------------------------------------------


def test_the_room_on_the_disk_is_looked_at_before_the_first_byte(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "free_bytes", lambda where: 50_000_000)
    with pytest.raises(ProviderUnavailable) as failed:
        fetch(folder)
    assert failed.value.title == (
        "There is not enough room on the disk for a-model: 3.0 MB are still to come, and 50 MB "
        "are free."
    )
    assert failed.value.hint == "Free 153 MB and try again."
    assert hub.requests == []


def test_what_is_here_needs_no_more_room(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(folder)
    monkeypatch.setattr(hubs, "free_bytes", lambda where: 0)
    fetch(folder)
    assert is_whole(folder, hub)


def test_the_free_room_is_that_of_the_disk_below(tmp_path: Path) -> None:
    assert hubs.free_bytes(tmp_path / "not" / "yet" / "there") == pytest.approx(
        hubs.free_bytes(tmp_path), rel=0.1
    )
