"""The panels that lie over the conversation: one at a time, beside what opens them, and never over
the talk button, since talking goes on while one is open."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRect, Qt, Signal
from PySide6.QtWidgets import QAbstractButton, QWidget

from app.ui import theme as look
from app.ui.engines.figures_panel import LEAST_HEIGHT_PX, FiguresLine, FiguresPanel
from app.ui.engines.panel import EnginePanel, EnginePill
from app.ui.side_panel import PANEL_WIDTH_PX, SidePanel


class FloatingPanels(QObject):
    """The engines under their pill, the figures over their line. Lives in the GUI thread.

    Signals:
        figures_wanted: the figures are about to be seen; the last hour has moved on.
        put_away: a panel was closed, and the keyboard should go where talking is.
    """

    figures_wanted = Signal()
    put_away = Signal()

    def __init__(
        self,
        page: QWidget,
        floor: QWidget,
        engines: tuple[EnginePill, EnginePanel],
        figures: tuple[FiguresLine, FiguresPanel],
    ) -> None:
        """
        Args:
            page: what they lie over, their parent.
            floor: the part of the page that they stay above.
            engines, figures: what opens each, and the panel.
        """
        super().__init__(page)
        self._page = page
        self._floor = floor
        self._pill, self._engines = engines
        self._line, self._figures = figures
        for opener, panel in (engines, figures):
            opener.toggled.connect(lambda on, panel=panel: self._toggle(panel, on))
            panel.closed.connect(lambda opener=opener: self._closed(opener))

    def close_one(self) -> bool:
        """Put the open one away; False when none is open."""
        for panel in (self._engines, self._figures):
            if panel.isVisible():
                panel.put_away()
                return True
        return False

    def place(self) -> None:
        """Give both their places; call it when the window, or what is in them, is another."""
        self._engines.setGeometry(self._under_the_pill())
        self._figures.setGeometry(self._over_the_line())

    def _toggle(self, panel: SidePanel, opened: bool) -> None:
        if not opened:
            if panel.isVisible():
                panel.put_away()
            return
        other: QAbstractButton = self._line if panel is self._engines else self._pill
        other.setChecked(False)
        if panel is self._figures:
            self.figures_wanted.emit()
        # Shown first: heights are known once the stylesheet has dressed the labels.
        panel.show()
        self.place()
        panel.raise_()
        panel.close_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _closed(self, opener: QAbstractButton) -> None:
        opener.setChecked(False)
        self.put_away.emit()

    @property
    def _floor_y(self) -> int:
        return self._floor.mapTo(self._page, self._floor.rect().topLeft()).y()

    @property
    def _top(self) -> int:
        return self._pill.mapTo(self._page, self._pill.rect().bottomLeft()).y() + look.SPACE_S

    @property
    def _width(self) -> int:
        return min(PANEL_WIDTH_PX, self._page.width() - 2 * look.SPACE_L)

    def _under_the_pill(self) -> QRect:
        width, top = self._width, self._top
        height = min(self._engines.wanted_height(), self._floor_y - top)
        left = self._page.width() - width - look.SPACE_XL
        if self._page.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            left = look.SPACE_XL
        return QRect(left, top, width, height)

    def _over_the_line(self) -> QRect:
        width, top, floor = self._width, self._top, self._floor_y
        if floor - top < LEAST_HEIGHT_PX:
            top = look.SPACE_S  # a small screen: over the header too
        height = min(self._figures.wanted_height(), floor - top)
        line = self._line.mapTo(self._page, self._line.rect().center()).x()
        rightmost = self._page.width() - width - look.SPACE_L
        left = max(look.SPACE_L, min(line - width // 2, rightmost))
        return QRect(left, floor - height, width, height)
