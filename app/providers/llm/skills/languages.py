"""The languages skills speak: one row each, the modules of its package put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.providers.llm.skills.arithmetic import Arithmetic
from app.providers.llm.skills.clock import Clock
from app.providers.llm.skills.english import arithmetic as en_arithmetic
from app.providers.llm.skills.english import clock as en_clock
from app.providers.llm.skills.english import reading as en_reading
from app.providers.llm.skills.english import talk as en_talk
from app.providers.llm.skills.english import timers as en_timers
from app.providers.llm.skills.english import units as en_units
from app.providers.llm.skills.french import arithmetic as fr_arithmetic
from app.providers.llm.skills.french import clock as fr_clock
from app.providers.llm.skills.french import reading as fr_reading
from app.providers.llm.skills.french import talk as fr_talk
from app.providers.llm.skills.french import timers as fr_timers
from app.providers.llm.skills.french import units as fr_units
from app.providers.llm.skills.skill import Skill
from app.providers.llm.skills.talk import Regret
from app.providers.llm.skills.timer_keeper import TimerKeeper
from app.providers.llm.skills.timers import Timers
from app.providers.llm.skills.units import Units


@dataclass(frozen=True, slots=True)
class Language:
    """What Parley can do in a language."""

    code: str
    """ISO 639-1."""
    read: Callable[[str], str]
    """From what was said to what its skills match."""
    skills: Sequence[Skill]
    """In the order they are asked."""


def languages(keeper: TimerKeeper, here: Callable[[], datetime]) -> Sequence[Language]:
    """Every language there are skills in. The timers are the same ones in all of them."""
    return (
        Language(
            "en",
            en_reading.READING.read,
            (
                Clock(en_clock.PHRASES, en_clock.EnglishClock(), here),
                Timers(en_timers.PHRASES, en_timers.EnglishTimers(), keeper, here),
                Arithmetic(en_arithmetic.PHRASES, en_arithmetic.EnglishArithmetic()),
                Units(en_units.PHRASES, en_units.EnglishUnits()),
                en_talk.TALK,
            ),
        ),
        Language(
            "fr",
            fr_reading.READING.read,
            (
                Clock(fr_clock.PHRASES, fr_clock.FrenchClock(), here),
                Timers(fr_timers.PHRASES, fr_timers.FrenchTimers(), keeper, here),
                Arithmetic(fr_arithmetic.PHRASES, fr_arithmetic.FrenchArithmetic()),
                Units(fr_units.PHRASES, fr_units.FrenchUnits()),
                fr_talk.TALK,
            ),
        ),
    )


def regrets(text: str, language: str) -> Regret:
    """What to say when no skill knows.

    Args:
        text: the question. Its first word tells its language where nobody has heard it: typed
            questions come with the language of the conversation.
        language: ISO 639-1, used when it does not tell; English when it is not spoken here.
    """
    first = text.lower().replace("¿", "").partition(" ")[0]
    spoken = language[:2].lower()
    told = [code for code, asking in _ASKING.items() if first in asking]
    code = spoken if spoken in told or not told else told[0]
    return _REGRETS.get(code, en_talk.REGRET)


_ASKING: Mapping[str, Sequence[str]] = {
    "en": ("who", "whose", "what", "which", "why", "how", "where", "when"),
    "fr": ("qui", "que", "quoi", "quel", "quelle", "comment", "pourquoi", "combien", "où"),
    "de": ("wer", "wen", "was", "welche", "welcher", "warum", "wie", "wo", "wann"),
    "es": ("quién", "qué", "cuál", "cuáles", "cómo", "dónde", "cuándo", "cuánto"),
}
"""What questions begin with."""

_REGRETS: Mapping[str, Regret] = {
    "en": en_talk.REGRET,
    "fr": fr_talk.REGRET,
    "de": Regret(
        "Dafür brauche ich ein Sprachmodell. Starte Ollama, oder wähle in den Einstellungen ein "
        "Modell."
    ),
    "es": Regret(
        "Para eso necesito un modelo de lenguaje. Inicia Ollama o elige un modelo en los ajustes."
    ),
}
