"""Moving Ollama's model to the GPU: a real server, a real worker, and what is said of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.core.diagnosis_events import ModelPlaced, MoveToGpu, Placing, RunChecks
from app.core.events import OllamaChanged, WarmUp
from app.core.ports import Warmth
from app.providers.llm.ollama import OllamaLlm
from app.providers.llm.ollama_models import OllamaModels
from app.providers.llm.ollama_program import OllamaProgram
from app.settings import OllamaSettings
from app.workers.ollama import OllamaWorker, Pace
from app.workers.placing import MOVED
from tests.support.fake_ollama import PlacingOllama
from tests.support.ollama_server import LOADED_BYTES
from tests.workers.conftest import Stage

CARD = "NVIDIA GeForce RTX 4090"


class Desk:
    """A server whose GPU was full when the model was loaded, and who looks after it."""

    def __init__(self, stage: Stage, qtbot: QtBot, server: PlacingOllama, tmp_path: Path) -> None:
        self.server = server
        self.recorder = stage.recorder
        self._qtbot = qtbot
        self.settings = OllamaSettings(host=server.url, num_ctx=2048, num_thread=3)
        self.warm_ups: list[WarmUp] = []
        self.free: Callable[[], int | None] = lambda: server.room
        self.worker = OllamaWorker(
            self.settings,
            OllamaModels(self.settings),
            OllamaProgram(self.settings, {"PATH": ""}, tmp_path / "log", home=tmp_path),
            lambda: (CARD,),
            Pace(look_s=0.1),
            free_gpu_bytes=lambda: self.free(),
        )
        self.worker.warm_up.connect(self.warm_ups.append)
        server.room = 0
        server.other_program(num_ctx=2048, num_thread=3)
        stage.start(self.worker)
        self.wait_for_share(0.0)

    def wait_for_share(self, share: float) -> OllamaChanged:
        def is_so() -> bool:
            told = self.recorder.all(OllamaChanged)
            return bool(told) and told[-1].gpu_share == share

        self._qtbot.waitUntil(is_so, timeout=5000)
        return self.recorder.all(OllamaChanged)[-1]

    def move(self) -> ModelPlaced:
        """Click, and what came of it."""
        self.worker.handle(MoveToGpu())
        begun, ended = (self.recorder.wait_for(ModelPlaced, count) for count in (1, 2))
        assert begun.placing == Placing.UNDER_WAY
        assert begun.title == "phi3:mini is being loaded again."
        return ended


@pytest.fixture
def desk(stage: Stage, qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    with PlacingOllama() as server:
        yield Desk(stage, qtbot, server, tmp_path)


def test_a_model_that_fits_by_now_is_moved_and_found_there(desk: Desk) -> None:
    assert desk.wait_for_share(0.0).gpu == CARD
    desk.server.room = LOADED_BYTES
    ended = desk.move()
    assert (ended.placing, ended.title, ended.hint) == (
        Placing.ON_GPU,
        "It runs on the GPU now.",
        "",
    )
    assert desk.server.loads == 2
    # who shows both has the server's word before the sentence
    before = desk.recorder.events[: desk.recorder.events.index(ended)]
    last = [event for event in before if isinstance(event, OllamaChanged)][-1]
    assert (last.gpu_share, last.gpu) == (1.0, "")
    assert [each.reason for each in desk.warm_ups] == [MOVED]


def test_it_is_loaded_with_the_options_of_every_question(desk: Desk, qtbot: QtBot) -> None:
    desk.server.room = LOADED_BYTES
    desk.move()
    unload, load = [
        request.body
        for request in desk.server.requests
        if request.path == "/api/generate" and request.body["model"] == "phi3:mini"
    ][-2:]
    assert unload["keep_alive"] == 0
    assert not unload.get("options")
    ours = OllamaLlm(desk.settings)._request()
    assert load["options"] == ours["options"]
    assert load["keep_alive"] == ours["keep_alive"] == -1


def test_a_model_that_does_not_fit_is_said_with_both_numbers(desk: Desk) -> None:
    desk.server.room = 800_000_000
    ended = desk.move()
    assert ended.placing == Placing.NO_ROOM
    assert ended.title == "It does not fit: 2.0 GB model, 800 MB free."
    assert ended.hint.startswith("Choose a smaller model")
    assert desk.wait_for_share(0.4).gpu == CARD


def test_room_that_is_not_used_is_no_question_of_size(desk: Desk) -> None:
    desk.free = lambda: 24_000_000_000
    ended = desk.move()
    assert ended.placing == Placing.NOT_USED
    assert "does not use the GPU" in ended.title
    assert "Restart Ollama" in ended.hint


def test_where_nobody_counts_the_memory_the_share_is_said(desk: Desk) -> None:
    desk.free = lambda: None
    desk.server.room = LOADED_BYTES // 4
    assert desk.move().title == "Only 25% of it fits on the GPU."


def test_a_server_that_ends_meanwhile_is_named(desk: Desk) -> None:
    desk.server.stop()
    ended = desk.move()
    assert ended.placing == Placing.FAILED
    assert ended.title == "Ollama is not running."
    assert ended.hint


def test_beside_the_language_models_thread_it_is_loaded_once(desk: Desk, qtbot: QtBot) -> None:
    """It is told when the model leaves memory, and wants it back just then."""
    desk.server.room = LOADED_BYTES
    desk.server.load_s = 0.3
    llm = OllamaLlm(desk.settings)
    warmths: list[Warmth] = []

    def warm_up() -> None:
        async def look() -> Warmth:
            try:
                return await llm.look()
            finally:
                await llm.close()

        warmths.append(asyncio.run(look()))

    thread = threading.Thread(target=warm_up)
    desk.worker.warm_up.connect(lambda _: thread.start(), Qt.ConnectionType.DirectConnection)
    assert desk.move().placing == Placing.ON_GPU
    thread.join(5.0)
    assert [warmth.was_warm for warmth in warmths] == [False], "what it had read is gone"
    assert desk.server.loads == 2


def test_a_look_that_is_asked_for_is_not_waited_for(
    stage: Stage, qtbot: QtBot, tmp_path: Path
) -> None:
    with PlacingOllama() as server:
        settings = OllamaSettings(host=server.url)
        program = OllamaProgram(settings, {"PATH": ""}, tmp_path / "log", home=tmp_path)
        models = OllamaModels(settings)
        worker = OllamaWorker(settings, models, program, lambda: (), Pace(look_s=600.0))
        stage.start(worker)
        stage.recorder.wait_for(OllamaChanged)
        server.models.append("qwen2.5:1.5b")
        worker.handle(RunChecks())
        told = stage.recorder.wait_for(OllamaChanged, 2)
    assert "qwen2.5:1.5b" in told.models


def test_clicks_in_a_row_are_one_move(desk: Desk, qtbot: QtBot) -> None:
    desk.server.room = LOADED_BYTES
    may_go_on = threading.Event()

    def look() -> int:
        may_go_on.wait(5.0)
        return LOADED_BYTES

    desk.free = look
    desk.worker.handle(MoveToGpu())
    desk.recorder.wait_for(ModelPlaced)
    desk.worker.handle(MoveToGpu())
    may_go_on.set()
    assert desk.recorder.wait_for(ModelPlaced, 2).placing == Placing.ON_GPU
    desk.wait_for_share(1.0)
    assert len(desk.recorder.all(ModelPlaced)) == 2
    assert desk.server.loads == 2
