"""The texts of one reply, in the order in which they stand under each other."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.ui.conversation.reply_chunks import ReplyChunks
from app.ui.conversation.text_block import TextBlock
from app.ui.conversation.text_sizes import TextSizes
from app.ui.conversation.turn_actions import copy_text
from app.ui.theme import Theme


class ReplyText(QObject):
    """Cuts a reply and shows each piece in a text of its own. Lives in the GUI thread.

    Attributes:
        blocks: the texts; their places are given by the turn.

    Signals:
        made: a text was made (`TextBlock`).
        link_clicked: an http(s) link was clicked (QUrl).
        resized: a text may be higher now.
    """

    made = Signal(object)
    link_clicked = Signal(object)
    resized = Signal()

    def __init__(self, theme: Theme, sizes: TextSizes, turn: QWidget) -> None:
        super().__init__(turn)
        self._theme = theme
        self._sizes = sizes
        self._turn = turn
        self._chunks = ReplyChunks()
        self._finished = 0
        """So many texts will not change any more."""
        self.blocks: list[TextBlock] = []

    def show_text(self, reply: str, *, done: bool) -> None:
        """Show the reply, which is what was shown and more, or another one.

        Args:
            done: it will not grow any more.
        """
        shown = self._chunks.text
        if not reply.startswith(shown):
            self._start_anew()
            shown = ""
        self._chunks.append(reply[len(shown) :])
        if reply:
            self._draw(done)

    def _start_anew(self) -> None:
        """The reply is not what was drawn (a word was taken back)."""
        self._chunks = ReplyChunks()
        self._finished = 0
        for block in self.blocks:
            block.hide()
            block.deleteLater()
        self.blocks = []

    def _draw(self, done: bool) -> None:
        chunks = self._chunks.chunks
        while len(self.blocks) < len(chunks):
            self._make(continues=bool(chunks[len(self.blocks)].reopened))
        finished = len(chunks) if done else len(chunks) - 1
        for number in range(self._finished, len(chunks)):
            if number < finished:
                self.blocks[number].show_markdown(chunks[number].markdown)
                self._finished = number + 1
            else:
                self.blocks[number].show_growing(chunks[number].markdown)

    def _make(self, *, continues: bool) -> None:
        block = TextBlock(self._theme, self._turn, sizes=self._sizes)
        block.code.continues = continues
        block.setAccessibleName(self.tr("Parley answered"))
        block.link_clicked.connect(self.link_clicked)
        block.code_copied.connect(self._copy_code)
        block.grown.connect(self.resized)
        block.show()
        self.blocks.append(block)
        self.made.emit(block)

    def _copy_code(self, number: int) -> None:
        """A block of code, with what of it stands in the texts that follow."""
        block = self.sender()
        if not isinstance(block, TextBlock):
            return
        pieces = [block.code.fields[number].text]
        goes_on = number == len(block.code.fields) - 1
        for after in self.blocks[self.blocks.index(block) + 1 :]:
            if not (goes_on and after.code.continues and after.code.fields):
                break
            pieces.append(after.code.fields[0].text)
            goes_on = len(after.code.fields) == 1
        copy_text("\n".join(pieces))
        block.code.say_copied(number)
