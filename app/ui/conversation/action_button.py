"""Small buttons beside text: an icon that is quiet until somebody is near."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QColor,
    QEnterEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QAbstractButton, QWidget

from app.ui import icons
from app.ui import theme as look
from app.ui.conversation.text_sizes import TextSizes
from app.ui.theme import Theme

BUTTON_PX = 28
_ICON_PX = 18
_DONE_MS = 1_500
"""How long a button says that it has done what was asked."""

_SCROLLS = (
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_PageUp,
    Qt.Key.Key_PageDown,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
)


def scrolls_the_page(event: QKeyEvent) -> bool:
    """Whether a key is the page's; a button would move the focus for some of them."""
    return event.key() in _SCROLLS and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier


class ActionButton(QAbstractButton):
    """An icon without a frame. It keeps its place, and its stop for the keyboard, while it is
    not seen; drawn by hand, because a page has many of them. Lives in the GUI thread."""

    def __init__(
        self,
        theme: Theme,
        icon: str,
        name: str,
        tip: str,
        parent: QWidget | None = None,
        *,
        sizes: TextSizes,
    ) -> None:
        """
        Args:
            name: what a screen reader says.
            tip: shown under the pointer; shorter, since its place says the rest.
        """
        super().__init__(parent)
        self._theme = theme
        self._icon = icon
        self._is_seen = True
        self._done = ""
        self._done_over = QTimer(self)
        self._done_over.setSingleShot(True)
        self._done_over.setInterval(_DONE_MS)
        self._done_over.timeout.connect(self._forget_done)
        self._tip = tip
        self._side, self._glyph = sizes.px(BUTTON_PX), sizes.px(_ICON_PX)
        self.setAccessibleName(name)
        self.setToolTip(tip)
        # A click does not bring the keyboard here: Space goes on talking.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.resize(self.sizeHint())

    @property
    def icon_name(self) -> str:
        """What it shows now."""
        return "check" if self._done else self._icon

    @property
    def is_seen(self) -> bool:
        """Whether it is drawn."""
        return self._is_seen or self.hasFocus() or bool(self._done)

    def show_quietly(self, seen: bool) -> None:
        """Draw it, or leave its place empty; either way it can be pressed."""
        if seen != self._is_seen:
            self._is_seen = seen
            self.update()

    def say_done(self, what: str) -> None:
        """Show for a moment that it is done."""
        self._done = what
        self.setToolTip(what)
        self._done_over.start()
        self.update()
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, what))

    def _forget_done(self) -> None:
        self._done = ""
        self.setToolTip(self._tip)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._side, self._side)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if scrolls_the_page(event):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self.is_seen:
            return
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if self.isDown() or self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.line if self.isDown() else tokens.sunk))
            painter.drawRoundedRect(ground, look.SPACE_S - 2, look.SPACE_S - 2)
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(ground, look.SPACE_S - 2, look.SPACE_S - 2)
        edge = (self.width() - self._glyph) / 2
        colour = tokens.speaking if self._done else tokens.muted
        if self.underMouse() and not self._done:
            colour = tokens.text
        where = QRectF(edge, edge, self._glyph, self._glyph)
        icons.paint(painter, self.icon_name, colour, where)
        painter.end()
