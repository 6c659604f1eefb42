"""`history` on the command line."""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

import app
from app.commands import history
from app.history.store import SqliteHistory
from app.paths import Paths
from tests.support.turns import turn

ROOT = Path(app.__file__).parents[1]


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths.under(tmp_path / "profile")
    paths.create()
    return paths


@pytest.fixture
def filled(paths: Paths) -> Paths:
    store = SqliteHistory(paths.history_file)
    for first in ("the weather in Paris", "a timer for tea"):
        store.open()
        store.save(turn(1, first, reply_generated="Fine,\x1b[31m red\nand two lines."))
        store.save(turn(2, "thanks", started_at=2_000_000_000.0))
        store.close()
    return paths


def run(paths: Paths, *words: str) -> int:
    parser = argparse.ArgumentParser()
    history.add_arguments(parser)
    return history.run(parser.parse_args(words), paths)


def test_list_shows_the_newest_first_with_numbers_to_use(
    filled: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(filled, "list") == 0
    out = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in out] == ["2", "1"]
    assert "a timer for tea" in out[0]
    assert "2 turns" in out[0]
    assert run(filled, "list", "--limit", "1") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_without_an_action_it_lists(filled: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(filled, "list") == 0
    listed = capsys.readouterr().out
    assert run(filled) == 0
    assert capsys.readouterr().out == listed


@pytest.mark.parametrize("words", [["list"], ["search", "x"], ["delete", "--all", "--yes"]])
def test_without_a_history_nothing_is_made(
    paths: Paths, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(paths, *words) == 0
    assert capsys.readouterr().out != ""
    assert not paths.history_file.exists()


def test_search_shows_the_match_and_nothing_that_drives_a_terminal(
    filled: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(filled, "search", "weather paris") == 0
    out = capsys.readouterr().out
    assert "the [weather] in [Paris]" in out
    assert run(filled, "search", "red") == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert len(out.splitlines()) == 2


def test_searching_for_nothing_is_bad_input(
    filled: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(filled, "search", "  ") == 2
    streams = capsys.readouterr()
    assert (streams.out, streams.err != "") == ("", True)


def test_an_export_comes_back_in_another_profile(
    filled: Paths, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "export.json"
    assert run(filled, "export", "--format", "json", "--out", str(out)) == 0
    other = Paths.under(tmp_path / "other")
    assert run(other, "import", str(out)) == 0
    assert "4 turns added" in capsys.readouterr().out
    assert run(other, "export", "--format", "json") == 0
    assert capsys.readouterr().out == out.read_text()
    assert list(tmp_path.glob("*.part")) == []


@pytest.mark.parametrize("format", ["markdown", "json", "jsonl"])
def test_every_format_goes_to_the_terminal(
    filled: Paths, format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(filled, "export", "--format", format) == 0
    out = capsys.readouterr().out
    assert "a timer for tea" in out
    if format == "json":
        assert len(json.loads(out)["sessions"]) == 2


def test_an_export_that_cannot_be_written_costs_no_earlier_one(
    filled: Paths, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(filled, "export", "--out", str(tmp_path / "no" / "such" / "folder")) == 2
    assert run(filled, "export", "--out", str(tmp_path)) == 2
    assert capsys.readouterr().err.count("cannot be written") == 2
    old = tmp_path / "export.md"
    old.write_text("the export of last week")
    filled.history_file.write_bytes(b"damaged" * 1000)
    assert run(filled, "export", "--force", "--out", str(old)) == 1
    assert old.read_text() == "the export of last week"
    assert list(tmp_path.glob("*.part")) == []


def test_an_export_replaces_no_file_unasked(
    filled: Paths, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "export.md"
    old.write_text("the export of last week")
    assert run(filled, "export", "--out", str(old)) == 2
    assert "--force" in capsys.readouterr().err
    assert old.read_text() == "the export of last week"
    assert run(filled, "export", "--out", str(old), "--force") == 0
    assert old.read_text() != "the export of last week"


@pytest.mark.parametrize("content", [None, b"not an export", b"\xff\xfe"])
def test_importing_something_else_is_bad_input(
    paths: Paths, tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    if content is not None:
        file.write_bytes(content)
    assert run(paths, "import", str(file)) == 2
    assert capsys.readouterr().err != ""


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["delete", "1", "--yes"], ["a timer for tea", "thanks"]),
        (["delete", "--before", "2030-01-01", "--yes"], ["thanks", "thanks"]),
        (["delete", "--all", "--yes"], []),
    ],
)
def test_delete_forgets_what_was_named_and_nothing_else(
    filled: Paths, words: list[str], left: list[str]
) -> None:
    assert run(filled, *words) == 0
    store = SqliteHistory(filled.history_file)
    assert [row.record.transcript for row in store.turns()] == left
    store.close()


@pytest.mark.parametrize(
    ("answer", "code", "left"), [("y\n", 0, 2), ("\n", 1, 4), ("no\n", 1, 4), ("", 1, 4)]
)
def test_delete_asks_first(
    filled: Paths,
    answer: str,
    code: int,
    left: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    assert run(filled, "delete", "1") == code
    assert "the weather in Paris" in capsys.readouterr().err
    store = SqliteHistory(filled.history_file)
    assert len(store.turns()) == left
    store.close()


@pytest.mark.parametrize("words", [["delete", "77"], ["delete", "--before", "yesterday"]])
def test_what_cannot_be_deleted_is_bad_input(
    filled: Paths, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(filled, *words, "--yes") == 2
    assert capsys.readouterr().err != ""


@pytest.mark.parametrize(
    "words", [["delete"], ["delete", "1", "--all"], ["list", "--limit", "0"], ["lost"]]
)
def test_a_command_that_makes_no_sense_is_refused(
    filled: Paths, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run(filled, *words)
    assert caught.value.code == 2


def test_a_damaged_history_is_said_on_stderr_and_left_alone(
    paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    paths.history_file.write_bytes(b"damaged" * 1000)
    assert run(paths, "list") == 1
    streams = capsys.readouterr()
    assert streams.out == ""
    assert "damaged" in streams.err
    assert paths.history_file.read_bytes() == b"damaged" * 1000


def test_a_reader_that_has_seen_enough_is_no_error(filled: Paths) -> None:
    code = (
        "import argparse, sys\n"
        "from pathlib import Path\n"
        "from app.commands import history\n"
        "from app.paths import Paths\n"
        "parser = argparse.ArgumentParser()\n"
        "history.add_arguments(parser)\n"
        f"paths = Paths.under(Path({str(filled.data.parent)!r}))\n"
        "sys.stdin.readline()\n"
        "sys.exit(history.run(parser.parse_args(['export']), paths))\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    child.stdout.close()  # as `| head` does
    child.stdout = None
    _, err = child.communicate(b"\n", timeout=60)
    assert (child.returncode, err) == (0, b"")


# --- one conversation -----------------------------------------------------------------------


def test_a_conversation_is_renamed_and_pinned(
    filled: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(filled, "rename", "1", "Trip to Paris") == 0
    assert run(filled, "pin", "1") == 0
    capsys.readouterr()
    run(filled, "list")
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("pinned: Trip to Paris")
    assert run(filled, "unpin", "1") == 0
    assert run(filled, "rename", "1", "") == 0
    assert "the weather in Paris" in capsys.readouterr().out
    run(filled, "list")
    assert "pinned" not in capsys.readouterr().out
    assert second.endswith("a timer for tea")


def test_one_conversation_is_exported(
    filled: Paths, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "one.json"
    assert run(filled, "export", "2", "--format", "json", "--out", str(out)) == 0
    assert "2 turns" in capsys.readouterr().out
    (session,) = json.loads(out.read_text())["sessions"]
    assert session["title"] == "a timer for tea"


@pytest.mark.parametrize(
    "words", [["rename", "77", "x"], ["pin", "77"], ["unpin", "77"], ["export", "77"]]
)
def test_a_conversation_that_is_not_there_is_bad_input(
    filled: Paths, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(filled, *words) == 2
    streams = capsys.readouterr()
    assert (streams.out, "history list" in streams.err) == ("", True)


# --- figures --------------------------------------------------------------------------------


def test_figures_without_spoken_turns(filled: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(filled, "figures") == 0
    assert capsys.readouterr().out == "There are no spoken turns yet.\n"


def test_figures_for_people_and_as_data(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    store = SqliteHistory(paths.history_file)
    store.open()
    store.save(turn(1, started_at=time.time() - 60, spans={"voice_to_voice": 180.0}))
    spans = {"voice_to_voice": 2400.0}
    store.save(turn(2, started_at=1_700_000_000.0, spans=spans, slow_because="cold model"))
    store.close()
    assert run(paths, "figures") == 0
    out = capsys.readouterr().out
    lines = {line[:18].strip(): line[18:].split("  ") for line in out.splitlines()}
    assert [value.strip() for value in lines["median"] if value] == ["0.18 s", "1.29 s"]
    assert [value.strip() for value in lines["under 0.20 s"] if value] == ["100 %", "50 %"]
    assert "1 turn  A model was not ready yet. It stays ready while Parley is open." in out
    assert out.splitlines()[-1].endswith("2.40 s  A model was not ready yet.")
    assert run(paths, "figures", "--json") == 0
    data = json.loads(capsys.readouterr().out)
    assert data["last_hour"]["turns"] == 1
    assert data["all_time"]["spikes"] == {"cold model": 1}
    assert data["recent_spikes"] == [
        {"started_at": 1_700_000_000.0, "ms": 2400.0, "cause": "cold model"}
    ]
