"""Questions put to the skills, the way the language-model thread does it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

from app.core.ports import Message
from app.providers.llm.skills import SkillsLlm
from app.providers.llm.skills.timer_keeper import TimerKeeper
from app.settings import SkillsSettings

THURSDAY = datetime(2026, 3, 5, 15, 42, tzinfo=ZoneInfo("Europe/Paris"))
"""The time it is in these tests: a winter afternoon in Paris."""


def skills_at(
    now: datetime = THURSDAY,
    *,
    home: str = "",
    timers: TimerKeeper | None = None,
) -> SkillsLlm:
    """Skills whose clock stands still."""
    return SkillsLlm(SkillsSettings(home_timezone=home), timers=timers, now=lambda: now)


def ringing_skills(now: datetime = THURSDAY) -> SkillsLlm:
    """Skills that may set timers, as in the window."""
    return skills_at(now, timers=TimerKeeper(lambda _: None))


async def say(skills: SkillsLlm, *questions: str, language: str = "en") -> str:
    """Ask one after another in one conversation; the last reply."""
    messages: list[Message] = [Message("system", "You are Parley.")]
    reply = ""
    for question in questions:
        messages.append(Message("user", question))
        deltas = [delta async for delta in skills.reply(messages, language)]
        reply = "".join(deltas)
        messages.append(Message("assistant", reply))
    return reply


def ask(*questions: str, language: str = "en", now: datetime = THURSDAY) -> str:
    """A conversation with fresh skills; the last reply."""

    async def talk() -> str:
        skills = ringing_skills(now)
        try:
            return await say(skills, *questions, language=language)
        finally:
            await skills.close()

    return asyncio.run(talk())
