"""The conversations of this and other days, beside the page: where they stand."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSettings, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from app.core.events import Event
from app.ui.history.edge import USUAL_WIDTH_PX
from app.ui.history.panel import HistoryPanel
from app.ui.theme import Theme

LEAST_WIDTH_PX, MOST_WIDTH_PX = 220, 400

NARROW_PX = 960
"""Below this the page needs all of the window: the list lies over it, and only when asked for. The
page beside it has 700 then, in which the examples of an empty conversation stand side by side."""

_OPEN, _WIDTH = "sidebar/open", "sidebar/width"


class HistorySidebar(QWidget):
    """Stands left of the page and keeps its room free; the panel itself is `panel`, so that it
    can lie over the page where there is no room for both. Lives in the GUI thread.

    Signals:
        intent: what the user wants (`app.core.history_events`).
        settings_wanted: the user wants to change what is kept.
        toggled: it was opened or closed (bool).
    """

    intent = Signal(object)
    settings_wanted = Signal()
    toggled = Signal(bool)

    def __init__(
        self, theme: Theme, remembered: QSettings | None = None, parent: QWidget | None = None
    ) -> None:
        """
        Args:
            remembered: where its width, and whether it is open, are kept; None forgets them.
        """
        super().__init__(parent)
        self._remembered = remembered
        self._width = _number(remembered, _WIDTH, USUAL_WIDTH_PX)
        self._wanted_open = _switch(remembered, _OPEN, True)
        self._over_page_open = False
        self._host: QWidget = self
        self.panel = HistoryPanel(theme, self)
        self.panel.intent.connect(self.intent)
        self.panel.settings_wanted.connect(self.settings_wanted)
        self.panel.went_to_page.connect(self._page_wanted)
        self.panel.handle_bar.moved.connect(self._set_width)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self._adopt_host()

    # --- what others ask ------------------------------------------------------------------

    @property
    def is_over_page(self) -> bool:
        """Whether the window is too narrow for list and page side by side."""
        return self._host is not self and self._host.width() < NARROW_PX

    @property
    def is_open(self) -> bool:
        return self._over_page_open if self.is_over_page else self._wanted_open

    @Slot(object)
    def handle(self, event: Event) -> None:
        """Take any event of the app. GUI thread."""
        self.panel.handle(event)

    @Slot()
    def toggle(self) -> None:
        """Open or close it."""
        self.set_open(not self.is_open)

    @Slot(bool)
    def set_open(self, opened: bool) -> None:
        if opened == self.is_open:
            return
        if self.is_over_page:
            self._over_page_open = opened
        else:
            self._wanted_open = opened
            if self._remembered is not None:
                self._remembered.setValue(_OPEN, opened)
        if not opened and self.panel.isAncestorOf(QApplication.focusWidget() or self):
            self._host.window().setFocus()
        self._place()
        self.toggled.emit(opened)

    @Slot()
    def focus_search(self) -> None:
        """Open it, with the keyboard in the search field."""
        self.set_open(True)
        self.panel.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.panel.search.selectAll()

    def begin(self, *, private: bool = False) -> None:
        """A new conversation, as its buttons do."""
        self.panel.begin(private=private)

    def escape(self) -> bool:
        """Esc was pressed: put away what is in the way here. False when the keyboard goes where
        talking is: who has left the list is done with its search, too."""
        inside = self.panel.isAncestorOf(QApplication.focusWidget() or self)
        if inside and self.panel.escape():
            return True
        if self.is_over_page and self._over_page_open:
            self.set_open(False)
            return True
        if self.panel.isVisible():
            self.panel.search.clear()
        return False

    # --- place ----------------------------------------------------------------------------

    def _page_wanted(self) -> None:
        if self.is_over_page:
            self.set_open(False)

    def _set_width(self, width: int) -> None:
        self._width = max(LEAST_WIDTH_PX, min(width, MOST_WIDTH_PX))
        if self._remembered is not None:
            self._remembered.setValue(_WIDTH, self._width)
        self._place()

    def _adopt_host(self) -> None:
        """The panel lies on whatever this stands on."""
        self._host.removeEventFilter(self)
        self._host = self.parentWidget() or self
        if self._host is not self:
            self._host.installEventFilter(self)
        self.panel.setParent(self._host)
        self._place()

    def _place(self) -> None:
        over, opened = self.is_over_page, self.is_open
        if self._host is self:
            self.setMinimumWidth(self._width)
        else:
            self.setFixedWidth(self._width if opened and not over else 0)
        left = 0
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            left = self._host.width() - self._width
        width = self.width() if self._host is self else self._width
        self.panel.setGeometry(left, 0, width, self._host.height())
        self.panel.setVisible(opened)
        if over:
            self.panel.raise_()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ParentChange:
            self._adopt_host()
        elif event.type() == QEvent.Type.LayoutDirectionChange:
            self._place()
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._host and event.type() == QEvent.Type.Resize:
            was = self.panel.isVisibleTo(self._host)
            if not self.is_over_page:
                self._over_page_open = False
            self._place()
            if was != self.is_open:
                self.toggled.emit(self.is_open)
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._host is self:
            self._place()


def _number(remembered: QSettings | None, name: str, usual: int) -> int:
    """A width from an earlier run; a file may hold anything."""
    value = remembered.value(name, usual) if remembered is not None else usual
    number = int(str(value)) if str(value).isdigit() else usual
    return max(LEAST_WIDTH_PX, min(number, MOST_WIDTH_PX))


def _switch(remembered: QSettings | None, name: str, usual: bool) -> bool:
    """On or off; settings files give back words."""
    value = remembered.value(name, usual) if remembered is not None else usual
    return str(value).lower() not in ("false", "0")
