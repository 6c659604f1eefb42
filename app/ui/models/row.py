"""A model on the models page: what it changes, its size and licence, how it stands, and the
buttons for what can be done with it now."""

from __future__ import annotations

from enum import Enum, auto

from PySide6.QtCore import QElapsedTimer, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QHideEvent
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.core.events import CancelFetch, DeleteModel, FetchEnded, FetchModel, FetchProgressed
from app.core.model_cards import Card, OnDisk
from app.core.model_events import UseModel
from app.ui import theme as look
from app.ui.cards import Glyph
from app.ui.elided_button import ElidedButton
from app.ui.folding import Folding, in_a_line
from app.ui.labels import plain_label, show_text
from app.ui.models import words as model_words
from app.ui.models.thin_bar import ThinBar
from app.ui.models.words import Fetching
from app.ui.theme import Theme
from app.ui.words import size

_LEAST_LICENCE_PX = 60

_LEAST_WORDS_PX = 240
"""Of a row; where they have less, its buttons stand under them."""

PATIENCE_MS = 6000
"""A model that is not gone by then was not deleted; why is said elsewhere."""


class Does(Enum):
    """What a button of the row does now."""

    NOTHING = auto()
    DOWNLOAD = auto()
    RESUME = auto()
    PAUSE = auto()
    CANCEL = auto()
    USE = auto()
    DELETE = auto()
    REALLY_DELETE = auto()
    KEEP = auto()


