"""What all workers share: a slot, a signal, and the one broad `except` of their thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from PySide6.QtCore import QMetaObject, QObject, Qt, QThread, Signal, Slot

from app.core.events import Event, StageFailed
from app.core.turn import Cancelled
from app.errors import AssistantError

log = logging.getLogger(__name__)


class Worker(QObject):
    """Lives in one thread, from `begin` to `end`. Parentless, created once.

    Subclasses override the `on...` methods and never a slot: PySide runs an overridden slot in
    the emitter's thread (seen with 6.11).

    Signals:
        happened: every frozen event the worker emits; connected to `@Slot` methods only, since a
            lambda would run in this thread.
    """

    happened = Signal(object)

    stage = ""
    """Named in `StageFailed` and in the log."""

    @Slot()
    def begin(self) -> None:
        """First thing in the thread."""
        threading.current_thread().name = self.stage  # for the log
        self.guard(self.on_begin)

    @Slot()
    def end(self) -> None:
        """Last thing in the thread: let go of everything that lives here."""
        self.guard(self.on_end)
        self.thread().quit()

    @Slot(object)
    def handle(self, event: Event) -> None:
        """Take a command. Runs in the worker's thread (queued connection)."""
        self.guard(self.on, event)

    def make_thread(self) -> QThread:
        """The kind of thread this worker lives in. Called once, by `Threads`."""
        return QThread()

    def request_end(self) -> None:
        """Ask for `end`, from any thread; the thread finishes after what it is doing."""
        QMetaObject.invokeMethod(self, "end", Qt.ConnectionType.QueuedConnection)

    def on_begin(self) -> None:
        """Override to set up what the thread owns."""

    def on_end(self) -> None:
        """Override to let go of what the thread owns."""

    def on(self, event: Event) -> None:
        """Override with a `match` over the commands of this worker; others are ignored."""

    def guard(self, step: Callable[..., None], *args: object) -> None:
        """Run one step of this thread; nothing that goes wrong in it ends the thread.

        The border where errors become a title and a next step for the user, and one
        traceback in the log.
        """
        try:
            step(*args)
        except Cancelled:
            log.debug("%s: turn cancelled", self.stage)
        except Exception as exc:  # the worker's border
            turn_id = args[0].turn_id if args and isinstance(args[0], Event) else 0
            self.report(exc, turn_id=turn_id)

    def report(self, exc: BaseException, *, turn_id: int, recovered_by: str = "") -> None:
        """Log the traceback and tell the user in plain words."""
        log.error("%s failed (turn %d)", self.stage, turn_id, exc_info=exc)
        self.happened.emit(failure(self.stage, exc, turn_id=turn_id, recovered_by=recovered_by))


def failure(stage: str, exc: BaseException, *, turn_id: int, recovered_by: str = "") -> StageFailed:
    """`exc` as the event the window shows."""
    if isinstance(exc, AssistantError):
        title, hint = exc.title, exc.hint
    else:
        title = "Something inside Parley went wrong."
        hint = "The details are in the log file. You can go on talking."
    return StageFailed(
        turn_id=turn_id, stage=stage, title=title, hint=hint, recovered_by=recovered_by
    )
