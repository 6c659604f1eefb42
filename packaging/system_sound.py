"""PortAudio for Linux systems that have none; the wheels for Windows and macOS bring theirs."""

from __future__ import annotations

import ctypes.util
import sys
from pathlib import Path

FOLDER = "spare_sound"
"""In the bundle; `at_start.py` looks there when the system has no PortAudio."""

NEEDED = ("libdb-5.3.so", "libjack.so.0", "libportaudio.so.2")
"""Each needs those before it. ALSA's own library is the system's: see `bundle_contents.py`."""

_FOLDERS = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib")


def system_sound() -> list[tuple[str, str]]:
    """Files and the folder they go to, as PyInstaller takes them.

    Raises:
        FileNotFoundError: PortAudio is not installed where the package is built.
    """
    if not sys.platform.startswith("linux"):
        return []
    if ctypes.util.find_library("portaudio") is None:
        raise FileNotFoundError("PortAudio is missing: sudo apt-get install libportaudio2")
    found = []
    for name in NEEDED:
        place = next((Path(f, name) for f in _FOLDERS if Path(f, name).exists()), None)
        if place is not None:  # another build of PortAudio may do without JACK
            found.append((str(place), FOLDER))
    return found
