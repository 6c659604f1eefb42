"""Which command carries which setting while Parley runs: one row each.

A row looks at what its command is made from. When a change makes that another, the command is
sent. Settings without a row are the window's own, or act from the next start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from app import chosen_engines, model_settings
from app.core.events import (
    ChangePrompt,
    Event,
    UseEngine,
    UseKeepalive,
    UseLanguage,
    UseModels,
)
from app.core.history_events import UseHistory
from app.core.model_events import ModelsChosen, UseOllamaModel, UseProvider
from app.core.ports import Stage
from app.core.prompt import MODES
from app.core.sound_events import UseDevices
from app.core.update_events import UseUpdates
from app.load_times import LoadTimes
from app.paths import Paths
from app.providers import registry
from app.providers.llm.ollama_models import OllamaModels
from app.settings import DeviceChoice, ModelName, Settings


def commands(before: Settings, now: Settings, paths: Paths) -> Iterator[Event]:
    """What is to be sent, in this order, after a change of the settings."""
    for row in _ROWS:
        if row.looked_at(now) != row.looked_at(before):
            yield row.command(now, paths)


def change_prompt(settings: Settings) -> ChangePrompt:
    return ChangePrompt(
        persona=settings.llm.persona,
        mode=settings.llm.mode,
        history_turns=settings.llm.history_turns,
        context_tokens=registry.context_tokens(settings.llm, settings.llm.order),
        language=settings.stt.language or "en",
    )


def use_devices(settings: Settings) -> UseDevices:
    def pair(device: DeviceChoice | None) -> tuple[str, str] | None:
        return (device.name, device.host_api) if device else None

    return UseDevices(microphone=pair(settings.audio.input), speaker=pair(settings.audio.output))


def _use_models(settings: Settings) -> UseModels:
    llm = settings.llm
    return UseModels(
        order=llm.order,
        skills_first=llm.skills.first,
        reply_tokens=MODES[llm.mode].max_tokens,
        patience_s=llm.patience_s,
        deadlines_s={name: llm.of(name).first_token_deadline_s for name in registry.LLM_TITLES},
    )


def _use_keepalive(settings: Settings) -> UseKeepalive:
    keepalive = settings.keepalive
    return UseKeepalive(enabled=keepalive.enabled, interval_s=keepalive.interval_s)


def _use_language(settings: Settings) -> UseLanguage:
    return UseLanguage(language=settings.stt.language)


def _use_history(settings: Settings) -> UseHistory:
    return UseHistory(enabled=settings.history.enabled, keep_days=settings.history.keep_days)


def _use_updates(settings: Settings) -> UseUpdates:
    return UseUpdates(check=settings.updates.check)


def _use_engine(stage: Stage, settings: Settings, paths: Paths) -> UseEngine:
    return UseEngine(stage=stage, provider=chosen_engines.engine(stage, settings, paths))


def _use_ollama_model(settings: Settings, _: Paths) -> UseOllamaModel:
    options = settings.llm.ollama
    return UseOllamaModel(model=options.model, keeper=OllamaModels(options))


def _use_provider(name: ModelName, settings: Settings, paths: Paths) -> UseProvider:
    """Another model of this engine answers from the next question on."""
    provider = registry.build_llm(name, settings.llm, None, paths.models_dir)
    return UseProvider(
        provider=provider,
        load_s=LoadTimes(paths.load_times_file).of(provider.engine),
        stays=chosen_engines.stays_loaded(name, settings),
    )


def _models_chosen(settings: Settings, _: Paths) -> ModelsChosen:
    return ModelsChosen(chosen=model_settings.chosen(settings))


@dataclass(frozen=True, slots=True)
class _Row:
    looked_at: Callable[[Settings], object]
    """The settings that the command is made from, to be compared."""
    command: Callable[[Settings, Paths], Event]


def _values(command: Callable[[Settings], Event]) -> _Row:
    """A row whose command holds nothing but settings: what it holds is looked at."""
    return _Row(
        looked_at=lambda settings: replace(command(settings), at=0.0),
        command=lambda settings, _: command(settings),
    )


_ROWS = (
    _values(change_prompt),
    _values(_use_models),
    _values(_use_keepalive),
    _values(use_devices),
    _values(_use_language),
    _values(_use_history),
    _values(_use_updates),
    _Row(
        # the language that is spoken is the session's, not the engine's
        lambda settings: settings.stt.model_copy(update={"language": None}),
        partial(_use_engine, Stage.STT),
    ),
    _Row(lambda settings: settings.tts, partial(_use_engine, Stage.TTS)),
    _Row(lambda settings: settings.llm.ollama.model, _use_ollama_model),
    _Row(lambda settings: settings.llm.ollama.model, partial(_use_provider, "ollama")),
    _Row(lambda settings: settings.llm.builtin.model, partial(_use_provider, "builtin")),
    _Row(model_settings.chosen, _models_chosen),
)
