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

import time
from dataclasses import dataclass

from PySide6.QtCore import QMetaObject, QObject, Qt, Signal, Slot

from app.audio.chime import CHIME_RATE, chime
from app.core.conversation import Conversation
from app.core.events import Event, FetchModel, TimerRang, TimerSet
from app.core.ports import AudioInput, AudioOutput, LlmProvider, Loadable, Stage
from app.history.store import SqliteHistory
from app.paths import Paths
from app.providers import registry
from app.providers.llm.skills import SkillsLlm
from app.secrets import ENVIRONMENT, Secrets
from app.settings import Settings
from app.workers.conversation import ConversationWorker
from app.workers.engines import EnginesWorker
from app.workers.history import HistoryWorker
from app.workers.keepalive import KeepaliveWorker
from app.workers.listener import ListenerWorker
from app.workers.llm import LlmWorker
from app.workers.player import PlayerWorker
from app.workers.sound import Devices, SoundWorker
from app.workers.stt import SttWorker
from app.workers.threads import Threads
from app.workers.tts import TtsWorker
from app.workers.worker import Worker


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
            keeps_timers: False for a process that ends with its turn.
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
        model: LlmProvider = skills
        if settings.llm.provider != stand_ins[Stage.LLM]:
            # Asking a keyring may wait for the user to unlock it: only where a key is needed.
            key = (
                secrets.get(settings.llm.provider) if settings.llm.provider in ENVIRONMENT else None
            )
            model = registry.build_llm(settings.llm.provider, settings.llm, key)
            self.expected.add(Stage.LLM)

        self._conversation = ConversationWorker(
            Conversation(
                persona=settings.llm.persona,
                history_turns=settings.llm.history_turns,
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
            model, skills, certain=skills.answers if settings.llm.skills.first else None
        )
        tts = TtsWorker(registry.build_tts(stand_ins[Stage.TTS], settings.tts, models_dir))
        player = PlayerWorker(sound.output, chime(), CHIME_RATE)
        engines = EnginesWorker(chosen)
        keepalive = KeepaliveWorker(settings.keepalive)
        history = (
            HistoryWorker(SqliteHistory(paths.history_file)) if settings.history.enabled else None
        )
        devices = SoundWorker(sound.devices) if sound.devices else None

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

        # Started together; stopped in this order, input first and output last.
        self._started = False
        self._threads = Threads()
        for worker in (keepalive, listener, stt, llm, tts, player, engines, conversation):
            self._threads.add(worker)
        for optional in (history, devices):
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
        if isinstance(intent, FetchModel):
            self._fetch.emit(intent)
        else:
            self._intent.emit(intent)

    # Called in the language-model thread, where the skills live.

    def _timer_set(self, label: str, seconds: float) -> None:
        self._llm.happened.emit(TimerSet(label=label, seconds=seconds))

    def _timer_rang(self, label: str, announcement: str, language: str) -> None:
        self._llm.happened.emit(
            TimerRang(label=label, announcement=announcement, language=language)
        )
