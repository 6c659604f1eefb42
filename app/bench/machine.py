"""What the figures were taken on."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from app import __version__
from app.providers.gpu import nvidia_gpus

LIBRARIES = (
    "faster-whisper",
    "ctranslate2",
    "torch",
    "transformers",
    "ollama",
    "PySide6-Essentials",
)


def describe() -> Mapping[str, object]:
    """The computer, how busy it is now, and the versions that matter for speed."""
    return {
        "parley": __version__,
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "gpus": list(nvidia_gpus(os.environ)),
        "load_1_min": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in LIBRARIES},
    }


def in_one_line(machine: Mapping[str, object]) -> str:
    load = machine["load_1_min"]
    busy = f", load {load} at the start" if load is not None else ""
    gpus = machine["gpus"]
    gpu = f", {', '.join(gpus)}" if isinstance(gpus, list) and gpus else ", no NVIDIA GPU"
    return (
        f"Parley {machine['parley']} on {machine['processor']}, {machine['cores']} cores{gpu}{busy}"
    )


def busy(machine: Mapping[str, object]) -> bool:
    """Whether other programs want more than half of it: then every figure is too high."""
    load, cores = machine["load_1_min"], machine["cores"]
    return isinstance(load, float) and isinstance(cores, int) and load > cores / 2


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        return platform.processor() or platform.machine()  # not Linux
    return platform.processor() or platform.machine()


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None
