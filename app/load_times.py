"""How long each language model took to load, kept from one run of Parley to the next.

The first question of a run may meet a model that is not in memory. How long it may take for its
first word then depends on how long it takes to load, and nobody has measured that in this run.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from app.core.ports import Engine

log = logging.getLogger(__name__)

KEPT_LOADS = 5
"""Of each model. The longest of them counts: a load from a disk that was just read takes a
fraction of one after the computer was started."""

LONGEST_S = 3600.0
"""A longer time in the file is no load."""


class LoadTimes:
    """A small file of seconds by model. Any thread; reads and writes block.

    It can be lost at any time: a file that cannot be used is as none, and a write that fails is
    a line in the log.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._seconds = _read(file)

    def of(self, engine: Engine) -> float | None:
        """How long this model takes to load, in seconds; None when that was never measured."""
        with self._lock:
            return max(self._seconds.get(_name(engine), ()), default=None)

    def note(self, engine: Engine, seconds: float) -> None:
        """It took this long now."""
        with self._lock:
            # another Parley may have written meanwhile
            self._seconds = _read(self._file)
            name = _name(engine)
            latest = [*self._seconds.get(name, ()), round(seconds, 3)]
            self._seconds[name] = latest[-KEPT_LOADS:]
            try:
                _write(self._file, self._seconds)
            except OSError as exc:
                log.warning("how long a model took to load is not kept: %s", exc)


def _name(engine: Engine) -> str:
    return f"{engine.name} {engine.model}"


def _read(file: Path) -> dict[str, list[float]]:
    try:
        return _checked(json.loads(file.read_bytes()))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as exc:  # invalid JSON is a ValueError too
        log.warning("%s is not used: %s", file, exc)
        return {}


def _checked(content: object) -> dict[str, list[float]]:
    """
    Raises:
        ValueError: it is not what `note` writes.
    """
    if not isinstance(content, dict):
        raise ValueError("it holds no table")
    for name, loads in content.items():
        if not isinstance(loads, list) or not all(_is_load(load) for load in loads):
            raise ValueError(f"the times of {name!r} are none")
    return content


def _is_load(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= float(value) <= LONGEST_S  # type: ignore[arg-type]


def _write(file: Path, seconds: dict[str, list[float]]) -> None:
    """Replace the file as a whole or not at all."""
    handle, fresh = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(seconds, out, indent=1)
        Path(fresh).replace(file)
    except OSError:
        with suppress(OSError):
            Path(fresh).unlink()
        raise
