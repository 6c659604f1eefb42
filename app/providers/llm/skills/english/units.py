"""Units in English, as said and as typed."""

from __future__ import annotations

import re
from fractions import Fraction

from app.providers.llm.skills.english.numbers import SPEECH
from app.providers.llm.skills.numbers import say_number
from app.providers.llm.skills.units import Amount, Unit, UnitPhrases, say_measured, unit_names

_TABLE: dict[str, tuple[str, ...]] = {
    "length": (
        "millimeter|millimeter|millimeters|mm,millimetre,millimetres,mil,mils",
        "centimeter|centimeter|centimeters|cm,cms,centimetre,centimetres",
        "meter|meter|meters|m,metre,metres",
        "kilometer|kilometer|kilometers|km,kms,kilometre,kilometres,k,klicks",
        "inch|inch|inches|in",
        "foot|foot|feet|ft",
        "yard|yard|yards|yd,yds",
        "mile|mile|miles|mi",
        "nautical_mile|nautical mile|nautical miles|nmi",
        "light_year|light year|light years|lightyear,lightyears",
        "astronomical_unit|astronomical unit|astronomical units|au",
        "micrometer|micrometer|micrometers|micron,microns,micrometre,micrometres",
        "nanometer|nanometer|nanometers|nm,nanometre,nanometres",
        "fathom|fathom|fathoms|",
        "furlong|furlong|furlongs|",
    ),
    "weight": (
        "milligram|milligram|milligrams|mg",
        "gram|gram|grams|g,gramme,grammes",
        "kilogram|kilogram|kilograms|kg,kgs,kilo,kilos,kilogramme,kilogrammes",
        "tonne|tonne|tonnes|metric ton,metric tons,metric tonne,metric tonnes",
        "short_ton|US ton|US tons|ton,tons,us ton,us tons,short ton,short tons",
        "ounce|ounce|ounces|oz",
        "pound|pound|pounds|lb,lbs",
        "stone|stone|stone|stones,st",
        "carat|carat|carats|",
    ),
    "temperature": (
        "degF|degree Fahrenheit|degrees Fahrenheit|fahrenheit,f,° f,degree f,degrees f,"
        "degrees in fahrenheit,degrees,degree,°",
        "degC|degree Celsius|degrees Celsius|celsius,c,° c,degree c,degrees c,centigrade,"
        "degrees centigrade,degree centigrade,celcius,degrees celcius,degrees,degree,°",
        "kelvin|kelvin|kelvins|k,degrees kelvin",
    ),
    "volume": (
        "milliliter|milliliter|milliliters|ml,mls,millilitre,millilitres,cc",
        "centiliter|centiliter|centiliters|cl,centilitre,centilitres",
        "deciliter|deciliter|deciliters|dl,decilitre,decilitres",
        "liter|liter|liters|l,litre,litres",
        "meter**3|cubic meter|cubic meters|cubic metre,cubic metres",
        "centimeter**3|cubic centimeter|cubic centimeters|cubic centimetre,cubic centimetres",
        "foot**3|cubic foot|cubic feet|",
        "inch**3|cubic inch|cubic inches|",
        "teaspoon|teaspoon|teaspoons|tsp,tsps,tea spoon,tea spoons",
        "tablespoon|tablespoon|tablespoons|tbsp,tbsps,table spoon,table spoons",
        "fluid_ounce|US fluid ounce|US fluid ounces|fluid ounce,fluid ounces,fl oz,ounce,ounces,oz",
        "cup|US cup|US cups|cup,cups",
        "pint|US pint|US pints|pint,pints",
        "quart|US quart|US quarts|quart,quarts,qt,qts",
        "gallon|US gallon|US gallons|gallon,gallons,gal,gals",
        "imperial_pint|imperial pint|imperial pints|uk pint,uk pints,british pint,british pints",
        "imperial_gallon|imperial gallon|imperial gallons|uk gallon,uk gallons,british gallons",
        "oil_barrel|barrel of oil|barrels of oil|barrel,barrels,oil barrels",
    ),
    "speed": (
        "mile_per_hour|mile per hour|miles per hour|mph,miles an hour,mile an hour",
        "kilometer_per_hour|kilometer per hour|kilometers per hour|kph,kmh,km/h,kmph,"
        "kilometers an hour,kilometres per hour,kilometre per hour,kilometres an hour,km per hour",
        "meter/second|meter per second|meters per second|m/s,metres per second,metre per second,"
        "meters a second,metres a second",
        "foot/second|foot per second|feet per second|ft/s",
        "knot|knot|knots|",
        "speed_of_light|times the speed of light|times the speed of light|speed of light",
    ),
    "area": (
        "meter**2|square meter|square meters|square metre,square metres,sqm,sq m",
        "kilometer**2|square kilometer|square kilometers|square kilometre,square kilometres,sq km",
        "centimeter**2|square centimeter|square centimeters|square centimetres",
        "foot**2|square foot|square feet|sq ft,sqft",
        "inch**2|square inch|square inches|sq in",
        "yard**2|square yard|square yards|sq yd",
        "mile**2|square mile|square miles|sq mi",
        "acre|acre|acres|",
        "hectare|hectare|hectares|ha",
    ),
    "time": (
        "millisecond|millisecond|milliseconds|ms",
        "second|second|seconds|sec,secs,s",
        "minute|minute|minutes|min,mins",
        "hour|hour|hours|hr,hrs,h",
        "day|day|days|",
        "week|week|weeks|",
        "fortnight|fortnight|fortnights|",
        "year|year|years|yr,yrs",
        "years_of_a_decade|decade|decades|",
        "century|century|centuries|",
    ),
    # A month has no fixed number of days: it only converts to years and back.
    "months": (
        "month|month|months|",
        "year|year|years|",
        "years_of_a_decade|decade|decades|",
    ),
    "data": (
        "bit|bit|bits|",
        "byte|byte|bytes|b",
        "kilobyte|kilobyte|kilobytes|kb",
        "megabyte|megabyte|megabytes|mb,meg,megs",
        "gigabyte|gigabyte|gigabytes|gb,gig,gigs",
        "terabyte|terabyte|terabytes|tb",
        "petabyte|petabyte|petabytes|pb",
        "kibibyte|kibibyte|kibibytes|kib",
        "mebibyte|mebibyte|mebibytes|mib",
        "gibibyte|gibibyte|gibibytes|gib",
        "tebibyte|tebibyte|tebibytes|tib",
        "kilobit|kilobit|kilobits|kbit",
        "megabit|megabit|megabits|mbit",
        "gigabit|gigabit|gigabits|gbit",
    ),
    "energy": (
        "joule|joule|joules|j",
        "kilojoule|kilojoule|kilojoules|kj",
        "calorie|small calorie|small calories|small calorie,small calories",
        "kilocalorie|kilocalorie|kilocalories|kcal,calorie,calories",
        "watt_hour|watt hour|watt hours|wh",
        "kilowatt_hour|kilowatt hour|kilowatt hours|kwh",
    ),
    "power": (
        "watt|watt|watts|w",
        "kilowatt|kilowatt|kilowatts|kw",
        "megawatt|megawatt|megawatts|mw",
        "horsepower|horsepower|horsepower|hp",
    ),
    "pressure": (
        "pascal|pascal|pascals|pa",
        "hectopascal|hectopascal|hectopascals|hpa",
        "kilopascal|kilopascal|kilopascals|kpa",
        "bar|bar|bars|",
        "millibar|millibar|millibars|mbar",
        "psi|pound per square inch|pounds per square inch|psi",
        "atmosphere|atmosphere|atmospheres|atm",
        "mmHg|millimeter of mercury|millimeters of mercury|mmhg",
    ),
    "angle": (
        "degree|degree|degrees|°",
        "radian|radian|radians|rad",
        "turn|turn|turns|full turn,full turns,revolution,revolutions",
    ),
}


