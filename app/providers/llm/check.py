"""One line about a provider: can it be reached, does it take the key, has it the model?

The question is put the way a turn puts it, because only that shows what a turn will meet: lists
of models are open to everybody on some servers, and a good key may have no quota left. It costs
one very short reply, of which only the first word is waited for. Ollama is not asked: a
generation would stand in front of the user's question and take its place in the prompt cache.
Nor is a model that runs inside Parley: the one that answers belongs to another thread, and a
second one would take as much memory again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from app.core.ports import LlmProvider, MayBeAbsent, Message
from app.errors import STAY, ProviderError, ProviderRefused, ProviderUnavailable
from app.providers import registry
from app.providers.llm.ollama import OllamaLlm
from app.providers.llm.ollama_program import find_program
from app.providers.llm.openai_style import OpenAiStyleLlm
from app.settings import LlmSettings

log = logging.getLogger(__name__)

PATIENCE_S = 15.0
"""Longer than a model on a slow computer needs for its first word, once it is loaded."""

MOST_NAMES = 4
"""Models named when the chosen one is not there; some services have dozens."""

QUESTION = (Message("user", "Say yes."),)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found."""

    ok: bool
    line: str
    """For the user: what is wrong and the next step, or who answers."""


async def check(
    provider: LlmProvider, *, local_only: bool = False, patience_s: float = PATIENCE_S
) -> Verdict:
    """Try the provider out, in the running loop; the caller closes it.

    Args:
        local_only: then nothing is sent to a provider outside this computer.
    """
    name = provider.title if isinstance(provider, OpenAiStyleLlm) else provider.engine.name
    if local_only and not provider.engine.local:
        return Verdict(False, f"{STAY} is on, so nothing was sent to {name}.")
    try:
        async with asyncio.timeout(patience_s):
            return Verdict(True, await _try(provider, local_only=local_only))
    except TimeoutError:
        return Verdict(False, f"{name} sent nothing for {patience_s:g} s.")
    except ProviderError as exc:
        log.info("check of %s: %s", provider.engine.name, exc)
        return Verdict(False, str(exc))


async def check_by_name(
    name: str,
    settings: LlmSettings,
    key: str | None,
    *,
    local_only: bool,
    models_dir: Path | None = None,
) -> Verdict:
    """The same for a provider of its own, made from the settings and this key.

    Args:
        models_dir: where downloaded models are; None looks in the Hugging Face cache alone.
    """
    provider = registry.build_llm(name, settings, key, models_dir)
    try:
        return await check(provider, local_only=local_only)
    finally:
        await provider.close()


async def _try(provider: LlmProvider, *, local_only: bool) -> str:
    """Raises:
    ProviderError: it cannot answer.
    """
    if isinstance(provider, OllamaLlm):
        return await _ask_ollama(provider, local_only=local_only)
    if isinstance(provider, OpenAiStyleLlm):
        return await _ask_service(provider)
    if isinstance(provider, MayBeAbsent):
        return await _look_for(provider, provider.engine.model)
    await provider.ensure_warm()
    return f"{provider.engine.label} is ready."


async def _ask_ollama(provider: OllamaLlm, *, local_only: bool) -> str:
    state = await provider.describe()
    model = provider.engine.model
    if not state.running:
        if provider.here and find_program(os.environ) is not None:
            raise ProviderUnavailable("Ollama is not running.", "Start it with: ollama serve")
        raise provider.absence()
    if provider.elsewhere and local_only:
        raise ProviderUnavailable(f"{provider.elsewhere} {STAY} is on, so nothing is sent to it.")
    if provider.elsewhere:
        return f"Ollama {state.version} runs. {provider.elsewhere}"
    if not state.pulled:
        raise ProviderUnavailable(
            f"Ollama {state.version} runs but does not have the model {model}.",
            f"Get it with: ollama pull {model}",
        )
    if not state.loaded:
        return f"Ollama {state.version} has {model}; it is loaded at the first question."
    place = "on the GPU" if state.vram_bytes else "on the processor"
    return f"Ollama {state.version} has {model}, loaded {place}."


async def _look_for(inside: MayBeAbsent, model: str) -> str:
    if not await asyncio.to_thread(inside.is_here):
        raise ProviderUnavailable(
            f"The language model {model} is not on this computer.",
            "Download it with: parley fetch llm builtin",
        )
    return f"{model} is on this computer; it is loaded when it is first in the order."


async def _ask_service(provider: OpenAiStyleLlm) -> str:
    started = time.perf_counter()
    # a provider's stream is an async generator, and closing it closes the connection
    stream = cast("AsyncGenerator[str, None]", provider.reply(QUESTION, "en"))
    try:
        async with aclosing(stream):
            await anext(stream, "")
    except ProviderRefused as exc:
        if exc.status != 404:
            raise
        raise await _with_models(provider, exc) from exc
    first_ms = (time.perf_counter() - started) * 1000
    return f"{provider.title} answers: {provider.engine.model}, first word after {first_ms:.0f} ms."


async def _with_models(provider: OpenAiStyleLlm, refusal: ProviderRefused) -> ProviderError:
    """The refusal, with the names of the models there are, when the service tells them."""
    try:
        names = await provider.models()
    except ProviderError as exc:  # what the question met says more
        log.debug("no list of models: %s", exc)
        return refusal
    if not names or provider.engine.model in names:
        return refusal
    there = ", ".join(names[:MOST_NAMES]) + (", …" if len(names) > MOST_NAMES else "")
    return ProviderUnavailable(
        f"{provider.title} has no model {provider.engine.model}.", f"It has: {there}."
    )
