"""Does each stage have an engine? The chosen one and its stand-in, really loaded.

A chosen engine that cannot serve is a warning, since the stand-in answers; a stage that nobody
serves is what stops Parley.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator

from app.core.diagnosis_events import Check
from app.core.ports import Engine, LlmProvider, Loadable, Stage
from app.diagnosis.checks import crashed
from app.diagnosis.ollama import Finding, look_at_ollama
from app.errors import STAY, AssistantError, ProviderError, ProviderUnavailable
from app.paths import Paths
from app.secrets import Secrets
from app.settings import Settings

NAMES = {
    Stage.VAD: "voice detector",
    Stage.STT: "speech to text",
    Stage.LLM: "language model",
    Stage.TTS: "voice",
}

Look = Callable[[str], Finding]
"""Describes an engine that can serve, by its name; raises AssistantError for one that cannot."""


def voice_detector(settings: Settings) -> Iterable[Check]:
    from app.providers import registry

    chosen = settings.endpointing.vad
    return _stage(Stage.VAD, chosen, lambda n: _loaded(registry.build_vad(n)))


def speech_to_text(settings: Settings, paths: Paths) -> Iterable[Check]:
    from app.providers import registry

    def look(name: str) -> Finding:
        return _loaded(registry.build_stt(name, settings.stt, paths.models_dir))

    return _stage(Stage.STT, settings.stt.provider, look)


def voice(settings: Settings, paths: Paths) -> Iterable[Check]:
    from app.providers import registry

    def look(name: str) -> Finding:
        return _loaded(registry.build_tts(name, settings.tts, paths.models_dir))

    return _stage(Stage.TTS, settings.tts.provider, look)


def language_model(settings: Settings, secrets: Secrets) -> Iterable[Check]:
    from app.providers import registry
    from app.providers.llm.ollama import OllamaLlm

    def look(name: str) -> Finding:
        key = secrets.get(name)
        provider = registry.build_llm(name, settings.llm, key)
        if isinstance(provider, OllamaLlm):
            return asyncio.run(look_at_ollama(provider, settings.llm, os.environ))
        if settings.llm.local_only and not provider.engine.local:
            raise ProviderError(f"Not asked, because {STAY} is on.")
        return asyncio.run(_ready(provider))

    first, *stand_in = _stage(Stage.LLM, settings.llm.first_choice, look)
    yield first
    for place, name in enumerate(settings.llm.order[1:], start=2):
        yield _in_reserve(f"{NAMES[Stage.LLM]} {place}", name, look)
    yield from stand_in


def _in_reserve(check: str, name: str, look: Look) -> Check:
    """A model that is asked when those before it cannot answer. It may be left unset up."""
    try:
        found = _looked_at(name, look)
        return Check(check, "ok", found.text, found.hint)
    except ProviderUnavailable as exc:
        return Check(check, "ok", f"{name} is not set up. {exc.title}", exc.hint)
    except AssistantError as exc:
        return Check(check, "ok", f"{name}: {exc.title}", exc.hint)


def _stage(stage: Stage, chosen: str, look: Look) -> Iterator[Check]:
    """The chosen engine, then the stand-in.

    `look` describes an engine that can serve, and raises for one that cannot.
    """
    from app.providers import registry

    stand_in = registry.STAND_INS[stage]
    served_by_chosen = False
    if chosen != stand_in:
        name = NAMES[stage]
        try:
            found = _looked_at(chosen, look)
            yield Check(name, found.status, found.text, found.hint)
            served_by_chosen = True
        except AssistantError as exc:
            yield Check(name, "warn", f"{chosen}: {exc.title}", exc.hint)
    name = f"{NAMES[stage]} (stand-in)" if chosen != stand_in else NAMES[stage]
    try:
        found = _looked_at(stand_in, look)
        yield Check(name, found.status, found.text, found.hint)
    except AssistantError as exc:
        if served_by_chosen:
            yield Check(name, "warn", f"{stand_in}: {exc.title}", exc.hint)
        else:
            yield Check(name, "fail", f"{stand_in}: {exc.title}", exc.hint, stops=True)


def _looked_at(engine: str, look: Look) -> Finding:
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


def _loaded(provider: Loadable) -> Finding:
    """Load it as the window would, and let it go.

    Raises:
        ProviderUnavailable: it cannot be loaded.
    """
    try:
        provider.load()
        return Finding(_serves(provider.engine))
    finally:
        provider.close()


async def _ready(provider: LlmProvider) -> Finding:
    """Whether it could answer; nothing is sent to a cloud."""
    try:
        await provider.ensure_warm()
        return Finding(_serves(provider.engine))
    finally:
        await provider.close()


def _serves(engine: Engine) -> str:
    where = {
        "cpu": "on the processor",
        "cuda": "on the GPU",
        "server": "on a server on this computer" if engine.local else "in the cloud",
    }
    return f"{engine.label}, {where.get(engine.device, engine.device)}."
