"""Whether this computer has a GPU that works, and how much of it is free, as the driver's own tool
tells."""

from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Mapping

log = logging.getLogger(__name__)

PATIENCE_S = 5.0
"""A healthy driver answers in well under a second; a hung one never does."""

MIB = 2**20
"""The tool counts in these."""


def nvidia_gpus(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the NVIDIA GPUs that answer; empty when there is none. Blocks for `PATIENCE_S`.

    Args:
        environ: where to look (`PATH`), and the tool's environment.
    """
    return _asked("name", environ)


def free_gpu_bytes(environ: Mapping[str, str]) -> int | None:
    """Memory that nobody uses, of all NVIDIA GPUs together: a server spreads a model over them.
    None when that is not known. Blocks for `PATIENCE_S`.

    Args:
        environ: where to look (`PATH`), and the tool's environment.
    """
    # a GPU that shares the computer's memory answers "[N/A]"
    free = [line for line in _asked("memory.free", environ) if line.isdigit()]
    return sum(int(mebibytes) for mebibytes in free) * MIB if free else None


def _asked(what: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """A line for each GPU; none when the tool is not there or does not answer."""
    tool = shutil.which("nvidia-smi", path=environ.get("PATH", ""))
    if tool is None:
        return ()
    no_window: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # there on Windows only
    try:
        answer = subprocess.run(
            [tool, f"--query-gpu={what}", "--format=csv,noheader,nounits"],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE_S,
            check=True,
            creationflags=no_window,
        )
    except (OSError, subprocess.SubprocessError) as exc:
        log.info("nvidia-smi did not answer: %s", exc)
        return ()
    return tuple(line.strip() for line in answer.stdout.splitlines() if line.strip())
