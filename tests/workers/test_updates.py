"""The updates' thread: it looks when it may, and tells once."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from app.core.events import LocalOnlyChanged
from app.core.turn import CancelToken
from app.core.update_events import UpdateFound, UseUpdates
from app.updates import Release, UpdateCheck
from app.workers import updates as module
from app.workers.updates import UpdatesWorker


class Publisher:
    """Always has a newer one; due again at once."""

    due_in_s = 0.0

    def __init__(self) -> None:
        self.looks = 0

    def look(self, _token: CancelToken) -> Release:
        self.looks += 1
        if self.looks > 3:
            self.due_in_s = 60.0
        return Release("9.0", "https://example.org")


def start(stage, sender, *, enabled: bool, local_only: bool = False) -> Publisher:
    publisher = Publisher()
    worker = UpdatesWorker(publisher, enabled=enabled, local_only=local_only)
    sender.send.connect(worker.handle)
    stage.start(worker)
    return publisher


def test_a_newer_version_is_told_once(stage, sender, qtbot, monkeypatch):
    monkeypatch.setattr(module, "PAUSE_S", 0.0)
    publisher = start(stage, sender, enabled=True)
    qtbot.waitUntil(lambda: publisher.looks > 3)
    told = stage.recorder.wait_for(UpdateFound)
    assert (told.version, told.page) == ("9.0", "https://example.org")
    qtbot.wait(50)
    assert len(stage.recorder.all(UpdateFound)) == 1


def test_nobody_is_asked_unless_the_user_wants_it(stage, sender, qtbot):
    publisher = start(stage, sender, enabled=False)
    qtbot.wait(100)
    assert publisher.looks == 0
    sender.send.emit(UseUpdates(check=True))
    stage.recorder.wait_for(UpdateFound)


def test_nobody_is_asked_while_words_stay_on_this_computer(stage, sender, qtbot):
    publisher = start(stage, sender, enabled=True, local_only=True)
    sender.send.emit(UseUpdates(check=True))
    qtbot.wait(100)
    assert publisher.looks == 0
    sender.send.emit(LocalOnlyChanged(on=False))
    stage.recorder.wait_for(UpdateFound)


def test_nobody_is_asked_without_end(stage, sender, qtbot):
    publisher = start(stage, sender, enabled=True)
    stage.recorder.wait_for(UpdateFound)
    sender.send.emit(UseUpdates(check=True))
    qtbot.wait(100)
    assert publisher.looks == 1, "although it is due again at once"


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5.0)
        yield server


def test_quitting_does_not_wait_for_an_answer(stage, silent, tmp_path):
    address = f"http://127.0.0.1:{silent.getsockname()[1]}/latest"
    worker = UpdatesWorker(
        UpdateCheck(tmp_path / "looked", address=address), enabled=True, local_only=False
    )
    stage.start(worker)
    asking, _ = silent.accept()
    with asking:
        assert asking.recv(1)
        worker.request_end()
        assert worker.thread().wait(1000)
