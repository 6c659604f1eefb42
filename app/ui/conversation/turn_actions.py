"""What can be done with a turn: small buttons beside your words and under the reply, drawn while
somebody is near and reached by Tab at any time."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRect, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from app.core.events import Outcome
from app.ui import theme as look
from app.ui.cards import Glyph
from app.ui.conversation.action_button import ActionButton
from app.ui.conversation.text_sizes import TextSizes
from app.ui.conversation.turn_entry import TurnEntry
from app.ui.labels import plain_label
from app.ui.theme import Theme

_OVERHANG_PX = 5
"""Between the edge of a button and its icon: what is aligned is the icon."""


def copy_text(text: str) -> None:
    """Put it on the clipboard."""
    QGuiApplication.clipboard().setText(text)


class TurnActions(QObject):
    """The buttons of one turn; their places are given by the turn. Lives in the GUI thread.

    Signals:
        ask_again, say_again, stop_wanted, edit_wanted: the button of that name was pressed.
    """

    ask_again = Signal()
    say_again = Signal()
    stop_wanted = Signal()
    edit_wanted = Signal()

    def __init__(self, theme: Theme, entry: TurnEntry, sizes: TextSizes, turn: QWidget) -> None:
        super().__init__(turn)
        self._theme = theme
        self._entry = entry
        self._turn = turn
        self._sizes = sizes
        self._near = False
        self._edited = False
        self.copy_words = self._button("copy", self.tr("Copy your words"), self.tr("Copy"))
        self.edit = self._button("edit", self.tr("Edit your words and send"), self.tr("Edit"))
        self.copy_reply = self._button("copy", self.tr("Copy the answer"), self.tr("Copy"))
        self.again = self._button("again", self.tr("Answer again"), self.tr("Answer again"))
        self.aloud = self._button("voice", self.tr("Hear it again"), self.tr("Hear it again"))
        self.stop = self._button("stop", self.tr("Stop"), self.tr("Stop"))
        self._mark = Glyph("speaking", theme.tokens.speaking, sizes.px(16), turn)
        self._mark_words = plain_label("small", self.tr("Reading aloud"), wraps=False)
        self._mark_words.setParent(turn)
        self._mark_words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.copy_words.clicked.connect(self._copy_words)
        self.copy_reply.clicked.connect(self._copy_reply)
        self.edit.clicked.connect(self.edit_wanted)
        self.again.clicked.connect(self.ask_again)
        self.aloud.clicked.connect(self.say_again)
        self.stop.clicked.connect(self.stop_wanted)
        theme.changed.connect(self._dress)

    def _button(self, icon: str, name: str, tip: str) -> ActionButton:
        button = ActionButton(self._theme, icon, name, tip, self._turn, sizes=self._sizes)
        button.hide()
        button.show_quietly(False)
        return button

    # --- what it shows --------------------------------------------------------------------

    @property
    def words_stops(self) -> list[QWidget]:
        """What the keyboard visits behind your words."""
        return [button for button in (self.copy_words, self.edit) if not button.isHidden()]

    @property
    def reply_stops(self) -> list[QWidget]:
        """What the keyboard visits behind the reply."""
        return [button for button in self._under_reply if not button.isHidden()]

    @property
    def _under_reply(self) -> tuple[ActionButton, ...]:
        return (self.copy_reply, self.again, self.aloud, self.stop)

    @property
    def height(self) -> int:
        """Of the row under the reply, in pixels; 0 when there is nothing to do."""
        return self.stop.sizeHint().height() if self.reply_stops else 0

    def show_entry(self) -> None:
        """Offer what can be done with the turn as it is now."""
        entry = self._entry
        asked = bool(entry.transcript) and entry.transcript_final
        beside = asked and not self._edited
        over = bool(entry.outcome)
        wanted = {
            self.copy_words: beside,
            self.edit: beside,
            self.copy_reply: bool(entry.reply),
            self.again: asked and (over or entry.reply_done),
            self.aloud: bool(entry.reply) and over and not entry.read_aloud,
            self.stop: entry.is_running or entry.read_aloud,
        }
        focused = next((button for button in wanted if button.hasFocus()), None)
        for button, shown in wanted.items():
            if shown:
                button.show()
        if focused is not None and not wanted[focused]:
            # The keyboard stays here: "Hear it again" and "Stop" take turns in one place.
            heirs = [button for button in (self.stop, self.aloud, self.again) if wanted[button]]
            (heirs[0] if heirs else self._turn.parentWidget() or self._turn).setFocus()
        for button, shown in wanted.items():
            button.setVisible(shown)
        for part in (self._mark, self._mark_words):
            part.setVisible(entry.read_aloud)
        self._draw()

    def show_edited(self, edited: bool) -> None:
        """Your words are being changed in their place, or no more."""
        self._edited = edited
        self.show_entry()

    def come_near(self, near: bool) -> None:
        """Somebody's pointer, or keyboard, is in the turn."""
        self._near = near
        self._draw()

    def _draw(self) -> None:
        entry = self._entry
        for button in (self.copy_words, self.edit, *self._under_reply):
            button.show_quietly(self._near)
        if entry.outcome == Outcome.FAILED and not entry.reply:
            self.again.show_quietly(True)  # it is what to do next
        if entry.read_aloud:
            self.stop.show_quietly(True)

    def _dress(self) -> None:
        self._mark.show_icon("speaking", self._theme.tokens.speaking)

    # --- places ---------------------------------------------------------------------------

    def place_beside_words(self, box: QRect, *, from_right: bool) -> None:
        """Beside the box of your words, where the page is empty; centred on its first line.

        Args:
            from_right: the page is written from right to left.
        """
        side = self.edit.sizeHint().height()
        top = box.top() + (min(box.height(), self._sizes.px(46)) - side) // 2
        left = box.right() + look.SPACE_XS if from_right else box.left() - look.SPACE_XS - side
        step = side if from_right else -side
        for button in (self.edit, self.copy_words):
            button.setGeometry(left, top, side, side)
            left += step

    def place_under_reply(self, row: QRect, *, from_right: bool) -> int:
        """At the far end of the row; returns how much of its width is taken."""
        taken = -_OVERHANG_PX
        for part in self._row_parts():
            hint = part.sizeHint() if isinstance(part, ActionButton) else part.size()
            wide, high = hint.width(), hint.height()
            left = row.left() + taken if from_right else row.right() + 1 - taken - wide
            part.setGeometry(left, row.top() + (row.height() - high) // 2, wide, high)
            taken += wide
        return taken + look.SPACE_S

    def _row_parts(self) -> list[QWidget]:
        """What stands in the row, from its end on."""
        buttons: list[QWidget] = [button for button in self.reply_stops if button is not self.stop]
        parts = buttons[::-1]
        if self._entry.read_aloud:
            hint = self._mark_words.sizeHint()
            self._mark_words.resize(hint.width() + look.SPACE_S, hint.height())
            parts = [self._mark_words, self._mark, *parts]
        return [self.stop, *parts] if not self.stop.isHidden() else parts

    # --- the clipboard --------------------------------------------------------------------

    def _copy_words(self) -> None:
        copy_text(self._entry.transcript)
        self.copy_words.say_done(self.tr("Copied"))

    def _copy_reply(self) -> None:
        copy_text(self._entry.reply)
        self.copy_reply.say_done(self.tr("Copied"))
