"""The composition root: what exists, which thread owns it, and how a turn flows.

    key, button, text box ──intent──▶ conversation ──event──▶ window / command line
                                          │ ▲
        ┌──────────────┬──────────────┬───┴─┼────────┬──────────────┐   commands down,
        ▼              ▼              ▼     │        ▼              ▼   events up
    listener ──audio─▶ stt           llm    │       tts ──audio──▶ player     history
        ▲                                   │                        │
    microphone ◀──────── sound ─────────────┘                    loudspeaker

Each name in the middle rows is one worker in one QThread (`app/workers`). Two threads stand
beside the turn: `engines` loads models and hands them over, `keepalive` asks for warmth.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QMetaObject, QObject, Qt, Signal, Slot

from app import settings_file
from app.audio.chime import CHIME_RATE, chime
from app.core.conversation import Conversation
from app.core.events import (
    CancelFetch,
    ChangeSetting,
    CheckProvider,
    DeleteModel,
    Event,
    FetchModel,
    ForgetKey,
    LocalOnlyChanged,
    LookUpKeys,
    SaveKey,
    StartOllama,
    TimerRang,
    TimerSet,
)
from app.core.ports import AudioInput, AudioOutput, Loadable, Stage, TakesKey
from app.core.prompt import Prompt
from app.history.store import SqliteHistory
from app.paths import Paths
from app.providers import registry
from app.providers.gpu import nvidia_gpus
from app.providers.llm.check import check_by_name
from app.providers.llm.ollama_models import OllamaModels
from app.providers.llm.ollama_program import OllamaProgram
from app.providers.llm.skills import SkillsLlm
from app.secrets import ENVIRONMENT, Secrets
from app.settings import Settings
from app.workers.conversation import ConversationWorker
from app.workers.engines import EnginesWorker
from app.workers.history import HistoryWorker
from app.workers.keepalive import KeepaliveWorker
from app.workers.keys import KeysWorker, Service
from app.workers.listener import ListenerWorker
from app.workers.llm import LlmWorker
from app.workers.ollama import OllamaWorker
from app.workers.player import PlayerWorker
from app.workers.preferences import PreferencesWorker
from app.workers.relay import Model
from app.workers.sound import Devices, SoundWorker
from app.workers.stt import SttWorker
from app.workers.threads import Threads
from app.workers.tts import TtsWorker
from app.workers.worker import Worker

LOCAL_ONLY = "llm.local_only"
"""The one setting that acts at once; the others act from the next start."""


@dataclass(frozen=True)
class Sound:
    """Where speech comes from and goes to: devices, or files in their place."""

    source: AudioInput
    output: AudioOutput
    devices: Devices | None = None
    """What opens and watches the devices; None when there are none to watch."""


class Assistant(QObject):
    """Parley without a window: the workers, wired. Lives in the main thread.

    Signals:
        happened: everything that concerns the user, in order, from the conversation.

    Attributes:
        expected: stages whose chosen engine reports in time as ready or missing; the others are
            served by their stand-in because the user wants it so.
    """

    happened = Signal(object)
    _intent = Signal(object)
    _fetch = Signal(object)
    _to_llm = Signal(object)
    _to_ollama = Signal(object)
    _to_keys = Signal(object)
    _to_preferences = Signal(object)

    def __init__(
        self,
        settings: Settings,
        paths: Paths,
        secrets: Secrets,
        sound: Sound,
        *,
        keeps_timers: bool = True,
    ) -> None:
        """
        Args:
            keeps_timers: False for a process that ends with its turn: no timer would ring in
                it, and nobody changes keys or settings.
        """
        super().__init__()
        stand_ins = registry.STAND_INS
        models_dir = paths.models_dir
        chosen: dict[Stage, Loadable] = {}  # loaded beside the conversation, best first
        if settings.endpointing.vad != stand_ins[Stage.VAD]:
            chosen[Stage.VAD] = registry.build_vad(settings.endpointing.vad)
        if settings.stt.provider != stand_ins[Stage.STT]:
            chosen[Stage.STT] = registry.build_stt(settings.stt.provider, settings.stt, models_dir)
        if settings.tts.provider != stand_ins[Stage.TTS]:
            chosen[Stage.TTS] = registry.build_tts(settings.tts.provider, settings.tts, models_dir)
        skills = SkillsLlm(
            settings.llm.skills,
            on_timer_set=self._timer_set if keeps_timers else None,
            on_timer_rang=self._timer_rang if keeps_timers else None,
        )
        self.expected = set(chosen)
        # A keyring may wait for its user: beside a window, the keys' thread asks it.
        models = _language_models(settings, secrets, paths, ask_keyring=not keeps_timers)
        if models:
            self.expected.add(Stage.LLM)

        self._conversation = ConversationWorker(
            Conversation(
                prompt=_prompt(settings),
                wall_clock=time.time,
                language=settings.stt.language or "en",
            )
        )
        listener = ListenerWorker(
            sound.source,
            registry.build_vad(stand_ins[Stage.VAD]),
            settings.talk,
            settings.endpointing,
        )
        stt = SttWorker(
            registry.build_stt(stand_ins[Stage.STT], settings.stt, models_dir),
            settings.stt.language,
        )
        self._llm = llm = LlmWorker(
            models,
            skills,
            certain=skills.answers if settings.llm.skills.first else None,
            local_only=settings.llm.local_only,
            patience_s=settings.llm.patience_s,
        )
        tts = TtsWorker(registry.build_tts(stand_ins[Stage.TTS], settings.tts, models_dir))
        player = PlayerWorker(sound.output, chime(), CHIME_RATE)
        engines = EnginesWorker(chosen, local_only=settings.llm.local_only)
        keepalive = KeepaliveWorker(settings.keepalive)
        history = (
            HistoryWorker(SqliteHistory(paths.history_file)) if settings.history.enabled else None
        )
        devices = SoundWorker(sound.devices) if sound.devices else None
        keys = _keys_worker(settings, secrets) if keeps_timers else None
        # A process that ends with its turn would start a server only to end it.
        wants_ollama = _is_permitted("ollama", models, settings) and keeps_timers
        ollama = _ollama_worker(settings, paths) if wants_ollama else None
        self._keeps_ollama = ollama is not None
        preferences = _preferences_worker(settings, paths) if keeps_timers else None

        # A turn: intent → conversation → each stage, and audio straight from stage to stage.
        conversation = self._conversation
        self._intent.connect(conversation.handle)
        conversation.to_listener.connect(listener.handle)
        conversation.to_llm.connect(llm.handle, Qt.ConnectionType.DirectConnection)
        conversation.to_tts.connect(tts.handle)
        conversation.to_player.connect(player.handle)
        listener.speech.connect(stt.handle)
        tts.speech.connect(player.handle)

        # What happened goes to the conversation, and from there to whoever watches.
        reporting: list[Worker] = [listener, stt, llm, tts, player, engines]
        if keys and preferences:
            reporting += [keys, preferences]
        if ollama:
            reporting.append(ollama)
        if history:
            reporting.append(history)
            conversation.to_history.connect(history.handle)
        if devices:
            reporting.append(devices)
            conversation.happened.connect(devices.handle)
        for worker in reporting:
            worker.happened.connect(conversation.handle)
        conversation.happened.connect(self.happened)

        # Beside the turn: better engines take over, and everything stays warm.
        engines.vad_ready.connect(listener.adopt)
        engines.stt_ready.connect(stt.adopt)
        engines.tts_ready.connect(tts.adopt)
        keepalive.warm_up.connect(llm.handle, Qt.ConnectionType.DirectConnection)
        keepalive.recheck.connect(engines.recheck)
        self._fetch.connect(engines.handle)
        if ollama:
            self._to_ollama.connect(ollama.handle, Qt.ConnectionType.DirectConnection)
            ollama.warm_up.connect(llm.handle, Qt.ConnectionType.DirectConnection)

        # Keys and settings go straight to who keeps them: everybody watches the conversation.
        self._to_llm.connect(llm.handle, Qt.ConnectionType.DirectConnection)
        if keys and preferences:
            self._to_preferences.connect(preferences.handle)
            self._to_keys.connect(keys.handle, Qt.ConnectionType.DirectConnection)
            keys.key_found.connect(llm.handle, Qt.ConnectionType.DirectConnection)
            keys.kept.connect(preferences.handle)

        # Started together; stopped in this order, input first and output last.
        self._started = False
        self._threads = Threads()
        for worker in (keepalive, listener, stt, llm, tts, player, engines, conversation):
            self._threads.add(worker)
        for optional in (ollama, keys, preferences, history, devices):
            if optional:
                self._threads.add(optional)

    def start(self) -> None:
        self._started = True
        self._threads.start()

    def stop(self) -> bool:
        """Cancel what is going on and end every thread; False when one is stuck in a library."""
        if not self._started:
            return True
        QMetaObject.invokeMethod(
            self._conversation, "stop_turn", Qt.ConnectionType.BlockingQueuedConnection
        )
        return self._threads.stop()

    @Slot(object)
    def ask_for(self, intent: Event) -> None:
        """Take an intent from the window or the command line. Main thread."""
        match intent:
            case CancelFetch() | StartOllama() | DeleteModel():
                self._to_ollama.emit(intent)
            case FetchModel(stage=Stage.LLM) if self._keeps_ollama:
                self._to_ollama.emit(intent)
            case FetchModel():
                self._fetch.emit(intent)
            case LookUpKeys() | SaveKey() | ForgetKey() | CheckProvider():
                self._to_keys.emit(intent)
            case ChangeSetting():
                if intent.name == LOCAL_ONLY:
                    # At once, and whatever the disk says: it is a promise.
                    switch = LocalOnlyChanged(on=bool(intent.value))
                    self._to_llm.emit(switch)
                    self._to_ollama.emit(switch)
                    self._to_keys.emit(switch)
                    self._fetch.emit(switch)
                self._to_preferences.emit(intent)
            case _:
                self._intent.emit(intent)

    # Called in the language-model thread, where the skills live.

    def _timer_set(self, label: str, seconds: float) -> None:
        self._llm.happened.emit(TimerSet(label=label, seconds=seconds))

    def _timer_rang(self, label: str, announcement: str, language: str) -> None:
        self._llm.happened.emit(
            TimerRang(label=label, announcement=announcement, language=language)
        )


def _language_models(
    settings: Settings, secrets: Secrets, paths: Paths, *, ask_keyring: bool
) -> list[Model]:
    """The models of the order; one without its key has a place too, it may get one later."""
    models = []
    for name in settings.llm.order:
        look_up = secrets.get if ask_keyring and name in _looked_up(settings) else secrets.at_hand
        key = look_up(name)
        provider = registry.build_llm(name, settings.llm, key, paths.models_dir)
        needs_key = name in ENVIRONMENT and not provider.engine.local
        models.append(
            Model(
                provider,
                registry.LLM_TITLES[name],
                deadline_s=settings.llm.of(name).first_token_deadline_s,
                set_up=bool(key) or not needs_key,
                stays=name != "ollama" or settings.llm.ollama.stays_loaded,
            )
        )
    return models


def _is_permitted(name: str, models: Sequence[Model], settings: Settings) -> bool:
    """Whether the model is in the order, and may be asked at all."""
    return any(
        model.name == name and (model.provider.engine.local or not settings.llm.local_only)
        for model in models
    )


def _looked_up(settings: Settings) -> set[str]:
    """Names whose key is worth asking the keyring for at the start: not every name, because a
    locked keyring makes the desktop ask for a password. A server here wants no key."""
    first = settings.llm.first_choice
    first_is_local = registry.build_llm(first, settings.llm, None).engine.local
    return {*settings.llm.keyring, *(() if first_is_local else (first,))}


def _ollama_worker(settings: Settings, paths: Paths) -> OllamaWorker:
    options = settings.llm.ollama
    return OllamaWorker(
        options,
        OllamaModels(options),
        OllamaProgram(options, os.environ, paths.ollama_log_file),
        partial(nvidia_gpus, os.environ),
        first_choice=settings.llm.first_choice == "ollama",
        local_only=settings.llm.local_only,
    )


def _prompt(settings: Settings) -> Prompt:
    return Prompt(
        persona=settings.llm.persona,
        mode=settings.llm.mode,
        history_turns=settings.llm.history_turns,
        context_tokens=registry.context_tokens(settings.llm, settings.llm.order),
        language=settings.stt.language or "en",
    )


def _keys_worker(settings: Settings, secrets: Secrets) -> KeysWorker:
    providers = [registry.build_llm(name, settings.llm, None) for name in ENVIRONMENT]

    async def check(name: str, key: str | None, local_only: bool) -> tuple[bool, str]:
        verdict = await check_by_name(name, settings.llm, key, local_only=local_only)
        return verdict.ok, verdict.line

    return KeysWorker(
        secrets,
        [Service(each.engine, each.address) for each in providers if isinstance(each, TakesKey)],
        check,
        look_up=_looked_up(settings),
        kept=settings.llm.keyring,
        local_only=settings.llm.local_only,
    )


def _preferences_worker(settings: Settings, paths: Paths) -> PreferencesWorker:
    return PreferencesWorker(
        partial(settings_file.change, paths.settings_file),
        shown={LOCAL_ONLY: settings.llm.local_only},
    )
