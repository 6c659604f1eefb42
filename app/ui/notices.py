"""What the user is told beside the turns: cards where they look, words for who does not see."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget

from app.core.diagnosis_events import ModelPlaced, Placing
from app.core.events import DeviceChanged, Event, Notice, StageFailed
from app.core.update_events import UpdateFound
from app.ui import words
from app.ui.cards import CardStack
from app.ui.composer import LONGEST_QUESTION
from app.ui.conversation.model import ConversationModel
from app.ui.engines.status import EngineStatus
from app.ui.pages import Pages


class Notices(QObject):
    """Turns news that belong to no turn into cards. Lives in the GUI thread."""

    def __init__(
        self,
        window: QWidget,
        cards: CardStack,
        pages: Pages,
        conversation: ConversationModel,
        engines: EngineStatus,
    ) -> None:
        """
        Args:
            window: in whose name a screen reader is told.
            cards: where the cards lie while no page covers the conversation.
            conversation: shows itself what concerns one of its turns.
        """
        super().__init__(window)
        self._window = window
        self._cards = cards
        self._pages = pages
        self._conversation = conversation
        self._engines = engines
        pages.covered.connect(self._covered)
        conversation.reply_finished.connect(self._announce_reply)

    def handle(self, event: Event) -> None:
        """Take any event of the app, before the conversation and the engines do."""
        match event:
            case Notice() if self._conversation.entry(event.turn_id) is None:
                self.tell(event.title, event.hint, event.level)
            case StageFailed() if self._conversation.entry(event.turn_id) is None:
                self.tell(event.title, event.hint, "warn" if event.recovered_by else "error")
            case DeviceChanged(kind="input"):
                self._take_microphone(event)
            case ModelPlaced(placing=Placing.ON_GPU):
                self._cards.remove_about(event.model)
            case UpdateFound():
                self.tell(
                    self.tr("Parley %1 is there.").replace("%1", event.version),
                    self.tr("Get it from %1").replace("%1", event.page),
                    "info",
                )

    @Slot(str, str, str)
    def tell(self, title: str, hint: str, level: str) -> None:
        """Show a card, on the page if one covers the conversation.

        Args:
            level: one of `app.ui.cards.LEVELS`.
        """
        page = self._pages.shown
        cards = page.cards if page is not None else self._cards
        cards.add(title, hint, level)
        self.announce(f"{title} {hint}".strip())

    @Slot(str)
    def take_back(self, title: str) -> None:
        """What this card told is no longer true."""
        for cards in (self._cards, *self._pages.cards_told()):
            cards.remove(title)

    @Slot()
    def tell_cut_short(self) -> None:
        """What was pasted is longer than a question may be."""
        self.tell(
            self.tr("Only the first %1 characters were pasted.").replace(
                "%1", words.number(LONGEST_QUESTION)
            ),
            self.tr("Ask about a shorter piece of the text."),
            "info",
        )

    def announce(self, text: str) -> None:
        """Have a screen reader say it."""
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._window, text))

    def _take_microphone(self, event: DeviceChanged) -> None:
        title = self.tr("No microphone is connected.")
        if event.name:
            self.take_back(title)
        elif self._engines.has_microphone:
            self.tell(
                title,
                self.tr("Plug one in, or type your question. I notice when it is back."),
                "warn",
            )

    def _announce_reply(self, index: int) -> None:
        self.announce(self._conversation.entries[index].reply)

    def _covered(self, covered: bool) -> None:
        """What was told on a page and still stands goes with its reader."""
        if not covered:
            for cards in self._pages.cards_told():
                cards.move_to(self._cards)
