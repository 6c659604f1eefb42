"""What the panels over the conversation have in common."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QToolButton, QVBoxLayout, QWidget

from app.ui import icons
from app.ui import theme as look
from app.ui.labels import plain_label
from app.ui.theme import Theme

PANEL_WIDTH_PX = 420
"""Where the window has room for it."""


class SidePanel(QFrame):
    """A title, a button that puts it away, and a column that scrolls. A part of the window, not a
    dialog: talking goes on beside it. Hidden until the window shows it.

    Signals:
        closed: it was put away.
    """

    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("panel")
        self.title = plain_label("title", wraps=False)
        self.close_button = QToolButton()
        self.close_button.setProperty("role", "icon")
        self.close_button.setToolTip(self.tr("Close"))
        self.close_button.clicked.connect(self.put_away)
        self._head = QHBoxLayout()
        self._head.addWidget(self.title, 1)
        self._head.addWidget(self.close_button)

        self._body = QWidget()
        self._body.setObjectName("panelBody")
        self._column = QVBoxLayout(self._body)
        self._column.setContentsMargins(0, 0, look.SPACE_S, 0)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(self._body)

        self._outer = QVBoxLayout(self)
        self._outer.setContentsMargins(look.SPACE_L, look.SPACE_M, look.SPACE_S, look.SPACE_L)
        self._outer.setSpacing(look.SPACE_M)
        self._outer.addLayout(self._head)
        self._outer.addWidget(self._scroll, 1)
        theme.changed.connect(self._dress_head)
        self._dress_head()
        self.hide()

    def wanted_height(self) -> int:
        """Height at which nothing has to be scrolled, once the stylesheet has dressed it."""
        for part in reversed(self._body.findChildren(QWidget)):  # from the innermost on
            layout = part.layout()
            if layout is not None:
                layout.activate()  # what has changed in it would be told by an event, later
        frame, margins = self.contentsMargins(), self._outer.contentsMargins()
        across = frame.left() + margins.left() + margins.right() + frame.right()
        around = frame.top() + margins.top() + margins.bottom() + frame.bottom()
        head = self._head.sizeHint().height() + self._outer.spacing()
        return around + head + self._column.heightForWidth(PANEL_WIDTH_PX - across)

    def reveal(self, part: QWidget) -> None:
        """Scroll so that this part can be seen, from its top when it is too high."""
        QTimer.singleShot(0, self, lambda: self._scroll_to(part))  # once it is laid out

    def _scroll_to(self, part: QWidget) -> None:
        bar = self._scroll.verticalScrollBar()
        top = part.mapTo(self._body, part.rect().topLeft()).y()
        lowest = top + part.height() - self._scroll.viewport().height()
        bar.setValue(min(max(bar.value(), lowest), top))

    def put_away(self) -> None:
        self.hide()
        self.closed.emit()

    def _dress_head(self) -> None:
        self.close_button.setIcon(icons.icon("close", self._theme.tokens.muted))
