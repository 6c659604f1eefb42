"""Time and date in English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from app.providers.llm.skills.clock import ClockPhrases
from app.providers.llm.skills.dates import (
    NamedDate,
    OnYear,
    calendar_date,
    days_after_easter,
    fixed,
    next_on,
    next_weekday,
    nth_weekday,
)
from app.providers.llm.skills.places import Place, find_place

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)

_NOW = r"(?: (?:right now|now|at the moment|at this moment|currently|today|here))?"
# "and" and "an" are what a recogniser makes of a mumbled "in"; the place must be known anyway
_IN = r" (?:in|at|over in|out in|and|an|on) (?P<place>.+?)"
_DAYS = {"today": 0, "tomorrow": 1, "yesterday": -1, "the day after tomorrow": 2}
_DAY = r"(?P<day>today|tomorrow|yesterday|the day after tomorrow)"

_TIME = (
    r"(?:what time is it|what time it is|what time is|what time do (?:you|we) have|what hour is it"
    r"|(?:what is |what |tell )?(?:the |my )?(?:current |local |exact |actual |present )?time"
    r"(?: is it| is)?(?: now)?"
    r"|(?:do you have|have you got|you got|got) the time|what is the hour|time check)"
)
_DATE = (
    r"(?:what (?:is )?(?:the |today's )?(?:current )?date(?: is it| it is| is)?(?: today)?"
    r"|(?:the |today's |current )?date(?: today)?"
    r"|what (?:day of the week|day of the month|weekday|day)(?: is it| it is| is today| today is)"
    r"|what is today(?:'s date)?|what day (?:do we have|have we got)"
    r"|which day (?:of the week )?is (?:it|today))"
)


def _patterns(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


PHRASES = ClockPhrases(
    time=_patterns(
        rf"{_TIME}{_NOW}(?:{_IN})?{_NOW}",
        rf"what is (?P<zone>.+) time{_NOW}",
        rf"(?:the )?time{_NOW}{_IN}{_NOW}",
    ),
    day=_patterns(
        rf"{_DATE}{_NOW}(?:{_IN})?{_NOW}",
        rf"what day (?:is it |is |will it be |was it |was ){_DAY}(?:{_IN})?",
        rf"what (?:is|will be|was) {_DAY}'s date",
        rf"what (?:is|will be|was) the (?:date|day|weekday) {_DAY}(?:{_IN})?",
        rf"what is the (?:day|weekday|day of the week)(?:{_IN})?",
        rf"what date (?:is it |is |will it be |was it |was ){_DAY}(?:{_IN})?",
    ),
    month=_patterns(
        r"what (?:is the (?:current )?month|month is it|month is this|month are we in)" + _NOW,
        r"which month is it" + _NOW,
    ),
    year=_patterns(
        r"what (?:is the (?:current )?year|year is it|year is this|year are we in)" + _NOW,
        r"which year is it" + _NOW,
    ),
    week=_patterns(
        r"(?:what|which) (?:week|week number|week of the year|number week)(?: number)?"
        rf" (?:is it|is this|are we in){_NOW}",
        r"what is the (?:current )?week(?: number)?",
    ),
    difference=_patterns(
        r"(?:what is |how big is |how much is )?(?:the |a )?time difference between (?P<pair>.+)",
        r"(?:what is |how big is |how much is )?(?:the |a )?time difference"
        r" (?:to|with|from here to|in|for) (?P<place>.+)",
        r"how many hours(?: difference)?(?: is it| is there| are there| are)? between (?P<pair>.+)",
        r"how (?:many hours|far|much) (?:ahead|behind) (?:is|are) (?P<place>.+?)"
        r"(?: (?:of|from|than|compared (?:to|with)) (?P<other>.+))?",
        r"how (?:many hours|far|much) is (?P<place>.+?) (?:ahead|behind)"
        r"(?: (?:of )?(?P<other>.+))?",
    ),
    until=_patterns(
        r"how (?:many )?(?P<unit>days|weeks)(?: (?:is it|are there|are left|left|is there|to go))*"
        r" (?:until|till|til|to|before) (?P<date>.+)",
        r"how long(?: is it| do we have)? (?:until|till|til|to|before) (?P<date>.+)",
        r"how (?:far away|far off|long away) is (?P<date>.+)",
        r"(?P<unit>days|weeks) (?:until|till|til) (?P<date>.+)",
    ),
    when=_patterns(
        r"when is (?P<date>.+?)(?: this year)?",
        r"what (?:day|date|weekday|day of the week)(?: of the week)? (?:is|was|will)"
        r" (?P<date>.+?)(?: on| be on| be| fall on| falls on)?(?: this year)?",
        r"(?:on )?(?:what|which) (?:day|date|weekday|day of the week)"
        r" (?:does|did|will) (?P<date>.+?) (?:fall|be|fall on)(?: this year)?",
        r"what is the date of (?P<date>.+?)(?: this year)?",
    ),
    again=_patterns(
        r"(?:and|what about|how about|and what about|and how about)(?: now)?"
        r"(?: (?:in|at|for))? (?P<place>.+?)",
        r"in (?P<place>.+?)",
    ),
    days=_DAYS,
    units={"days": 1, "weeks": 7},
    pair=" and ",
    here=frozenset({"here", "my place", "my time zone", "my timezone", "me", "us", "home", "you"}),
)

_HOLIDAYS: Mapping[str, tuple[str, OnYear]] = {
    "christmas": ("Christmas", fixed(12, 25)),
    "christmas day": ("Christmas", fixed(12, 25)),
    "xmas": ("Christmas", fixed(12, 25)),
    "christmas eve": ("Christmas Eve", fixed(12, 24)),
    "boxing day": ("Boxing Day", fixed(12, 26)),
    "new year": ("New Year's Day", fixed(1, 1)),
    "new years": ("New Year's Day", fixed(1, 1)),
    "new years day": ("New Year's Day", fixed(1, 1)),
    "new years eve": ("New Year's Eve", fixed(12, 31)),
    "halloween": ("Halloween", fixed(10, 31)),
    "valentines day": ("Valentine's Day", fixed(2, 14)),
    "valentines": ("Valentine's Day", fixed(2, 14)),
    "saint patricks day": ("Saint Patrick's Day", fixed(3, 17)),
    "st patricks day": ("Saint Patrick's Day", fixed(3, 17)),
    "independence day": ("Independence Day", fixed(7, 4)),
    "bastille day": ("Bastille Day", fixed(7, 14)),
    "april fools day": ("April Fools' Day", fixed(4, 1)),
    "easter": ("Easter", days_after_easter(0)),
    "easter sunday": ("Easter", days_after_easter(0)),
    "easter monday": ("Easter Monday", days_after_easter(1)),
    "good friday": ("Good Friday", days_after_easter(-2)),
    "thanksgiving": ("Thanksgiving", nth_weekday(11, 3, 4)),
    "thanksgiving day": ("Thanksgiving", nth_weekday(11, 3, 4)),
    "end of the year": ("the end of the year", fixed(12, 31)),
}
_MONTH_NUMBERS = {
    name: number
    for number, month in enumerate(MONTHS, 1)
    for name in (month.lower(), month[:3].lower())
} | {"sept": 9}
_MONTH = rf"(?P<month>{'|'.join(_MONTH_NUMBERS)})"
_DAY_OF_MONTH = r"(?P<day>\d{1,2})(?:st|nd|rd|th| second)?"
# "twenty twenty six" is read as two numbers
_YEAR = r"(?: (?:of )?(?P<year>\d{4}|\d\d \d\d))?"
_DATES = _patterns(
    rf"(?:the )?{_DAY_OF_MONTH}(?: of)? {_MONTH}{_YEAR}",
    rf"{_MONTH} (?:the )?{_DAY_OF_MONTH}{_YEAR}",
)
_HOLIDAY = re.compile(
    r"(?:the )?(?P<name>[a-z' ]+?)(?: (?:day|in))?(?: (?P<year>\d{4}|\d\d \d\d))?"
)


class EnglishClock:
    """Says times and dates."""

    def time(self, at: datetime, place: str, *, other_day: bool) -> str:
        clock = f"{at.hour % 12 or 12}:{at.minute:02d} {'AM' if at.hour < 12 else 'PM'}"
        day = f" on {WEEKDAYS[at.weekday()]}" if other_day else ""
        where = f" in {place}" if place else ""
        return f"It is {clock}{day}{where}."

    def day(self, on: date, place: str, days_from_now: int) -> str:
        names = {-1: "Yesterday was", 0: "Today is", 1: "Tomorrow is"}
        begin = names.get(days_from_now, "The day after tomorrow is")
        if place:
            begin = f"In {place}, {begin[0].lower()}{begin[1:]}"
        return f"{begin} {_weekday_date(on)}."

    def month(self, on: date) -> str:
        return f"It is {MONTHS[on.month - 1]}."

    def year(self, on: date) -> str:
        return f"It is {on.year}."

    def week(self, number: int) -> str:
        return f"It is week {number}."

    def difference(self, place: str, other: str, ahead: timedelta) -> str:
        if not ahead:
            return f"It is the same time in {place} as {f'in {other}' if other else 'here'}."
        hours, minutes = divmod(abs(ahead) // timedelta(minutes=1), 60)
        far = _count(hours, "hour") if hours else ""
        if minutes:
            far = f"{far} and {_count(minutes, 'minute')}" if far else _count(minutes, "minute")
        which = "ahead of" if ahead > timedelta() else "behind"
        return f"{_capital(place)} is {far} {which} {other or 'you'}."

    def until(self, what: NamedDate, days: int, unit_days: int) -> str:
        name = what.name or _month_day(what.day)
        if days == 0:
            return f"{_capital(name)} is today."
        if days == 1:
            return f"{_capital(name)} is tomorrow."
        weeks, rest = divmod(days, unit_days) if unit_days > 1 else (0, days)
        parts = [_count(weeks, "week")] if weeks else []
        if rest:
            parts.append(_count(rest, "day"))
        there = "is" if (weeks or rest) == 1 else "are"
        return f"There {there} {' and '.join(parts)} until {name}."

    def when(self, what: NamedDate, today: date) -> str:
        verb = "is" if what.day >= today else "was"
        if what.name:
            return f"{_capital(what.name)} {verb} on {_weekday_date(what.day)}."
        full = f"{_month_day(what.day)}, {what.day.year}"
        return f"{full} {verb} a {WEEKDAYS[what.day.weekday()]}."

    def unknown_place(self, place: str) -> str:
        return f"I do not know the time in {place}. Try a big city near it."

    def find_place(self, said: str) -> Place | None:
        return find_place(said)

    def place(self, place: Place, said: str) -> str:  # noqa: ARG002 (other languages need it)
        return place.name

    def read_date(self, text: str, today: date) -> NamedDate | None:
        for pattern in _DATES:
            found = pattern.fullmatch(text)
            if found is not None:
                month = _MONTH_NUMBERS[found["month"]]
                on = calendar_date(int(found["day"]), month, _year(found["year"]), today)
                return NamedDate(on) if on is not None else None
        weekday = text.capitalize()
        if weekday in WEEKDAYS:
            return NamedDate(next_weekday(WEEKDAYS.index(weekday), today), weekday)
        if text in _DAYS:
            return NamedDate(today + timedelta(days=_DAYS[text]), text)
        found = _HOLIDAY.fullmatch(text.replace("'", ""))
        for name in (text.replace("'", ""), found["name"] if found is not None else ""):
            if name in _HOLIDAYS:
                said, holiday = _HOLIDAYS[name]
                year = _year(found["year"]) if found is not None else None
                return NamedDate(holiday(year) if year else next_on(holiday, today), said)
        return None


def _year(text: str | None) -> int | None:
    return int(text.replace(" ", "")) if text and int(text.replace(" ", "")) else None


def _weekday_date(on: date) -> str:
    return f"{WEEKDAYS[on.weekday()]}, {_month_day(on)}, {on.year}"


def _month_day(on: date) -> str:
    return f"{MONTHS[on.month - 1]} {on.day}"


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
