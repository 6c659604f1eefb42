"""What really comes out: a recording of the loudspeaker's own signal while something is said.

PulseAudio and PipeWire keep a monitor of every output, which `parec` records. What it hears has
passed the whole of Parley, PortAudio and the sound server; the way from the sound card to the
air is not in it. A sample is dated when it arrives here, so the recorder's own delay of some
milliseconds counts against Parley.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import threading
import time
from typing import Self

import numpy as np

from app.core.ports import Audio
from app.errors import AudioError

log = logging.getLogger(__name__)

RATE = 48_000

TOOLS = ("pactl", "parec")

PATIENCE_S = 10.0
"""For a tool of the sound server to answer, and for the first samples."""

AUDIBLE_SHARE = 0.02
"""Of the loudest sample: what lies below (-34 dB) counts as silence. Relative, because the
monitor stands behind the volume control."""

FAINTEST = 1e-4
"""A recording that is nowhere louder (-80 dB) is silent."""


class NothingRecorded(AudioError):
    """The loudspeaker's signal cannot be recorded, or cannot be told from other sounds."""


def find_monitor() -> str:
    """The monitor of the default output.

    Raises:
        NothingRecorded: there is none.
    """
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise NothingRecorded(
            f"The loudspeaker cannot be recorded here: there is no {' and no '.join(missing)}.",
            "On Linux they come with PulseAudio's tools.",
        )
    facts = _pactl("info").splitlines()
    sink = next((line.partition(":")[2].strip() for line in facts if "Default Sink:" in line), "")
    monitor = f"{sink}.monitor"
    sources = [line.split("\t")[1:2] for line in _pactl("list", "short", "sources").splitlines()]
    if not sink or [monitor] not in sources:
        raise NothingRecorded("The sound server has no output whose signal can be recorded.")
    return monitor


def _pactl(*arguments: str) -> str:
    try:
        return subprocess.run(
            ["pactl", *arguments],
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE_S,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError) as exc:
        log.info("pactl did not answer: %s", exc)
        raise NothingRecorded("The sound server does not answer.") from exc


class Recording:
    """Records a monitor while the block runs. A context manager.

    Its own thread reads; the samples may be looked at at any time, and are complete after the
    block.
    """

    def __init__(self, monitor: str) -> None:
        self._monitor = monitor
        self._pieces: list[Audio] = []
        self._arrivals: list[tuple[int, float]] = []
        """How many samples there were, and when (perf_counter), after each piece."""
        self._begun = threading.Event()

    def __enter__(self) -> Self:
        """
        Raises:
            NothingRecorded: the monitor gives nothing.
        """
        self._process = subprocess.Popen(
            [
                "parec",
                f"--device={self._monitor}",
                "--format=float32le",
                f"--rate={RATE}",
                "--channels=1",
                "--latency-msec=5",
                "--raw",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._thread = threading.Thread(target=self._read, name="loopback", daemon=True)
        self._thread.start()
        if not self._begun.wait(PATIENCE_S):
            self._end()
            raise NothingRecorded("The loudspeaker's signal cannot be recorded.")
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join(PATIENCE_S)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        count, rest = 0, b""
        while data := os.read(descriptor, 1 << 16):
            now = time.perf_counter()
            data = rest + data
            whole = len(data) // 4 * 4
            rest = data[whole:]
            count += whole // 4
            self._pieces.append(np.frombuffer(data[:whole], dtype="<f4"))
            self._arrivals.append((count, now))
            self._begun.set()

    @property
    def samples(self) -> Audio:
        """Everything so far, mono, at `RATE`."""
        pieces = list(self._pieces)
        return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.float32)

    def time_of(self, index: int) -> float:
        """When that sample was there (perf_counter)."""
        for count, at in self._arrivals:
            if index < count:
                return at - (count - 1 - index) / RATE
        raise IndexError(index)

    def index_at(self, at: float) -> int:
        """How many samples were there at that time (perf_counter)."""
        for count, arrived in self._arrivals:
            if arrived >= at:
                return max(0, count - round((arrived - at) * RATE))
        return self._arrivals[-1][0] if self._arrivals else 0


def first_sound(samples: Audio, since: int) -> int:
    """The first audible sample from `since` on.

    Raises:
        NothingRecorded: it is silent from there on, or it was not silent before.
    """
    limit = audible_from(samples)
    loud = np.flatnonzero(np.abs(samples) > limit)
    after = loud[loud >= since]
    if not len(after):
        raise NothingRecorded("Nothing was heard at the loudspeaker.")
    if len(after) < len(loud):
        raise NothingRecorded("Something else was playing at the loudspeaker.")
    return int(after[0])


def last_sound(samples: Audio) -> int:
    """The last audible sample.

    Raises:
        NothingRecorded: it is silent.
    """
    loud = np.flatnonzero(np.abs(samples) > audible_from(samples))
    if not len(loud):
        raise NothingRecorded("Nothing was heard at the loudspeaker.")
    return int(loud[-1])


def audible_from(samples: Audio) -> float:
    """How loud a sample must be to count as sound."""
    loudest = float(np.abs(samples).max(initial=0.0))
    return max(AUDIBLE_SHARE * loudest, FAINTEST)
