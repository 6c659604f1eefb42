"""A page whose rows can be searched: a letter typed anywhere on it begins a search."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from app.ui import icons
from app.ui.page import Page
from app.ui.theme import Theme

_WIDTH_PX = 280


class SearchPage(Page):
    """Lives in the GUI thread.

    Attributes:
        search: the line to search in; connect its `textChanged`.
    """

    def __init__(
        self, theme: Theme, title: str, search: str, parent: QWidget | None = None
    ) -> None:
        """
        Args:
            search: what the line is for ("Search settings").
        """
        super().__init__(theme, title, parent)
        self.search = QLineEdit()
        self.search.setObjectName("search")
        self.search.setPlaceholderText(search)
        self.search.setAccessibleName(search)
        self.search.setClearButtonEnabled(True)
        self.search.setMaximumWidth(_WIDTH_PX)
        self._magnifier = self.search.addAction(QIcon(), QLineEdit.ActionPosition.LeadingPosition)
        self.head.addWidget(self.search, 2)
        theme.changed.connect(self._dress_search)
        self._dress_search()

    def open(self) -> None:
        """The page was brought up."""
        self.search.setFocus(Qt.FocusReason.OtherFocusReason)
        self.search.selectAll()

    def escape(self) -> None:
        """Show everything again, or leave."""
        if self.search.text():
            self.search.clear()
            self.search.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        text = event.text()
        held = event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier
        plain = held in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if plain and text.isprintable() and text.strip():
            self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.search.insert(text)
        else:
            super().keyPressEvent(event)

    def _dress_search(self) -> None:
        self._magnifier.setIcon(icons.icon("search", self.theme.tokens.muted, size=16))
