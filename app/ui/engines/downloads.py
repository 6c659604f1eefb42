"""Downloads that were stopped and wait to be gone on with: which there are, and how to say it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from app.core.catalogue import ModelId, offer_of
from app.core.events import Event, FetchEnded, FetchProgressed, OllamaChanged
from app.core.model_cards import Card, OnDisk
from app.core.model_events import ModelsListed
from app.core.ollama import same_model
from app.core.ports import Stage
from app.ui import words
from app.ui.models import words as model_words

translate = QCoreApplication.translate


@dataclass(frozen=True, slots=True)
class PausedDownload:
    """A model of which a part is here, and nobody is fetching the rest."""

    id: ModelId
    share: float
    """How much is here, 0 to 1."""

    @property
    def name(self) -> str:
        """What people call the model."""
        return model_words.title(offer_of(self.id))

    @property
    def line(self) -> str:
        """ "Whisper base: download paused at 41 %."""
        sentence = translate("Downloads", "%1: download paused at %2.")
        return sentence.replace("%1", self.name).replace("%2", words.percent(self.share))

    def is_of(self, one: ModelId) -> bool:
        """Whether this model is meant; engines tell a name without the organisation, too."""
        return _is_called(self.id, one)


class PausedDownloads:
    """Follows the events about models on the disk. Lives in the GUI thread.

    What Parley itself fetches is on a list of what lies on the disk, from earlier runs too; of
    what an Ollama server fetches, only this run's own news tell.
    """

    def __init__(self) -> None:
        self._cards: Sequence[Card] = ()
        self._last: dict[ModelId, FetchProgressed] = {}
        """The latest news of each download that told of bytes."""
        self._under_way: set[ModelId] = set()
        self._pulled: Sequence[str] = ()

    def handle(self, event: Event) -> bool:
        """Take an event; whether it changed what is paused."""
        match event:
            case ModelsListed():
                self._cards = event.cards
            case OllamaChanged() if event.models != self._pulled:
                self._pulled = event.models
            case FetchProgressed() if event.model:
                one = ModelId(event.stage, event.engine, event.model)
                is_news = one not in self._under_way
                self._under_way.add(one)
                if event.total_bytes:
                    self._last[one] = event
                return is_news
            case FetchEnded() if event.model:
                one = ModelId(event.stage, event.engine, event.model)
                self._under_way.discard(one)
                if event.complete:
                    self._last.pop(one, None)
            case _:
                return False
        return True

    def begun(self, one: ModelId | None) -> None:
        """Somebody wants the rest of this model; what is told of it next is its download."""
        mine = (card.id for card in self._cards if one is not None and _is_called(card.id, one))
        if one is not None:
            self._under_way.add(next(mine, one))

    def card_of(self, one: ModelId) -> Card | None:
        """How this model stands on the disk, if it is one that Parley fetches."""
        return next((card for card in self._cards if _is_called(card.id, one)), None)

    def paused(self, stage: Stage) -> list[PausedDownload]:
        """Those of this stage's models."""
        found = [
            PausedDownload(card.id, self._share(card))
            for card in self._cards
            if card.id.stage == stage
            and card.on_disk == OnDisk.PAUSED
            and card.id not in self._under_way
        ]
        for one, last in self._last.items():
            is_left = one.stage == stage and one.engine == "ollama" and one not in self._under_way
            if is_left and not any(same_model(one.model, name) for name in self._pulled):
                found.append(PausedDownload(one, _part(last.done_bytes, last.total_bytes)))
        return found

    def _share(self, card: Card) -> float:
        last = self._last.get(card.id)
        if last is not None:
            return _part(last.done_bytes, last.total_bytes)
        return _part(card.here_bytes, card.total_bytes or card.offer.size_bytes)


def here(card: Card | None, paused: PausedDownload | None) -> str:
    """The next step for a model that is not here, beside the button that takes it; empty when
    nobody knows how the model stands."""
    if paused is not None:
        return paused.line
    if card is None or card.on_disk == OnDisk.HERE:
        return ""
    facts = (model_words.size_of(card), model_words.licence_of(card.offer))
    about = " · ".join(fact for fact in facts if fact)
    if not about:
        return translate("EngineStatus", "Download it here. You can go on talking meanwhile.")
    step = translate("EngineStatus", "Download it here: %1. You can go on talking meanwhile.")
    return step.replace("%1", about)


def _part(done: int, total: int) -> float:
    """Never the whole: it would not be paused."""
    return min(done / total, 0.99) if total else 0.0


def _is_called(one: ModelId, other: ModelId) -> bool:
    """Whether both are the same model, with or without the organisation it comes from."""
    if (one.stage, one.engine) != (other.stage, other.engine):
        return False
    if one.engine == "ollama":
        return same_model(one.model, other.model)
    short = one.model.rstrip("/").rpartition("/")[2]
    return other.model in (one.model, short)
