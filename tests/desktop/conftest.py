"""Buses and screens of our own, and an ear for a backend's signals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import pytest
from pytestqt.qtbot import QtBot

from app.desktop.shortcuts.backend import Backend, Standing
from tests.support.private_bus import private_bus
from tests.support.virtual_screen import virtual_screen

__all__ = ["private_bus", "virtual_screen"]

B = TypeVar("B", bound=Backend)


class Ear:
    """Everything a backend says, in order."""

    def __init__(self, qtbot: QtBot) -> None:
        self._qtbot = qtbot
        self._backends: list[Backend] = []
        self.said: list[str] = []
        self.standings: list[Standing] = []

    def on(self, backend: B) -> B:
        backend.pressed.connect(lambda: self.said.append("down"))
        backend.released.connect(lambda: self.said.append("up"))
        backend.stands.connect(self.standings.append)
        self._backends.append(backend)
        return backend

    def until_said(self, *words: str) -> None:
        self._qtbot.waitUntil(lambda: len(self.said) >= len(words), timeout=15_000)
        assert self.said == list(words)
        self.said.clear()

    def until_stands(self, count: int = 1) -> Standing:
        self._qtbot.waitUntil(lambda: len(self.standings) >= count, timeout=15_000)
        return self.standings[count - 1]

    def stop(self) -> None:
        for backend in self._backends:
            backend.stop()


@pytest.fixture
def ear(qtbot: QtBot) -> Iterator[Ear]:
    ear = Ear(qtbot)
    yield ear
    ear.stop()
