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

`assembly` makes each worker from the settings, `dispatch` sends each intent to its receiver.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QMetaObject, QObject, Qt, Signal, Slot

from app import assembly, chosen_engines
from app.core.events import Event, SoundChime, StopReply, TurnStarted
from app.core.history_events import ConversationBegun
from app.core.ports import AudioInput, AudioOutput, Stage
from app.core.timer_events import CancelTimer, RestoreTimer
from app.dispatch import Dispatch
from app.paths import Paths
from app.providers.llm.skills.timer_file import TimerFile
from app.providers.llm.skills.timer_keeper import TimerKeeper
from app.secrets import Secrets
from app.settings import Settings
from app.workers.keepalive import KeepaliveWorker
from app.workers.sound import Devices, SoundWorker
from app.workers.threads import Threads
from app.workers.worker import Worker

AT_ONCE = Qt.ConnectionType.DirectConnection
"""For what runs in the emitter's thread: workers whose loop is not Qt's take over from any thread
themselves."""


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
        chosen = chosen_engines.better_than_stand_ins(settings, paths)
        self.expected = {*chosen, *([Stage.LLM] if settings.llm.order else [])}

        self._dispatch = Dispatch(settings, paths)
        self._timers = (
            TimerKeeper(self._timers_happened, TimerFile(paths.data / "timers.json"))
            if keeps_timers
            else TimerKeeper()
        )
        self._conversation = assembly.conversation(settings)
        self._listener = assembly.listener(settings, sound.source)
        self._stt = assembly.stt(settings, paths)
        self._llm = assembly.llm(
            settings, secrets, paths, self._timers, beside_a_window=keeps_timers
        )
        self._tts = assembly.tts(settings, paths)
        self._player = assembly.player(sound.output)
        self._engines = assembly.engines(settings, paths, chosen)
        self._keepalive = KeepaliveWorker(settings.keepalive)
        self._history = assembly.history(settings, paths)
        self._devices = SoundWorker(sound.devices) if sound.devices else None
        self._beside = (
            assembly.beside_window(settings, secrets, paths, lambda: self._dispatch.settings)
            if keeps_timers
            else None
        )

        self._connect_turn()
        self._connect_reports()
        self._connect_warmth()
        self._connect_wishes()
        if self._beside:
            self._connect_beside(self._beside)
        self._connect_timers()

        self._started = False
        self._threads = Threads()
        for worker in self._workers():
            self._threads.add(worker)

    # --- who is connected to whom -------------------------------------------------------------

    def _workers(self) -> list[Worker]:
        """Started together; stopped in this order, input first and output last."""
        beside = self._beside
        return [
            self._keepalive,
            self._listener,
            self._stt,
            self._llm,
            self._tts,
            self._player,
            self._engines,
            self._conversation,
            self._history,
            *([beside.ollama, beside.keys, beside.preferences] if beside else ()),
            *([self._devices] if self._devices else ()),
            *([beside.diagnosis, beside.updates, beside.speech_export] if beside else ()),
        ]

    def _connect_turn(self) -> None:
        """Intent → conversation → each stage, and audio straight from stage to stage."""
        conversation = self._conversation
        self._dispatch.to_conversation.connect(conversation.handle)
        conversation.to_listener.connect(self._listener.handle)
        self._listener.speech.connect(self._stt.handle)
        conversation.to_llm.connect(self._llm.handle, AT_ONCE)
        conversation.to_tts.connect(self._tts.handle)
        self._tts.speech.connect(self._player.handle)
        conversation.to_player.connect(self._player.handle)
        conversation.to_history.connect(self._history.handle)

    def _connect_reports(self) -> None:
        """What happened goes to the conversation, and from there to whoever watches."""
        conversation = self._conversation
        for worker in self._workers():
            if worker not in (conversation, self._keepalive):
                worker.happened.connect(conversation.handle)
        if self._devices:
            conversation.happened.connect(self._devices.handle)
        conversation.happened.connect(self.happened)

    def _connect_warmth(self) -> None:
        """Better engines take over, and everything stays warm."""
        self._engines.vad_ready.connect(self._listener.adopt)
        self._engines.stt_ready.connect(self._stt.adopt)
        self._engines.tts_ready.connect(self._tts.adopt)
        self._engines.warm_up.connect(self._llm.handle, AT_ONCE)
        self._keepalive.warm_up.connect(self._llm.handle, AT_ONCE)
        self._keepalive.recheck.connect(self._engines.recheck)

    def _connect_wishes(self) -> None:
        """What the user wants beside the turn goes straight to whoever it concerns."""
        dispatch = self._dispatch
        dispatch.to_listener.connect(self._listener.handle)
        dispatch.to_stt.connect(self._stt.handle)
        dispatch.to_llm.connect(self._llm.handle, AT_ONCE)
        dispatch.to_engines.connect(self._engines.interrupt, AT_ONCE)
        dispatch.to_engines.connect(self._engines.handle)
        dispatch.to_keepalive.connect(self._keepalive.handle)
        dispatch.to_history.connect(self._history.handle)
        if self._devices:
            dispatch.to_sound.connect(self._devices.handle)

    def _connect_beside(self, beside: assembly.BesideWindow) -> None:
        """What only a window has. Keys and settings never visit the conversation: everybody
        watches that."""
        dispatch = self._dispatch
        dispatch.to_ollama.connect(beside.ollama.handle, AT_ONCE)
        beside.ollama.warm_up.connect(self._llm.handle, AT_ONCE)
        dispatch.to_keys.connect(beside.keys.handle, AT_ONCE)
        beside.keys.key_found.connect(self._llm.handle, AT_ONCE)
        beside.keys.kept.connect(beside.preferences.handle)
        dispatch.to_preferences.connect(beside.preferences.handle)
        dispatch.to_diagnosis.connect(beside.diagnosis.handle)
        dispatch.to_updates.connect(beside.updates.handle)
        dispatch.to_history.connect(beside.speech_export.handle)

    def _connect_timers(self) -> None:
        """Past the `llm` worker, in whose loop the keeper lives with the skills: to it, the skills
        are one more provider, and passing this on would be all it knew of timers. The keeper takes
        over from any thread itself, in the order in which questions do."""
        self._dispatch.to_timers.connect(self._tell_timers, AT_ONCE)
        self._conversation.happened.connect(self._tell_timers, AT_ONCE)
        self._conversation.to_player.connect(self._tell_timers, AT_ONCE)
        app = QCoreApplication.instance()
        if self._timers.can_ring and app is not None:
            # Before anything else of this Parley ends, and the next one may begin.
            app.aboutToQuit.connect(self._end_timers)

    # --- from the start to the end ------------------------------------------------------------

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
        self._dispatch.take(intent)

    # --- timers -------------------------------------------------------------------------------

    @Slot(object)
    def _tell_timers(self, event: Event) -> None:
        """Called in the main thread and in the conversation's, there between the questions before
        and those after it."""
        match event:
            case CancelTimer():
                self._timers.cancel_soon(event.number)
            case RestoreTimer():
                self._timers.restore_soon(event.number)
            case ConversationBegun():
                self._timers.private_from_now(event.private)
            case SoundChime():
                self._timers.announced_soon()
            case StopReply():
                self._timers.heard_soon()
            case TurnStarted() if event.source != "timer":
                self._timers.heard_soon()

    def _timers_happened(self, event: Event) -> None:
        """Called in the language models' thread, where the skills live."""
        self._llm.happened.emit(event)

    @Slot()
    def _end_timers(self) -> None:
        self._timers.end()
