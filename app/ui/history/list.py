"""The list of conversations, or of what a search found: mouse and keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QDate, QPoint, QRect, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QKeySequence, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemDelegate, QAbstractItemView, QFrame, QListView, QWidget

from app.core.history_events import ConversationRow, FoundTurn
from app.ui import theme as look
from app.ui.history.delegate import ROW_PX, HistoryDelegate
from app.ui.history.model import Heading, HistoryModel, Item
from app.ui.theme import Theme


class HistoryView(QListView):
    """The list on the screen.

    Signals:
        chosen: this row is to be opened (a `ConversationRow` or a `FoundTurn`).
        menu_wanted: what can be done with this `ConversationRow`, at this place of the screen.
        delete_wanted: this `ConversationRow` is to be deleted.
        undo_wanted: take the last deletion back.
        left_above: the keyboard went up from the first row.
        edited: an inline editor was closed.
    """

    chosen = Signal(object)
    menu_wanted = Signal(object, QPoint)
    delete_wanted = Signal(object)
    undo_wanted = Signal()
    left_above = Signal()
    edited = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.history = HistoryModel(self)
        self.setModel(self.history)
        self.setItemDelegate(HistoryDelegate(theme, self))
        self.setUniformItemSizes(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalScrollBar().setSingleStep(ROW_PX)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setAccessibleName(self.tr("Conversations"))
        theme.changed.connect(self.viewport().update)

    @property
    def current(self) -> int:
        return self.history.current

    @property
    def is_renaming(self) -> bool:
        return self.state() == QAbstractItemView.State.EditingState

    def mark_current(self, session_id: int, row_id: int = 0) -> None:
        """The conversation on the page.

        Args:
            row_id: its turn that was found and opened; 0 leaves the mark of the last one.
        """
        if row_id or session_id != self.history.current:
            self.history.current_turn = row_id
        self.history.current = session_id
        self.viewport().update()

    def show_conversations(self, rows: Sequence[ConversationRow], today: QDate) -> None:
        """Under their days. Rows of one height: ten thousand cost no more than those in sight."""
        self.setUniformItemSizes(True)
        self.history.show_conversations(rows, today)

    def show_found(self, turns: Sequence[FoundTurn], today: QDate) -> None:
        """What a search found: few, each as high as its words are long."""
        self.setUniformItemSizes(False)
        self.history.show_found(turns, today)

    def keeping_place(self, change: Callable[[], None], restored: int = 0) -> bool:
        """Show other rows without moving what is being looked at.

        Args:
            restored: `session_id` of a conversation that is to be shown if it is there now.

        Returns:
            Whether that is so.
        """
        bar = self.verticalScrollBar()
        item, row, value = self.chosen_item(), self.currentIndex().row(), bar.value()
        with QSignalBlocker(bar):
            change()
            place = self.history.place_of_conversation(restored)
            index = place if place.isValid() else self.history.place_of(item)
            if index.isValid():
                self.setCurrentIndex(index)
            elif row >= 0 and self.hasFocus():
                self.go_near(row)
            self.doItemsLayout()
            bar.setValue(min(value, bar.maximum()))
            if place.isValid():
                self.scrollTo(place)
        return place.isValid()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self.uniformItemSizes():
            self.scheduleDelayedItemsLayout()

    def chosen_item(self) -> Item | None:
        """The row the keyboard is on."""
        return self.history.item(self.currentIndex())

    def go_to_first(self) -> None:
        """The keyboard comes into the list."""
        if not self.currentIndex().isValid():
            self._go_to(range(self.history.rowCount()))
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def go_to_current(self) -> bool:
        """To the conversation on the page, with its neighbours in sight; False when it is not in
        the list."""
        index = self.history.place_of_conversation(self.current)
        if index.isValid():
            self.setCurrentIndex(index)
            self.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)
        return index.isValid()

    def go_near(self, row: int) -> None:
        """To this row, or the next one that is no heading."""
        count = self.history.rowCount()
        self._go_to([*range(row, count), *reversed(range(min(row, count)))])

    def _go_to(self, rows: Sequence[int]) -> None:
        for row in rows:
            index = self.history.index(row)
            if index.flags() & Qt.ItemFlag.ItemIsEnabled:
                self.setCurrentIndex(index)
                return

    def rename(self, row: ConversationRow) -> None:
        """Let the user write another name into the list."""
        index = self.history.place_of(row)
        if index.isValid():
            self.setCurrentIndex(index)
            self.edit(index)

    def more_rect(self, row: QRect) -> QRect:
        """Where the button for what can be done stands in a row."""
        size = row.height() - 2
        left = row.right() - look.SPACE_S - size + 1
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            left = row.left() + look.SPACE_S
        return QRect(left, row.top() + 1, size, size)

    # --- mouse and keyboard ---------------------------------------------------------------

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        item = self.history.item(index)
        if event.button() != Qt.MouseButton.LeftButton or index != self.currentIndex():
            return
        place = self.more_rect(self.visualRect(index))
        if isinstance(item, ConversationRow) and place.contains(event.position().toPoint()):
            self.menu_wanted.emit(item, self.viewport().mapToGlobal(place.bottomLeft()))
        elif item is not None and not isinstance(item, Heading) and not self.is_renaming:
            self.chosen.emit(item)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_mouse = event.reason() == QContextMenuEvent.Reason.Mouse
        index = self.indexAt(event.pos()) if by_mouse else self.currentIndex()
        item = self.history.item(index)
        if isinstance(item, ConversationRow):
            below = self.viewport().mapToGlobal(self.visualRect(index).bottomLeft())
            self.menu_wanted.emit(item, event.globalPos() if by_mouse else below)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.chosen_item()
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and item is not None:
            self.chosen.emit(item)
        elif key == Qt.Key.Key_F2 and isinstance(item, ConversationRow):
            self.rename(item)
        elif key == Qt.Key.Key_Delete and isinstance(item, ConversationRow):
            self.delete_wanted.emit(item)
        elif event.matches(QKeySequence.StandardKey.Undo):
            self.undo_wanted.emit()
        elif key == Qt.Key.Key_Up and not self._above():
            self.left_above.emit()
        else:
            super().keyPressEvent(event)

    def _above(self) -> bool:
        """Whether there is a row above the present one to go to."""
        rows = range(self.currentIndex().row())
        return any(self.history.index(row).flags() & Qt.ItemFlag.ItemIsEnabled for row in rows)

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        super().closeEditor(editor, hint)
        self.edited.emit()
        self.setFocus(Qt.FocusReason.OtherFocusReason)
