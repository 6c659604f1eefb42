"""What we started ends with all that it started; nobody else is touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.providers.llm.ollama_process import OllamaProcess
from tests.support.fake_ollama import is_alive

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="looks into /proc and talks to /bin/sh"
)

ROOT = Path(__file__).resolve().parents[3]


class Started:
    """A shell script as the server, and the process it leaves in the background."""

    def __init__(self, folder: Path, script: str) -> None:
        self._left = folder / "left"
        script = (
            f"sleep 300 & echo $! > {self._left}.new; mv {self._left}.new {self._left}; {script}"
        )
        with (folder / "log").open("wb") as output:
            self.process = OllamaProcess(
                ["/bin/sh", "-c", script],
                environ=os.environ,
                folder=folder,
                output=output,
                grace_s=0.5,
            )
        wait_until(self._left.exists)
        self.runner = int(self._left.read_text())
        assert is_alive(self.runner)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Started]]:
    made: list[Started] = []

    def make(script: str) -> Started:
        made.append(Started(tmp_path, script))
        return made[-1]

    yield make
    for started in made:
        started.process.stop()
        if is_alive(started.runner):
            os.kill(started.runner, signal.SIGKILL)


def wait_until(condition: Callable[[], bool], timeout_s: float = 5.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_server_that_crashed_leaves_no_runner_behind(start: Callable[[str], Started]) -> None:
    server = start("exit 3")
    wait_until(lambda: server.process.exit_code() is not None)
    assert server.process.exit_code() == 3
    wait_until(lambda: not is_alive(server.runner))


def test_one_that_was_killed_leaves_none_either(start: Callable[[str], Started]) -> None:
    server = start("sleep 300")
    assert server.process.exit_code() is None
    os.kill(server.process.pid, signal.SIGKILL)
    wait_until(lambda: server.process.exit_code() == -signal.SIGKILL)
    wait_until(lambda: not is_alive(server.runner))


@pytest.mark.parametrize(
    ("script", "when_asked", "code"),
    [
        ("exec sleep 300", True, -signal.SIGTERM),
        ("trap 'exit 5' TERM; while :; do sleep 0.05; done", True, 5),
        ("trap '' TERM; while :; do sleep 0.05; done", False, -signal.SIGKILL),
    ],
)
def test_stopping_ends_all_of_it(
    start: Callable[[str], Started], script: str, when_asked: bool, code: int
) -> None:
    server = start(script)
    time.sleep(0.1)  # the shell needs a moment for its trap
    assert server.process.stop() is when_asked
    assert server.process.exit_code() == code
    wait_until(lambda: not is_alive(server.runner))
    assert server.process.stop(), "a second time changes nothing"


@pytest.mark.parametrize("crash", [True, False])
def test_the_group_is_ended_while_its_number_is_still_taken(
    start: Callable[[str], Started], monkeypatch: pytest.MonkeyPatch, crash: bool
) -> None:
    really = os.killpg
    ended: list[int] = []

    def spy(group: int, number: int) -> None:
        # raises when the exit code was collected: then the number may be anybody's
        os.waitid(os.P_PID, group, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        ended.append(group)
        really(group, number)

    monkeypatch.setattr(os, "killpg", spy)
    server = start("exit 3" if crash else "sleep 300")
    if not crash:
        server.process.stop()
    wait_until(lambda: server.process.exit_code() is not None)
    for _ in range(3):
        server.process.exit_code()
    server.process.stop()
    assert ended == [server.process.pid], "once, and never again"


STRANGER = """
import os, subprocess, sys, time
from pathlib import Path
from app.providers.llm.ollama_process import OllamaProcess

with open(os.devnull, "wb") as output:
    process = OllamaProcess(
        ["/bin/true"], environ=os.environ, folder=Path("/"), output=output, grace_s=0.5
    )
os.waitpid(process.pid, 0)  # some library collects the exit codes of all children
script = (
    f"echo {process.pid - 1} > /proc/sys/kernel/ns_last_pid || exit;"
    "setsid sleep 60 >/dev/null 2>&1 & echo $!"
)
done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True)
if done.stdout != f"{process.pid}\\n":
    sys.exit("not possible")
while os.getpgid(process.pid) != process.pid:  # until it leads a group of its own
    time.sleep(0.01)
process.exit_code()
process.stop()
time.sleep(0.1)
state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
print("dead" if state == "Z" else "alive")
"""
"""Another program gets the number of a server of ours. Numbers are chosen, so it runs among
processes of its own."""


def test_a_stranger_that_got_the_number_lives_on() -> None:
    alone = ["unshare", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child"]
    try:
        done = subprocess.run(
            # the shell is the first process there, which orphans are given to
            [*alone, "/bin/sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-c", STRANGER],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=60,
        )
    except FileNotFoundError:
        pytest.skip("there is no unshare here")
    if done.returncode and ("not permitted" in done.stderr or "not possible" in done.stderr):
        pytest.skip("process numbers cannot be chosen here")
    assert (done.stdout, done.stderr) == ("alive\n", "")
