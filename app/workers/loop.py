"""Workers whose thread runs an asyncio loop instead of Qt's."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from PySide6.QtCore import QThread

from app.workers.worker import Worker

CLOSED_WITHIN_S = 1.0
"""How long a task that was cancelled may take to close its connection before the loop ends."""


class LoopThread(QThread):
    """A thread that runs an asyncio loop, so that several requests can be in flight together and
    a cancelled task closes its connection at once (SPEC 4.7).
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop

    def run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()


class LoopWorker(Worker):
    """A worker that lives in an asyncio loop.

    `on` and `request_end` are called in whichever thread emits (connect `handle` directly: this
    thread runs no Qt loop that could deliver). They only hand over to the loop.
    """

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()  # the loop itself keeps only weak ones

    def make_thread(self) -> QThread:
        return LoopThread(self._loop)

    def request_end(self) -> None:
        if not self._loop.is_closed():
            self._hand_over(self._end())

    def _hand_over(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` as a task of the loop. Any thread."""
        self._loop.call_soon_threadsafe(self._start, work)

    # --- the loop's thread -------------------------------------------------------------------

    async def on_loop_end(self) -> None:
        """Override to let go of what the loop owns; its tasks are cancelled by then."""

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (exc := task.exception()):
            self.report(exc, turn_id=0)

    async def _end(self) -> None:
        current = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not current]
        for task in tasks:
            if not task.cancelling():  # twice would interrupt how it closes its connection
                task.cancel()
        if tasks:
            _, stuck = await asyncio.wait(tasks, timeout=CLOSED_WITHIN_S)
            for task in stuck:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await self.on_loop_end()
        except Exception as exc:  # told here: the loop stops before it would ask the task
            self.report(exc, turn_id=0)
        finally:
            self._loop.stop()
