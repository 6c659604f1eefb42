"""What is slow to get is got once, in a thread, while the loop goes on passing words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """A client with its library, or a model: made at the first wish, for all who want it.

    Importing a client library takes 0.05 to 0.5 s and making its client 0.03 to 0.1 s (two
    cores; the certificates are read), loading a model takes many. Whoever comes meanwhile waits
    for the same thing. A caller that is cancelled leaves the making going for the next one. When
    it fails, those who waited are told, and the next caller has it tried anew.

    Lives in one asyncio loop until `forget`.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        """
        Args:
            make: called in a thread of the executor.
        """
        self._make = make
        self._making: asyncio.Future[T] | None = None

    @property
    def made(self) -> T | None:
        """The thing, if it is there."""
        making = self._making
        return making.result() if making and making.done() and not making.exception() else None

    async def get(self, executor: Executor | None = None) -> T:
        """The thing, made if it is not there.

        Args:
            executor: whose thread makes it; None is the loop's own.

        Raises:
            Exception: whatever making it raised.
        """
        if self._making is None or (self._making.done() and self._making.exception()):
            loop = asyncio.get_running_loop()
            self._making = loop.run_in_executor(executor, self._make)
        return await asyncio.shield(self._making)

    def forget(self) -> T | None:
        """Begin anew at the next wish; what there was is the caller's to close."""
        made, self._making = self.made, None
        return made
