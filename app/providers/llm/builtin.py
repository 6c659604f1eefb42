"""A small language model inside Parley, for those who install no server.

It answers more slowly and knows less than a model on a server; it is loaded only when it is
chosen, and then takes two to four bytes of memory per parameter (1 to 2 GB for the default).
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.ports import Engine, Message, Stage, Usage, Warmth
from app.errors import ProviderBroke, ProviderUnavailable
from app.providers.llm import builtin_files
from app.providers.llm.once import Once
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
        self._options = self._own_options = options
        self._models_dir = models_dir
        self._engine = Engine(Stage.LLM, "builtin", options.model)
        self._thread: ThreadPoolExecutor | None = None
        self._model = Once(self._load)  # of its own thread
        self._stops: set[threading.Event] = set()
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
            ProviderUnavailable: no libraries to run it with, no network, no such model, no room
                on the disk.
        """
        builtin_files.require_libraries()
        if self._models_dir is None:
            raise ProviderUnavailable("There is no folder for models.", "Start Parley normally.")
        builtin_files.fetch(self._options.model, self._models_dir, progress)

    def limit_replies(self, tokens: int) -> None:
        """As the port says: the limit goes with each reply."""
        self._options = self._own_options.limited_to(tokens)

    def is_here(self) -> bool:
        return builtin_files.find(self._options.model, self._models_dir) is not None

    async def ensure_warm(self) -> Warmth:
        """Have the model in memory. It is loaded once, in its own thread: who comes meanwhile
        waits for the same load, and who is cancelled leaves it going for the next.

        Raises:
            ProviderUnavailable: the model is not on this computer, or cannot be read or run.
        """
        if self._model.made is not None:
            return Warmth(was_warm=True)
        chat, load_ms = await self._model.get(self._own_thread())
        self._engine = replace(self._engine, device=chat.device)
        return Warmth(was_warm=False, load_ms=load_ms)

    async def prefill(self, messages: Sequence[Message], language: str) -> bool:
        """Read this prompt ahead, so that a reply to one that begins the same starts sooner.

        Does nothing while the model is not in memory. When it is cancelled, what was read so far
        is kept.

        Raises:
            ProviderBroke: the model failed.
        """
        del language
        if self._model.made is None:
            return False
        chat, _ = self._model.made
        loop = asyncio.get_running_loop()
        with self._stoppable() as stop:
            try:
                await loop.run_in_executor(self._own_thread(), chat.prefill, messages, stop)
            except RuntimeError as exc:  # torch: out of memory, a device that went away
                raise _stopped() from exc
        return True

    async def reply(self, messages: Sequence[Message], language: str) -> AsyncIterator[str]:
        """Stream the reply as text, a word or so at a time. Loads the model when it must.

        Cancelling the task, or closing the iterator, ends the generation at the next token.

        Raises:
            ProviderUnavailable: the model is not on this computer, or cannot be read.
            ProviderRefused: the conversation does not fit into the model's context.
            ProviderBroke: the model failed in the middle.
        """
        del language  # the prompt says it
        self._usage = None
        await self.ensure_warm()
        chat, _ = await self._model.get()
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[str | None] = asyncio.Queue()

        def hand_over(piece: str | None) -> None:
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

        longest = self._options.max_tokens

        def generate(stop: threading.Event) -> tuple[Usage, bool]:
            try:
                return chat.reply(messages, hand_over, stop, longest=longest)
            finally:
                hand_over(None)

        with self._stoppable() as stop:
            running = loop.run_in_executor(self._own_thread(), generate, stop)
            tail = ""
            while (piece := await pieces.get()) is not None:
                tail = (tail + piece)[-8:]
                yield piece
            try:
                usage, cut = await running
            except RuntimeError as exc:
                raise _stopped() from exc
            self._usage = usage
            if cut and (mark := mark_of_cut(tail)):
                yield mark

    async def close(self) -> None:
        """End what runs and drop the model. In the loop it lived in; may be repeated."""
        for stop in self._stops:
            stop.set()
        self._model.forget()  # first: nobody is to be told that it is in memory
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.to_thread(thread.shutdown)

    @contextmanager
    def _stoppable(self) -> Iterator[threading.Event]:
        """What work in the model's thread is to look at: set when nobody waits for it any more."""
        stop = threading.Event()
        self._stops.add(stop)
        try:
            yield stop
        finally:
            stop.set()
            self._stops.discard(stop)

    def _own_thread(self) -> ThreadPoolExecutor:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "builtin-model")
        return self._thread

    def _load(self) -> tuple[ChatModel, float]:
        """The model, and how long it took to load, in ms. In its own thread."""
        started = time.perf_counter()
        builtin_files.require_libraries()
        folder = builtin_files.find(self._options.model, self._models_dir)
        if folder is None:
            raise ProviderUnavailable(
                f"The language model {self._options.model} is not on this computer.",
                "Download it with: parley fetch llm builtin",
            )
        from app.providers.llm.builtin_chat import ChatModel

        chat = ChatModel(folder, self._options)
        chat.warm_up()
        load_ms = (time.perf_counter() - started) * 1000
        log.info("built-in model loaded from %s in %.0f ms", folder, load_ms)
        return chat, load_ms


def _stopped() -> ProviderBroke:
    return ProviderBroke("The built-in model stopped.", "Ask again.")
