"""Where one talks: the header, the conversation or what stands there before it, cards and the
composer. The pages (`app.ui.pages`) take its place, the panels lie over it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from app.ui import theme as look
from app.ui.cards import CardStack
from app.ui.composer import Composer
from app.ui.conversation.view import ConversationView
from app.ui.empty_state import EmptyState
from app.ui.header import Header


class TalkPage(QWidget):
    """Lays out the parts it is given. Lives in the GUI thread."""

    def __init__(
        self,
        header: Header,
        empty: EmptyState,
        view: ConversationView,
        cards: CardStack,
        composer: Composer,
    ) -> None:
        """
        Args:
            empty: what stands in the conversation's place before the first question.
        """
        super().__init__()
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._empty = empty
        self._view = view
        self._upper_edge, self._lower_edge = _edge(), _edge()
        middle = QWidget()
        self._middle = QStackedLayout(middle)
        self._middle.addWidget(empty)
        self._middle.addWidget(view)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addWidget(header)
        page.addWidget(self._upper_edge)
        page.addWidget(middle, 1)
        page.addWidget(self._lower_edge)
        page.addLayout(_foot(cards, composer))
        view.cut_off.connect(self._show_edges)

    def show_conversation(self, begun: bool) -> None:
        """Show the turns, once there is one."""
        self._middle.setCurrentWidget(self._view if begun else self._empty)

    def _show_edges(self, above: bool, below: bool) -> None:
        """A hairline where the conversation goes on behind the edge."""
        for edge, shown in ((self._upper_edge, above), (self._lower_edge, below)):
            if edge.property("shown") != shown:
                edge.setProperty("shown", shown)
                edge.style().unpolish(edge)
                edge.style().polish(edge)


def _edge() -> QFrame:
    edge = QFrame()
    edge.setObjectName("edge")
    return edge


def _foot(cards: CardStack, composer: Composer) -> QHBoxLayout:
    """As wide as the words above, and in the middle."""
    column = QWidget()
    column.setMaximumWidth(look.COLUMN_PX)
    lines = QVBoxLayout(column)
    lines.setContentsMargins(0, 0, 0, 0)
    lines.setSpacing(look.SPACE_M)
    lines.addWidget(cards)
    lines.addWidget(composer)
    foot = QHBoxLayout()
    foot.setContentsMargins(look.SPACE_XL, 0, look.SPACE_XL, look.SPACE_M)
    foot.addStretch(0)
    foot.addWidget(column, 100)
    foot.addStretch(0)
    return foot
