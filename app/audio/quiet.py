"""Keeps what sound libraries print off the terminal; the errors that count are returned.

Linux only: there PortAudio's usual build, ALSA and JACK print every attempt that failed, dozens
of lines for one missing device.
"""

from __future__ import annotations

import ctypes
import logging
import os
import sys
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
        stderr.value = kept


def silence_for_good() -> None:
    """As `quiet`, without an end: for a C thread that prints and cannot be stopped."""
    nowhere = _nowhere()
    if nowhere is not None:
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
