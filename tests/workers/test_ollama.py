"""The supervisor of Ollama: real processes, real sockets, a fake program to install."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject, Slot
from pytestqt.qtbot import QtBot

from app.core.events import (
    CancelFetch,
    DeleteModel,
    EngineMissing,
    FetchEnded,
    FetchModel,
    FetchProgressed,
    LocalOnlyChanged,
    Notice,
    OllamaChanged,
    StageFailed,
    StartOllama,
    UseModels,
    WarmUp,
)
from app.core.model_events import UseOllamaModel
from app.core.ollama import OllamaState
from app.core.ports import Stage as TurnStage
from app.providers.llm.ollama import OllamaLlm
from app.providers.llm.ollama_models import OllamaModels
from app.providers.llm.ollama_program import OllamaProgram
from app.settings import OllamaSettings
from app.workers.ollama import OllamaWorker, Pace
from app.workers.pulls import PullPace
from tests.support.fake_ollama import FakeOllama, free_port
from tests.support.ollama_server import OllamaProcess, OllamaServer
from tests.workers.conftest import Stage

FAST = Pace(
    look_s=0.2,
    look_stopped_s=0.1,
    look_starting_s=0.05,
    back_off_s=(0.1, 0.1),
    others_s=0.3,
    watch_s=0.05,
    silent_s=0.1,
)


class WarmUps(QObject):
    """Takes the wishes for warmth in the main thread."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[WarmUp] = []

    @Slot(object)
    def take(self, command: WarmUp) -> None:
        self.taken.append(command)


class Supervised:
    """A worker, the fake program it may find, and what it said."""

    def __init__(self, stage: Stage, qtbot: QtBot, folder: Path) -> None:
        self._stage = stage
        self._qtbot = qtbot
        self._folder = folder
        self.fake = FakeOllama(folder / "bin")
        self.url = f"http://127.0.0.1:{free_port()}"
        self.warm_ups = WarmUps()
        self.gpus: tuple[str, ...] = ()
        self.recorder = stage.recorder

    def start(
        self,
        pace: Pace = FAST,
        *,
        wanted: bool = True,
        free_bytes: int | None = None,
        pull_pace: PullPace | None = None,
        **options: Any,
    ) -> OllamaWorker:
        settings = OllamaSettings(host=options.pop("host", self.url), **options)
        environ = {**os.environ, "PATH": f"{self.fake.folder}{os.pathsep}/usr/bin"}
        program = OllamaProgram(settings, environ, self._folder / "ollama.log", home=self._folder)
        if not self.fake.path.exists() and program.path is not None:
            pytest.skip("Ollama is installed in a usual place here")
        models = OllamaModels(settings)
        worker = OllamaWorker(
            settings,
            models,
            program,
            lambda: self.gpus,
            pace,
            wanted=wanted,
            free_bytes=lambda: free_bytes,
            pull_pace=pull_pace,
        )
        worker.warm_up.connect(self.warm_ups.take)
        self._stage.start(worker)
        self.worker = worker
        return worker

    @property
    def now(self) -> OllamaChanged | None:
        told = self.recorder.all(OllamaChanged)
        return told[-1] if told else None

    def wait_for(self, timeout_ms: int = 8000, **fields: Any) -> OllamaChanged:
        """Until what is known of Ollama is this."""

        def is_so() -> bool:
            return self.now is not None and all(
                getattr(self.now, name) == value for name, value in fields.items()
            )

        self._qtbot.waitUntil(is_so, timeout=timeout_ms)
        assert self.now is not None
        return self.now

    def wait_until(self, condition: Any, timeout_ms: int = 8000) -> None:
        self._qtbot.waitUntil(lambda: bool(condition()), timeout=timeout_ms)


@pytest.fixture
def supervised(stage: Stage, qtbot: QtBot, tmp_path: Path) -> Supervised:
    return Supervised(stage, qtbot, tmp_path)


@pytest.fixture
def running(supervised: Supervised) -> Iterator[OllamaServer]:
    """A server that is there already."""
    with OllamaServer(models=[], pull_piece_s=0.02) as server:
        supervised.url = server.url
        yield server


