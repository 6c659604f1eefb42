"""One turn on the page: your words right and quiet, Parley's left and plain, one thin line under
them that folds out into where the time went."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from app.core.events import Outcome
from app.core.ports import Stage
from app.ui import icons, words
from app.ui import theme as look
from app.ui.cards import Card
from app.ui.conversation_model import ALL, Part, TurnEntry, who_answered
from app.ui.reply_chunks import ReplyChunks
from app.ui.text_block import TextBlock
from app.ui.theme import Theme
from app.ui.waterfall import Waterfall

translate = QCoreApplication.translate

SAID_FROM = 0.3
"""Where the column of the user's words begins, as a share of the page's. It is fixed, so that
words do not wander while more of them are recognised."""

OVERHANG_PX = 10
"""Room beside the column for focus rings and for the padding of what aligns by its words."""

_SHOWN_QUESTION = 20_000
"""Characters of a question that are laid out; nobody reads a pasted book again here."""


class TurnView(QWidget):
    """Draws one `TurnEntry`; `arrange` lays it out. Lives in the GUI thread.

    Signals:
        resized: its height is another now (details were folded out or in).
        link_clicked: an http(s) link in the reply was clicked (QUrl).
    """

    resized = Signal()
    link_clicked = Signal(object)

    def __init__(self, theme: Theme, entry: TurnEntry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entry = entry
        self._theme = theme
        self._chunks = ReplyChunks()
        self._said = QFrame(self)
        self._said.setObjectName("said")
        self._transcript = TextBlock(theme, self._said)
        self._transcript.setAccessibleName(self.tr("You said"))
        self._transcript.focus_seen.connect(self._show_focus)
        self._waiting = QLabel(self.tr("Thinking"), self)
        self._waiting.setProperty("role", "small")
        self._blocks: list[TextBlock] = []
        self._finished_blocks = 0
        self._cards: list[Card] = []
        self._meta = QPushButton(self)
        self._meta.setProperty("role", "quiet")
        self._meta.setCheckable(True)
        self._meta.setToolTip(self.tr("Show where the time went"))
        self._meta.toggled.connect(self._fold)
        self._details: Details | None = None
        self._focused: TextBlock | None = None
        theme.changed.connect(self._dress_meta)
        self.refresh(ALL)

    # --- what it shows --------------------------------------------------------------------

    @property
    def transcript_block(self) -> TextBlock:
        return self._transcript

    @property
    def reply_blocks(self) -> list[TextBlock]:
        return list(self._blocks)

    @property
    def meta_button(self) -> QPushButton:
        return self._meta

    @property
    def details(self) -> Details | None:
        return self._details

    @property
    def cards(self) -> list[Card]:
        return list(self._cards)

    def tab_stops(self) -> list[QWidget]:
        """What the keyboard visits, in reading order."""
        stops: list[QWidget] = [self._transcript, *self._blocks]
        return [*stops, self._meta]

    def refresh(self, parts: Part) -> None:
        """Take over what changed of the entry; `arrange` follows."""
        if Part.TRANSCRIPT in parts:
            self._show_transcript()
        if Part.REPLY in parts:
            self._show_reply()
        if Part.REMARKS in parts:
            self._show_remarks()
        if parts & (Part.META | Part.REPLY):
            self._show_meta()
        self._waiting.setVisible(self._is_waiting())

    def _show_transcript(self) -> None:
        entry = self.entry
        text = entry.transcript
        if len(text) > _SHOWN_QUESTION:
            text = text[:_SHOWN_QUESTION] + "…"
        if not text and entry.source == "voice" and not entry.outcome:
            text = "…"
        self._said.setVisible(bool(text))
        self._transcript.show_plain(text, "text" if entry.transcript_final else "muted")

    def _show_reply(self) -> None:
        reply = self.entry.reply
        fed = sum(len(chunk.text) for chunk in self._chunks.chunks)
        if not reply.startswith(self._chunks.text):
            self._restart_reply()
            fed = 0
        self._chunks.append(reply[fed:])
        self._draw_chunks()

    def _restart_reply(self) -> None:
        """The reply is not what was drawn (a word was taken back): draw it anew."""
        self._chunks = ReplyChunks()
        self._finished_blocks = 0
        for block in self._blocks:
            block.hide()
            block.deleteLater()
        self._blocks = []

    def _draw_chunks(self) -> None:
        if not self.entry.reply:
            return
        chunks = self._chunks.chunks
        while len(self._blocks) < len(chunks):
            block = TextBlock(self._theme, self)
            block.setAccessibleName(self.tr("Parley answered"))
            block.link_clicked.connect(self.link_clicked)
            block.focus_seen.connect(self._show_focus)
            block.show()
            self._blocks.append(block)
        finished = len(chunks) if self.entry.reply_done else len(chunks) - 1
        for number in range(self._finished_blocks, len(chunks)):
            if number < finished:
                self._blocks[number].show_markdown(chunks[number].markdown)
                self._finished_blocks = number + 1
            else:
                self._blocks[number].show_streaming(chunks[number].text)

    def _show_remarks(self) -> None:
        for card in self._cards:
            card.hide()
            card.deleteLater()
        self._cards = [
            Card(
                self._theme,
                remark.title,
                remark.hint,
                remark.level,
                can_dismiss=False,
                parent=self,
            )
            for remark in self.entry.remarks
        ]
        for card in self._cards:
            card.show()

    def _show_meta(self) -> None:
        entry = self.entry
        self._meta.setVisible(bool(entry.reply_done and entry.reply and entry.source != "timer"))
        text = meta_line(entry)
        if text != self._meta.text():
            self._meta.setText(text)
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

    def place(self, left: int, top: int, width: int, height: int) -> None:
        """Put the turn on the page; the widget is a little wider than the column."""
        self.setGeometry(left - OVERHANG_PX, top, width + 2 * OVERHANG_PX, height)

    def arrange(self, width: int) -> int:
        """Lay out in a column `width` pixels wide; returns the height it takes."""
        x = OVERHANG_PX
        y = look.SPACE_M
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        if not self._said.isHidden():
            left = round(width * SAID_FROM)
            inner = width - left - 2 * look.SPACE_L
            height = self._transcript.height_for(inner)
            box = height + 2 * (look.SPACE_M)
            self._said.setGeometry(x + (0 if rtl else left), y, width - left, box)
            self._transcript.setGeometry(look.SPACE_L, look.SPACE_M, inner, height)
            y += box + look.SPACE_L
        if not self._waiting.isHidden():
            self._waiting.setGeometry(x, y, width, round(look.LINE_HEIGHT_PX))
            y += round(look.LINE_HEIGHT_PX) + look.SPACE_S
        for block in self._blocks:
            height = block.height_for(width)
            block.setGeometry(x, y, width, height)
            y += height + look.SPACE_S
        for card in self._cards:
            height = card.heightForWidth(width)
            card.setGeometry(x, y, width, height)
            y += height + look.SPACE_S
        if not self._meta.isHidden():
            # The button's padding hangs out, so that its words align with the reply's.
            wide = min(self._meta.sizeHint().width(), width + look.SPACE_S)
            left = width - wide + look.SPACE_S if rtl else -look.SPACE_S + 1
            self._meta.setGeometry(
                x + left, y - look.SPACE_XS, wide, self._meta.sizeHint().height()
            )
            y += self._meta.height()
        if self._details is not None:
            height = self._details.heightForWidth(width)
            self._details.setGeometry(x, y, width, height)
            y += height + look.SPACE_S
        return y + look.SPACE_M

    # --- folding, focus, colours ----------------------------------------------------------

    def _fold(self, out: bool) -> None:
        if self._details is not None:
            self._details.hide()
            self._details.deleteLater()
            self._details = None
        if out:
            self._details = Details(self._theme, self)
            self._details.show_entry(self.entry)
            self._details.show()
        # Who does not see the chart hears it where the keyboard is.
        self._meta.setAccessibleDescription(self._details.text if self._details else "")
        self._dress_meta()
        self.resized.emit()

    def _show_focus(self, by_key: bool) -> None:
        block = self.sender()
        self._focused = block if by_key and isinstance(block, TextBlock) else None
        self.update()

    def _dress_meta(self) -> None:
        name = "chevron-down" if self._meta.isChecked() else "chevron-right"
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


class Details(QFrame):
    """What folds out under a reply: the waterfall and the engine of each stage."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._waterfall = Waterfall(theme)
        self._slow = QLabel()
        self._engines = QLabel()
        self._engines.setProperty("role", "small")
        for label in (self._slow, self._engines):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(look.SPACE_L, look.SPACE_M, look.SPACE_L, look.SPACE_M)
        column.setSpacing(look.SPACE_S)
        column.addWidget(self._waterfall)
        column.addWidget(self._slow)
        column.addWidget(self._engines)

    @property
    def waterfall(self) -> Waterfall:
        return self._waterfall

    @property
    def slow_text(self) -> str:
        return self._slow.text()

    @property
    def engines_text(self) -> str:
        return self._engines.text()

    @property
    def text(self) -> str:
        """Everything it says, for who does not see it."""
        pieces = (self._waterfall.accessibleDescription(), self.slow_text, self.engines_text)
        return "\n".join(piece for piece in pieces if piece)

    def show_entry(self, entry: TurnEntry) -> None:
        self._waterfall.show_spans(entry.spans, entry.starts)
        slow = " ".join(words.why_slow(entry.slow_because)) if entry.slow_because else ""
        self._slow.setText(slow)
        self._slow.setVisible(bool(slow))
        self._waterfall.setVisible(bool(entry.spans))
        lines = []
        for stage in (Stage.STT, Stage.LLM, Stage.TTS):
            engine = entry.engines.get(stage)
            if engine is not None:
                stand_in = [self.tr("stand-in")] if engine.stand_in else []
                where = [words.place(engine), *words.device_names(engine), *stand_in]
                lines.append(
                    f"{words.stage_verb(stage)}: {words.engine_label(engine)} ({', '.join(where)})"
                )
        lines += self._about_the_reply(entry)
        self._engines.setText("\n".join(lines))

    def _about_the_reply(self, entry: TurnEntry) -> list[str]:
        """Who else had a part in it, and why it was not the first choice."""
        lines = []
        if len(entry.answered_by) > 1:
            names = ", ".join(words.engine_label(engine) for engine in entry.answered_by)
            lines.append(self.tr("Written one after another by: %1").replace("%1", names))
        in_vain = [engine for engine in entry.asked if engine not in entry.answered_by]
        if entry.answered_by and in_vain:
            names = ", ".join(
                f"{words.engine_label(engine)} ({words.place(engine)})" for engine in in_vain
            )
            lines.append(self.tr("Also asked: %1").replace("%1", names))
        if entry.why_not_first:
            lines.append(self.tr("Why: %1").replace("%1", entry.why_not_first))
        return lines

    def heightForWidth(self, width: int) -> int:
        layout = self.layout()
        assert layout is not None
        return layout.heightForWidth(width) if layout.hasHeightForWidth() else 0


def meta_line(entry: TurnEntry) -> str:
    """Who answered, where, how long until the first sound, and whether it is saved."""
    pieces = []
    writers = list(dict.fromkeys(who_answered(entry)))
    if writers:
        pieces.append(", ".join(words.engine_label(engine) for engine in writers))
        if all(engine.stand_in for engine in writers):
            pieces.append(translate("TurnView", "stand-in"))
        if entry.stayed_here and all(engine.local for engine in writers):
            pieces.append(translate("Words", "this computer"))
        else:
            # also when the cloud was asked in vain, or wrote a part only: the words went there
            pieces.append(translate("Words", "cloud"))
    if entry.first_sound_ms is not None:
        pieces.append(
            translate("TurnView", "%1 to the first sound").replace(
                "%1", words.seconds(entry.first_sound_ms)
            )
        )
    if entry.outcome == Outcome.INTERRUPTED:
        pieces.append(translate("TurnView", "stopped"))
    elif entry.outcome == Outcome.FAILED:
        pieces.append(translate("TurnView", "incomplete"))
    if entry.saved:
        pieces.append(translate("TurnView", "saved"))
    return " · ".join(pieces)
