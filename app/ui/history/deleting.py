"""Deleting conversations in the sidebar: what can be taken back, and what is asked first."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from app.core.history_events import (
    ConversationDeleted,
    ConversationRow,
    DeleteAllConversations,
    DeleteConversation,
    NewConversation,
    OpenConversation,
    RestoreConversation,
)
from app.ui.history.days import conversations
from app.ui.history.notes import HistoryNote

NAMED_CHARS = 40
"""Of a title in the note; more would bury its button."""


class Deleting(QObject):
    """Owns the two notes: one offers to take a deletion back, the other asks before everything
    goes. Both stand inside the sidebar, so that talking goes on beside them.

    Signals:
        intent: what the user wants.
        announced: something for who does not see it (str).
        undone: a deletion was taken back (`session_id`), and whether by its button, which is gone
            with the keyboard's focus.
        settled: the question about everything was answered, likewise.

    Attributes:
        current: `session_id` of the conversation on the page.
        total: how many there are.
    """

    intent = Signal(object)
    announced = Signal(str)
    undone = Signal(int, bool)
    settled = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.current = 0
        self.total = 0
        self.undo_note, self.confirm_note = HistoryNote(), HistoryNote()
        self._last: tuple[int, bool] | None = None
        """The conversation that can be taken back, and whether it was on the page."""
        self.undo_note.pressed.connect(self.undo)
        self.confirm_note.pressed.connect(self._delete_all)
        self.confirm_note.dismissed.connect(self.keep_all)

    def delete(self, row: ConversationRow) -> None:
        """This one; it can be taken back for a while."""
        was_open = row.session_id == self.current
        self._last = (row.session_id, was_open)
        if was_open:
            self.intent.emit(NewConversation())  # the page must not go on showing it
        self.intent.emit(DeleteConversation(session_id=row.session_id))

    def offer_undo(self, event: ConversationDeleted) -> None:
        """It is deleted."""
        if self._last is None or self._last[0] != event.session_id:
            self._last = (event.session_id, False)
        title = event.title or self.tr("Untitled")
        if len(title) > NAMED_CHARS:
            title = title[: NAMED_CHARS - 1].rstrip() + "…"
        self.undo_note.say(
            self.tr("“%1” is deleted.").replace("%1", title),
            button=self.tr("Undo"),
            for_ms=round(1000 * event.undo_s),
        )
        self.announced.emit(self.undo_note.words)

    def somebody_talks(self) -> None:
        """A turn has begun: the page is no longer an empty one that may give way."""
        if self._last is not None:
            self._last = (self._last[0], False)

    def undo(self) -> None:
        """Take the last one back, as long as that is offered."""
        if self._last is None or self.undo_note.isHidden():
            return
        (session_id, was_open), self._last = self._last, None
        had_focus = self.undo_note.button.hasFocus()
        self.undo_note.put_away()
        self.intent.emit(RestoreConversation(session_id=session_id))
        if was_open:  # and nothing was said since
            self.intent.emit(OpenConversation(session_id=session_id))
        self.undone.emit(session_id, had_focus)

    def ask_for_all(self) -> None:
        """Everything is to go: ask first."""
        self.confirm_note.say(
            self.tr("Delete %1 for good? This cannot be taken back.").replace(
                "%1", conversations(self.total)
            ),
            button=self.tr("Delete all"),
            other=self.tr("Keep them"),
        )
        self.confirm_note.other.setFocus(Qt.FocusReason.OtherFocusReason)

    def keep_all(self) -> None:
        """The answer is no."""
        self.confirm_note.put_away()
        self.settled.emit()

    def _delete_all(self) -> None:
        self.confirm_note.put_away()
        self.undo_note.put_away()
        self._last = None
        if self.current:
            self.intent.emit(NewConversation())
        self.intent.emit(DeleteAllConversations())
        self.settled.emit()
