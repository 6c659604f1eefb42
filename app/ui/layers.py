"""What lies over the conversation: a page in its place, a panel, the timers' list, the sidebar
where there is no room beside it. Here is who gives way to whom, and what goes first when one
leaves."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from app.ui.engines.figures_panel import FiguresLine
from app.ui.engines.panel import EnginePill
from app.ui.floating_panels import FloatingPanels
from app.ui.history.sidebar import HistorySidebar
from app.ui.pages import Name, Pages
from app.ui.timers.parts import TimerParts


class Layers(QObject):
    """Lives in the GUI thread."""

    def __init__(
        self,
        pages: Pages,
        panels: FloatingPanels,
        openers: tuple[EnginePill, FiguresLine],
        timers: TimerParts,
        sidebar: HistorySidebar,
    ) -> None:
        """
        Args:
            openers: what opens each of the `panels`.
        """
        super().__init__(pages)
        self._pages = pages
        self._panels = panels
        self._pill, _ = openers
        self._timers = timers
        self._sidebar = sidebar
        self._panel_led_here = False
        """The diagnosis was opened from the engines' panel, to which one comes back."""
        timers.opened.connect(panels.close_one)
        for opener in openers:
            opener.toggled.connect(self._panel_toggled)

    @property
    def is_covered(self) -> bool:
        """Whether a page stands in the conversation's place."""
        return self._pages.shown is not None

    def open(self, name: Name) -> None:
        """Show this page in the conversation's place."""
        self._panels.close_one()
        self._timers.close_list()
        self._panel_led_here = False
        self._pages.open(name)

    @Slot()
    def open_diagnosis_from_panel(self) -> None:
        """From the engines' panel, to which one comes back."""
        self.open(Name.DIAGNOSIS)
        self._panel_led_here = True

    @Slot()
    def left_diagnosis(self) -> None:
        """Call it when the diagnosis has gone."""
        if self._panel_led_here and not self.is_covered:
            self._pill.setChecked(True)
        self._panel_led_here = False

    def close_pages(self) -> None:
        """Back to the conversation."""
        self._pages.close_page()

    def close_one(self) -> bool:
        """Put away what lies on top; False when the conversation lies open."""
        if self._timers.close_one():
            return True
        if self._pages.shown is not None:
            self._pages.shown.escape()
            return True
        return self._panels.close_one() or self._sidebar.escape()

    def place(self) -> None:
        """Give all their places; call it when the window is another size."""
        self._panels.place()
        self._timers.place()

    def _panel_toggled(self, opened: bool) -> None:
        if opened:
            self._timers.close_list()
