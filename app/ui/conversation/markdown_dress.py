"""Gives what Qt's reader makes of Markdown our type, spacing and colours.

Works on a document before it is shown: a document on the screen is laid out again by every touch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from PySide6.QtCore import QUrl
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextTable,
)

from app.ui import theme as look
from app.ui.conversation.text_sizes import TextSizes
from app.ui.theme import Tokens

SAFE_SCHEMES = ("http", "https")
CODE_HEAD_PX = 30
"""Of the strip above code, which holds its language and a button."""
CODE_INSET_PX = look.SPACE_M
"""Between the edge of a code block's ground and its letters."""

_Spacing = QTextBlockFormat.LineHeightTypes
_Property = QTextFormat.Property
_RULE = int(_Property.UserProperty.value) + 1
"""A block that is a thematic break."""


@dataclass(frozen=True, slots=True)
class CodeField:
    """A code block of a document."""

    first: int
    last: int
    """Numbers of its first and last `QTextBlock`."""
    language: str
    """As its author named it; empty when not."""
    text: str


@lru_cache(maxsize=8)
def body_leading(sizes: TextSizes) -> float:
    """What a line of body text lacks of the wanted line height, in pixels."""
    return _leading(look.text_families(), sizes.body, sizes.line)


@lru_cache(maxsize=8)
def _body_font(sizes: TextSizes) -> QFont:
    font = QFont(look.text_families())
    font.setPixelSize(sizes.body)
    return font


def set_type(document: QTextDocument, sizes: TextSizes) -> None:
    """The type of a document's plain text."""
    document.setDefaultFont(_body_font(sizes))
    document.setDocumentMargin(0)
    document.setIndentWidth(sizes.px(look.SPACE_XL))


def space_lines(shape: QTextBlockFormat, leading: float) -> None:
    """Add room between lines, below each, so that bullets and words keep one baseline."""
    shape.setLineHeight(leading, _Spacing.LineDistanceHeight.value)


def is_code(block: QTextBlock) -> bool:
    shape = block.blockFormat()
    return block.isValid() and (
        shape.hasProperty(_Property.BlockCodeFence)
        or shape.hasProperty(_Property.BlockCodeLanguage)
    )


def is_rule(block: QTextBlock) -> bool:
    """Whether a dressed block is a thematic break."""
    return block.blockFormat().hasProperty(_RULE)


def quote_level(block: QTextBlock) -> int:
    """How deep in quotes it is; 0 for none."""
    return int(block.blockFormat().property(_Property.BlockQuoteLevel) or 0)


def code_fields(document: QTextDocument) -> list[CodeField]:
    """The code blocks, in order."""
    found: list[CodeField] = []
    lines: list[str] = []
    language, first = "", 0
    block = document.begin()
    while block.isValid():
        if is_code(block):
            if not lines:
                first = block.blockNumber()
                language = str(block.blockFormat().property(_Property.BlockCodeLanguage) or "")
            lines.append(block.text())
            if not _continues(block, block.next()):
                text = "\n".join(lines)
                found.append(CodeField(first, block.blockNumber(), language, text))
                lines = []
        block = block.next()
    return found


def _continues(block: QTextBlock, after: QTextBlock) -> bool:
    """Whether two blocks are lines of the same code."""
    if not (is_code(block) and is_code(after)):
        return False
    name = _Property.BlockCodeLanguage
    return bool(block.blockFormat().property(name) == after.blockFormat().property(name))


@lru_cache(maxsize=8)
def dress(tokens: Tokens, sizes: TextSizes) -> Dress:
    """What dresses documents in these colours and sizes."""
    return Dress(tokens, sizes)


