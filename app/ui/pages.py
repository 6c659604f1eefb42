"""The conversation, and the pages that take its place: settings, diagnosis, models."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from app.core.events import Event
from app.ui.cards import CardStack
from app.ui.page import Page
from app.ui.page_news import PageNews


class Name(StrEnum):
    """The pages there are."""

    SETTINGS = "settings"
    DIAGNOSIS = "diagnosis"
    MODELS = "models"


class Pages(QStackedWidget):
    """Builds a page when it is wanted for the first time: its controls would make every start
    longer. What was told before is told to it then. Lives in the GUI thread.

    Signals:
        intent: what the user wants, on any page.
        covered: a page covers the conversation now, or none any more (bool).
    """

    intent = Signal(object)
    covered = Signal(bool)

    def __init__(self, conversation: QWidget) -> None:
        super().__init__()
        self._makers: dict[Name, Callable[[], Page]] = {}
        self._pages: dict[Name, Page] = {}
        self._trail: list[Page] = []
        """The pages that led to the one that is shown, the first one first, each once."""
        self._news = PageNews()
        self.addWidget(conversation)

    def minimumSizeHint(self) -> QSize:
        """Nothing is scrolled sideways: what is too wide has dots, or scrolls in itself."""
        return QSize(0, super().minimumSizeHint().height())

    def heightForWidth(self, _width: int) -> int:
        """None: lines that wrap take their room from the conversation, and scroll nothing."""
        return -1

    def offer(self, name: Name, make: Callable[[], Page]) -> None:
        """Let `make` build this page when it is wanted."""
        self._makers[name] = make

    def page(self, name: Name) -> Page:
        """The page, built now if it was not."""
        if name not in self._pages:
            page = self._pages[name] = self._makers[name]()
            page.intent.connect(self.intent)
            page.closed.connect(self._leave)
            self.addWidget(page)
            self._news.tell(page)
        return self._pages[name]

    @property
    def shown(self) -> Page | None:
        """The page that covers the conversation; None when it is to be seen."""
        current = self.currentWidget()
        return current if isinstance(current, Page) and self.isVisible() else None

    def open(self, name: Name) -> None:
        """Show this page in the conversation's place."""
        page = self.page(name)
        before = self.shown
        if before is not None and before is not page:
            self._trail.append(before)
        if page in self._trail:
            self._trail.remove(page)  # a circle is not gone round again, but a step back stays one
        self._show(page)
        page.open()
        if before is None:
            self.covered.emit(True)

    def _show(self, page: Page) -> None:
        page.lead_back_to(self._trail[-1].accessibleName() if self._trail else "")
        self.setCurrentWidget(page)

    def _leave(self) -> None:
        """Back to the page that led here, or to the conversation."""
        if not self._trail:
            self.close_page()
            return
        left, page = self.shown, self._trail.pop()
        self._show(page)
        if left is not None:
            left.cards.move_to(page.cards)  # with its reader
        page.back.setFocus(Qt.FocusReason.OtherFocusReason)

    def close_page(self) -> None:
        """Back to the conversation."""
        self._trail.clear()
        if self.currentIndex() != 0:
            self.setCurrentIndex(0)
            self.covered.emit(False)

    def handle(self, event: Event) -> None:
        """Take any event of the app: most are for one page, or for none."""
        self._news.note(event)
        for page in self._pages.values():
            page.handle(event)

    def cards_told(self) -> list[CardStack]:
        """What each page was told while it covered the conversation."""
        return [page.cards for page in self._pages.values()]
