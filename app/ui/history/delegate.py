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
from app.ui.history.model import Heading, Index, ItemRole, is_its_title
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
_BAR_PX = 3
"""The mark of what is open, beside its words: hover and keyboard have none."""
_BAR_EDGE_PX = 8
"""Above and below it."""


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
        width = self._view.viewport().width() - 4 * look.SPACE_S
        words = self._snippet(item, self._font(), width)
        if is_its_title(item):
            return 2 * _FOUND_EDGE_PX + words.height
        gap = _LINE_GAP_PX if words.height else 0
        return 2 * _FOUND_EDGE_PX + QFontMetrics(self._font()).height() + gap + words.height

    def _snippet(self, item: FoundTurn, font: QFont, width: int) -> Snippet:
        """The words that were found, under the title and the date; in the title's place where they
        would say the same."""
        tokens = self._theme.tokens
        ink = ""
        if is_its_title(item):
            ink = tokens.text
            width -= QFontMetrics(font).horizontalAdvance(self._date(item)) + look.SPACE_S
        direction = self._view.layoutDirection()
        return Snippet(item.pieces, font, width, tokens, direction, lines=_FOUND_LINES, ink=ink)

    def _date(self, item: FoundTurn) -> str:
        return short_date(item.started_at, self._view.history.today)

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
        is_open = item.session_id == self._view.current
        # of several turns that were found in it, the one that was asked for
        stands_out = is_open and (
            isinstance(item, ConversationRow) or item.row_id == self._view.history.current_turn
        )
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        ground = QRectF(inside)
        painter.setPen(Qt.PenStyle.NoPen)
        if stands_out or hovered:
            painter.setBrush(QColor(tokens.line if stands_out else tokens.sunk))
            painter.drawRoundedRect(ground, 8, 8)
        if is_open:
            bar = ground.adjusted(0, _BAR_EDGE_PX, 0, -_BAR_EDGE_PX)
            bar.setWidth(_BAR_PX)
            if self._view.layoutDirection() == Qt.LayoutDirection.RightToLeft:
                bar.moveRight(ground.right())
            painter.setBrush(QColor(tokens.accent))
            painter.drawRoundedRect(bar, _BAR_PX / 2, _BAR_PX / 2)
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
        metrics = QFontMetrics(painter.font())
        first = QRect(room.left(), room.top(), room.width(), metrics.height())
        date = self._date(item)
        self._text(painter, first, date, tokens.muted, Qt.AlignmentFlag.AlignTrailing)
        beside = metrics.horizontalAdvance(date) + look.SPACE_S
        words = self._snippet(item, painter.font(), room.width())
        if is_its_title(item):
            words.paint(painter, self._without(first, beside).topLeft())
            return
        title = item.title or self.tr("Untitled")
        self._text(painter, self._without(first, beside), title, tokens.text)
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
