"""The built-in skills as a language model: the stand-in that always answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.core.ports import Engine, Message, Stage, Warmth
from app.errors import ProviderUnavailable
from app.providers.llm.skills.places import warm_places
from app.providers.llm.skills.skill import Answer, Question
from app.providers.llm.skills.timer import Timer
from app.providers.llm.skills.timer_keeper import TimerKeeper
from app.providers.llm.skills.units import load_units
from app.settings import SkillsSettings

if TYPE_CHECKING:
    from app.providers.llm.skills.languages import Language

log = logging.getLogger(__name__)

_EARLIER = 8
"""How many earlier questions a follow-up may refer to."""


class SkillsLlm:
    """Answers what needs no language model, and says plainly when one is needed.

    Lives in one asyncio loop, which must keep running between replies for timers to ring.
    `answers` may be called from any thread.
    """

    def __init__(
        self,
        options: SkillsSettings,
        api_key: str | None = None,  # noqa: ARG002 (every language model takes one)
        *,
        timers: TimerKeeper | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        """
        Args:
            timers: keeps the timers, in the same loop; None where nobody would be there to hear
                one ring, and then none is set.
            now: the time here, with its zone.
        """
        self._now = now or _local_time
        self._home = _home_zone(options.home_timezone)
        self._timers = timers or TimerKeeper()
        self._warming: asyncio.Task[None] | None = None

    @property
    def engine(self) -> Engine:
        return Engine(Stage.LLM, "skills", "", stand_in=True, local=True)

    def answers(self, text: str, language: str, earlier: Sequence[Message] = ()) -> bool:
        """Whether a skill knows the answer for certain, so that no model need be asked.

        Changes nothing and takes well under a millisecond. `earlier` is the conversation
        before `text`; without it a follow-up ("and in Tokyo?") is nobody's question.
        """
        answer = self._find([*earlier, Message("user", text)], language)
        return answer is not None and answer.certain

    async def ensure_warm(self) -> Warmth:
        """Take up the timers of the run before; load the phrases, the units and the list of
        places, off the loop.

        Done once. Whoever comes meanwhile waits for it, and a caller that is cancelled leaves it
        going. When it failed, the next caller has it tried anew.
        """
        warming = self._warming
        was_warm = warming is not None and warming.done()
        if warming is None or (warming.done() and (warming.cancelled() or warming.exception())):
            was_warm = False
            warming = self._warming = asyncio.get_running_loop().create_task(self._warm_up())
        await asyncio.shield(warming)
        return Warmth(was_warm=was_warm)

    async def _warm_up(self) -> None:
        await self._timers.open(self._say_missed)
        await asyncio.to_thread(self._load)

    async def reply(self, messages: Sequence[Message], language: str) -> AsyncIterator[str]:
        """The answer, in one piece.

        Raises:
            ProviderUnavailable: the library that converts units is missing.
        """
        answer = self._find(messages, language)
        if answer is None:
            from app.providers.llm.skills.languages import regrets

            text = _last_question(messages)
            yield regrets(text, language).about(" ".join(text.lower().split()))
        elif answer.slow:
            yield await asyncio.to_thread(answer.say)
        else:
            yield answer.say()

    async def close(self) -> None:
        """Nothing rings any more; timers that are kept go on in the next run. Called in the
        loop they run in."""
        await self._timers.close()

    def _load(self) -> None:
        warm_places()
        log.debug("Skills in %d languages.", len(self._languages))
        try:
            load_units()
        except ProviderUnavailable as exc:
            log.warning("%s %s", exc.title, exc.hint)

    def _say_missed(self, timers: Sequence[Timer], now: float) -> tuple[str, str]:
        from app.providers.llm.skills.timer_missed import say_missed

        return say_missed(self._home, timers, now)

    # --- finding the skill ----------------------------------------------------------------

    @cached_property
    def _languages(self) -> Sequence[Language]:
        """Every language. Compiling their phrases takes a tenth of a second, once."""
        from app.providers.llm.skills.languages import languages

        return languages(self._timers, self._here)

    def _find(self, messages: Sequence[Message], language: str) -> Answer | None:
        """The first skill that is certain, else the first that has something to say."""
        uncertain: Answer | None = None
        for known in self._in_order(language):
            question = _question(messages, known)
            if not question.text:
                continue
            for skill in known.skills:
                answer = skill.match(question)
                if answer is not None and answer.certain:
                    return answer
                uncertain = uncertain or answer
        return uncertain

    def _in_order(self, language: str) -> Sequence[Language]:
        """The language it was said in, then the others: a guess from three words may be wrong."""
        code = language[:2].lower()
        return sorted(self._languages, key=lambda known: known.code != code)

    def _here(self) -> datetime:
        now = self._now()
        return now.astimezone(self._home) if self._home is not None else now


def _question(messages: Sequence[Message], language: Language) -> Question:
    said = _last_question(messages)
    asked = [message.text for message in messages if message.role == "user"]
    replies = [message.text for message in messages if message.role == "assistant"]
    return Question(
        text=language.read(said),
        said=said,
        earlier=tuple(asked[-2 : -2 - _EARLIER : -1]),
        last_reply=replies[-1] if replies else "",
        read=language.read,
    )


def _last_question(messages: Sequence[Message]) -> str:
    return next((m.text for m in reversed(messages) if m.role == "user"), "")


def _local_time() -> datetime:
    return datetime.now().astimezone()


def _home_zone(name: str) -> ZoneInfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        log.warning("There is no time zone %r; the computer's own is used.", name)
        return None
