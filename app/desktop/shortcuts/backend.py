"""What every way to listen for the shortcut looks like from outside."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from app.desktop.shortcuts.combination import Combination


@dataclass(frozen=True, slots=True)
class Standing:
    """How a backend stands with its shortcut."""

    works: bool
    shortcut: str = ""
    """The keys that work, where the desktop chose others than it was asked for."""
    why: str = ""
    """Why it does not work, and the next step."""
    can_hold: bool = True
    """False when a press is told of, and its release is not."""
    detail: str = ""
    """What the system itself said when it does not work, one short line for the log and the
    report."""


class Backend(QObject):
    """Listens for one combination at a time. Lives in the GUI thread and never blocks it.

    Signals:
        pressed, released: the combination went down, its key came up. Never two of a kind in a
            row, and the repeats of a held key are none.
        stands: a `Standing`, once it is known after `start`, and when it changes.
    """

    pressed = Signal()
    released = Signal()
    stands = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._is_down = False

    def start(self, combination: Combination) -> None:
        """Listen for this; `stands` tells later what came of it."""
        raise NotImplementedError

    def stop(self) -> None:
        """Listen no more, and let go of what `start` took. A held key counts as released."""
        raise NotImplementedError

    def _down(self) -> None:
        if not self._is_down:
            self._is_down = True
            self.pressed.emit()

    def _up(self) -> None:
        if self._is_down:
            self._is_down = False
            self.released.emit()
