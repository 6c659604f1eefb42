"""How the rows of the list of conversations look.

Conversations and headings have the same height, so that ten thousand of them cost no more than
those in sight. What a search found has one line of its words or two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractItemModel, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.core.history_events import ConversationRow, FoundTurn
from app.ui import icons
from app.ui import theme as look
from app.ui.history.days import short_date
from app.ui.history.model import Heading, Index, ItemRole
from app.ui.history.snippet import Snippet
from app.ui.theme import Theme

if TYPE_CHECKING:
    from app.ui.history.list import HistoryView

ROW_PX = 34
_FOUND_EDGE_PX = 7
_FOUND_LINES = 2
_LINE_GAP_PX = 3
_MORE_PX = 24
"""The button at the end of a row."""
_ICON_PX = 16


class HistoryDelegate(QStyledItemDelegate):
    """Paints the rows in the theme's colours."""

    def __init__(self, theme: Theme, view: HistoryView) -> None:
        super().__init__(view)
        self._theme = theme
        self._view = view

    def sizeHint(self, _option: QStyleOptionViewItem, index: Index) -> QSize:
        item = index.data(ItemRole)
        height = self._found_height(item) if isinstance(item, FoundTurn) else ROW_PX
        return QSize(120, height)

    def _found_height(self, item: FoundTurn) -> int:
        font = self._font()
        width = self._view.viewport().width() - 4 * look.SPACE_S
        words = Snippet(item.pieces, font, width, self._theme.tokens, lines=_FOUND_LINES)
        gap = _LINE_GAP_PX if words.height else 0
        return 2 * _FOUND_EDGE_PX + QFontMetrics(font).height() + gap + words.height

    def _font(self) -> QFont:
        font = QFont(self._view.font())
        font.setPixelSize(look.SMALL_PX)
        return font

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        item = index.data(ItemRole)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._font())
        inside = option.rect.adjusted(look.SPACE_S, 1, -look.SPACE_S, -1)
        if isinstance(item, Heading):
            self._paint_heading(painter, inside, item)
        else:
            self._paint_ground(painter, option, inside, index, item)
            if isinstance(item, FoundTurn):
                self._paint_found(painter, inside, item)
            else:
                self._paint_row(painter, option, inside, index, item)
        painter.restore()

    def _paint_heading(self, painter: QPainter, inside: QRect, item: Heading) -> None:
        where = inside.adjusted(look.SPACE_S, 0, -look.SPACE_S, -look.SPACE_XS)
        self._text(
            painter, where, item.text, self._theme.tokens.muted, Qt.AlignmentFlag.AlignBottom
        )

    def _paint_ground(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        inside: QRect,
        index: Index,
        item: ConversationRow | FoundTurn,
    ) -> None:
        tokens = self._theme.tokens
        state = option.state
        open_now = isinstance(item, ConversationRow) and item.session_id == self._view.current
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        ground = QRectF(inside)
        if open_now or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.sunk if hovered and not open_now else tokens.line))
            painter.drawRoundedRect(ground, 8, 8)
        if index == self._view.currentIndex() and self._view.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.drawRoundedRect(ground.adjusted(1, 1, -1, -1), 7, 7)

    def _paint_row(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        inside: QRect,
        index: Index,
        item: ConversationRow,
    ) -> None:
        tokens = self._theme.tokens
        room = inside.adjusted(look.SPACE_S, 0, -look.SPACE_S, 0)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if hovered or (index == self._view.currentIndex() and self._view.hasFocus()):
            where = self._view.more_rect(option.rect)
            dots = QRectF(0, 0, _ICON_PX, _ICON_PX)
            dots.moveCenter(QRectF(where).center())
            icons.paint(painter, "more", tokens.text if hovered else tokens.muted, dots)
            room = self._without(room, _MORE_PX)
        elif item.pinned:
            mark = QRectF(0, 0, 14, 14)
            mark.moveCenter(QRectF(self._view.more_rect(option.rect)).center())
            icons.paint(painter, "pin", tokens.muted, mark)
            room = self._without(room, _MORE_PX)
        title = str(index.data())
        colour = tokens.text if item.title else tokens.muted
        self._text(painter, room, title, colour, Qt.AlignmentFlag.AlignVCenter)

    def _paint_found(self, painter: QPainter, inside: QRect, item: FoundTurn) -> None:
        tokens = self._theme.tokens
        room = inside.adjusted(look.SPACE_S, _FOUND_EDGE_PX - 1, -look.SPACE_S, 1 - _FOUND_EDGE_PX)
        line = QFontMetrics(painter.font()).height()
        first = QRect(room.left(), room.top(), room.width(), line)
        date = short_date(item.started_at, self._view.history.today)
        width = QFontMetrics(painter.font()).horizontalAdvance(date)
        self._text(painter, first, date, tokens.muted, Qt.AlignmentFlag.AlignTrailing)
        title = item.title or self.tr("Untitled")
        self._text(painter, self._without(first, width + look.SPACE_S), title, tokens.text)
        direction = self._view.layoutDirection()
        words = Snippet(
            item.pieces, painter.font(), room.width(), tokens, direction, lines=_FOUND_LINES
        )
        words.paint(painter, QPoint(room.left(), first.bottom() + 1 + _LINE_GAP_PX))

    def _without(self, room: QRect, width: int) -> QRect:
        """The room less this much at its end."""
        if self._view.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            return room.adjusted(width, 0, 0, 0)
        return room.adjusted(0, 0, -width, 0)

    def _text(
        self,
        painter: QPainter,
        where: QRect,
        text: str,
        colour: str,
        align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeading,
    ) -> None:
        metrics = QFontMetrics(painter.font())
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, where.width())
        painter.setPen(QColor(colour))
        sides = Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignTrailing
        if not align & sides:
            align |= Qt.AlignmentFlag.AlignLeading
        painter.setLayoutDirection(self._view.layoutDirection())
        painter.drawText(where, int(align | Qt.TextFlag.TextSingleLine), shown)

    # --- renaming -------------------------------------------------------------------------

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setObjectName("rename")
        editor.setMaxLength(200)
        editor.setAccessibleName(self.tr("New name of %1").replace("%1", str(index.data())))
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        if isinstance(editor, QLineEdit) and not editor.isModified():
            item = index.data(ItemRole)
            editor.setText(item.title if isinstance(item, ConversationRow) else "")
            editor.selectAll()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if isinstance(editor, QLineEdit):
            model.setData(index, editor.text(), Qt.ItemDataRole.EditRole)

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, _index: Index
    ) -> None:
        editor.setGeometry(option.rect.adjusted(look.SPACE_S, 1, -look.SPACE_S, -1))
