"""Unit conversion."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.providers.llm.skills.english.units import PHRASES as ENGLISH
from app.providers.llm.skills.french.units import PHRASES as FRENCH
from app.providers.llm.skills.units import UnitPhrases, load_units
from tests.support.skills import ask, ringing_skills


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("how many kilometers is five miles", "5 miles is about 8.05 kilometers."),
        ("how many kilometres are in a mile", "1 mile is about 1.61 kilometers."),
        ("convert 70 fahrenheit to celsius",
         "70 degrees Fahrenheit is about 21.1 degrees Celsius."),
        ("convert seventy degrees to celsius",
         "70 degrees Fahrenheit is about 21.1 degrees Celsius."),
        ("20 c to f", "20 degrees Celsius is 68 degrees Fahrenheit."),
        ("what's 20°C in °F", "20 degrees Celsius is 68 degrees Fahrenheit."),
        ("98.6 degrees fahrenheit in celsius", "98.6 degrees Fahrenheit is 37 degrees Celsius."),
        (
            "minus forty celsius in fahrenheit",
            "Minus 40 degrees Celsius is minus 40 degrees Fahrenheit.",
        ),
        ("what is 5 feet 10 in centimeters", "5 feet 10 inches is 177.8 centimeters."),
        ("how tall is 5'10\" in cm", "5 feet 10 inches is 177.8 centimeters."),
        ("what is six foot two in meters", "6 feet 2 inches is about 1.88 meters."),
        ("10 pounds in kilos", "10 pounds is about 4.54 kilograms."),
        ("5 stone 3 pounds in kilograms", "5 stone 3 pounds is about 33.11 kilograms."),
        ("how many cups in a liter", "1 liter is about 4.23 US cups."),
        ("how many ounces in a cup", "1 US cup is 8 US fluid ounces."),
        ("how many ounces in a pound", "1 pound is 16 ounces."),
        ("how many grams is half a pound", "0.5 pounds is about 226.8 grams."),
        ("1 1/2 cups in ml", "1.5 US cups is about 354.88 milliliters."),
        ("how many teaspoons are in a tablespoon", "1 tablespoon is 3 teaspoons."),
        ("100 km/h in mph", "100 kilometers per hour is about 62.14 miles per hour."),
        ("sixty miles per hour in kilometers per hour",
         "60 miles per hour is about 96.56 kilometers per hour."),
        ("what is 1 gigabyte in megabytes", "1 gigabyte is 1000 megabytes."),
        ("how many bits in a byte", "1 byte is 8 bits."),
        ("how many seconds in a day", "1 day is 86,400 seconds."),
        ("how many hours are in three days", "3 days is 72 hours."),
        ("convert 2 hours and 15 minutes to seconds", "2 hours 15 minutes is 8100 seconds."),
        ("how many months in two years", "2 years is 24 months."),
        ("how many months are in a decade", "1 decade is 120 months."),
        ("how many acres in a square mile", "1 square mile is 640 acres."),
        ("what is a light year in kilometers", "1 light year is about 9.46 trillion kilometers."),
        ("5 in in cm", "5 inches is 12.7 centimeters."),
        ("how many inches are there in a yard", "1 yard is 36 inches."),
        ("how many feet in 2 miles", "2 miles is 10,560 feet."),
    ],
)  # fmt: skip
def test_units_are_converted(text: str, reply: str) -> None:
    assert ringing_skills().answers(text, "en")
    assert ask(text) == reply


def test_a_follow_up_takes_the_same_amount_to_another_unit() -> None:
    assert ask("five miles in kilometers", "and in feet") == "5 miles is 26,400 feet."


def test_unlike_units_are_named_rather_than_converted() -> None:
    assert ask("how many miles in a kilogram") == ("Kilograms and miles measure different things.")


@pytest.mark.parametrize("phrases", [ENGLISH, FRENCH])
def test_every_unit_of_a_measure_becomes_every_other(phrases: UnitPhrases) -> None:
    registry = load_units()
    by_measure: dict[str, set[str]] = {}
    for units in phrases.names.values():
        for unit in units:
            by_measure.setdefault(unit.measure, set()).add(unit.key)
    assert len(by_measure) >= 8
    for keys in by_measure.values():
        first = min(keys)
        for key in keys:
            assert registry.Quantity(1.0, first).to(key).magnitude != 0


def test_matching_does_not_import_the_library() -> None:
    code = (
        "import sys\n"
        "from tests.support.skills import ringing_skills\n"
        "assert ringing_skills().answers('how many kilometers is five miles', 'en')\n"
        "assert 'pint' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
