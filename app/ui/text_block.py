"""Text on the page: selectable, as high as what it holds, and harmless whatever it holds.

A reply comes from a model and may say anything: HTML is shown as text, nothing is fetched or
opened by showing it, and only http(s) links can be clicked.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, Qt, QUrl, QVariantAnimation, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextTable,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QTextBrowser, QWidget

from app.ui import theme as look
from app.ui.motion import reduced_motion
from app.ui.theme import Theme

SAFE_SCHEMES = ("http", "https")

_Spacing = QTextBlockFormat.LineHeightTypes

_MARKDOWN = QTextDocument.MarkdownFeature.MarkdownNoHTML | (
    QTextDocument.MarkdownFeature.MarkdownDialectGitHub
)


class _Document(QTextDocument):
    """A document that never loads anything: no picture, no style sheet, no file."""

    def loadResource(self, _kind: int, _name: QUrl | str) -> object:
        return None


class TextBlock(QTextBrowser):
    """A stretch of text. Lives in the GUI thread.

    Signals:
        link_clicked: the user clicked an http(s) link (QUrl).
        focus_seen: the focus came (True: by keyboard, to be shown) or went (False).
    """

    link_clicked = Signal(object)
    focus_seen = Signal(bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._ink = "text"
        self._markdown: str | None = None
        self._streamed = 0
        self._revision = 0
        self._measured: tuple[int, int, int] | None = None
        self._settling: QVariantAnimation | None = None
        self._body_leading = _leading(look.text_families(), look.BODY_PX, look.LINE_HEIGHT_PX)
        self._code_leading = _leading(
            look.fixed_families(), look.SMALL_PX, look.CODE_LINE_HEIGHT_PX
        )
        self.setDocument(_Document(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setTabChangesFocus(True)
        self.setUndoRedoEnabled(False)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextBrowserInteraction
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.document().setDocumentMargin(0)
        self.document().setIndentWidth(look.SPACE_XL)
        font = QFont(look.text_families())
        font.setPixelSize(look.BODY_PX)
        self.document().setDefaultFont(font)
        self.anchorClicked.connect(self._follow_link)
        theme.changed.connect(self._redress)
        self._begin_paragraph()

    # --- what it shows --------------------------------------------------------------------

    @property
    def text(self) -> str:
        return self.toPlainText()

    def show_plain(self, text: str, ink: str = "text") -> None:
        """Show text as it is. `ink` names a token; a change of ink alone moves nothing."""
        shown = self.toPlainText() if self._markdown is None else None
        if shown is not None and text == shown:
            self._settle(ink)
            return
        self._markdown = None
        self._ink = ink
        if shown and text.startswith(shown):
            self._append(text[len(shown) :])
            self._colour_all(self._colour())
        else:
            self.document().clear()
            self._begin_paragraph()
            self._append(text)
        self._revision += 1

    def show_streaming(self, text: str) -> None:
        """Show text that begins with what is shown; costs no more than the last paragraph."""
        if self._markdown is not None:
            self.show_plain("")
            self._streamed = 0
        if len(text) > self._streamed:
            self._append(text[self._streamed :])
            self._streamed = len(text)
            self._revision += 1

    def show_markdown(self, text: str) -> None:
        """Show finished text with its headings, lists, tables, code and links."""
        self._stop_settling()
        self._ink = "text"
        self._markdown = text
        self.document().setMarkdown(text, _MARKDOWN)
        self._dress_document()
        self._revision += 1

    def height_for(self, width: int) -> int:
        """Height in pixels when laid out `width` wide; lays out only what changed."""
        if self._measured is None or self._measured[:2] != (width, self._revision):
            document = self.document()
            document.setTextWidth(width)
            # The room below the last line belongs between lines, a code block's inside it.
            last_is_code = self._markdown is not None and _is_code(document.lastBlock())
            below = look.SPACE_S if last_is_code else -self._body_leading
            self._measured = (width, self._revision, math.ceil(document.size().height() + below))
        return self._measured[2]

    # --- ink ------------------------------------------------------------------------------

    def _settle(self, ink: str) -> None:
        """Let the ink become another, quickly but not at once."""
        if ink == self._ink:
            return
        start, self._ink = self._colour(), ink
        if reduced_motion() or not self.isVisible():
            self._colour_all(self._colour())
            return
        self._stop_settling()
        self._settling = QVariantAnimation(self)
        self._settling.setDuration(look.SETTLE_MS)
        self._settling.setStartValue(start)
        self._settling.setEndValue(self._colour())
        self._settling.valueChanged.connect(self._colour_all)
        self._settling.start()

    def _stop_settling(self) -> None:
        if self._settling is not None:
            self._settling.stop()
            self._settling = None

    def _colour(self) -> QColor:
        return QColor(getattr(self._theme.tokens, self._ink))

    def _colour_all(self, colour: QColor) -> None:
        inked = QTextCharFormat()
        inked.setForeground(colour)
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.mergeCharFormat(inked)

    def _redress(self) -> None:
        """The theme changed."""
        self._stop_settling()
        if self._markdown is not None:
            self.show_markdown(self._markdown)
        else:
            self._colour_all(self._colour())

    # --- plain text -----------------------------------------------------------------------

    def _begin_paragraph(self) -> None:
        shape = QTextBlockFormat()
        _space_lines(shape, self._body_leading)
        QTextCursor(self.document()).setBlockFormat(shape)

    def _append(self, text: str) -> None:
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        inked = QTextCharFormat()
        inked.setForeground(self._colour())
        cursor.insertText(text, inked)

    # --- Markdown -------------------------------------------------------------------------

    def _dress_document(self) -> None:
        """Give what Qt's reader made of the Markdown our type, spacing and colours."""
        block = self.document().begin()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        while block.isValid():
            self._dress_block(cursor, block)
            block = block.next()
        self._dress_tables()
        cursor.endEditBlock()

    def _dress_block(self, cursor: QTextCursor, block: QTextBlock) -> None:
        tokens = self._theme.tokens
        shape = QTextBlockFormat(block.blockFormat())
        code = _is_code(block)
        first = block == self.document().begin()
        level = shape.headingLevel()
        in_table = QTextCursor(block).currentTable() is not None
        if code:
            _space_lines(shape, self._code_leading)
        else:
            _space_lines(shape, 0.0 if level or in_table else self._body_leading)
        in_list = block.textList() is not None
        if code:
            shape.setBackground(QColor(tokens.sunk))
            # Painted as one field (`paintEvent`), with room inside it on all sides.
            shape.clearBackground()
            first_line, last_line = not _is_code(block.previous()), not _is_code(block.next())
            shape.setTopMargin((0 if first else look.SPACE_S) + look.SPACE_S if first_line else 0)
            shape.setBottomMargin(look.SPACE_S + look.SPACE_M if last_line else 0)
            shape.setLeftMargin(look.SPACE_M)
            shape.setRightMargin(look.SPACE_M)
            shape.setNonBreakableLines(False)
        elif level:
            shape.setTopMargin(0 if first else look.SPACE_L)
            shape.setBottomMargin(look.SPACE_S)
        else:
            shape.setTopMargin(0)
            more_items = in_list and block.next().textList() is not None
            shape.setBottomMargin(look.SPACE_XS if more_items else look.SPACE_S)
        if in_table:
            shape.setBottomMargin(0)
        elif block.length() == 1 and not code:
            # Qt's reader leaves an empty paragraph behind a table.
            shape.setLineHeight(1, _Spacing.FixedHeight.value)
            shape.setBottomMargin(0)
        if block == self.document().lastBlock():
            shape.setBottomMargin(0)
        cursor.setPosition(block.position())
        cursor.setBlockFormat(shape)
        for fragment in _fragments(block):
            self._dress_fragment(cursor, fragment, level=level, code=code)

    def _dress_fragment(
        self,
        cursor: QTextCursor,
        fragment: tuple[int, int, QTextCharFormat],
        *,
        level: int,
        code: bool,
    ) -> None:
        tokens = self._theme.tokens
        position, length, found = fragment
        inked = QTextCharFormat(found)
        picture = found.isImageFormat()
        target = QUrl(found.anchorHref())
        inked.setForeground(QColor(tokens.text))
        if level:
            inked.setProperty(QTextFormat.Property.FontSizeAdjustment, 0)
            inked.setProperty(
                QTextFormat.Property.FontPixelSize,
                look.TITLE_PX if level == 1 else look.BODY_PX + 1 if level == 2 else look.BODY_PX,
            )
            inked.setFontWeight(QFont.Weight.DemiBold)
        if found.fontFixedPitch() or code:
            inked.setFontFamilies(look.fixed_families())
            inked.setProperty(QTextFormat.Property.FontPixelSize, look.SMALL_PX)
            if not code:
                inked.setBackground(QColor(tokens.sunk))
        if found.isAnchor():
            if target.scheme().lower() in SAFE_SCHEMES:
                inked.setForeground(QColor(tokens.accent))
                inked.setFontUnderline(True)
                inked.setToolTip(target.toString())
            else:
                inked = _without_link(inked)
        cursor.setPosition(position)
        cursor.setPosition(position + length, QTextCursor.MoveMode.KeepAnchor)
        if picture:
            # A picture would have to be fetched; its words stay.
            words = str(found.property(QTextFormat.Property.ImageAltText) or "")
            plain = QTextCharFormat()
            plain.setForeground(QColor(tokens.muted))
            cursor.insertText(words or found.toImageFormat().name(), plain)
        else:
            cursor.setCharFormat(inked)

    def _dress_tables(self) -> None:
        tokens = self._theme.tokens
        for frame in self.document().rootFrame().childFrames():
            if isinstance(frame, QTextTable):
                shape = frame.format()
                shape.setBorder(1)
                shape.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
                shape.setBorderBrush(QColor(tokens.line))
                shape.setBorderCollapse(True)
                shape.setCellPadding(look.SPACE_S - 2)
                shape.setCellSpacing(0)
                shape.setTopMargin(look.SPACE_S)
                shape.setBottomMargin(look.SPACE_L)
                frame.setFormat(shape)

    # --- being one with the page ----------------------------------------------------------

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The text cursor helps who came by keyboard, and puzzles who clicked."""
        by_key = event.reason() in (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
        )
        self.setCursorWidth(1 if by_key else 0)
        super().focusInEvent(event)
        self.focus_seen.emit(by_key)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_seen.emit(False)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The page scrolls, not the text."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (
            Qt.Key.Key_PageUp,
            Qt.Key.Key_PageDown,
            Qt.Key.Key_Home,
            Qt.Key.Key_End,
            Qt.Key.Key_Up,
            Qt.Key.Key_Down,
        ) and not (event.modifiers() & Qt.KeyboardModifier.ShiftModifier):
            event.ignore()
            return
        super().keyPressEvent(event)

    def loadResource(self, _kind: int, _name: QUrl | str) -> object:
        return None

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._markdown is not None:
            painter = QPainter(self.viewport())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._theme.tokens.sunk))
            for field in self._code_fields():
                painter.drawRoundedRect(field, 6, 6)
            painter.end()
        super().paintEvent(event)

    def _code_fields(self) -> list[QRectF]:
        """The grounds of the code blocks."""
        layout = self.document().documentLayout()
        fields: list[QRectF] = []
        block = self.document().begin()
        joined = False
        while block.isValid():
            code = _is_code(block)
            if code:
                lines = layout.blockBoundingRect(block)
                if joined:
                    fields[-1].setBottom(lines.bottom())
                else:
                    fields.append(QRectF(0, lines.top(), self.viewport().width(), lines.height()))
            joined = code
            block = block.next()
        return [field.adjusted(0, -look.SPACE_S, 0, look.SPACE_S) for field in fields]

    def _follow_link(self, target: QUrl) -> None:
        if target.scheme().lower() in SAFE_SCHEMES:
            self.link_clicked.emit(target)


def _is_code(block: QTextBlock) -> bool:
    shape = block.blockFormat()
    return block.isValid() and (
        shape.hasProperty(QTextFormat.Property.BlockCodeFence)
        or shape.hasProperty(QTextFormat.Property.BlockCodeLanguage)
    )


def _space_lines(shape: QTextBlockFormat, leading: float) -> None:
    """Add room between lines, below each, so that bullets and words keep one baseline."""
    shape.setLineHeight(leading, _Spacing.LineDistanceHeight.value)


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
    plain.clearProperty(QTextFormat.Property.AnchorHref)
    plain.clearProperty(QTextFormat.Property.TextUnderlineStyle)
    plain.setFontUnderline(False)
    return plain
