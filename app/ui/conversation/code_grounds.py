"""What stands behind and beside the letters of a text: the grounds of its code blocks with their
language and a button that copies them, and the bars of its quotes."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QTextDocument
from PySide6.QtWidgets import QTextBrowser

from app.ui import theme as look
from app.ui.conversation.action_button import BUTTON_PX, ActionButton
from app.ui.conversation.markdown_dress import (
    CODE_HEAD_PX,
    CODE_INSET_PX,
    CodeField,
    code_fields,
    is_rule,
    quote_level,
)
from app.ui.conversation.text_sizes import TextSizes
from app.ui.theme import Theme

_CORNER_PX = 6
_BAR_PX = 3


class CodeGrounds(QObject):
    """Belongs to one text browser, whose document it reads. Lives in the GUI thread.

    Signals:
        copied: the button of a code block was pressed (its place, int).
    """

    copied = Signal(int)

    def __init__(self, theme: Theme, sizes: TextSizes, browser: QTextBrowser) -> None:
        super().__init__(browser)
        self._theme = theme
        self._sizes = sizes
        self._browser = browser
        self.continues = False
        """The first code block is the rest of one that began in another text."""
        self._fields: list[CodeField] = []
        self._quotes: list[tuple[int, int, int]] = []
        """First and last block, and level, of each quote."""
        self._rects: list[QRectF] = []
        self._bars: list[QRectF] = []
        self._rule_blocks: list[int] = []
        self._rules: list[float] = []
        """Heights of the thematic breaks."""
        self._buttons: list[ActionButton] = []

    @property
    def fields(self) -> list[CodeField]:
        return self._fields

    @property
    def buttons(self) -> list[ActionButton]:
        """One for each block; hidden where the block began in another text."""
        return [button for button in self._buttons if not button.isHidden()]

    def read(self, document: QTextDocument) -> None:
        """The document is another, or another is in it."""
        self._fields = code_fields(document)
        self._quotes, self._rule_blocks = _marks(document)
        while len(self._buttons) > len(self._fields):
            button = self._buttons.pop()
            button.hide()
            button.deleteLater()
        while len(self._buttons) < len(self._fields):
            self._buttons.append(self._button(len(self._buttons)))
        for number, button in enumerate(self._buttons):
            button.setVisible(not (self.continues and number == 0))

    def say_copied(self, number: int) -> None:
        self._buttons[number].say_done(self.tr("Copied"))

    def _button(self, number: int) -> ActionButton:
        button = ActionButton(
            self._theme,
            "copy",
            self.tr("Copy this code"),
            self.tr("Copy"),
            self._browser.viewport(),
            sizes=self._sizes,
        )
        button.clicked.connect(lambda: self.copied.emit(number))
        return button

    # --- places ---------------------------------------------------------------------------

    def place(self, width: int) -> None:
        """The document was laid out `width` wide."""
        px = self._sizes.px
        below = px(look.SPACE_S)
        self._rects = []
        for number, field in enumerate(self._fields):
            lines = self._rect(field.first, field.last)
            block = self._browser.document().findBlockByNumber(field.first)
            indent = quote_level(block) * px(look.SPACE_L)
            rect = QRectF(indent, lines.top(), width - indent, lines.height())
            self._rects.append(rect.adjusted(0, -px(CODE_HEAD_PX), 0, below))
            side = px(BUTTON_PX)
            left = width - side - 2
            if self._browser.layoutDirection() == Qt.LayoutDirection.RightToLeft:
                left = 2
            top = round(self._rects[-1].top()) + 2
            self._buttons[number].setGeometry(left, top, side, side)
        self._bars = []
        for first, last, level in self._quotes:
            lines = self._rect(first, last)
            left = (level - 1) * px(look.SPACE_L)
            if self._browser.layoutDirection() == Qt.LayoutDirection.RightToLeft:
                left = width - left - _BAR_PX
            self._bars.append(QRectF(left, lines.top(), _BAR_PX, lines.height()))
        self._rules = [self._rect(block, block).center().y() for block in self._rule_blocks]

    def _rect(self, first: int, last: int) -> QRectF:
        document = self._browser.document()
        layout = document.documentLayout()
        top = layout.blockBoundingRect(document.findBlockByNumber(first))
        return top.united(layout.blockBoundingRect(document.findBlockByNumber(last)))

    def paint(self, painter: QPainter, clip: QRectF) -> None:
        """Draw what lies behind the letters."""
        if not (self._rects or self._bars or self._rules):
            return
        tokens = self._theme.tokens
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.sunk))
        for rect in self._rects:
            if rect.intersects(clip):
                painter.drawRoundedRect(rect, _CORNER_PX, _CORNER_PX)
        painter.setBrush(QColor(tokens.edge))
        for bar in self._bars:
            painter.drawRoundedRect(bar, _BAR_PX / 2, _BAR_PX / 2)
        painter.setBrush(QColor(tokens.line))
        for y in self._rules:
            painter.drawRect(QRectF(0, round(y), self._browser.viewport().width(), 1))
        font = QFont(look.text_families())
        font.setPixelSize(self._sizes.px(look.SMALL_PX - 1))
        painter.setFont(font)
        painter.setPen(QColor(tokens.muted))
        inset = self._sizes.px(CODE_INSET_PX)
        for number, (field, rect) in enumerate(zip(self._fields, self._rects, strict=False)):
            if self.continues and number == 0:
                continue
            head = rect.adjusted(inset, 0, -self._sizes.px(BUTTON_PX) - inset, 0)
            head.setHeight(self._sizes.px(CODE_HEAD_PX))
            name = field.language or self.tr("Code")
            painter.drawText(head, Qt.AlignmentFlag.AlignVCenter, name)


def _marks(document: QTextDocument) -> tuple[list[tuple[int, int, int]], list[int]]:
    """First and last block and level of each quote, and of those inside it; and the breaks."""
    quotes: list[tuple[int, int, int]] = []
    rules: list[int] = []
    open_since: list[int] = []
    block = document.begin()
    number = 0
    while block.isValid():
        level = quote_level(block)
        while len(open_since) > level:
            quotes.append((open_since.pop(), number - 1, len(open_since) + 1))
        while len(open_since) < level:
            open_since.append(number)
        if is_rule(block):
            rules.append(number)
        block, number = block.next(), number + 1
    while open_since:
        quotes.append((open_since.pop(), number - 1, len(open_since) + 1))
    return quotes, rules
