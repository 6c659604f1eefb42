"""The bus: nobody waits for it, whatever it does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import shiboken6
from pytestqt.qtbot import QtBot

from app.desktop.bus import ADDRESS, Answer, Bus
from tests.support.private_bus import PrivateBus

DRIVER = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")


class SilentBus:
    """Takes connections and says nothing until it goes away."""

    def __init__(self, place: Path) -> None:
        self.asked = threading.Event()
        self.goes = threading.Event()
        self.gone = threading.Event()
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(place))
        self._server.listen()
        self._server.settimeout(10.0)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with self._server, self._server.accept()[0] as client:
            client.recv(1)
            self.asked.set()
            self.goes.wait(10.0)
        self.gone.set()

    def close(self) -> None:
        self.goes.set()
        self._thread.join(10.0)


@pytest.fixture
def silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SilentBus]:
    if not hasattr(socket, "AF_UNIX"):
        pytest.skip("no Unix sockets here")
    bus = SilentBus(tmp_path / "bus")
    monkeypatch.setenv(ADDRESS, f"unix:path={tmp_path / 'bus'}")
    yield bus
    bus.close()


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "d-bus"]


def test_a_bus_that_does_not_answer_is_not_waited_for(silent: SilentBus, qtbot: QtBot) -> None:
    bus = Bus()
    (connecting,) = threads()
    assert connecting.is_alive(), "it is there before it is known whether there is a bus"
    answers: list[Answer] = []
    bus.call(*DRIVER, "ListNames", then=answers.append)
    assert silent.asked.wait(10.0)
    assert not silent.gone.is_set()
    assert answers == []
    with qtbot.waitSignal(bus.lost, timeout=15_000):
        silent.goes.set()
    assert answers
    assert answers[0].error
    bus.call(*DRIVER, "ListNames", then=answers.append)
    assert len(answers) == 1, "later, as every answer"
    qtbot.waitUntil(lambda: len(answers) == 2)
    assert answers[1].error
    bus.close()


def test_who_leaves_while_it_connects_hears_nothing_more(
    silent: SilentBus, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashes: list[object] = []
    monkeypatch.setattr(threading, "excepthook", crashes.append)
    bus = Bus()
    heard: list[object] = []
    bus.lost.connect(lambda: heard.append("lost"))
    bus.call(*DRIVER, "ListNames", then=heard.append)
    assert silent.asked.wait(10.0)
    (connecting,) = threads()
    bus.close()
    assert not silent.gone.is_set()
    shiboken6.delete(bus)
    silent.close()
    connecting.join(10.0)
    qtbot.wait(50)
    assert heard == []
    assert crashes == []


def test_what_is_asked_before_the_connection_stands_is_answered_in_order(
    private_bus: PrivateBus, qtbot: QtBot
) -> None:
    bus = Bus()
    answers: list[tuple[int, Answer]] = []
    for number in range(3):
        bus.call(
            *DRIVER, "GetId", then=lambda answer, number=number: answers.append((number, answer))
        )
    assert bus.name == ""
    qtbot.waitUntil(lambda: len(answers) == 3, timeout=15_000)
    assert [number for number, _ in answers] == [0, 1, 2]
    assert all(answer.body and not answer.error for _, answer in answers)
    assert bus.name.startswith(":")
    bus.close()


def test_without_an_address_there_is_no_bus(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(ADDRESS, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(OSError, match="no session bus"):
        Bus()
