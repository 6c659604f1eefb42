"""French number words."""

from __future__ import annotations

from fractions import Fraction

from app.providers.llm.skills.numbers import NumberSpeech, NumberWords

_SMALL = (
    *("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"),
    *("onze", "douze", "treize", "quatorze", "quinze", "seize", "dixsept", "dixhuit", "dixneuf"),
)
"""The last three are two words, which `reading` puts together."""

WORDS = NumberWords(
    small={word: value for value, word in enumerate(_SMALL)} | {"une": 1},
    tens={
        "vingt": 20,
        "trente": 30,
        "quarante": 40,
        "cinquante": 50,
        "soixante": 60,
        "septante": 70,
        "quatrevingt": 80,
        "octante": 80,
        "huitante": 80,
        "nonante": 90,
    },
    hundreds=frozenset({"cent", "cents"}),
    scales={
        "mille": 10**3,
        "million": 10**6,
        "millions": 10**6,
        "milliard": 10**9,
        "milliards": 10**9,
    },
    parts={
        "demi": Fraction(1, 2),
        "demie": Fraction(1, 2),
        "quart": Fraction(1, 4),
        "quarts": Fraction(1, 4),
        "tiers": Fraction(1, 3),
    },
    point="virgule",
    joiner="et",
    joins_tens=True,
    articles=frozenset(),
    of="de",
    reaches={60: 19, 80: 19},
)

SPEECH = NumberSpeech(
    minus="moins",
    about="environ",
    decimal=",",
    group="",
    millions=((9, "milliard", "milliards"), (6, "million", "millions")),
    power_of_ten="{number} fois 10 puissance {power}",
)
