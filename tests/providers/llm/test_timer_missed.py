"""What is said about timers that nobody was told of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.providers.llm.skills.timer import Timer
from app.providers.llm.skills.timer_missed import say_missed

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 3, 5, 15, 42, tzinfo=PARIS)


def timer(name: str, ago: timedelta, language: str = "en", *, is_reminder: bool = False) -> Timer:
    label = name
    if not is_reminder:
        label = f"minuteur {name}" if language == "fr" else f"{name} timer"
    due_at = (NOW - ago).timestamp()
    return Timer(label, name, 600, "", language, is_reminder=is_reminder, due_at=due_at)


def said(timers: Sequence[Timer]) -> tuple[str, str]:
    return say_missed(PARIS, timers, NOW.timestamp())


HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("ago", "english", "french"),
    [
        (HOUR, "It ended at 2:42 PM.", "Il s'est terminé à 14 heures 42."),
        (HOUR * 20, "It ended yesterday at 7:42 PM.", "Il s'est terminé hier à 19 heures 42."),
        (
            DAY * 3,
            "It ended 3 days ago at 3:42 PM.",
            "Il s'est terminé il y a 3 jours à 15 heures 42.",
        ),
        (timedelta(hours=14, minutes=42), "It ended at 1:00 AM.", "Il s'est terminé à 1 heure."),
        (-HOUR, "It ended at 4:42 PM.", "Il s'est terminé à 16 heures 42."),  # a clock set back
    ],
)
def test_a_timer_and_when_it_ended(ago: timedelta, english: str, french: str) -> None:
    assert said([timer("tea", ago)]) == (f"You missed your tea timer. {english}", "en")
    assert said([timer("thé", ago, "fr")]) == (
        f"Vous avez manqué le minuteur thé. {french}",
        "fr",
    )


@pytest.mark.parametrize(
    ("ago", "english", "french"),
    [
        (HOUR, "from 2:42 PM", "à 14 heures 42"),
        (HOUR * 20, "from yesterday, 7:42 PM", "hier, 19 heures 42"),
    ],
)
def test_a_reminder(ago: timedelta, english: str, french: str) -> None:
    assert said([timer("call Mum", ago, is_reminder=True)])[0] == (
        f"You missed a reminder {english}: call Mum."
    )
    assert said([timer("appeler maman", ago, "fr", is_reminder=True)])[0] == (
        f"Vous avez manqué un rappel, {french} : appeler maman."
    )


def test_after_midnight_the_evening_before_needs_no_day() -> None:
    night = NOW.replace(hour=0, minute=30)
    late = Timer("tea timer", "tea", 600, "", "en", due_at=(night - HOUR).timestamp())
    assert say_missed(PARIS, [late], night.timestamp())[0].endswith("It ended at 11:30 PM.")


def test_several_in_one_sentence_and_the_language_of_the_last() -> None:
    three = [timer("tea", HOUR * 3), timer("egg", HOUR * 2), timer("bread", HOUR)]
    assert said(three) == ("You missed 3 timers: tea timer, egg timer and bread timer.", "en")
    assert said([three[0], timer("thé", HOUR, "fr")]) == (
        "Vous avez manqué 2 minuteurs : tea timer et minuteur thé.",
        "fr",
    )


def test_more_than_one_can_keep_in_mind_are_counted() -> None:
    names = ("one", "two", "three", "four", "five", "six")
    assert said([timer(name, HOUR) for name in names])[0] == (
        "You missed 6 timers. The last were three timer, four timer, five timer and six timer."
    )
    assert said([timer(name, HOUR, "fr") for name in names])[0].startswith(
        "Vous avez manqué 6 minuteurs. Les derniers : minuteur three,"
    )


def test_a_language_that_is_not_spoken_here_is_answered_in_english() -> None:
    assert said([timer("Tee", HOUR, "de")]) == (
        "You missed your Tee timer. It ended at 2:42 PM.",
        "en",
    )
