"""How commands show events: as JSON lines, or as text and a latency table for people."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Mapping

import numpy as np

from app.core.events import Event
from app.core.latency import SPANS
from app.core.ports import Engine
from app.core.turn import Turn


def event_as_json(event: Event, started_at: float) -> str:
    """One line: the event's name, its turn, milliseconds since `started_at`, and its fields."""
    line: dict[str, object] = {
        "event": type(event).__name__,
        "turn": event.turn_id,
        "at_ms": round(1000 * (event.at - started_at), 1),
    }
    for item in dataclasses.fields(event):
        value = getattr(event, item.name)
        if item.name in ("turn_id", "at") or isinstance(value, Turn | np.ndarray):
            continue
        if item.name.endswith("_at"):  # stamps of this process's clock mean nothing outside it
            line[item.name.removesuffix("at") + "ms"] = round(1000 * (value - started_at), 1)
        else:
            line[item.name] = _plain(value)
    return json.dumps(line, ensure_ascii=False)


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {k: _plain(v) for k, v in dataclasses.asdict(value).items()}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return round(value, 3) if math.isfinite(value) else None
    return value


def latency_table(spans: Mapping[str, float], engines: Mapping[str, Engine]) -> str:
    """The turn's spans and engines, for a terminal."""
    lines = []
    for kind in SPANS:
        if kind.name in spans:
            lines.append(f"  {kind.label:<44} {abs(round(spans[kind.name])):>8} ms")
    for stage, engine in engines.items():
        place = "on this computer" if engine.local else "in the cloud"
        kind_of = "stand-in, " if engine.stand_in else ""
        lines.append(f"  {stage:<4} {engine.label} ({kind_of}{place})")
    return "\n".join(lines)


def say(line: str) -> None:
    """To stdout, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def remark(line: str) -> None:
    """To stderr: what is not the answer."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
