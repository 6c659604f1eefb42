"""The one way out of the process, whatever an engine's library is still doing."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress

_stuck: list[object] = []


def left_running(*owners: object) -> None:
    """Say that a thread of these is stuck inside a library and did not end.

    They are kept until the process ends: Qt aborts when a running thread is destroyed.
    """
    _stuck.extend(owners)


def leave(code: int) -> int:
    """The exit code; with a thread left running, the process ends here.

    Python and Qt would wait for that thread, or abort.
    """
    if not _stuck:
        return code
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody reads it any more
            stream.flush()
    logging.shutdown()
    os._exit(code)
