"""Which heading a conversation stands under: pinned, today, a day of the last week, a month."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from PySide6.QtCore import QCoreApplication, QDate, QDateTime, QLocale

from app.core.history_events import ConversationRow
from app.ui.words import number

translate = QCoreApplication.translate

DAYS_BY_NAME = 7
"""From today back; what is older stands under its month."""


def date_of(unix_time: float) -> QDate:
    """The local day; not valid for a time that no calendar has."""
    if not abs(unix_time) < 1e11:  # the year 5000, and what is no number
        return QDate()
    return QDateTime.fromSecsSinceEpoch(int(unix_time)).date()


def heading(day: QDate, today: QDate) -> str:
    """Of the conversations whose last turn was on that day."""
    if not day.isValid():
        return translate("HistoryDays", "Earlier")
    days_ago = day.daysTo(today)
    locale = QLocale()
    if days_ago <= 0:  # a clock that was wrong must not invent a future
        return translate("HistoryDays", "Today")
    if days_ago == 1:
        return translate("HistoryDays", "Yesterday")
    if days_ago < DAYS_BY_NAME:
        return _begun_large(locale.standaloneDayName(day.dayOfWeek()))
    month = _begun_large(locale.standaloneMonthName(day.month()))
    if day.year() == today.year():
        return month
    return translate("HistoryDays", "%1 %2").replace("%1", month).replace("%2", str(day.year()))


def by_day(
    rows: Iterable[ConversationRow], today: QDate
) -> Iterator[tuple[str, list[ConversationRow]]]:
    """The rows in their order, pinned ones first, under their headings."""
    headings = _Headings(today)

    def where(row: ConversationRow) -> str:
        if row.pinned:
            return translate("HistoryDays", "Pinned")
        return headings.at(row.last_at)

    for title, group in groupby(rows, key=where):
        yield title, list(group)


class _Headings:
    """Asks the calendar once for each heading: ten thousand times takes 100 ms."""

    def __init__(self, today: QDate) -> None:
        self._today = today
        self._from = self._until = 0
        self._heading = ""

    def at(self, unix_time: float) -> str:
        if not self._from <= unix_time < self._until:
            day = date_of(unix_time)
            if not day.isValid():
                return heading(day, self._today)
            first, after = day, day.addDays(1)
            if day.daysTo(self._today) >= DAYS_BY_NAME:  # those of one month stand together
                first = QDate(day.year(), day.month(), 1)
                after = min(first.addMonths(1), self._today.addDays(1 - DAYS_BY_NAME))
            self._from = first.startOfDay().toSecsSinceEpoch()
            self._until = after.startOfDay().toSecsSinceEpoch()
            self._heading = heading(day, self._today)
        return self._heading


def short_date(unix_time: float, today: QDate) -> str:
    """ "14:05" for today, "12 Nov", or "12 Nov 2024"; empty for a time no calendar has."""
    day = date_of(unix_time)
    if not day.isValid():
        return ""
    locale = QLocale()
    if day == today:
        time = QDateTime.fromSecsSinceEpoch(int(unix_time)).time()
        return locale.toString(time, QLocale.FormatType.ShortFormat)
    pattern = (
        translate("HistoryDays", "d MMM")
        if day.year() == today.year()
        else translate("HistoryDays", "d MMM yyyy")
    )
    return locale.toString(day, pattern)


def conversations(count: int) -> str:
    """ "1 conversation", "12 conversations"."""
    if count == 1:
        return translate("HistoryDays", "1 conversation")
    return translate("HistoryDays", "%1 conversations").replace("%1", number(count))


def _begun_large(name: str) -> str:
    return name[:1].upper() + name[1:]
