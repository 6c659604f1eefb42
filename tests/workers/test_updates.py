"""The updates' thread: it looks when it may, and tells once."""

from __future__ import annotations

from app.core.events import LocalOnlyChanged
from app.core.update_events import UpdateFound, UseUpdates
from app.updates import Release
from app.workers.updates import UpdatesWorker


class Publisher:
    """Always has a newer one; due again at once."""

    due_in_s = 0.0

    def __init__(self) -> None:
        self.looks = 0

    def look(self) -> Release:
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


def test_a_newer_version_is_told_once(stage, sender, qtbot):
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
