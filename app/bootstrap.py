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

import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QMetaObject, QObject, Qt, Signal, Slot

from app import model_settings, settings_file
from app.audio.chime import CHIME_RATE, chime
from app.audio.files import WavOutput
from app.core.catalogue import ModelId
from app.core.conversation import Conversation
from app.core.diagnosis_events import Check, MoveToGpu, RunChecks
from app.core.events import (
    CancelFetch,
    ChangePrompt,
    ChangeSetting,
    CheckProvider,
    DeleteModel,
    Event,
    FetchModel,
    ForgetKey,
    LocalOnlyChanged,
    LookUpFigures,
    LookUpKeys,
    SaveKey,
    SettingValue,
    SoundChime,
    StartOllama,
    UseEngine,
    UseKeepalive,
    UseLanguage,
    UseModels,
)
from app.core.history_events import (
    ConversationBegun,
    DeleteAllConversations,
    DeleteConversation,
    ExportConversations,
    ListConversations,
    OpenConversation,
    PinConversation,
    RenameConversation,
    RestoreConversation,
    SearchConversations,
    UseHistory,
)
from app.core.model_events import (
    LookUpModels,
    ModelsChosen,
    UseModel,
    UseOllamaModel,
    UseProvider,
)
from app.core.ports import (
    AudioInput,
    AudioOutput,
    Fetchable,
    Loadable,
    Stage,
    TakesKey,
    TtsProvider,
    TurnRecord,
)
from app.core.prompt import MODES, Prompt
from app.core.sound_events import ListDevices, UseDevices, WatchMicrophone
from app.core.timer_events import CancelTimer
from app.core.update_events import UseUpdates
from app.diagnosis.checks import examine
from app.diagnosis.parts import beside_the_window
from app.errors import SettingsError
from app.history.store import SqliteHistory
from app.load_times import LoadTimes
from app.paths import Paths
from app.providers import hub, registry
from app.providers.gpu import free_gpu_bytes, nvidia_gpus
from app.providers.llm.check import check_by_name
from app.providers.llm.ollama_models import OllamaModels
from app.providers.llm.ollama_program import OllamaProgram
from app.providers.llm.skills import SkillsLlm
from app.providers.llm.skills.timer_file import TimerFile
from app.providers.llm.skills.timer_keeper import TimerKeeper
from app.providers.shelf import ModelShelf
from app.secrets import ENVIRONMENT, Secrets
from app.settings import DeviceChoice, Settings, leaves
from app.updates import UpdateCheck
from app.workers.conversation import ConversationWorker
from app.workers.diagnosis import DiagnosisWorker
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
from app.workers.speech_export import SpeechExportWorker
from app.workers.stt import SttWorker
from app.workers.threads import Threads
from app.workers.tts import TtsWorker
from app.workers.updates import UpdatesWorker
from app.workers.worker import Worker

log = logging.getLogger(__name__)

