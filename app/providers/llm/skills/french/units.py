"""Units in French, as said and as typed."""

from __future__ import annotations

import re
from fractions import Fraction

from app.providers.llm.skills.french.numbers import SPEECH
from app.providers.llm.skills.numbers import say_number
from app.providers.llm.skills.units import Amount, Unit, UnitPhrases, say_measured, unit_names

_NAMES = unit_names(
    {
        "length": (
            "millimeter|millimètre|millimètres|mm",
            "centimeter|centimètre|centimètres|cm",
            "meter|mètre|mètres|m",
            "kilometer|kilomètre|kilomètres|km",
            "inch|pouce|pouces|",
            "foot|pied|pieds|",
            "yard|yard|yards|",
            "mile|mile|miles|",
            "nautical_mile|mille marin|milles marins|milles nautiques,mille nautique",
            "light_year|année-lumière|années-lumière|année lumière,années lumière",
        ),
        "weight": (
            "milligram|milligramme|milligrammes|mg",
            "gram|gramme|grammes|g",
            "kilogram|kilogramme|kilogrammes|kg,kilo,kilos",
            "tonne|tonne|tonnes|",
            "ounce|once|onces|",
            "pound|livre|livres|",
        ),
        "temperature": (
            "degF|degré Fahrenheit|degrés Fahrenheit|fahrenheit,° f,f,degrés,degré,°",
            "degC|degré Celsius|degrés Celsius|celsius,° c,c,degrés,degré,°",
            "kelvin|kelvin|kelvins|k",
        ),
        "volume": (
            "milliliter|millilitre|millilitres|ml",
            "centiliter|centilitre|centilitres|cl",
            "deciliter|décilitre|décilitres|dl",
            "liter|litre|litres|l",
            "meter**3|mètre cube|mètres cubes|m³",
            "gallon|gallon américain|gallons américains|gallon,gallons",
            "tablespoon|cuillère à soupe|cuillères à soupe|",
            "teaspoon|cuillère à café|cuillères à café|",
        ),
        "speed": (
            "kilometer_per_hour|kilomètre par heure|kilomètres par heure|km/h,kilomètres heure",
            "mile_per_hour|mile par heure|miles par heure|mph,miles heure",
            "meter/second|mètre par seconde|mètres par seconde|m/s",
            "knot|nœud|nœuds|noeud,noeuds",
        ),
        "area": (
            "meter**2|mètre carré|mètres carrés|",
            "kilometer**2|kilomètre carré|kilomètres carrés|",
            "hectare|hectare|hectares|ha",
            "acre|acre|acres|",
        ),
        "time": (
            "second|seconde|secondes|",
            "minute|minute|minutes|min",
            "hour|heure|heures|h",
            "day|jour|jours|",
            "week|semaine|semaines|",
            "year|an|ans|année,années",
        ),
        "data": (
            "byte|octet|octets|",
            "kilobyte|kilooctet|kilooctets|ko",
            "megabyte|mégaoctet|mégaoctets|mo",
            "gigabyte|gigaoctet|gigaoctets|go",
            "terabyte|téraoctet|téraoctets|to",
        ),
    }
)


def _patterns(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


PHRASES = UnitPhrases(
    asked=_patterns(
        r"combien (?:de |y a t il de |il y a de )?(?P<unit>.+?)"
        r" (?:y a t il |il y a |est ce que )?(?:dans|font|fait|en|pour|valent|vaut) (?P<amount>.+)",
        r"(?P<amount>.+?) (?:font|fait|ça fait|c'est) combien (?:de |en )?(?P<unit>.+)",
        r"(?:convertis|convertir|convertissez|transforme|combien (?:font|fait|valent))"
        r" (?P<rest>.+)",
        r"(?P<rest>.+)",
    ),
    between=re.compile(r" (?:en|à|vers)(?= )"),
    again=re.compile(r"(?:et )?en (?P<unit>.+)"),
    names=_NAMES,
    articles=frozenset({"le", "la", "l'"}),
    minus=frozenset({"-", "moins"}),
    joiner="et",
)


class FrenchUnits:
    """Says conversions."""

    def converted(self, amount: Amount, value: float, unit: Unit) -> str:
        given = " ".join(_counted(number, own) for number, own in amount.parts)
        result = say_measured(value, unit, SPEECH)
        name = unit.one if abs(value) < 2 else unit.several
        return f"{given[0].upper()}{given[1:]}, c'est {result} {name}."

    def different(self, unit: Unit, other: Unit) -> str:
        return f"Je ne peux pas convertir des {unit.several} en {other.several}."


def _counted(number: Fraction, unit: Unit) -> str:
    return f"{say_number(number, SPEECH)} {unit.one if abs(number) < 2 else unit.several}"
