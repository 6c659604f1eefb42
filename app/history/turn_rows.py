"""A turn as a row of the table, and back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from app.core.figures import SPAN
from app.core.ports import Engine, Stage, TurnRecord
from app.history.rows import TurnRow

COLUMNS = (
    "id, session_id, turn_id, started_at, source, transcript, language, reply_generated, "
    "reply_heard, outcome, engines, spans, starts, slow_because"
)
"""Of a row that is read."""

_CHANGED = f"{COLUMNS.removeprefix('id, session_id, turn_id, ')}, voice_to_voice".split(", ")
_PLACES = ", ".join("?" for _ in _CHANGED)
INSERT = (
    f"INSERT INTO turns (session_id, turn_id, {', '.join(_CHANGED)}) VALUES (?, ?, {_PLACES}) "
    "ON CONFLICT (session_id, turn_id) DO NOTHING RETURNING id"
)
"""Takes a session, a turn's number within it, and `values`."""
UPDATE = (
    f"UPDATE turns SET {', '.join(f'{name} = ?' for name in _CHANGED)} "
    "WHERE id = ? RETURNING session_id"
)
"""Takes `values` and a row's number."""

TITLE_CHARS = 80
"""Length of a conversation's title."""

_REPLY = "reply"
"""In the engines column, beside the names of the stages."""


def values(record: TurnRecord) -> tuple[object, ...]:
    """The record in the order of the columns, without id, session and number."""
    spans = _finite(record.spans)
    return (
        record.started_at,
        clean(record.source),
        clean(record.transcript),
        clean(record.language),
        clean(record.reply_generated),
        clean(record.reply_heard),
        clean(record.outcome),
        _json(_who(record)),
        _json(spans),
        _json(_finite(record.starts)),
        clean(record.slow_because),
        spans.get(SPAN),
    )


def turn(row: tuple[Any, ...]) -> TurnRow:
    """The turn from a row with `COLUMNS`."""
    turn_row_id, session_id, *plain, engines, spans, starts, slow_because = row
    names = COLUMNS.split(", ")[2:10]
    who = json.loads(engines)
    reply = who.pop(_REPLY, {})
    record = TurnRecord(
        **dict(zip(names, plain, strict=True)),
        engines={stage: _engine(engine) for stage, engine in who.items()},
        answered_by=tuple(map(_engine, reply.get("answered_by", ()))),
        asked=tuple(map(_engine, reply.get("asked", ()))),
        why_not_first=reply.get("why_not_first", ""),
        spans=json.loads(spans),
        starts=json.loads(starts),
        slow_because=slow_because,
    )
    return TurnRow(turn_row_id, session_id, record)


def clean(text: str) -> str:
    """Text that can be written as UTF-8: a lone surrogate from a broken stream becomes "?"."""
    return text.encode("utf-8", "replace").decode("utf-8")


def title(text: str) -> str:
    """One line of it, not too long for a list."""
    line = " ".join(clean(text).split())
    return line if len(line) <= TITLE_CHARS else line[: TITLE_CHARS - 1].rstrip() + "…"


def _finite(milliseconds: Mapping[str, float]) -> dict[str, object]:
    """A span that is no number has no place in JSON, and must not cost us the turn."""
    return {name: ms for name, ms in milliseconds.items() if math.isfinite(ms)}


def _who(record: TurnRecord) -> dict[str, object]:
    """The engines column: an engine by stage name, and how the reply came to be."""
    who: dict[str, object] = {stage: asdict(engine) for stage, engine in record.engines.items()}
    if record.asked or record.answered_by:
        who[_REPLY] = {
            "answered_by": [asdict(engine) for engine in record.answered_by],
            "asked": [asdict(engine) for engine in record.asked],
            "why_not_first": clean(record.why_not_first),
        }
    return who


def _engine(plain: Mapping[str, Any]) -> Engine:
    return Engine(**{**plain, "stage": Stage(plain["stage"])})


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, separators=(",", ":"))
