"""Exports, and the way back."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from app.errors import InputError
from app.history.exchange import VERSION
from app.history.rows import Imported
from app.history.store import SqliteHistory
from tests.support.turns import turn


@pytest.fixture
def filled(path: Path) -> SqliteHistory:
    store = SqliteHistory(path)
    for words in ("first 'run' \"quoted\"\n\tpast \x01 ünïcödé 🎉", "second <b>run</b>"):
        store.open()
        store.save(turn(1, words, started_at=1_700_000_000.123456789))
        store.save(turn(2, "", reply_generated="", reply_heard="", engines={}, spans={}))
        store.close()
    store.open()
    return store


def exported(store: SqliteHistory, format: str) -> str:
    out = io.StringIO()
    store.export(format, out)  # type: ignore[arg-type]
    return out.getvalue()


def test_a_json_export_comes_back_without_loss(filled: SqliteHistory, tmp_path: Path) -> None:
    text = exported(filled, "json")
    other = SqliteHistory(tmp_path / "other.sqlite")
    assert other.import_json(io.StringIO(text)) == Imported(turns=4, known=0)
    assert exported(other, "json") == text
    assert [row.record for row in other.turns()] == [row.record for row in filled.turns()]
    assert [(s.uuid, s.title, s.started_at, s.turns) for s in other.sessions()] == [
        (s.uuid, s.title, s.started_at, s.turns) for s in filled.sessions()
    ]
    assert len(other.search("ünïcödé")) == 1
    other.close()


def test_names_and_pins_travel_and_what_is_here_already_keeps_its_own(
    filled: SqliteHistory, tmp_path: Path
) -> None:
    first = min(row.id for row in filled.sessions())
    filled.rename(first, "My own name")
    filled.pin(first, True)
    text = exported(filled, "json")
    other = SqliteHistory(tmp_path / "other.sqlite")
    other.import_json(io.StringIO(text))
    assert exported(other, "json") == text
    top = other.sessions()[0]
    assert (top.title, top.pinned) == ("My own name", True)
    other.rename(top.id, "")
    other.pin(top.id, False)
    assert other.import_json(io.StringIO(text)) == Imported(turns=0, known=4)
    assert (other.title(top.id) or "").startswith("first")
    assert not any(row.pinned for row in other.sessions())
    other.close()


def test_an_import_brings_back_what_was_just_deleted(filled: SqliteHistory) -> None:
    text = exported(filled, "json")
    doomed = filled.sessions()[0].id
    filled.put_away(doomed, 1.0)
    assert len(json.loads(exported(filled, "json"))["sessions"]) == 1
    filled.import_json(io.StringIO(text))
    filled.purge([doomed])
    assert exported(filled, "json") == text


def test_an_old_conversation_that_went_on_comes_back_in_its_order(
    history: SqliteHistory, tmp_path: Path
) -> None:
    history.save(turn(1, "yesterday"))
    history.save(turn(2, "later"))
    session_id = history.sessions()[0].id
    history.close()
    history.begin(3, session_id)
    history.save(turn(1, "today", conversation=3, started_at=1_800_000_000.0))
    text = exported(history, "json")
    assert "conversation" not in json.loads(text)["sessions"][0]["turns"][0]
    other = SqliteHistory(tmp_path / "other.sqlite")
    other.import_json(io.StringIO(text))
    said = [row.record.transcript for row in other.turns()]
    assert said == ["yesterday", "later", "today"]
    assert exported(other, "json") == text
    other.close()


def test_importing_again_adds_nothing_and_changes_nothing(filled: SqliteHistory) -> None:
    text = exported(filled, "json")
    assert filled.import_json(io.StringIO(text)) == Imported(turns=0, known=4)
    assert exported(filled, "json") == text


def test_an_empty_history_exports_and_imports(history: SqliteHistory) -> None:
    for format in ("json", "jsonl", "markdown"):
        exported(history, format)
    assert json.loads(exported(history, "json"))["sessions"] == []
    assert history.import_json(io.StringIO(exported(history, "json"))).turns == 0


def test_json_lines_are_one_turn_each_with_its_session(filled: SqliteHistory) -> None:
    lines = [json.loads(line) for line in exported(filled, "jsonl").splitlines()]
    assert len(lines) == 4
    assert len({line["session"] for line in lines}) == 2
    assert lines[0]["engines"]["llm"]["local"] is False
    assert lines[0]["spans"] == {"stt": 41.5, "ttft": 72.0}


def test_markdown_tells_who_said_what_and_what_was_heard(filled: SqliteHistory) -> None:
    text = exported(filled, "markdown")
    assert text.count("\n## ") == 2
    assert "**Parley**: It is noon. And sunny." in text
    assert "*Heard of it*: It is noon." in text


def good() -> dict[str, object]:
    return {
        "format": "parley-history",
        "version": VERSION,
        "sessions": [
            {
                "uuid": "u",
                "started_at": 1.0,
                "title": "t",
                "turns": [
                    {
                        "turn_id": 1,
                        "started_at": 1.0,
                        "source": "text",
                        "transcript": "fine",
                        "language": "en",
                    }
                ],
            }
        ],
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        "{}",
        "[" * 100_000,
        json.dumps(good() | {"format": "other"}),
        json.dumps(good() | {"sessions": [{"uuid": "u"}]}),
        json.dumps(good() | {"version": VERSION + 1}),
        json.dumps(good()).replace('"turn_id": 1', '"turn_id": "one"'),
        json.dumps(good()).replace('"turn_id": 1', '"turn_id": 1e300'),
        json.dumps(good()).replace('"turn_id": 1', '"turn_id": 99999999999999999999'),
    ],
)
def test_what_is_no_export_is_refused_and_changes_nothing(
    history: SqliteHistory, text: str
) -> None:
    with pytest.raises(InputError) as caught:
        history.import_json(io.StringIO(text))
    assert caught.value.hint
    assert history.turns() == []
    assert history.sessions() == []


def test_a_smaller_but_whole_export_is_enough(history: SqliteHistory) -> None:
    assert history.import_json(io.StringIO(json.dumps(good()))).turns == 1