# --- starting and ending --------------------------------------------------------------------


def test_an_installed_one_is_started_unasked_and_used_at_once(
    supervised: Supervised, stage: Stage
) -> None:
    supervised.fake.install()
    supervised.start()
    supervised.wait_for(starting=True, found=True, running=False)
    now = supervised.wait_for(running=True, started_by_us=True)
    assert now.pulled
    assert now.models == ("phi3:mini",)
    supervised.wait_until(lambda: supervised.warm_ups.taken)
    assert stage.threads.stop()
    assert not supervised.fake.alive
    assert len(supervised.fake.starts) == 1


def test_one_that_runs_already_is_used_and_left_alone(
    supervised: Supervised, running: OllamaServer, stage: Stage
) -> None:
    supervised.fake.install()
    running.models.append("phi3:mini")
    supervised.start()
    now = supervised.wait_for(running=True)
    assert not now.started_by_us
    assert stage.threads.stop()
    assert not supervised.fake.starts
    assert running.wait_until(lambda: running.connections_made > 0)
    running.stop()  # it still ran


def test_one_that_is_not_installed_is_explained_once(supervised: Supervised, qtbot: QtBot) -> None:
    supervised.start()
    missing = supervised.recorder.wait_for(EngineMissing)
    assert missing.title == "Ollama is not installed."
    assert "ollama.com/download" in missing.hint
    qtbot.wait(400)
    assert len(supervised.recorder.all(EngineMissing)) == 1
    # ... and noticed when it comes
    supervised.fake.install()
    supervised.wait_for(running=True, started_by_us=True)


def test_starting_can_be_forbidden_and_asked_for(supervised: Supervised, qtbot: QtBot) -> None:
    supervised.fake.install()
    supervised.start(start=False)
    supervised.wait_for(found=True, running=False, starting=False)
    qtbot.wait(300)
    assert not supervised.fake.starts
    supervised.worker.handle(StartOllama())
    supervised.wait_for(running=True, started_by_us=True)


def test_a_server_elsewhere_is_nobodys_to_start(supervised: Supervised, qtbot: QtBot) -> None:
    supervised.fake.install()
    supervised.start(host="http://host.invalid:1")
    supervised.wait_for(running=False, local=False, starting=False)
    qtbot.wait(200)
    assert not supervised.fake.starts


def test_under_local_only_a_server_elsewhere_is_not_even_looked_at(
    stage: Stage, qtbot: QtBot
) -> None:
    class Elsewhere(OllamaModels):
        looks = 0

        @property
        def local(self) -> bool:
            return False

        async def describe(self) -> OllamaState:
            self.looks += 1
            return OllamaState(running=False)

    options = OllamaSettings(host="http://host.invalid:1")
    models = Elsewhere(options)
    program = OllamaProgram(options, {"PATH": ""}, Path("/dev/null"))
    worker = OllamaWorker(options, models, program, lambda: (), FAST)
    stage.start(worker)
    qtbot.waitUntil(lambda: models.looks > 2)
    worker.on(LocalOnlyChanged(on=True))
    qtbot.wait(100)
    looks = models.looks
    qtbot.wait(300)
    assert models.looks == looks
    worker.on(LocalOnlyChanged(on=False))
    qtbot.waitUntil(lambda: models.looks > looks)


def test_under_local_only_a_server_elsewhere_keeps_its_models_and_the_user_is_told(
    stage: Stage, qtbot: QtBot
) -> None:
    options = OllamaSettings(host="http://host.invalid:1")
    program = OllamaProgram(options, {"PATH": ""}, Path("/dev/null"))
    models = OllamaModels(options)
    worker = OllamaWorker(options, models, program, lambda: (), FAST, local_only=True)
    stage.start(worker)
    worker.handle(DeleteModel(model="phi3:mini"))
    notice = stage.recorder.wait_for(Notice)
    assert "phi3:mini was not deleted" in notice.title
    assert "Stay on this computer" in notice.title
    assert notice.hint


