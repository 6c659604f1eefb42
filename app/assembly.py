"""Each worker, made with what it needs from the settings. Connected by `bootstrap`."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app import chosen_engines, live_settings, model_settings, settings_file
from app.audio.chime import CHIME_RATE, chime
from app.audio.files import WavOutput
from app.core.conversation import Conversation
from app.core.diagnosis_events import Check
from app.core.events import SettingValue
from app.core.ports import AudioInput, AudioOutput, Loadable, Stage, TakesKey, TurnRecord
from app.core.prompt import Prompt
from app.diagnosis.checks import examine
from app.diagnosis.parts import beside_the_window
from app.history.store import SqliteHistory
from app.load_times import LoadTimes
from app.paths import Paths
from app.providers import hub, registry
from app.providers.gpu import free_gpu_bytes, nvidia_gpus
from app.providers.llm.check import check_by_name
from app.providers.llm.ollama_models import OllamaModels
from app.providers.llm.ollama_program import OllamaProgram
from app.providers.llm.skills import SkillsLlm
from app.providers.llm.skills.timer_keeper import TimerKeeper
from app.providers.shelf import ModelShelf
from app.secrets import ENVIRONMENT, Secrets
from app.settings import Settings, leaves
from app.updates import UpdateCheck
from app.workers.conversation import ConversationWorker
from app.workers.diagnosis import DiagnosisWorker
from app.workers.engines import EnginesWorker
from app.workers.history import HistoryWorker
from app.workers.keys import KeysWorker, Service
from app.workers.listener import ListenerWorker
from app.workers.llm import LlmWorker
from app.workers.ollama import OllamaWorker
from app.workers.player import PlayerWorker
from app.workers.preferences import PreferencesWorker
from app.workers.relay import Model
from app.workers.speech_export import SpeechExportWorker
from app.workers.stt import SttWorker
from app.workers.tts import TtsWorker
from app.workers.updates import UpdatesWorker

log = logging.getLogger(__name__)


# --- those of a turn ----------------------------------------------------------------------


def conversation(settings: Settings) -> ConversationWorker:
    shown = live_settings.change_prompt(settings)
    language = settings.stt.language or "en"
    return ConversationWorker(
        Conversation(
            prompt=Prompt(
                persona=shown.persona,
                mode=shown.mode,
                history_turns=shown.history_turns,
                context_tokens=shown.context_tokens,
                language=language,
            ),
            wall_clock=time.time,
            language=language,
            work_ahead=settings.llm.work_ahead != "off",
        )
    )


def listener(settings: Settings, source: AudioInput) -> ListenerWorker:
    vad = registry.build_vad(registry.STAND_INS[Stage.VAD])
    return ListenerWorker(source, vad, settings.talk, settings.endpointing)


def stt(settings: Settings, paths: Paths) -> SttWorker:
    name = registry.STAND_INS[Stage.STT]
    provider = registry.build_stt(name, settings.stt, paths.models_dir)
    return SttWorker(provider, settings.stt.language)


def llm(
    settings: Settings,
    secrets: Secrets,
    paths: Paths,
    timers: TimerKeeper,
    *,
    beside_a_window: bool,
) -> LlmWorker:
    skills = SkillsLlm(settings.llm.skills, timers=timers)
    load_times = LoadTimes(paths.load_times_file)
    return LlmWorker(
        _language_models(settings, secrets, paths, load_times, beside_a_window=beside_a_window),
        skills,
        certain=skills.answers,
        order=settings.llm.order,
        skills_first=settings.llm.skills.first,
        local_only=settings.llm.local_only,
        patience_s=settings.llm.patience_s,
        ahead_everywhere=settings.llm.work_ahead == "everywhere",
        keep_load=load_times.note,
        # A process that ends with its turn leaves the model for the next one.
        unloads=beside_a_window and settings.llm.ollama.unload_at_quit,
    )


def _language_models(
    settings: Settings,
    secrets: Secrets,
    paths: Paths,
    load_times: LoadTimes,
    *,
    beside_a_window: bool,
) -> list[Model]:
    """The models of the order; one without its key has a place too, it may get one later. Beside
    a window all others too: they may be put into the order."""
    names = (*settings.llm.order, *(registry.LLM_TITLES if beside_a_window else ()))
    at_start = chosen_engines.keys_at_start(settings)
    models = []
    for name in dict.fromkeys(names):
        # A keyring may wait for its user: beside a window, the keys' thread asks it.
        ask_keyring = name in at_start and not beside_a_window
        look_up = secrets.get if ask_keyring else secrets.at_hand
        key = look_up(name)
        provider = registry.build_llm(name, settings.llm, key, paths.models_dir)
        needs_key = name in ENVIRONMENT and not provider.engine.local
        models.append(
            Model(
                provider,
                registry.LLM_TITLES[name],
                deadline_s=settings.llm.of(name).first_token_deadline_s,
                set_up=bool(key) or not needs_key,
                load_s=load_times.of(provider.engine),
                stays=chosen_engines.stays_loaded(name, settings),
            )
        )
    return models


def tts(settings: Settings, paths: Paths) -> TtsWorker:
    name = registry.STAND_INS[Stage.TTS]
    return TtsWorker(registry.build_tts(name, settings.tts, paths.models_dir))


def player(output: AudioOutput) -> PlayerWorker:
    return PlayerWorker(output, chime(), CHIME_RATE)


# --- those beside the turn ----------------------------------------------------------------


def engines(settings: Settings, paths: Paths, chosen: dict[Stage, Loadable]) -> EnginesWorker:
    models_dir = paths.models_dir
    return EnginesWorker(
        chosen,
        language_models=chosen_engines.fetched_by_parley(settings, paths),
        local_only=settings.llm.local_only,
        shelf=ModelShelf(models_dir),
        models=model_settings.chosen(settings),
        surroundings=lambda: (hub.why_offline(), hub.mirror(), hub.free_bytes(models_dir)),
    )


def history(settings: Settings, paths: Paths) -> HistoryWorker:
    return HistoryWorker(
        SqliteHistory(paths.history_file),
        enabled=settings.history.enabled,
        keep_days=settings.history.keep_days,
    )


# --- those that only a window has ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BesideWindow:
    """What a process that ends with its turn does without: in it nobody changes keys or settings,
    and it has an Ollama server for that long (`commands/own_ollama.py`)."""

    ollama: OllamaWorker
    keys: KeysWorker
    preferences: PreferencesWorker
    diagnosis: DiagnosisWorker
    updates: UpdatesWorker
    speech_export: SpeechExportWorker


def beside_window(
    settings: Settings, secrets: Secrets, paths: Paths, current: Callable[[], Settings]
) -> BesideWindow:
    """
    Args:
        current: the settings as they are by then; called in any thread.
    """
    return BesideWindow(
        ollama=_ollama(settings, paths),
        keys=_keys(settings, secrets, paths),
        preferences=PreferencesWorker(
            partial(settings_file.change, paths.settings_file), shown=_shown(settings)
        ),
        diagnosis=DiagnosisWorker(partial(_look_at, paths)),
        updates=UpdatesWorker(
            UpdateCheck(paths.update_stamp),
            enabled=settings.updates.check,
            local_only=settings.llm.local_only,
        ),
        speech_export=SpeechExportWorker(
            lambda: chosen_engines.voices(current(), paths),
            partial(_turns_of, paths.history_file),
            WavOutput,
        ),
    )


def _ollama(settings: Settings, paths: Paths) -> OllamaWorker:
    options = settings.llm.ollama
    return OllamaWorker(
        options,
        OllamaModels(options),
        OllamaProgram(options, os.environ, paths.ollama_log_file),
        partial(nvidia_gpus, os.environ),
        wanted="ollama" in settings.llm.order,
        first_choice=settings.llm.first_choice == "ollama",
        local_only=settings.llm.local_only,
        free_bytes=lambda: _ollama_room(os.environ),
        free_gpu_bytes=partial(free_gpu_bytes, os.environ),
    )


def _ollama_room(environ: Mapping[str, str]) -> int | None:
    """Free bytes where the server of this computer keeps its models; None when that is not
    known: the system's service runs as another user, with a folder of its own."""
    told = environ.get("OLLAMA_MODELS")
    try:
        folder = Path(told or "~/.ollama/models").expanduser()
        return hub.free_bytes(folder) if told or folder.exists() else None
    except OSError as exc:
        log.info("the room for Ollama's models is not known (%s)", type(exc).__name__)
        return None


