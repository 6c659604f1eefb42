"""Keeps what sound libraries print off the terminal; the errors that count are returned.

Linux only: there PortAudio's usual build, ALSA and JACK print every attempt that failed, dozens
of lines for one missing device.
"""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

log = logging.getLogger(__name__)


@cache
def silence_alsa() -> None:
    """Take ALSA's error printing away, for good: it also prints from PortAudio's thread."""
    if not sys.platform.startswith("linux"):
        return
    try:
        alsa = ctypes.CDLL("libasound.so.2")
        # The handler takes printf arguments and may be called from PortAudio's thread: a C
        # function that ignores its arguments needs neither va_list nor the GIL.
        alsa.snd_lib_error_set_handler(ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p))
    except (OSError, AttributeError) as exc:
        log.debug("ALSA keeps its own error output: %s", exc)


@contextmanager
def quiet() -> Iterator[None]:
    """C code that prints on stdio's `stderr` prints nowhere inside the block.

    Python's own output and `faulthandler` write to the file descriptor, which is left alone, so
    nothing that another thread has to say is lost. Used by one thread.
    """
    nowhere = _nowhere()
    if nowhere is None:
        yield
        return
    stderr = ctypes.c_void_p.in_dll(ctypes.CDLL(None), "stderr")
    kept, stderr.value = stderr.value, nowhere
    try:
        yield
    finally:
        if not _for_good:
            stderr.value = kept


_for_good: list[bool] = []
"""Not empty once C code is to print nowhere for as long as the process lives."""


def silence_for_good() -> None:
    """As `quiet`, without an end: for a C thread that prints and cannot be stopped. May be called
    inside a `quiet` block."""
    nowhere = _nowhere()
    if nowhere is not None:
        _for_good.append(True)
        ctypes.c_void_p.in_dll(ctypes.CDLL(None), "stderr").value = nowhere


@cache
def _nowhere() -> int | None:
    """A C stream on the null device, opened once and never closed; None where that is not known
    to work."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "stderr"):
        return None
    libc.fopen.restype = ctypes.c_void_p
    stream: int | None = libc.fopen(os.devnull.encode(), b"w")
    return stream


# --- a C thread that never stops printing -----------------------------------------------------

LINES_OF_A_LOOP = 500
"""A stream that ends prints three lines; PortAudio's ALSA part, when a device dies before its
first block, prints one line for ever and keeps a processor busy with it."""

A_DAY_S = 86_400

TRAP_S = 0.3
"""Long enough for a loop to print so many lines; the trap is for nobody else."""

_UNBUFFERED = 2
_LOCKED_BY_CALLER = 2


def put_loops_to_sleep() -> None:
    """Have a C thread that prints without end sleep, for good, inside its next line.

    Nothing stops such a thread: it looks neither at its stop flag nor at a cancellation. But it
    prints, and what takes its lines need not return. Call it when one is known to be there.
    """
    trap = _trap()
    if trap is None:
        return
    stderr = ctypes.c_void_p.in_dll(ctypes.CDLL(None), "stderr")
    before, stderr.value = stderr.value, trap
    try:
        time.sleep(TRAP_S)
    finally:
        stderr.value = before


@cache
def _trap() -> int | None:
    """A C stream whose writer never returns to a thread that has written too many lines."""
    libc = ctypes.CDLL(None)
    if _nowhere() is None or not hasattr(libc, "fopencookie"):
        return None
    lines: Counter[int] = Counter()

    def write(_cookie: int, _text: int, size: int) -> int:
        thread = threading.get_native_id()
        lines[thread] += 1
        while lines[thread] >= LINES_OF_A_LOOP:
            log.info("a thread of the sound system that does not stop was put to sleep")
            time.sleep(A_DAY_S)
        return size

    _kept.append(writer := _WRITE(write))
    libc.fopencookie.restype = ctypes.c_void_p
    libc.fopencookie.argtypes = [ctypes.c_void_p, ctypes.c_char_p, _CookieFunctions]
    functions = _CookieFunctions(None, writer, None, None)
    stream: int | None = libc.fopencookie(None, b"w", functions)
    if stream is not None:
        libc.setvbuf(ctypes.c_void_p(stream), None, _UNBUFFERED, ctypes.c_size_t(0))
        # Who sleeps in it must not keep the lock from others.
        libc.__fsetlocking(ctypes.c_void_p(stream), _LOCKED_BY_CALLER)
    return stream


_WRITE = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)

_kept: list[object] = []
"""What C code may call at any time."""


class _CookieFunctions(ctypes.Structure):
    """`cookie_io_functions_t` (stdio.h)."""

    _fields_ = (
        ("read", ctypes.c_void_p),
        ("write", _WRITE),
        ("seek", ctypes.c_void_p),
        ("close", ctypes.c_void_p),
    )