_AMOUNT = r"(?P<amount>.+?)"
_UNIT = r"(?P<unit>.+?)"
_REST = r"(?P<rest>.+)"


def _patterns(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


PHRASES = UnitPhrases(
    asked=_patterns(
        rf"(?:and )?how (?:many|much) {_UNIT} (?:are |is )?(?:there )?(?:are |is )?"
        rf"(?:in|equals?|equal to|to|per|make up|makes up|make|makes|fit in|fit into|go into"
        rf"|are|is) {_AMOUNT}",
        rf"(?:and )?how (?:many|much) {_UNIT} (?:does|do|will) {_AMOUNT}"
        r" (?:have|make|equal|hold|contain|weigh)",
        rf"(?:convert|change|turn|transform|express|give me) {_REST}",
        rf"(?:and )?(?:what|how (?:much|many|far|long|tall|hot|cold|warm|heavy|fast|big|high))"
        rf" (?:is|are|does|do) {_REST}",
        rf"what {_UNIT} is {_AMOUNT}",
        _REST,
    ),
    between=re.compile(
        r" (?:in ?to|in|to|as|expressed in|converted to|converted into|equals how many"
        r"|is how many|are how many|equals what in|is what in|make in)(?= )"
    ),
    again=re.compile(
        r"(?:(?:and|what about|how about|and what about)(?: (?:in|to))?|in) (?P<unit>.+)"
    ),
    names=unit_names(_TABLE),
    articles=frozenset({"a", "an", "one", "the"}),
    minus=frozenset({"-", "minus", "negative"}),
    joiner="and",
)


class EnglishUnits:
    """Says conversions."""

    def converted(self, amount: Amount, value: float, unit: Unit) -> str:
        given = " ".join(_counted(number, own) for number, own in amount.parts)
        result = say_measured(value, unit, SPEECH)
        name = unit.one if result == "1" else unit.several
        return f"{given[0].upper()}{given[1:]} is {result} {name}."

    def different(self, unit: Unit, other: Unit) -> str:
        several = f"{unit.several[0].upper()}{unit.several[1:]}"
        return f"{several} and {other.several} measure different things."


def _counted(number: Fraction, unit: Unit) -> str:
    return f"{say_number(number, SPEECH)} {unit.one if number == 1 else unit.several}"
