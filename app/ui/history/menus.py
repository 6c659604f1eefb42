"""What can be done with one conversation, or with all of them."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QMenu, QWidget

from app.core.history_events import ConversationRow, ExportFormat


class HistoryMenus(QObject):
    """Makes the menus.

    Signals:
        rename_wanted, pin_wanted, delete_wanted: with a `ConversationRow`.
        delete_all_wanted: everything is to go; nobody was asked yet.
        export_wanted: an `ExportFormat`, a title for the file, a `session_id` or None for all.
    """

    rename_wanted = Signal(object)
    pin_wanted = Signal(object)
    delete_wanted = Signal(object)
    delete_all_wanted = Signal()
    export_wanted = Signal(object, str, object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._parent = parent

    def for_one(self, row: ConversationRow) -> QMenu:
        """Of one conversation."""
        menu = self._menu()
        rename = menu.addAction(self.tr("Rename"))
        rename.setShortcut("F2")
        rename.triggered.connect(lambda: self.rename_wanted.emit(row))
        pin = menu.addAction(self.tr("Unpin") if row.pinned else self.tr("Pin"))
        pin.triggered.connect(lambda: self.pin_wanted.emit(row))
        title = row.title or self.tr("Untitled")
        self._add_exports(menu, self.tr("Export"), title, row.session_id)
        menu.addSeparator()
        delete = menu.addAction(self.tr("Delete"))
        delete.setShortcut("Del")
        delete.triggered.connect(lambda: self.delete_wanted.emit(row))
        return menu

    def for_all(self) -> QMenu:
        """Of all of them."""
        menu = self._menu()
        title = self.tr("Conversations with Parley")
        self._add_exports(menu, self.tr("Export all"), title, None)
        menu.addSeparator()
        menu.addAction(self.tr("Delete all…")).triggered.connect(self.delete_all_wanted)
        return menu

    def _menu(self) -> QMenu:
        menu = QMenu(self._parent)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    def _add_exports(self, menu: QMenu, words: str, title: str, session_id: int | None) -> None:
        export = menu.addMenu(words)
        kinds: list[tuple[ExportFormat, str]] = [
            ("markdown", self.tr("Markdown, to read…")),
            ("json", self.tr("JSON, to take along…")),
        ]
        if session_id is not None:
            kinds.append(("wav", self.tr("Sound, to listen…")))
        for format, about in kinds:
            wanted = partial(self.export_wanted.emit, format, title, session_id)
            export.addAction(about).triggered.connect(lambda _checked, wanted=wanted: wanted())
