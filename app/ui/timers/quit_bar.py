"""The bar that asks, once and in place, whether Parley is to end while timers run."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.ui import theme as look
from app.ui.cards import Glyph
from app.ui.folding import Folding, in_a_line
from app.ui.labels import plain_label
from app.ui.theme import Theme
from app.ui.timers import words
from app.ui.timers.running import RunningTimers

_LEAST_TEXT_PX = 400
"""Where the words have less, the buttons stand under them."""


class QuitBar(QWidget):
    """Across the top of the window, over whatever page is shown. Hidden until it asks. The question
    goes when no timer runs any more, when another is set, and with the window: what is asked later
    is asked anew.

    Attributes:
        asks: whether it waits for an answer.

    Signals:
        stay_wanted: Parley is to stay.
        quit_wanted: it is to end all the same.
        went: there is nothing to ask any more, and the keyboard was here.
    """

    stay_wanted = Signal()
    quit_wanted = Signal()
    went = Signal()

    def __init__(self, running: RunningTimers, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._running = running
        self._theme = theme
        self._kept = True
        self._numbers: frozenset[int] = frozenset()  # of the timers it asks about
        self.asks = False
        self._glyph = Glyph("timer", "", 20)
        self._title = plain_label("strong")
        self._hint = plain_label("small")
        self.stay = QPushButton(self.tr("Keep Parley open"))
        self.stay.setProperty("role", "primary")
        self.stay.clicked.connect(self._stay)
        self.quit = QPushButton(self.tr("Quit anyway"))
        self.quit.clicked.connect(self.quit_wanted)
        self._lay_out()
        running.changed.connect(self._refresh)
        running.ticked.connect(self._refresh)
        theme.changed.connect(self._dress)
        self._dress()
        self.hide()

    def _lay_out(self) -> None:
        question = QWidget()
        text = QVBoxLayout(question)
        text.setContentsMargins(0, 0, 0, 0)
        text.setSpacing(2)
        text.addWidget(self._title)
        text.addWidget(self._hint)
        asked = Folding(look.SPACE_M, look.SPACE_S)
        asked.add(question, stretch=1, least=_LEAST_TEXT_PX)
        asked.add(in_a_line(self.quit, self.stay))
        card = QFrame()
        card.setObjectName("card")
        row = QHBoxLayout(card)
        row.setContentsMargins(look.SPACE_M, look.SPACE_S + 2, look.SPACE_M, look.SPACE_S + 2)
        row.setSpacing(look.SPACE_M)
        row.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(asked, 1)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(look.SPACE_L, look.SPACE_M, look.SPACE_L, 0)
        outer.addWidget(card)

    @property
    def text(self) -> str:
        """What it asks, and what follows from it."""
        return f"{self._title.text()} {self._hint.text()}"

    def show_kept(self, kept: bool) -> None:
        """Whether timers are written, so that they can go on in the next run."""
        self._kept = kept
        self._refresh()

    def ask(self) -> None:
        """Appear; Enter keeps Parley open."""
        self.asks = True
        self._numbers = frozenset(row.number for row in self._running.rows)
        self._refresh()
        self.show()
        self.stay.setFocus(Qt.FocusReason.OtherFocusReason)

    def put_away(self) -> bool:
        """Ask no more; False when it did not."""
        if not self.asks:
            return False
        self.asks = False
        focused = QApplication.focusWidget()
        had_focus = focused is not None and self.isAncestorOf(focused)
        self.hide()
        if had_focus:
            self.went.emit()
        return True

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._running.watch(self, True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._running.watch(self, False)
        self.put_away()  # with its window: nobody reads it any more

    def _stay(self) -> None:
        self.put_away()
        self.stay_wanted.emit()

    def _refresh(self) -> None:
        rows = self._running.rows
        if any(row.number not in self._numbers for row in rows) or not rows:
            self.put_away()
        elif self.asks:
            title, hint = words.before_the_end(rows, self._running.now(), kept=self._kept)
            if (title, hint) != (self._title.text(), self._hint.text()):
                self._title.setText(title)
                self._hint.setText(hint)

    def _dress(self) -> None:
        self._glyph.show_icon("timer", self._theme.tokens.warn)
