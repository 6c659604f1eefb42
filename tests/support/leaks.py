"""What a running Parley holds on to, so that two moments can be compared. Linux only.

A name is what is told apart, not an object: threads by their name, open files by what they are
open on, tasks by their coroutine, objects by their class.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import re
import threading
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

SOURCE = "app."
"""Objects of the classes that are defined under this module are counted."""


@dataclass(frozen=True)
class Footprint:
    """What there is at one moment."""

    threads: Counter[str]
    """By the name the system shows; it keeps 15 characters."""
    files: Counter[str]
    """By what a file descriptor is open on."""
    tasks: Counter[str]
    """asyncio tasks that are not done, in whatever loop."""
    objects: Counter[str]
    """Living instances of Parley's own classes."""
    temporary: frozenset[str] = field(default_factory=frozenset)
    """Files in the folder for temporary ones."""

    @classmethod
    def take(cls, temporary: Path) -> Footprint:
        gc.collect()
        living = gc.get_objects()
        found = cls(
            threads=_threads(),
            files=_files(),
            tasks=Counter(
                getattr(task.get_coro(), "__qualname__", "?")
                for task in living
                if type(task) is asyncio.Task and not task.done()
            ),
            objects=Counter(
                f"{type(each).__module__}.{type(each).__qualname__}"
                for each in living
                if str(type(each).__module__).startswith(SOURCE)
            ),
            temporary=frozenset(str(path) for path in temporary.rglob("*")),
        )
        del living
        return found

    def grown_since(
        self, before: Footprint, *, objects: int, but_for: frozenset[str] = frozenset()
    ) -> list[str]:
        """What there is more of than before, in words.

        Args:
            objects: so many more of one class are let pass: buffers that fill up to a limit.
            but_for: classes of which there may be more.
        """
        grown = [
            f"{count} more {what} {name!r}"
            for what, now, then in (
                ("thread", self.threads, before.threads),
                ("open file", self.files, before.files),
                ("task", self.tasks, before.tasks),
            )
            for name, count in (now - then).items()
        ]
        grown += [
            f"{count} more of {name}"
            for name, count in (self.objects - before.objects).items()
            if count > objects and name not in but_for
        ]
        return grown + [f"left behind: {name}" for name in self.temporary - before.temporary]


def _threads() -> Counter[str]:
    """The system's threads; those that Python knows, by Python's longer name."""
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    found: Counter[str] = Counter()
    for task in Path("/proc/self/task").iterdir():
        name = names.get(int(task.name))
        try:
            found[name or (task / "comm").read_text().strip()] += 1
        except OSError:  # it ended meanwhile
            continue
    return found


def _files() -> Counter[str]:
    found: Counter[str] = Counter()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            found[re.sub(r"\[\d+\]", "", str(descriptor.readlink()))] += 1
        except OSError:  # the listing's own
            continue
    return found


def resident_bytes() -> int:
    """Memory of this process, after what is free went back to the system."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def slope(values: Sequence[float]) -> float:
    """How much the values grow from one to the next: Theil's, which single jumps do not bend."""
    pairs = [
        (later - earlier) / (j - i)
        for i, earlier in enumerate(values)
        for j, later in enumerate(values[i + 1 :], i + 1)
    ]
    return sorted(pairs)[len(pairs) // 2] if pairs else 0.0


@contextmanager
def allocations_traced(report: list[str], lines: int = 15) -> Iterator[None]:
    """Appends where memory that is still there was allocated inside the block, most first."""
    tracemalloc.start(12)
    before = tracemalloc.take_snapshot()
    try:
        yield
        gc.collect()
        after = tracemalloc.take_snapshot()
    finally:
        tracemalloc.stop()
    report += [str(entry) for entry in after.compare_to(before, "lineno")[:lines]]
