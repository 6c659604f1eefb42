"""A long history: what it takes to append a turn and to find one."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.bench.budgets import Budget, worst
from app.bench.plan import Plan, Progress
from app.bench.report import Section, Table
from app.bench.statistics import Summary
from app.core.ports import Engine, Stage, TurnRecord
from app.history import exchange
from app.history.store import SqliteHistory

SPAN = "history_search"

TURNS_PER_SESSION = 25

APPENDS = 100

SEARCHES = 20
"""Of each kind; the file is in memory after the first, as it is for somebody who types."""

SYLLABLES = "ba co di fu ga he ki lo ma ne pi ro su ta ve wi zo bra cle dri flo gra pla sto tri"

BEGAN_AT = 1_700_000_000.0
"""Unix time of the first turn."""

COMMON = "time"
"""A word in every fifth question."""
RARE = "zeppelin"
"""A word in one turn of a thousand."""


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody looks for."""

    kind: str
    text: str


QUERIES = (
    Query("a common word", COMMON),
    Query("a rare word", RARE),
    Query("two words", f"{COMMON} {RARE}"),
    Query("the beginning of a word", "ze"),
    Query("words in order", f'"what {COMMON} is"'),
    Query("a word nobody said", "xylophonist"),
)


def measure(plan: Plan, progress: Progress) -> Section:
    """A history of `plan.saved_turns` in a temporary file.

    Raises:
        HistoryError: no room on the disk.
    """
    count = plan.saved_turns
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        progress(f"History: writing {count} turns")
        history = SqliteHistory(Path(folder) / "history.sqlite")
        try:
            _fill(history, Path(folder) / "export.json", count)
            progress(f"History: {APPENDS} turns more, {SEARCHES} searches of {len(QUERIES)} kinds")
            appends = Summary.of([_append_ms(history, number) for number in range(APPENDS)])
            searches = {query: _search(history, query) for query in QUERIES}
        finally:
            history.close()
    return Section(
        "history",
        [_table(count, appends, searches)],
        {
            "turns": count,
            "append_ms": appends.as_data(),
            "search_ms": {query.kind: found.as_data() for query, found in searches.items()},
        },
        [
            Budget(
                SPAN,
                worst([found.p95 for found in searches.values()]),
                f"{count} turns; the worst of {len(QUERIES)} kinds of search",
            )
        ],
    )


def _fill(history: SqliteHistory, export: Path, count: int) -> None:
    """All in one transaction, by way of an export: saved one by one they would take minutes."""
    with export.open("w", encoding="utf-8") as out:
        exchange.write("json", _sessions(count), out)
    with export.open(encoding="utf-8") as source:
        history.import_json(source)
    export.unlink()


def _sessions(count: int) -> Iterator[exchange.Session]:
    """Questions and replies of made-up words, some of them said more often than others."""
    chance = random.Random(1)
    parts = SYLLABLES.split()
    words = [f"{one}{two}{three}" for one in parts for two in parts for three in parts[:4]]
    weights = [1 / rank for rank in range(1, len(words) + 1)]  # as in any language (Zipf)

    def some(length: int) -> str:
        return " ".join(chance.choices(words, weights, k=length))

    for first in range(0, count, TURNS_PER_SESSION):
        records = []
        for number in range(first, min(first + TURNS_PER_SESSION, count)):
            question = f"what {COMMON} is {some(3)}" if number % 5 == 0 else some(7)
            reply = f"{some(24)} {RARE}" if number % 1000 == 7 else some(25)
            records.append(_record(number - first + 1, number, question, reply))
        yield exchange.Session(
            f"bench-{first}", records[0].started_at, records[0].transcript, records
        )


def _record(turn_id: int, number: int, question: str, reply: str) -> TurnRecord:
    """A turn as the conversation saves it."""
    return TurnRecord(
        turn_id=turn_id,
        started_at=BEGAN_AT + 60.0 * number,
        source="voice",
        transcript=question,
        language="en",
        reply_generated=reply,
        reply_heard=reply,
        outcome="replied",
        engines={
            "stt": Engine(Stage.STT, "whisper", "acft-whisper-tiny"),
            "llm": Engine(Stage.LLM, "ollama", "phi3:mini", "server"),
            "tts": Engine(Stage.TTS, "vits", "mms-tts-eng"),
        },
        spans={"capture": 2100.0, "stt_tail": 40.0, "ttft": 80.0, "voice_to_voice": 310.0},
        starts={"capture": -2100.0, "stt_tail": 0.0, "ttft": 40.0, "voice_to_voice": 0.0},
    )


def _append_ms(history: SqliteHistory, number: int) -> float:
    record = _record(number + 1, number, f"what {COMMON} is it now", "It is noon.")
    started = time.perf_counter()
    history.save(record)
    return (time.perf_counter() - started) * 1000


def _search(history: SqliteHistory, query: Query) -> Summary:
    times = []
    for _ in range(SEARCHES):
        started = time.perf_counter()
        history.search(query.text)
        times.append((time.perf_counter() - started) * 1000)
    return Summary.of(times)


def _table(count: int, appends: Summary, searches: dict[Query, Summary]) -> Table:
    rows: list[Sequence[str | float]] = [("one turn more, on disk", appends.p50, appends.p95)]
    rows += [(f"find {query.kind}", found.p50, found.p95) for query, found in searches.items()]
    return Table(
        f"History of {count} turns",
        ("", "p50 ms", "p95 ms"),
        rows,
        ["A turn is saved beside the next one's path: nobody waits for it."],
    )
