"""Uses an installed Parley as its user would: `smoke_test.py PROGRAM [ARGUMENT ...]`.

Run by the release workflow on each built package. Standard library only.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "resources" / "samples" / "what_time_is_it_in_paris.wav"
PATIENCE_S = 180.0
"""A first start on a rented computer reads everything from a cold disk."""


def main(command: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        return _try(command, Path(folder))


def _try(command: list[str], folder: Path) -> int:
    profile = ["--profile", str(folder / "profile")]
    version = re.search(r'__version__ = "(.+)"', (ROOT / "app" / "__init__.py").read_text("utf-8"))
    assert version is not None
    reply = folder / "reply.wav"
    wanted = (
        (["--version"], f"Parley {version[1]}"),
        ([*profile, "ask", "ten miles in kilometers", "--out", str(reply)], "16.09 kilometers"),
        ([*profile, "ask", "--details", "--wav", str(SAMPLE)], "what time is it in paris"),
        ([*profile, "history", "search", "kilometers"], "ten miles"),
        ([*profile, "doctor"], "speech to text"),
        ([*profile, "fetch"], "parley fetch stt whisper"),
    )
    for arguments, words in wanted:
        done = subprocess.run(
            [*command, *arguments],
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=PATIENCE_S,
            check=False,
        )
        if done.returncode or words not in done.stdout:
            sys.stderr.write(
                f"FAIL  {arguments}: {done.returncode}, {words!r} wanted\n"
                f"{done.stdout}\n{done.stderr}\n"
            )
            return 1
        sys.stdout.write(f"ok    {' '.join(arguments)}\n")
    with wave.open(str(reply)) as sound:
        seconds = sound.getnframes() / sound.getframerate()
    if seconds < 1.0:
        sys.stderr.write(f"FAIL  the spoken reply lasts {seconds:.2f} s\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
