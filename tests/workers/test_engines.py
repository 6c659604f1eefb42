from __future__ import annotations

import pytest
from PySide6.QtCore import QObject, Signal

from app.core.events import (
    EngineMissing,
    FetchModel,
    FetchProgressed,
    LocalOnlyChanged,
    StageFailed,
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


def start(stage, sender, handed_over, provider):
    worker = EnginesWorker({TurnStage.STT: provider})
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
    handed_over.wait_for(Downloadable)
    assert stage.recorder.all(FetchProgressed)[0].line == "half"


def test_a_download_that_fails_says_why_and_can_be_tried_again(stage, sender, handed_over):
    provider = Downloadable(ProviderUnavailable("The download stopped.", "Try again."))
    start(stage, sender, handed_over, provider)
    sender.send.emit(FetchModel(stage=TurnStage.STT))
    assert stage.recorder.wait_for(StageFailed).title == "The download stopped."
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
