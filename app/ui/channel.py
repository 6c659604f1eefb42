"""The way to the window that runs: one line there, one line back.

Without Qt, whose import alone would take longer than everything `parley press` does: a key is
being pressed.
"""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from pathlib import Path

COMMANDS = ("show", "press", "release", "toggle")
"""What a window can be told. "show" may be followed by the token with which a Wayland desktop
allows it to come to the front, those in `TIMED` by when they began."""

TIMED = ("press", "release")
"""Seconds stand behind these, of a clock that all processes share: a key's release may be here
before its press (`app.core.talk_order`). Without them they are taken as they come."""

TAKEN = "taken"
NOT_TAKEN = "not understood"
"""The answers."""

LONGEST_LINE = 512
"""Bytes, the end of the line included; whoever sends more is no Parley."""

PATIENCE_S = 2.0
"""How long a window may take to answer; one that is busy takes milliseconds."""


def channel_name(profile: Path) -> str:
    """The name of a profile's channel; short, because a socket's path may have 107 bytes."""
    digest = hashlib.sha256(str(profile.resolve()).encode(errors="replace")).hexdigest()[:16]
    return f"parley-{digest}"


def tell(profile: Path, command: str, patience_s: float = PATIENCE_S) -> str | None:
    """Say one line to the window of this profile.

    Args:
        profile: the folder that makes a profile.

    Returns:
        Its answer, empty when it gave none in time; None when no window listens.
    """
    line = f"{command}\n".encode()
    name = channel_name(profile)
    try:
        if sys.platform == "win32":
            answer = _through_pipe(rf"\\.\pipe\{name}", line)
        else:
            folder = Path(os.environ.get("TMPDIR") or "/tmp")
            answer = _through_socket(folder / name, line, patience_s)
    except TimeoutError:
        return ""
    except OSError:
        return None
    return answer.decode(errors="replace").strip()


def _through_socket(path: Path, line: bytes, patience_s: float) -> bytes:
    """Where Qt puts local sockets: its temporary folder, which is TMPDIR or /tmp."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(patience_s)
        connection.connect(os.fspath(path))
        connection.sendall(line)
        answer = b""
        while not answer.endswith(b"\n") and len(answer) < LONGEST_LINE:
            piece = connection.recv(LONGEST_LINE)
            if not piece:
                break
            answer += piece
        return answer


def _through_pipe(path: str, line: bytes) -> bytes:
    with open(path, "r+b", buffering=0) as pipe:  # noqa: PTH123 - a pipe is no path
        pipe.write(line)
        return pipe.readline(LONGEST_LINE)
