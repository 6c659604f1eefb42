"""Finding turns by their words."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.history.search import terms
from app.history.store import SqliteHistory
from tests.support.turns import turn

SAID = {
    1: "What is the weather in Paris?",
    2: "Play naïve music in a café",
    3: 'He said "hello there" to the C++ programmer',
    4: "100% of the foo_bar AND baz OR NOT near",
    5: "Wie groß ist die Straße? Größe zählt.",
    6: "今日の天気はどうですか",
    7: "party 🎉 time",
    8: "сколько времени в Москве",
}


@pytest.fixture
def filled(history: SqliteHistory) -> SqliteHistory:
    for number, words in SAID.items():
        history.save(turn(number, words, reply_generated=f"Reply{number}."))
    return history


def found(history: SqliteHistory, text: str) -> list[int]:
    return [hit.turn.record.turn_id for hit in history.search(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("weather", [1]),
        ("WEATHER paris", [1]),
        ("weather moscow", []),
        ("weat", [1]),  # the last word may be unfinished
        ("weat paris", []),  # the others may not
        ("cafe naive", [2]),
        ('"hello there"', [3]),
        ('"there hello"', []),
        ('"hello ther', [3]),
        ("c++", [3, 2]),  # signs are no words: everything that begins with c ("café")
        ('hello" OR "weather', []),
        ("AND", [4]),
        ("NOT near", [4]),
        ("foo_bar", [4]),
        ("NEAR(weather paris)", []),
        ("transcript:weather", []),
        ("weather*", [1]),
        ("^weather", [1]),
        ("-weather", [1]),
        ("größe", [5]),
        ("GRÖSSE", []),
        ("天気", [6]),
        ("どう", [6]),
        ("🎉", [7]),
        ("%", [4]),
        ("москве", [8]),
        ("Reply3", [3]),
        ("reply", [8, 7, 6, 5, 4, 3, 2, 1]),  # the last saved first
        ("", []),
        ('"', []),
        ("\x00\n", []),
        ("weather\x00paris", [1]),
        ("\ud800", []),
    ],
)
def test_what_is_typed_is_what_is_searched(
    filled: SqliteHistory, text: str, expected: list[int]
) -> None:
    assert found(filled, text) == expected


@pytest.mark.parametrize(
    ("text", "marked"), [("weather", ["weather"]), ("天気", ["天気"]), ("🎉", ["🎉"])]
)
def test_the_snippet_shows_the_match_in_its_words(
    filled: SqliteHistory, text: str, marked: list[str]
) -> None:
    (hit,) = filled.search(text)
    assert [piece.text for piece in hit.snippet if piece.match] == marked
    assert "".join(piece.text for piece in hit.snippet) == hit.turn.record.transcript


@pytest.mark.parametrize("needle", ["needle", "針"])
def test_the_snippet_of_a_long_reply_is_cut_around_the_match(
    history: SqliteHistory, needle: str
) -> None:
    history.save(turn(1, reply_generated=f"{'hay ' * 500}{needle} {'hay ' * 500}"))
    (hit,) = history.search(needle)
    text = "".join(piece.text for piece in hit.snippet)
    assert needle in text
    assert len(text) < 200
    assert text.startswith("…")
    assert text.endswith("…")


@hypothesis.settings(deadline=None)
@given(st.text(max_size=40))
def test_no_text_breaks_the_query(filled_once: SqliteHistory, text: str) -> None:
    filled_once.search(text)


@pytest.fixture(scope="module")
def filled_once(tmp_path_factory: pytest.TempPathFactory) -> SqliteHistory:
    history = SqliteHistory(tmp_path_factory.mktemp("search") / "history.sqlite")
    for number, words in SAID.items():
        history.save(turn(number, words))
    return history


def test_terms_are_words_and_phrases() -> None:
    assert terms(' a "b c"d  e" ') == ["a", "b c", "d", "e"]


def test_a_changed_turn_is_found_by_its_new_words_only(history: SqliteHistory) -> None:
    history.save(turn(1, "hello", reply_generated="", outcome=""))
    assert found(history, "greetings") == []
    history.save(turn(1, "goodbye", reply_generated="greetings"))
    assert found(history, "greetings") == [1]
    assert found(history, "hello") == []


def test_among_ten_thousand_turns_exactly_the_right_ones_are_found(history: SqliteHistory) -> None:
    history.save(turn(0))
    with history.writing() as database:  # one by one would take a minute
        database.executemany(
            "INSERT INTO turns (session_id, turn_id, started_at, source, transcript, language, "
            "reply_generated, reply_heard, outcome) VALUES (1, ?, ?, 'text', ?, 'en', ?, '', '')",
            (
                (n, n, f"number{n} common {'seventh' if n % 7 == 0 else ''}", f"answer{n}")
                for n in range(1, 12_001)
            ),
        )
    assert found(history, "number6543 ") == [6543]
    assert found(history, "answer11999") == [11999]
    sevenths = [n for n in range(12_000, 0, -1) if n % 7 == 0]
    assert [h.turn.record.turn_id for h in history.search("common seventh", limit=-1)] == sevenths
    second_page = history.search("seventh", limit=10, offset=10)
    assert [hit.turn.record.turn_id for hit in second_page] == sevenths[10:20]
    assert len(history.search("common", limit=-1)) == 12_000