def order(*names: str) -> UseModels:
    return UseModels(
        order=names, skills_first=True, reply_tokens=96, patience_s=20.0, deadlines_s={}
    )


def test_out_of_the_order_it_is_neither_started_nor_asked_until_it_is_wanted(
    supervised: Supervised, running: OllamaServer, qtbot: QtBot
) -> None:
    supervised.fake.install()
    supervised.start(wanted=False)
    supervised.wait_for(wanted=False, found=True, running=False)
    qtbot.wait(300)
    assert not supervised.fake.starts
    assert not running.requests
    running.models.append("phi3:mini")
    supervised.worker.handle(order("groq", "ollama"))
    supervised.wait_for(running=True, wanted=True)
    supervised.wait_until(lambda: supervised.warm_ups.taken)
    supervised.worker.handle(order("groq"))
    supervised.wait_for(wanted=False)
    asked = len(running.requests)
    qtbot.wait(500)
    assert len(running.requests) <= asked + 1, "one look may have been under way"


def test_put_into_the_order_it_is_started_and_taken_out_it_goes_on(
    supervised: Supervised, qtbot: QtBot
) -> None:
    supervised.fake.install()
    supervised.start(wanted=False)
    supervised.wait_for(wanted=False)
    supervised.worker.handle(order("ollama"))
    supervised.wait_for(running=True, started_by_us=True)
    supervised.worker.handle(order())
    supervised.wait_for(wanted=False)
    qtbot.wait(200)
    assert supervised.fake.alive


# --- when it stops --------------------------------------------------------------------------


def test_a_killed_one_is_started_again(supervised: Supervised) -> None:
    supervised.fake.install()
    supervised.start()
    supervised.wait_for(running=True)
    supervised.fake.kill()
    supervised.wait_for(running=False, starting=True)
    supervised.wait_for(running=True, started_by_us=True)
    assert len(supervised.fake.starts) == 2
    supervised.wait_until(lambda: len(supervised.warm_ups.taken) == 2)
    assert not supervised.recorder.all(Notice)


def test_one_that_keeps_failing_is_given_up_and_told(supervised: Supervised, qtbot: QtBot) -> None:
    supervised.fake.install(fails=True)
    supervised.start()
    notice = supervised.recorder.wait_for(Notice, timeout_ms=10_000)
    assert notice.title == "Ollama keeps stopping."
    assert "ollama.log" in notice.hint
    supervised.wait_for(running=False, starting=False)
    qtbot.wait(300)
    assert len(supervised.fake.starts) == 3  # the first, and one after each wait
    # the user may have repaired it
    supervised.fake.install()
    supervised.worker.handle(StartOllama())
    supervised.wait_for(running=True, started_by_us=True)