LOCAL_ONLY = "llm.local_only"


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
    _to_keepalive = Signal(object)
    _to_preferences = Signal(object)
    _to_history = Signal(object)
    _to_sound = Signal(object)
    _to_listener = Signal(object)
    _to_stt = Signal(object)
    _to_engines = Signal(object)
    _to_diagnosis = Signal(object)
    _to_updates = Signal(object)

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
        self._settings = settings  # as they are now; replaced in the main thread, read anywhere
        self._paths = paths
        stand_ins = registry.STAND_INS
        models_dir = paths.models_dir
        chosen = {  # loaded beside the conversation, best first
            stage: _engine(stage, settings, paths)
            for stage, name in (
                (Stage.VAD, settings.endpointing.vad),
                (Stage.STT, settings.stt.provider),
                (Stage.TTS, settings.tts.provider),
            )
            if name != stand_ins[stage]
        }
        self._timers = (
            TimerKeeper(self._timers_happened, TimerFile(paths.data / "timers.json"))
            if keeps_timers
            else TimerKeeper()
        )
        skills = SkillsLlm(settings.llm.skills, timers=self._timers)
        self.expected = set(chosen)
        # A keyring may wait for its user: beside a window, the keys' thread asks it.
        load_times = LoadTimes(paths.load_times_file)
        models = _language_models(
            settings, secrets, paths, load_times, beside_a_window=keeps_timers
        )
        if settings.llm.order:
            self.expected.add(Stage.LLM)

        self._conversation = ConversationWorker(
            Conversation(
                prompt=_prompt(settings),
                wall_clock=time.time,
                language=settings.stt.language or "en",
                work_ahead=settings.llm.work_ahead != "off",
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
            certain=skills.answers,
            order=settings.llm.order,
            skills_first=settings.llm.skills.first,
            local_only=settings.llm.local_only,
            patience_s=settings.llm.patience_s,
            ahead_everywhere=settings.llm.work_ahead == "everywhere",
            keep_load=load_times.note,
            # A process that ends with its turn leaves the model for the next one.
            unloads=keeps_timers and settings.llm.ollama.unload_at_quit,
        )
        tts = TtsWorker(registry.build_tts(stand_ins[Stage.TTS], settings.tts, models_dir))
        player = PlayerWorker(sound.output, chime(), CHIME_RATE)
        engines = EnginesWorker(
            chosen,
            language_models=_fetched_by_parley(settings, paths),
            local_only=settings.llm.local_only,
            shelf=ModelShelf(models_dir),
            models=model_settings.chosen(settings),
            surroundings=lambda: (hub.why_offline(), hub.mirror(), hub.free_bytes(models_dir)),
        )
        keepalive = KeepaliveWorker(settings.keepalive)
        history = HistoryWorker(
            SqliteHistory(paths.history_file),
            enabled=settings.history.enabled,
            keep_days=settings.history.keep_days,
        )
        speech_export = self._speech_export() if keeps_timers else None
        devices = SoundWorker(sound.devices) if sound.devices else None
        diagnosis = DiagnosisWorker(partial(_look_at, paths)) if keeps_timers else None
        updates = _updates_worker(settings, paths) if keeps_timers else None
        keys = _keys_worker(settings, secrets, paths) if keeps_timers else None
        # A process that ends with its turn has a server for that long (`commands/own_ollama.py`).
        ollama = _ollama_worker(settings, paths) if keeps_timers else None
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
        reporting: list[Worker] = [listener, stt, llm, tts, player, engines, history]
        if keys and preferences:
            reporting += [keys, preferences]
        if ollama:
            reporting.append(ollama)
        conversation.to_history.connect(history.handle)
        self._to_history.connect(history.handle)
        conversation.to_history.connect(self._on_kept, Qt.ConnectionType.DirectConnection)
        conversation.to_player.connect(self._on_sound, Qt.ConnectionType.DirectConnection)
        app = QCoreApplication.instance()
        if keeps_timers and app is not None:
            # Before anything else of this Parley ends, and the next one may begin.
            app.aboutToQuit.connect(self._end_timers)
        if devices:
            reporting.append(devices)
            conversation.happened.connect(devices.handle)
            self._to_sound.connect(devices.handle)
        if speech_export:
            reporting.append(speech_export)
            self._to_history.connect(speech_export.handle)
        if diagnosis:
            reporting.append(diagnosis)
            self._to_diagnosis.connect(diagnosis.handle)
        if updates:
            reporting.append(updates)
            self._to_updates.connect(updates.handle)
        for worker in reporting:
            worker.happened.connect(conversation.handle)
        conversation.happened.connect(self.happened)

        # Beside the turn: better engines take over, and everything stays warm.
        engines.vad_ready.connect(listener.adopt)
        engines.stt_ready.connect(stt.adopt)
        engines.tts_ready.connect(tts.adopt)
        keepalive.warm_up.connect(llm.handle, Qt.ConnectionType.DirectConnection)
        keepalive.recheck.connect(engines.recheck)
        engines.warm_up.connect(llm.handle, Qt.ConnectionType.DirectConnection)
        self._fetch.connect(engines.interrupt, Qt.ConnectionType.DirectConnection)
        self._fetch.connect(engines.handle)
        if ollama:
            self._to_ollama.connect(ollama.handle, Qt.ConnectionType.DirectConnection)
            ollama.warm_up.connect(llm.handle, Qt.ConnectionType.DirectConnection)

        # Keys and settings go straight to who keeps them: everybody watches the conversation.
        self._to_llm.connect(llm.handle, Qt.ConnectionType.DirectConnection)
        self._to_keepalive.connect(keepalive.handle)
        self._to_listener.connect(listener.handle)
        self._to_stt.connect(stt.handle)
        self._to_engines.connect(engines.handle)
        if keys and preferences:
            self._to_preferences.connect(preferences.handle)
            self._to_keys.connect(keys.handle, Qt.ConnectionType.DirectConnection)
            keys.key_found.connect(llm.handle, Qt.ConnectionType.DirectConnection)
            keys.kept.connect(preferences.handle)

        # Started together; stopped in this order, input first and output last.
        self._started = False
        self._threads = Threads()
        for worker in (keepalive, listener, stt, llm, tts, player, engines, conversation, history):
            self._threads.add(worker)
        for optional in (ollama, keys, preferences, devices, diagnosis, updates, speech_export):
            if optional:
                self._threads.add(optional)

    def start(self) -> None:
        self._started = True
        self._threads.start()

    def stop(self) -> bool:
        """Cancel what is going on and end every thread; False when one is stuck in a library."""
        if not self._started:
            return True
        self._end_timers()  # what begins to ring now is heard by nobody, and told the next time
        QMetaObject.invokeMethod(
            self._conversation, "stop_turn", Qt.ConnectionType.BlockingQueuedConnection
        )
        return self._threads.stop()

    @Slot(object)
    def ask_for(self, intent: Event) -> None:
        """Take an intent from the window or the command line. Main thread."""
        match intent:
            case CancelFetch():
                self._to_ollama.emit(intent)
                self._fetch.emit(intent)
            case StartOllama() | MoveToGpu() | DeleteModel(engine="ollama"):
                self._to_ollama.emit(intent)
            case DeleteModel():
                self._delete_model(intent)
            case LookUpModels():
                self._fetch.emit(intent)
            case UseModel():
                for change in model_settings.changes(self._settings, intent):
                    self.ask_for(change)
            case FetchModel(stage=Stage.LLM):
                self._fetch_language_model(intent)
            case FetchModel():
                self._fetch.emit(intent)
            case (
                LookUpFigures()
                | OpenConversation()
                | ListConversations()
                | SearchConversations()
                | RenameConversation()
                | PinConversation()
                | DeleteConversation()
                | RestoreConversation()
                | DeleteAllConversations()
                | ExportConversations()
            ):
                self._to_history.emit(intent)
            case ListDevices():
                self._to_sound.emit(intent)
            case WatchMicrophone():
                self._to_listener.emit(intent)
                self._to_sound.emit(intent)
            case CancelTimer():
                self._timers.cancel_soon(intent.number)
            case RunChecks():
                self._to_diagnosis.emit(intent)
                self._to_ollama.emit(intent)
            case LookUpKeys() | SaveKey() | ForgetKey() | CheckProvider():
                self._to_keys.emit(intent)
            case ChangeSetting():
                if intent.name == LOCAL_ONLY:
                    # At once, and whatever the disk says: it is a promise.
                    switch = LocalOnlyChanged(on=bool(intent.value))
                    self._to_llm.emit(switch)
                    self._to_ollama.emit(switch)
                    self._to_keys.emit(switch)
                    self._to_updates.emit(switch)
                    self._fetch.emit(switch)
                self._to_preferences.emit(intent)
                self._change(intent)
            case _:
                self._intent.emit(intent)

    def _fetch_language_model(self, intent: FetchModel) -> None:
        in_order = (name for name in self._settings.llm.order if name in registry.LLM_FETCHABLE)
        name = intent.engine or next(in_order, "")
        (self._to_ollama if name == "ollama" else self._fetch).emit(replace(intent, engine=name))

    def _delete_model(self, intent: DeleteModel) -> None:
        """Who uses it gives way to the stand-in first, and waits to have it again."""
        unwanted = ModelId(intent.stage, intent.engine, intent.model)
        used = model_settings.chosen(self._settings).uses(unwanted)
        if not used or intent.stage not in (Stage.STT, Stage.TTS):
            self._fetch.emit(intent)
            return
        stand_in = _stand_in(intent.stage, self._settings, self._paths)
        self._to_engines.emit(UseEngine(stage=intent.stage, provider=stand_in))
        self._to_engines.emit(intent)
        chosen = _engine(intent.stage, self._settings, self._paths)
        self._to_engines.emit(UseEngine(stage=intent.stage, provider=chosen))

    def _change(self, intent: ChangeSetting) -> None:
        """Have a setting act at once, whether it can be written or not; the others act from the
        next start."""
        before = self._settings
        try:
            self._settings = settings_file.changed(before, intent.name, intent.value)
        except SettingsError as exc:
            log.info("%s", exc)  # it cannot be written either, and the user is told so
            return
        for wanted, signals in (
            (_prompt_wanted, (self._intent,)),
            (_models_wanted, (self._to_llm, self._to_ollama)),
            (_keepalive_wanted, (self._to_keepalive,)),
            (_devices_wanted, (self._to_sound,)),
            (_language_wanted, (self._to_stt,)),
            (_history_wanted, (self._to_history,)),
            (_updates_wanted, (self._to_updates,)),
        ):
            now = wanted(self._settings)
            if replace(now, at=0.0) != replace(wanted(before), at=0.0):
                for signal in signals:
                    signal.emit(now)
        for stage, branch in _engine_branches(self._settings).items():
            if branch != _engine_branches(before)[stage]:
                provider = _engine(stage, self._settings, self._paths)
                self._to_engines.emit(UseEngine(stage=stage, provider=provider))
        self._use_language_models(before)
        chosen = model_settings.chosen(self._settings)
        if chosen != model_settings.chosen(before):
            self._to_engines.emit(ModelsChosen(chosen=chosen))

    def _use_language_models(self, before: Settings) -> None:
        """Another model of an engine answers from the next question on."""
        llm = self._settings.llm
        if llm.ollama.model != before.llm.ollama.model:
            keeper = OllamaModels(llm.ollama)
            self._to_ollama.emit(UseOllamaModel(model=llm.ollama.model, keeper=keeper))
        for name in ("ollama", "builtin"):
            if getattr(llm, name).model != getattr(before.llm, name).model:
                provider = registry.build_llm(name, llm, None, self._paths.models_dir)
                self._to_llm.emit(
                    UseProvider(
                        provider=provider,
                        load_s=LoadTimes(self._paths.load_times_file).of(provider.engine),
                        stays=name != "ollama" or llm.ollama.stays_loaded,
                    )
                )

    def _speech_export(self) -> SpeechExportWorker:
        paths = self._paths
        return SpeechExportWorker(
            lambda: _voices(self._settings, paths),
            partial(_turns_of, paths.history_file),
            WavOutput,
        )

    def _timers_happened(self, event: Event) -> None:
        """Called in the language-model thread, where the skills live."""
        self._llm.happened.emit(event)

    @Slot(object)
    def _on_kept(self, event: Event) -> None:
        """Called in the conversation's thread, between the questions before and those after it."""
        if isinstance(event, ConversationBegun):
            self._timers.private_from_now(event.private)

    @Slot(object)
    def _on_sound(self, event: Event) -> None:
        """Called in the conversation's thread."""
        if isinstance(event, SoundChime):
            self._timers.announced_soon()

    @Slot()
    def _end_timers(self) -> None:
        self._timers.end()


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
    models = []
    for name in dict.fromkeys(names):
        ask_keyring = name in looked_up(settings) and not beside_a_window
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
                stays=name != "ollama" or settings.llm.ollama.stays_loaded,
            )
        )
    return models


