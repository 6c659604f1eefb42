"""How much of the computer other programs use, cheaply: two small reads, no dependency."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

PROC_STAT = Path("/proc/stat")
"""Linux: processor time since the start of the computer, in ticks, by what it went to."""

SHORTEST_S = 0.5
"""Ticks are 10 ms: over a shorter time they say little."""


@dataclass(frozen=True, slots=True)
class _Reading:
    at: float
    """Seconds, of a clock that only goes forward."""
    used_s: float
    """Processor time that all programs have used, seconds over all processors."""
    own_s: float
    """Of it, this process."""


class CpuMeter:
    """Tells the share of the processors that other programs used since it was last asked.

    Used by one thread. What another process computes for Parley (Ollama) counts as another
    program's, so it is to be asked while Parley rests.
    """

    def __init__(self, stat: Path = PROC_STAT) -> None:
        """
        Args:
            stat: the file in the place of `/proc/stat`.
        """
        self._stat = stat
        self._processors = os.cpu_count() or 1
        self._last: _Reading | None = None

    def restart(self) -> None:
        """What was until now does not count."""
        self._last = self._read()

    def others_share(self) -> float | None:
        """0 to 1; None at first, after too short a time, and where the system does not tell."""
        last, now = self._last, self._read()
        self._last = now
        if last is None or now is None or now.at - last.at < SHORTEST_S:
            return None
        available_s = (now.at - last.at) * self._processors
        others_s = (now.used_s - last.used_s) - (now.own_s - last.own_s)
        return min(1.0, max(0.0, others_s / available_s))

    def _read(self) -> _Reading | None:
        """None where there is no such file: macOS and Windows tell it in other ways."""
        try:
            with self._stat.open(encoding="ascii") as file:
                used_s = _used_s(file.readline())
        except OSError:
            return None
        return _Reading(time.monotonic(), used_s, time.process_time())


def _used_s(line: str) -> float:
    """From "cpu  user nice system idle iowait irq softirq steal guest guest_nice".

    What guests use is in "user" already; what the host of a virtual machine took ("steal") is
    gone for us as well.
    """
    user, nice, system, _idle, _iowait, irq, softirq, steal, *_ = map(int, line.split()[1:])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
