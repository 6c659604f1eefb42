"""Keeps the timers, lets them ring, and takes them from one run of Parley to the next."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from dataclasses import replace

from app.core.events import Event, TimerRang, TimerSet
from app.core.timer_events import (
    TimerCancelled,
    TimerRetold,
    TimerRow,
    TimersChanged,
    TimersKept,
    TimersMissed,
    TimersNotKept,
)
from app.errors import AssistantError
from app.providers.llm.skills.timer import Timer
from app.providers.llm.skills.timer_file import TimerFile, what_hinders
from app.providers.llm.skills.timer_ringing import Ringing

log = logging.getLogger(__name__)

MOST = 50
"""Timers at once. More is a loop gone wrong, not a kitchen."""

LOOK_S = 5.0
"""How late a timer may ring after the computer slept: the loop's own clock may stand still
meanwhile. A look costs some microseconds, and there is none while no timer runs. What could not be
written is tried again as often."""

SET_ANEW_S = 2.0
"""By how much the wall clock must leave the ticking one for somebody to have set it."""

END_S = 1.0
"""How long the end of Parley waits for the last write: a disk needs some milliseconds, one that is
gone would need forever."""

UNDO_S = 30.0
"""How long a timer that was cancelled can be taken back: as long as a conversation that was
deleted."""

SETTLE_S = 4.0
"""How long after the start it is said what was missed: by then the window can be seen, the
loudspeaker is open, and mostly the chosen voice is loaded (1 to 4 s on two cores)."""

Tell = Callable[[Event], None]

SayMissed = Callable[[Sequence[Timer], float], tuple[str, str]]
"""The sentence about those that were missed, and its language (ISO 639-1), at this Unix time."""


def ticking() -> float:
    """Seconds of a clock that nobody sets and that goes on while the computer sleeps."""
    # Linux; elsewhere `time.monotonic` counts the sleep itself, or CLOCK_MONOTONIC does (macOS).
    clock = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class TimerKeeper:
    """Lives in one asyncio loop, which must keep running between turns, and is used by it alone
    but for what stands under "the border", which any other thread may call.

    A timer that rings is announced when nobody speaks any more. Until then it stays in the file, so
    that it is told as missed when Parley ends before. It is announced again, some times, until
    somebody shows that it was heard.

    When a timer is due is told in wall time, as the file needs it. A clock that is set meanwhile
    takes the timers along: ten minutes are ten minutes.
    """

    def __init__(
        self,
        tell: Tell | None = None,
        file: TimerFile | None = None,
        *,
        wall: Callable[[], float] = time.time,
        ticks: Callable[[], float] = ticking,
    ) -> None:
        """
        Args:
            tell: told what happens, in the loop; None where nobody would hear a timer ring.
            file: where timers are kept; None keeps them no longer than this run.
            wall, ticks: the clocks; replaced by tests.
        """
        self._tell = tell
        self._file = file
        self._wall = wall
        self._ticks = ticks
        self._apart = wall() - ticks()
        self._timers: list[Timer] = []
        self._ringing = Ringing()
        self._cancelled: list[Timer] = []  # which can be taken back
        self._last_number = 0
        self._private = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handle: asyncio.TimerHandle | None = None
        self._opened = file is None
        self._is_kept = True  # as far as the user was told
        self._wanted: Sequence[Timer] | None = None  # what the file is to hold; None when tried
        self._is_behind = False  # the file did not take what it was to hold
        self._saving: asyncio.Task[None] | None = None

    @property
    def can_ring(self) -> bool:
        """False when nobody would hear it: a single question from the command line."""
        return self._tell is not None

    @property
    def running(self) -> Sequence[Timer]:
        """Those still running, the next to ring first."""
        return sorted(self._timers, key=lambda timer: timer.due_at)

    # --- the border: any thread --------------------------------------------------------------

    def cancel_soon(self, number: int) -> None:
        """Cancel the timer of this number, which can be taken back for a while; one that has rung
        is put away."""
        self._hand_over(self._cancel_number, number)

    def restore_soon(self, number: int) -> None:
        """Take back that this one was cancelled. It rings when it would have rung, or now."""
        self._hand_over(self._restore_number, number)

    def announced_soon(self) -> None:
        """The one that rang first of those that wait is announced now; it need not be kept."""
        self._hand_over(self._announced)

    def heard_soon(self) -> None:
        """Somebody is there: what was announced until now is announced no more."""
        self._hand_over(self._heard)

    def private_from_now(self, private: bool) -> None:
        """Whether what is asked from now on is private: such a timer is never written.

        Whoever calls this has cancelled the turns before, and hands over those that follow, from
        the same thread: so none is taken for the other kind.
        """
        self._hand_over(self._be_private, private)

    def end(self) -> None:
        """Close, and wait for it: what was asked before is in the file, and nothing is written
        afterwards, when another Parley may be at it. Called in no loop."""
        if self._loop is None:
            self._file = None  # it was not opened yet
        elif not self._loop.is_closed():
            closing = asyncio.run_coroutine_threadsafe(self.close(), self._loop)
            try:
                closing.result(END_S)
            except (TimeoutError, CancelledError):
                log.warning("the timers may not be written: the disk took too long")

    def _hand_over(self, act: Callable[..., None], *arguments: int | bool) -> None:
        if self._loop is None:
            act(*arguments)  # nothing runs yet, nor was anything asked
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(act, *arguments)

    # --- the loop's thread -------------------------------------------------------------------

    async def open(self, say_missed: SayMissed | None = None) -> None:
        """Go on with the timers of the run before, and tell of those that were due meanwhile. In
        the loop; never twice at a time, and the second time nothing happens.

        Args:
            say_missed: what is said aloud about those; called in a thread. None says nothing.
        """
        self._loop = asyncio.get_running_loop()
        file = self._file
        if file is None or self._opened:
            return
        try:
            kept = await asyncio.to_thread(file.read)
        except AssistantError as exc:
            self._file = None
            self._cannot_keep(f"{exc.title} {exc.hint}".strip())
            return
        if self._file is None:
            return  # closed meanwhile
        self._opened = True
        self._follow_clock()
        now = self._wall()
        missed = [timer for timer in kept if timer.rang or timer.due_at <= now]
        for timer in [each for each in kept if each not in missed][:MOST]:
            # by a clock that was wrong then, it would have more time left than it ever had
            timer.due_at = min(timer.due_at, now + timer.seconds)
            self._take(timer)
        if missed:
            missed.sort(key=lambda timer: timer.due_at)
            self._say(TimersMissed(timers=tuple(_row(timer) for timer in missed)))
        if kept or self._timers:
            self._changed()
        if missed and say_missed:
            words = await asyncio.to_thread(say_missed, missed, now)
            self._loop.call_later(SETTLE_S, self._say_missed, missed[-1].label, *words)

    def _say_missed(self, label: str, announcement: str, language: str) -> None:
        if self._file is not None:  # else it is closed
            self._ringing.begin_other()
            self._say(TimerRetold(label=label, announcement=announcement, language=language))

    def start(self, timer: Timer) -> None:
        """Let it run, in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._follow_clock()
        timer.due_at = self._wall() + timer.seconds
        timer.private = self._private
        self._take(timer)
        self._say(TimerSet(label=timer.label, seconds=float(timer.seconds), private=timer.private))
        self._changed()

    def cancel(self, *timers: Timer) -> None:
        """These do not ring."""
        self._timers = [timer for timer in self._timers if timer not in timers]
        self._changed()

    async def close(self) -> None:
        """Nothing rings any more; what is kept goes on in the next run."""
        if self._is_behind:
            self._save()  # the last chance
        self._file = None
        if self._handle is not None:
            self._handle.cancel()
        self._timers.clear()
        self._cancelled.clear()
        self._ringing.clear()
        if self._saving is not None:
            await self._saving

    def _cancel_number(self, number: int) -> None:
        if self._ringing.dismiss(number):
            self._changed()
        for timer in [each for each in self._timers if each.number == number]:
            assert self._loop is not None
            self._cancelled.append(timer)
            self._loop.call_later(UNDO_S, self._forget, timer)
            self._say(TimerCancelled(timer=_row(timer), undo_s=UNDO_S))
            self.cancel(timer)

    def _restore_number(self, number: int) -> None:
        for timer in [each for each in self._cancelled if each.number == number]:
            self._cancelled.remove(timer)
            self._timers.append(timer)
            self._changed()

    def _forget(self, timer: Timer) -> None:
        if timer in self._cancelled:
            self._cancelled.remove(timer)

    def _announced(self) -> None:
        self._ringing.announced(self._wall())
        self._plan()
        self._save()

    def _heard(self) -> None:
        if self._ringing.heard():
            self._changed()

    def _be_private(self, private: bool) -> None:
        self._private = private

    def _take(self, timer: Timer) -> None:
        self._last_number += 1
        timer.number, timer.wall = self._last_number, self._wall
        self._timers.append(timer)

    def _changed(self) -> None:
        """Others run now, or at other times, or have rung."""
        self._say(
            TimersChanged(
                timers=tuple(_row(timer) for timer in self.running),
                rung=tuple(_row(timer) for timer in self._ringing.timers),
            )
        )
        self._plan()
        self._save()

    def _say(self, event: Event) -> None:
        if self._tell is not None:
            self._tell(event)

    # --- ringing -----------------------------------------------------------------------------

    def _plan(self) -> None:
        """Look again when the next one is due, or is to be announced again, or the file may take
        what it did not."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        next_at = min((self._ringing.next_at, *(timer.due_at for timer in self._timers)))
        if next_at < math.inf or (self._is_behind and self._file is not None):
            assert self._loop is not None
            left_s = next_at - self._wall()
            self._handle = self._loop.call_later(min(max(left_s, 0.0), LOOK_S), self._look)

    def _look(self) -> None:
        was_set = self._follow_clock()
        now = self._wall()
        due = [timer for timer in self.running if timer.due_at <= now]
        self._timers = [timer for timer in self._timers if timer not in due]
        for timer in due:
            timer.rang = True
            self._ringing.begin(timer)
            self._say(_ring(timer, TimerRang))
        for timer in self._ringing.again(now):
            self._say(_ring(timer, TimerRetold))
        if due or was_set:
            self._changed()
            return
        if self._is_behind:
            self._save()
        self._plan()

    def _follow_clock(self) -> bool:
        """Take the timers along where somebody has set the wall clock since the last look; whether
        that was so."""
        apart = self._wall() - self._ticks()
        moved_s = apart - self._apart
        self._apart = apart
        if abs(moved_s) < SET_ANEW_S:
            return False  # the network's time is followed in smaller steps
        for timer in (*self._timers, *self._cancelled):
            timer.due_at += moved_s
        self._ringing.move(moved_s)
        log.info("the clock was set by %+.0f s; %d timers go on", moved_s, len(self._timers))
        return True

    # --- the file ----------------------------------------------------------------------------

    def _save(self) -> None:
        """Have the file hold what runs now or waits to be announced, beside the loop: a disk may
        sleep."""
        if self._file is None or not self._opened:
            return
        # copies: those that run belong to this thread
        self._wanted = [
            replace(timer) for timer in (*self._ringing.untold, *self.running) if not timer.private
        ]
        if self._saving is None or self._saving.done():
            assert self._loop is not None
            self._saving = self._loop.create_task(self._write(self._file))

    async def _write(self, file: TimerFile) -> None:
        while self._wanted is not None:
            wanted, self._wanted = self._wanted, None
            try:
                await asyncio.to_thread(file.write, wanted)
            except OSError as exc:
                self._is_behind = True
                self._cannot_keep(what_hinders(exc))
                self._plan()
            else:
                self._is_behind = False
                self._can_keep()

    def _cannot_keep(self, why: str) -> None:
        if self._is_kept:
            log.warning("timers are not kept: %s", why)
            self._is_kept = False
            self._say(TimersNotKept(why=why))

    def _can_keep(self) -> None:
        if not self._is_kept:
            log.info("timers are kept again")
            self._is_kept = True
            self._say(TimersKept())


def _ring(timer: Timer, kind: type[TimerRang]) -> TimerRang:
    return kind(
        label=timer.label,
        announcement=timer.announcement,
        language=timer.language,
        private=timer.private,
    )


def _row(timer: Timer) -> TimerRow:
    return TimerRow(
        name=timer.name,
        seconds=timer.seconds,
        due_at=timer.due_at,
        is_reminder=timer.is_reminder,
        number=timer.number,
        private=timer.private,
        rang=timer.rang,
    )
