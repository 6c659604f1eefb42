"""Turns for commands: the same workers as the window's, driven one turn at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer, Slot

from app.audio.files import WavInput
from app.bootstrap import Assistant
from app.commands.leaving import left_running
from app.commands.quit_signals import Interrupted, QuitSignals
from app.core.events import (
    AskText,
    EngineMissing,
    EngineReady,
    Event,
    FinishListening,
    StageFailed,
    StartListening,
    TurnEnded,
)
from app.core.ports import Stage

LONGEST_LOAD_S = 60.0
"""Engines that are not there by then are not waited for; models load in 2 to 20 s."""

LOADED_BY = {
    "listener": (Stage.VAD,),
    "stt": (Stage.STT,),
    "llm": (Stage.LLM,),
    "tts": (Stage.TTS,),
}
"""By the `StageFailed.stage` of a worker: what it loads itself."""

LOADED_BESIDE = (Stage.VAD, Stage.STT, Stage.TTS)
"""What the engines' worker loads."""


class Session(QObject):
    """Runs an `Assistant` from the main thread; blocks in an event loop while it waits.

    Use as a context manager: the threads run inside it, and Ctrl-C and SIGTERM end what waits.
    """

    def __init__(self, assistant: Assistant, watch: Callable[[Event], None]) -> None:
        """
        Args:
            watch: called in the main thread with every event of the conversation. What it
                raises ends the wait, and with it the session.
        """
        super().__init__()
        self._assistant = assistant
        self._watch = watch
        self._loop = QEventLoop()
        self._is_over: Callable[[], bool] = _never
        self._trouble: Exception | None = None
        self._signals: QuitSignals | None = None
        self._awaited = set(assistant.expected)
        """Stages whose chosen engine has not said yet whether it can serve."""
        self._served: set[Stage] = set()
        """Stages that somebody serves, or nobody ever will."""
        self._ended: TurnEnded | None = None
        assistant.happened.connect(self._on_event)

    def __enter__(self) -> Session:
        self._signals = QuitSignals(self._loop.quit)
        self._assistant.start()
        return self

    def __exit__(self, *_: object) -> None:
        if not self._assistant.stop():
            left_running(self._assistant, self)
        if self._signals:
            self._signals.let_go()

    def wait_for_engines(
        self, stages: Collection[Stage] = tuple(Stage), *, longest_s: float = LONGEST_LOAD_S
    ) -> set[Stage]:
        """Until each of these has its chosen engine, its stand-in and the reason why, or failed.

        Returns:
            The stages that were still loading after `longest_s`; a turn can begin all the same.

        Raises:
            Interrupted: Ctrl-C or SIGTERM.
        """
        self._wait(lambda: not self._loading(stages), longest_s)
        return self._loading(stages)

    def ask_text(self, text: str) -> TurnEnded:
        """
        Raises:
            Interrupted: Ctrl-C or SIGTERM.
        """
        self._ended = None
        self._assistant.ask_for(AskText(text=text))
        return self._turn_end()

    def ask_recording(self, source: WavInput) -> TurnEnded:
        """Hold the key for as long as the recording plays.

        Raises:
            Interrupted: Ctrl-C or SIGTERM.
        """
        self._ended = None
        started_at = source.start()
        self._assistant.ask_for(StartListening(at=started_at))
        left_ms = max(0.0, 1000 * (source.ends_at - time.perf_counter()))
        QTimer.singleShot(int(left_ms) + 1, self, lambda: self._release(source.ends_at))
        return self._turn_end()

    def _release(self, at: float) -> None:
        self._assistant.ask_for(FinishListening(at=at))

    def _turn_end(self) -> TurnEnded:
        self._wait(lambda: self._ended is not None)
        assert self._ended is not None
        return self._ended

    def _wait(self, is_over: Callable[[], bool], longest_s: float | None = None) -> None:
        """Let events come in until it is over, something goes wrong, or the time is."""
        timer = QTimer()
        timer.setSingleShot(True)
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(self._loop.quit)
        if longest_s is not None:
            timer.start(round(1000 * longest_s))
        self._is_over = is_over
        if not is_over() and self._trouble is None:
            self._loop.exec()
        self._is_over = _never
        if self._trouble is not None:
            raise self._trouble
        if self._signals and self._signals.caught is not None:
            raise Interrupted(self._signals.caught)

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        self._note(event)
        if self._trouble is None:
            try:
                self._watch(event)
            except Exception as exc:  # noqa: BLE001 - lost in a slot; `_wait` raises it again
                self._trouble = exc
        if self._trouble is not None or self._is_over():
            self._loop.quit()

    def _note(self, event: Event) -> None:
        match event:
            case EngineReady():
                self._served.add(event.engine.stage)
                if not event.engine.stand_in:
                    self._awaited.discard(event.engine.stage)
            case EngineMissing():
                self._awaited.discard(event.engine.stage)
            case StageFailed(turn_id=0, stage="engines", recovered_by=""):
                # It does not say which one: no news of the others may ever come.
                self._awaited.difference_update(LOADED_BESIDE)
            case StageFailed(turn_id=0, recovered_by=""):
                self._served.update(LOADED_BY.get(event.stage, ()))
            case TurnEnded():
                self._ended = event

    def _loading(self, stages: Collection[Stage]) -> set[Stage]:
        """Those of the stages of which more is to be heard."""
        return {stage for stage in stages if stage in self._awaited or stage not in self._served}


def _never() -> bool:
    return False
