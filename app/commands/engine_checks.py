"""Does each stage have an engine? The chosen one and its stand-in, really loaded.

A chosen engine that cannot serve is a warning, since the stand-in answers; a stage that nobody
serves is what stops Parley.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from app.commands.checks import Check, crashed
from app.core.ports import Engine, LlmProvider, Loadable, Stage
from app.errors import AssistantError, ProviderError
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
        if isinstance(provider, OllamaLlm):
            return asyncio.run(_ollama(provider, settings))
        return asyncio.run(_ready(provider))

    return _stage(Stage.LLM, settings.llm.provider, look)


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

    options = settings.llm.ollama
    try:
        state = await provider.describe()
    finally:
        await provider.close()
    if not state.running:
        if not on_this_computer(server_url(options.host)):
            step = f"Check that it runs at {options.host} and can be reached."
        elif shutil.which("ollama"):
            step = "Start it with: ollama serve"
        else:
            step = f"Install it from {OLLAMA_HOME}."
        raise ProviderError("Ollama is not running.", step)
    if not state.pulled:
        raise ProviderError(
            f"Ollama {state.version} runs but does not have the model {options.model}.",
            f"Get it with: ollama pull {options.model}",
        )
    text = f"Ollama {state.version} has {options.model}"
    if not state.loaded:
        return f"{text}; it is loaded at the first question."
    where = "on the GPU" if state.vram_bytes else "on the processor"
    context = f", {state.context_length} tokens of context" if state.context_length else ""
    return f"{text}, loaded {where}{context}."


def _serves(engine: Engine) -> str:
    where = {
        "cpu": "on the processor",
        "cuda": "on the GPU",
        "server": "on a server on this computer" if engine.local else "in the cloud",
    }
    return f"{engine.label}, {where.get(engine.device, engine.device)}."
