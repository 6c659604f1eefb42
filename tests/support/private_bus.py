"""A session bus of our own, and small services on it, each in a process of its own."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.virtual_sound import die_with_parent

ROOT = Path(__file__).resolve().parents[2]


class Service:
    """A process of `tests.support.bus_services`: what it was called with, what it is to do.

    Attributes:
        calls: [method, arguments...] of every call so far, in order.
    """

    def __init__(self, env: dict[str, str], kind: str, *options: str) -> None:
        self.calls: list[list[Any]] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.bus_services", kind, *options],
            cwd=ROOT,
            env={**os.environ, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,
        )
        self._ready: queue.Queue[str] = queue.Queue()
        self._thread = threading.Thread(target=self._read, name=kind, daemon=True)
        self._thread.start()
        if self._ready.get(timeout=20.0) != "ready":
            raise RuntimeError(f"the {kind} service did not start")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            words = json.loads(line)
            if words == "ready":
                self._ready.put("ready")
            else:
                self.calls.append(words)
        self._ready.put("ended")

    def do(self, *words: str) -> None:
        """Tell the service to do something (`bus_services` says what)."""
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()

    def named(self, method: str) -> list[list[Any]]:
        """The arguments of every call of this method."""
        return [arguments for name, *arguments in self.calls if name == method]

    def wait_for(self, method: str, count: int = 1, timeout_s: float = 20.0) -> list[Any]:
        """The arguments of the call; for tests whose own thread answers nobody."""
        deadline = time.monotonic() + timeout_s
        while len(self.named(method)) < count:
            assert time.monotonic() < deadline, f"{method} was not called: {self.calls}"
            time.sleep(0.01)
        return self.named(method)[count - 1]

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._thread.join(5.0)


class PrivateBus:
    """The running bus.

    Attributes:
        env: the variables that make a process use it, on top of the present environment.
    """

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="parley-bus-")
        address = f"unix:path={self._home.name}/bus"
        self.env: dict[str, str] = {
            "DBUS_SESSION_BUS_ADDRESS": address,
            "XDG_RUNTIME_DIR": self._home.name,
        }
        self._services: list[Service] = []
        self._daemon = subprocess.Popen(
            [
                "dbus-daemon",
                "--session",
                "--nofork",
                "--nopidfile",
                "--nosyslog",
                f"--address={address}",
                "--print-address",
            ],
            env={**os.environ, "HOME": self._home.name},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
        assert self._daemon.stdout is not None
        if not self._daemon.stdout.readline():
            raise RuntimeError("dbus-daemon did not start")

    def serve(self, kind: str, *options: str) -> Service:
        """Start a service and wait until it has its name."""
        service = Service(self.env, kind, *options)
        self._services.append(service)
        return service

    def die(self) -> None:
        """As a bus that crashes."""
        self._daemon.kill()
        self._daemon.wait(5.0)

    def close(self) -> None:
        for service in self._services:
            service.stop()
        self.die()
        if self._daemon.stdout is not None:
            self._daemon.stdout.close()
        self._home.cleanup()


MakeService = Callable[..., Service]


@pytest.fixture
def private_bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateBus]:
    """A bus for this test alone, which this process uses too; skips without dbus-daemon."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed: no session bus")
    bus = PrivateBus()
    for name, value in bus.env.items():
        monkeypatch.setenv(name, value)
    try:
        yield bus
    finally:
        bus.close()
