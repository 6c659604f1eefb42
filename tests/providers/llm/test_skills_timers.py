"""Timers: how people ask for them, and that they ring."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from app.core.events import Event, TimerRang, TimerSet
from app.providers.llm.skills import SkillsLlm
from app.providers.llm.skills.timer_keeper import TimerKeeper
from tests.support.skills import THURSDAY, ask, ringing_skills, say, skills_at


class Bell:
    """Writes down what was set and what rang."""

    def __init__(self) -> None:
        self.set: list[tuple[str, float]] = []
        self.rang: list[tuple[str, str, str]] = []
        self._news = asyncio.Event()

    def hear(self, event: Event) -> None:
        match event:
            case TimerSet():
                self.set.append((event.label, event.seconds))
            case TimerRang():
                self.rang.append((event.label, event.announcement, event.language))
                self._news.set()

    async def rings(self, times: int) -> None:
        """Wait until it has rung so often."""
        async with asyncio.timeout(10):
            while len(self.rang) < times:
                self._news.clear()
                await self._news.wait()


def with_bell(talk: Callable[[SkillsLlm, Bell], Awaitable[None]]) -> Bell:
    """Run a conversation in a loop of its own; what the bell saw."""

    async def run() -> Bell:
        bell = Bell()
        skills = skills_at(timers=TimerKeeper(bell.hear))
        try:
            await talk(skills, bell)
        finally:
            await skills.close()
        return bell

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("text", "label", "seconds"),
    [
        ("set a timer for ten minutes", "10-minute timer", 600),
        ("Set a timer for 10 minutes, please.", "10-minute timer", 600),
        ("set timer 10 minutes", "10-minute timer", 600),
        ("five minute timer", "5-minute timer", 300),
        ("set a five-minute timer", "5-minute timer", 300),
        ("can you start a 45 second timer", "45-second timer", 45),
        ("timer 90 seconds", "90-second timer", 90),
        ("timer 5m", "5-minute timer", 300),
        ("10 min timer", "10-minute timer", 600),
        ("set a timer for 1h30", "90-minute timer", 5400),
        ("set a timer for half an hour", "30-minute timer", 1800),
        ("set a timer for a quarter of an hour", "15-minute timer", 900),
        ("set a timer for quarter of an hour", "15-minute timer", 900),
        ("set a timer for three quarters of an hour", "45-minute timer", 2700),
        ("set a timer for an hour and a half", "90-minute timer", 5400),
        ("set a timer for one and a half hours", "90-minute timer", 5400),
        ("set a timer for two and a half minutes", "2-minute 30-second timer", 150),
        ("set a timer for one hour and twenty minutes", "80-minute timer", 4800),
        ("set a timer for a couple of minutes", "2-minute timer", 120),
        ("set a timer for a minute", "1-minute timer", 60),
        ("start a timer for a hundred and twenty seconds", "2-minute timer", 120),
        ("set another timer for five minutes", "5-minute timer", 300),
        ("put ten minutes on the clock", "10-minute timer", 600),
        ("count down from thirty seconds", "30-second timer", 30),
        ("tell me when ten minutes are up", "10-minute timer", 600),
        ("wake me in twenty minutes", "20-minute timer", 1200),
        ("set a tea timer for 3 minutes", "tea timer", 180),
        ("set a 3 minute egg timer", "egg timer", 180),
        ("set a ten minute timer for the pasta", "pasta timer", 600),
        ("set a timer for the pasta for ten minutes", "pasta timer", 600),
        ("set a timer for five minutes and call it pasta", "pasta timer", 300),
        ("set a timer for 8 minutes called Rice", "Rice timer", 480),
        ("remind me in 20 minutes to call Mum", "call Mum", 1200),
        ("remind me to call Mum in half an hour", "call Mum", 1800),
        ("in five minutes remind me to turn off the oven", "turn off the oven", 300),
        ("wake me up at 7 am", "15-hour 18-minute timer", 55080),
        ("set an alarm for half past six", "2-hour 48-minute timer", 10080),
        ("set an alarm for twenty to six", "118-minute timer", 7080),
        ("set an alarm for 4:30", "48-minute timer", 2880),
        ("set an alarm for noon", "20-hour 18-minute timer", 73080),
        ("remind me at 6 pm to feed the cat", "feed the cat", 8280),
        ("remind me to take out the trash at 9 pm", "take out the trash", 19080),
    ],
)
def test_a_timer_is_set(text: str, label: str, seconds: float) -> None:
    assert ringing_skills().answers(text, "en")

    async def talk(skills: SkillsLlm, _: Bell) -> None:
        await say(skills, text)

    assert with_bell(talk).set == [(label, seconds)]


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("set a timer for ten minutes", "Timer set for 10 minutes."),
        ("timer 90 seconds", "Timer set for 1 minute and 30 seconds."),
        ("set a tea timer for 3 minutes", "Tea timer set for 3 minutes."),
        (
            "set a timer for 1 hour 2 minutes and 3 seconds",
            "Timer set for 1 hour, 2 minutes and 3 seconds.",
        ),
        (
            "remind me to call Mum in an hour",
            "In 1 hour I will remind you: call Mum.",
        ),
        ("wake me up at 7 am", "I will ring at 7:00 AM, 15 hours and 18 minutes from now."),
        ("set a timer for zero minutes", "A timer needs at least one second."),
        ("set a timer for 3 days", "My timers run for a day at most."),
        ("set a timer for 99999999999999 hours", "My timers run for a day at most."),
        ("set a timer", "For how long? Say ten minutes, for example."),
        ("set an egg timer", "For how long? Say ten minutes, for example."),
        ("how many minutes are left", "No timer is running."),
        ("how long is left", "No timer is running."),
        ("cancel the timer", "No timer is running."),
        ("cancel all timers", "No timer is running."),
        ("cancel the pizza timer", "No pizza timer is running."),
    ],
)
def test_what_is_said_about_it(text: str, reply: str) -> None:
    assert ask(text) == reply


def test_a_reminder_for_another_day_is_refused_rather_than_forgotten() -> None:
    assert "only within a day" in ask("remind me to call mum tomorrow")


def test_the_duration_may_follow_as_an_answer() -> None:
    assert ask("set a timer", "ten minutes") == "Timer set for 10 minutes."
    assert not ringing_skills().answers("ten minutes", "en")


def test_a_timer_rings_once_with_the_sentence_to_say() -> None:
    async def talk(skills: SkillsLlm, bell: Bell) -> None:
        await say(skills, "set a tea timer for 1 second")
        assert bell.rang == []
        await bell.rings(1)
        assert await say(skills, "how long is left") == "No timer is running."

    bell = with_bell(talk)
    assert bell.rang == [("tea timer", "Your tea timer is done.", "en")]


def test_several_timers_ring_each_in_its_turn() -> None:
    async def talk(skills: SkillsLlm, bell: Bell) -> None:
        await say(skills, "set a timer for 2 seconds called second")
        await say(skills, "remind me in 1 second to look up")
        await say(skills, "mets un minuteur d'une seconde pour le thé", language="fr")
        await bell.rings(3)

    assert with_bell(talk).rang == [
        ("look up", "Here is your reminder: look up.", "en"),
        ("minuteur thé", "Le minuteur thé est terminé.", "fr"),
        ("second timer", "Your second timer is done.", "en"),
    ]


def test_a_cancelled_timer_does_not_ring() -> None:
    async def talk(skills: SkillsLlm, bell: Bell) -> None:
        await say(skills, "set an egg timer for 1 second")
        await say(skills, "set a tea timer for 1 second")
        assert await say(skills, "cancel the egg timer") == "Your egg timer is cancelled."
        await bell.rings(1)
        await asyncio.sleep(0.2)

    assert [label for label, *_ in with_bell(talk).rang] == ["tea timer"]


def test_nothing_rings_after_closing() -> None:
    async def talk(skills: SkillsLlm, _: Bell) -> None:
        await say(skills, "set a timer for 1 second")
        await skills.close()
        await asyncio.sleep(1.3)

    assert with_bell(talk).rang == []


def test_what_is_left_is_told_timer_by_timer() -> None:
    async def talk(skills: SkillsLlm, _: Bell) -> None:
        await say(skills, "set a timer for ten minutes")
        left = await say(skills, "how much time is left")
        assert left == "Your 10-minute timer has 10 minutes left."
        await say(skills, "set a tea timer for 3 minutes")
        left = await say(skills, "how long is left on my timers")
        assert left == (
            "Your tea timer has 3 minutes left, and your 10-minute timer has 10 minutes left."
        )
        left = await say(skills, "how much time is left on the tea timer")
        assert left == "Your tea timer has 3 minutes left."
        assert await say(skills, "how long does my pie timer have left") == (
            "No pie timer is running."
        )

    with_bell(talk)


def test_time_left_falls() -> None:
    async def talk(skills: SkillsLlm, _: Bell) -> None:
        await say(skills, "set a timer for 5 seconds")
        await asyncio.sleep(1.6)
        left = await say(skills, "how long is left")
        assert left in {f"Your 5-second timer has {n} seconds left." for n in (2, 3)}

    with_bell(talk)


def test_cancelling_needs_a_name_when_several_run() -> None:
    async def talk(skills: SkillsLlm, _: Bell) -> None:
        await say(skills, "set a timer for ten minutes")
        await say(skills, "set a tea timer for 3 minutes")
        which = await say(skills, "cancel the timer")
        assert which == "2 timers are running: tea and 10-minute. Say which one, or all timers."
        assert await say(skills, "stop the 10 minute timer") == (
            "Your 10-minute timer is cancelled."
        )
        assert await say(skills, "cancel my timer") == "Your tea timer is cancelled."
        await say(skills, "set a timer for 1 minute")
        await say(skills, "set a timer for 2 minutes")
        assert await say(skills, "cancel all timers") == "2 timers are cancelled."
        assert await say(skills, "what timers do i have") == "No timer is running."

    with_bell(talk)


def test_there_is_an_end_to_timers() -> None:
    async def talk(skills: SkillsLlm, _: Bell) -> None:
        for _number in range(50):
            await say(skills, "set a timer for an hour")
        assert "Too many timers" in await say(skills, "set a timer for an hour")
        left = await say(skills, "how long is left")
        assert left.endswith("and 46 more run longer.")

    assert len(with_bell(talk).set) == 50


@pytest.mark.parametrize(
    "text", ["set a timer for ten minutes", "remind me in an hour to eat", "wake me up at 7 am"]
)
def test_without_a_window_no_timer_is_promised(text: str) -> None:
    skills = skills_at()
    assert skills.answers(text, "en")
    assert asyncio.run(say(skills, text)) == (
        "A timer can ring only from my window. Open it and ask me there."
    )


@pytest.mark.parametrize(
    ("text", "language", "reply"),
    [
        ("how long is left", "en", "My timers run in my window. Ask me there."),
        ("what timers do i have", "en", "My timers run in my window. Ask me there."),
        ("cancel the tea timer", "en", "My timers run in my window. Ask me there."),
        ("cancel all timers", "en", "My timers run in my window. Ask me there."),
        (
            "annule le minuteur",
            "fr",
            "Mes minuteurs tournent dans ma fenêtre. Demandez-le-moi là-bas.",
        ),
    ],
)
def test_without_a_window_nothing_is_claimed_about_its_timers(
    text: str, language: str, reply: str
) -> None:
    assert asyncio.run(say(skills_at(), text, language=language)) == reply


def test_an_alarm_over_the_change_of_clocks_rings_at_its_time() -> None:
    # At two in the morning of March 29 the clocks of Paris go to three.
    night = datetime(2026, 3, 28, 23, 0, tzinfo=ZoneInfo("Europe/Paris"))

    async def talk() -> list[tuple[str, float]]:
        bell = Bell()
        skills = skills_at(night, timers=TimerKeeper(bell.hear))
        await say(skills, "wake me up at 7 am")
        await skills.close()
        return bell.set

    [(_, seconds)] = asyncio.run(talk())
    assert seconds == 7 * 3600


def test_five_oclock_is_the_next_one() -> None:
    assert "at 5:00 PM" in ask("set an alarm for five", now=THURSDAY)
    assert "at 5:00 AM" in ask("set an alarm for five", now=THURSDAY.replace(hour=22))
    assert "at 5:00 AM" in ask("set an alarm for five in the morning", now=THURSDAY)
    assert "at 5:30 PM" in ask("set an alarm for five thirty p.m.", now=THURSDAY)


@pytest.mark.parametrize(
    "heard",
    [
        "set a timer for ten minutes kong de",
        "set a timer for ten minutes cold today",
        "start a timer for 10 minutes tee",
    ],
)
def test_a_name_that_was_not_understood_leaves_the_time(heard: str) -> None:
    assert "10 minutes" in ask(heard) or "ten minutes" in ask(heard)
    assert "model" not in ask(heard)


@pytest.mark.parametrize(
    "heard",
    [
        "set a timer for ten minutes and another for five",
        "set a timer for ten minutes before midnight",
        "set a timer for ten minutes from noon",
    ],
)
def test_words_with_a_meaning_of_their_own_are_not_passed_over(heard: str) -> None:
    assert "set for 10 minutes" not in ask(heard)
