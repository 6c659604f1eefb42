"""English number words."""

from __future__ import annotations

from fractions import Fraction

from app.providers.llm.skills.numbers import NumberSpeech, NumberWords

_SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS = (
    *("third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh"),
    *("twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth"),
    *("eighteenth", "nineteenth", "twentieth"),
)

WORDS = NumberWords(
    small={word: value for value, word in enumerate(_SMALL)} | {"nought": 0},
    tens={word: value for value, word in zip(range(20, 100, 10), _TENS, strict=True)}
    | {"fourty": 40},
    hundreds=frozenset({"hundred"}),
    scales={
        "thousand": 10**3,
        "million": 10**6,
        "billion": 10**9,
        "trillion": 10**12,
    },
    parts={
        "half": Fraction(1, 2),
        "halves": Fraction(1, 2),
        "quarter": Fraction(1, 4),
        "quarters": Fraction(1, 4),
    }
    | {f"{word}s": Fraction(1, value) for value, word in enumerate(_ORDINALS, 3)},
    point="point",
    joiner="and",
    joins_tens=False,
    articles=frozenset({"a", "an"}),
    of="of",
    # "second" is a unit of time first
    ordinals={"first": 1, "thirtieth": 30}
    | {word: value for value, word in enumerate(_ORDINALS, 3)},
)

SPEECH = NumberSpeech(
    minus="minus",
    about="about",
    decimal=".",
    group=",",
    millions=(
        (12, "trillion", "trillion"),
        (9, "billion", "billion"),
        (6, "million", "million"),
    ),
    power_of_ten="{number} times 10 to the power of {power}",
)
