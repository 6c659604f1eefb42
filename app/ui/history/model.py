"""The rows of the list of conversations, or of what a search found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QDate, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QWidget

from app.core.history_events import ConversationRow, FoundTurn
from app.ui import words
from app.ui.history.days import by_day, short_date

Index = QModelIndex | QPersistentModelIndex

ItemRole = Qt.ItemDataRole.UserRole
"""The `Heading`, `ConversationRow` or `FoundTurn` of a row."""


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a group."""

    text: str


Item = Heading | ConversationRow | FoundTurn


def is_its_title(found: FoundTurn) -> bool:
    """Whether what was found is what its conversation is called: the question it began with."""
    return "".join(text for text, _ in found.pieces) == found.title


class HistoryModel(QAbstractListModel):
    """The rows. GUI thread.

    Signals:
        renamed: a conversation got another name here (`session_id`, the name).
    """

    renamed = Signal(int, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: list[Item] = []
        self.today = QDate.currentDate()
        self.current = 0
        """`session_id` of the conversation on the page."""
        self.current_turn = 0
        """`row_id` of its turn that was found and opened; 0 for none."""

    @property
    def items(self) -> Sequence[Item]:
        return self._items

    def show_conversations(self, rows: Sequence[ConversationRow], today: QDate) -> None:
        items: list[Item] = []
        for title, group in by_day(rows, today):
            items.append(Heading(title))
            items += group
        self._reset(items, today)

    def show_found(self, turns: Sequence[FoundTurn], today: QDate) -> None:
        self._reset(list(turns), today)

    def _reset(self, items: list[Item], today: QDate) -> None:
        self.beginResetModel()
        self._items, self.today = items, today
        self.endResetModel()

    def item(self, index: Index) -> Item | None:
        return self._items[index.row()] if index.isValid() else None

    def place_of(self, item: Item | None) -> QModelIndex:
        """Where this conversation or turn stands now; no valid index when it is gone."""
        for row, each in enumerate(self._items):
            if _same(each, item):
                return self.index(row)
        return QModelIndex()

    def place_of_conversation(self, session_id: int) -> QModelIndex:
        """Where it, or what was found in it, stands now."""
        for row, each in enumerate(self._items):
            if not isinstance(each, Heading) and each.session_id == session_id:
                return self.index(row)
        return QModelIndex()

    # --- Qt's side ------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._items)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        item = self.item(index)
        if item is None:
            return None
        if role == ItemRole:
            return item
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return item.text if isinstance(item, Heading) else self._title(item)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(item)
        if role == Qt.ItemDataRole.ToolTipRole and isinstance(item, ConversationRow):
            return f"{self._title(item)}\n{short_date(item.last_at, self.today)}"
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        item = self.item(index)
        if item is None or isinstance(item, Heading):
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if isinstance(item, ConversationRow):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        item = self.item(index)
        if role != Qt.ItemDataRole.EditRole or not isinstance(item, ConversationRow):
            return False
        name = " ".join(str(value).split())
        if name != item.title:
            self.renamed.emit(item.session_id, name)
        return True

    def _title(self, item: ConversationRow | FoundTurn) -> str:
        return item.title or self.tr("Untitled")

    def _spoken(self, item: Item) -> str:
        if isinstance(item, Heading):
            return item.text
        if isinstance(item, FoundTurn):
            date = short_date(item.started_at, self.today)
            if is_its_title(item):
                return f"{self._name(item)}, {date}"
            said = "".join(text for text, _ in item.pieces)
            return (
                self.tr("%1, %2: %3")
                .replace("%1", self._name(item))
                .replace("%2", date)
                .replace("%3", said)
            )
        turns = words.turns(item.turns)
        return f"{self._name(item)}, {short_date(item.last_at, self.today)}, {turns}"

    def _name(self, item: ConversationRow | FoundTurn) -> str:
        """The title, with the marks that are drawn beside it."""
        name = self._title(item)
        if isinstance(item, ConversationRow) and item.pinned:
            name = self.tr("%1, pinned").replace("%1", name)
        if item.session_id == self.current:
            name = self.tr("%1, open").replace("%1", name)
        return name


def _same(one: Item, other: Item | None) -> bool:
    match one, other:
        case ConversationRow(), ConversationRow():
            return one.session_id == other.session_id
        case FoundTurn(), FoundTurn():
            return one.row_id == other.row_id
    return False
