"""`history`: what was said, without a window."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import os
import sys
import time
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.core.figures import FAST_MS, SPIKE_MS, Figures, RollingFigures
from app.core.slow_turns import explanation
from app.errors import AssistantError, InputError
from app.history.exchange import FORMATS, when
from app.history.rows import Deleted, Piece
from app.history.store import SqliteHistory
from app.paths import Paths

OK, FAILED, BAD_INPUT = 0, 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe `history` to the command line."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    parser.set_defaults(action="list", limit=50)

    listing = actions.add_parser(
        "list",
        help="list conversations, pinned ones first, then the newest; also without an action",
    )
    listing.add_argument("--limit", type=_count, default=50, metavar="N", help="at most N (50)")

    search = actions.add_parser("search", help="find turns that contain all of these words")
    search.add_argument("text", metavar="TEXT", help='words, or "a phrase" in quotation marks')
    search.add_argument("--limit", type=_count, default=50, metavar="N", help="at most N (50)")

    figures = actions.add_parser("figures", help="how long replies took to sound, and why")
    figures.add_argument("--json", action="store_true", help="the same as data")

    rename = actions.add_parser("rename", help="give a conversation a name of your own")
    rename.add_argument("id", type=int, metavar="ID", help="number shown by list")
    rename.add_argument("title", metavar="NAME", help='"" goes back to its first words')

    for name, help in (
        ("pin", "keep a conversation at the top of the list"),
        ("unpin", "let it go down the list again"),
    ):
        pin = actions.add_parser(name, help=help)
        pin.add_argument("id", type=int, metavar="ID", help="number shown by list")

    export = actions.add_parser("export", help="write conversations to a file or to the terminal")
    export.add_argument(
        "id", nargs="?", type=int, metavar="ID", help="number shown by list; everything without it"
    )
    export.add_argument("--format", choices=FORMATS, default="markdown")
    export.add_argument("--out", type=Path, metavar="FILE", help="a file instead of the terminal")
    export.add_argument("--force", action="store_true", help="replace the file if there is one")

    restore = actions.add_parser("import", help="read a JSON export back in")
    restore.add_argument("file", type=Path, metavar="FILE")

    delete = actions.add_parser("delete", help="forget conversations for good")
    which = delete.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?", type=int, metavar="ID", help="number shown by list")
    which.add_argument("--before", metavar="DATE", help="turns before this day, as 2026-01-31")
    which.add_argument("--all", action="store_true", help="everything")
    delete.add_argument("--yes", action="store_true", help="do not ask")


def run(args: argparse.Namespace, paths: Paths) -> int:
    """Do what `add_arguments` parsed; the exit code.

    0: done; 2: what was given cannot be used; 1: the history cannot be used, or the answer to
    the question was no.
    """
    actions = {
        "list": _list,
        "search": _search,
        "figures": _figures,
        "rename": _rename,
        "pin": _pin,
        "unpin": _pin,
        "export": _export,
        "import": _import,
        "delete": _delete,
    }
    try:
        return actions[args.action](args, paths)
    except BrokenPipeError:
        # `| head` has seen enough. Python flushes stdout once more at exit: let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except AssistantError as exc:
        sys.stderr.write(f"{exc}\n")
        return BAD_INPUT if isinstance(exc, InputError) else FAILED


def _list(args: argparse.Namespace, paths: Paths) -> int:
    with _history(paths) as history:
        rows = history.sessions(limit=args.limit) if history else []
    if not rows:
        _say("There are no conversations yet.")
    for row in rows:
        turns = "1 turn" if row.turns == 1 else f"{row.turns} turns"
        pinned = "pinned: " if row.pinned else ""
        title = row.title or "(nothing heard)"
        _say(f"{row.id:>5}  {when(row.last_at)}  {turns:>9}  {pinned}{title}")
    sys.stdout.flush()
    return OK


def _search(args: argparse.Namespace, paths: Paths) -> int:
    if not args.text.strip():
        raise InputError("There is nothing to search for.", "Give a word or two.")
    with _history(paths) as history:
        hits = history.search(args.text, limit=args.limit) if history else []
    if not hits:
        _say("Nothing found.")
    for hit in hits:
        record = hit.turn.record
        _say(f"{hit.turn.session_id:>5}  {when(record.started_at)}  {_marked(hit.snippet)}")
    sys.stdout.flush()
    return OK


def _figures(args: argparse.Namespace, paths: Paths) -> int:
    with _history(paths) as history:
        figures = history.figures(time.time()) if history else RollingFigures(Figures(), Figures())
    if args.json:
        sys.stdout.write(json.dumps(dataclasses.asdict(figures), ensure_ascii=False) + "\n")
    elif not figures.all_time.turns:
        _say("There are no spoken turns yet.")
    else:
        _say_figures(figures)
    sys.stdout.flush()
    return OK


def _say_figures(figures: RollingFigures) -> None:
    _say("From letting go of the key to the first sound, in spoken turns:")
    columns = (figures.last_hour, figures.all_time)
    _say(f"{'':<18}{'last hour':>12}{'all time':>12}")
    _say(f"{'turns':<18}" + "".join(f"{column.turns:>12,}" for column in columns))
    for name, values in (
        ("median", [_seconds(column.p50_ms) for column in columns]),
        ("average", [_seconds(column.average_ms) for column in columns]),
        ("95 of 100 within", [_seconds(column.p95_ms) for column in columns]),
        (f"under {_seconds(FAST_MS)}", [f"{100 * column.share_fast:.0f} %" for column in columns]),
        (f"over {_seconds(SPIKE_MS)}", [f"{column.slow_turns:,}" for column in columns]),
    ):
        shown = (
            value if column.turns else "-" for value, column in zip(values, columns, strict=True)
        )
        _say(f"{name:<18}" + "".join(f"{value:>12}" for value in shown))
    for cause, count in figures.all_time.spikes.items():
        said = explanation(cause)
        _say(f"{_turns(count):>11}  {said.what} {said.next_step}".rstrip())
    for wait in figures.recent_spikes:
        said = explanation(wait.cause)
        _say(f"{when(wait.started_at)}  {_seconds(wait.ms):>8}  {said.what}")


def _rename(args: argparse.Namespace, paths: Paths) -> int:
    with _history(paths) as history:
        if history is None or not history.rename(args.id, args.title):
            raise _no_such(args.id)
        title = history.title(args.id)
    _say(f"Conversation {args.id} is now called “{title}”.")
    return OK


def _pin(args: argparse.Namespace, paths: Paths) -> int:
    pinned = args.action == "pin"
    with _history(paths) as history:
        if history is None or not history.pin(args.id, pinned):
            raise _no_such(args.id)
    _say(f"Conversation {args.id} is {'pinned' if pinned else 'no longer pinned'}.")
    return OK


def _export(args: argparse.Namespace, paths: Paths) -> int:
    with _history(paths) as history:
        if history is None:
            raise AssistantError("There is no history to export yet.")
        if args.id is not None and history.title(args.id) is None:
            raise _no_such(args.id)
        if args.out is None:
            history.export(args.format, sys.stdout, session_id=args.id)
            sys.stdout.flush()
            return OK
        if args.out.is_file() and not args.force:
            raise InputError(
                f"{args.out} is there already.", "Choose another name, or replace it with --force."
            )
        turns = history.export_file(args.out, args.format, session_id=args.id)
    _say(f"{_turns(turns)} written to {args.out}.")
    return OK


def _import(args: argparse.Namespace, paths: Paths) -> int:
    paths.create()
    try:
        with args.file.open(encoding="utf-8") as source, _history(paths, new=True) as history:
            assert history is not None
            result = history.import_json(source)
    except (OSError, UnicodeDecodeError) as exc:
        reason = getattr(exc, "strerror", None) or "it is not UTF-8 text"
        raise InputError(
            f"{args.file} cannot be read ({reason}).", "Choose a JSON export."
        ) from exc
    _say(f"{_turns(result.turns)} added; {_turns(result.known)} were there already.")
    return OK


def _delete(args: argparse.Namespace, paths: Paths) -> int:
    before = _midnight(args.before) if args.before is not None else None
    with _history(paths) as history:
        if history is None:
            _say("There is no history yet.")
            return OK
        if args.all:
            what = "all conversations"
        elif before is not None:
            what = f"everything said before {args.before}"
        else:
            row = next((row for row in history.sessions() if row.id == args.id), None)
            if row is None:
                raise _no_such(args.id)
            what = f"conversation {row.id}, “{row.title}”, {_turns(row.turns)}"
        if not (args.yes or _confirmed(f"Delete {what}? This cannot be undone.")):
            _say("Nothing was deleted.")
            return FAILED
        if args.all:
            deleted = history.delete_all()
        elif before is not None:
            deleted = history.delete_before(before)
        else:
            deleted = history.delete_session(args.id)
    _tell_deleted(deleted)
    return OK


@contextmanager
def _history(paths: Paths, *, new: bool = False) -> Iterator[SqliteHistory | None]:
    """The open history, or None when there is none and `new` does not ask for one.

    A damaged file stays where it is: Parley's window may have it open.
    """
    if not (new or paths.history_file.exists()):
        yield None
        return
    history = SqliteHistory(paths.history_file)
    history.open(set_damaged_aside=False)
    try:
        yield history
    finally:
        history.close()


def _no_such(session_id: int) -> InputError:
    return InputError(
        f"There is no conversation {session_id}.", "`history list` shows the numbers."
    )


def _tell_deleted(deleted: Deleted) -> None:
    _say(f"{_turns(deleted.turns)} deleted.")
    if not deleted.scrubbed:
        _say("Another Parley has the history open: the last traces go when it closes.")


def _confirmed(question: str) -> bool:
    """Ask on stderr, so that stdout stays data; no answer means no."""
    sys.stderr.write(f"{_plain(question)} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _midnight(day: str) -> float:
    """The beginning of that day here, as Unix time."""
    try:
        date = datetime.date.fromisoformat(day)
        return datetime.datetime.combine(date, datetime.time()).timestamp()
    except (ValueError, OverflowError, OSError) as exc:
        raise InputError(f"{day!r} is not a date.", "Write it as 2026-01-31.") from exc


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.2f} s"


def _turns(number: int) -> str:
    return "1 turn" if number == 1 else f"{number:,} turns"


def _marked(snippet: Sequence[Piece]) -> str:
    return "".join(f"[{piece.text}]" if piece.match else piece.text for piece in snippet)


def _say(line: str) -> None:
    sys.stdout.write(_plain(line) + "\n")


def _plain(line: str) -> str:
    """One line without control characters: a reply must not drive the terminal."""
    return "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in line)
