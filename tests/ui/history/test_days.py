"""Headings and dates of the list, and what of a found text is in sight."""

from __future__ import annotations

import math

import pytest
from PySide6.QtCore import QDate, QDateTime, QLocale, QTime

from app.core.history_events import ConversationRow
from app.ui.history.days import by_day, conversations, date_of, heading, short_date
from app.ui.history.export import file_name
from app.ui.history.snippet import beginning_near_match

TODAY = QDate(2026, 3, 12)  # a Thursday


@pytest.fixture(autouse=True)
def english() -> object:
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom))
    yield
    QLocale.setDefault(before)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (QDate(2026, 3, 13), "Today"),  # a clock that was wrong
        (TODAY, "Today"),
        (QDate(2026, 3, 11), "Yesterday"),
        (QDate(2026, 3, 10), "Tuesday"),
        (QDate(2026, 3, 6), "Friday"),
        (QDate(2026, 3, 5), "March"),  # a week ago is a Thursday again
        (QDate(2026, 1, 1), "January"),
        (QDate(2025, 12, 31), "December 2025"),
        (QDate(), "Earlier"),
    ],
)
def test_headings(day: QDate, expected: str) -> None:
    assert heading(day, TODAY) == expected


def unix(day: QDate, hour: int = 12) -> float:
    return float(QDateTime(day, QTime(hour, 5)).toSecsSinceEpoch())


def test_pinned_ones_stand_together_whatever_their_day() -> None:
    def row(number: int, day: QDate, pinned: bool = False) -> ConversationRow:
        return ConversationRow(
            session_id=number,
            title="",
            started_at=0.0,
            last_at=unix(day),
            turns=1,
            pinned=pinned,
        )

    yesterday = TODAY.addDays(-1)
    rows = [row(1, QDate(2020, 1, 1), True), row(2, TODAY, True), row(3, TODAY), row(4, yesterday)]
    groups = [(title, [each.session_id for each in group]) for title, group in by_day(rows, TODAY)]
    assert groups == [("Pinned", [1, 2]), ("Today", [3]), ("Yesterday", [4])]


def test_each_row_of_a_long_list_has_the_heading_of_its_own_day() -> None:
    rows = [
        ConversationRow(
            session_id=n, title="", started_at=0.0, last_at=unix(TODAY) - n * 7 * 3600, turns=1
        )
        for n in range(3000)
    ]
    shown = [(title, row) for title, group in by_day(rows, TODAY) for row in group]
    assert [row for _, row in shown] == rows
    assert all(title == heading(date_of(row.last_at), TODAY) for title, row in shown)


def test_dates_are_as_short_as_they_can_be() -> None:
    assert short_date(unix(TODAY, 9), TODAY) == "09:05"
    assert short_date(unix(QDate(2026, 1, 2)), TODAY) == "2 Jan"
    assert short_date(unix(QDate(2024, 1, 2)), TODAY) == "2 Jan 2024"


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf, 1e300])
def test_a_time_no_calendar_has_is_no_date(odd: float) -> None:
    assert not date_of(odd).isValid()
    assert short_date(odd, TODAY) == ""


def test_counts() -> None:
    assert [conversations(n) for n in (1, 2, 12_000)] == [
        "1 conversation",
        "2 conversations",
        "12,000 conversations",
    ]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("What time is it?", "What time is it"),
        ("../../etc/passwd", "etc passwd"),
        ("Wie spät? 🎉", "Wie spät"),
        ("///", "Parley"),
        ("x" * 200, "x" * 60),
    ],
)
def test_a_title_becomes_a_file_name(title: str, expected: str) -> None:
    assert file_name(title) == expected


def test_the_match_is_in_sight() -> None:
    long = (("some words that lead far up to ", False), ("here", True), (" and on", False))
    assert beginning_near_match(long) == [
        ("…lead far up to ", False),
        ("here", True),
        (" and on", False),
    ]
    short = (("up to\n", False), ("here", True))
    assert beginning_near_match(short) == [("up to ", False), ("here", True)]
    assert beginning_near_match((("no match at all, which is long", False),)) == [
        ("no match at all, which is long", False)
    ]