class Dress:
    """Dresses documents in the colours and sizes it was made with. GUI thread."""

    def __init__(self, tokens: Tokens, sizes: TextSizes) -> None:
        self._sizes = sizes
        self._body_leading = body_leading(sizes)
        self._code_leading = _leading(look.fixed_families(), sizes.small, sizes.code_line)
        self._fixed = look.fixed_families()
        self._text = QColor(tokens.text)
        self._muted = QColor(tokens.muted)
        self._accent = QColor(tokens.accent)
        self._sunk = QColor(tokens.sunk)
        self._line = QColor(tokens.line)

    def put_on(self, document: QTextDocument) -> None:
        """Dress the whole of it."""
        cursor = QTextCursor(document)
        cursor.beginEditBlock()
        cursor.select(QTextCursor.SelectionType.Document)
        inked = QTextCharFormat()
        inked.setForeground(self._text)
        cursor.mergeCharFormat(inked)
        for frame in document.rootFrame().childFrames():
            if isinstance(frame, QTextTable):
                self._dress_table(frame)
        block = document.begin()
        while block.isValid():
            self._dress_block(cursor, block)
            block = block.next()
        cursor.endEditBlock()

    def put_on_code(self, document: QTextDocument, first: int) -> None:
        """Dress again the lines of code from this block on: some were added behind it."""
        cursor = QTextCursor(document)
        cursor.beginEditBlock()
        block = document.findBlockByNumber(first)
        while block.isValid():
            cursor.setPosition(block.position())
            cursor.setBlockFormat(self._code_shape(block, QTextBlockFormat(block.blockFormat())))
            block = block.next()
        cursor.endEditBlock()

    # --- blocks ---------------------------------------------------------------------------

    def _dress_block(self, cursor: QTextCursor, block: QTextBlock) -> None:
        shape = QTextBlockFormat(block.blockFormat())
        code = is_code(block)
        level = shape.headingLevel()
        cursor.setPosition(block.position())
        if code:
            shape = self._code_shape(block, shape)
            if block.length() == 1:  # as high as the other lines
                cursor.setBlockCharFormat(self._code_type())
        elif _is_rule(block):
            # Painted by `CodeGrounds`: Qt's own line is as dark as the words.
            shape.clearProperty(_Property.BlockTrailingHorizontalRulerWidth)
            shape.setProperty(_RULE, True)
            shape.setLineHeight(self._sizes.px(look.SPACE_L), _Spacing.FixedHeight.value)
            shape.setTopMargin(0)
            shape.setBottomMargin(self._sizes.px(look.SPACE_S))
        elif cursor.currentTable() is not None:
            space_lines(shape, 0.0)
            shape.setTopMargin(0)
            shape.setBottomMargin(0)
        else:
            self._shape_prose(block, shape, level)
        cursor.setBlockFormat(shape)
        for position, length, found in _fragments(block):
            if level or code or not _is_plain(found):
                cursor.setPosition(position)
                cursor.setPosition(position + length, QTextCursor.MoveMode.KeepAnchor)
                self._dress_run(cursor, found, level=level, code=code)

    def _code_shape(self, block: QTextBlock, shape: QTextBlockFormat) -> QTextBlockFormat:
        """Painted as one field (`TextBlock.paintEvent`), with room inside it on all sides."""
        px = self._sizes.px
        space_lines(shape, self._code_leading)
        shape.clearBackground()
        before = block.previous()
        top, bottom = 0, 0
        if not _continues(before, block):
            top = px(CODE_HEAD_PX) + (px(look.SPACE_S) if before.isValid() else 0)
        if not _continues(block, block.next()):
            bottom = px(look.SPACE_S + look.SPACE_M)
        if not block.next().isValid():
            bottom = 0
        shape.setTopMargin(top)
        shape.setBottomMargin(bottom)
        indent = self._quote_indent(block)
        shape.setLeftMargin(indent + px(CODE_INSET_PX))
        shape.setRightMargin(px(CODE_INSET_PX))
        shape.setNonBreakableLines(False)
        return shape

    def _shape_prose(self, block: QTextBlock, shape: QTextBlockFormat, level: int) -> None:
        px = self._sizes.px
        first = not block.previous().isValid()
        space_lines(shape, 0.0 if level else self._body_leading)
        in_list, after = block.textList() is not None, block.next()
        if level:
            shape.setTopMargin(0 if first else px(look.SPACE_L))
            shape.setBottomMargin(px(look.SPACE_S))
        else:
            shape.setTopMargin(0)
            more_items = in_list and after.textList() is not None
            shape.setBottomMargin(px(look.SPACE_XS if more_items else look.SPACE_S))
        if quote_level(block):
            shape.setLeftMargin(self._quote_indent(block))
            if quote_level(after) == quote_level(block):
                shape.setBottomMargin(px(look.SPACE_S))
        if block.length() == 1:
            # Qt's reader leaves an empty paragraph behind a table.
            shape.setLineHeight(1, _Spacing.FixedHeight.value)
            shape.setBottomMargin(0)
        if not after.isValid():
            shape.setBottomMargin(0)

    def _code_type(self) -> QTextCharFormat:
        shape = QTextCharFormat()
        shape.setFontFamilies(self._fixed)
        shape.setProperty(_Property.FontPixelSize, self._sizes.small)
        shape.setForeground(self._text)
        return shape

    def _quote_indent(self, block: QTextBlock) -> int:
        return quote_level(block) * self._sizes.px(look.SPACE_L)

    # --- runs -----------------------------------------------------------------------------

    def _dress_run(
        self, cursor: QTextCursor, found: QTextCharFormat, *, level: int, code: bool
    ) -> None:
        if found.isImageFormat():
            self._name_picture(cursor, found)
            return
        inked = QTextCharFormat(found)
        sizes = self._sizes
        inked.setForeground(self._text)
        if level:
            size = {1: sizes.title, 2: sizes.px(look.BODY_PX + 1)}.get(level, sizes.body)
            inked.clearProperty(_Property.FontSizeAdjustment)  # it would win over the size
            inked.setProperty(_Property.FontPixelSize, size)
            inked.setFontWeight(QFont.Weight.DemiBold)
        if found.fontFixedPitch() or code:
            inked.setFontFamilies(self._fixed)
            inked.setProperty(_Property.FontPixelSize, sizes.small)
            if not code:
                inked.setBackground(self._sunk)
        if found.isAnchor():
            target = QUrl(found.anchorHref())
            if target.scheme().lower() in SAFE_SCHEMES:
                inked.setForeground(self._accent)
                inked.setFontUnderline(True)
                inked.setToolTip(target.toString())
            else:
                inked = _without_link(inked)
        cursor.setCharFormat(inked)

    def _name_picture(self, cursor: QTextCursor, found: QTextCharFormat) -> None:
        """A picture would have to be fetched; its words stay."""
        words = str(found.property(_Property.ImageAltText) or "")
        plain = QTextCharFormat()
        plain.setForeground(self._muted)
        cursor.insertText(words or found.toImageFormat().name(), plain)

    # --- tables ---------------------------------------------------------------------------

    def _dress_table(self, table: QTextTable) -> None:
        px = self._sizes.px
        shape = table.format()
        shape.setBorder(1)
        shape.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        shape.setBorderBrush(self._line)
        shape.setBorderCollapse(True)
        shape.setCellPadding(px(look.SPACE_S - 2))
        shape.setCellSpacing(0)
        shape.setTopMargin(px(look.SPACE_S))
        shape.setBottomMargin(px(look.SPACE_M))
        table.setFormat(shape)
        self._mend_first_cell(table)

    @staticmethod
    def _mend_first_cell(table: QTextTable) -> None:
        """Behind a quote, Qt's reader puts an empty line into it and forgets that it is a head."""
        cell = table.cellAt(0, 0)
        cursor = cell.firstCursorPosition()
        if cursor.block().length() > 1 or cursor.block() == cell.lastCursorPosition().block():
            return
        cursor.deleteChar()
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
        head = QTextCharFormat()
        head.setFontWeight(QFont.Weight.Bold)
        cursor.mergeCharFormat(head)