def _keys(settings: Settings, secrets: Secrets, paths: Paths) -> KeysWorker:
    providers = [registry.build_llm(name, settings.llm, None) for name in ENVIRONMENT]
    others = [name for name in registry.LLM_TITLES if name not in ENVIRONMENT]

    async def check(name: str, key: str | None, local_only: bool) -> tuple[bool, str]:
        verdict = await check_by_name(
            name, settings.llm, key, local_only=local_only, models_dir=paths.models_dir
        )
        return verdict.ok, verdict.line

    return KeysWorker(
        secrets,
        [Service(each.engine, each.address) for each in providers if isinstance(each, TakesKey)],
        check,
        look_up=chosen_engines.keys_at_start(settings),
        kept=settings.llm.keyring,
        local_only=settings.llm.local_only,
        without_key=[registry.build_llm(name, settings.llm, None).engine for name in others],
    )


def _shown(settings: Settings) -> dict[str, SettingValue]:
    """Every setting that the window may show, by its name in the file."""
    plain: dict[str, SettingValue] = {
        name: value
        for name, value in leaves(settings).items()
        if value is None or isinstance(value, str | int | float | tuple)
    }
    devices = live_settings.use_devices(settings)
    return plain | {"audio.input": devices.microphone, "audio.output": devices.speaker}


def _look_at(paths: Paths) -> list[partial[list[Check]]]:
    """What checks each part, in the diagnosis thread."""
    return [partial(examine, part.name, part.check) for part in beside_the_window(paths)]


def _turns_of(history_file: Path, session_id: int) -> list[TurnRecord]:
    """Called in the export's thread."""
    store = SqliteHistory(history_file)
    try:
        store.open(set_damaged_aside=False)
        return store.records(session_id)
    finally:
        store.close()
