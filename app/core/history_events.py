"""What flows about conversations as wholes: the list of them, an old one taken up, private ones.

Intents go from the window to the history thread, except `NewConversation`, which is the
conversation's; the answers come the usual way, through the conversation to everyone who watches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.core.events import Command, Event, Intent
from app.core.ports import TurnRecord

ExportFormat = Literal["markdown", "json", "wav"]
"""wav: the replies as they sound, one after another."""


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """One conversation of the list."""

    session_id: int
    title: str
    """The user's own name for it, or its first question."""
    started_at: float
    """Unix time, seconds, of its first turn."""
    last_at: float
    """Unix time, seconds, of its last turn; the list is ordered by this."""
    turns: int
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class FoundTurn:
    """A turn that holds the words that were searched for."""

    session_id: int
    row_id: int
    title: str
    """Of its conversation."""
    started_at: float
    """Unix time, seconds."""
    pieces: tuple[tuple[str, bool], ...]
    """The text around the words, and whether each piece is one of them."""


# --- intents --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConversation(Intent):
    """Begin anew: the model is shown nothing of what was said before. Window → conversation."""

    private: bool = False
    """Keep nothing of it, on the disk or elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenConversation(Intent):
    """Go on with this one. Answered by `ConversationOpened`."""

    session_id: int
    row_id: int = 0
    """The turn to be shown first; 0 for the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListConversations(Intent):
    """Answered by `ConversationsListed`, and again whenever the list is another."""

    limit: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchConversations(Intent):
    """Answered by `ConversationsFound`; a newer search makes an older one needless."""

    text: str
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameConversation(Intent):
    session_id: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PinConversation(Intent):
    session_id: int
    pinned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteConversation(Intent):
    """Out of sight at once, off the disk when it can no longer be taken back."""

    session_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreConversation(Intent):
    """Take the deletion back."""

    session_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteAllConversations(Intent):
    """All of them, at once and for good; the user was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportConversations(Intent):
    """Answered by `ConversationsExported`."""

    path: str
    format: ExportFormat
    session_id: int | None = None
    """None for all."""


# --- commands -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetTurn(Command):
    """The question of `turn_id` was changed and asked again: nothing of it is to be kept.
    Conversation → history."""

    conversation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UseHistory(Command):
    """Keep turns like this from now on. Settings → history."""

    enabled: bool
    keep_days: int
    """0 keeps them for ever."""


# --- events ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationOpened(Event):
    """An old conversation, to go on with. History → conversation."""

    session_id: int
    title: str
    turns: tuple[TurnRecord, ...]
    """Oldest first; `turn_id` is the negative of the row's number, which no new turn has."""
    shown: int = 0
    """The `turn_id` to be shown first; 0 for the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationBegun(Event):
    """The turns that follow belong to this conversation (`TurnRecord.conversation`). Conversation
    → everyone; the window shows it in place of the one before."""

    conversation: int
    """Its number within this run of Parley; the first is 0 and is not announced."""
    session_id: int = 0
    """The old one that goes on; 0 for a new one, which has no row before its first turn."""
    title: str = ""
    private: bool = False
    turns: tuple[TurnRecord, ...] = ()
    """What was said in it before."""
    shown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationsListed(Event):
    """The conversations there are, pinned ones first, then the newest."""

    rows: tuple[ConversationRow, ...]
    total: int
    current: int = 0
    """`session_id` of the one that new turns are written to; 0 while it has no row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationsFound(Event):
    """What a search found, the newest first."""

    text: str
    """What was searched for."""
    turns: tuple[FoundTurn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationDeleted(Event):
    """It is out of sight, and can be taken back for `undo_s`."""

    session_id: int
    title: str
    undo_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationsExported(Event):
    path: str
    turns: int