def _is_plain(found: QTextCharFormat) -> bool:
    return not (found.isAnchor() or found.isImageFormat() or found.fontFixedPitch())


def _is_rule(block: QTextBlock) -> bool:
    return block.blockFormat().hasProperty(_Property.BlockTrailingHorizontalRulerWidth)


def _leading(families: list[str], size_px: int, line_px: float) -> float:
    """What a font's own line lacks of the wanted line height, in pixels."""
    font = QFont(families)
    font.setPixelSize(size_px)
    return max(0.0, line_px - QFontMetricsF(font).height())


def _fragments(block: QTextBlock) -> list[tuple[int, int, QTextCharFormat]]:
    """Position, length and format of each run in a block, last first, safe to edit along."""
    found = []
    iterator = block.begin()
    while not iterator.atEnd():
        fragment = iterator.fragment()
        if fragment.isValid():
            found.append((fragment.position(), fragment.length(), fragment.charFormat()))
        iterator += 1
    return found[::-1]


def _without_link(shape: QTextCharFormat) -> QTextCharFormat:
    plain = QTextCharFormat(shape)
    plain.setAnchor(False)
    plain.clearProperty(_Property.AnchorHref)
    plain.clearProperty(_Property.TextUnderlineStyle)
    plain.setFontUnderline(False)
    return plain
