"""Downloads: they can be ended at any moment, and go on where they stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

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


def fetch(folder: Path, progress: hubs.Progress = lambda line: None) -> None:
    with hubs.translated(NAME, "model"):
        files = hubs.files_of(NAME)
        hubs.download(NAME, ["config", "weights"], files, folder, progress)


def test_what_progress_raises_ends_it_and_the_next_goes_on(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "PROGRESS_INTERVAL_S", 0.0)
    folder = tmp_path / "here"

    def enough(line: str) -> None:
        if "1 of" in line:
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
    assert (folder / "weights").read_bytes() == (hub.models[NAME] / "weights").read_bytes()
    assert lines[0].endswith("1 of 2 MB"), "what was here is counted"


def test_it_is_ended_before_the_next_file_is_asked_for(hub: Hub, tmp_path: Path) -> None:
    def never(line: str) -> None:
        raise Cancelled("stop")

    with pytest.raises(Cancelled):
        fetch(tmp_path / "here", never)
    assert hub.requests == []


def test_a_broken_connection_goes_on_by_itself_while_it_brings_something(
    hub: Hub, tmp_path: Path
) -> None:
    hub.cut_after = 1_000_000
    with pytest.raises(ProviderUnavailable, match="cannot be downloaded"):
        fetch(tmp_path / "here")
    tries = [wanted for request, wanted in hub.requests if request.endswith("weights")]
    assert len(tries) == 2, "once more, and not for ever"
    assert tries[1].startswith("bytes=9")


def test_a_file_of_another_size_than_promised_is_not_taken(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files_of = hubs.files_of
    monkeypatch.setattr(hubs, "files_of", lambda name: {**files_of(name), "weights": SIZE + 5})
    with pytest.raises(ProviderUnavailable):
        fetch(tmp_path / "here")
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["config"]
