"""What is known of an Ollama server, and the ports for looking after it.

Implemented in `app.providers.llm`, used by the worker that supervises Ollama.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.core.downloads import Download


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the server knows about a model without loading it."""

    remote_host: str = ""
    """Who computes it, when the server only passes questions on ("ollama.com"); else empty."""
    trained_context: int | None = None
    """Tokens of context it was trained for; None when not told. A server loads it with no more,
    whatever `num_ctx` asks for."""
    thinks: bool = False
    """It thinks before it answers unless it is asked not to."""


@dataclass(frozen=True, slots=True)
class OllamaState:
    """What `doctor` and the window say about the server."""

    running: bool
    version: str = ""
    models: tuple[str, ...] = ()
    """Names of the models that are pulled."""
    sizes: tuple[int, ...] = ()
    """Bytes of each of them on the disk, in the same order; 0 when not told."""
    pulled: bool = False
    """Whether the chosen model is among them."""
    loaded: bool = False
    """Whether the chosen model is in memory, with whatever options."""
    vram_bytes: int | None = None
    """How much of it lies in GPU memory: 0 means it runs on the CPU. None when not loaded."""
    size_bytes: int | None = None
    """How much memory it takes in all. None when not loaded or not told."""
    context_length: int | None = None
    """Tokens of context it was loaded with; None when not loaded or not told."""
    facts: ModelFacts | None = None
    """About the chosen model; None when it is not pulled, or the server did not say."""
    no_facts_because: str = ""
    """What the server said instead, one sentence."""

    def loaded_otherwise(self, num_ctx: int) -> bool:
        """Whether it lies in memory with other options, so that a request with `num_ctx` would
        load it anew. The context is the one load option that a server tells."""
        if self.context_length is None:
            return False
        most = self.facts.trained_context if self.facts else None
        if most is None and self.context_length < num_ctx:
            return False  # the server may have cut our own wish
        return self.context_length not in (num_ctx, min(num_ctx, most or num_ctx))

    @property
    def gpu_share(self) -> float | None:
        """How much of the loaded model lies in GPU memory, 0 to 1; None when not loaded."""
        if self.vram_bytes is None:
            return None
        if not self.size_bytes:
            return 1.0 if self.vram_bytes else 0.0
        return min(1.0, self.vram_bytes / self.size_bytes)


class ModelKeeper(Protocol):
    """The server and its models. Lives in one asyncio loop."""

    @property
    def local(self) -> bool:
        """Whether the server's address is this computer."""

    @property
    def url(self) -> str: ...

    async def describe(self) -> OllamaState:
        """The state of the server and of the chosen model. Loads nothing.

        Raises:
            ProviderError: what answers there is no Ollama, or does not let us in.
        """

    def pull(self, model: str) -> AsyncIterator[Download]:
        """Download a model. Closing the iterator, or cancelling the task, stops it; the next
        call goes on where it stopped.

        Raises:
            ProviderError: no such model, no network, no room, or the server went away.
        """

    async def delete(self, model: str) -> None:
        """Remove a model from the disk.

        Raises:
            ProviderError: it is not there, or the server does not answer.
        """

    async def close(self) -> None: ...


class ServerProgram(Protocol):
    """The program on this computer. Used by one thread."""

    @property
    def path(self) -> Path | None:
        """Where it is installed; None when it is not. Looks anew each time."""

    @property
    def log_file(self) -> Path:
        """Where what it prints goes."""

    @property
    def running(self) -> bool:
        """Whether the server we started still runs."""

    @property
    def exit_code(self) -> int | None:
        """How the server we started ended: negative for a signal's number. None while it runs
        and when none was started."""

    def start(self) -> None:
        """Run the server; it answers a moment later.

        Raises:
            ProviderUnavailable: it is not installed or cannot be run.
        """

    def stop(self) -> None:
        """End what `start` started and nothing else; blocks for a few seconds at most."""


def same_model(one: str, other: str) -> bool:
    """Names are equal when the tag left out is `latest`."""

    def full(name: str) -> str:
        return name if ":" in name.rpartition("/")[2] else f"{name}:latest"

    return full(one) == full(other)
