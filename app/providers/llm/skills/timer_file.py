"""The file of the timers that run, so that they survive the end of Parley."""

from __future__ import annotations

import errno
import json
import logging
import time
from collections.abc import Sequence
from pathlib import Path

from app.atomic_file import replace_file
from app.errors import AssistantError
from app.providers.llm.skills.timer import LONGEST_S, Timer

log = logging.getLogger(__name__)

VERSION = 1
"""Of the file's form."""

_WORDS = ("label", "name", "announcement", "language")


def what_hinders(exc: OSError) -> str:
    """Why the disk does not do it, one sentence."""
    match exc.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "The disk is full."
        case errno.EACCES | errno.EPERM:
            return "Parley has no permission for it."
        case errno.EROFS:
            return "The disk can only be read."
        case _:
            return f"The system says: {exc.strerror or type(exc).__name__}."


class TimerFile:
    """A small file that is there while timers run. Reads and writes block; one at a time.

    It is replaced as a whole or not at all, and is readable by its user alone.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[Timer]:
        """The timers that were running; none when there is no file.

        What is no file of timers is renamed to `<name>.broken-<time>`, and the timers in it that
        can be understood go on.

        Raises:
            AssistantError: it cannot be read, or a newer Parley wrote it. It is as it was, and
                must not be written.
        """
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as exc:
            raise AssistantError(f"{self._path.name} cannot be read.", what_hinders(exc)) from exc
        try:
            timers, faults = _understood(json.loads(data))
        except (ValueError, RecursionError) as exc:  # invalid JSON is a ValueError too
            timers, faults = [], str(exc)
        if faults:
            # Not the words in it: they may be what somebody said.
            log.warning(
                "%s is not a file of timers (%s). It is kept as %s.",
                self._path.name,
                faults,
                self._set_aside(),
            )
        return timers

    def write(self, timers: Sequence[Timer]) -> None:
        """Keep these and no others.

        Raises:
            OSError: the disk does not take it; the file is as it was.
        """
        if not timers:
            self._path.unlink(missing_ok=True)
            return
        rows = [
            {word: getattr(timer, word) for word in _WORDS}
            | {
                "seconds": timer.seconds,
                "is_reminder": timer.is_reminder,
                "due_at": round(timer.due_at, 3),
                "rang": timer.rang,
            }
            for timer in timers
        ]
        content = json.dumps({"version": VERSION, "timers": rows}, indent=1)
        replace_file(self._path, content)

    def _set_aside(self) -> str:
        """Rename the broken file, never over another; its new name."""
        stamp = time.strftime("%Y%m%d-%H%M%S")
        for suffix in ("", *(f"-{number}" for number in range(2, 100))):
            aside = self._path.with_name(f"{self._path.name}.broken-{stamp}{suffix}")
            if aside.exists():
                continue
            try:
                self._path.rename(aside)
            except OSError as exc:
                raise AssistantError(
                    f"{self._path.name} is broken and cannot be renamed.", what_hinders(exc)
                ) from exc
            return aside.name
        raise AssistantError(f"{self._path.name} is broken, and so are a hundred others beside it.")


def _understood(content: object) -> tuple[list[Timer], str]:
    """The timers that can be understood, and what is wrong with the rest, empty when all is well.

    Raises:
        ValueError: nothing of it is what `write` writes.
        AssistantError: a newer Parley wrote it.
    """
    if not isinstance(content, dict) or not isinstance(content.get("timers"), list):
        raise ValueError("it holds no timers")
    version = content.get("version")
    if isinstance(version, int) and version > VERSION:
        raise AssistantError("A newer Parley wrote the timers.")
    timers = [timer for row in content["timers"] if (timer := _timer(row)) is not None]
    lost = len(content["timers"]) - len(timers)
    return timers, f"{lost} of {len(content['timers'])} make no sense" if lost else ""


def _timer(row: object) -> Timer | None:
    if not isinstance(row, dict) or not all(isinstance(row.get(word), str) for word in _WORDS):
        return None
    seconds, due_at, is_reminder = row.get("seconds"), row.get("due_at"), row.get("is_reminder")
    if not isinstance(seconds, int) or not 1 <= seconds <= LONGEST_S:
        return None
    if not isinstance(due_at, int | float) or not 1 <= due_at < _LAST:  # a NaN neither
        return None
    if isinstance(seconds, bool) or isinstance(due_at, bool) or not isinstance(is_reminder, bool):
        return None
    words = {word: row[word] for word in _WORDS}
    return Timer(
        seconds=seconds,
        due_at=float(due_at),
        is_reminder=is_reminder,
        rang=row.get("rang") is True,  # older files do not tell
        **words,
    )


_LAST = 253_402_300_800.0
"""The year 10000, up to which times can be told."""