class ModelRow(QWidget):
    """One model. Two buttons change their meaning with its state, so that the keyboard's focus
    stays where it is; a double click is one click. Lives in the GUI thread.

    Signals:
        intent: what the user wants with the model.
        licence_wanted: the user wants to read its licence (address, str).
    """

    intent = Signal(object)
    licence_wanted = Signal(str)

    def __init__(self, theme: Theme, card: Card, *, heading: str = "", icon: str = "") -> None:
        """
        Args:
            heading: stands above its facts in place of name and sentence, where there is little
                room; such a row offers no deletion.
            icon: in front of it while nothing is special.
        """
        super().__init__()
        self._theme = theme
        self._card = card
        self._heading = heading
        self._icon = icon
        self._fetching: Fetching | None = None
        self._left: Fetching | None = None
        """How far a download was that is stopped."""
        self._failed = ("", "")
        self._asking = self._deleting = False
        self._cancelled = False
        """The user cancelled it; what is still told of it is of no interest."""
        self._blocked = ""
        self._does: dict[QPushButton, Does] = {}
        self._since_click = QElapsedTimer()
        self._mark = Glyph("check-circle", "", 18)
        room = self._mark.sizePolicy()
        room.setRetainSizeWhenHidden(True)  # the names stand one under the other
        self._mark.setSizePolicy(room)
        self._title = plain_label()
        self._about = plain_label("small")
        self._use = plain_label("small", wraps=False)
        self._size = plain_label("small", wraps=False)
        self._warning = Glyph("alert", "", 14)
        self.licence = ElidedButton()
        self.licence.setMinimumWidth(_LEAST_LICENCE_PX)
        self.licence.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.licence.setProperty("role", "quiet")
        self.licence.clicked.connect(self._ask_for_licence)
        self._bar = ThinBar(theme)
        self._state = plain_label("small")
        self.second, self.first = QPushButton(), QPushButton()
        self._lay_out()
        for button in (self.second, self.first):
            button.clicked.connect(self._clicked)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(PATIENCE_MS)
        self._patience.timeout.connect(self._not_deleted)
        theme.changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        self._facts = Folding(look.SPACE_XS, 0)
        self._facts.add(in_a_line(self._use, self._size, spacing=look.SPACE_XS))
        self._facts.add(in_a_line(self._warning, self.licence, spacing=look.SPACE_XS))
        self._facts.add(QWidget(), stretch=1, least=1)
        text = QVBoxLayout()
        text.setSpacing(1)
        text.addWidget(self._title)
        text.addWidget(self._about)
        text.addWidget(self._facts)
        text.addWidget(self._state)
        text.addSpacing(2)
        text.addWidget(self._bar)
        said = QWidget()
        line = QHBoxLayout(said)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(look.SPACE_S + look.SPACE_XS)
        line.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(text, 1)
        self._body = Folding(look.SPACE_L, look.SPACE_XS)
        self._body.add(said, stretch=1, least=_LEAST_WORDS_PX)
        buttons = in_a_line(self.second, self.first)
        self._body.add(buttons, side=Qt.AlignmentFlag.AlignRight)
        column = QVBoxLayout(self)
        high = look.SPACE_XS + 1 if self._heading else look.SPACE_M
        column.setContentsMargins(look.SPACE_L, high, look.SPACE_L, high)
        column.addWidget(self._body)

    # --- what is known ----------------------------------------------------------------------

    @property
    def card(self) -> Card:
        return self._card

    @property
    def name(self) -> str:
        """What people call the model."""
        return model_words.title(self._card.offer)

    @property
    def text(self) -> str:
        """Everything the row says, for the search, tests and screen readers."""
        said = (self._title, self._about, self._use, self._size, self.licence, self._state)
        return " · ".join(part.text() for part in said if part.text())

    @property
    def words(self) -> str:
        """Everything it is found by."""
        return f"{self.text} {self._card.id.model} {self._card.id.engine}"

    def controls(self) -> tuple[QPushButton, ...]:
        """What Tab reaches, from left to right; those that are hidden too."""
        return (self.licence, self.second, self.first)

    def does(self, button: QPushButton) -> Does:
        """What a click would do now."""
        return self._does.get(button, Does.NOTHING)

    def show_heading(self, heading: str) -> None:
        """Other words above its facts."""
        self._heading = heading
        self.refresh()

    def show_card(self, card: Card) -> None:
        """How the model stands now."""
        if card.on_disk != self._card.on_disk:
            self._deleting = False
            self._patience.stop()
            if card.on_disk == OnDisk.HERE:
                self._left, self._failed = None, ("", "")
        self._card = card
        self._asking = self._asking and card.on_disk == OnDisk.HERE
        self.refresh()

    def show_progress(self, event: FetchProgressed) -> None:
        """Its download moved on."""
        if self._cancelled:
            return
        self._failed = ("", "")
        done, total = event.done_bytes, event.total_bytes
        if not total and self._fetching is not None:
            # a step without numbers: it is asked for, checked or converted
            done, total = self._fetching.done_bytes, self._fetching.total_bytes
        self._fetching = Fetching(done, total, event.bytes_per_s, event.line, event.waiting)
        self.refresh()

    def show_end(self, event: FetchEnded) -> None:
        """Its download is over."""
        fetching, self._fetching = self._fetching, None
        if not event.complete and fetching is not None and fetching.done_bytes:
            self._left = fetching
        self._cancelled = False
        self._failed = (event.title, event.hint)
        self.refresh()
        self._announce(event)

    def _announce(self, event: FetchEnded) -> None:
        """For who does not see: the end of what may have taken minutes."""
        words = f"{event.title} {event.hint}".strip()
        if event.complete:
            words = self.tr("%1 is downloaded.").replace("%1", self.name)
        if words and self.isVisible() and QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, words))

    def show_blocked(self, why: str) -> None:
        """Why nothing can be downloaded now; empty when it can."""
        if why != self._blocked:
            self._blocked = why
            self.refresh()

    # --- how it looks -------------------------------------------------------------------------

    def refresh(self) -> None:
        card, tokens = self._card, self._theme.tokens
        mark, colour = self._sign()
        self._mark.show_icon(mark, getattr(tokens, colour))
        self._mark.setVisible(bool(mark))
        self._title.setText(self._heading or self.name)
        show_text(self._about, "" if self._heading else model_words.about(card.offer))
        self._show_facts()
        self._show_licence()
        self._facts.fold()
        self._show_state()
        self._show_buttons()
        self._body.fold()
        self.setAccessibleName(self.text)

    def _sign(self) -> tuple[str, str]:
        """The icon in front of it, and the token of its colour; none while nothing is special."""
        if self._fetching is not None:
            return ("hourglass" if self._fetching.waiting else "download"), "accent"
        if self._failed[0]:
            return "alert", "warn"
        if self._card.in_use and self._card.on_disk == OnDisk.HERE:
            return "check-circle", "speaking"
        return self._icon, "muted"

    def _show_facts(self) -> None:
        """What it does now, and how large it is."""
        is_here = self._card.on_disk == OnDisk.HERE
        use = model_words.use_of(self._card) if is_here else ""
        use = " · ".join(word for word in (self.name if self._heading else "", use) if word)
        how_large = model_words.size_of(self._card)
        show_text(self._use, f"{use} ·" if use and how_large else use)
        show_text(self._size, how_large)

    def _show_licence(self) -> None:
        licence = self._card.offer.licence
        self.licence.setVisible(licence is not None)
        self._warning.setVisible(licence is not None and not licence.commercial)
        self._warning.show_icon("alert", self._theme.tokens.warn)
        if licence is None:
            return
        words = model_words.licence_of(self._card.offer)
        self.licence.setText(words)
        self.licence.setToolTip(self.tr("Read the licence: %1").replace("%1", licence.url))
        spoken = self.tr("Licence of %1: %2. Opens it in the browser.")
        spoken = spoken.replace("%1", self.name).replace("%2", words)
        self.licence.setAccessibleName(spoken)

    def _show_state(self) -> None:
        """One line that matters most now, and the bar while there is a part of a model."""
        fetching = self._fetching
        state, share = "", None
        if fetching is not None:
            state, share = model_words.how_far(fetching), fetching.share
        elif self._deleting:
            state = self.tr("Being deleted")
        elif self._asking:
            state = model_words.gone(self._card)
        elif self._failed[0]:
            state = " ".join(part for part in self._failed if part)
            share = self._part()[0]
        elif self._is_paused():
            share, how_much = self._part()
            state = self.tr("Paused, %1").replace("%1", how_much)
        elif self._card.in_use and self._card.on_disk != OnDisk.HERE and not self._heading:
            state = self.tr("Chosen in the settings; used as soon as it is here.")
        show_text(self._state, state)
        self._bar.setVisible(share is not None)
        if share is not None:
            self._bar.show_share(share)
            named = self.tr("Download of %1").replace("%1", self.name)
            self._bar.setAccessibleName(named)
            self._bar.setAccessibleDescription(state)

    def _is_paused(self) -> bool:
        if self._card.on_disk == OnDisk.HERE:
            return False
        return self._card.on_disk == OnDisk.PAUSED or self._left is not None

    def _part(self) -> tuple[float | None, str]:
        """How much of a stopped download is here: as a share, and in words."""
        if not self._is_paused():
            return None, ""
        here, left = self._card.here_bytes, self._left
        if left is not None and left.total_bytes:
            here, total, guessed = left.done_bytes, left.total_bytes, False
        else:
            total, guessed = self._card.total_bytes or self._card.offer.size_bytes, True
        if not total:
            return 0.0, size(here)
        return min(here / total, 1.0), model_words.how_much(here, max(here, total), guessed=guessed)

    def _show_buttons(self) -> None:
        first, second = self._wanted()
        for button, does in ((self.first, first), (self.second, second)):
            self._does[button] = does
            text, spoken = self._labels(does)
            button.setText(text)
            button.setAccessibleName(spoken.replace("%1", self.name))
            why_not = self._blocked if self._is_blocked(does) else ""
            button.setToolTip(why_not)
            button.setAccessibleDescription(why_not or self.text)
            button.setEnabled(not self._is_blocked(does) and not self._deleting)
            if first != second:  # both are nothing at the end: the focus goes on to what follows
                self._keep_focus(button, does)
            button.setVisible(does != Does.NOTHING)

    def _keep_focus(self, button: QPushButton, does: Does) -> None:
        """The focus of a button that is about to go belongs to the other of the row."""
        if does == Does.NOTHING and button.hasFocus():
            other = self.second if button is self.first else self.first
            other.show()
            other.setFocus(Qt.FocusReason.OtherFocusReason)

    def _wanted(self) -> tuple[Does, Does]:
        """What the right and the left button are for."""
        if self._fetching is not None:
            return Does.CANCEL, Does.PAUSE
        if self._asking:
            return Does.KEEP, Does.REALLY_DELETE
        if self._card.on_disk == OnDisk.HERE:
            can_delete = self._card.can_delete and not self._heading
            delete = Does.DELETE if can_delete else Does.NOTHING
            return delete, Does.NOTHING if self._card.in_use else Does.USE
        if self._is_paused():
            can_delete = self._card.on_disk == OnDisk.PAUSED
            return (Does.DELETE if can_delete else Does.NOTHING), Does.RESUME
        return Does.NOTHING, Does.DOWNLOAD

    def _is_blocked(self, does: Does) -> bool:
        return bool(self._blocked) and does in (Does.DOWNLOAD, Does.RESUME)

    def _labels(self, does: Does) -> tuple[str, str]:
        """What the button says, and what is said of it; %1 is the model."""
        if does in (Does.DOWNLOAD, Does.RESUME) and self._failed[0]:
            return self.tr("Try again"), self.tr("Download %1 again")
        return {
            Does.NOTHING: ("", ""),
            Does.DOWNLOAD: (self.tr("Download"), self.tr("Download %1")),
            Does.RESUME: (self.tr("Resume"), self.tr("Go on with the download of %1")),
            Does.PAUSE: (self.tr("Pause"), self.tr("Pause the download of %1")),
            Does.CANCEL: (self.tr("Cancel"), self.tr("Cancel the download of %1")),
            Does.USE: (self.tr("Use"), self.tr("Use %1")),
            Does.DELETE: (self.tr("Delete"), self.tr("Delete %1")),
            Does.REALLY_DELETE: (self.tr("Delete it"), self.tr("Really delete %1")),
            Does.KEEP: (self.tr("Keep"), self.tr("Keep %1")),
        }[does]

    # --- what is wanted -----------------------------------------------------------------------

    def _clicked(self) -> None:
        button = self.sender()
        if not isinstance(button, QPushButton):
            return
        interval_ms = QApplication.doubleClickInterval()
        if self._since_click.isValid() and self._since_click.elapsed() < interval_ms:
            return  # the second half of a double click; the button means something else by now
        self._since_click.start()
        self._act(self.does(button))

    def _act(self, does: Does) -> None:
        one = self._card.id
        stage, engine, model = one.stage, one.engine, one.model
        match does:
            case Does.DOWNLOAD | Does.RESUME:
                self._failed, self._cancelled = ("", ""), False
                left = self._left or Fetching(self._card.here_bytes, self._card.total_bytes)
                self._fetching = Fetching(left.done_bytes, left.total_bytes)
                self.intent.emit(FetchModel(stage=stage, engine=engine, model=model))
            case Does.PAUSE:
                self.intent.emit(CancelFetch(stage=stage, engine=engine, model=model))
            case Does.CANCEL:
                self._left, self._fetching, self._cancelled = None, None, True
                self.intent.emit(CancelFetch(stage=stage, engine=engine, model=model, discard=True))
            case Does.USE:
                language = self._card.offer.language
                self.intent.emit(
                    UseModel(stage=stage, engine=engine, model=model, language=language)
                )
            case Does.DELETE if self._card.on_disk == OnDisk.HERE:
                self._asking = True
            case Does.KEEP:
                self._asking = False
            case Does.DELETE | Does.REALLY_DELETE:
                self._asking, self._deleting, self._left = False, True, None
                self._failed = ("", "")
                self._patience.start()
                self.intent.emit(DeleteModel(stage=stage, engine=engine, model=model))
        self.refresh()

    def _not_deleted(self) -> None:
        self._deleting = False
        self.refresh()

    def _ask_for_licence(self) -> None:
        if self._card.offer.licence is not None:
            self.licence_wanted.emit(self._card.offer.licence.url)

    def hideEvent(self, event: QHideEvent) -> None:
        # a question nobody answered does not wait behind a closed page
        self._asking = False
        self.refresh()
        super().hideEvent(event)
