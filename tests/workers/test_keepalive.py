"""The keepalive as a thread, and through eight idle hours of a real server's model."""

from __future__ import annotations

import threading
import time

import pytest
from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal

from app.core.events import (
    EngineMissing,
    EngineReady,
    GenerateReply,
    ModelDisplaced,
    ModelWarmed,
    Notice,
    ReplyEnded,
    UseKeepalive,
    WarmUp,
)
from app.core.keepalive import KeepaliveRhythm
from app.core.ports import Message
from app.core.turn import Turn
from app.providers.llm.ollama import OllamaLlm
from app.settings import KeepaliveSettings, OllamaSettings
from app.workers.keepalive import KeepaliveWorker
from app.workers.llm import LlmWorker
from app.workers.relay import Model
from tests.fakes import FakeLlm
from tests.support.ollama_server import OllamaServer
from tests.workers.conftest import Recorder

HOUR_S = 3600.0


def start(stage, qtbot, clock=None, **settings) -> Recorder:
    options = {"clock": clock} if clock else {}
    worker = KeepaliveWorker(KeepaliveSettings(**settings), **options)
    recorder = Recorder(qtbot)
    worker.warm_up.connect(recorder.take)
    stage.start(worker)
    return recorder


def test_it_asks_for_warmth_again_and_again(stage, qtbot):
    recorder = start(stage, qtbot, interval_s=0.5)
    recorder.wait_for(WarmUp, 2)
    assert recorder.all(WarmUp)[0].reason == "keepalive"


def test_it_is_quiet_when_turned_off(stage, qtbot):
    recorder = start(stage, qtbot, interval_s=0.5, enabled=False)
    qtbot.wait(700)
    assert not recorder.all(WarmUp)


def test_another_interval_acts_at_once_and_it_can_be_turned_off_and_on(stage, qtbot, sender):
    worker = KeepaliveWorker(KeepaliveSettings(interval_s=300.0))
    recorder = Recorder(qtbot)
    worker.warm_up.connect(recorder.take)
    sender.send.connect(worker.handle)
    stage.start(worker)
    sender.send.emit(UseKeepalive(enabled=True, interval_s=0.5))
    recorder.wait_for(WarmUp, 2)
    sender.send.emit(UseKeepalive(enabled=False, interval_s=0.5))
    qtbot.wait(100)
    looks = len(recorder.events)
    qtbot.wait(800)
    assert len(recorder.events) == looks
    sender.send.emit(UseKeepalive(enabled=True, interval_s=0.5))
    recorder.wait_for(WarmUp, looks + 1)


def test_after_the_computer_slept_it_looks_at_once(stage, qtbot):
    times = iter([0.0, 0.5, *(8 * HOUR_S + 0.5 * n for n in range(1000))])
    recorder = start(stage, qtbot, clock=lambda: next(times), interval_s=0.5)
    recorder.wait_for(WarmUp, 3)
    assert [event.reason for event in recorder.all(WarmUp)][:3] == [
        "keepalive",
        "wake",
        "keepalive",
    ]


# --- eight idle hours ---------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Sender(QObject):
    send = Signal(object)


class Idle:
    """A language-model thread on a real socket, and a keepalive whose hours pass at once."""

    def __init__(self, stage, server: OllamaServer, clock: Clock, **ollama) -> None:
        self.recorder = stage.recorder
        self.clock = clock
        self.rhythm = KeepaliveRhythm(KeepaliveSettings().interval_s, clock.now)
        model = OllamaLlm(OllamaSettings(host=server.url, **ollama))
        self.server = server
        self.model = Model(model, "Ollama")
        self.worker = LlmWorker([self.model], FakeLlm(stand_in=True), certain=None)
        self.sender = Sender()
        self.sender.send.connect(self.worker.handle, Qt.ConnectionType.DirectConnection)
        stage.start(self.worker)

    def warm_up(self, reason: str) -> None:
        """To its end."""
        deadline = time.monotonic() + 10.0
        while self.model.replying:  # beside a reply nobody looks
            assert time.monotonic() < deadline
            time.sleep(0.0005)
        before = self._looks()
        self.sender.send.emit(WarmUp(reason=reason))
        # qtbot would sleep 10 ms each time, and there are 960
        while self._looks() == before or self.worker._warming:
            QCoreApplication.processEvents()
            assert time.monotonic() < deadline
            time.sleep(0.0005)
        told = threading.Event()  # behind all that the look has to tell

        async def tell() -> None:
            told.set()

        self.worker._hand_over(tell())
        assert told.wait(5.0)
        QCoreApplication.processEvents()

    def pass_hours(self, hours: float, reason: str = "") -> int:
        """How often was looked in that time; `reason` instead of the rhythm's own."""
        looks, end = 0, self.clock.now + hours * HOUR_S
        while self.clock.now < end:
            self.clock.now += self.rhythm.beat_s
            if wanted := self.rhythm.beat(self.clock.now):
                self.warm_up(reason or wanted)
                looks += 1
        return looks

    def ask(self, turn_id: int, *messages: Message) -> None:
        turn = Turn(turn_id, "voice")
        request = GenerateReply(turn_id=turn_id, turn=turn, messages=messages, language="en")
        self.sender.send.emit(request)

    def _looks(self) -> int:
        return sum(r.path == "/api/ps" and r.finished for r in list(self.server.requests))


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_eight_idle_hours_cost_no_reload_and_no_generation(stage, clock):
    with OllamaServer(clock=clock) as server:
        idle = Idle(stage, server, clock)
        stage.recorder.wait_for(ModelWarmed)
        prompt = (Message("system", "Be brief."), Message("user", "Where is Paris?"))
        idle.ask(1, *prompt)
        server.wait_until(lambda: bool(server.chats) and server.chats[0].finished)
        cached = server._loaded.cached
        asked = len(server.requests)
        assert idle.pass_hours(8) == 8 * HOUR_S / KeepaliveSettings().interval_s
        assert {request.path for request in server.requests[asked:]} == {"/api/ps"}
        assert server.loads == 1
        assert server._loaded.cached == cached, "the conversation's prompt is still cached"
        idle.warm_up("key")
        assert stage.recorder.all(ModelWarmed)[-1].was_warm
        assert server.loads == 1


