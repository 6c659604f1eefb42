"""The edge of the sidebar, which the mouse can draw."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

USUAL_WIDTH_PX = 260


class HandleBar(QWidget):
    """The edge that is drawn with the mouse to make the sidebar wider.

    Signals:
        moved: the width that is wanted.
    """

    WIDTH_PX = 4
    moved = Signal(int)

    def __init__(self, panel: QWidget) -> None:
        super().__init__(panel)
        self.setCursor(Qt.CursorShape.SplitHCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        panel = self.parentWidget()
        if panel is not None and event.buttons() & Qt.MouseButton.LeftButton:
            x = panel.mapFromGlobal(event.globalPosition().toPoint()).x()
            right = self.layoutDirection() == Qt.LayoutDirection.LeftToRight
            self.moved.emit(x if right else panel.width() - x)

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        self.moved.emit(USUAL_WIDTH_PX)
