"""The history thread: writes turns to disk, finds and changes conversations, and adds up how fast
they were, off every turn's path."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QTimer, Slot

from app.core.events import Event, FiguresChanged, LookUpFigures, Notice, SaveTurn, TurnSaved
from app.core.figures import HOUR_S, SPAN, RollingFigures, SessionWaits, Wait
from app.core.history_events import (
    ConversationBegun,
    ConversationDeleted,
    ConversationOpened,
    ConversationRow,
    ConversationsExported,
    ConversationsFound,
    ConversationsListed,
    DeleteAllConversations,
    DeleteConversation,
    ExportConversations,
    ForgetTurn,
    ListConversations,
    OpenConversation,
    PinConversation,
    RenameConversation,
    RestoreConversation,
    SearchConversations,
    UseHistory,
)
from app.core.ports import HistoryStore, TurnRecord
from app.errors import AssistantError, HistoryError
from app.workers.deletions import Deletions
from app.workers.worker import Worker

log = logging.getLogger(__name__)

RETRY_MS = 5_000
"""A file that was locked, or a full disk, is tried again after this time."""

UNDO_S = 30.0
"""How long a deletion can be taken back."""

DAY_S = 86_400.0
ROUND_MS = 3_600_000
"""How often it is looked whether a day has passed: a computer that sleeps stops long timers."""


class HistoryWorker(Worker):
    """Owns the history file. A turn that cannot be written yet waits here, and is tried again:
    a locked file will be free, a damaged one has been set aside and a new one begun.

    What was said in private never comes as far as the file, nor among those that wait.

    The figures (`FiguresChanged`) are told after each spoken turn, when they are asked for, and
    when the last hour has moved on. Without a history they are those of this run.
    """

    stage = "history"

    def __init__(
        self,
        store: HistoryStore | None,
        *,
        enabled: bool = True,
        keep_days: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            store: None keeps nothing and has nothing.
            enabled: False writes nothing; what is there can be read and deleted.
            keep_days: older conversations are deleted; 0 keeps them.
            clock: Unix time in seconds.
        """
        super().__init__()
        self._clock = clock
        self._store = store
        self._enabled = enabled
        self._keep_days = keep_days
        self._waits = SessionWaits()
        self._unsaved: dict[int, SaveTurn] = {}
        self._forgotten: set[int] = set()
        """Turns that were deleted before they could be written."""
        self._told = False
        self._conversation = 0
        self._limit = 0
        """Length of the list that somebody watches; 0 before it is asked for."""
        self._listed: tuple[object, ...] = ()
        self._searched: SearchConversations | None = None
        self._deletions = Deletions(UNDO_S)
        self._expired_at = -math.inf
        self._retry = self._timer(self._on_retry, RETRY_MS, single_shot=False)
        self._hour = self._timer(self._on_hour)
        self._search = self._timer(self._on_search_due)
        self._purge = self._timer(self._on_purge_due)
        self._round = self._timer(self._on_round, ROUND_MS, single_shot=False)

    def _timer(
        self, due: Callable[[], None], interval_ms: int = 0, *, single_shot: bool = True
    ) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(single_shot)
        timer.setInterval(interval_ms)
        timer.timeout.connect(due)
        return timer

    def on_begin(self) -> None:
        store = self._store
        if store is None:
            return
        self._round.start()
        if self._enabled or store.exists:
            self._look_after(store)

    def on_end(self) -> None:
        if self._store:
            self._save_all(self._store)
            if self._deletions.mine:
                self._forget_for_good(self._store, list(self._deletions.mine))
        # Last, since what is done above may start them.
        for timer in (self._retry, self._hour, self._search, self._purge, self._round):
            timer.stop()
        if self._store:
            self._store.close()

    def on(self, event: Event) -> None:
        match event:
            case SaveTurn():
                self._take(event)
            case ForgetTurn():
                self._forget_turn(event)
            case LookUpFigures():
                self._tell_figures()
            case ConversationBegun():
                self._begin(event)
            case UseHistory():
                self._use(event)
            case ListConversations():
                self._limit = event.limit
                self._tell_list(asked=True)
            case SearchConversations():
                # After what else has come: the next letter makes this one needless.
                self._searched = event
                self._search.start()
            case _ if self._store:
                try:
                    self._act(event, self._store)
                except AssistantError as exc:
                    self.happened.emit(Notice(title=exc.title, hint=exc.hint))

    # --- turns ----------------------------------------------------------------------------

    def _forget_turn(self, command: ForgetTurn) -> None:
        """Its question was changed: off the disk, and nothing more of it is written."""
        self._unsaved.pop(command.turn_id, None)
        self._forgotten.add(command.turn_id)
        if self._store is None or not self._store.exists:
            return
        try:
            self._store.forget_turn(command.conversation, command.turn_id)
        except HistoryError as exc:
            self.happened.emit(
                Notice(title=exc.title, hint="The question you changed is still in the history.")
            )
        self._tell_list()

    def _take(self, command: SaveTurn) -> None:
        record = command.record
        unwanted = record.private or command.turn_id in self._forgotten
        if self._store and self._enabled and not unwanted:
            self._unsaved[command.turn_id] = command
            self._save_all(self._store)
            self._tell_list()
        if record.outcome and SPAN in record.spans:
            self._waits.add(_wait(record))
            self._tell_figures()

    @Slot()
    def _on_retry(self) -> None:
        if self._store:
            self.guard(self._save_all, self._store)

    def _save_all(self, store: HistoryStore) -> None:
        for turn_id, command in list(self._unsaved.items()):
            try:
                row_id = store.save(command.record)
            except HistoryError as exc:
                self._tell(exc)
                self._retry.start()
                return
            except Exception as exc:  # one turn that cannot be written must not hold up the rest
                del self._unsaved[turn_id]
                self.report(exc, turn_id=0)
                continue
            del self._unsaved[turn_id]
            if row_id:
                complete = bool(command.record.outcome)
                self.happened.emit(TurnSaved(turn_id=turn_id, row_id=row_id, complete=complete))
        self._retry.stop()
        self._told = False

    def _tell(self, exc: HistoryError) -> None:
        """The same trouble once, not once per turn."""
        if not self._told:
            self._told = True
            self.happened.emit(Notice(title=exc.title, hint=exc.hint))

    # --- conversations --------------------------------------------------------------------

    def _begin(self, event: ConversationBegun) -> None:
        self._conversation = event.conversation
        if self._store and event.session_id:
            self._store.begin(event.conversation, event.session_id)
        self._tell_list()

    def _act(self, event: Event, store: HistoryStore) -> None:
        """
        Raises:
            AssistantError: it cannot be done; nothing was changed.
        """
        match event:
            case OpenConversation():
                self._open(event, store)
            case RenameConversation():
                self._after(store.rename(event.session_id, event.title))
            case PinConversation():
                self._after(store.pin(event.session_id, event.pinned))
            case DeleteConversation():
                self._delete(event.session_id, store)
            case RestoreConversation():
                self._restore(event.session_id, store)
            case DeleteAllConversations():
                self._delete_all(store)
            case ExportConversations(format="markdown" | "json" as format):
                path = Path(event.path)
                turns = store.export_file(path, format, session_id=event.session_id)
                self.happened.emit(ConversationsExported(path=event.path, turns=turns))

    def _open(self, event: OpenConversation, store: HistoryStore) -> None:
        title = store.title(event.session_id)
        if title is None:
            self._after(False)
            return
        opened = ConversationOpened(
            session_id=event.session_id,
            title=title,
            turns=tuple(store.records(event.session_id)),
            shown=-event.row_id,
        )
        self.happened.emit(opened)

    def _after(self, done: bool) -> None:
        """The list is another, or was another already when the user looked at it."""
        if not done:
            self.happened.emit(
                Notice(
                    title="This conversation is no longer there.",
                    hint="It was deleted, here or by another program.",
                )
            )
        self._tell_list()

    def _tell_list(self, *, asked: bool = False) -> None:
        """To whoever watches, when it changed."""
        if not self._limit:
            return
        rows: list[ConversationRow] = []
        total = current = 0
        if self._store and self._readable(self._store):
            try:
                rows, total = self._store.conversations(self._limit)
                current = self._store.session_of(self._conversation)
            except HistoryError as exc:
                self._tell(exc)
        listed = (tuple(rows), total, current)
        if asked or listed != self._listed:
            self._listed = listed
            self.happened.emit(ConversationsListed(rows=tuple(rows), total=total, current=current))

    @Slot()
    def _on_search_due(self) -> None:
        self.guard(self._search_now)

    def _search_now(self) -> None:
        wanted, self._searched = self._searched, None
        if wanted is None:
            return
        found = []
        if self._store and self._readable(self._store):
            try:
                found = self._store.find(wanted.text, wanted.limit)
            except HistoryError as exc:
                self._tell(exc)
        self.happened.emit(ConversationsFound(text=wanted.text, turns=tuple(found)))

    def _readable(self, store: HistoryStore) -> bool:
        """Looking for what was never kept must not begin a file."""
        return self._enabled or store.exists

    # --- deleting -------------------------------------------------------------------------

    def _delete(self, session_id: int, store: HistoryStore) -> None:
        self._save_all(store)
        mine = [
            turn_id
            for turn_id, command in self._unsaved.items()
            if store.session_of(command.record.conversation) == session_id
        ]
        title, now = store.title(session_id), self._clock()
        if title is None or not store.put_away(session_id, now):
            self._after(False)
            return
        self._forget_unsaved(mine)
        self._deletions.add(session_id, now)
        self.happened.emit(
            ConversationDeleted(session_id=session_id, title=title, undo_s=self._deletions.undo_s)
        )
        self._schedule_purge()
        self._tell_list()

    def _restore(self, session_id: int, store: HistoryStore) -> None:
        if store.take_back(session_id):
            self._deletions.settled([session_id])
        else:
            self.happened.emit(
                Notice(
                    title="It is too late to take this back.",
                    hint="The conversation is off the disk.",
                )
            )
        self._tell_list()

    def _delete_all(self, store: HistoryStore) -> None:
        store.delete_all()
        self._forget_unsaved(list(self._unsaved))
        self._deletions.clear()
        self._tell_list()
        self._tell_figures()

    def _forget_unsaved(self, turn_ids: list[int]) -> None:
        for turn_id in turn_ids:
            del self._unsaved[turn_id]
            self._forgotten.add(turn_id)

    def _schedule_purge(self) -> None:
        wait_ms = self._deletions.wait_ms(self._clock())
        if wait_ms is not None:
            self._purge.start(wait_ms)

    @Slot()
    def _on_purge_due(self) -> None:
        if self._store:
            self.guard(self._purge_due, self._store)

    def _purge_due(self, store: HistoryStore) -> None:
        """Off the disk with what can no longer be taken back."""
        due = self._deletions.due(self._clock())
        if due and not self._forget_for_good(store, due):
            self._purge.start(RETRY_MS)
            return
        self._schedule_purge()

    def _forget_for_good(self, store: HistoryStore, session_ids: list[int]) -> bool:
        try:
            store.purge(session_ids)
        except HistoryError as exc:
            log.info("deleted conversations are still on the disk: %s", exc)
            return False
        self._deletions.settled(session_ids)
        self._tell_figures()
        return True

    # --- keeping --------------------------------------------------------------------------

    def _use(self, command: UseHistory) -> None:
        self._enabled, self._keep_days = command.enabled, command.keep_days
        if not self._enabled:
            self._unsaved.clear()
            self._retry.stop()
        elif self._store:
            self._look_after(self._store)
        self._tell_list()

    @Slot()
    def _on_round(self) -> None:
        if self._store and self._readable(self._store):
            self.guard(self._look_after, self._store)

    def _look_after(self, store: HistoryStore) -> None:
        """Open it, and take out what is no longer to be kept: what was deleted before a crash,
        and, once a day, what is too old. A new limit waits for that: one that is being typed
        passes through shorter ones."""
        try:
            store.open()
            self._deletions.found(store.waiting())
            self._purge_due(store)
            now = self._clock()
            if abs(now - self._expired_at) < DAY_S:
                return
            self._expired_at = now
            if self._keep_days:
                before = now - self._keep_days * DAY_S
                if store.expire(before, keep=store.session_of(self._conversation)):
                    self._tell_list()
                    self._tell_figures()
        except HistoryError as exc:
            self._tell(exc)

    # --- figures --------------------------------------------------------------------------

    @Slot()
    def _on_hour(self) -> None:
        self.guard(self._tell_figures)

    def _tell_figures(self) -> None:
        now = self._clock()
        figures = self._figures(now)
        self.happened.emit(FiguresChanged(figures=figures))
        if figures.last_hour.turns:
            # Once the oldest turn is no longer of the last hour, the figures are others.
            left_s = figures.last_hour.since + HOUR_S - now
            self._hour.start(round(1000 * max(1.0, left_s + 1.0)))

    def _figures(self, now: float) -> RollingFigures:
        """Those of the whole history, or of this run while the history cannot be read."""
        if self._store is None or not self._enabled or self._unsaved:
            return self._waits.figures(now)
        try:
            return self._store.figures(now)
        except HistoryError as exc:
            log.info("the figures are those of this run: %s", exc)
            return self._waits.figures(now)


def _wait(record: TurnRecord) -> Wait:
    return Wait(record.started_at, record.spans[SPAN], record.slow_because)
