"""Having a model of the Ollama server placed anew, in the loop of its worker: a model that was
loaded while the GPU was full, or asleep, stays on the processor until it is loaded again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol, runtime_checkable

from app.core.diagnosis_events import ModelPlaced, Placing
from app.core.downloads import size
from app.core.events import Event, WarmUp
from app.core.ollama import OllamaState
from app.errors import AssistantError

log = logging.getLogger(__name__)

MOVED = "it is placed anew"
"""The reason of the warm-up: the language models' thread learns that what the model had read is
gone, and waits for the same load."""

OTHERWISE = "Choose a smaller model, or close what else uses the GPU."


@runtime_checkable
class PlacesModels(Protocol):
    """A keeper that can have its model loaded again."""

    async def unload(self) -> None:
        """Out of memory, whoever loaded it; returns once it is gone.

        Raises:
            ProviderError: it does not go, or nobody answers.
        """

    async def load(self) -> None:
        """Into memory, with the options of every question.

        Raises:
            ProviderError: it cannot be loaded.
        """

    async def describe(self) -> OllamaState:
        """
        Raises:
            ProviderError: what answers there is no Ollama.
        """


class Mover:
    """One move at a time. Used in one loop."""

    def __init__(
        self,
        *,
        emit: Callable[[Event], None],
        warm_up: Callable[[WarmUp], None],
        free_bytes: Callable[[], int | None],
    ) -> None:
        """
        Args:
            warm_up: the model has left memory.
            free_bytes: room on the GPU; None when that is not known. May block.
        """
        self._emit = emit
        self._warm_up = warm_up
        self._free_bytes = free_bytes
        self._is_moving = False

    async def move(
        self, model: str, keeper: PlacesModels, looked: Callable[[OllamaState], Awaitable[None]]
    ) -> None:
        """Unload it, load it, look where it is, and say so truthfully.

        Args:
            looked: told how the server is afterwards, before the user is.
        """
        if self._is_moving:
            return
        self._is_moving = True
        self._tell(model, Placing.UNDER_WAY, f"{model} is being loaded again.")
        try:
            await keeper.unload()
            free = await asyncio.to_thread(self._free_bytes)
            self._warm_up(WarmUp(reason=MOVED))
            await keeper.load()
            state = await keeper.describe()
        except AssistantError as exc:
            log.info("%s was not placed anew: %s", model, exc)
            self._tell(model, Placing.FAILED, exc.title, exc.hint)
            return
        except Exception:
            self._tell(model, Placing.FAILED, f"{model} was not moved.", "The log has the details.")
            raise
        finally:
            self._is_moving = False
        if not state.running:
            self._tell(model, Placing.FAILED, "Ollama is not running.", "Start it, and try again.")
            return
        await looked(state)
        self._tell_where(model, state, free)

    def _tell_where(self, model: str, state: OllamaState, free: int | None) -> None:
        share, whole = state.gpu_share, state.size_bytes
        if share is None:
            title = f"{model} left memory again at once."
            self._tell(model, Placing.FAILED, title, "Another program may need the memory.")
        elif share >= 1:
            self._tell(model, Placing.ON_GPU, "It runs on the GPU now.")
        elif free is not None and whole and free < whole:
            title = f"It does not fit: {size(whole)} model, {size(free)} free."
            self._tell(model, Placing.NO_ROOM, title, OTHERWISE)
        elif share > 0:
            title = f"Only {share:.0%} of it fits on the GPU."
            self._tell(model, Placing.NO_ROOM, title, OTHERWISE)
        else:
            title = "It still runs on the processor: Ollama does not use the GPU."
            hint = "Restart Ollama. If that does not help, update it and the GPU driver."
            self._tell(model, Placing.NOT_USED, title, hint)

    def _tell(self, model: str, placing: Placing, title: str, hint: str = "") -> None:
        log.info("%s, %s: %s", model, placing, title)
        self._emit(ModelPlaced(model=model, placing=placing, title=title, hint=hint))