def test_one_that_answers_nothing_is_started_anew(
    supervised: Supervised, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.providers.llm.ollama_connection.CHECK_TIMEOUT_S", 0.2)
    supervised.fake.install(hangs=True)
    supervised.start()
    supervised.wait_until(lambda: supervised.fake.starts)
    supervised.fake.install()
    supervised.wait_for(running=True, started_by_us=True)
    assert len(supervised.fake.starts) >= 2


def test_somebody_elses_server_may_come_back_by_itself(supervised: Supervised) -> None:
    supervised.fake.install()
    with OllamaProcess() as process:
        supervised.url = process.url
        supervised.start(replace(FAST, others_s=3.0))
        supervised.wait_for(running=True, started_by_us=False)
        process.kill()
        supervised.wait_for(running=False)
        process.start()
        supervised.wait_for(running=True, started_by_us=False)
        supervised.wait_until(lambda: supervised.warm_ups.taken)
    assert not supervised.fake.starts


def test_when_it_does_not_come_back_ours_takes_over(supervised: Supervised) -> None:
    supervised.fake.install()
    with OllamaProcess() as process:
        supervised.url = process.url
        supervised.start()
        supervised.wait_for(running=True, started_by_us=False)
    supervised.wait_for(running=True, started_by_us=True)


# --- models ---------------------------------------------------------------------------------


def test_a_missing_model_is_fetched_with_progress_and_used_at_once(
    supervised: Supervised, running: OllamaServer
) -> None:
    supervised.start()
    supervised.wait_for(running=True, pulled=False)
    supervised.worker.handle(FetchModel(stage=TurnStage.LLM))
    ended = supervised.recorder.wait_for(FetchEnded)
    assert ended.complete
    steps = supervised.recorder.all(FetchProgressed)
    assert any(0 < step.done_bytes < step.total_bytes for step in steps)
    assert len(steps) < 15  # a few times a second, not with every piece
    supervised.wait_for(pulled=True)
    supervised.wait_until(lambda: supervised.warm_ups.taken)
    (warm_up,) = supervised.warm_ups.taken
    assert warm_up.reason


def test_a_download_is_cancelled_within_a_second_and_goes_on(
    supervised: Supervised, running: OllamaServer
) -> None:
    running.pull_piece_s = 0.1
    supervised.start()
    supervised.wait_for(running=True)
    fetch = FetchModel(stage=TurnStage.LLM)
    supervised.worker.handle(fetch)
    supervised.worker.handle(fetch)  # a second click changes nothing
    supervised.wait_until(
        lambda: any(step.done_bytes for step in supervised.recorder.all(FetchProgressed))
    )
    asked_at = time.perf_counter()
    supervised.worker.handle(CancelFetch(stage=TurnStage.LLM))
    ended = supervised.recorder.wait_for(FetchEnded)
    assert not ended.complete
    assert ended.at - asked_at < 1
    assert not supervised.recorder.all(StageFailed)
    pulls = [request for request in running.requests if request.path == "/api/pull"]
    assert len(pulls) == 1
    assert running.wait_until(lambda: pulls[0].disconnected)
    running.pull_piece_s = 0.0
    supervised.worker.handle(fetch)
    assert supervised.recorder.wait_for(FetchEnded, count=2).complete
    supervised.wait_for(pulled=True)


def test_local_only_ends_a_download_that_runs_and_lets_none_begin(
    supervised: Supervised, running: OllamaServer
) -> None:
    """The server is here, and gets the model from elsewhere."""
    running.pull_piece_s = 0.1
    supervised.start()
    supervised.wait_for(running=True)
    fetch = FetchModel(stage=TurnStage.LLM)
    supervised.worker.handle(fetch)
    supervised.wait_until(
        lambda: any(step.done_bytes for step in supervised.recorder.all(FetchProgressed))
    )
    supervised.worker.handle(LocalOnlyChanged(on=True))
    assert not supervised.recorder.wait_for(FetchEnded).complete
    (pull,) = [request for request in running.requests if request.path == "/api/pull"]
    assert running.wait_until(lambda: pull.disconnected)
    supervised.worker.handle(fetch)
    assert not supervised.recorder.wait_for(FetchEnded, count=2).complete
    assert "Stay on this computer" in supervised.recorder.wait_for(StageFailed).title
    assert running.models == []


def test_a_download_that_is_not_allowed_is_no_error_of_parleys(
    supervised: Supervised, running: OllamaServer, caplog: pytest.LogCaptureFixture
) -> None:
    supervised.start()
    supervised.wait_for(running=True)
    supervised.worker.handle(LocalOnlyChanged(on=True))
    supervised.worker.handle(FetchModel(stage=TurnStage.LLM))
    assert "Nothing is downloaded" in supervised.recorder.wait_for(StageFailed).title
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_download_that_fails_says_why(supervised: Supervised, running: OllamaServer) -> None:
    supervised.start()
    supervised.wait_for(running=True)
    supervised.worker.handle(FetchModel(stage=TurnStage.LLM, model="nope"))
    failed = supervised.recorder.wait_for(StageFailed)
    assert "nope" in failed.title
    assert not supervised.recorder.wait_for(FetchEnded).complete


def test_quitting_during_a_download_does_not_wait_for_it(
    supervised: Supervised, running: OllamaServer, stage: Stage
) -> None:
    running.pull_piece_s = 5.0
    supervised.start()
    supervised.wait_for(running=True)
    supervised.worker.handle(FetchModel(stage=TurnStage.LLM))
    supervised.wait_until(lambda: supervised.recorder.all(FetchProgressed))
    started = time.perf_counter()
    assert stage.threads.stop()
    assert time.perf_counter() - started < 2


def test_a_deleted_model_is_gone(supervised: Supervised, running: OllamaServer) -> None:
    running.models.extend(["phi3:mini", "other:1b"])
    supervised.start()
    told = supervised.wait_for(running=True, pulled=True)
    assert dict(zip(told.models, told.sizes, strict=True)) == dict.fromkeys(
        ("phi3:mini", "other:1b"), 2_200_000_000
    )
    supervised.worker.handle(DeleteModel(model="phi3:mini"))
    assert supervised.wait_for(pulled=False).models == ("other:1b",)


def fetch_of(model: str) -> FetchModel:
    return FetchModel(stage=TurnStage.LLM, engine="ollama", model=model)


def test_several_are_downloaded_one_after_another(
    supervised: Supervised, running: OllamaServer
) -> None:
    supervised.start()
    supervised.wait_for(running=True)
    for name in ("a:1b", "b:1b", "b:1b", "c:1b"):
        supervised.worker.handle(fetch_of(name))
    supervised.wait_until(lambda: len(supervised.recorder.all(FetchEnded)) == 3)
    ended = supervised.recorder.all(FetchEnded)
    assert [(each.model, each.engine, each.complete) for each in ended] == [
        (name, "ollama", True) for name in ("a:1b", "b:1b", "c:1b")
    ]
    waiting = [step.model for step in supervised.recorder.all(FetchProgressed) if step.waiting]
    assert waiting == ["b:1b", "c:1b"]
    supervised.wait_for(models=("a:1b", "b:1b", "c:1b"))


def test_one_is_paused_and_the_next_begins(supervised: Supervised, running: OllamaServer) -> None:
    running.pull_piece_s = 0.1
    supervised.start()
    supervised.wait_for(running=True)
    for name in ("a:1b", "b:1b", "c:1b"):
        supervised.worker.handle(fetch_of(name))
    supervised.wait_until(
        lambda: any(step.done_bytes for step in supervised.recorder.all(FetchProgressed))
    )
    for name in ("b:1b", "a:1b"):
        supervised.worker.handle(CancelFetch(stage=TurnStage.LLM, engine="ollama", model=name))
    running.pull_piece_s = 0.0
    supervised.wait_until(lambda: len(supervised.recorder.all(FetchEnded)) == 3)
    ended = supervised.recorder.all(FetchEnded)
    assert [(each.model, each.complete) for each in ended] == [
        ("b:1b", False), ("a:1b", False), ("c:1b", True),
    ]  # fmt: skip
    assert not any(each.title for each in ended), "the user wanted it so"


def test_a_cancel_that_is_meant_for_another_engine_ends_nothing(
    supervised: Supervised, running: OllamaServer
) -> None:
    supervised.start()
    supervised.wait_for(running=True)
    supervised.worker.handle(fetch_of("a:1b"))
    supervised.worker.handle(CancelFetch(stage=TurnStage.LLM, engine="builtin"))
    assert supervised.recorder.wait_for(FetchEnded).complete


def test_a_download_that_brings_nothing_is_given_up_with_words(
    supervised: Supervised, running: OllamaServer
) -> None:
    running.pull_piece_s = 30.0
    supervised.start(pull_pace=PullPace(stall_s=0.4))
    supervised.wait_for(running=True)
    supervised.worker.handle(fetch_of("a:1b"))
    ended = supervised.recorder.wait_for(FetchEnded)
    assert ended.title == "The download of a:1b stopped: nothing came for 0 s."
    assert "goes on where it stopped" in ended.hint
    (pull,) = [request for request in running.requests if request.path == "/api/pull"]
    assert running.wait_until(lambda: pull.disconnected)
    running.pull_piece_s = 0.0
    supervised.worker.handle(fetch_of("a:1b"))
    assert supervised.recorder.wait_for(FetchEnded, count=2).complete


def test_the_room_on_the_disk_is_looked_at_first(
    supervised: Supervised, running: OllamaServer
) -> None:
    running.pull_piece_s = 0.05
    supervised.start(free_bytes=100_000_000)
    supervised.wait_for(running=True)
    supervised.worker.handle(fetch_of("a:1b"))
    ended = supervised.recorder.wait_for(FetchEnded)
    assert ended.title.startswith("There is not enough room on the disk for a:1b: 1.9 MB are")
    assert ended.hint == "Free 402 MB and try again."
    assert running.models == []


def test_another_model_is_looked_after_at_once_while_a_download_goes_on(
    supervised: Supervised, running: OllamaServer
) -> None:
    running.models.append("other:1b")
    running.pull_piece_s = 0.03
    supervised.start()
    supervised.wait_for(running=True, pulled=False)
    supervised.worker.handle(fetch_of("a:1b"))
    supervised.recorder.wait_for(FetchProgressed)
    keeper = OllamaModels(OllamaSettings(host=running.url, model="other:1b"))
    supervised.worker.handle(UseOllamaModel(model="other:1b", keeper=keeper))
    supervised.wait_for(model="other:1b", pulled=True)
    supervised.wait_until(lambda: supervised.warm_ups.taken)
    assert supervised.recorder.wait_for(FetchEnded).complete
    supervised.worker.handle(FetchModel(stage=TurnStage.LLM))
    assert supervised.recorder.wait_for(FetchEnded, count=2).model == "other:1b"


def test_when_the_one_in_use_is_deleted_somebody_else_is_asked_for(
    supervised: Supervised, running: OllamaServer
) -> None:
    running.models.extend(["phi3:mini", "other:1b"])
    supervised.start()
    supervised.wait_for(running=True, pulled=True)
    supervised.worker.handle(DeleteModel(model="other:1b"))
    supervised.wait_for(models=("phi3:mini",))
    assert not supervised.warm_ups.taken
    supervised.worker.handle(DeleteModel(model="phi3:mini"))
    supervised.wait_for(pulled=False)
    supervised.wait_until(lambda: supervised.warm_ups.taken)
    supervised.worker.handle(DeleteModel(stage=TurnStage.STT, engine="whisper", model="phi3:mini"))
    assert not supervised.recorder.all(StageFailed)


# --- the GPU --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, "phi3:mini runs on the processor"), (0.5, "Only 50% of phi3:mini fits")],
)
def test_a_gpu_that_is_not_used_is_told_once(
    supervised: Supervised, running: OllamaServer, qtbot: QtBot, share: float, said: str
) -> None:
    running.vram = share
    _load(running)
    supervised.gpus = ("NVIDIA H200",)
    supervised.start()
    now = supervised.wait_for(loaded=True, gpu="NVIDIA H200")
    assert now.gpu_share == share
    qtbot.wait(500)
    (notice,) = supervised.recorder.all(Notice)
    assert said in notice.title
    assert "NVIDIA H200" in notice.hint


@pytest.mark.parametrize(("share", "gpus"), [(1.0, ("NVIDIA H200",)), (0.0, ())])
def test_nothing_is_said_when_all_is_well(
    supervised: Supervised,
    running: OllamaServer,
    qtbot: QtBot,
    share: float,
    gpus: tuple[str, ...],
) -> None:
    running.vram = share
    _load(running)
    supervised.gpus = gpus
    supervised.start()
    assert supervised.wait_for(loaded=True).gpu == ""
    qtbot.wait(300)
    assert not supervised.recorder.all(Notice)


def _load(server: OllamaServer) -> None:
    async def load() -> None:
        llm = OllamaLlm(OllamaSettings(host=server.url))
        await llm.ensure_warm()
        await llm.close()

    server.models.append("phi3:mini")
    asyncio.run(load())
