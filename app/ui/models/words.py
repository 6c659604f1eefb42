"""How the window puts a model and its download into words. All go through Qt's translation."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from app.core.catalogue import CONTEXT, Offer
from app.core.downloads import Download, time_left
from app.core.model_cards import Card, OnDisk
from app.core.ports import Stage
from app.ui.translation import said
from app.ui.words import size

translate = QCoreApplication.translate


@dataclass(frozen=True, slots=True)
class Fetching:
    """A download as the window last heard of it."""

    done_bytes: int = 0
    total_bytes: int = 0
    bytes_per_s: float = 0.0
    line: str = ""
    """Whoever downloads has said it so."""
    waiting: bool = False

    @property
    def share(self) -> float:
        return self.done_bytes / self.total_bytes if self.total_bytes else 0.0


def about(offer: Offer) -> str:
    """What the model changes."""
    words = translate(CONTEXT, offer.about) if offer.about else ""
    return words.replace("%1", title(offer))


def title(offer: Offer) -> str:
    """What people call the model: a voice by its language."""
    return translate("Languages", offer.title) if offer.language else offer.title


def how_much(done: int, total: int, *, guessed: bool = False) -> str:
    """ "40 of 145 MB"."""
    whole = size(total)
    here = size(done)
    if here.split()[-1] == whole.split()[-1]:  # the space is another one in each language
        here = here.split()[0]
    words = translate("Models", "%1 of %2")
    if guessed:
        words = translate("Models", "%1 of about %2")
    return words.replace("%1", here).replace("%2", whole)


def how_far(fetching: Fetching) -> str:
    """ "40 of 145 MB, 12 MB/s, about 9 s left"."""
    if fetching.waiting:
        return translate("Models", "Waiting for the download before it")
    here = Download("", fetching.done_bytes, fetching.total_bytes, fetching.bytes_per_s)
    if not here.is_under_way:
        return said(fetching.line) or translate("Models", "Starting the download")
    pieces = [how_much(fetching.done_bytes, fetching.total_bytes)]
    if "waiting for" in fetching.line:
        pieces.append(translate("Models", "nothing is coming now"))
    elif fetching.bytes_per_s > 0:
        pieces.append(translate("Models", "%1/s").replace("%1", size(fetching.bytes_per_s)))
        if here.left_s is not None:
            left = translate("Models", "about %1 left")
            pieces.append(left.replace("%1", time_left(here.left_s)))
    return ", ".join(pieces)


def size_of(card: Card) -> str:
    """How large it is, or was when it was last looked up."""
    if card.on_disk == OnDisk.HERE:
        return size(card.here_bytes) if card.here_bytes else ""
    if not card.offer.size_bytes:
        return ""
    return translate("Models", "about %1").replace("%1", size(card.offer.size_bytes))


def use_of(card: Card) -> str:
    """What a model that the settings name does, or would do if it were here; empty for others."""
    if not card.in_use:
        return ""
    if card.id.stage == Stage.STT:
        return translate("Models", "Hears you")
    if card.id.stage == Stage.TTS:
        return translate("Models", "Speaks now")
    if card.rank == 1:
        return translate("Models", "Answers first")
    return translate("Models", "Answers when those before it cannot")


def licence_of(offer: Offer) -> str:
    """Its name, and what it forbids."""
    if offer.licence is None:
        return ""
    if offer.licence.commercial:
        return offer.licence.name
    words = translate("Models", "Not for commercial use (%1)")
    return words.replace("%1", offer.licence.name)


def gone(card: Card) -> str:
    """What happens when the model is deleted, asked before it is."""
    again = translate("Models", "To have it again, it must be downloaded again.")
    if not card.in_use:
        return again
    if card.id.stage == Stage.STT:
        instead = translate("Models", "It hears you now. The built-in recogniser takes over.")
    elif card.id.stage == Stage.TTS:
        instead = translate("Models", "It speaks now. The built-in voice takes over.")
    elif card.rank == 1:
        instead = translate("Models", "It answers now. The next in the order takes over.")
    else:
        return again
    return f"{instead} {again}"
