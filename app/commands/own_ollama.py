"""An Ollama that is installed and does not run, started for one command and ended with it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from app.commands.quit_signals import SIGNALS, Interrupted
from app.commands.terminal import remark
from app.errors import AssistantError
from app.paths import Paths
from app.settings import Settings

if TYPE_CHECKING:
    from app.providers.llm.ollama_models import OllamaModels
    from app.providers.llm.ollama_program import OllamaProgram

LONGEST_START_S = 10.0
"""A server answers within a second of its start, before any model is loaded; within several when
the disk has to wake up."""
LOOK_S = 0.1


@contextmanager
def running_ollama(settings: Settings, paths: Paths) -> Iterator[None]:
    """Have Ollama run inside the block, if it is installed on this computer and the settings let
    Parley start it. One that runs already is used and left alone.

    Whatever goes wrong is said on stderr and stops nobody: others can answer.

    Raises:
        Interrupted: SIGINT or SIGTERM while it starts; a server of ours is ended first.
    """
    from app.providers.llm.ollama_models import OllamaModels
    from app.providers.llm.ollama_program import OllamaProgram

    options = settings.llm.ollama
    models = OllamaModels(options)
    program = OllamaProgram(options, os.environ, paths.ollama_log_file)
    ours_to_start = options.start and models.local and program.path is not None
    try:
        if ours_to_start:
            with _ended_by_signals():
                _start_if_silent(models, program)
        yield
    finally:
        program.stop()


def _start_if_silent(models: OllamaModels, program: OllamaProgram) -> None:
    if asyncio.run(_answers(models)):
        return
    remark("Ollama does not run. Parley starts it now, and ends it afterwards.")
    try:
        program.start()
    except AssistantError as exc:
        remark(str(exc))
        return
    if not asyncio.run(_answers(models, program)):
        remark(f"Ollama does not answer. Its log: {program.log_file}")


async def _answers(models: OllamaModels, program: OllamaProgram | None = None) -> bool:
    """Whether a server answers at the address: now, or, when we have just started it, soon."""
    give_up_at = time.monotonic() + LONGEST_START_S
    try:
        while True:
            try:
                if (await models.describe()).running:
                    return True
            except AssistantError:  # somebody is there, and busy, or no Ollama
                return True
            if program is None or not program.running or time.monotonic() >= give_up_at:
                return False
            await asyncio.sleep(LOOK_S)
    finally:
        await models.close()


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM would end Python on the spot, and leave what it started. SIGINT would cancel the task
    in the loop, which a client that is just connecting may swallow."""

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        raise Interrupted(number)

    before = {number: signal.signal(number, leave) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
