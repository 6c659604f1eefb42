"""The diagnosis thread: it looks when it is asked, and a crash of a check is a finding."""

from __future__ import annotations

from app.core.diagnosis_events import ChecksEnded, RunChecks
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
        lambda: [
            found for part in beside_the_window(paths) for found in examine(part.name, part.check)
        ]
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

    worker = DiagnosisWorker(lambda: examine("GPU", crash))
    (check,) = found_by(worker, qtbot).checks
    assert (check.name, check.status) == ("GPU", "fail")
    assert "no such driver" in check.text
