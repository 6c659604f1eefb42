"""Calm cards for what the user should know: a title, the next step, and a way to put it away."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from app.ui import icons
from app.ui import theme as look
from app.ui.labels import plain_label
from app.ui.theme import Theme, Tokens
from app.ui.translation import said

LEVELS = {"info": "info", "warn": "alert", "error": "alert"}
"""Icon by level; the colour differs too, and the words say the rest."""

MOST_CARDS = 3
"""More would bury the conversation; the oldest give way."""

INFO_SHOWN_MS = 12_000
"""A card that asks for nothing leaves by itself."""


def level_colour(level: str, tokens: Tokens) -> str:
    """The colour of a level's icon."""
    return {"warn": tokens.warn, "error": tokens.error}.get(level, tokens.accent)


class Glyph(QWidget):
    """An icon as a picture, in a token's colour. Not for the keyboard."""

    def __init__(self, name: str, colour: str, size: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._colour = colour
        self.setFixedSize(size, size)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def show_icon(self, name: str, colour: str) -> None:
        if (name, colour) != (self._name, self._colour):
            self._name, self._colour = name, colour
            self.update()

    @property
    def name(self) -> str:
        return self._name

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        icons.paint(painter, self._name, self._colour, self.rect().toRectF())
        painter.end()


class Card(QFrame):
    """One thing to know, in the language of the window: who tells it may not know that.

    Attributes:
        title, hint, level: as they are shown.

    Signals:
        dismissed: the user put it away, or its time is over.
    """

    dismissed = Signal()

    def __init__(
        self,
        theme: Theme,
        title: str,
        hint: str,
        level: str,
        *,
        can_dismiss: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme = theme
        self.title, self.hint, self.level = said(title), said(hint), level
        self._glyph = Glyph(LEVELS.get(level, "info"), "", 20, self)
        self._title = plain_label("strong", self.title)
        self._hint = plain_label("small", self.hint)
        if not hint:
            self._hint.hide()
        self.setAccessibleName(f"{self.title} {self.hint}".strip())
        text = QVBoxLayout()
        text.setSpacing(2)
        text.addWidget(self._title)
        text.addWidget(self._hint)
        row = QHBoxLayout(self)
        row.setContentsMargins(look.SPACE_M, look.SPACE_S + 2, look.SPACE_S, look.SPACE_S + 2)
        row.setSpacing(look.SPACE_M)
        row.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(text, 1)
        self._close = QToolButton()
        self._close.setProperty("role", "icon")
        self._close.setAccessibleName(self.tr("Dismiss: %1").replace("%1", self.title))
        self._close.setToolTip(self.tr("Dismiss"))
        self._close.clicked.connect(self.dismissed)
        if not can_dismiss:
            self._close.hide()
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        theme.changed.connect(self._dress)
        self._dress()

    @property
    def close_button(self) -> QToolButton:
        return self._close

    def _dress(self) -> None:
        tokens = self._theme.tokens
        self._glyph.show_icon(LEVELS.get(self.level, "info"), level_colour(self.level, tokens))
        self._close.setIcon(icons.icon("close", tokens.muted))


class CardStack(QWidget):
    """The cards above the composer, newest last."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._cards: list[Card] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(look.SPACE_S)

    @property
    def cards(self) -> list[Card]:
        return list(self._cards)

    def add(self, title: str, hint: str, level: str) -> Card:
        """Show a card; one that says the same already is moved to the end instead."""
        self.remove(title)
        card = Card(self._theme, title, hint, level)
        card.dismissed.connect(self._dismiss)
        self._cards.append(card)
        self._column.addWidget(card)
        if level == "info":
            QTimer.singleShot(INFO_SHOWN_MS, card, card.dismissed.emit)
        while len(self._cards) > MOST_CARDS:
            self._drop(self._cards[0])
        return card

    def remove(self, title: str) -> None:
        """Take the card with this title away, if it is there: it is no longer true."""
        for card in [card for card in self._cards if card.title == said(title)]:
            self._drop(card)

    def move_to(self, other: CardStack) -> None:
        """Tell there what was told here and still stands."""
        for card in self.cards:
            self._drop(card)
            other.add(card.title, card.hint, card.level)

    def remove_about(self, name: str) -> None:
        """Take the cards away that begin with this name: what they told of it is mended."""
        for card in [card for card in self._cards if card.title.startswith(f"{name} ")]:
            self._drop(card)

    def _dismiss(self) -> None:
        card = self.sender()
        if isinstance(card, Card):
            self._drop(card)

    def _drop(self, card: Card) -> None:
        if card in self._cards:
            self._cards.remove(card)
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
