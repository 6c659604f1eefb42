"""Runs of Parley, as far as its timers are concerned: on a real file, in a real loop."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from app.core.events import Event, TimerRang
from app.core.timer_events import TimersChanged
from app.providers.llm.skills.timer_file import VERSION, TimerFile
from app.providers.llm.skills.timer_keeper import TimerKeeper
from tests.support.skills import say, skills_at

E = TypeVar("E", bound=Event)

TEA = {
    "label": "tea timer",
    "name": "tea",
    "seconds": 600,
    "announcement": "Your tea timer is done.",
    "language": "en",
    "is_reminder": False,
}


def written(file: Path, *rows: dict[str, object], version: int = VERSION) -> None:
    file.write_text(json.dumps({"version": version, "timers": rows}))


def kept(file: Path) -> list[str]:
    """The names in the file."""
    if not file.exists():
        return []
    return [row["name"] for row in json.loads(file.read_text())["timers"]]


class Run:
    """One run of Parley, as far as its timers are concerned."""

    def __init__(self, file: Path | None) -> None:
        self.told: list[Event] = []
        self._news = asyncio.Event()
        self.keeper = TimerKeeper(self._hear, TimerFile(file) if file else None)
        self.skills = skills_at(timers=self.keeper)

    def _hear(self, event: Event) -> None:
        self.told.append(event)
        self._news.set()

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.told if isinstance(event, kind)]

    @property
    def names(self) -> list[str]:
        """Of those that run, as the window was told last."""
        changes = self.all(TimersChanged)
        return [row.name for row in changes[-1].timers] if changes else []

    @property
    def rung(self) -> list[str]:
        """Of those that have rung, likewise."""
        changes = self.all(TimersChanged)
        return [row.name for row in changes[-1].rung] if changes else []

    @property
    def said(self) -> list[str]:
        """Every announcement that was asked for."""
        return [event.announcement for event in self.all(TimerRang)]

    def number(self, name: str) -> int:
        row = next(
            row
            for change in self.all(TimersChanged)
            for row in (*change.timers, *change.rung)
            if row.name == name
        )
        return row.number

    async def ring(self, name: str) -> None:
        """Set a timer of one second, and wait until it rings."""
        before = len(self.all(TimerRang))
        await self.ask(f"set an {name} timer for 1 second")
        await self.until(lambda: len(self.all(TimerRang)) > before)

    async def ask(self, text: str) -> str:
        return await say(self.skills, text)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self._news.clear()
                await self._news.wait()


def run_of(file: Path | None, talk: Callable[[Run], Awaitable[None]]) -> Run:
    """Start Parley's skills, talk, and end them as Parley does."""

    async def run() -> Run:
        run = Run(file)
        await run.skills.ensure_warm()
        try:
            await talk(run)
        finally:
            await run.skills.close()
        return run

    return asyncio.run(run())


async def nothing(_: Run) -> None:
    """Only start and end."""


async def announced(run: Run) -> None:
    run.keeper.announced_soon()
    await asyncio.sleep(0)


class Clocks:
    """A wall clock that can be set, and one that ticks and sleeps with the computer."""

    def __init__(self) -> None:
        self.set_by = 0.0
        self.slept = 0.0

    def wall(self) -> float:
        return time.time() + self.set_by + self.slept

    def ticks(self) -> float:
        return time.monotonic() + self.slept
