"""The text as a voice should say it.

Shown and spoken text differ: Markdown, code and emoji are for the eye; digits, units and
signs must become words, because the voices know letters and little else (the MMS vocabularies
drop everything else silently). What comes out holds letters, spaces and the punctuation that
makes a voice pause, nothing more.
"""

from __future__ import annotations

import re
import unicodedata

from app.core.spoken_markup import FENCE, with_spoken_addresses, without_markup
from app.core.spoken_numbers import NumberReader
from app.core.spoken_words import WORDS

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SUPERSCRIPT = re.compile("[⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_JOINED_THOUSANDS = re.compile(r"(?<=\d)[\u00a0\u202f\u2009'’](?=\d{3}(?!\d))")
_VULGAR_FRACTION = re.compile("[¼½¾⅐-⅞]")
_DEGREE = re.compile(r"º(?=\s?[CF]\b)")

_NOT_WITHIN_A_WORD = r"(?<![^\W\d_])(?<![^\W\d_]\.)"
_TERMINAL_CODE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_ACRONYM = re.compile(r"\b(?:[^\W\d_]\.){2,}(?!\w)")
_SPACE_IN_TABLE = re.compile(r"\s*\|\s*")
_EMPHASIS = re.compile(r"\*+|~~+|`+")
_BETWEEN_WORDS = re.compile(r"(?<=[^\W\d_])\s*/\s*(?=[^\W\d_])")

_MOST_ROUNDS = 3
"""Taking a sign away can bring together what now reads as an abbreviation or an address."""

_PAUSES = frozenset(".,;:!?。、।॥،؛؟۔")
_AS_PAUSE = frozenset("()—–→←⇒•|…")
_STRENGTH = {mark: strength for strength, mark in enumerate(",、،;؛:.·।॥。۔؟!?")}
_SAME = str.maketrans("’‘ʼ′＇‐‑", "'''''--")


class SpokenText:
    """Turns the clauses of one reply, in order, into words for the ear.

    Remembers whether a block of code is open, since one may span clauses. Owned by one thread.
    """

    def __init__(self, language: str) -> None:
        """`language` is an ISO 639-1 code, region and case do not matter."""
        self._language = language.replace("_", "-").partition("-")[0].lower()
        self._words = WORDS.get(self._language)
        self._numbers = NumberReader(self._language)
        self._signs = self._sign_words()
        self._abbreviations = [
            (re.compile(rf"{_NOT_WITHIN_A_WORD}{pattern}(?!\w)"), spelled)
            for pattern, spelled in (self._words.abbreviations if self._words else {}).items()
        ]
        self._in_code = False

    def clause(self, text: str) -> str:
        """The next clause as said; empty when there is nothing to say."""
        visible = []
        for index, part in enumerate(FENCE.split(text)):
            if index:
                self._in_code = not self._in_code
            if not self._in_code:
                visible.append(part)
        said = self._say("\n".join(visible))
        for _ in range(_MOST_ROUNDS):
            again = self._say(said)
            if again == said:
                break
            said = again
        return said

    def _say(self, text: str) -> str:
        text = _plain_characters(text)
        text = without_markup(text)
        text = with_spoken_addresses(text, self._dot, self._at)
        for pattern, spelled in self._abbreviations:
            text = pattern.sub(spelled, text)
        text = _EMPHASIS.sub(self._emphasis, text)
        text = self._numbers.spell(text)
        text = _ACRONYM.sub(_spelled_acronym, text)
        text = self._say_signs(text)
        return _tidy(text)

    @property
    def _dot(self) -> str:
        return self._words.dot if self._words else " "

    @property
    def _at(self) -> str:
        return self._words.at if self._words else " "

    @staticmethod
    def _emphasis(found: re.Match[str]) -> str:
        """A lone star between numbers is a sign; all others are emphasis."""
        before, after = found.string[: found.start()], found.string[found.end() :]
        is_sign = found.group() == "*" and re.search(r"[\d)]\s*$", before)
        if is_sign and re.match(r"\s*[\d(]", after):
            return "*"
        return ""

    def _sign_words(self) -> dict[str, str]:
        words = self._words
        if words is None:
            return {}
        signs = {
            "+": words.plus, "=": words.equals, "×": words.times, "÷": words.divided_by,
            "±": f"{words.plus} {words.minus}", "≈": words.about, "&": words.and_,
            "@": words.at, "−": words.minus,
        }  # fmt: skip
        signs |= {sign: name.split("/")[-1] for sign, name in words.units.items() if sign in "%‰°"}
        signs |= {
            sign: name.split("/")[-1] for sign, name in words.currencies.items() if len(sign) == 1
        }
        return signs

    def _say_signs(self, text: str) -> str:
        words = self._words
        if words is not None:
            text = re.sub(r"(?<=\s)(?:<|&lt;)=?(?=\s)", words.less, text)
            text = re.sub(r"(?<=\s)(?:>|&gt;)=?(?=\s)", words.greater, text)
        if self._language == "en":
            text = re.sub(r"\b([CF])#", r"\1 sharp", text)
        text = _BETWEEN_WORDS.sub(" ", text)
        return "".join(
            f" {self._signs[character]} " if character in self._signs else character
            for character in text
        )


def spoken(text: str, language: str) -> str:
    """One clause by itself as said; empty when there is nothing to say."""
    return SpokenText(language).clause(text)


def _plain_characters(text: str) -> str:
    """Compatibility forms and digits of other scripts as plain ones; nothing invisible."""
    text = _TERMINAL_CODE.sub("", text)
    text = "".join(map(_ascii_digit, text))
    text = _JOINED_THOUSANDS.sub("", text)
    text = _SUPERSCRIPT.sub(lambda found: "^" + found.group().translate(_SUPERSCRIPTS), text)
    text = _VULGAR_FRACTION.sub(
        lambda found: " " + unicodedata.normalize("NFKC", found.group()).replace("⁄", "/"), text
    )
    text = _DEGREE.sub("°", text)
    # NFKC would make letters of these
    text = re.sub(r"(?<=\d)[ºª]", lambda found: {"º": "\ue000", "ª": "\ue001"}[found.group()], text)
    text = re.sub(r"(?<=\d\.)[ºª]", "\ue000", text)
    text = re.sub(r"[ⓒⓡ™℠©®]", " ", text)
    text = unicodedata.normalize("NFKC", text.translate(_SAME))
    text = text.replace("\ue000", "º").replace("\ue001", "ª")
    kept = []
    for index, character in enumerate(text):
        category = unicodedata.category(character)
        if character in "\n\t" or category[0] not in "C":
            kept.append(character)
        elif character in "\u200c\u200d":
            # joiners belong to words in Persian and Indic scripts, else they glue emoji
            if _is_letter(text[index - 1 : index]) and _is_letter(text[index + 1 : index + 2]):
                kept.append(character)
        elif category == "Cc":
            kept.append(" ")
    return "".join(kept)


def _ascii_digit(character: str) -> str:
    if character.isascii() or character in "⁰¹²³⁴⁵⁶⁷⁸⁹":
        return character
    digit = unicodedata.digit(character, None)
    return character if digit is None else str(digit)


def _is_letter(character: str) -> bool:
    return bool(character) and unicodedata.category(character)[0] in "LM"


def _spelled_acronym(found: re.Match[str]) -> str:
    """ "U.S." as its letters; its last dot stays where it ends the clause."""
    letters = found.group().replace(".", " ").strip()
    ends_text = not found.string[found.end() :].strip()
    return letters + "." if ends_text else letters


def _tidy(text: str) -> str:
    """Only letters, single spaces and single marks of punctuation, each after a word."""
    text = _SPACE_IN_TABLE.sub(", ", text)
    text = re.sub(r"\s*\n\s*(?=[^\W\d_])", _line_break, text)
    said: list[str] = []  # ends with a letter, a pause or a space
    for index, character in enumerate(text):
        category = unicodedata.category(character)
        if category[0] == "L" or character in "\u200c\u200d":
            if said and said[-1] in _PAUSES:
                said.append(" ")
            said.append(character)
        elif category[0] == "M":
            if said and _is_letter(said[-1]):
                said.append(character)
        elif character == "〇":
            said.append("零")
        elif character in "'-":
            if said and _is_letter(said[-1]) and _is_letter(text[index + 1 : index + 2]):
                said.append(character)
            elif said and said[-1] not in _PAUSES and said[-1] != " ":
                said.append(" ")
        elif character in _PAUSES or character in _AS_PAUSE:
            _pause(said, character if character in _PAUSES else _pause_for(character))
        elif said and said[-1] not in _PAUSES and said[-1] != " ":
            said.append(" ")
    joined = unicodedata.normalize("NFC", "".join(said)).strip()
    return joined if any(map(str.isalpha, joined)) else ""


def _pause_for(character: str) -> str:
    return "." if character == "…" else ","


def _pause(said: list[str], mark: str) -> None:
    """One mark after the last word: of several the strongest."""
    while said and said[-1] == " ":
        said.pop()
    if not said:
        return
    if said[-1] in _PAUSES:
        if _STRENGTH[mark] > _STRENGTH[said[-1]]:
            said[-1] = mark
        return
    said.append(mark)


def _line_break(found: re.Match[str]) -> str:
    """A wrapped line goes on; a verse or an item pauses."""
    following = found.string[found.end() : found.end() + 1]
    return " " if following.islower() else ", "
