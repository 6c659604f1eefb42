"""Clauses out of deltas."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.sentences import HARD_LIMIT, ClauseSplitter
from tests.core.reply_samples import REPLIES


def clauses(text: str, step: int = 1) -> list[str]:
    splitter = ClauseSplitter()
    found = []
    for start in range(0, len(text), step):
        found += splitter.feed(text[start : start + step])
    return found + splitter.flush()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello there. How are you? Fine!", ["Hello there. ", "How are you? ", "Fine!"]),
        ("Bonjour ! Comment allez-vous ? Bien.", ["Bonjour ! ", "Comment allez-vous ? ", "Bien."]),
        ("« Oui. » Il est parti.", ["« Oui. » ", "Il est parti."]),
        ("¿Qué tal? ¡Muy bien! Gracias.", ["¿Qué tal? ", "¡Muy bien! ", "Gracias."]),
        ('He said "Go." Then he left.', ['He said "Go." ', "Then he left."]),
        ("**Done.** Next one.", ["**Done.** ", "Next one."]),
        ("你好。今天天气很好！是吗？", ["你好。", "今天天气很好！", "是吗？"]),
        ("彼は「はい。」と言った。次です。", ["彼は「はい。」", "と言った。", "次です。"]),
        ("नमस्ते। आप कैसे हैं? ठीक।", ["नमस्ते। ", "आप कैसे हैं? ", "ठीक।"]),
        ("Well... I think so. Yes.", ["Well... ", "I think so. ", "Yes."]),
        ("Sure:\n\n- one thing\n- another", ["Sure:\n\n", "- one thing\n", "- another"]),
        ("A line that was\nwrapped here. End.", ["A line that was\nwrapped here. ", "End."]),
        ("It is 42. That is all.", ["It is 42. ", "That is all."]),
        ("It is 5 p.m. Time to go.", ["It is 5 p.m. ", "Time to go."]),
        ("So do I. And you?", ["So do I. ", "And you?"]),
        ("No. That is wrong.", ["No. ", "That is wrong."]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert clauses(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Pi is 3.14 or so",
        "It costs 1,000 euros",
        "Dr. Smith met Mr. Jones",
        "Fruit, e.g. Apples",
        "The U.S. Army",
        "J. R. R. Tolkien wrote it",
        "See https://example.com/a.b?c=d. now",
        "At 10:30 it starts",
        "1. Boil the water",
        "Well... maybe",
        "Wait . . . what",
        "Am 3. Oktober war es",
        "Das ist z. B. Wasser",
        "Bitte Nr. 5 nehmen",
        "Take No. 5 instead",
        "M. Dupont est là",
        "El Sr. García vino",
        "Use `a. B` there",
        "See [the docs. Here](https://example.com)",
        "```\nx = 1. Y = 2.\n\nZ = 3\n```",
        "It works on macOS 14.1 fine",
    ],
)
def test_what_belongs_together_stays_together(text: str) -> None:
    assert clauses(text) == [text]


def test_the_first_clause_ends_at_a_comma_once_it_is_long_enough() -> None:
    text = "The weather in Paris today is mild, with a little rain, and some wind, later on."
    assert clauses(text) == [
        "The weather in Paris today is mild, ",
        "with a little rain, and some wind, later on.",
    ]
    assert clauses("Well, yes, it is.") == ["Well, yes, it is."]


def test_after_a_word_or_two_the_next_clause_is_early_too() -> None:
    text = "Sure! Boil some water first, then add the pasta, and stir it, now and then."
    assert clauses(text) == [
        "Sure! ",
        "Boil some water first, ",
        "then add the pasta, and stir it, now and then.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "The shop in the old town is closed |because the owner is away.",
        "Octopuses have three hearts |and they change their colour.",
        "The weather in the north is mild |with a little rain.",
        "Je ne peux pas venir demain |parce que je travaille.",
        "Il fait très beau à Lyon aujourd'hui |avec un peu de vent.",
        "Die Temperatur liegt heute bei etwa zwanzig Grad |und sie steigt morgen.",
        "Los volcanes nuevos se forman |cuando el magma sube.",
        "O coração bate muito mais depressa |quando você corre.",
        "Je kunt het beste vroeg vertrekken |omdat het druk wordt.",
        "Я не могу проверить погоду |потому что нет сети.",
    ],
)
def test_without_a_comma_the_first_clause_ends_where_a_reader_breathes(text: str) -> None:
    assert clauses(text.replace("|", "")) == text.split("|")


@pytest.mark.parametrize(
    "text",
    [
        "I like bread and butter and jam",  # no clause follows, and it is short
        "The `a because b` option is fine",
        "See [what happens when you click](https://example.com) here",
        "This is (as you may know when asked) the end",
        "The house of which the man in the moon spoke",
        "Lubię chodzić po górach kiedy jest ciepło i nie pada deszcz",  # an unknown language
    ],
)
def test_no_breath_in_the_wrong_place(text: str) -> None:
    assert clauses(text) == [text]


def released_after(text: str) -> tuple[str, str]:
    """What was said of the reply when its first clause came, and that clause."""
    splitter = ClauseSplitter()
    words = re.findall(r"\s*\S+", text)
    for count, word in enumerate(words, start=1):
        if found := splitter.feed(word):
            return "".join(words[:count]), found[0]
    return text, splitter.flush()[0]


SPACED = [(language, text) for language, text in REPLIES if language not in ("zh", "ja")]
LEANING = re.findall(
    r"\w+",
    "a an the of to in on at by for with from and or but that is are was its your"
    " le la les un une des du de à en dans sur avec pour et ou mais que qui est sont son"
    " der die das den dem ein eine und oder aber dass in im an am auf mit von zu für ist sind"
    " el los las una del con por para y o pero es son se su"
    " um uma da do dos das em no na com e mas é seu"
    " het een van met voor en of maar dat zijn"
    " и в на с из по что как не",
)


def test_the_first_clause_comes_early_and_sounds_whole() -> None:
    waited = [len(released_after(text)[0].split()) for _, text in SPACED]
    # Before breaths were looked for: 12.2 words on average, 27 at most.
    assert sum(waited) / len(waited) < 9
    assert max(waited) <= 16
    for _, text in SPACED:
        first = released_after(text)[1]
        assert first.split()[-1].lower() not in LEANING, first


def test_after_the_first_clauses_come_whole_sentences() -> None:
    for _, text in SPACED:
        for piece in clauses(text)[2:]:
            assert piece.rstrip().endswith((".", "?", "!", ":", "`", "cool", "coffee")) or (
                "\n" in piece
            ), piece


TOGETHER = {
    "en": (
        "They said it was # in the end. That is all.",
        "3.14|1,234.56|Dr. Smith|Mr. and Mrs. Jones|Prof. Dr. Lee|e.g. Apples|i.e. Monday"
        "|J. R. R. Tolkien|the U.S. Army|https://example.com/a.b?c=d,e;f|www.parley.app."
        "|jane.doe@example.com|10:30 a.m. Eastern|10:30 a.m. tomorrow|5 p.m. Monday|Sept. 5"
        "|Jan. 3, 2024|Fig. 3|v2.0.1|Wait . . . what|Well... maybe|St. Louis|approx. 50"
        "|Ph.D. student|Node.js|Yahoo! is|A.D. 79|Lt. Col. Brown|6 ft. 2|Mt. Everest|Op. 27"
        "|pp. 3-5|$1.5 million|etc. and|a.k.a. Bob|C. elegans|10.5.2024|192.168.0.1|Mr. T. was"
        "|2024-05-01T10:00:00.000Z|[the docs. Here](https://x.org/a. b)|`a. B. c`",
    ),
    "fr": (
        "On dit que c'est # à la fin. Voilà.",
        "M. Dupont|p. ex. Paris|c.-à-d. Lyon|av. J.-C.|14 h 35|n° 5|3,14|1 234,5|env. 20"
        "|MM. Dupont|chap. 2|bd. Voltaire",
    ),
    "de": (
        "Man sagt es war # am Ende. Das ist alles.",
        "z. B. Wasser|z.B. Wasser|d. h. Montag|u. a. Berlin|am 3. Oktober|der 2. Weltkrieg"
        "|Prof. Dr. Schmidt|Nr. 5|bzw. Montag|Hr. Meier|St. Pauli|inkl. Steuer|10.30 Uhr"
        "|i. d. R. Montag|Mio. Euro|ggf. Montag|Friedrich II. von|Tel. 030|4. Juli 1776",
    ),
    "es": (
        "Dicen que era # al final. Eso es todo.",
        "Sr. García|EE. UU. son|p. ej. Madrid|10:30 a. m. del|núm. 5|pág. 12|44 a. C. fue"
        "|Avda. Libertad|aprox. 20|Dña. Ana",
    ),
    "pt": (
        "Dizem que era # no fim. Isso é tudo.",
        "Sr. Silva|p. ex. Lisboa|R. Augusta|Av. Paulista|pág. 3|R$ 1.234,56|Exmo. Senhor",
    ),
    "nl": (
        "Men zegt dat het # was. Dat is alles.",
        "dhr. Jansen|bijv. Amsterdam|d.w.z. Utrecht|nr. 5|blz. 3|drs. Smit|incl. btw",
    ),
    "ru": (
        "Говорят это был # в конце. Это всё.",
        "т. е. Москва|и т. д. и|г. Москва|ул. Ленина|А. С. Пушкин|проф. Иванов|стр. 5"
        "|им. Пушкина|1828 г. в|1,5 млн|т.к. Москва|оз. Байкал",
    ),
}


@pytest.mark.parametrize("language", TOGETHER)
@pytest.mark.parametrize("lead", ["", "carrier", "a rather long thing with the name of "])
def test_names_numbers_and_abbreviations_are_never_cut(language: str, lead: str) -> None:
    carrier, atoms = TOGETHER[language]
    before, after = carrier.split("#")
    before = {"": "", "carrier": before}.get(lead, before + lead)
    for atom in atoms.split("|"):
        assert any(atom in piece for piece in clauses(before + atom + after)), atom


@pytest.mark.parametrize("dash", [" - ", " – ", " — ", "—", ": ", "; "])
def test_the_first_clause_ends_at_other_pauses_too(dash: str) -> None:
    text = f"There is only one answer{dash}the right one."
    assert clauses(text) == [f"There is only one answer{dash}", "the right one."]


@pytest.mark.parametrize(
    "text",
    [
        "The numbers that follow are 1, 2, 3 and 4",
        "It is a really well-known pre- and post-war thing",
        "The years were 1914–1918 for all of us",
        "She had many things (apples, pears, plums) there",
    ],
)
def test_the_first_clause_does_not_end_at_false_pauses(text: str) -> None:
    assert clauses(text) == [text]


def test_a_long_later_clause_ends_at_a_comma() -> None:
    long = "And then the story went on with word after word after word, " * 4
    pieces = clauses("It began early in the morning. " + long)
    assert pieces[0] == "It began early in the morning. "
    assert all(120 <= len(piece) <= 190 for piece in pieces[1:-1])
    assert all(piece.endswith(", ") for piece in pieces[1:])


def test_a_clause_is_out_as_soon_as_the_next_one_begins() -> None:
    splitter = ClauseSplitter()
    assert splitter.feed("It is noon.") == []
    assert splitter.feed(" ") == []
    assert splitter.feed("L") == ["It is noon. "]
    assert splitter.flush() == ["L"]


def test_a_decimal_at_the_border_of_two_deltas_waits_for_its_digits() -> None:
    splitter = ClauseSplitter()
    assert splitter.feed("It is 3.") == []
    assert splitter.feed("14 now.") == []
    assert splitter.flush() == ["It is 3.14 now."]


def test_code_is_one_clause_between_two_others() -> None:
    text = "Here it is:\n```python\nprint('Hi. There.')\n\nx = 1\n```\nThat is all."
    assert clauses(text) == [
        "Here it is:\n",
        "```python\nprint('Hi. There.')\n\nx = 1\n```\n",
        "That is all.",
    ]


def test_text_without_punctuation_is_cut_between_words() -> None:
    pieces = clauses("word " * 200)
    assert len(pieces) > 3
    assert all(piece.endswith("word ") and len(piece) <= HARD_LIMIT + 1 for piece in pieces)


def test_a_flushed_splitter_starts_a_new_reply() -> None:
    splitter = ClauseSplitter()
    splitter.feed("```\ncode")
    splitter.flush()
    assert splitter.feed("One. Two") == ["One. "]


def test_an_ideographic_text_without_punctuation_is_cut_sooner() -> None:
    assert max(map(len, clauses("好" * 500))) <= HARD_LIMIT // 3


PROSE = st.lists(
    st.sampled_from(
        [
            *"Hello. Dr.  3.14,:;?!…。、—-\n\n`*()[]«»“”\"'",
            *["```", " 1. ", "e.g. ", "Oktober", "né\u0301", "word ", "mot, ", "你好", "ไทย "],
            *["\u0301", "\u200d", "  \t", "z. B. ", "\u00a0"],
            *["the ", "it is ", "because ", "and it ", "with ", "weil es ", "parce que "],
            *["5 p.m. ", "Eastern "],
        ]
    ),
    max_size=120,
).map("".join)


@given(
    st.one_of(PROSE, st.text(max_size=400), st.sampled_from([text for _, text in REPLIES])),
    st.data(),
)
def test_joined_they_are_the_text_and_the_deltas_do_not_matter(
    text: str, data: st.DataObject
) -> None:
    at_once = clauses(text, step=len(text) or 1)
    splitter = ClauseSplitter()
    found: list[str] = []
    rest = text
    while rest:
        step = data.draw(st.integers(1, max(1, min(len(rest), 30))))
        found += splitter.feed(rest[:step])
        rest = rest[step:]
    found += splitter.flush()
    assert found == at_once
    assert "".join(found) == (text if text.strip() else "")
    assert all(piece.strip() for piece in found)
    assert all(len(piece.strip()) <= HARD_LIMIT * 1.25 for piece in found)


@given(st.text(alphabet="ab ,.`\u0301\n0", max_size=1500))
def test_long_texts_keep_the_limit(text: str) -> None:
    pieces = clauses(text, step=7)
    assert "".join(pieces) == (text if text.strip() else "")
    assert all(piece.strip() and len(piece.strip()) <= HARD_LIMIT * 1.25 for piece in pieces)
