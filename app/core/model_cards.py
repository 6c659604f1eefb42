"""How models stand on this computer: what is here, what the settings use, and both as one card."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from app.core.catalogue import OLLAMA, ModelId, Offer, offer_of
from app.core.language_names import LANGUAGE_NAMES
from app.core.ollama import same_model
from app.core.ports import Stage


class OnDisk(StrEnum):
    """How a model stands on this computer."""

    ABSENT = "absent"
    PAUSED = "paused"
    """A part of it is here, and nobody is fetching the rest."""
    HERE = "here"


@dataclass(frozen=True, slots=True)
class Stock:
    """A model that lies on the disk, whole or in part."""

    id: ModelId
    whole: bool
    size_bytes: int
    """Of what is here."""
    total_bytes: int = 0
    """Of all of it, as the hub told; 0 when that is not known."""
    ours: bool = True
    """False when it lies where other programs use it too: Parley does not delete it."""


class Shelf(Protocol):
    """The models on this computer's disk. Any thread; blocks."""

    def look(self) -> tuple[Stock, ...]:
        """What is there, whole and in part."""

    def fetch(self, wanted: ModelId, progress: Callable[[str], None]) -> None:
        """Download a model, as `ports.Fetchable.fetch` does.

        Raises:
            ProviderUnavailable: no network, no such model, no room on the disk.
        """

    def delete(self, unwanted: ModelId, *, part_only: bool = False) -> None:
        """Remove a model, and what a download of it left; nothing happens when it is not there.

        Args:
            part_only: remove what a download left, and keep a model that is whole.

        Raises:
            ProviderUnavailable: it is in use, or not Parley's to delete.
        """


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which models the settings name now."""

    stt: ModelId | None = None
    """None while speech is heard by an engine that has nothing to download."""
    voices: Mapping[str, str] = field(default_factory=dict)
    """Voice by language (ISO 639-1); empty while another engine speaks."""
    llm: tuple[ModelId, ...] = ()
    """Those with something to download: first the ones that are asked, in their order."""
    order: tuple[str, ...] = ()
    """Registry names of all language models that are asked, first choice first."""

    def uses(self, one: ModelId) -> bool:
        """Whether a setting names this model, and its engine is one that serves."""
        if one.stage == Stage.TTS:
            return one.engine == "vits" and one.model in self.voices.values()
        if one.stage == Stage.STT:
            return one == self.stt
        return one.engine in self.order and any(_same(one, each) for each in self.llm)

    def rank(self, one: ModelId) -> int:
        """Its place in the order of the language models, from 1; 0 for none."""
        if one.stage != Stage.LLM or not self.uses(one):
            return 0
        return self.order.index(one.engine) + 1

    def language_of(self, one: ModelId) -> str:
        """For which language the settings name this voice; empty for none."""
        return next((code for code, voice in self.voices.items() if voice == one.model), "")


@dataclass(frozen=True, slots=True)
class Card:
    """A model as the window shows it."""

    offer: Offer
    on_disk: OnDisk = OnDisk.ABSENT
    here_bytes: int = 0
    total_bytes: int = 0
    """0 when nobody knows; the offer has a guess."""
    in_use: bool = False
    """A setting names it and its engine serves, here or not."""
    rank: int = 0
    """Of a language model: its place in the order, from 1; 0 for none."""
    can_delete: bool = True

    @property
    def id(self) -> ModelId:
        return self.offer.id


def cards(stocks: Iterable[Stock], chosen: Chosen, offers: Sequence[Offer]) -> tuple[Card, ...]:
    """The offers in their order, and after them what else is on the disk or chosen."""
    here = {stock.id: stock for stock in stocks}
    wanted = [offer.id for offer in offers]
    also = [*here, *(one for one in (chosen.stt, *chosen.llm) if one is not None)]
    also += [ModelId(Stage.TTS, "vits", voice) for voice in chosen.voices.values()]
    engines = {(offer.id.stage, offer.id.engine) for offer in offers}
    ids: list[ModelId] = []
    for one in (*wanted, *also):
        is_ours = one in here or (one.stage, one.engine) in engines
        if is_ours and not any(_same(one, each) for each in ids):
            ids.append(one)
    return tuple(_card(one, here.get(one), chosen) for one in ids)


def ollama_cards(names: Sequence[str], sizes: Sequence[int], chosen: Chosen) -> tuple[Card, ...]:
    """The models on the Ollama server, after the offers.

    Args:
        names: those that are pulled.
        sizes: bytes of each; empty when not told.
    """
    sizes = sizes or [0] * len(names)
    stocks = []
    for name, size in zip(names, sizes, strict=True):
        known = offer_of(ModelId(Stage.LLM, "ollama", name)).id
        stocks.append(Stock(known, True, size, size))
    only_here = Chosen(llm=tuple(x for x in chosen.llm if x.engine == "ollama"), order=chosen.order)
    return cards(stocks, only_here, OLLAMA)


def _card(one: ModelId, stock: Stock | None, chosen: Chosen) -> Card:
    offer = offer_of(one)
    if one.stage == Stage.TTS and not offer.language:
        language = chosen.language_of(one)
        offer = Offer(one, LANGUAGE_NAMES.get(language, offer.title), language=language)
    on_disk = OnDisk.ABSENT
    if stock is not None:
        on_disk = OnDisk.HERE if stock.whole else OnDisk.PAUSED
    return Card(
        offer,
        on_disk,
        stock.size_bytes if stock else 0,
        stock.total_bytes if stock else 0,
        in_use=chosen.uses(one),
        rank=chosen.rank(one),
        can_delete=stock is None or stock.ours,
    )


def _same(one: ModelId, other: ModelId) -> bool:
    if one.engine == other.engine == "ollama":
        return same_model(one.model, other.model)
    return one == other