def _fetched_by_parley(settings: Settings, paths: Paths) -> dict[str, Fetchable]:
    """The language models that run inside Parley, to download them: others than those that
    answer, because these belong to another thread."""
    models = {
        name: registry.build_llm(name, settings.llm, None, paths.models_dir)
        for name in registry.LLM_INSIDE
    }
    return {name: model for name, model in models.items() if isinstance(model, Fetchable)}


def looked_up(settings: Settings) -> set[str]:
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


def _prompt(settings: Settings) -> Prompt:
    wanted = _prompt_wanted(settings)
    return Prompt(
        persona=wanted.persona,
        mode=wanted.mode,
        history_turns=wanted.history_turns,
        context_tokens=wanted.context_tokens,
        language=settings.stt.language or "en",
    )


def _prompt_wanted(settings: Settings) -> ChangePrompt:
    return ChangePrompt(
        persona=settings.llm.persona,
        mode=settings.llm.mode,
        history_turns=settings.llm.history_turns,
        context_tokens=registry.context_tokens(settings.llm, settings.llm.order),
        language=settings.stt.language or "en",
    )


def _models_wanted(settings: Settings) -> UseModels:
    llm = settings.llm
    return UseModels(
        order=llm.order,
        skills_first=llm.skills.first,
        reply_tokens=MODES[llm.mode].max_tokens,
        patience_s=llm.patience_s,
        deadlines_s={name: llm.of(name).first_token_deadline_s for name in registry.LLM_TITLES},
    )


