"""A second copy of PortAudio, for when the first one is lost to a call that does not return.

When a device dies between two calls, PortAudio's ALSA part can wait for ever: its start for a
mutex that a thread took along into its end, its close for a thread that waits for the sound
server. Nothing frees that copy any more. A copy of the library under another name is another
library, with nothing in its memory; the first one stays where it is, with its thread asleep.
"""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

MAPS = Path("/proc/self/maps")

MOST_COPIES = 50
"""Each keeps a megabyte or two; a computer that needs more has other troubles."""

_lost: list[Any] = []
"""Libraries with a thread inside: unloading them would pull the ground from under it."""


def load_second_copy(sounddevice: Any) -> bool:
    """Have `sounddevice` use a fresh copy of PortAudio, not started; no stream may be in use.

    Returns:
        False where no copy can be made: elsewhere than on Linux, or too many are lost.
    """
    if not sys.platform.startswith("linux") or len(_lost) >= MOST_COPIES:
        return False
    try:
        original = _loaded_from()
        with tempfile.NamedTemporaryFile(prefix="portaudio-", suffix=".so") as copy:
            with original.open("rb") as source:
                shutil.copyfileobj(source, copy)
            copy.flush()
            library = sounddevice._ffi.dlopen(copy.name)  # loaded, it needs its file no more
    except (OSError, LookupError) as exc:
        log.warning("PortAudio cannot be loaded again: %s", exc)
        return False
    _lost.append(sounddevice._lib)
    sounddevice._lib = library
    sounddevice._initialized = 0
    log.warning("PortAudio does not answer any more; loaded it a second time")
    return True


def _loaded_from() -> Path:
    """The file of the library as this process has it; the first one, not a copy."""
    for line in MAPS.read_text(encoding="utf-8", errors="replace").splitlines():
        path = line.partition("/")
        name = Path(path[1] + path[2])
        if name.name.startswith("libportaudio"):
            return name
    raise LookupError("it is not among the files of this process")
