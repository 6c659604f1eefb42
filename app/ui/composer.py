"""Where you talk and type: the state in words, the round talk button, and the text box."""

from __future__ import annotations

import unicodedata

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFont, QFontMetrics, QInputMethodEvent, QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.core.events import State
from app.ui import icons, states
from app.ui import theme as look
from app.ui.cards import Glyph
from app.ui.elided_button import ElidedButton
from app.ui.labels import ElidedLabel
from app.ui.talk_button import TalkButton
from app.ui.theme import Theme

LONGEST_QUESTION = 20_000
"""Characters; what is pasted beyond is left out. Laying out megabytes would freeze the window,
and no model reads them."""

_MOST_LINES = 5


def cleaned(text: str) -> str:
    """Text without control characters; tabs and line ends stay."""
    return "".join(
        letter
        for letter in text.replace("\r\n", "\n").replace("\r", "\n")
        if letter in "\n\t" or unicodedata.category(letter) != "Cc"
    )


class QuestionBox(QPlainTextEdit):
    """A text box that grows a few lines; Enter sends, Shift+Enter breaks the line.

    Signals:
        sent: Enter was pressed.
        focused: the keyboard came (True) or went (False).
        cut_short: a pasted text was longer than `LONGEST_QUESTION`.
    """

    sent = Signal()
    focused = Signal(bool)
    cut_short = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.document().setDocumentMargin(0)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setPlaceholderText(self.tr("Or type a question"))
        self.setAccessibleName(self.tr("Question"))
        self.setToolTip(self.tr("Enter sends, Shift+Enter starts a new line"))
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self.insertPlainText("\n")
            else:
                self.sent.emit()
            return
        super().keyPressEvent(event)

    def insertFromMimeData(self, source: QMimeData) -> None:
        room = LONGEST_QUESTION - self.document().characterCount() + 1
        text = source.text()
        if len(text) > room:
            text = text[: max(0, room)]
            self.cut_short.emit()
        self.insertPlainText(cleaned(text))

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        super().inputMethodEvent(event)
        self._fit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focused.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focused.emit(False)

    def _fit(self) -> None:
        """As high as the text, up to a few lines. Qt counts this document in lines."""
        lines = max(1, round(self.document().size().height()))
        line = QFontMetrics(self.font()).lineSpacing()
        self.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAsNeeded
            if lines > _MOST_LINES
            else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )
        self.setFixedHeight(line * min(lines, _MOST_LINES) + 2)


