"""How far a download is, and how to say it: bytes, speed, time left. Pure; the caller's clock."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

SPEED_WINDOW_S = 5.0
"""Speed is taken over this long: shorter jumps about, longer is slow to see a stall."""
LEAST_WINDOW_S = 0.5
"""Before this much time was watched, a speed would be a guess."""


@dataclass(frozen=True, slots=True)
class Download:
    """How far a download is."""

    doing: str = "Downloading"
    """What is done now, when it is not the download itself ("Checking the download")."""
    done_bytes: int = 0
    """Here already, from earlier attempts too."""
    total_bytes: int = 0
    """0 while nobody knows."""
    bytes_per_s: float = 0.0
    """0 while it is too early to say."""

    @property
    def is_under_way(self) -> bool:
        """Whether bytes are expected to come."""
        return self.total_bytes > 0 and self.done_bytes < self.total_bytes

    @property
    def left_s(self) -> float | None:
        """Seconds to go at this speed; None when it is too early to say."""
        if self.bytes_per_s <= 0 or not self.total_bytes:
            return None
        return max(0, self.total_bytes - self.done_bytes) / self.bytes_per_s

    @property
    def line(self) -> str:
        """Short, for the user: "1.2 of 2.2 GB, 24 MB/s, about 40 s left"."""
        if not self.total_bytes or self.done_bytes >= self.total_bytes:
            return self.doing
        pieces = [f"{size(self.done_bytes)} of {size(self.total_bytes)}"]
        if self.bytes_per_s > 0:
            pieces.append(f"{size(self.bytes_per_s)}/s")
        if self.left_s is not None:
            pieces.append(f"about {time_left(self.left_s)} left")
        return ", ".join(pieces)


class DownloadMeter:
    """Adds up the parts of a download and takes its speed. One per attempt."""

    def __init__(self) -> None:
        self._parts: dict[str, tuple[int, int]] = {}
        self._samples: deque[tuple[float, int]] = deque()
        self._fetched = 0

    def feed(self, part: str, done_bytes: int, total_bytes: int, at: float) -> Download:
        """Take the news of one part.

        Args:
            at: seconds of any steady clock.
        """
        known = self._parts.get(part)
        if known is not None:
            self._fetched += max(0, done_bytes - known[0])
        # what a part has at its first mention was fetched by an earlier attempt: no speed
        self._parts[part] = (done_bytes, total_bytes)
        self._samples.append((at, self._fetched))
        while len(self._samples) > 2 and self._samples[1][0] <= at - SPEED_WINDOW_S:
            self._samples.popleft()
        since, before = self._samples[0]
        watched_s = at - since
        speed = (self._fetched - before) / watched_s if watched_s >= LEAST_WINDOW_S else 0.0
        return Download(
            done_bytes=sum(done for done, _ in self._parts.values()),
            total_bytes=sum(total for _, total in self._parts.values()),
            bytes_per_s=speed,
        )


def size(count: float) -> str:
    """Bytes in the unit people read, decimal as downloads are announced."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            value = count / factor
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{count:.0f} bytes"


def time_left(seconds: float) -> str:
    """Rounded to what can be promised."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


class ProgressLine(str):
    """A line about a download for whoever prints it, which knows its numbers for whoever draws."""

    download: Download

    def __new__(cls, line: str, download: Download) -> ProgressLine:
        self = super().__new__(cls, line)
        self.download = download
        return self
