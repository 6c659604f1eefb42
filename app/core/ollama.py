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
class OllamaState:
    """What `doctor` and the window say about the server."""

    running: bool
    version: str = ""
    models: tuple[str, ...] = ()
    """Names of the models that are pulled."""
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
