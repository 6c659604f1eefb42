from __future__ import annotations

import threading
import time

import pytest
from PySide6.QtCore import QObject, Qt, Signal

from app.core.events import (
    FETCHED,
    CancelFetch,
    EngineMissing,
    FetchEnded,
    FetchModel,
    FetchProgressed,
    LocalOnlyChanged,
    StageFailed,
    WarmUp,
)
from app.core.ports import Stage as TurnStage
from app.errors import ProviderUnavailable
from app.workers.engines import EnginesWorker
from tests.fakes import FakeStt, FakeTts
from tests.workers.conftest import Recorder


class Downloadable(FakeStt):
    """Loads only after it was fetched."""

    def __init__(self, fetch_error: Exception | None = None) -> None:
        super().__init__()
        self.fetched = False
        self.fetch_error = fetch_error

    def load(self) -> None:
        if not self.fetched:
            raise ProviderUnavailable("The speech model is not here.", "Download it.")
        super().load()

    def fetch(self, progress) -> None:
        progress("half")
        if self.fetch_error:
            raise self.fetch_error
        self.fetched = True


class Sender(QObject):
    send = Signal(object)
    recheck = Signal()


@pytest.fixture
def sender() -> Sender:
    return Sender()


@pytest.fixture
def handed_over(qtbot) -> Recorder:
    return Recorder(qtbot)


def start(stage, sender, handed_over, provider, **options):
    worker = EnginesWorker({TurnStage.STT: provider}, **options)
    sender.send.connect(worker.interrupt, Qt.ConnectionType.DirectConnection)
    sender.send.connect(worker.handle)
    sender.recheck.connect(worker.recheck)
    worker.stt_ready.connect(handed_over.take)
    stage.start(worker)


def test_an_engine_that_is_here_is_loaded_and_handed_over(stage, sender, handed_over):
    provider = FakeStt()
    start(stage, sender, handed_over, provider)
    assert handed_over.wait_for(FakeStt) is provider
    assert provider.loaded


def test_a_missing_model_is_told_once_and_found_when_it_appears(stage, sender, handed_over, qtbot):
    provider = Downloadable()
    start(stage, sender, handed_over, provider)
    missing = stage.recorder.wait_for(EngineMissing)
    assert missing.fetchable
    sender.recheck.emit()
    qtbot.wait(50)
    assert len(stage.recorder.all(EngineMissing)) == 1
    provider.fetched = True
    sender.recheck.emit()
    handed_over.wait_for(Downloadable)


def test_a_download_is_made_when_asked_for_and_then_used(stage, sender, handed_over):
    start(stage, sender, handed_over, Downloadable())
    stage.recorder.wait_for(EngineMissing)
    sender.send.emit(FetchModel(stage=TurnStage.STT))
    assert stage.recorder.wait_for(FetchEnded).complete
    handed_over.wait_for(Downloadable)
    assert stage.recorder.all(FetchProgressed)[0].line == "half"


def test_a_download_that_fails_says_why_and_can_be_tried_again(stage, sender, handed_over):
    provider = Downloadable(ProviderUnavailable("The download stopped.", "Try again."))
    start(stage, sender, handed_over, provider)
    sender.send.emit(FetchModel(stage=TurnStage.STT))
    assert stage.recorder.wait_for(StageFailed).title == "The download stopped."
    assert not stage.recorder.wait_for(FetchEnded).complete
    provider.fetch_error = None
    sender.send.emit(FetchModel(stage=TurnStage.STT))
    handed_over.wait_for(Downloadable)


def test_an_engine_with_a_bug_does_not_keep_the_others_from_loading(stage):
    class Broken(FakeStt):
        def load(self):
            raise RuntimeError("bad protobuf")

    good = FakeTts()
    stage.start(EnginesWorker({TurnStage.STT: Broken(), TurnStage.TTS: good}))
    assert "cannot be loaded" in stage.recorder.wait_for(EngineMissing).title
    assert stage.threads.stop()
    assert good.loaded


def test_under_local_only_nothing_is_downloaded(stage, sender, handed_over):
    provider = Downloadable()
    start(stage, sender, handed_over, provider)
    sender.send.emit(LocalOnlyChanged(on=True))
    sender.send.emit(FetchModel(stage=TurnStage.STT))
    assert "Stay on this computer" in stage.recorder.wait_for(StageFailed).title
    assert not provider.fetched
    sender.send.emit(LocalOnlyChanged(on=False))
    sender.send.emit(FetchModel(stage=TurnStage.STT))
    handed_over.wait_for(Downloadable)


class Endless(Downloadable):
    """Its download goes on until somebody ends it."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = threading.Event()

    def fetch(self, progress) -> None:
        try:
            while True:
                progress("more")
                time.sleep(0.005)
        finally:
            self.ended.set()


def test_local_only_ends_a_download_that_runs_and_those_that_wait(stage, sender, handed_over):
    provider, waiting = Endless(), Endless()
    start(stage, sender, handed_over, provider, language_models={"builtin": waiting})
    sender.send.emit(FetchModel(stage=TurnStage.STT))
    stage.recorder.wait_for(FetchProgressed)
    sender.send.emit(FetchModel(stage=TurnStage.LLM, engine="builtin"))
    sender.send.emit(LocalOnlyChanged(on=True))
    assert "Stay on this computer" in stage.recorder.wait_for(StageFailed, 2).title
    assert provider.ended.is_set()
    assert not waiting.ended.is_set(), "it was never begun"
    assert [ended.stage for ended in stage.recorder.all(FetchEnded)] == ["stt", "llm"]
    assert not any(ended.complete for ended in stage.recorder.all(FetchEnded))


def test_a_download_is_cancelled_in_words_of_its_stage_alone(stage, sender, handed_over, qtbot):
    provider = Endless()
    start(stage, sender, handed_over, provider)
    sender.send.emit(FetchModel(stage=TurnStage.STT))
    stage.recorder.wait_for(FetchProgressed)
    sender.send.emit(CancelFetch(stage=TurnStage.LLM))
    qtbot.wait(50)
    assert not provider.ended.is_set()
    sender.send.emit(CancelFetch(stage=TurnStage.STT))
    assert not stage.recorder.wait_for(FetchEnded).complete
    assert not stage.recorder.all(StageFailed), "the user wanted it so"


def test_quitting_does_not_wait_for_a_download(stage, sender, handed_over):
    provider = Endless()
    start(stage, sender, handed_over, provider)
    sender.send.emit(FetchModel(stage=TurnStage.STT))
    stage.recorder.wait_for(FetchProgressed)
    assert stage.threads.stop()
    assert provider.ended.is_set()


def test_a_language_model_is_fetched_by_its_name_and_warmed_up(stage, sender, handed_over):
    model = Downloadable()
    worker = EnginesWorker({}, language_models={"builtin": model})
    sender.send.connect(worker.handle)
    worker.warm_up.connect(handed_over.take)
    stage.start(worker)
    sender.send.emit(FetchModel(stage=TurnStage.LLM, engine="nobody"))
    sender.send.emit(FetchModel(stage=TurnStage.LLM, engine="builtin"))
    assert handed_over.wait_for(WarmUp).reason == FETCHED
    assert model.fetched
    assert not model.loaded, "the language models' thread loads its own"
    ended = stage.recorder.wait_for(FetchEnded)
    assert (ended.stage, ended.complete) == ("llm", True)