class Composer(QWidget):
    """The lower part of the window.

    Signals:
        asked: a typed question, without blank ends (str).
        stop_wanted: the stop button.
        engines_wanted: the status line was clicked.
        cut_short: a pasted text was too long.
    """

    asked = Signal(str)
    stop_wanted = Signal()
    engines_wanted = Signal()
    cut_short = Signal()

    def __init__(
        self, theme: Theme, mode: str, key: str = "Space", parent: QWidget | None = None
    ) -> None:
        """
        Args:
            mode: "hold", "toggle" or "hybrid" (`TalkSettings.mode`).
            key: the talk key (`TalkSettings.key`).
        """
        super().__init__(parent)
        self._theme = theme
        self._mode, self._key = mode, states.key_name(key)
        self._state: str = State.READY
        self._begun = False
        self.talk = TalkButton(theme)
        self.box = QuestionBox()
        self._glyph = Glyph("circle", "", 20)
        self._word = QLabel()
        self._word.setProperty("role", "state")
        self._hint = ElidedLabel("small")
        self.stop = QPushButton(self.tr("Stop"))
        self.stop.setToolTip(self.tr("Stop the reply (Esc)"))
        self.stop.setAccessibleName(self.tr("Stop the reply"))
        self.stop.clicked.connect(self.stop_wanted)
        self.send = QToolButton()
        self.send.setProperty("role", "send")
        self.send.setAccessibleName(self.tr("Send the question"))
        self.send.setToolTip(self.tr("Send (Enter)"))
        self.send.setIconSize(QSize(18, 18))
        self.send.clicked.connect(self._send)
        self.status = ElidedButton()
        self.status.setProperty("role", "quiet")
        self.status.clicked.connect(self.engines_wanted)
        room = self.status.sizePolicy()
        room.setRetainSizeWhenHidden(True)  # nothing above it moves when the first engine is there
        self.status.setSizePolicy(room)
        self._lay_out()
        self.box.sent.connect(self._send)
        self.box.focused.connect(self._focus_moved)
        self.box.cut_short.connect(self.cut_short)
        self.box.textChanged.connect(self._text_changed)
        theme.changed.connect(self._dress)
        self._text_changed()
        self._dress()
        self._show_state()

    def _lay_out(self) -> None:
        state = self._state_line = QHBoxLayout()
        state.setSpacing(look.SPACE_S)
        state.addStretch(1)
        state.addWidget(self._glyph)
        state.addWidget(self._word)
        action = QHBoxLayout()
        action.setSpacing(look.SPACE_S)
        action.addWidget(self._hint)
        action.addWidget(self.stop)
        action.addStretch(1)
        dial = QGridLayout()
        dial.setHorizontalSpacing(look.SPACE_M)
        dial.addLayout(state, 0, 0)
        dial.addWidget(self.talk, 0, 1)
        dial.addLayout(action, 0, 2)
        dial.setColumnStretch(0, 1)
        dial.setColumnStretch(2, 1)
        # Equal sides keep the button in the middle whatever the words beside it.
        dial.setColumnMinimumWidth(0, 96)
        dial.setColumnMinimumWidth(2, 96)

        self._field = QFrame()
        self._field.setObjectName("field")
        row = QHBoxLayout(self._field)
        row.setContentsMargins(look.SPACE_L, look.SPACE_S - 1, look.SPACE_S - 1, look.SPACE_S - 1)
        row.setSpacing(look.SPACE_S)
        row.addWidget(self.box, 1)
        row.addWidget(self.send, 0, Qt.AlignmentFlag.AlignBottom)

        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(look.SPACE_S)
        column.addLayout(dial)
        column.addWidget(self._field)
        self._foot = QHBoxLayout()
        self._foot.setSpacing(look.SPACE_L)
        self._foot.addStretch(1)
        self._foot.addWidget(self.status)
        self._foot.addStretch(1)
        column.addLayout(self._foot)

    # --- what it shows --------------------------------------------------------------------

    @property
    def word(self) -> str:
        return self._word.text()

    @property
    def hint(self) -> str:
        return self._hint.text()

    @property
    def state_icon(self) -> str:
        return self._glyph.name

    def show_state(self, state: str) -> None:
        self._state = state
        self.talk.show_state(state)
        self._show_state()

    def show_talk_key(self, mode: str, key: str) -> None:
        """Another `TalkSettings.mode`, or `key`, was chosen."""
        self._mode, self._key = mode, states.key_name(key)
        self._show_state()

    def show_begun(self, begun: bool) -> None:
        """Whether the conversation has begun; before, the page itself says how to begin."""
        self._begun = begun
        self._show_state()

    def add_face(self, face: QWidget) -> None:
        """Put it before the word for the state."""
        self._state_line.insertWidget(1, face)

    def add_to_foot(self, widget: QWidget) -> None:
        """Put it behind the status line."""
        self._foot.insertWidget(self._foot.count() - 1, widget)

    def show_engines(self, line: str, *shorter: str) -> None:
        """The status line, and what it says where there is no room for that."""
        self.status.say(line, *shorter)
        self.status.setAccessibleName(self.tr("Engines in use: %1").replace("%1", line))
        self.status.setToolTip(line)

    def _show_state(self) -> None:
        face = states.FACES[self._state]
        self._word.setText(states.word(self._state))
        self._glyph.show_icon(face.icon, getattr(self._theme.tokens, face.colour))
        hint = states.hint(
            self._state, self._mode, self._key, typing=self.box.hasFocus(), begun=self._begun
        )
        busy = self._state in (State.THINKING, State.SPEAKING)
        # A focused button that vanishes would hand the keyboard to the text box.
        if not busy and self.stop.hasFocus():
            self.talk.setFocus()
        self.stop.setVisible(busy)
        self._hint.setText(hint)
        self._hint.setVisible(not busy)
        name = self.tr("Talk") if not hint else f"{self.tr('Talk')}. {hint}"
        self.talk.setToolTip(hint or self.tr("Press to interrupt and talk"))
        self.talk.setAccessibleName(name)
        self.talk.setAccessibleDescription(states.word(self._state))

    # --- typing ---------------------------------------------------------------------------

    def _send(self) -> None:
        text = cleaned(self.box.toPlainText()).strip()[:LONGEST_QUESTION]
        if text:
            self.box.clear()
            self.asked.emit(text)

    def _text_changed(self) -> None:
        self.send.setEnabled(bool(self.box.toPlainText().strip()))

    def _focus_moved(self, here: bool) -> None:
        self._field.setProperty("focused", here)
        self._field.style().unpolish(self._field)
        self._field.style().polish(self._field)
        self._show_state()

    def _dress(self) -> None:
        tokens = self._theme.tokens
        self.send.setIcon(icons.icon("send", tokens.accent_ink, tokens.muted))
        self.stop.setIcon(icons.icon("stop", tokens.text, size=16))
        font = QFont(look.text_families())
        font.setPixelSize(look.BODY_PX)
        self.box.setFont(font)
        self._show_state()
