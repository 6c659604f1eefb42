"""The log file, the fault log, and what happens to exceptions nobody caught."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import sys
import threading
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import TextIO

import app
from app.paths import Paths
from app.secrets import redact

log = logging.getLogger(__name__)

MAX_BYTES = 1_000_000
"""Of one log file: weeks of use, and still small enough to send to somebody."""
BACKUPS = 3
"""Older log files kept beside it."""
FAULT_LOG_MAX_BYTES = 256_000

_QUIET = ("httpx", "httpcore", "openai", "groq", "cerebras", "urllib3", "huggingface_hub")
"""Libraries that log every request; theirs is only wanted when something is wrong."""

_active: LogFiles | None = None
# Kept for the process: faulthandler writes to a file descriptor that must stay open.


def set_up(paths: Paths, verbose: bool) -> LogFiles:
    """Log to the profile from now on; calling it again replaces the earlier set-up.

    Everything from INFO up goes to the file. Parley's own warnings and up go to stderr too with
    `verbose` (commands, or a terminal), one line each; without it only a crash does. Tracebacks
    stay in the file. No API key passes.

    Raises:
        OSError: the log cannot be written; call `Paths.create` first, which explains.
    """
    global _active
    if _active is not None:
        _active.close()
    _active = LogFiles(paths, verbose)
    return _active


class LogFiles:
    """What `set_up` opened and hooked; `close` puts everything back."""

    def __init__(self, paths: Paths, verbose: bool) -> None:
        to_file = _SharedLogFile(
            paths.log_file, maxBytes=MAX_BYTES, backupCount=BACKUPS, encoding="utf-8"
        )
        to_file.setLevel(logging.INFO)
        to_file.setFormatter(
            _FileFormatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s")
        )
        self._handlers: list[logging.Handler] = [to_file]
        if sys.stderr is not None:  # it is None in a windowed program on Windows
            to_stderr = logging.StreamHandler(sys.stderr)
            to_stderr.setLevel(logging.WARNING if verbose else logging.CRITICAL)
            to_stderr.setFormatter(_LineFormatter())
            to_stderr.addFilter(logging.Filter("app"))
            self._handlers.append(to_stderr)
        self._fault_file = _open_fault_log(paths.fault_log)
        faulthandler.enable(self._fault_file)

        root = logging.getLogger()
        self._old_level = root.level
        root.setLevel(logging.INFO)
        for handler in self._handlers:
            root.addHandler(handler)
        for name in _QUIET:
            logging.getLogger(name).setLevel(logging.WARNING)
        logging.captureWarnings(True)

        self._old_excepthook = sys.excepthook
        self._old_thread_hook = threading.excepthook
        sys.excepthook = self._uncaught
        threading.excepthook = self._uncaught_in_thread
        log.info(
            "Parley %s, Python %s, %s, process %d",
            app.__version__,
            sys.version.split()[0],
            sys.platform,
            os.getpid(),
        )

    def close(self) -> None:
        """Undo everything. A second call does nothing: by then the hooks are another's."""
        if self._fault_file.closed:
            return
        sys.excepthook = self._old_excepthook
        threading.excepthook = self._old_thread_hook
        logging.captureWarnings(False)
        root = logging.getLogger()
        root.setLevel(self._old_level)
        for handler in self._handlers:
            root.removeHandler(handler)
            handler.close()
        faulthandler.disable()
        self._fault_file.close()

    def _uncaught(
        self,
        kind: type[BaseException],
        error: BaseException,
        traceback: TracebackType | None,
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._old_excepthook(kind, error, traceback)
            return
        log.critical("Parley met an error it did not expect", exc_info=(kind, error, traceback))

    def _uncaught_in_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is None or issubclass(args.exc_type, SystemExit):
            return
        name = args.thread.name if args.thread is not None else "?"
        log.critical(
            "Parley met an error it did not expect in thread %s",
            name,
            exc_info=(args.exc_type, args.exc_value, args.exc_traceback),
        )


class _SharedLogFile(RotatingFileHandler):
    """A log that another Parley (a command beside the window) may hold open as well."""

    def rotate(self, source: str, dest: str) -> None:
        # Windows refuses to rename an open file: then this one grows a little longer.
        with contextlib.suppress(OSError):
            super().rotate(source, dest)


class _FileFormatter(logging.Formatter):
    """Takes keys out of the finished text: message, arguments and traceback alike."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class _LineFormatter(logging.Formatter):
    """The message alone, on one line; what it was raised from is in the file."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"parley: {record.getMessage()}"
        if record.exc_info and record.exc_info[0] is not None:
            line += f" ({record.exc_info[0].__name__}, see the log)"
        return redact(line.replace("\n", " "))


def _open_fault_log(path: Path) -> TextIO:
    """Append to the fault log (begun anew when it has grown) a line that dates what follows."""
    grown = path.exists() and path.stat().st_size > FAULT_LOG_MAX_BYTES
    file = path.open("w" if grown else "a", encoding="utf-8")
    file.write(f"--- started {time.strftime('%Y-%m-%d %H:%M:%S')}, process {os.getpid()}\n")
    file.flush()
    return file
