"""A worker in its own thread, and everything it emits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import pytest
from PySide6.QtCore import QObject, Signal, Slot
from pytestqt.qtbot import QtBot

from app.core.events import Event
from app.workers.threads import Threads
from app.workers.worker import Worker

E = TypeVar("E", bound=Event)


class Recorder(QObject):
    """Takes events in the main thread, in order."""

    def __init__(self, qtbot: QtBot) -> None:
        super().__init__()
        self.events: list[Event] = []
        self._qtbot = qtbot

    @Slot(object)
    def take(self, event: Event) -> None:
        self.events.append(event)

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def wait_for(self, kind: type[E], count: int = 1, timeout_ms: int = 5000) -> E:
        self._qtbot.waitUntil(lambda: len(self.all(kind)) >= count, timeout=timeout_ms)
        return self.all(kind)[count - 1]


class Stage:
    """Starts workers and stops them."""

    def __init__(self, qtbot: QtBot) -> None:
        self.threads = Threads()
        self.recorder = Recorder(qtbot)

    def start(self, worker: Worker) -> None:
        worker.happened.connect(self.recorder.take)
        self.threads.add(worker)
        self.threads.start()


class Sender(QObject):
    """Sends commands as another worker does: through a signal, queued."""

    send = Signal(object)


@pytest.fixture
def sender() -> Sender:
    return Sender()


@pytest.fixture
def speech(qtbot: QtBot) -> Recorder:
    """Takes what a worker hands straight to the next one."""
    return Recorder(qtbot)


@pytest.fixture
def stage(qtbot: QtBot) -> Iterator[Stage]:
    stage = Stage(qtbot)
    yield stage
    assert stage.threads.stop()
