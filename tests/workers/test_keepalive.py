from __future__ import annotations

from app.core.events import WarmUp
from app.settings import KeepaliveSettings
from app.workers.keepalive import KeepaliveWorker
from tests.workers.conftest import Recorder


def start(stage, qtbot, **settings) -> Recorder:
    worker = KeepaliveWorker(KeepaliveSettings(**settings))
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
