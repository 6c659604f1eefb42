"""How the window speaks of timers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from PySide6.QtCore import QLocale
from pytestqt.qtbot import QtBot

from app.core.timer_events import TimerRow
from app.ui.timers import words

NOW = datetime(2026, 3, 5, 15, 42).timestamp()


@pytest.fixture(autouse=True)
def british(qtbot: QtBot) -> Iterator[None]:
    """The clock as it is written in London."""
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom))
    yield
    QLocale.setDefault(before)


def timer(name: str = "tea", left_s: float = 272.0, **more: object) -> TimerRow:
    return TimerRow(**({"name": name, "seconds": 600, "due_at": NOW + left_s} | more))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1, "1 s"), (45, "45 s"), (60, "1 min"), (90, "90 s"), (150, "2 min 30 s"), (600, "10 min"),
     (3600, "1 h"), (4800, "1 h 20 min"), (3661, "1 h 1 min"), (86400, "24 h")],
)  # fmt: skip
def test_lengths(seconds: int, text: str) -> None:
    assert words.length(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (9, "0:09"), (272, "4:32"), (3599, "59:59"), (3872, "1:04:32")],
)
def test_countdowns(seconds: int, text: str) -> None:
    assert words.countdown(seconds) == text


def test_a_second_counts_until_it_is_over() -> None:
    assert words.left(timer(left_s=10.0), NOW) == 10
    assert words.left(timer(left_s=9.01), NOW) == 10
    assert words.left(timer(left_s=-0.5), NOW) == 0


@pytest.mark.parametrize(
    ("row", "title"),
    [
        (timer("tea"), "Tea"),
        (timer("call Mum", is_reminder=True), "Call Mum"),
        (timer(""), "10 min timer"),
    ],
)
def test_titles(row: TimerRow, title: str) -> None:
    assert words.title(row) == title


@pytest.mark.parametrize(
    ("row", "title", "hint"),
    [
        (timer(left_s=-5820), "Your tea timer ended at 14:05, while Parley was closed.", ""),
        (timer("", left_s=-60), "Your 10 min timer ended at 15:41, while Parley was closed.", ""),
        (
            timer("call %2", left_s=-60, is_reminder=True),
            "Your reminder “call %2” was due at 15:41, while Parley was closed.",
            "",
        ),
        (
            timer(left_s=-86_400),
            "Your tea timer ended while Parley was closed.",
            "Yesterday 15:42",
        ),
        (
            timer("eat", left_s=-3 * 86_400, is_reminder=True),
            "Your reminder “eat” was due while Parley was closed.",
            "Monday 2 March 15:42",
        ),
    ],
)
def test_one_that_was_missed(row: TimerRow, title: str, hint: str) -> None:
    assert words.missed([row], NOW) == (title, hint)


def test_last_night_s_needs_no_day_in_the_morning() -> None:
    morning = datetime(2026, 3, 6, 1, 0).timestamp()
    title, _ = words.missed([timer(left_s=7 * 3600)], morning)
    assert title == "Your tea timer ended at 22:42, while Parley was closed."


@pytest.mark.parametrize(
    ("row", "title", "hint"),
    [
        (timer(left_s=-60, rang=True), "You missed your tea timer.", "15:41"),
        (
            timer("call %2", left_s=-86_400, is_reminder=True, rang=True),
            "You missed your reminder “call %2”.",
            "Yesterday 15:42",
        ),
    ],
)
def test_one_that_rang_while_parley_ended(row: TimerRow, title: str, hint: str) -> None:
    """It was not closed then."""
    assert words.missed([row], NOW) == (title, hint)
    title, hint = words.missed([timer(left_s=-5820), row], NOW)
    assert title == "You missed 2 timers."
    assert hint.startswith("Tea: 14:05\n")


def test_several_that_were_missed() -> None:
    rows = [timer(left_s=-5820), timer("eggs", left_s=-60)]
    title, hint = words.missed(rows, NOW)
    assert title == "2 timers ended while Parley was closed."
    assert hint == "Tea: 14:05\nEggs: 15:41"


@pytest.mark.parametrize(
    ("rows", "kept", "title", "hint"),
    [
        (
            [timer()],
            True,
            "Your tea timer has 4 min left and cannot ring while Parley is closed.",
            "Open Parley again, and it goes on, or you are told that it ended.",
        ),
        (
            [timer("lawyer", left_s=20, private=True)],
            True,
            "Your private timer has less than a minute left and cannot ring while Parley is "
            "closed.",
            "Nothing private is kept, so it ends with Parley.",
        ),
        (
            [timer("call Mum", is_reminder=True)],
            False,
            "Your reminder “call Mum” has 4 min left and cannot be given while Parley is closed.",
            "It ends with Parley.",
        ),
        (
            [timer(), timer("eggs", 300)],
            True,
            "2 timers are running and cannot ring while Parley is closed.",
            "The next has 4 min left. Open Parley again, and they go on, or you are told that they "
            "ended.",
        ),
        (
            [timer(), timer("eggs", 300, private=True)],
            True,
            "2 timers are running and cannot ring while Parley is closed.",
            "The next has 4 min left. Open Parley again, and they go on, or you are told that they "
            "ended. Private ones end with Parley.",
        ),
        (
            [timer(), timer("eggs", 300)],
            False,
            "2 timers are running and cannot ring while Parley is closed.",
            "The next has 4 min left. They end with Parley.",
        ),
    ],
)
def test_what_is_said_before_the_end(
    rows: list[TimerRow], kept: bool, title: str, hint: str
) -> None:
    assert words.before_the_end(rows, NOW, kept=kept) == (title, hint)
