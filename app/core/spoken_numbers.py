"""Numbers and what stands with them, in words.

Works on text whose digits are ASCII. Order matters: a date before a fraction before a plain
number. What a rule has spelled holds no digit, so no later rule touches it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache

from app.core.spoken_words import DECIMAL_POINT, DECIMALS, DIGITS, WORDS, Words

_LONGEST = 15
"""More digits are an identifier and are read one by one."""

_NOT_NUM2WORDS = frozenset({"am"})
"""Its Amharic fails above 999 and never returns for some numbers above a million (0.5.14)."""

_NUMBER = r"\d+(?:[.,]\d+)*"
_ENGLISH_TENS = re.compile(r"\b(?:(\d{2})|'?)(\d)0s\b")
_ISO_DATE = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})(?:T(?=\d))?(?![\d-])")
_DATE = re.compile(r"(?<![\d./])(\d{1,2})([/.])(\d{1,2})\2(\d{4})(?![\d/])")
_TIME = re.compile(
    r"(?<![\d:.,])([01]?\d|2[0-4])(?::([0-5]\d)(?::[0-5]\d)?)(?![\d:])"
    r"(?:\s?Uhr\b)?(?:\s?([ap])\.?\s?m\b\.?)?",
    re.IGNORECASE,
)
_HALF_DAY = re.compile(r"(?<![\d:.,])(1[0-2]|0?[1-9])\s?([ap])\.?\s?m\b\.?", re.IGNORECASE)
_FRENCH_TIME = re.compile(r"(?<![\d:.,])([01]?\d|2[0-4])\s?h\s?([0-5]\d)(?!\d)")
_PHONE = re.compile(
    r"(?<![\w.,])(?:\+\d{1,3}(?:[ .-]?\(?\d{2,4}\)?){2,5}"
    r"|(?:\(\d{3}\) ?|\d{3}[-.])?\d{3}-\d{4})(?!\w)"
)
_SCALE = (
    r"(?:\s?(k|K|M|B|bn|thousand|millions?|billion|trillion|milliards?|Million(?:en)?"
    r"|Milliarden?|millones|millón|milhões|milhão|milioni|miliardi|miljoen|miljard)\b)?"
)
_VERSION = re.compile(r"(?<![\d.,])\d+(?:\.\d+){2,}(?![\d,])")
_FRACTION = re.compile(r"(?<![\d./])(\d{1,4})\s?[/⁄]\s?(\d{1,4})(?![\d/])")
_POWER = re.compile(r"(?<=[\w)])\s?\^\s?([-−]?\d+)")
_RANGE = re.compile(rf"({_NUMBER})(?:\s?–\s?|\s?—\s?|-)(?={_NUMBER})")
_MINUS_BETWEEN = re.compile(r"(?<=\d)\s+[-−]\s+(?=\d)")
_TIMES_BETWEEN = re.compile(r"(?<=[\d)])\s*[x×*·⋅]\s*(?=[\d(])")
_NEGATIVE = re.compile(r"(?<![\w.,)-])[-−–](?=\d)|−(?=\s?\d)")
_SPACED_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?: \d{3})+(?![\d])")
_GERMAN_ORDINAL = re.compile(r"\b(\d{1,2})\.(?=\s[A-ZÄÖÜ]\w)")
_GERMAN_DATIVE = re.compile(r"\b(?:am|dem|den|vom|zum|im|beim|bis|des|seit|ab)\s+$", re.IGNORECASE)
_GERMAN_ARTICLE = re.compile(r"\b(?:der|die|das)\s+$", re.IGNORECASE)
_ORDINALS = {
    "en": re.compile(r"\b(\d+)(?:st|nd|rd|th)\b", re.IGNORECASE),
    "fr": re.compile(r"\b(\d+)(?:ers?|res?|ère|es?|[èe]mes?|nde?)\b"),
    "nl": re.compile(r"\b(\d+)(?:e|ste|de)\b"),
    "ru": re.compile(r"\b(\d+)-(?:й|я|е|го|му|м|ый|ой|ая)\b"),
}
_RAISED_ORDINAL = re.compile(r"\b(\d+)\.?[ºª]")
_YEAR_LIKE = re.compile(r"(?:1[1-9]|20)\d\d")


class NumberReader:
    """Spells the numbers of one language. Stateless after construction, so thread-safe."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._words = WORDS.get(language)
        self._num2words = _num2words_code(language)
        self._decimal_mark = "." if language in DECIMAL_POINT else ","
        self._digits = DIGITS.get(language, DIGITS["en"]).split()

    def spell(self, text: str) -> str:
        """The text without digits."""
        words = self._words
        text = self._join_thousands(text)
        if words is not None:
            text = self._spell_dates(text, words)
            text = self._spell_times(text, words)
            text = _PHONE.sub(self._phone, text)
            text = self._spell_amounts(text, words)
            text = self._spell_ordinals(text)
            text = self._spell_arithmetic(text, words)
            text = _VERSION.sub(lambda found: self._version(found.group(), words), text)
            text = re.sub(r"(?<=\d):(?=\d)", f" {words.to} ", text)
            text = re.sub(r"#\s?(?=\d)|№\s?", f" {words.number} ", text)
        text = re.sub(_NUMBER, lambda found: f" {self._number(found.group())} ", text)
        return re.sub(r"\d", lambda found: f" {self._digits[int(found.group())]} ", text)

    # --- rules ----------------------------------------------------------------------------

    def _join_thousands(self, text: str) -> str:
        if self._decimal_mark == ",":
            text = _SPACED_THOUSANDS.sub(lambda found: found.group().replace(" ", ""), text)
        return text

    def _spell_dates(self, text: str, words: Words) -> str:
        months = words.months.split()

        def date(day: str, month: str, year: str, found: re.Match[str]) -> str:
            if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
                return found.group()
            name = months[int(month) - 1]
            if self._language == "en":
                return f" {name} {self._ordinal(int(day))}, {self._year(year)} "
            if self._language == "de":
                return f" {self._german_ordinal(day, found)} {name} {self._year(year)} "
            return f" {self._integer(str(int(day)))} {name} {self._year(year)} "

        def iso(found: re.Match[str]) -> str:
            year, month, day = found.groups()
            return date(day, month, year, found)

        def slashed(found: re.Match[str]) -> str:
            first, mark, second, year = found.groups()
            day, month = first, second
            if self._language == "en" and mark == "/" and int(first) <= 12:
                day, month = second, first
            return date(day, month, year, found)

        text = _DATE.sub(slashed, _ISO_DATE.sub(iso, text))
        if self._language == "en":
            names = "|".join(f"{name}|{name[:3]}\\.?" for name in months)
            text = re.sub(
                rf"\b({names}) (\d{{1,2}})(?:st|nd|rd|th)?(?![\d:.,]\d|\d)",
                lambda found: f"{_full_month(found[1], months)} {self._ordinal(int(found[2]))} ",
                text,
            )
            text = re.sub(
                rf"\b(\d{{1,2}}) (?=(?:{'|'.join(months)})\b)",
                lambda found: f"{self._ordinal(int(found[1]))} ",
                text,
            )
            text = _ENGLISH_TENS.sub(self._english_tens, text)
        elif self._language == "de":
            text = _GERMAN_ORDINAL.sub(lambda found: self._german_ordinal(found[1], found), text)
        return text

    def _spell_times(self, text: str, words: Words) -> str:
        def time(found: re.Match[str]) -> str:
            hour, minute = found[1], found[2]
            half = found[3] if found.re is _TIME and found[3] else ""
            hour_words = self._integer(str(int(hour)))
            if half:
                said = hour_words if int(minute) == 0 else f"{hour_words} {self._minute(minute)}"
                said = f"{said} {half.lower()} m"
            elif int(minute) == 0:
                said = self._full_hour(int(hour), hour_words, words)
            else:
                said = words.clock.format(hour=hour_words, minute=self._minute(minute))
            return f" {said}{_kept_stop(found)} "

        def half_day(found: re.Match[str]) -> str:
            return f" {self._integer(str(int(found[1])))} {found[2].lower()} m{_kept_stop(found)} "

        if self._language == "fr":
            text = _FRENCH_TIME.sub(time, text)
        return _HALF_DAY.sub(half_day, _TIME.sub(time, text))

    def _full_hour(self, hour: int, said: str, words: Words) -> str:
        if self._language == "en" and (hour > 12 or hour == 0):
            return f"{said} hundred"
        return words.hours.format(hour=said)

    def _minute(self, minute: str) -> str:
        if minute.startswith("0") and self._language == "en":
            return f"oh {self._integer(minute[1])}"
        return self._integer(str(int(minute)))

    def _spell_amounts(self, text: str, words: Words) -> str:
        before, after, units = _amount_patterns(self._language)

        def money(number: str, scale: str | None, name: str) -> str:
            forms = words.currencies[name].split("/")
            canonical = self._canonical(number)
            whole, _, cents = (canonical or "").partition(".")
            if canonical is None:
                return f" {self._number(number)} {forms[-1]} "
            if scale:
                scale = {"k": "thousand", "K": "thousand", "M": "million", "B": "billion",
                         "bn": "billion"}.get(scale, scale)  # fmt: skip
                return f" {self._decimal(canonical)} {scale.rstrip('.')} {forms[-1]} "
            if len(cents) == 2:
                said = f"{self._integer(whole)} {self._form(forms, whole)}"
                return f" {said} {self._integer(str(int(cents)))} " if int(cents) else f" {said} "
            return f" {self._decimal(canonical)} {self._form(forms, canonical)} "

        def unit(found: re.Match[str]) -> str:
            number, name, other = found[1], found[2], found[3]
            forms = words.units[name].split("/")
            canonical = self._canonical(number)
            said = f"{self._number(number)} {self._form(forms, canonical or '2')}"
            if other:
                said += f" {words.per} {words.units[other].split('/')[0]}"
            return f" {said} "

        text = before.sub(lambda found: money(found[2], found[3], found[1]), text)
        text = after.sub(lambda found: money(found[1], found[2], found[3]), text)
        text = _RANGE.sub(lambda found: f"{found[1]} {words.to} ", text)
        text = _MINUS_BETWEEN.sub(f" {words.minus} ", text)
        text = _NEGATIVE.sub(f" {words.minus} ", text)
        text = re.sub(r"[~≈]\s?(?=\d)", f" {words.about} ", text)
        return units.sub(unit, text)

    def _spell_ordinals(self, text: str) -> str:
        def ordinal(found: re.Match[str]) -> str:
            if len(found[1]) > 6:
                return found.group()
            return f" {self._ordinal(int(found[1]))} "

        text = _RAISED_ORDINAL.sub(ordinal, text)
        pattern = _ORDINALS.get(self._language)
        return pattern.sub(ordinal, text) if pattern else text

    def _spell_arithmetic(self, text: str, words: Words) -> str:
        def fraction(found: re.Match[str]) -> str:
            known = words.fractions.get(f"{found[1]}/{found[2]}")
            if known:
                mixed = re.search(r"\d\s$", found.string[: found.start()])
                return f" {words.and_} {known} " if mixed else f" {known} "
            return f" {self._integer(found[1])} {words.over} {self._integer(found[2])} "

        def power(found: re.Match[str]) -> str:
            exponent = found[1].replace("−", "-")
            if exponent in ("2", "3"):
                return f" {words.squared if exponent == '2' else words.cubed} "
            sign = f"{words.minus} " if exponent.startswith("-") else ""
            return f" {words.power} {sign}{self._integer(exponent.lstrip('-'))} "

        text = _POWER.sub(power, text)
        text = _FRACTION.sub(fraction, text)
        text = _TIMES_BETWEEN.sub(f" {words.times} ", text)
        return re.sub(r"\s?÷\s?", f" {words.divided_by} ", text)

    # --- words ----------------------------------------------------------------------------

    def _number(self, token: str) -> str:
        canonical = self._canonical(token)
        if canonical is None:
            return self._version(token, self._words)
        if _YEAR_LIKE.fullmatch(token):
            return self._year(token)
        return self._decimal(canonical)

    def _canonical(self, token: str) -> str | None:
        """The number as Python writes it, or None when it is no number but a version or so."""
        marks = [character for character in token if character in ".,"]
        if not marks:
            return token
        groups = re.split(r"[.,]", token)
        grouped = len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
        if len(set(marks)) == 2:
            if marks.count(marks[-1]) > 1:
                return None
            return "".join(groups[:-1]) + "." + groups[-1]
        if len(marks) > 1:
            return "".join(groups) if grouped and groups[0] != "0" else None
        if marks[0] != self._decimal_mark and grouped and groups[0] != "0":
            return "".join(groups)
        return f"{groups[0]}.{groups[1]}"

    def _decimal(self, canonical: str) -> str:
        whole, _, decimals = canonical.partition(".")
        said = self._integer(whole)
        if not decimals:
            return said
        as_number = self._words is not None and self._words.decimals_as_number
        if as_number and len(decimals) <= 2 and not decimals.startswith("0"):
            said_decimals = self._integer(decimals)
        else:
            said_decimals = self._one_by_one(decimals)
        name = self._words.decimal if self._words else DECIMALS.get(self._language, ",")
        return f"{said} {name} {said_decimals}"

    def _integer(self, digits: str) -> str:
        if len(digits) > _LONGEST or (len(digits) > 1 and digits.startswith("0")):
            return self._one_by_one(digits)
        return self._spelled(int(digits), "cardinal") or self._one_by_one(digits)

    def _one_by_one(self, digits: str) -> str:
        if self._num2words is None:
            return " ".join(self._digits[int(digit)] for digit in digits)
        return " ".join(
            self._spelled(int(digit), "cardinal") or self._digits[int(digit)] for digit in digits
        )

    def _ordinal(self, number: int) -> str:
        return self._spelled(number, "ordinal") or self._integer(str(number))

    def _german_ordinal(self, digits: str, found: re.Match[str]) -> str:
        """ "am dritten", "der dritte", "dritter": as what stands before it asks."""
        before = found.string[: found.start()]
        ordinal = self._ordinal(int(digits))
        if _GERMAN_DATIVE.search(before):
            return ordinal + "n"
        return ordinal if _GERMAN_ARTICLE.search(before) else ordinal + "r"

    def _year(self, year: str) -> str:
        spoken_in_pairs = self._language == "en" or (self._language == "de" and year < "2000")
        if spoken_in_pairs and _YEAR_LIKE.fullmatch(year):
            return self._spelled(int(year), "year") or self._integer(year)
        return self._integer(year)

    def _english_tens(self, found: re.Match[str]) -> str:
        """ "1990s", "90s"."""
        number = int((found[1] or "") + found[2] + "0")
        if number == 0:
            return found.group()
        said = self._year(str(number)) if found[1] else self._integer(str(number))
        return said[:-1] + "ies" if said.endswith("y") else said + "s"

    def _version(self, token: str, words: Words | None) -> str:
        dot = f" {words.dot} " if words else " "
        return f" {dot.join(self._integer(part) for part in re.split('[.,]', token))} "

    def _phone(self, found: re.Match[str]) -> str:
        groups = re.findall(r"\d+", found.group())
        plus = f" {self._words.plus} " if self._words and found.group().startswith("+") else " "
        return plus + ", ".join(self._one_by_one(group) for group in groups) + " "

    def _form(self, forms: list[str], canonical: str) -> str:
        """The form of a noun after this number."""
        number = Decimal(canonical)
        if len(forms) == 1:
            return forms[0]
        if len(forms) == 3:
            return forms[_russian_form(number)]
        singular = number < 2 if self._language in ("fr", "pt") else number == 1
        return forms[0] if singular else forms[1]

    def _spelled(self, number: int, kind: str) -> str | None:
        """None when num2words does not know the language or the number."""
        if self._num2words is None:
            return None
        return _cached_num2words(number, self._num2words, kind)


