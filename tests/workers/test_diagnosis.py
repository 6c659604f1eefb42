"""The diagnosis thread: it looks when it is asked, and a crash of a check is a finding."""

from __future__ import annotations

import os
import threading
from functools import partial

import pytest

from app.core.diagnosis_events import Check, ChecksEnded, RunChecks
from app.diagnosis import checks
from app.diagnosis.checks import examine
from app.diagnosis.parts import beside_the_window
from app.paths import Paths
from app.workers.diagnosis import DiagnosisWorker
from app.workers.worker import Worker


def found_by(worker: Worker, qtbot) -> ChecksEnded:
    with qtbot.waitSignal(worker.happened) as told:
        worker.handle(RunChecks())
    (event,) = told.args
    assert isinstance(event, ChecksEnded)
    return event


def test_real_files_are_looked_at_and_nothing_is_changed(qtbot, tmp_path):
    paths = Paths.under(tmp_path)
    paths.create()
    paths.settings_file.write_text("[talk]\nmode = 7\n")
    before = sorted(tmp_path.rglob("*"))
    worker = DiagnosisWorker(
        lambda: [partial(examine, part.name, part.check) for part in beside_the_window(paths)]
    )
    names = {check.name: check for check in found_by(worker, qtbot).checks}
    assert names["settings"].status == "warn"
    assert "talk.mode" in names["settings"].text
    assert names["history"].status == "ok"
    assert {"disk", "GPU"} <= set(names)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_check_that_crashes_is_a_finding(qtbot):
    def crash() -> list:
        raise ValueError("no such driver")

    worker = DiagnosisWorker(lambda: [partial(examine, "GPU", crash)])
    (check,) = found_by(worker, qtbot).checks
    assert (check.name, check.status) == ("GPU", "fail")
    assert "no such driver" in check.text


def test_quitting_waits_for_one_part_alone(stage, sender):
    begun, may_end = threading.Event(), threading.Event()
    looked_at: list[str] = []

    def slow() -> list[Check]:
        looked_at.append("slow")
        begun.set()
        may_end.wait(5.0)
        return []

    def next_one() -> list[Check]:
        looked_at.append("next")
        return []

    worker = DiagnosisWorker(lambda: [slow, next_one])
    sender.send.connect(worker.handle)
    stage.start(worker)
    sender.send.emit(RunChecks())
    assert begun.wait(5.0)
    worker.request_end()
    may_end.set()
    assert worker.thread().wait(5000)
    assert looked_at == ["slow"]


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands for the driver's tool")
def test_a_driver_that_hangs_is_not_waited_for(tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO")
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\nexec sleep 60\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert checks.DRIVER_S <= 3.0, "less than quitting may take"
    monkeypatch.setattr(checks, "DRIVER_S", 0.2)
    assert [check.name for check in checks.gpu()] == ["GPU"]
    assert "timed out after 0.2 seconds" in caplog.text
