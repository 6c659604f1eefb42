"""What every page has that takes the conversation's place in the window: a way back, a title, a
column in the middle that scrolls, and room for news."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.core.events import Event
from app.ui import icons
from app.ui import theme as look
from app.ui.cards import CardStack
from app.ui.theme import Theme


class Page(QWidget):
    """Lives in the GUI thread.

    Signals:
        intent: what the user wants (`app.core.events.Intent`).
        closed: the user is done with it.

    Attributes:
        back: the button that leaves.
        head: the line at the top, after the title.
        column: what scrolls, from top to bottom; a stretch stands at its end.
        cards: what is told while the page covers the conversation.
    """

    intent = Signal(object)
    closed = Signal()

    def __init__(self, theme: Theme, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(title)
        self.cards = CardStack(theme)
        self.cards.setMaximumWidth(look.COLUMN_PX)
        self._edge = QFrame()
        self._edge.setObjectName("edge")
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addLayout(self._make_head(title))
        page.addLayout(_in_the_middle(self.cards))
        page.addWidget(self._edge)
        page.addWidget(self._make_body(), 1)
        self.lead_back_to("")
        theme.changed.connect(self._dress_page)
        self._dress_page()

    def _make_head(self, title: str) -> QHBoxLayout:
        self.back = QToolButton()
        self.back.setProperty("role", "icon")
        self.back.setIconSize(QSize(20, 20))
        self.back.clicked.connect(lambda: self.closed.emit())
        label = QLabel(title)
        label.setProperty("role", "title")
        self.head = QHBoxLayout()
        self.head.setContentsMargins(look.SPACE_L, look.SPACE_M, look.SPACE_XL, look.SPACE_S)
        self.head.setSpacing(look.SPACE_S)
        self.head.addWidget(self.back)
        self.head.addWidget(label)
        self.head.addStretch(1)
        return self.head

    def _make_body(self) -> QScrollArea:
        inside = QWidget()
        inside.setMaximumWidth(look.COLUMN_PX)
        self.column = QVBoxLayout()
        self.column.setSpacing(look.SPACE_XL)
        outer = QVBoxLayout(inside)
        outer.setContentsMargins(0, look.SPACE_S, 0, look.SPACE_XL)
        outer.setSpacing(0)
        outer.addLayout(self.column)
        outer.addStretch(1)
        self._body = QWidget()
        self._body.setObjectName("panelBody")
        self._body.setLayout(_in_the_middle(inside))
        self._scroll = QScrollArea()
        self._scroll.setObjectName("clear")
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(self._body)
        self._scroll.verticalScrollBar().valueChanged.connect(self._show_edge)
        return self._scroll

    def handle(self, event: Event) -> None:
        """Override to take the events that concern this page; all of the app come by."""

    def open(self) -> None:
        """The page was brought up."""
        self.back.setFocus(Qt.FocusReason.OtherFocusReason)

    def escape(self) -> None:
        """The user wants to leave."""
        self.closed.emit()

    def lead_back_to(self, title: str) -> None:
        """What the button that leaves leads to: the page with this title; empty is the
        conversation."""
        if title:
            self.back.setAccessibleName(self.tr("Back to: %1").replace("%1", title))
            self.back.setToolTip(self.tr("Back to: %1 (Esc)").replace("%1", title))
        else:
            self.back.setAccessibleName(self.tr("Back to the conversation"))
            self.back.setToolTip(self.tr("Back to the conversation (Esc)"))

    def scroll_to_top(self) -> None:
        self._scroll.verticalScrollBar().setValue(0)

    def scroll_to(self, part: QWidget) -> None:
        """Show this part of the page, from its top when it is too high."""
        bar = self._scroll.verticalScrollBar()
        top = part.mapTo(self._body, part.rect().topLeft()).y() - look.SPACE_S
        lowest = top + part.height() + 2 * look.SPACE_S - self._scroll.viewport().height()
        bar.setValue(min(max(bar.value(), lowest), top))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses the button with the focus."""
        focused = self.focusWidget()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if isinstance(focused, QAbstractButton):
                focused.click()
        else:
            super().keyPressEvent(event)

    def _show_edge(self, scrolled: int) -> None:
        """A hairline where the page goes on behind its head."""
        if self._edge.property("shown") != (scrolled > 0):
            self._edge.setProperty("shown", scrolled > 0)
            self._edge.style().unpolish(self._edge)
            self._edge.style().polish(self._edge)

    def _dress_page(self) -> None:
        right_to_left = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        chevron = "chevron-right" if right_to_left else "chevron-left"
        self.back.setIcon(icons.icon(chevron, self.theme.tokens.text, size=20))


def _in_the_middle(column: QWidget) -> QHBoxLayout:
    """As wide as it may be, and in the middle of what is wider."""
    line = QHBoxLayout()
    line.setContentsMargins(look.SPACE_XL, 0, look.SPACE_XL, 0)
    line.addStretch(0)
    line.addWidget(column, 100)
    line.addStretch(0)
    return line