@lru_cache(maxsize=4096)
def _cached_num2words(number: int, code: str, kind: str) -> str | None:
    from num2words import num2words

    try:
        said = num2words(number, lang=code, to=kind)
    except (NotImplementedError, OverflowError):
        return None
    if not isinstance(said, str) or re.search(r"\d", said):
        return None
    return said.replace(",", "") if kind != "year" else said.replace(" and ", " ")


@lru_cache(maxsize=64)
def _num2words_code(language: str) -> str | None:
    from num2words import CONVERTER_CLASSES

    code = {"nb": "no", "nn": "no", "kk": "kz"}.get(language, language)
    return code if code in CONVERTER_CLASSES and code not in _NOT_NUM2WORDS else None


@lru_cache(maxsize=16)
def _amount_patterns(
    language: str,
) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Money with its sign before, with its sign after, and a number with its unit."""
    words = WORDS[language]
    signs = _alternatives(words.currencies)
    units = _alternatives(words.units)
    bounded = rf"(?:(?:{units})(?![\w/])|(?:{units})(?=/))"
    return (
        re.compile(rf"({signs})\s?({_NUMBER}){_SCALE}"),
        re.compile(rf"({_NUMBER}){_SCALE}\s?({signs})(?!\w)"),
        re.compile(rf"({_NUMBER})\s?({bounded})(?:/({units})(?!\w))?"),
    )


def _alternatives(names: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True))


def _russian_form(number: Decimal) -> int:
    if number != int(number):
        return 1
    last, last_two = int(number) % 10, int(number) % 100
    if last == 1 and last_two != 11:
        return 0
    return 1 if 2 <= last <= 4 and not 12 <= last_two <= 14 else 2


def _full_month(name: str, months: list[str]) -> str:
    return next(month for month in months if month.startswith(name.rstrip(".")))


def _kept_stop(found: re.Match[str]) -> str:
    """The dot of "5 p.m." ends the sentence too when nothing follows."""
    ends_text = not found.string[found.end() :].strip()
    return "." if found.group().endswith(".") and ends_text else ""
