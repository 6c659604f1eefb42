"""What `doctor` says about Ollama: each state it can be in, in its own words, with a next step."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from app.core.diagnosis_events import Status
from app.core.ollama import OllamaState
from app.errors import STAY, ProviderError
from app.settings import LlmSettings

if TYPE_CHECKING:
    from app.providers.llm.ollama import OllamaLlm

HOME = "https://ollama.com/download"


class Finding(NamedTuple):
    """An engine that can serve, and what is to be known about it."""

    text: str
    hint: str = ""
    status: Status = "ok"


async def look_at_ollama(
    provider: OllamaLlm, settings: LlmSettings, environ: Mapping[str, str]
) -> Finding:
    """What the server says about itself and the model; nothing is loaded for this.

    Raises:
        ProviderError: it cannot serve, or may not.
    """
    if settings.local_only and not provider.here:
        raise ProviderError(
            f"Not asked: its address {provider.url} is not this computer, and {STAY} is on.",
            f'Write host = "http://127.0.0.1:11434" into the settings file, or turn {STAY} off.',
        )
    try:
        state = await provider.describe()
    finally:
        await provider.close()
    if not state.running:
        raise _not_running(provider, settings, environ)
    if provider.elsewhere and settings.local_only:
        raise ProviderError(
            f"{provider.elsewhere} It is not asked, because {STAY} is on.",
            f"Choose a model that this computer computes, or turn {STAY} off.",
        )
    if provider.elsewhere:
        return Finding(
            f"Ollama {state.version} runs. {provider.elsewhere} Your words leave this computer."
        )
    model = settings.ollama.model
    if not state.pulled:
        raise ProviderError(
            f"Ollama {state.version} runs but does not have the model {model}.",
            "Download it in Parley's settings, under Models, or with: parley fetch llm ollama, or: "
            f"ollama pull {model}",
        )
    if provider.here and state.facts is None:
        raise ProviderError(state.no_facts_because, "Restart Ollama, or update it.")
    return await _has_the_model(provider, state, settings, environ)


def _not_running(
    provider: OllamaLlm, settings: LlmSettings, environ: Mapping[str, str]
) -> ProviderError:
    from app.providers.llm.ollama_program import find_program

    if not provider.here:
        return ProviderError(
            f"Ollama does not answer at {provider.url}, which is not this computer.",
            "Check that it runs there and can be reached.",
        )
    path = find_program(environ)
    if path is None:
        return ProviderError("Ollama is not installed.", f"Install it from {HOME}.")
    starts = "The window starts it by itself, or: ollama serve"
    step = starts if settings.ollama.start else "Start it with: ollama serve"
    return ProviderError(f"Ollama is installed at {path} but not running.", step)


async def _has_the_model(
    provider: OllamaLlm, state: OllamaState, settings: LlmSettings, environ: Mapping[str, str]
) -> Finding:
    at = "" if provider.here else f" at {provider.url}, which is not this computer,"
    text = f"Ollama {state.version}{at} has {settings.ollama.model}"
    if not state.loaded:
        return Finding(f"{text}; it is loaded at the first question.")
    gpus: tuple[str, ...] = ()
    if provider.here and (state.gpu_share or 0.0) < 1:
        from app.providers.gpu import nvidia_gpus

        gpus = await asyncio.to_thread(nvidia_gpus, environ)
    context = f", {state.context_length} tokens of context" if state.context_length else ""
    text = f"{text}, loaded {_where(state)}{context}."
    worries = [*_about_the_gpu(state, gpus), *_about_the_options(state, settings)]
    if not worries:
        return Finding(text)
    sentences, steps = zip(*worries, strict=True)
    return Finding(" ".join((text, *sentences)), " ".join(steps), "warn")


def _where(state: OllamaState) -> str:
    share = state.gpu_share or 0.0
    if 0 < share < 1:
        return f"{share:.0%} of it on the GPU, the rest on the processor"
    return "on the GPU" if share else "on the processor"


def _about_the_gpu(state: OllamaState, gpus: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Why it is slow, and the next step."""
    if gpus:
        used = "has no room for all of it" if state.gpu_share else "is not used"
        yield (
            f"The {gpus[0]} {used}, so replies are slow.",
            "Close what else uses the GPU and move the model there in Parley's settings, under "
            "Diagnosis; or choose a smaller model.",
        )


def _about_the_options(state: OllamaState, settings: LlmSettings) -> Iterator[tuple[str, str]]:
    """Why the next answer will be late, and the next step."""
    ours, theirs = settings.ollama.num_ctx, state.context_length
    if state.loaded_otherwise(ours):
        yield (
            f"Another program loaded it with other options than Parley's {ours} tokens: the next "
            "answer will take a load.",
            f"To share it, write num_ctx = {theirs} under [llm.ollama] into the settings file.",
        )
