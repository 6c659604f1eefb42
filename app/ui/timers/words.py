"""How the window speaks of timers. All go through Qt's translation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale

from app.core.timer_events import TimerRow
from app.ui.conversation.day_words import day_line

translate = QCoreApplication.translate

HALF_A_DAY_S = 12 * 3600.0


def length(seconds: int) -> str:
    """How long a timer was set for: "90 s", "10 min", "1 h 20 min"."""
    minutes, rest = divmod(seconds, 60)
    if rest and minutes < 2:
        return translate("Timers", "%1 s").replace("%1", str(seconds))
    if rest and minutes < 60:
        words = translate("Timers", "%1 min %2 s")
        return words.replace("%1", str(minutes)).replace("%2", str(rest))
    hours, minutes = divmod(round(seconds / 60), 60)
    if not hours:
        return translate("Timers", "%1 min").replace("%1", str(minutes))
    if not minutes:
        return translate("Timers", "%1 h").replace("%1", str(hours))
    words = translate("Timers", "%1 h %2 min")
    return words.replace("%1", str(hours)).replace("%2", str(minutes))


def called(row: TimerRow) -> str:
    """In the middle of a sentence: "tea timer", "10 min timer"."""
    if row.name:
        return translate("Timers", "%1 timer", "by its name: tea timer").replace("%1", row.name)
    words = translate("Timers", "%1 timer", "by its length: 10 min timer")
    return words.replace("%1", length(row.seconds))


def title(row: TimerRow) -> str:
    """By itself: "Tea", "Call mum", "10 min timer"."""
    words = row.name or called(row)
    return f"{words[:1].upper()}{words[1:]}"


def left(row: TimerRow, now: float) -> int:
    """Whole seconds, the one that runs included."""
    return max(0, math.ceil(row.due_at - now))


def countdown(seconds: int) -> str:
    """ "0:09", "4:32", "1:04:32"."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def over(row: TimerRow) -> str:
    """In the place of the countdown, for one that has rung."""
    if row.is_reminder:
        return translate("Timers", "due", "a reminder, in the place of its countdown")
    return translate("Timers", "done", "a timer, in the place of its countdown")


def about_left(seconds: int) -> str:
    """In a sentence: "less than a minute", "4 min", "1 h 20 min"."""
    if seconds < 60:
        return translate("Timers", "less than a minute")
    return length(seconds - seconds % 60)


def clock(due_at: float) -> str:
    """ "14:05", as the country writes it."""
    moment = QDateTime.fromSecsSinceEpoch(round(due_at))
    return QLocale().toString(moment.time(), QLocale.FormatType.ShortFormat)


def _when(row: TimerRow, now: float) -> str:
    """ "14:05", or "Yesterday 14:05" where that could be taken for another day."""
    today = datetime.fromtimestamp(row.due_at).date() == datetime.fromtimestamp(now).date()
    is_clear = today or now - row.due_at < HALF_A_DAY_S
    return clock(row.due_at) if is_clear else day_line(row.due_at, now)


def missed(rows: Sequence[TimerRow], now: float) -> tuple[str, str]:
    """What is told of timers that were due while Parley was closed, or that it could not announce
    any more: title and hint.

    Args:
        rows: at least one, the first first.
    """
    was_closed = not any(row.rang for row in rows)
    if len(rows) > 1:
        words = translate("Timers", "%1 timers ended while Parley was closed.")
        if not was_closed:
            words = translate("Timers", "You missed %1 timers.")
        each = [
            translate("Timers", "%1: %2").replace("%2", _when(row, now)).replace("%1", title(row))
            for row in rows
        ]
        return words.replace("%1", str(len(rows))), "\n".join(each)
    (row,) = rows
    when = _when(row, now)
    if not was_closed:
        if row.is_reminder:
            words = translate("Timers", "You missed your reminder “%1”.")
            return words.replace("%1", row.name), when
        return translate("Timers", "You missed your %1.").replace("%1", called(row)), when
    if when != clock(row.due_at):  # a day does not stand well inside the sentence
        if row.is_reminder:
            words = translate("Timers", "Your reminder “%1” was due while Parley was closed.")
            return words.replace("%1", row.name), when
        words = translate("Timers", "Your %1 ended while Parley was closed.")
        return words.replace("%1", called(row)), when
    if row.is_reminder:
        words = translate("Timers", "Your reminder “%1” was due at %2, while Parley was closed.")
        return words.replace("%2", when).replace("%1", row.name), ""
    words = translate("Timers", "Your %1 ended at %2, while Parley was closed.")
    return words.replace("%2", when).replace("%1", called(row)), ""


def before_the_end(rows: Sequence[TimerRow], now: float, *, kept: bool) -> tuple[str, str]:
    """What is said when Parley is about to end while these run: title and hint.

    Args:
        rows: at least one, the next to ring first.
        kept: whether timers are written, so that they can go on.
    """
    soonest = about_left(left(rows[0], now))
    lost = [row for row in rows if row.private or not kept]
    if len(rows) > 1:
        words = translate("Timers", "%1 timers are running and cannot ring while Parley is closed.")
        hints = [translate("Timers", "The next has %1 left.").replace("%1", soonest)]
        if len(lost) < len(rows):
            hints.append(
                translate(
                    "Timers", "Open Parley again, and they go on, or you are told that they ended."
                )
            )
        if lost:
            hints.append(
                translate("Timers", "They end with Parley.")
                if len(lost) == len(rows)
                else translate("Timers", "Private ones end with Parley.")
            )
        return words.replace("%1", str(len(rows))), " ".join(hints)
    (row,) = rows
    hint = translate("Timers", "Open Parley again, and it goes on, or you are told that it ended.")
    if row.private:
        hint = translate("Timers", "Nothing private is kept, so it ends with Parley.")
    elif lost:
        hint = translate("Timers", "It ends with Parley.")
    if row.is_reminder and not row.private:
        words = translate(
            "Timers", "Your reminder “%1” has %2 left and cannot be given while Parley is closed."
        )
        return words.replace("%2", soonest).replace("%1", row.name), hint
    words = translate("Timers", "Your %1 has %2 left and cannot ring while Parley is closed.")
    name = translate("Timers", "private timer") if row.private else called(row)
    return words.replace("%2", soonest).replace("%1", name), hint
