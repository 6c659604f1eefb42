"""A long history, made short."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from app.bench import history
from app.bench.plan import Plan
from app.history import exchange
from app.history.store import SqliteHistory

PLAN = Plan(runs=1, pairs=1, recordings=[Path("unused.wav")], saved_turns=1100)


@pytest.fixture
def filled(tmp_path: Path) -> SqliteHistory:
    store = SqliteHistory(tmp_path / "history.sqlite")
    history._fill(store, tmp_path / "export.json", PLAN.saved_turns)
    return store


def test_every_kind_of_search_finds_what_it_says(filled: SqliteHistory) -> None:
    found = {query.kind: len(filled.search(query.text, limit=-1)) for query in history.QUERIES}
    assert found["a common word"] >= 220
    assert found["a rare word"] == 2
    assert 0 < found["the beginning of a word"] >= found["a rare word"]
    assert found["words in order"] == 220
    assert found["a word nobody said"] == 0
    assert len(filled.turns()) == PLAN.saved_turns
    filled.close()


def test_sessions_are_a_history_like_any_other() -> None:
    text = io.StringIO()
    exchange.write("json", history._sessions(60), text)
    sessions = json.loads(text.getvalue())["sessions"]
    assert [len(session["turns"]) for session in sessions] == [25, 25, 10]
    assert len({turn["started_at"] for session in sessions for turn in session["turns"]}) == 60


def test_append_and_search_are_timed_and_searching_has_a_budget() -> None:
    section = history.measure(PLAN, lambda line: None)
    data = dict(section.data)
    (budget,) = section.budgets
    assert budget.span == "history_search"
    assert budget.value == max(each["p95"] for each in data["search_ms"].values())
    assert data["append_ms"]["runs"] == history.APPENDS
    assert set(data["search_ms"]) == {query.kind for query in history.QUERIES}
