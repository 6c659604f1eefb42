"""Does each stage have an engine? The chosen one and its stand-in, really loaded.

A chosen engine that cannot serve is a warning, since the stand-in answers; a stage that nobody
serves is what stops Parley.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from app.commands.checks import Check, crashed
from app.core.ports import Engine, LlmProvider, Loadable, Stage
from app.errors import AssistantError, ProviderError, ProviderUnavailable
from app.paths import Paths
from app.secrets import Secrets
from app.settings import Settings

NAMES = {
    Stage.VAD: "voice detector",
    Stage.STT: "speech to text",
    Stage.LLM: "language model",
    Stage.TTS: "voice",
}

OLLAMA_HOME = "https://ollama.com/download"


def voice_detector(settings: Settings) -> Iterable[Check]:
    from app.providers import registry

    chosen = settings.endpointing.vad
    return _stage(Stage.VAD, chosen, lambda n: _loaded(registry.build_vad(n)))


def speech_to_text(settings: Settings, paths: Paths) -> Iterable[Check]:
    from app.providers import registry

    def look(name: str) -> str:
        return _loaded(registry.build_stt(name, settings.stt, paths.models_dir))

    return _stage(Stage.STT, settings.stt.provider, look)


def voice(settings: Settings, paths: Paths) -> Iterable[Check]:
    from app.providers import registry

    def look(name: str) -> str:
        return _loaded(registry.build_tts(name, settings.tts, paths.models_dir))

    return _stage(Stage.TTS, settings.tts.provider, look)


def language_model(settings: Settings, secrets: Secrets) -> Iterable[Check]:
    from app.providers import registry
    from app.providers.llm.ollama import OllamaLlm

    def look(name: str) -> str:
        key = secrets.get(name)
        provider = registry.build_llm(name, settings.llm, key)
        if settings.llm.local_only and not provider.engine.local:
            raise ProviderError("Not asked, because local-only is on.")
        if isinstance(provider, OllamaLlm):
            return asyncio.run(_ollama(provider, settings))
        return asyncio.run(_ready(provider))

    first, *stand_in = _stage(Stage.LLM, settings.llm.first_choice, look)
    yield first
    for place, name in enumerate(settings.llm.order[1:], start=2):
        yield _in_reserve(f"{NAMES[Stage.LLM]} {place}", name, look)
    yield from stand_in


def _in_reserve(check: str, name: str, look: Callable[[str], str]) -> Check:
    """A model that is asked when those before it cannot answer. It may be left unset up."""
    try:
        return Check(check, "ok", _looked_at(name, look))
    except ProviderUnavailable as exc:
        return Check(check, "ok", f"{name} is not set up. {exc.title}", exc.hint)
    except AssistantError as exc:
        return Check(check, "ok", f"{name}: {exc.title}", exc.hint)


def _stage(stage: Stage, chosen: str, look: Callable[[str], str]) -> Iterator[Check]:
    """The chosen engine, then the stand-in.

    `look` describes an engine that can serve, and raises for one that cannot.
    """
    from app.providers import registry

    stand_in = registry.STAND_INS[stage]
    served_by_chosen = False
    if chosen != stand_in:
        name = NAMES[stage]
        try:
            yield Check(name, "ok", _looked_at(chosen, look))
            served_by_chosen = True
        except AssistantError as exc:
            yield Check(name, "warn", f"{chosen}: {exc.title}", exc.hint)
    name = f"{NAMES[stage]} (stand-in)" if chosen != stand_in else NAMES[stage]
    try:
        yield Check(name, "ok", _looked_at(stand_in, look))
    except AssistantError as exc:
        if served_by_chosen:
            yield Check(name, "warn", f"{stand_in}: {exc.title}", exc.hint)
        else:
            yield Check(name, "fail", f"{stand_in}: {exc.title}", exc.hint, stops=True)


def _looked_at(engine: str, look: Callable[[str], str]) -> str:
    """`look`, with a crash of one engine kept from hiding what the other can do.

    Raises:
        AssistantError: the engine cannot serve.
    """
    try:
        return look(engine)
    except AssistantError:
        raise
    except Exception as exc:  # the border to the engines' libraries, for diagnosis
        raise crashed(engine, exc) from exc


def _loaded(provider: Loadable) -> str:
    """Load it as the window would, and let it go.

    Raises:
        ProviderUnavailable: it cannot be loaded.
    """
    try:
        provider.load()
        return _serves(provider.engine)
    finally:
        provider.close()


async def _ready(provider: LlmProvider) -> str:
    """Whether it could answer; nothing is sent to a cloud."""
    try:
        await provider.ensure_warm()
        return _serves(provider.engine)
    finally:
        await provider.close()


async def _ollama(provider: Any, settings: Settings) -> str:
    """What the server says about itself and the model; nothing is loaded for this.

    Raises:
        ProviderError: it does not run, or has not got the model.
    """
    from app.providers.llm.addresses import on_this_computer
    from app.providers.llm.ollama import server_url
    from app.providers.llm.ollama_program import find_program

    options = settings.llm.ollama
    try:
        state = await provider.describe()
    finally:
        await provider.close()
    if not state.running:
        if not on_this_computer(server_url(options.host)):
            step = f"Check that it runs at {options.host} and can be reached."
            raise ProviderError("Ollama is not running.", step)
        path = find_program(os.environ)
        if path is None:
            raise ProviderError("Ollama is not installed.", f"Install it from {OLLAMA_HOME}.")
        starts = "The window starts it by itself, or: ollama serve"
        step = starts if options.start else "Start it with: ollama serve"
        raise ProviderError(f"Ollama is installed at {path} but not running.", step)
    if not state.pulled:
        raise ProviderError(
            f"Ollama {state.version} runs but does not have the model {options.model}.",
            f"Get it in the window, with: parley fetch llm, or: ollama pull {options.model}",
        )
    text = f"Ollama {state.version} has {options.model}"
    if not state.loaded:
        return f"{text}; it is loaded at the first question."
    share = state.gpu_share or 0.0
    where = "on the GPU" if share == 1 else "on the processor"
    if 0 < share < 1:
        where = f"{share:.0%} of it on the GPU, the rest on the processor"
    context = f", {state.context_length} tokens of context" if state.context_length else ""
    return f"{text}, loaded {where}{context}."


def _serves(engine: Engine) -> str:
    where = {
        "cpu": "on the processor",
        "cuda": "on the GPU",
        "server": "on a server on this computer" if engine.local else "in the cloud",
    }
    return f"{engine.label}, {where.get(engine.device, engine.device)}."
