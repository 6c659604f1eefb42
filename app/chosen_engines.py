"""The engines that the settings choose, made and not loaded: each loads in its own thread."""

from __future__ import annotations

from app.core.ports import Fetchable, Loadable, Stage, TtsProvider
from app.paths import Paths
from app.providers import registry
from app.settings import Settings


def engine(stage: Stage, settings: Settings, paths: Paths) -> Loadable:
    """The chosen engine of a stage that is served inside Parley."""
    match stage:
        case Stage.VAD:
            return registry.build_vad(settings.endpointing.vad)
        case Stage.STT:
            return registry.build_stt(settings.stt.provider, settings.stt, paths.models_dir)
        case Stage.TTS:
            return registry.build_tts(settings.tts.provider, settings.tts, paths.models_dir)
        case Stage.LLM:
            raise ValueError("a language model lives in its own loop")


def stand_in(stage: Stage, settings: Settings, paths: Paths) -> Loadable:
    """One more of the engine that serves speech to text or the voice until a better one is
    ready."""
    name = registry.STAND_INS[stage]
    if stage == Stage.STT:
        return registry.build_stt(name, settings.stt, paths.models_dir)
    return registry.build_tts(name, settings.tts, paths.models_dir)


def better_than_stand_ins(settings: Settings, paths: Paths) -> dict[Stage, Loadable]:
    """The chosen engines in the order in which they are loaded; without the stages that the user
    leaves to their stand-in."""
    chosen = {
        Stage.VAD: settings.endpointing.vad,
        Stage.STT: settings.stt.provider,
        Stage.TTS: settings.tts.provider,
    }
    return {
        stage: engine(stage, settings, paths)
        for stage, name in chosen.items()
        if name != registry.STAND_INS[stage]
    }


def voices(settings: Settings, paths: Paths) -> list[TtsProvider]:
    """Voices of their own for the export, the chosen one first."""
    names = dict.fromkeys((settings.tts.provider, registry.STAND_INS[Stage.TTS]))
    return [registry.build_tts(name, settings.tts, paths.models_dir) for name in names]


def fetched_by_parley(settings: Settings, paths: Paths) -> dict[str, Fetchable]:
    """The language models that run inside Parley, to download them: others than those that
    answer, because these belong to another thread."""
    models = {
        name: registry.build_llm(name, settings.llm, None, paths.models_dir)
        for name in registry.LLM_INSIDE
    }
    return {name: model for name, model in models.items() if isinstance(model, Fetchable)}


def stays_loaded(name: str, settings: Settings) -> bool:
    """Whether this language model stays in memory until it is told to go (`relay.Model.stays`)."""
    return name != "ollama" or settings.llm.ollama.stays_loaded


def keys_at_start(settings: Settings) -> set[str]:
    """Names whose key is worth asking the keyring for at the start: not every name, because a
    locked keyring makes the desktop ask for a password. A server here wants no key."""
    first = settings.llm.first_choice
    first_is_local = registry.build_llm(first, settings.llm, None).engine.local
    return {*settings.llm.keyring, *(() if first_is_local else (first,))}
