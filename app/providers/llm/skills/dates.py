"""The calendar, without words: which date a holiday falls on, what comes next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

OnYear = Callable[[int], date]
"""The date of a holiday in a year."""


@dataclass(frozen=True, slots=True)
class NamedDate:
    """A date somebody asked about."""

    day: date
    name: str = ""
    """ "Christmas"; empty when it was asked for by date."""


def fixed(month: int, day: int) -> OnYear:
    return lambda year: date(year, month, day)


def easter(year: int) -> date:
    """Easter Sunday of the Western churches (the anonymous Gregorian computus)."""
    century, of_century = divmod(year, 100)
    golden = year % 19
    epact = (
        19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15
    ) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (of_century // 4) - epact - of_century % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def days_after_easter(days: int) -> OnYear:
    return lambda year: easter(year) + timedelta(days=days)


def nth_weekday(month: int, weekday: int, nth: int) -> OnYear:
    """The nth Monday (0) to Sunday (6) of a month."""

    def on(year: int) -> date:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))

    return on


def next_on(holiday: OnYear, today: date) -> date:
    """The holiday's next date, today included."""
    this_year = holiday(today.year)
    return this_year if this_year >= today else holiday(today.year + 1)


def next_weekday(weekday: int, today: date) -> date:
    """The next Monday (0) to Sunday (6) after today."""
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def calendar_date(day: int, month: int, year: int | None, today: date) -> date | None:
    """That date, the next one when no year was said; None when the calendar has none."""
    years = [year] if year is not None else range(today.year, min(today.year + 9, 9999))
    for candidate in years:
        try:
            found = date(candidate, month, day)
        except ValueError:  # February 29, or a day that never is
            continue
        if year is not None or found >= today:
            return found
    return None
