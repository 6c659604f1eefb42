"""Whether this computer has a GPU that works, as the driver's own tool tells."""

from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Mapping

log = logging.getLogger(__name__)

PATIENCE_S = 5.0
"""A healthy driver answers in well under a second; a hung one never does."""


def nvidia_gpus(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the NVIDIA GPUs that answer; empty when there is none. Blocks for `PATIENCE_S`.

    Args:
        environ: where to look (`PATH`), and the tool's environment.
    """
    tool = shutil.which("nvidia-smi", path=environ.get("PATH", ""))
    if tool is None:
        return ()
    no_window: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # there on Windows only
    try:
        answer = subprocess.run(
            [tool, "--query-gpu=name", "--format=csv,noheader"],
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
