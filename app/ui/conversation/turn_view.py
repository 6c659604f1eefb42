"""One turn on the page: your words right and quiet, Parley's left and plain, one thin line under
them that folds out into where the time went, and what can be done with it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QCursor, QEnterEvent, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QWidget

from app.ui import icons
from app.ui import theme as look
from app.ui.cards import Card
from app.ui.conversation.action_button import scrolls_the_page
from app.ui.conversation.day_words import day_line
from app.ui.conversation.markdown_dress import body_leading
from app.ui.conversation.question_editor import QuestionEditor
from app.ui.conversation.reply_text import ReplyText
from app.ui.conversation.text_block import TextBlock
from app.ui.conversation.text_sizes import TextSizes
from app.ui.conversation.turn_actions import TurnActions, copy_text
from app.ui.conversation.turn_details import Details, meta_line
from app.ui.conversation.turn_entry import ALL, Part, Remark, TurnEntry
from app.ui.elided_button import ElidedButton
from app.ui.labels import plain_label
from app.ui.theme import Theme

SAID_FROM = 0.3
"""Where the column of the user's words begins, as a share of the page's. It is fixed, so that
words do not wander while more of them are recognised."""

OVERHANG_PX = 10
"""Room beside the column for focus rings and for the padding of what aligns by its words."""

_SHOWN_QUESTION = 20_000
"""Characters of a question that are laid out; nobody reads a pasted book again here."""


class _MetaButton(ElidedButton):
    """The thin line; keys that scroll are the page's."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if scrolls_the_page(event):
            event.ignore()
        else:
            super().keyPressEvent(event)


MakeCard = Callable[[Remark, QWidget], Card]
"""Makes the card of a remark, a child of the turn."""


