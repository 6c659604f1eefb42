"""The list of language models on the settings page: moved, switched, and how each stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.core.events import OllamaChanged, Standing, StandingChanged
from app.core.ports import Engine
from app.ui.settings.order import ModelList, ModelOrder, look_of
from app.ui.theme import Theme
from tests.ui.demo import BUILTIN, CEREBRAS, GROQ, OLLAMA


class Bench:
    def __init__(self, qtbot: QtBot) -> None:
        self.list = ModelOrder(Theme("light"))
        qtbot.addWidget(self.list)
        self.chosen: list[object] = []
        self.list.chosen.connect(self.chosen.append)
        self.list.show_order(("ollama", "groq"))
        for engine, standing in (
            (CEREBRAS, Standing.NO_KEY),
            (GROQ, Standing.READY),
            (OLLAMA, Standing.READY),
        ):
            self.list.handle(StandingChanged(engine=engine, standing=standing))
        self.list.resize(700, 400)
        self.list.show()
        self.list.activateWindow()
        qtbot.waitUntil(self.list.isActiveWindow)

    @property
    def names(self) -> list[str]:
        return [row.name for row in self.list.rows]

    def press(self, key: Qt.Key) -> None:
        focus = QApplication.focusWidget()
        assert focus is not None
        QTest.keyClick(focus, key, Qt.KeyboardModifier.AltModifier)


@pytest.fixture
def bench(qtbot: QtBot) -> Bench:
    return Bench(qtbot)


def test_who_is_asked_comes_first_with_numbers_then_who_is_not(bench: Bench) -> None:
    assert bench.names == ["ollama", "groq", "cerebras"]
    assert bench.list.rows[0].text == "1 · Ollama · ready · phi3:mini · this computer"
    assert bench.list.rows[1].text == "2 · Groq · ready · llama-3.1-8b-instant · cloud"
    assert bench.list.rows[2].text == "Cerebras · no key · llama3.1-8b · cloud"
    assert [row.switch.isChecked() for row in bench.list.rows] == [True, True, False]


def test_the_skills_are_last_and_fixed(bench: Bench) -> None:
    assert bench.list.skills.y() > max(row.y() for row in bench.list.rows)
    assert "skills" not in bench.list.order
    assert "Always last" in bench.list.skills.accessibleName()


def test_buttons_move_a_model_and_end_where_the_list_ends(bench: Bench) -> None:
    assert not bench.list.rows[0].up.isEnabled()
    assert not bench.list.rows[-1].down.isEnabled()
    bench.list.rows[0].down.click()
    assert bench.names == ["groq", "ollama", "cerebras"]
    assert bench.chosen == [("groq", "ollama")]
    bench.list.rows[0].down.click()
    bench.list.rows[1].down.click()
    assert bench.names == ["ollama", "cerebras", "groq"]
    assert bench.chosen[1:] == [("ollama", "groq")], "past one that is off nothing changes"


def test_alt_and_an_arrow_move_the_model_with_the_keyboard(bench: Bench) -> None:
    bench.list.rows[1].switch.setFocus()
    bench.press(Qt.Key.Key_Up)
    assert bench.names[0] == "groq"
    assert bench.list.rows[0].switch.hasFocus(), "the keyboard goes with it"
    bench.press(Qt.Key.Key_Up)
    bench.press(Qt.Key.Key_Down)
    bench.press(Qt.Key.Key_Down)
    assert bench.names == ["ollama", "cerebras", "groq"]
    assert bench.list.rows[2].switch.hasFocus()
    assert bench.chosen == [("groq", "ollama"), ("ollama", "groq")]


def test_a_button_that_ends_the_way_hands_the_keyboard_to_its_neighbour(bench: Bench) -> None:
    row = bench.list.rows[1]
    row.up.setFocus()
    row.up.click()
    assert not bench.list.rows[0].up.isEnabled()
    assert bench.list.rows[0].down.hasFocus()


def test_a_switch_takes_a_model_in_and_out_in_its_place(bench: Bench, qtbot: QtBot) -> None:
    bench.list.rows[0].switch.click()
    assert bench.chosen == [("groq",)]
    assert bench.names[0] == "ollama"
    assert bench.list.rows[1].text.startswith("1 · Groq")
    bench.list.rows[0].switch.click()
    assert bench.chosen[-1] == ("ollama", "groq")
    with qtbot.waitSignal(bench.list.look_up_wanted):  # its key may be in the keyring
        bench.list.rows[2].switch.click()
    assert bench.chosen[-1] == ("ollama", "groq", "cerebras")


@pytest.mark.parametrize(
    ("engine", "standing", "why", "words", "icon"),
    [
        (GROQ, Standing.READY, "", "ready", "check-circle"),
        (GROQ, Standing.NO_KEY, "", "no key", "alert"),
        (GROQ, Standing.BARRED, "", "not asked now", "half-circle"),
        (GROQ, Standing.FAILING, "Groq is slow.", "Groq is slow", "alert"),
        (BUILTIN, Standing.ABSENT, "", "not downloaded", "download"),
        (OLLAMA, Standing.UNTRIED, "", "not asked yet", "half-circle"),
    ],
)
def test_each_standing_has_a_word_and_a_shape(
    qtbot: QtBot, engine: Engine, standing: Standing, why: str, words: str, icon: str
) -> None:
    seen = look_of(StandingChanged(engine=engine, standing=standing, why=why), None)
    assert (seen.text, seen.icon) == (words, icon)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"found": False, "running": False}, "not installed"),
        ({"found": True, "running": False, "wanted": False}, "installed"),
        ({"found": True, "running": False}, "not running"),
        ({"found": True, "running": False, "starting": True}, "starting"),
        ({"found": True, "running": True}, "model not downloaded"),
        ({"found": True, "running": True, "pulled": True}, "ready"),
        ({"found": False, "running": True, "pulled": True}, "ready"),
    ],
)
def test_about_ollama_its_own_thread_knows_more(
    qtbot: QtBot, known: dict[str, bool], words: str
) -> None:
    ollama = OllamaChanged(model="phi3:mini", local=True, **known)
    assert look_of(StandingChanged(engine=OLLAMA, standing=Standing.READY), ollama).text == words


# --- the list itself ------------------------------------------------------------------------

NAMES = ("ollama", "cerebras", "groq", "openai", "builtin")


def test_an_order_that_is_shown_already_moves_nothing() -> None:
    models = ModelList()
    for name in NAMES:
        models.know(name)
    models.take(("ollama", "groq"))
    models.move("cerebras", -1)
    before = list(models.names)
    models.take(("ollama", "groq"))
    assert models.names == before
    models.take(("groq",))
    assert models.names == before, "switched off in the file, it keeps its place"
    models.take(("groq", "ollama"))
    assert models.names[:2] == ["groq", "ollama"]


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["up", "down", "on", "off"]))))
def test_whatever_is_done_every_model_is_there_once(steps: list[tuple[str, str]]) -> None:
    models = ModelList()
    for name in NAMES:
        models.know(name)
    for name, step in steps:
        match step:
            case "up" | "down":
                models.move(name, -1 if step == "up" else 1)
            case _:
                models.switch(name, step == "on")
        assert sorted(models.names) == sorted(NAMES)
        assert list(models.order) == [each for each in models.names if models.is_on(each)]
