"""The history as files for people and programs: Markdown, JSON (comes back whole), JSON lines."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, TextIO, get_args

from app.core.ports import TurnRecord
from app.errors import InputError

Format = Literal["markdown", "json", "jsonl"]
FORMATS: Sequence[str] = get_args(Format)

NAME = "parley-history"
VERSION = 1
"""Of the JSON export; an import refuses a higher one."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session as it travels: without the row numbers of one file."""

    uuid: str
    started_at: float
    """Unix time, seconds."""
    title: str
    """The first words."""
    turns: Sequence[TurnRecord]
    own_title: str = ""
    """What its user calls it."""
    pinned: bool = False

    @property
    def shown_title(self) -> str:
        return self.own_title or self.title


@dataclass(frozen=True, slots=True)
class _Document:
    """The shape of the JSON export."""

    format: Literal["parley-history"]
    version: int
    sessions: Sequence[Session]


def write(format: Format, sessions: Iterable[Session], out: TextIO) -> None:
    """Write session by session, so that memory holds one at a time."""
    match format:
        case "json":
            _write_json(sessions, out)
        case "jsonl":
            _write_jsonl(sessions, out)
        case "markdown":
            _write_markdown(sessions, out)


def read_json(source: TextIO) -> Sequence[Session]:
    """The sessions of a JSON export.

    Raises:
        InputError: it is not one, or a newer Parley made it.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        # Plain json first: pydantic's own parser refuses lone surrogates, which a reply can hold.
        document = TypeAdapter(_Document).validate_python(json.load(source))
    except (ValueError, RecursionError) as exc:
        reason = "it is not JSON"
        if isinstance(exc, ValidationError):
            first = exc.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            reason = f"{place}: {first['msg'][:1].lower()}{first['msg'][1:]}"
        raise InputError(
            f"This is not an export of a history ({reason}).",
            "Choose a file made with: history export --format json",
        ) from exc
    if document.version > VERSION:
        raise InputError(
            "This export was made by a newer Parley.", "Install the newer Parley to import it."
        )
    if any(abs(turn.turn_id) >= 2**63 for session in document.sessions for turn in session.turns):
        raise InputError(
            "This is not an export of a history (a turn's number is too large).",
            "Choose a file made with: history export --format json",
        )
    return document.sessions


def _plain(session: Session) -> dict[str, object]:
    return {**asdict(session), "turns": [_plain_turn(record) for record in session.turns]}


def _plain_turn(record: TurnRecord) -> dict[str, object]:
    """Without what means something within one run alone."""
    plain = asdict(record)
    for name in ("conversation", "private"):
        del plain[name]
    return plain


def _write_json(sessions: Iterable[Session], out: TextIO) -> None:
    out.write(f'{{"format": "{NAME}", "version": {VERSION}, "sessions": [')
    for number, session in enumerate(sessions):
        out.write(",\n" if number else "\n")
        out.write(json.dumps(_plain(session), ensure_ascii=False))
    out.write("\n]}\n")


def _write_jsonl(sessions: Iterable[Session], out: TextIO) -> None:
    for session in sessions:
        for record in session.turns:
            line = {"session": session.uuid, **_plain_turn(record)}
            out.write(json.dumps(line, ensure_ascii=False) + "\n")


def _write_markdown(sessions: Iterable[Session], out: TextIO) -> None:
    out.write("# Conversations with Parley\n")
    for session in sessions:
        out.write(f"\n## {when(session.started_at)} · {session.shown_title or 'Untitled'}\n")
        for record in session.turns:
            out.write(f"\n**You** ({when(record.started_at)}): {record.transcript or '…'}\n")
            if record.reply_generated or record.reply_heard:
                out.write(f"\n**Parley**: {record.reply_generated or record.reply_heard}\n")
            if record.reply_heard != record.reply_generated:
                out.write(f"\n*Heard of it*: {record.reply_heard or 'nothing'}\n")


def when(unix_time: float) -> str:
    """Local date and time; "unknown time" for one no calendar has."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(unix_time))
    except (OverflowError, ValueError, OSError):
        return "unknown time"
