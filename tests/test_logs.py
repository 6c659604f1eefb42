"""The log: what is in it after things went wrong, and what never is."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import app.logs
from app.logs import BACKUPS, MAX_BYTES, set_up
from app.paths import Paths
from app.secrets import Secrets

ROOT = Path(app.logs.__file__).parents[1]
log = logging.getLogger("app.test")


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths.under(tmp_path)
    paths.create()
    return paths


@pytest.fixture
def logs(paths: Paths) -> Iterator[app.logs.LogFiles]:
    files = set_up(paths, False)
    yield files
    files.close()


def run(paths: Paths, code: str, *, verbose: bool = False) -> subprocess.CompletedProcess[str]:
    """A process of its own that logs to the profile and then runs `code`."""
    start = (
        "import logging, threading, faulthandler\n"
        "from pathlib import Path\n"
        "from app.paths import Paths\n"
        "from app.logs import set_up\n"
        f"set_up(Paths.under(Path({str(paths.data.parent)!r})), {verbose})\n"
    )
    return subprocess.run(
        [sys.executable, "-c", start + code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


def test_the_log_says_who_wrote_it_and_keeps_informative_lines(
    paths: Paths, logs: app.logs.LogFiles
) -> None:
    log.info("hello %s", "file")
    log.debug("not this")
    text = paths.log_file.read_text()
    assert app.__version__ in text
    assert "INFO MainThread app.test: hello file" in text
    assert "not this" not in text


def test_keys_do_not_reach_the_log_by_any_way(paths: Paths, logs: app.logs.LogFiles) -> None:
    key = "a-key-of-no-known-shape"
    Secrets({"GROQ_API_KEY": key}).get("groq")
    log.warning(f"message {key}")
    log.warning("argument %s", key)
    try:
        raise ValueError(f"refused {key}")
    except ValueError:
        log.exception("traceback")
    text = paths.log_file.read_text()
    assert text.count("[key]") >= 3
    assert key not in text


def test_the_log_rotates_and_is_bounded(paths: Paths, logs: app.logs.LogFiles) -> None:
    line = "x" * 10_000
    for _ in range(MAX_BYTES * (BACKUPS + 3) // len(line)):
        log.info(line)
    files = list(paths.log_file.parent.glob("parley.log*"))
    assert len(files) == BACKUPS + 1
    assert sum(file.stat().st_size for file in files) <= MAX_BYTES * (BACKUPS + 1)


def test_a_rotation_that_fails_loses_no_line(
    paths: Paths, logs: app.logs.LogFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_use(source: str, dest: str) -> None:
        raise PermissionError("open in another program")

    monkeypatch.setattr("os.rename", in_use)
    for number in range(3):
        log.info("%s number %d", "x" * (MAX_BYTES // 2), number)
    text = paths.log_file.read_text()
    assert all(f"number {number}" in text for number in range(3))


def test_libraries_that_chatter_are_quiet(paths: Paths, logs: app.logs.LogFiles) -> None:
    logging.getLogger("httpx").info("HTTP Request: POST")
    logging.getLogger("httpx").warning("something wrong")
    text = paths.log_file.read_text()
    assert "HTTP Request" not in text
    assert "something wrong" in text


def test_an_exception_in_a_thread_is_logged_with_its_traceback(
    paths: Paths, logs: app.logs.LogFiles
) -> None:
    def fail() -> None:
        raise LookupError("in the thread")

    thread = threading.Thread(target=fail, name="worker-7")
    thread.start()
    thread.join()
    text = paths.log_file.read_text()
    assert "worker-7" in text
    assert "LookupError: in the thread" in text
    assert "in fail" in text


def test_closing_puts_everything_back(paths: Paths) -> None:
    hooks = (sys.excepthook, threading.excepthook, list(logging.getLogger().handlers))
    files = set_up(paths, True)
    again = set_up(paths, True)
    again.close()
    files.close()
    assert (sys.excepthook, threading.excepthook, list(logging.getLogger().handlers)) == hooks


def test_a_crash_of_the_program_is_in_the_log_and_one_line_on_stderr(paths: Paths) -> None:
    done = run(paths, "raise LookupError('at the end')")
    assert done.returncode == 1
    assert "LookupError: at the end" in paths.log_file.read_text()
    assert done.stderr.startswith("parley: ")
    assert len(done.stderr.splitlines()) == 1


def test_warnings_reach_stderr_only_when_asked_for_and_only_ours(paths: Paths) -> None:
    code = (
        "logging.getLogger('app.x').warning('two\\nlines')\n"
        "logging.getLogger('torch').warning('chatter')\n"
    )
    assert run(paths, code).stderr == ""
    assert run(paths, code, verbose=True).stderr == "parley: two lines\n"


def test_a_crash_inside_a_library_leaves_the_stacks(paths: Paths) -> None:
    done = run(paths, "def inner():\n    faulthandler._sigsegv()\ninner()\n")
    assert done.returncode != 0
    text = paths.fault_log.read_text()
    assert "started" in text
    assert "in inner" in text


def test_the_fault_log_does_not_grow_for_ever(paths: Paths) -> None:
    paths.fault_log.write_text("old\n" * 100_000)
    set_up(paths, False).close()
    assert paths.fault_log.stat().st_size < 1000
