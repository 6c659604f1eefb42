"""What the tests of language-model providers share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from app.core.ports import LlmProvider, Message
from app.errors import ProviderError

T = TypeVar("T")

QUESTION = (Message("system", "Be brief."), Message("user", "What is the capital of France?"))


@dataclass(frozen=True)
class Reply:
    """What came of a question."""

    deltas: tuple[str, ...]
    error: ProviderError | None

    @property
    def text(self) -> str:
        return "".join(self.deltas)


async def collect(llm: LlmProvider, messages: Sequence[Message] = QUESTION) -> Reply:
    """The whole reply, and the error it ended with; others than ours are raised."""
    deltas: list[str] = []
    try:
        async with aclosing(llm.reply(messages, "en")) as stream:  # type: ignore[type-var]
            async for delta in stream:
                deltas.append(delta)
    except ProviderError as exc:
        return Reply(tuple(deltas), exc)
    return Reply(tuple(deltas), None)


def ask(llm: LlmProvider, messages: Sequence[Message] = QUESTION) -> Reply:
    """One question in a loop of its own, the provider closed after it."""
    return run(llm, lambda: collect(llm, messages))


def run(llm: LlmProvider, work: Callable[[], Awaitable[T]]) -> T:
    """`work` in a loop of its own, the provider closed after it."""

    async def main() -> T:
        try:
            return await work()
        finally:
            await llm.close()

    return asyncio.run(main())
