from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QThread

from app.core.conversation import Conversation
from app.core.events import AskText, Event, StageFailed
from app.core.prompt import Prompt
from app.core.turn import Cancelled
from app.errors import ProviderBroke
from app.workers.conversation import ConversationWorker
from app.workers.worker import Worker
from tests.workers.conftest import Sender, Stage


class Probe(Worker):
    stage = "probe"

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.error = error
        self.threads: list[bool] = []

    def on_begin(self) -> None:
        self._note()

    def on_end(self) -> None:
        self._note()

    def on(self, event: Event) -> None:
        self._note()
        if self.error:
            raise self.error
        self.happened.emit(event)

    def _note(self) -> None:
        self.threads.append(self.thread() is QThread.currentThread())


def test_all_of_a_worker_runs_in_its_own_thread(qtbot):
    stage, worker, sender = Stage(qtbot), Probe(), Sender()
    sender.send.connect(worker.handle)
    stage.start(worker)
    sender.send.emit(AskText(text="hello"))
    stage.recorder.wait_for(AskText)
    assert stage.threads.stop()
    assert worker.threads == [True, True, True]


def test_the_conversation_is_handled_in_its_own_thread(stage):
    seen = []

    class Watched(Conversation):
        def handle(self, event):
            seen.append(threading.current_thread().name)
            return super().handle(event)

    worker = ConversationWorker(Watched(prompt=Prompt(), wall_clock=lambda: 0.0))
    sender = Sender()
    sender.send.connect(worker.handle)
    stage.start(worker)
    sender.send.emit(AskText(text="hello"))
    stage.recorder.wait_for(AskText)
    assert seen == ["conversation"]


@pytest.mark.parametrize(
    ("error", "title"),
    [
        (ProviderBroke("Ollama stopped.", "Ask again."), "Ollama stopped."),
        (KeyError("a bug"), "Something inside Parley went wrong."),
    ],
)
def test_an_error_is_told_and_the_thread_lives_on(stage, caplog, error, title):
    worker, sender = Probe(error), Sender()
    sender.send.connect(worker.handle)
    stage.start(worker)
    sender.send.emit(AskText(turn_id=3, text="hello"))
    failed = stage.recorder.wait_for(StageFailed)
    assert (failed.turn_id, failed.stage, failed.title) == (3, "probe", title)
    assert "Traceback" in caplog.text
    sender.send.emit(AskText(turn_id=4, text="again"))
    stage.recorder.wait_for(StageFailed, 2)


def test_a_cancelled_turn_is_no_error(stage, qtbot):
    worker, sender = Probe(Cancelled("stop")), Sender()
    sender.send.connect(worker.handle)
    stage.start(worker)
    sender.send.emit(AskText(text="hello"))
    qtbot.waitUntil(lambda: len(worker.threads) == 2)
    qtbot.wait(20)
    assert not stage.recorder.all(StageFailed)