def _stand_in(stage: Stage, settings: Settings, paths: Paths) -> Loadable:
    """One more of the engine that serves this stage until a better one is ready."""
    name = registry.STAND_INS[stage]
    if stage == Stage.STT:
        return registry.build_stt(name, settings.stt, paths.models_dir)
    return registry.build_tts(name, settings.tts, paths.models_dir)


def _engine(stage: Stage, settings: Settings, paths: Paths) -> Loadable:
    """The chosen engine of a stage that is served inside Parley, not loaded yet."""
    match stage:
        case Stage.VAD:
            return registry.build_vad(settings.endpointing.vad)
        case Stage.STT:
            return registry.build_stt(settings.stt.provider, settings.stt, paths.models_dir)
        case Stage.TTS:
            return registry.build_tts(settings.tts.provider, settings.tts, paths.models_dir)
        case Stage.LLM:
            raise ValueError("a language model lives in its own loop")


def _engine_branches(settings: Settings) -> dict[Stage, object]:
    """What an engine is built from: when it is another, so is the engine. The language that is
    spoken is the session's, not the engine's."""
    return {
        Stage.STT: settings.stt.model_copy(update={"language": None}),
        Stage.TTS: settings.tts,
    }


def _devices_wanted(settings: Settings) -> UseDevices:
    def pair(device: DeviceChoice | None) -> tuple[str, str] | None:
        return (device.name, device.host_api) if device else None

    return UseDevices(microphone=pair(settings.audio.input), speaker=pair(settings.audio.output))


