"""The settings' thread: a switch thrown in the window is in the file."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal

from app import settings_file
from app.core.events import ChangeSetting, SettingChanged, StageFailed
from app.workers.preferences import PreferencesWorker


class Sender(QObject):
    send = Signal(object)


def start(stage, path):
    sender = Sender()
    worker = PreferencesWorker(partial(settings_file.change, path), shown={"llm.local_only": False})
    sender.send.connect(worker.handle)
    stage.start(worker)
    return sender


def test_the_window_is_told_how_it_stands_at_the_start(stage, tmp_path):
    start(stage, tmp_path / "settings.toml")
    told = stage.recorder.wait_for(SettingChanged)
    assert (told.name, told.value) == ("llm.local_only", False)


def test_a_change_is_written_and_told(stage, tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text('# mine\n[talk]\nmode = "toggle"\n')
    sender = start(stage, path)
    sender.send.emit(ChangeSetting(name="llm.local_only", value=True))
    told = stage.recorder.wait_for(SettingChanged, 2)
    assert told.value is True
    settings, problems = settings_file.load(path)
    assert problems == []
    assert settings.llm.local_only
    assert settings.talk.mode == "toggle"
    assert "# mine" in path.read_text()


def test_a_change_that_cannot_be_saved_is_said(stage, tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text("version = 99\n")
    sender = start(stage, path)
    sender.send.emit(ChangeSetting(name="llm.local_only", value=True))
    failed = stage.recorder.wait_for(StageFailed)
    assert "newer Parley" in failed.title
    assert path.read_text() == "version = 99\n"
