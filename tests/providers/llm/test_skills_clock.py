"""Time and date, here and elsewhere, in summer and in winter."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.providers.llm.skills.dates import easter
from app.providers.llm.skills.place_names import ALSO_CALLED, ONE_ZONE, SEVERAL_ZONES
from app.providers.llm.skills.places import find_place
from tests.support.skills import THURSDAY, ask, ringing_skills, say, skills_at

SUMMER = datetime(2026, 7, 5, 15, 42, tzinfo=ZoneInfo("Europe/Paris"))


@pytest.mark.parametrize(
    "text",
    [
        "what time is it",
        "What time is it?",
        "whats the time",
        "what's the time now",
        "what is the current time",
        "what time is it right now",
        "tell me the time",
        "can you tell me what the time is",
        "do you have the time",
        "what time is it here",
        "time",
    ],
)
def test_the_time_here(text: str) -> None:
    assert ringing_skills().answers(text, "en")
    assert ask(text) == "It is 3:42 PM."


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("what time is it in Paris", "It is 3:42 PM in Paris."),
        ("what time is it in paris right now", "It is 3:42 PM in Paris."),
        ("what's the time in London", "It is 2:42 PM in London."),
        ("time in Beijing", "It is 10:42 PM in Beijing."),
        ("what's tokyo time", "It is 11:42 PM in Tokyo."),
        ("what time is it in sydney", "It is 1:42 AM on Friday in Sydney."),
        ("what time is it in Mumbai", "It is 8:12 PM in Mumbai."),
        ("tell me the time in kathmandu", "It is 8:27 PM in Kathmandu."),
        ("what time is it in Munich", "It is 3:42 PM in Munich."),
        ("what time is it in san francisco", "It is 6:42 AM in San Francisco."),
        ("what time is it in New York City", "It is 9:42 AM in New York City."),
        ("what time is it in washington d.c.", "It is 9:42 AM in Washington."),
        ("what time is it in the u.s.", "It is 9:42 AM in Washington."),
        ("what time is it in Russia", "It is 5:42 PM in Moscow."),
        ("what time is it in australia", "It is 1:42 AM on Friday in Canberra."),
        ("what time is it in Texas", "It is 8:42 AM in Austin."),
        ("what time is it in Japan", "It is 11:42 PM in Japan."),
        ("what time is it in the Netherlands", "It is 3:42 PM in the Netherlands."),
        ("what time is it in the UK", "It is 2:42 PM in the United Kingdom."),
        ("what time is it in delhi", "It is 8:12 PM in Delhi."),
        ("what time is it in geneva switzerland", "It is 3:42 PM in Geneva."),
        ("what time is it in Portland, Oregon", "It is 6:42 AM in Portland."),
        ("what time is it in São Paulo", "It is 11:42 AM in São Paulo."),
        ("what time is it in sao paulo", "It is 11:42 AM in São Paulo."),
        ("what time is it in zürich", "It is 3:42 PM in Zurich."),
        ("what time is it in st louis", "It is 8:42 AM in Saint Louis."),
        ("what time is it in utc", "It is 2:42 PM in UTC."),
        ("what time is it in buenos aires", "It is 11:42 AM in Buenos Aires."),
        ("what time is it in honolulu", "It is 4:42 AM in Honolulu."),
    ],
)
def test_the_time_anywhere(text: str, reply: str) -> None:
    assert ringing_skills().answers(text, "en")
    assert ask(text) == reply


@pytest.mark.parametrize(
    ("now", "text", "reply"),
    [
        (SUMMER, "what time is it in london", "It is 2:42 PM in London."),
        (SUMMER, "what time is it in phoenix", "It is 6:42 AM in Phoenix."),
        (SUMMER, "what time is it in denver", "It is 7:42 AM in Denver."),
        (SUMMER, "what time is it in sydney", "It is 11:42 PM in Sydney."),
        (THURSDAY, "what time is it in denver", "It is 7:42 AM in Denver."),
        (THURSDAY, "what time is it in phoenix", "It is 7:42 AM in Phoenix."),
        # America changes its clocks three weeks before Europe does.
        (
            datetime(2026, 3, 15, 15, 42, tzinfo=ZoneInfo("Europe/Paris")),
            "what time is it in new york",
            "It is 10:42 AM in New York.",
        ),
    ],
)
def test_summer_time_is_each_places_own(now: datetime, text: str, reply: str) -> None:
    assert ask(text, now=now) == reply


@pytest.mark.parametrize(
    ("hour", "clock"), [(0, "12:05 AM"), (1, "1:05 AM"), (12, "12:05 PM"), (23, "11:05 PM")]
)
def test_midnight_and_noon_have_their_usual_names(hour: int, clock: str) -> None:
    now = THURSDAY.replace(hour=hour, minute=5)
    assert ask("what time is it", now=now) == f"It is {clock}."


def test_home_is_where_the_settings_say() -> None:
    skills = skills_at(home="America/New_York")
    assert asyncio.run(say(skills, "what time is it")) == "It is 9:42 AM."
    assert asyncio.run(say(skills, "how many hours ahead is Paris")) == (
        "Paris is 6 hours ahead of you."
    )


def test_the_real_clock_is_read_when_none_is_given() -> None:
    from app.providers.llm.skills import SkillsLlm
    from app.settings import SkillsSettings

    def clock(at: datetime) -> str:
        return f"{at.hour % 12 or 12}:{at.minute:02d} {'AM' if at.hour < 12 else 'PM'}"

    before = datetime.now(UTC).astimezone(ZoneInfo("Asia/Tokyo"))
    reply = asyncio.run(say(SkillsLlm(SkillsSettings()), "what time is it in tokyo"))
    after = datetime.now(UTC).astimezone(ZoneInfo("Asia/Tokyo"))
    assert clock(before) in reply or clock(after) in reply


def test_an_unknown_place_is_not_guessed() -> None:
    assert "do not know the time in atlantis" in ask("what time is it in Atlantis")
    assert not ringing_skills().answers("what time is it in paris texas", "en")
    assert not ringing_skills().answers("what time is it in london ontario", "en")


def test_follow_ups_ask_the_same_of_another_place() -> None:
    assert ask("what time is it in Paris", "and in Tokyo?") == "It is 11:42 PM in Tokyo."
    assert ask("what time is it", "and in Tokyo", "what about london") == (
        "It is 2:42 PM in London."
    )
    assert ask("what day is it", "and in Sydney") == ("In Sydney, today is Friday, March 6, 2026.")
    assert ask("what day is it", "and tomorrow") == "Tomorrow is Friday, March 6, 2026."


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("what day is it", "Today is Thursday, March 5, 2026."),
        ("what day is it today", "Today is Thursday, March 5, 2026."),
        ("what day of the week is it", "Today is Thursday, March 5, 2026."),
        ("what is today's date", "Today is Thursday, March 5, 2026."),
        ("whats the date", "Today is Thursday, March 5, 2026."),
        ("what's todays date", "Today is Thursday, March 5, 2026."),
        ("what day is it tomorrow", "Tomorrow is Friday, March 6, 2026."),
        ("what's the day today", "Today is Thursday, March 5, 2026."),
        ("what is tomorrow's date", "Tomorrow is Friday, March 6, 2026."),
        ("what day was yesterday", "Yesterday was Wednesday, March 4, 2026."),
        ("what day is it in Tokyo", "In Tokyo, today is Thursday, March 5, 2026."),
        ("what is the date in sydney", "In Sydney, today is Friday, March 6, 2026."),
        ("what year is it", "It is 2026."),
        ("what month is it", "It is March."),
        ("what week is it", "It is week 10."),
        ("how many days until christmas", "There are 295 days until Christmas."),
        ("how many days till friday", "Friday is tomorrow."),
        ("how many days until march fifth", "March 5 is today."),
        ("how many days until december twenty fifth", "There are 295 days until December 25."),
        ("how many days until the 4th of July", "There are 121 days until July 4."),
        ("how many days until march 4th", "There are 364 days until March 4."),
        ("how many weeks until easter", "There are 4 weeks and 3 days until Easter."),
        ("how long until new year's eve", "There are 301 days until New Year's Eve."),
        ("when is thanksgiving", "Thanksgiving is on Thursday, November 26, 2026."),
        ("when is easter 2027", "Easter is on Sunday, March 28, 2027."),
        ("what day is christmas on this year", "Christmas is on Friday, December 25, 2026."),
        ("what day is july fourth twenty twenty seven", "July 4, 2027 is a Sunday."),
        ("what day was july 20 1969", "July 20, 1969 was a Sunday."),
        ("what day of the week is february 29th", "February 29, 2028 is a Tuesday."),
    ],
)
def test_dates(text: str, reply: str) -> None:
    assert ringing_skills().answers(text, "en")
    assert ask(text) == reply


def test_a_date_the_calendar_does_not_have_is_not_answered() -> None:
    assert not ringing_skills().answers("how many days until february 30th", "en")
    assert not ringing_skills().answers("what day is june 31 2026", "en")


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        (
            "what is the time difference between london and tokyo",
            "London is 9 hours behind Tokyo.",
        ),
        ("how many hours ahead is sydney", "Sydney is 10 hours ahead of you."),
        ("how many hours behind is los angeles", "Los Angeles is 9 hours behind you."),
        ("how far ahead is tokyo of new york", "Tokyo is 14 hours ahead of New York."),
        ("what is the time difference with new york", "New York is 6 hours behind you."),
        (
            "time difference between kathmandu and london",
            "Kathmandu is 5 hours and 45 minutes ahead of London.",
        ),
        (
            "what is the time difference between paris and berlin",
            "It is the same time in Paris as in Berlin.",
        ),
        (
            "what's the time difference between trinidad and tobago and spain",
            "Trinidad and Tobago is 5 hours behind Madrid.",
        ),
        (
            "what is the time difference between here and india",
            "India is 4 hours and 30 minutes ahead of you.",
        ),
    ],
)
def test_time_differences(text: str, reply: str) -> None:
    assert ringing_skills().answers(text, "en")
    assert ask(text) == reply


def test_every_place_in_the_table_has_a_zone_and_is_found_by_its_name() -> None:
    for zone_name, names in ONE_ZONE.items():
        assert ZoneInfo(zone_name)
        for name in names.split(", "):
            place = find_place(name)
            assert place is not None, name
            assert place.zone.utcoffset(THURSDAY) == ZoneInfo(zone_name).utcoffset(THURSDAY), name
    for country, (capital, zone_name) in SEVERAL_ZONES.items():
        place = find_place(country)
        assert place is not None, country
        assert (place.name, place.zone_name) == (capital, zone_name)
    for other in ALSO_CALLED:
        assert find_place(other) is not None, other


def test_no_place_is_listed_under_two_clocks() -> None:
    listed = [name.lower() for names in ONE_ZONE.values() for name in names.split(", ")]
    listed += [name.lower() for name in SEVERAL_ZONES]
    assert sorted(listed) == sorted(set(listed))


@given(st.integers(1900, 2099))
def test_easter_is_the_sunday_after_the_churchs_full_moon(year: int) -> None:
    # Gauss's rule for 1900 to 2099, reckoned in another way.
    moon = (19 * (year % 19) + 24) % 30
    sunday = (2 * (year % 4) + 4 * (year % 7) + 6 * moon + 5) % 7
    expected = date(year, 3, 22) + timedelta(days=moon + sunday)
    late = moon == 29 or (moon == 28 and year % 19 > 10)
    if late and sunday == 6:
        expected -= timedelta(days=7)
    assert easter(year) == expected
