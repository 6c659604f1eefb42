"""How long models took to load, from one run to the next."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from app.core.ports import Engine, Stage
from app.load_times import KEPT_LOADS, LoadTimes

PHI = Engine(Stage.LLM, "ollama", "phi3:mini", "server")
QWEN = Engine(Stage.LLM, "ollama", "qwen2.5:0.5b", "server")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "load_times.json"


def test_a_load_is_known_in_the_next_run_by_its_model(file: Path) -> None:
    first = LoadTimes(file)
    assert first.of(PHI) is None
    first.note(PHI, 4.25)
    first.note(QWEN, 0.5)
    again = LoadTimes(file)
    assert (again.of(PHI), again.of(QWEN)) == (4.25, 0.5)
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_the_longest_of_the_last_loads_counts(file: Path) -> None:
    times = LoadTimes(file)
    times.note(PHI, 12.0)  # the computer was just started
    for _ in range(KEPT_LOADS - 1):
        times.note(PHI, 0.8)
    assert times.of(PHI) == 12.0
    times.note(PHI, 0.9)
    assert times.of(PHI) == 0.9


@pytest.mark.parametrize(
    "content",
    ["", "{", "[1]", '{"ollama phi3:mini": 3}', '{"ollama phi3:mini": [-1]}', "[" * 20_000,
     '{"ollama phi3:mini": [true]}', '{"ollama phi3:mini": [1e400]}', "\xff"],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_none_and_written_anew(
    file: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_bytes(content.encode("latin-1"))
    times = LoadTimes(file)
    assert times.of(PHI) is None
    assert str(file) in caplog.text
    times.note(PHI, 2.0)
    assert LoadTimes(file).of(PHI) == 2.0


def test_a_disk_that_takes_nothing_stops_nobody(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    times = LoadTimes(file.parent / "gone" / file.name)
    times.note(PHI, 2.0)
    assert times.of(PHI) == 2.0
    assert "not kept" in caplog.text


def test_two_parleys_keep_what_each_measured(file: Path) -> None:
    one, other = LoadTimes(file), LoadTimes(file)
    threads = [
        threading.Thread(target=times.note, args=(engine, seconds))
        for times, engine, seconds in ((one, PHI, 3.0), (one, QWEN, 1.0))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.note(PHI, 5.0)
    assert (LoadTimes(file).of(PHI), LoadTimes(file).of(QWEN)) == (5.0, 1.0)
