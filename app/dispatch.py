"""Which intent goes to whom, and which command follows from it."""

from __future__ import annotations

import logging
from dataclasses import replace

from PySide6.QtCore import QObject, Signal, SignalInstance

from app import chosen_engines, live_settings, model_settings, settings_file
from app.core.catalogue import ModelId
from app.core.diagnosis_events import MoveToGpu, RunChecks
from app.core.events import (
    CancelFetch,
    ChangeSetting,
    CheckProvider,
    Command,
    DeleteModel,
    Event,
    FetchModel,
    ForgetKey,
    LocalOnlyChanged,
    LookUpFigures,
    LookUpKeys,
    SaveKey,
    StartOllama,
    UseEngine,
    UseKeepalive,
    UseLanguage,
    UseModels,
)
from app.core.history_events import (
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
from app.core.ports import Stage
from app.core.sound_events import ListDevices, UseDevices, WatchMicrophone
from app.core.timer_events import CancelTimer, RestoreTimer
from app.core.update_events import UseUpdates
from app.errors import SettingsError
from app.paths import Paths
from app.providers import registry
from app.settings import Settings

log = logging.getLogger(__name__)

LOCAL_ONLY = "llm.local_only"


class Dispatch(QObject):
    """Takes every intent of the window and the command line to its receiver. Keeps the settings as
    they are now, because what some intents mean depends on them. Lives in the main thread.

    Signals, one per receiver; who is not there in this process takes nothing:
        to_conversation: every intent that is nobody else's.
        to_listener, to_stt, ...: intents and commands.

    Attributes:
        settings: as they are now; replaced in the main thread, read anywhere.
    """

    to_conversation = Signal(object)
    to_listener = Signal(object)
    to_stt = Signal(object)
    to_llm = Signal(object)
    to_engines = Signal(object)
    to_keepalive = Signal(object)
    to_history = Signal(object)
    to_sound = Signal(object)
    to_timers = Signal(object)
    to_ollama = Signal(object)
    to_keys = Signal(object)
    to_preferences = Signal(object)
    to_diagnosis = Signal(object)
    to_updates = Signal(object)

    def __init__(self, settings: Settings, paths: Paths) -> None:
        super().__init__()
        self.settings = settings
        self._paths = paths
        self._routes: dict[type[Event], tuple[SignalInstance, ...]] = {
            # how Parley hears
            ListDevices: (self.to_sound,),
            UseDevices: (self.to_sound,),
            WatchMicrophone: (self.to_listener, self.to_sound),
            UseLanguage: (self.to_stt,),
            # who hears, speaks and answers
            LookUpModels: (self.to_engines,),
            FetchModel: (self.to_engines,),
            CancelFetch: (self.to_ollama, self.to_engines),
            DeleteModel: (self.to_engines,),
            ModelsChosen: (self.to_engines,),
            UseEngine: (self.to_engines,),
            UseProvider: (self.to_llm,),
            UseModels: (self.to_llm, self.to_ollama),
            UseOllamaModel: (self.to_ollama,),
            UseKeepalive: (self.to_keepalive,),
            StartOllama: (self.to_ollama,),
            MoveToGpu: (self.to_ollama,),
            # what is kept
            LookUpFigures: (self.to_history,),
            ListConversations: (self.to_history,),
            SearchConversations: (self.to_history,),
            OpenConversation: (self.to_history,),
            RenameConversation: (self.to_history,),
            PinConversation: (self.to_history,),
            DeleteConversation: (self.to_history,),
            RestoreConversation: (self.to_history,),
            DeleteAllConversations: (self.to_history,),
            ExportConversations: (self.to_history,),
            UseHistory: (self.to_history,),
            CancelTimer: (self.to_timers,),
            RestoreTimer: (self.to_timers,),
            # keys and settings
            LookUpKeys: (self.to_keys,),
            SaveKey: (self.to_keys,),
            ForgetKey: (self.to_keys,),
            CheckProvider: (self.to_keys,),
            ChangeSetting: (self.to_preferences,),
            LocalOnlyChanged: (
                self.to_llm,
                self.to_ollama,
                self.to_keys,
                self.to_updates,
                self.to_engines,
            ),
            UseUpdates: (self.to_updates,),
            RunChecks: (self.to_diagnosis, self.to_ollama),
        }

    def take(self, intent: Event) -> None:
        match intent:
            case ChangeSetting():
                self._change(intent)
            case UseModel():
                for change in model_settings.changes(self.settings, intent):
                    self._change(change)
            case FetchModel(stage=Stage.LLM):
                self._fetch_language_model(intent)
            case DeleteModel(engine="ollama"):
                self.to_ollama.emit(intent)
            case DeleteModel():
                self._delete_model(intent)
            case _:
                self._send(intent)

    def _send(self, event: Event) -> None:
        if isinstance(event, Command):
            receivers = self._routes[type(event)]
        else:
            receivers = self._routes.get(type(event), (self.to_conversation,))
        for receiver in receivers:
            receiver.emit(event)

    def _change(self, intent: ChangeSetting) -> None:
        """Have a setting written, and act at once whether it can be or not."""
        if intent.name == LOCAL_ONLY:
            # At once, and whatever the disk says: it is a promise.
            self._send(LocalOnlyChanged(on=bool(intent.value)))
        self._send(intent)
        before = self.settings
        try:
            self.settings = settings_file.changed(before, intent.name, intent.value)
        except SettingsError as exc:
            log.info("%s", exc)  # it cannot be written either, and the user is told so
            return
        for command in live_settings.commands(before, self.settings, self._paths):
            self._send(command)

    def _fetch_language_model(self, intent: FetchModel) -> None:
        """The first of the order that can be downloaded, unless one is named."""
        in_order = (name for name in self.settings.llm.order if name in registry.LLM_FETCHABLE)
        name = intent.engine or next(in_order, "")
        receiver = self.to_ollama if name == "ollama" else self.to_engines
        receiver.emit(replace(intent, engine=name))

    def _delete_model(self, intent: DeleteModel) -> None:
        """Who uses it gives way to the stand-in first, and waits to have it again."""
        stage = intent.stage
        unwanted = ModelId(stage, intent.engine, intent.model)
        used = model_settings.chosen(self.settings).uses(unwanted)
        if not used or stage not in (Stage.STT, Stage.TTS):
            self._send(intent)
            return
        stand_in = chosen_engines.stand_in(stage, self.settings, self._paths)
        self._send(UseEngine(stage=stage, provider=stand_in))
        self._send(intent)
        chosen = chosen_engines.engine(stage, self.settings, self._paths)
        self._send(UseEngine(stage=stage, provider=chosen))
