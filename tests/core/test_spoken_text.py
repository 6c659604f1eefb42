"""What the voice says for what is shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.spoken_text import SpokenText, spoken
from app.core.spoken_words import WORDS


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("**Bold**, *it* and ~~gone~~ `my_var`.", "Bold, it and gone my var."),
        ("## A title ##", "A title"),
        ("- [ ] milk\n- bread", "milk, bread"),
        ("1. Boil water\n2. Add salt", "one, Boil water, two, Add salt"),
        ("> quoted\n\n---\n", "quoted"),
        ('See [the docs](https://x.com/a_(b)?c=1 "t") now.', "See the docs now."),
        ("![A cat](cat.png) and [this][1].", "A cat and this."),
        ("So it is[^1] known [2].", "So it is known."),
        ("| a | b |\n|---|:-:|\n| c | d |", "a, b, c, d,"),
        ("<b>hi</b> &amp; <!-- x --><script>x()</script>bye", "hi and bye"),
        ("Half **open emphasis", "Half open emphasis"),
        ("Hello 👋🏽 world 👨‍👩‍👧!", "Hello world!"),
        ("a\x00b\u200bc\x1b[0m", "a bc"),
        ("He said “it’s” (really) — ok…", "He said it's, really, ok."),
        ("Wait...", "Wait."),
        ("What?!", "What?"),
    ],
)
def test_markup_is_not_read(shown: str, said: str) -> None:
    assert spoken(shown, "en") == said


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("It is 10:30 or 5 pm.", "It is ten thirty or five p m."),
        ("At 7:05 a.m. sharp", "At seven oh five a m sharp"),
        ("Come at 5 p.m.", "Come at five p m."),
        ("12:00 and 17:00", "twelve o'clock and seventeen hundred"),
        ("$5, $3.50, $1, $1.5 million", "five dollars, three dollars fifty, one dollar,"
         " one point five million dollars"),
        ("50% of 1,234,567.8", "fifty percent of one million two hundred and thirty-four thousand"
         " five hundred and sixty-seven point eight"),
        ("-5 °C, 72°F", "minus five degrees Celsius, seventy-two degrees Fahrenheit"),
        ("1 km, 5 km/h, 2.5 m²", "one kilometre, five kilometres per hour,"
         " two point five square metres"),
        ("3rd, 21st, 112th", "third, twenty-first, one hundred and twelfth"),
        ("in 1984, 2005, 1990s, '90s", "in nineteen eighty-four, two thousand five,"
         " nineteen nineties, nineties"),
        ("on 2024-01-15 or 12/25/2023", "on January fifteenth, twenty twenty-four or"
         " December twenty-fifth, twenty twenty-three"),
        ("March 3, 15 May", "March third, fifteenth May"),
        ("x² + y³ = z^4", "x squared plus y cubed equals z to the power of four"),
        ("1/2, 5/8 and 2½", "one half, five over eight and two and one half"),
        ("10–20, 3 - 1, 2*3, 6 × 7", "ten to twenty, three minus one, two times three,"
         " six times seven"),
        ("a < b", "a less than b"),
        ("GPT-4o, H2O, v1.2.3", "GPT four o, H two O, v one dot two dot three"),
        ("+1 555 123 4567", "plus one, five five five, one two three, four five six seven"),
        ("agent 007", "agent zero zero seven"),
        ("No. 5 and #7", "number five and number seven"),
        ("C++, C#, AT&T", "C plus plus, C sharp, AT and T"),
        ("Dr. Smith, e.g. in the U.S. etc.", "Doctor Smith, for example in the U S et cetera"),
        ("Visit https://www.example.com/a?b=1.", "Visit example dot com."),
        ("me@example.co.uk", "me at example dot co dot uk"),
        ("２０２ and ٣", "two hundred and two and three"),
        ("It is 3.14.", "It is three point one four."),
    ],
)  # fmt: skip
def test_english_is_spelled_out(shown: str, said: str) -> None:
    assert spoken(shown, "en") == said


@pytest.mark.parametrize(
    ("language", "shown", "said"),
    [
        ("fr", "Il est 10h30, 8 h.", "Il est dix heures trente, huit heures."),
        ("fr", "Le 1er mai, 1\u202f234,56 €", "Le premier mai, mille deux cent trente-quatre"
         " euros cinquante-six"),
        ("fr", "3,14 et 50 % de M. Dupont", "trois virgule quatorze et cinquante pour cent de"
         " monsieur Dupont"),
        ("de", "Am 3. Oktober 1990", "Am dritten Oktober neunzehnhundertneunzig"),
        ("de", "Der 3. Tag um 10:30 Uhr", "Der dritte Tag um zehn Uhr dreißig"),
        ("de", "z. B. 1.234,5 km", "zum Beispiel eintausendzweihundertvierunddreißig Komma fünf"
         " Kilometer"),
        ("de", "vom 15.01.2024", "vom fünfzehnten Januar zweitausendvierundzwanzig"),
        ("es", "3,50 € y 3º", "tres euros cincuenta y tercero"),
        ("es", "Sr. García, EE. UU.", "señor García, Estados Unidos"),
        ("pt", "R$ 5,00", "cinco reais"),
        ("it", "1.000 €, 10:30", "mille euro, dieci e trenta"),
        ("nl", "10:30, 50%", "tien uur dertig, vijftig procent"),
        ("ru", "1 км, 2 км, 5 км/ч", "один километр, два километра, пять километров в час"),
        ("zh", "今天25度。", "今天 二 五 度。"),
        ("hi", "आज २५ है।", "आज दो पाँच है।"),
        ("en-US", "5", "five"),
        ("qq", "5 + 5", "five five"),
    ],
)  # fmt: skip
def test_other_languages_are_spelled_out(language: str, shown: str, said: str) -> None:
    assert spoken(shown, language) == said


@pytest.mark.parametrize(
    "shown", ["", "  \n", "...", "👋", "---", "```x = 1```", "**", "()", "♥ ★"]
)
def test_nothing_to_say_is_empty(shown: str) -> None:
    assert spoken(shown, "en") == ""


def test_a_block_of_code_is_skipped_though_it_spans_clauses() -> None:
    voice = SpokenText("en")
    clauses = ["Look:\n", "```python\nx = 1\n", "y = 2\n", "print(x)\n```\n", "That is it."]
    assert [voice.clause(clause) for clause in clauses] == ["Look:", "", "", "", "That is it."]


def test_words_around_a_block_of_code_in_one_clause_are_said() -> None:
    assert spoken("Before ```x = 1``` after.", "en") == "Before after."


SNIPPETS = st.lists(
    st.sampled_from(
        [
            *"0123456789 .,:;-–—/%°$€£+=*_`~#@&<>()[]|'\"^²½ºª…!?\n",
            *["Dr. ", "M. X", "P.M. X", "e.g.", "z. B.", "http://a.b/c", "a@b.c", "&amp;", "&lt;"],
            *[
                "<b>",
                "km",
                " km/h",
                "m²",
                "3rd",
                "1er",
                "10:30",
                "5 pm",
                "a.m.",
                "```",
                "- ",
                "1. ",
            ],
            *["Mai", "Oktober", "May ", "\u0301", "é", "你", "。", "〇", "٣", "\u200d", "\u00b4"],
            *["No.", "etc.", "th", "US", "U.S.", "\ufb01", "ß", "ท", "²", "①", "\ud800", "x"],
        ]
    ),
    max_size=25,
).map("".join)

LANGUAGES = st.sampled_from([*WORDS, "zh", "hi", "ja", "ar", "sv", "am", "qq", ""])


@settings(max_examples=400, deadline=None)
@given(st.one_of(SNIPPETS, st.text(max_size=60)), LANGUAGES)
def test_any_text_becomes_letters_and_pauses_and_stays_so(text: str, language: str) -> None:
    said = spoken(text, language)
    assert not any(character.isdigit() for character in said)
    for character in said:
        category = unicodedata.category(character)
        assert category[0] in "LM" or character in " .,;:!?'-。、।॥،؛؟۔\u200c\u200d", repr(
            character
        )
    assert said == said.strip()
    assert "  " not in said
    assert not said or any(map(str.isalpha, said))
    assert spoken(said, language) == said


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**18), st.integers(0, 999), LANGUAGES)
def test_numbers_of_any_size_leave_no_digit(whole: int, decimals: int, language: str) -> None:
    for shown in (f"{whole}", f"-{whole}", f"{whole}.{decimals}", f"{whole:,}", f"{whole}%"):
        said = spoken(shown, language)
        assert said
        assert not any(character.isdigit() for character in said)
