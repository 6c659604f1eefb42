"""Turns for commands: the same workers as the window's, driven one turn at a time."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEventLoop, QObject, QTimer, Slot

from app.audio.files import WavInput
from app.bootstrap import Assistant
from app.core.events import (
    AskText,
    EngineMissing,
    EngineReady,
    Event,
    FinishListening,
    StartListening,
    TurnEnded,
)
from app.core.ports import Stage


class Session(QObject):
    """Runs an `Assistant` from the main thread; blocks in an event loop while it waits.

    Use as a context manager: the threads run inside it.
    """

    def __init__(self, assistant: Assistant, watch: Callable[[Event], None]) -> None:
        """
        Args:
            watch: called in the main thread with every event of the conversation.
        """
        super().__init__()
        self._assistant = assistant
        self._watch = watch
        self._awaited: Callable[[Event], bool] | None = None
        self._found: list[Event] = []
        self._loop = QEventLoop()
        self._serving: set[Stage] = set()
        self._unsettled = set(assistant.expected)
        self.stopped_in_time = True
        assistant.happened.connect(self._on_event)

    def __enter__(self) -> Session:
        self._assistant.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped_in_time = self._assistant.stop()

    def wait_for_engines(self) -> None:
        """Until each stage has its chosen engine, or its stand-in and the reason why."""
        if not self._settled():
            self._wait(lambda _: self._settled())

    def ask_text(self, text: str) -> TurnEnded:
        self._assistant.ask_for(AskText(text=text))
        return self._turn_end()

    def ask_recording(self, source: WavInput) -> TurnEnded:
        """Hold the key for as long as the recording plays."""
        started_at = source.start()
        self._assistant.ask_for(StartListening(at=started_at))
        left_ms = max(0.0, 1000 * (source.ends_at - time.perf_counter()))
        QTimer.singleShot(int(left_ms) + 1, self, lambda: self._release(source.ends_at))
        return self._turn_end()

    def _release(self, at: float) -> None:
        self._assistant.ask_for(FinishListening(at=at))

    def _turn_end(self) -> TurnEnded:
        ended = self._wait(lambda event: isinstance(event, TurnEnded))
        assert isinstance(ended, TurnEnded)
        return ended

    def _wait(self, awaited: Callable[[Event], bool]) -> Event:
        self._found.clear()
        self._awaited = awaited
        self._loop.exec()
        self._awaited = None
        return self._found[0]

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        match event:
            case EngineReady():
                self._serving.add(event.engine.stage)
                if not event.engine.stand_in:
                    self._unsettled.discard(event.engine.stage)
            case EngineMissing():
                self._unsettled.discard(event.engine.stage)
        self._watch(event)
        if self._awaited and not self._found and self._awaited(event):
            self._found.append(event)
            self._loop.quit()

    def _settled(self) -> bool:
        return not self._unsettled and self._serving == set(Stage)