@pytest.mark.parametrize(
    ("other", "num_ctx"), [("phi3:mini", 8192), ("phi3:mini", 2048), ("llama3.2:3b", 4096)]
)
def test_no_idle_look_fights_with_another_program_over_the_memory(stage, clock, other, num_ctx):
    with OllamaServer(clock=clock) as server:
        idle = Idle(stage, server, clock)
        stage.recorder.wait_for(ModelWarmed)
        idle.pass_hours(0.1)
        for _ in range(6):
            server.other_program(other, num_ctx=num_ctx)
            assert idle.pass_hours(0.5) > 0
            assert idle.pass_hours(1 / 60, reason="wake") > 0
        assert server.loads == 2, "ours at the start, the other program's first"
        (left,) = stage.recorder.all(ModelDisplaced)
        assert other in left.why
        assert [notice.title for notice in stage.recorder.all(Notice)] == [left.why]
        assert "next question" in stage.recorder.all(Notice)[0].hint

        idle.warm_up("key")
        assert server.loads == 3, "somebody is about to ask"
        assert not stage.recorder.all(ModelWarmed)[-1].was_warm
        idle.pass_hours(0.1)
        assert server.loads == 3

        server.other_program(other, num_ctx=num_ctx)
        idle.pass_hours(0.1)
        stage.recorder.wait_for(ModelDisplaced, 2)


def test_a_question_puts_the_memory_right_by_itself(stage, clock):
    with OllamaServer(clock=clock) as server:
        idle = Idle(stage, server, clock)
        stage.recorder.wait_for(ModelWarmed)
        server.other_program(num_ctx=8192)
        idle.pass_hours(0.1)
        idle.ask(1, Message("user", "hello"))
        stage.recorder.wait_for(ReplyEnded)
        assert server.loads == 3
        idle.pass_hours(0.1)
        assert server.loads == 3


def test_when_the_other_programs_model_has_expired_ours_is_loaded_again(stage, clock):
    with OllamaServer(clock=clock) as server:
        idle = Idle(stage, server, clock)
        stage.recorder.wait_for(ModelWarmed)
        server.other_program("llama3.2:3b")
        idle.pass_hours(0.1)
        assert server.loads == 2
        server.unload()
        idle.pass_hours(0.1)
        assert (server.loads, server.loaded) == (3, "phi3:mini")


def test_a_model_that_somebody_unloaded_is_loaded_again_once(stage, clock):
    with OllamaServer(clock=clock) as server:
        idle = Idle(stage, server, clock)
        stage.recorder.wait_for(ModelWarmed)
        idle.pass_hours(0.1)
        server.unload()
        idle.pass_hours(0.1)
        assert server.loads == 2
        cold = [event for event in stage.recorder.all(ModelWarmed) if not event.was_warm]
        assert [event.reason for event in cold] == ["start", "keepalive"]
        assert cold[-1].engine.name == "ollama"
        assert cold[-1].load_ms > 0


def test_after_a_restart_of_the_server_it_heals_itself(stage, clock, qtbot):
    server = OllamaServer(clock=clock)
    server.start()
    try:
        idle = Idle(stage, server, clock)
        stage.recorder.wait_for(EngineReady, 2)
        server.stop()
        idle.sender.send.emit(WarmUp(reason="keepalive"))
        assert stage.recorder.wait_for(EngineMissing).title == "Ollama is not running."
        server.start()
        idle.warm_up("keepalive")
        assert stage.recorder.all(EngineReady)[-1].engine.name == "ollama"
        assert server.loads == 2
        idle.ask(1, Message("user", "hello"))
        assert server.wait_until(lambda: bool(server.chats))
    finally:
        server.stop()


def test_a_question_during_a_load_neither_waits_for_the_check_nor_aborts_it(stage, clock, qtbot):
    with OllamaServer(clock=clock, load_s=0.5) as server:
        idle = Idle(stage, server, clock)
        server.wait_until(lambda: any(r.path == "/api/generate" for r in server.requests))
        idle.ask(1, Message("user", "hello"))
        assert server.wait_until(lambda: bool(server.chats), timeout_s=0.4), "it is sent at once"
        stage.recorder.wait_for(ModelWarmed)
        assert server.aborted_loads == 0
