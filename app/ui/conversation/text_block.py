"""Text on the page: selectable, as high as what it holds, and harmless whatever it holds.

A reply comes from a model and may say anything: HTML is shown as text, nothing is fetched or
opened by showing it, and only http(s) links can be clicked.
"""

from __future__ import annotations

import math

from PySide6.QtCore import (
    QElapsedTimer,
    QMimeData,
    QRectF,
    Qt,
    QTimer,
    QUrl,
    QVariantAnimation,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QTextBrowser, QWidget

from app.ui import theme as look
from app.ui.conversation.action_button import scrolls_the_page
from app.ui.conversation.code_grounds import CodeGrounds
from app.ui.conversation.growing_markdown import Growing, growing, open_fence
from app.ui.conversation.markdown_dress import (
    SAFE_SCHEMES,
    body_leading,
    dress,
    is_code,
    set_type,
    space_lines,
)
from app.ui.conversation.text_sizes import TextSizes
from app.ui.motion import reduced_motion
from app.ui.theme import Theme

_MARKDOWN = QTextDocument.MarkdownFeature.MarkdownNoHTML | (
    QTextDocument.MarkdownFeature.MarkdownDialectGitHub
)

_REST_SHARE = 4
"""Reading growing Markdown anew may take one part of the time in this many and one."""
_LONGEST_REST_MS = 120


class _Document(QTextDocument):
    """A document that never loads anything: no picture, no style sheet, no file."""

    def loadResource(self, _kind: int, _name: QUrl | str) -> object:
        return None


class TextBlock(QTextBrowser):
    """A stretch of text. Lives in the GUI thread.

    Signals:
        link_clicked: the user clicked an http(s) link (QUrl).
        focus_seen: the focus came (True: by keyboard, to be shown) or went (False).
        grown: growing text was drawn later than it came, and may be higher now.
        code_copied: a code block's button was pressed (its place among this text's, int).
    """

    link_clicked = Signal(object)
    focus_seen = Signal(bool)
    grown = Signal()
    code_copied = Signal(int)

    def __init__(
        self, theme: Theme, parent: QWidget | None = None, *, sizes: TextSizes | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._sizes = sizes or TextSizes()
        self._ink = "text"
        self._firm = 0
        self._markdown: str | None = None
        self._growing: Growing | None = None
        self._goes_on = ""
        self._last_read = QElapsedTimer()
        self._read_ms = 0
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._catch_up)
        self._revision = 0
        self._measured: tuple[int, int, int] | None = None
        self._settling: QVariantAnimation | None = None
        self._leading = body_leading(self._sizes)
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
        self.code = CodeGrounds(theme, self._sizes, self)
        self.code.copied.connect(self.code_copied)
        self.anchorClicked.connect(self._follow_link)
        theme.changed.connect(self._redress)

    # --- what it shows --------------------------------------------------------------------

    @property
    def text(self) -> str:
        return self.toPlainText()

    def tab_stops(self) -> list[QWidget]:
        """What the keyboard visits, in reading order."""
        return [self, *self.code.buttons]

    def show_plain(self, text: str, ink: str = "text", firm: int = 0) -> None:
        """Show text as it is.

        Args:
            ink: names a token; a change of ink alone moves nothing.
            firm: so many characters at the beginning are in full ink already.
        """
        if not isinstance(self.document(), _Document):
            self._start_plain()
        shown = self.toPlainText() if self._markdown is None else None
        if shown is not None and text == shown:
            self._settle(ink, firm)
            return
        if self._markdown is not None:
            self._leave_markdown()
        self._stop_settling()
        self._ink, self._firm = ink, firm
        if shown and text.startswith(shown):
            self._append(text[len(shown) :])
        else:
            self.document().clear()
            self._begin_paragraph()
            self._append(text)
        self._colour_all(self._colour())
        self._revision += 1

    def show_growing(self, text: str) -> None:
        """Show as much of unfinished Markdown as can be shown; more of it follows."""
        now = growing(text)
        if now == self._growing:
            return
        more = self._growing.plainly_followed_by(now) if self._growing else None
        if more is not None:
            self._later.stop()
            self._put_behind(more, code=bool(open_fence(now.kept)))
            self._growing, self._markdown = now, now.markdown
            return
        if self._growing and (rest_ms := self._rest_ms()) > 0:
            # A long table takes its time: the window must not fall behind.
            self._goes_on = text
            if not self._later.isActive():
                self._later.start(rest_ms)
            return
        self._later.stop()
        clock = QElapsedTimer()
        clock.start()
        self._read(now.markdown)
        self._growing = now
        self._read_ms = clock.elapsed()
        self._last_read.start()

    @property
    def is_behind(self) -> bool:
        """Whether more text has come than is shown."""
        return self._later.isActive()

    def show_markdown(self, text: str) -> None:
        """Show finished text with its headings, lists, tables, code and links."""
        self._later.stop()
        grown, self._growing = self._growing, None
        # A bare address becomes a link when it is read, but not when it is put behind.
        if grown is not None and grown.markdown == text.rstrip() and "www." not in text:
            self._markdown = text
        else:
            self._read(text)

    def height_for(self, width: int) -> int:
        """Height in pixels when laid out `width` wide; lays out only what changed."""
        if self._measured is None or self._measured[:2] != (width, self._revision):
            document = self.document()
            document.setTextWidth(width)
            # The room below the last line belongs between lines, a code block's inside it.
            last_is_code = self._markdown is not None and is_code(document.lastBlock())
            below = self._sizes.px(look.SPACE_S) if last_is_code else -self._leading
            height = math.ceil(document.size().height() + below)
            self._measured = (width, self._revision, max(0, height))
            self.code.place(width)
        return self._measured[2]

    # --- ink ------------------------------------------------------------------------------

    def _settle(self, ink: str, firm: int) -> None:
        """Let the ink become another, quickly but not at once."""
        if (ink, firm) == (self._ink, self._firm):
            return
        start, self._ink = self._colour(), ink
        end = self._colour()
        if start == end or reduced_motion() or not self.isVisible():
            self._stop_settling()
            self._firm = firm
            self._colour_all(end)
            return
        self._stop_settling()
        self._settling = QVariantAnimation(self)
        self._settling.setDuration(look.SETTLE_MS)
        self._settling.setStartValue(start)
        self._settling.setEndValue(end)
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
        if self._firm:
            inked.setForeground(QColor(self._theme.tokens.text))
            cursor.setPosition(0)
            last = self.document().characterCount() - 1
            cursor.setPosition(min(self._firm, last), QTextCursor.MoveMode.KeepAnchor)
            cursor.mergeCharFormat(inked)

    def _redress(self) -> None:
        """The colours are others now."""
        self._stop_settling()
        if self._markdown is not None:
            self._read(self._markdown)
            return
        text = self.toPlainText()
        self._start_plain()
        self._append(text)
        self._colour_all(self._colour())
        self._revision += 1

    # --- plain text -----------------------------------------------------------------------

    def _start_plain(self) -> None:
        self._take(self._new_document())
        self._begin_paragraph()

    def _begin_paragraph(self) -> None:
        shape = QTextBlockFormat()
        space_lines(shape, self._leading)
        QTextCursor(self.document()).setBlockFormat(shape)

    def _append(self, text: str) -> None:
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        inked = QTextCharFormat()
        inked.setForeground(self._colour())
        cursor.insertText(text, inked)

    # --- Markdown -------------------------------------------------------------------------

    def _new_document(self) -> _Document:
        document = _Document(self)
        set_type(document, self._sizes)
        return document

    def _take(self, document: _Document) -> None:
        """Show another document; what was selected stays so, where it is still there."""
        old, marked = self.document(), self.textCursor()
        chosen = (marked.anchor(), marked.position()) if marked.hasSelection() else None
        self.setDocument(document)
        if isinstance(old, _Document):  # the first one goes by itself
            old.deleteLater()
        if chosen and max(chosen) < document.characterCount():
            cursor = QTextCursor(document)
            cursor.setPosition(chosen[0])
            cursor.setPosition(chosen[1], QTextCursor.MoveMode.KeepAnchor)
            self.setTextCursor(cursor)

    def _leave_markdown(self) -> None:
        self._later.stop()
        self._markdown = self._growing = None
        self._take(self._new_document())
        self.code.read(self.document())

    def _read(self, markdown: str) -> None:
        self._stop_settling()
        self._ink, self._firm = "text", 0
        self._markdown = markdown
        document = self._new_document()
        document.setMarkdown(markdown, _MARKDOWN)
        dress(self._theme.tokens, self._sizes).put_on(document)
        self._take(document)
        self.code.read(document)
        self._revision += 1

    def _put_behind(self, more: str, *, code: bool) -> None:
        """Add plain text to the last line, which goes on as it is."""
        document = self.document()
        last = document.blockCount() - 1
        cursor = QTextCursor(document)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(more)
        if code:
            dress(self._theme.tokens, self._sizes).put_on_code(document, last)
            self.code.read(document)
        self._revision += 1

    def _catch_up(self) -> None:
        self.show_growing(self._goes_on)
        self.grown.emit()

    def _rest_ms(self) -> int:
        """How long to wait until the Markdown is read anew."""
        rest = min(self._read_ms * _REST_SHARE, _LONGEST_REST_MS)
        return rest - self._last_read.elapsed() if rest else 0

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

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes through the links of a text that has the focus itself. Its buttons ask here too,
        and would press Tab in vain."""
        focused = self.window().focusWidget()
        if focused is not None and focused is not self and self.isAncestorOf(focused):
            return QWidget.focusNextPrevChild(self, forward)
        return super().focusNextPrevChild(forward)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The page scrolls, not the text."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        copies = event.matches(QKeySequence.StandardKey.Copy)
        if scrolls_the_page(event) or (copies and not self.textCursor().hasSelection()):
            event.ignore()
            return
        super().keyPressEvent(event)

    def createMimeDataFromSelection(self) -> QMimeData:
        """Words alone: their colours are made for this page."""
        data = QMimeData()
        data.setText(self.textCursor().selection().toPlainText())
        return data

    def loadResource(self, _kind: int, _name: QUrl | str) -> object:
        return None

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.code.place(self.viewport().width())

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._markdown is not None:
            painter = QPainter(self.viewport())
            self.code.paint(painter, QRectF(event.rect()))
            painter.end()
        super().paintEvent(event)

    def _follow_link(self, target: QUrl) -> None:
        if target.scheme().lower() in SAFE_SCHEMES:
            self.link_clicked.emit(target)
