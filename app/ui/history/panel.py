"""The conversations of this and other days: the list, and everything around it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import (
    QDate,
    QDateTime,
    QEvent,
    QObject,
    QPoint,
    QSize,
    Qt,
    QTime,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QAction,
    QColor,
    QIcon,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.core.events import Event, SettingChanged, TurnStarted
from app.core.history_events import (
    ConversationBegun,
    ConversationDeleted,
    ConversationRow,
    ConversationsExported,
    ConversationsFound,
    ConversationsListed,
    ExportConversations,
    FoundTurn,
    ListConversations,
    NewConversation,
    OpenConversation,
    PinConversation,
    RenameConversation,
    SearchConversations,
)
from app.ui import icons
from app.ui import theme as look
from app.ui.history.days import conversations
from app.ui.history.deleting import Deleting
from app.ui.history.edge import HandleBar
from app.ui.history.export import ExportDialog
from app.ui.history.list import HistoryView
from app.ui.history.menus import HistoryMenus
from app.ui.history.notes import HistoryNote
from app.ui.theme import Theme

PAGE = 200
"""Conversations that are asked for at a time."""

EXPORTED_SHOWN_MS = 8_000


class HistoryPanel(QFrame):
    """The list and everything around it.

    Signals:
        intent, settings_wanted: as `HistorySidebar`.
        went_to_page: the user chose what the page shows now.
    """

    intent = Signal(object)
    settings_wanted = Signal()
    went_to_page = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows: tuple[ConversationRow, ...] = ()
        self._total = 0
        self._limit = PAGE
        self._current = 0
        self._private = False
        self._kept = True
        self._restored = 0
        """Of the conversation that comes back, to which the keyboard goes then."""
        self._found_for = ""
        """What the list shows is what was found for this."""
        self._opens_found = False
        """Enter was pressed before that was there."""
        self._seeks_current = False
        """The search was left; what is on the page comes into sight as soon as it is listed."""
        self._late: ConversationsListed | ConversationsFound | None = None
        """What came while a name was being written."""
        self.setAccessibleName(self.tr("Conversations"))
        self.handle_bar = HandleBar(self)
        self._build()
        self.menus = HistoryMenus(self)
        self.exports = ExportDialog(self)
        self._midnight = QTimer(self)
        self._midnight.setSingleShot(True)
        self._midnight.timeout.connect(self._show_list)
        self._connect()
        self._dress()
        self._explain()

    def _build(self) -> None:
        self.new_button = QPushButton(self.tr("New conversation"))
        self.new_button.setAccessibleName(self.tr("New conversation"))
        self.new_button.setToolTip(self.tr("New conversation (Ctrl+N)"))
        self.private_button = self._tool(self.tr("Private conversation"))
        self.private_button.setToolTip(
            self.tr("Private conversation: nothing of it is kept (Ctrl+Shift+N)")
        )
        top = QHBoxLayout()
        top.setSpacing(look.SPACE_XS)
        top.addWidget(self.new_button, 1)
        top.addWidget(self.private_button)

        self.search = QLineEdit()
        self.search.setObjectName("search")
        self.search.setPlaceholderText(self.tr("Search conversations"))
        self.search.setAccessibleName(self.tr("Search conversations"))
        self.search.setClearButtonEnabled(True)
        self._glass = QAction(self.search)
        self.search.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self.search.installEventFilter(self)

        self.note = HistoryNote()
        self.list = HistoryView(self._theme)
        self.empty = QLabel()
        self.empty.setProperty("role", "small")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.empty.setTextFormat(Qt.TextFormat.PlainText)
        middle = QWidget()
        self._middle = QStackedLayout(middle)
        self._middle.addWidget(self.list)
        self._middle.addWidget(self.empty)

        self.deleting, self.export_note = Deleting(self), HistoryNote()
        self._count = QLabel()
        self._count.setProperty("role", "small")
        self.more_button = self._tool(self.tr("All conversations: export or delete"))
        self.foot = QWidget()
        foot = QHBoxLayout(self.foot)
        foot.setContentsMargins(look.SPACE_S, 0, 0, 0)
        foot.addWidget(self._count, 1)
        foot.addWidget(self.more_button)

        column = QVBoxLayout(self)
        column.setContentsMargins(0, look.SPACE_M, HandleBar.WIDTH_PX, look.SPACE_S)
        column.setSpacing(look.SPACE_S)
        column.addLayout(_inset(top))
        column.addLayout(_inset(self.search))
        column.addLayout(_inset(self.note))
        column.addWidget(middle, 1)
        for below in (
            self.export_note,
            self.deleting.undo_note,
            self.deleting.confirm_note,
            self.foot,
        ):
            column.addLayout(_inset(below))

    def _tool(self, name: str) -> QToolButton:
        button = QToolButton()
        button.setProperty("role", "icon")
        button.setIconSize(QSize(20, 20))
        button.setAccessibleName(name)
        button.setToolTip(name)
        return button

    def _connect(self) -> None:
        self.new_button.clicked.connect(lambda: self.begin())
        self.private_button.clicked.connect(lambda: self.begin(private=True))
        self.search.textChanged.connect(self._search)
        self.list.chosen.connect(self._open)
        self.list.menu_wanted.connect(self._show_menu)
        self.list.delete_wanted.connect(self.deleting.delete)
        self.list.undo_wanted.connect(self.deleting.undo)
        self.list.left_above.connect(self.search.setFocus)
        self.list.edited.connect(self._show_late)
        self.list.history.renamed.connect(
            lambda number, title: self.intent.emit(
                RenameConversation(session_id=number, title=title)
            )
        )
        self.menus.rename_wanted.connect(self.list.rename)
        self.menus.pin_wanted.connect(self._pin)
        self.menus.delete_wanted.connect(self.deleting.delete)
        self.menus.delete_all_wanted.connect(self.deleting.ask_for_all)
        self.menus.export_wanted.connect(self.exports.ask)
        self.exports.wanted.connect(self._export_now)
        self.list.verticalScrollBar().valueChanged.connect(self._want_more)
        self.deleting.intent.connect(self.intent)
        self.deleting.announced.connect(self._announce)
        self.deleting.undone.connect(self._await_restored)
        self.deleting.settled.connect(self._after_question)
        self.note.pressed.connect(self.settings_wanted)
        self.more_button.clicked.connect(self._show_all_menu)
        self._theme.changed.connect(self._dress)

    # --- events in ------------------------------------------------------------------------

    def handle(self, event: Event) -> None:
        match event:
            case ConversationsListed():
                self._take_list(event)
            case ConversationsFound():
                self._take_found(event)
            case TurnStarted():
                self.deleting.somebody_talks()
            case ConversationDeleted():
                self.deleting.offer_undo(event)
            case ConversationBegun():
                self._private = event.private
                self._mark_current(event.session_id, -event.shown)
                self._explain()
            case ConversationsExported():
                name = event.path.replace("\\", "/").rsplit("/", 1)[-1]
                self._tell(self.tr("Saved as %1.").replace("%1", name))
            case SettingChanged(name="history.enabled"):
                self._kept = bool(event.value)
                self._explain()

    def _take_list(self, event: ConversationsListed) -> None:
        if self.list.is_renaming:
            self._late = event
            return
        self._rows, self._total = event.rows, event.total
        self.deleting.total = event.total
        self._mark_current(event.current)
        if self._searched:
            self.intent.emit(SearchConversations(text=self._searched))
        else:
            self._show_list()
        self._explain()

    def _take_found(self, event: ConversationsFound) -> None:
        if event.text != self._searched:
            return
        self._show_rows(lambda: self.list.show_found(event.turns, _today()))
        self._found_for = event.text
        if not event.turns:
            said = self.tr("Nothing found for “%1”.").replace("%1", event.text)
            self.empty.setText(said)
        self._middle.setCurrentWidget(self.list if event.turns else self.empty)
        if self._opens_found:
            self._open_first()

    def _mark_current(self, session_id: int, row_id: int = 0) -> None:
        self._current = self.deleting.current = session_id
        self.list.mark_current(session_id, row_id)

    @Slot()
    def _show_late(self) -> None:
        late, self._late = self._late, None
        if late is not None:
            # When the editor is really gone: it belongs to a row of the list that is replaced.
            QTimer.singleShot(0, self, lambda: self.handle(late))

    # --- showing --------------------------------------------------------------------------

    @property
    def _searched(self) -> str:
        return self.search.text().strip()

    @Slot()
    def _show_list(self) -> None:
        """The conversations under their days; again at midnight, when the days are others."""
        if self._searched or self.list.is_renaming:
            return
        self._found_for = ""
        self._show_rows(lambda: self.list.show_conversations(self._rows, _today()))
        self.empty.setText(self.tr("Your conversations will stand here."))
        self._middle.setCurrentWidget(self.list if self._rows else self.empty)
        now = QDateTime.currentDateTime()
        midnight = QDateTime(now.date().addDays(1), QTime(0, 0, 1))
        self._midnight.start(max(1000, now.msecsTo(midnight)))
        if self._seeks_current:
            self._go_to_current()

    def _show_rows(self, change: Callable[[], None]) -> None:
        if self.list.keeping_place(change, self._restored):
            self._restored = 0

    def _go_to_current(self) -> None:
        """After a search: it may be older than what has been listed so far."""
        if self.list.go_to_current():
            self._seeks_current = False
        elif self._current and self._is_cut:
            self._ask_for_more()
        else:
            self._seeks_current = False
            self.list.scrollToTop()

    def _await_restored(self, session_id: int, by_button: bool) -> None:
        self._restored = session_id
        if by_button:
            self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _explain(self) -> None:
        """What is not as usual, in a sentence above the list."""
        if self._private:
            self.note.say(self.tr("This conversation is private: nothing of it is kept."))
        elif not self._kept:
            self.note.say(
                self.tr("History is off: new conversations are not kept."),
                button=self.tr("Settings"),
            )
        else:
            self.note.put_away()
        self.private_button.setIcon(self._icon("private", accent=self._private))
        self._count.setText(conversations(self._total))
        self.foot.setVisible(self._total > 0)

    # --- intents out ----------------------------------------------------------------------

    def begin(self, *, private: bool = False) -> None:
        """A new conversation."""
        self.intent.emit(NewConversation(private=private))
        self.went_to_page.emit()

    def _search(self, _text: str) -> None:
        self._opens_found = False
        self._seeks_current = not self._searched
        if self._searched:
            self.intent.emit(SearchConversations(text=self._searched))
        else:
            self._show_list()

    def _open_first(self) -> None:
        """Enter in the search field: what it has found, at once or as soon as it has."""
        if not self._searched:
            self.list.go_to_first()
            return
        self._opens_found = self._found_for != self._searched
        if not self._opens_found and self.list.history.items:
            self.list.setCurrentIndex(self.list.history.index(0))
            self._open(self.list.chosen_item())

    def _open(self, item: object) -> None:
        if isinstance(item, FoundTurn):
            self.intent.emit(OpenConversation(session_id=item.session_id, row_id=item.row_id))
        elif isinstance(item, ConversationRow) and item.session_id != self._current:
            self.intent.emit(OpenConversation(session_id=item.session_id))
        self.went_to_page.emit()

    def _want_more(self, value: int) -> None:
        """The end of what was asked for comes into sight."""
        bar = self.list.verticalScrollBar()
        near_end = value > bar.maximum() - 2 * self.list.height()
        if near_end and not self._searched and self._is_cut:
            self._ask_for_more()

    @property
    def _is_cut(self) -> bool:
        """Whether there are more conversations than were asked for."""
        return len(self._rows) == self._limit < self._total

    def _ask_for_more(self) -> None:
        self._limit *= 2
        self.intent.emit(ListConversations(limit=self._limit))

    def _pin(self, row: ConversationRow) -> None:
        self.intent.emit(PinConversation(session_id=row.session_id, pinned=not row.pinned))

    def _export_now(self, intent: ExportConversations) -> None:
        if intent.format == "wav":
            self._tell(self.tr("The replies are read into a file. You can go on meanwhile."))
        self.intent.emit(intent)

    def _after_question(self) -> None:
        """Whether all are to go was asked and answered."""
        (self.more_button if self._total else self.new_button).setFocus(
            Qt.FocusReason.OtherFocusReason
        )

    def _tell(self, words: str) -> None:
        self.export_note.say(words, for_ms=EXPORTED_SHOWN_MS)
        self._announce(words)

    # --- menus ----------------------------------------------------------------------------

    def _show_menu(self, row: ConversationRow, place: QPoint) -> None:
        self.menus.for_one(row).popup(place)

    def _show_all_menu(self) -> None:
        menu = self.menus.for_all()
        above = self.more_button.mapToGlobal(QPoint(0, -menu.sizeHint().height()))
        menu.popup(above)

    # --- keys, looks ----------------------------------------------------------------------

    def escape(self) -> bool:
        """Esc with the keyboard in here: the question first, then the search."""
        if self.deleting.confirm_note.isVisible():
            self.deleting.keep_all()
            return True
        if self.search.text():
            self.search.clear()
            self.search.setFocus(Qt.FocusReason.OtherFocusReason)
            return True
        return False

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Down goes from the search field into the list, Enter opens what was found first."""
        if (
            watched is self.search
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
        ):
            match event.key():
                case Qt.Key.Key_Down:
                    self.list.go_to_first()
                    return True
                case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                    self._open_first()
                    return True
        return super().eventFilter(watched, event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.intent.emit(ListConversations(limit=self._limit))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        right = self.layoutDirection() == Qt.LayoutDirection.LeftToRight
        left = self.width() - HandleBar.WIDTH_PX if right else 0
        self.handle_bar.setGeometry(left, 0, HandleBar.WIDTH_PX, self.height())
        self.handle_bar.raise_()

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens.surface))
        edge = self.width() - 1 if self.layoutDirection() == Qt.LayoutDirection.LeftToRight else 0
        painter.fillRect(edge, 0, 1, self.height(), QColor(tokens.line))
        painter.end()

    def _icon(self, name: str, *, accent: bool = False) -> QIcon:
        tokens = self._theme.tokens
        return icons.icon(name, tokens.accent if accent else tokens.muted, size=20)

    def _dress(self) -> None:
        tokens = self._theme.tokens
        self.new_button.setIcon(icons.icon("plus", tokens.text))
        self._glass.setIcon(icons.icon("search", tokens.muted))
        self.more_button.setIcon(icons.icon("more", tokens.muted, size=20))
        self.private_button.setIcon(self._icon("private", accent=self._private))
        self.update()

    def _announce(self, text: str) -> None:
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))


def _inset(part: QWidget | QHBoxLayout) -> QHBoxLayout:
    """With the column's margin at both sides."""
    row = QHBoxLayout()
    row.setContentsMargins(look.SPACE_M, 0, look.SPACE_M, 0)
    if isinstance(part, QWidget):
        row.addWidget(part)
    else:
        row.addLayout(part)
    return row


def _today() -> QDate:
    return QDate.currentDate()