class TurnView(QWidget):
    """Draws one `TurnEntry`; `arrange` lays it out. Lives in the GUI thread.

    Signals:
        resized: its height is another now (details were folded out or in, words are edited).
        link_clicked: an http(s) link in the reply was clicked (QUrl).
        ask_again: the question is to be asked again, in these words (str).
        say_again: the reply is to be read aloud again.
        stop_wanted: it is to stop.
        selected: some of its text was selected; nothing else should be.
    """

    resized = Signal()
    link_clicked = Signal(object)
    ask_again = Signal(str)
    say_again = Signal()
    stop_wanted = Signal()
    selected = Signal()

    def __init__(
        self,
        theme: Theme,
        entry: TurnEntry,
        parent: QWidget | None = None,
        *,
        sizes: TextSizes | None = None,
        make_card: MakeCard | None = None,
    ) -> None:
        """
        Args:
            make_card: shows a remark in a way of its own; None shows its words alone.
        """
        super().__init__(parent)
        self._make_card = make_card or self._plain_card
        self.entry = entry
        self._theme = theme
        self._sizes = sizes or TextSizes()
        self._day = plain_label("small", wraps=False)
        self._day.setParent(self)
        self._day.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._said = QFrame(self)
        self._said.setObjectName("said")
        self._said_height = 0
        """Of words that are still being recognised: the box only grows."""
        self._transcript = TextBlock(theme, self._said, sizes=self._sizes)
        self._transcript.setAccessibleName(self.tr("You said"))
        self._watch(self._transcript)
        self._editor: QuestionEditor | None = None
        self._waiting = plain_label("small", self.tr("Thinking"), wraps=False)
        self._waiting.setParent(self)
        self._reply = ReplyText(theme, self._sizes, self)
        self._reply.link_clicked.connect(self.link_clicked)
        self._reply.resized.connect(self.resized)
        self._reply.made.connect(self._watch)
        self._cards: list[Card] = []
        self._meta = _MetaButton(self)
        self._meta.setProperty("role", "quiet")
        self._meta.setCheckable(True)
        self._meta.toggled.connect(self._fold)
        self._details: Details | None = None
        self._focused: TextBlock | None = None
        self._has_pointer = self._has_keyboard = False
        self.buttons = TurnActions(theme, entry, self._sizes, self)
        self.buttons.ask_again.connect(lambda: self.ask_again.emit(entry.transcript))
        self.buttons.say_again.connect(self.say_again)
        self.buttons.stop_wanted.connect(self.stop_wanted)
        self.buttons.edit_wanted.connect(self.edit)
        theme.changed.connect(self._dress_meta)
        self._show_day()
        self.refresh(ALL)

    # --- what it shows --------------------------------------------------------------------

    @property
    def transcript_block(self) -> TextBlock:
        return self._transcript

    @property
    def reply_blocks(self) -> list[TextBlock]:
        return list(self._reply.blocks)

    @property
    def meta_button(self) -> ElidedButton:
        return self._meta

    @property
    def details(self) -> Details | None:
        return self._details

    @property
    def cards(self) -> list[Card]:
        return list(self._cards)

    @property
    def editor(self) -> QuestionEditor | None:
        """Where the question is being edited, if it is."""
        return self._editor

    @property
    def day(self) -> str:
        """The day that begins with it; empty when it is that of the turn before."""
        return "" if self._day.isHidden() else self._day.text()

    def tab_stops(self) -> list[QWidget]:
        """What the keyboard visits, in reading order."""
        stops: list[QWidget] = self._editor.stops if self._editor else [self._transcript]
        stops = [*stops, *self.buttons.words_stops]
        for block in self._reply.blocks:
            stops += block.tab_stops()
        return [*stops, self._meta, *self.buttons.reply_stops]

    def selected_text(self) -> str:
        """What is selected in it."""
        for block in (self._transcript, *self._reply.blocks):
            if block.textCursor().hasSelection():
                return block.textCursor().selection().toPlainText()
        return ""

    def clear_selection(self, but: TextBlock | None = None) -> None:
        """Select nothing any more."""
        for block in (self._transcript, *self._reply.blocks):
            cursor = block.textCursor()
            if block is not but and cursor.hasSelection():
                cursor.clearSelection()
                block.setTextCursor(cursor)

    def refresh(self, parts: Part) -> None:
        """Take over what changed of the entry; `arrange` follows."""
        if Part.TRANSCRIPT in parts:
            self._show_transcript()
        if Part.REPLY in parts:
            self._reply.show_text(self.entry.reply, done=self.entry.reply_done)
        if Part.REMARKS in parts:
            self._show_remarks()
        if parts & (Part.META | Part.REPLY):
            self._show_meta()
        self._waiting.setVisible(self._is_waiting())
        self.buttons.show_entry()

    def _show_day(self) -> None:
        self._day.setVisible(self.entry.begins_day)
        if self.entry.begins_day:
            self._day.setText(day_line(self.entry.started_at, time.time()))

    def _show_transcript(self) -> None:
        entry = self.entry
        text = entry.transcript
        if len(text) > _SHOWN_QUESTION:
            text = text[:_SHOWN_QUESTION] + "…"
        if not text and entry.source == "voice" and not entry.outcome:
            text = "…"
        self._said.setVisible(bool(text) and self._editor is None)
        if entry.transcript_final:
            self._transcript.show_plain(text)
        else:
            self._transcript.show_plain(text, "muted", entry.stable)

    def _show_remarks(self) -> None:
        for card in self._cards:
            card.hide()
            card.deleteLater()
        self._cards = [self._make_card(remark, self) for remark in self.entry.remarks]
        for card in self._cards:
            card.show()

    def _plain_card(self, remark: Remark, parent: QWidget) -> Card:
        words = (remark.title, remark.hint, remark.level)
        return Card(self._theme, *words, can_dismiss=False, parent=parent)

    def _show_meta(self) -> None:
        entry = self.entry
        self._meta.setVisible(bool(entry.reply_done and entry.reply and entry.source != "timer"))
        text = meta_line(entry)
        if text != self._meta.text():
            self._meta.setText(text)
            self._meta.setToolTip(self.tr("Show where the time went") + "\n" + text)
            self._meta.setAccessibleName(self.tr("How this was answered: %1").replace("%1", text))
        self._dress_meta()
        if self._details is not None:
            self._details.show_entry(entry)

    def _is_waiting(self) -> bool:
        entry = self.entry
        return (
            entry.transcript_final
            and bool(entry.transcript)
            and not entry.reply
            and not entry.outcome
            and not any(remark.level == "error" for remark in entry.remarks)
        )

    # --- layout ---------------------------------------------------------------------------

    @property
    def _from_right(self) -> bool:
        return self.layoutDirection() == Qt.LayoutDirection.RightToLeft

    def place(self, left: int, top: int, width: int, height: int) -> None:
        """Put the turn on the page; the widget is a little wider than the column."""
        self.setGeometry(left - OVERHANG_PX, top, width + 2 * OVERHANG_PX, height)

    def arrange(self, width: int) -> int:
        """Lay out in a column `width` pixels wide; returns the height it takes."""
        x = OVERHANG_PX
        y = look.SPACE_M
        if not self._day.isHidden():
            self._day.setGeometry(x, y, width, self._day.sizeHint().height())
            y += self._day.height() + look.SPACE_L
        y = self._arrange_words(x, y, width)
        if not self._waiting.isHidden():
            # As high as the first line of the reply, which takes its place.
            height = math.ceil(self._sizes.line - body_leading(self._sizes))
            self._waiting.setGeometry(x, y, width, height)
            y += height + look.SPACE_S
        for block in self._reply.blocks:
            height = block.height_for(width)
            block.setGeometry(x, y, width, height)
            y += height + look.SPACE_S
        for card in self._cards:
            height = card.heightForWidth(width)
            card.setGeometry(x, y, width, height)
            y += height + look.SPACE_S
        y = self._arrange_row(x, y, width)
        if self._details is not None:
            height = self._details.heightForWidth(width)
            self._details.setGeometry(x, y, width, height)
            y += height + look.SPACE_S
        return y + look.SPACE_M

    def _arrange_words(self, x: int, y: int, width: int) -> int:
        """Your words, or the editor in their place; returns where they end."""
        left = round(width * SAID_FROM)
        outer = width - left
        left = x if self._from_right else x + left
        if self._editor is not None:
            height = self._editor.height_for(outer)
            self._editor.setGeometry(left, y, outer, height)
            return y + height + look.SPACE_L
        if self._said.isHidden():
            return y
        inner = outer - 2 * look.SPACE_L
        height = self._transcript.height_for(inner)
        if self.entry.transcript_final or self.entry.outcome:
            self._said_height = 0
        else:
            height = self._said_height = max(height, self._said_height)
        box = QRect(left, y, outer, height + 2 * look.SPACE_M)
        self._said.setGeometry(box)
        self._transcript.setGeometry(look.SPACE_L, look.SPACE_M, inner, height)
        self.buttons.place_beside_words(box, from_right=self._from_right)
        return y + box.height() + look.SPACE_L

    def _arrange_row(self, x: int, y: int, width: int) -> int:
        """The thin line and what can be done, in one row; returns where it ends."""
        hint = self._meta.sizeHint()
        line = 0 if self._meta.isHidden() else hint.height()
        height = max(line, self.buttons.height)
        if not height:
            return y
        # As high in a running turn, in which the line has yet to come: nothing moves for it.
        height = max(hint.height(), height)
        row = QRect(x, y - look.SPACE_XS, width, height)
        taken = self.buttons.place_under_reply(row, from_right=self._from_right)
        # The button's padding hangs out, so that its words align with the reply's.
        wide = min(hint.width(), width - taken + look.SPACE_S)
        left = width - wide + look.SPACE_S if self._from_right else -look.SPACE_S + 1
        self._meta.setGeometry(
            x + left, row.top() + (height - hint.height()) // 2, wide, hint.height()
        )
        return y + height

    # --- what can be done -----------------------------------------------------------------

    def edit(self) -> None:
        """Edit the question in its place."""
        if self._editor is not None:
            return
        self._editor = QuestionEditor(self.entry.transcript, self)
        self._editor.sent.connect(self._send)
        self._editor.cancelled.connect(self.stop_editing)
        self._editor.resized.connect(self.resized)
        self._editor.show()
        self._editor.box.setFocus(Qt.FocusReason.OtherFocusReason)
        self._said.hide()
        self.buttons.show_edited(True)
        self.resized.emit()

    def stop_editing(self) -> None:
        """Show the words as they were."""
        if self._editor is None:
            return
        editor, self._editor = self._editor, None
        self._show_transcript()
        self.buttons.show_edited(False)
        self.buttons.edit.setFocus(Qt.FocusReason.OtherFocusReason)
        editor.hide()
        editor.deleteLater()
        self.resized.emit()

    def _send(self, text: str) -> None:
        self.stop_editing()
        self.ask_again.emit(text)

    def copy_reply(self) -> None:
        """Put the reply on the clipboard, or the question where there is none."""
        copy_text(self.entry.reply or self.entry.transcript)

    # --- folding, focus, colours ----------------------------------------------------------

    def _fold(self, out: bool) -> None:
        if self._details is not None:
            self._details.hide()
            self._details.deleteLater()
            self._details = None
        if out:
            self._details = Details(self._theme, self, sizes=self._sizes)
            self._details.show_entry(self.entry)
            self._details.show()
        # Who does not see the chart hears it where the keyboard is.
        self._meta.setAccessibleDescription(self._details.text if self._details else "")
        self._dress_meta()
        self.resized.emit()

    def keep_keyboard(self, here: bool) -> None:
        """The keyboard is in the turn, or has left it."""
        self._has_keyboard = here
        self.buttons.come_near(self._has_pointer or self._has_keyboard)

    def look_for_pointer(self) -> None:
        """The page moved under the pointer, for which Qt tells nobody."""
        self._has_pointer = self.rect().contains(self.mapFromGlobal(QCursor.pos()))
        self.buttons.come_near(self._has_pointer or self._has_keyboard)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._has_pointer = True
        self.buttons.come_near(True)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._has_pointer = False
        self.buttons.come_near(self._has_keyboard)

    def _watch(self, block: TextBlock) -> None:
        block.focus_seen.connect(self._show_focus)
        block.copyAvailable.connect(self._tell_selected)

    def _tell_selected(self, something: bool) -> None:
        block = self.sender()
        if something and isinstance(block, TextBlock):
            self.clear_selection(but=block)
            self.selected.emit()

    def _show_focus(self, by_key: bool) -> None:
        block = self.sender()
        self._focused = block if by_key and isinstance(block, TextBlock) else None
        self.update()

    def _dress_meta(self) -> None:
        name = "chevron-down" if self._meta.isChecked() else icons.onward(self)
        self._meta.setIcon(icons.icon(name, self._theme.tokens.muted, size=16))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The focus ring of a text reached by keyboard."""
        if self._focused is None or self._focused is self._transcript:
            box = self._said.geometry() if self._focused is self._transcript else None
        else:
            box = self._focused.geometry().adjusted(-6, -3, 6, 3)
        if box is not None:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(self._theme.tokens.accent), 2))
            painter.drawRoundedRect(
                QRectF(QRect(box)).adjusted(-1, -1, 1, 1), look.RADIUS, look.RADIUS
            )
            painter.end()
