"""What a window sees of an assistant."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, Slot
from pytestqt.qtbot import QtBot

from app.core.events import Event

E = TypeVar("E", bound=Event)


class Watcher(QObject):
    """Connect `watch` to `Assistant.happened`."""

    def __init__(self, qtbot: QtBot) -> None:
        super().__init__()
        self._qtbot = qtbot
        self.events: list[Event] = []

    @Slot(object)
    def watch(self, event: Event) -> None:
        self.events.append(event)

    def wait_for(self, kind: type[E], wanted: Callable[[E], bool] = lambda event: True) -> E:
        """The newest event of this kind that is as wanted, once there is one."""
        found: list[E] = []

        def there() -> bool:
            found[:] = [e for e in self.events if isinstance(e, kind) and wanted(e)]
            return bool(found)

        self._qtbot.waitUntil(there, timeout=15_000)
        return found[-1]
