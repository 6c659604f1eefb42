"""How large the window opens, how small it may become, and where it stood before."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QMargins, QSettings, QSize, Qt
from PySide6.QtWidgets import QScrollArea, QWidget

OPENING_SIZE = QSize(1080, 720)
SMALLEST = QSize(720, 520)
ROOM_FOR_FRAME = QMargins(0, 0, 0, 32)
"""What the window manager adds above the window, in logical pixels, roughly."""

_PLACE = "window/geometry"


class Geometry:
    """Lives in the GUI thread."""

    def __init__(self, window: QWidget, remembered: QSettings | None = None) -> None:
        """
        Args:
            remembered: where the window's place is kept; None forgets it.
        """
        self._window = window
        self._remembered = remembered

    def fit_screen(self) -> None:
        """A small screen at 200 % has fewer of these pixels than the window would like."""
        room = self._window.screen().availableSize().shrunkBy(ROOM_FOR_FRAME)
        self._window.setMinimumSize(SMALLEST.boundedTo(room))
        self._window.resize(OPENING_SIZE.boundedTo(room))

    def restore(self) -> None:
        """Where it stood when it was closed."""
        if self._remembered is None:
            return
        saved = self._remembered.value(_PLACE)
        if isinstance(saved, QByteArray):
            self._window.restoreGeometry(saved)

    def keep(self) -> None:
        """The window closes."""
        if self._remembered is not None:
            self._remembered.setValue(_PLACE, self._window.saveGeometry())


def scrolling(content: QWidget) -> QScrollArea:
    """The content, which scrolls where the screen is smaller than what must be seen at once: at
    300 %."""
    around = QScrollArea()
    around.setObjectName("clear")
    around.setWidgetResizable(True)
    around.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    around.setWidget(content)
    # A viewport that fills itself would hide the window from its own painting, by which it is
    # known that it can be used.
    around.viewport().setAutoFillBackground(False)
    content.setAutoFillBackground(False)
    return around
