"""A small language model inside Parley, for those who install no server.

It answers more slowly and knows less than a model on a server; it is loaded only when it is
chosen, and then takes two to four bytes of memory per parameter (1 to 2 GB for the default).
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.ports import Engine, Message, Stage, Usage, Warmth
from app.errors import ProviderBroke, ProviderUnavailable
from app.providers.llm import builtin_files
from app.providers.llm.wording import mark_of_cut
from app.settings import BuiltinSettings

if TYPE_CHECKING:
    from app.providers.llm.builtin_chat import ChatModel

log = logging.getLogger(__name__)


class BuiltinLlm:
    """A chat model from the hub.

    Lives in one asyncio loop; after `close` it may begin again in another. The model itself is
    used by one thread of its own, so the loop stays free while it thinks.

    Args:
        options: which model, and how it is to run.
        models_dir: where downloaded models are; None looks in the Hugging Face cache alone.
    """

    def __init__(self, options: BuiltinSettings, models_dir: Path | None = None) -> None:
        self._options = options
        self._models_dir = models_dir
        self._engine = Engine(Stage.LLM, "builtin", options.model)
        self._thread: ThreadPoolExecutor | None = None
        self._chat: ChatModel | None = None  # of the model's thread
        self._loading = asyncio.Lock()
        self._stop = threading.Event()
        self._usage: Usage | None = None

    @property
    def engine(self) -> Engine:
        return self._engine

    @property
    def usage(self) -> Usage | None:
        return self._usage

    def fetch(self, progress: Callable[[str], None]) -> None:
        """Download the model: about 1 GB for the default. Blocks.

        Raises:
            ProviderUnavailable: no network, no such model, no room on the disk.
        """
        if self._models_dir is None:
            raise ProviderUnavailable("There is no folder for models.", "Start Parley normally.")
        builtin_files.fetch(self._options.model, self._models_dir, progress)

    async def ensure_warm(self) -> Warmth:
        """Load the model; concurrent calls load once.

        Raises:
            ProviderUnavailable: the model is not on this computer, or cannot be read.
        """
        async with self._loading:
            if self._chat is not None:
                return Warmth(was_warm=True)
            folder = builtin_files.find(self._options.model, self._models_dir)
            if folder is None:
                raise ProviderUnavailable(
                    f"The language model {self._options.model} is not on this computer.",
                    "Download it with: parley fetch llm",
                )
            started = time.perf_counter()
            loop = asyncio.get_running_loop()
            self._chat = await loop.run_in_executor(self._own_thread(), self._load, folder)
            load_ms = (time.perf_counter() - started) * 1000
            self._engine = replace(self._engine, device=self._chat.device)
            log.info("built-in model loaded from %s in %.0f ms", folder, load_ms)
            return Warmth(was_warm=False, load_ms=load_ms)

    async def reply(self, messages: Sequence[Message], language: str) -> AsyncIterator[str]:
        """Stream the reply as text, a word or so at a time. Loads the model when it must.

        Cancelling the task, or closing the iterator, ends the generation at the next token.

        Raises:
            ProviderUnavailable: the model is not on this computer, or cannot be read.
            ProviderRefused: the conversation does not fit into the model's context.
            ProviderBroke: the model failed in the middle.
        """
        del language  # the prompt says it
        await self.ensure_warm()
        chat = self._chat
        assert chat is not None
        self._usage = None
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        stop = self._stop = threading.Event()

        def hand_over(piece: str | None) -> None:
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

        def generate() -> tuple[Usage, bool]:
            try:
                return chat.reply(messages, hand_over, stop)
            finally:
                hand_over(None)

        running = loop.run_in_executor(self._own_thread(), generate)
        tail = ""
        try:
            while (piece := await pieces.get()) is not None:
                tail = (tail + piece)[-8:]
                yield piece
            try:
                usage, cut = await running
            except RuntimeError as exc:  # torch: out of memory, a device that went away
                raise ProviderBroke("The built-in model stopped.", "Ask again.") from exc
            self._usage = usage
            if cut and (mark := mark_of_cut(tail)):
                yield mark
        finally:
            stop.set()

    async def close(self) -> None:
        """End a reply that runs and drop the model. In the loop it lived in; may be repeated."""
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.to_thread(thread.shutdown)
        self._chat = None
        self._loading = asyncio.Lock()  # a lock belongs to the loop it first waited in

    def _own_thread(self) -> ThreadPoolExecutor:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "builtin-model")
        return self._thread

    def _load(self, folder: Path) -> ChatModel:
        from app.providers.llm.builtin_chat import ChatModel

        chat = ChatModel(folder, self._options)
        chat.warm_up()
        return chat