def _language_wanted(settings: Settings) -> UseLanguage:
    return UseLanguage(language=settings.stt.language)


def _history_wanted(settings: Settings) -> UseHistory:
    return UseHistory(enabled=settings.history.enabled, keep_days=settings.history.keep_days)


def _updates_wanted(settings: Settings) -> UseUpdates:
    return UseUpdates(check=settings.updates.check)


def _updates_worker(settings: Settings, paths: Paths) -> UpdatesWorker:
    return UpdatesWorker(
        UpdateCheck(paths.update_stamp),
        enabled=settings.updates.check,
        local_only=settings.llm.local_only,
    )


def _voices(settings: Settings, paths: Paths) -> list[TtsProvider]:
    """Voices of their own for the export, the chosen one first; not loaded yet."""
    names = dict.fromkeys((settings.tts.provider, registry.STAND_INS[Stage.TTS]))
    return [registry.build_tts(name, settings.tts, paths.models_dir) for name in names]


def _turns_of(history_file: Path, session_id: int) -> list[TurnRecord]:
    """Called in the export's thread."""
    history = SqliteHistory(history_file)
    try:
        history.open(set_damaged_aside=False)
        return history.records(session_id)
    finally:
        history.close()


def _look_at(paths: Paths) -> list[partial[list[Check]]]:
    """What checks each part, in the diagnosis thread."""
    return [partial(examine, part.name, part.check) for part in beside_the_window(paths)]


def _keepalive_wanted(settings: Settings) -> UseKeepalive:
    keepalive = settings.keepalive
    return UseKeepalive(enabled=keepalive.enabled, interval_s=keepalive.interval_s)


def _keys_worker(settings: Settings, secrets: Secrets, paths: Paths) -> KeysWorker:
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
        look_up=looked_up(settings),
        kept=settings.llm.keyring,
        local_only=settings.llm.local_only,
        without_key=[registry.build_llm(name, settings.llm, None).engine for name in others],
    )


def _preferences_worker(settings: Settings, paths: Paths) -> PreferencesWorker:
    return PreferencesWorker(
        partial(settings_file.change, paths.settings_file),
        shown=_shown(settings),
    )


def _shown(settings: Settings) -> dict[str, SettingValue]:
    """Every setting that the window may show, by its name in the file."""
    plain: dict[str, SettingValue] = {
        name: value
        for name, value in leaves(settings).items()
        if value is None or isinstance(value, str | int | float | tuple)
    }
    devices = _devices_wanted(settings)
    return plain | {"audio.input": devices.microphone, "audio.output": devices.speaker}
