"""The settings page in the window: found, shown, searched, left; every change leaves as a wish."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from app.core.events import (
    AskText,
    ChangeSetting,
    CheckProvider,
    DropListening,
    LookUpKeys,
    Notice,
    ProviderChecked,
    SettingChanged,
    StageFailed,
    Standing,
    StandingChanged,
    State,
    StateChanged,
    StopReply,
)
from app.settings import DEFAULT_PERSONA, LONGEST_PERSONA, Settings, leaves, range_of
from app.ui import translation
from app.ui.settings.fields import (
    ChoiceField,
    NumberField,
    SegmentsField,
    SwitchField,
    TextField,
)
from app.ui.settings.page import SettingsPage
from app.ui.settings.rows import Kind, groups
from app.ui.settings.search import found_by
from app.ui.settings.search_words import search_words
from app.ui.theme import DARK, LIGHT
from tests.ui.demo import GROQ, Demo

WITH_OPTIONS = (Kind.CHOICE, Kind.SEGMENTS, Kind.LIST, Kind.LINK, Kind.LANGUAGE)


class Bench:
    """A window with its settings open, and what it emitted."""

    def __init__(self, qtbot: QtBot) -> None:
        self.demo = Demo("light")
        self.window = self.demo.window
        self.page: SettingsPage = self.window.settings
        qtbot.addWidget(self.window)
        self.intents: list[object] = []
        self.window.intent.connect(self.intents.append)
        self.window.resize(900, 600)
        self.window.show()
        self.window.activateWindow()
        qtbot.waitUntil(lambda: QGuiApplication.focusWindow() is self.window.windowHandle())
        self.demo.engines()
        self.demo.services()
        self.demo.settings()
        self.window.open_settings()

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier | None = None) -> None:
        handle = self.window.windowHandle()
        QTest.keyClick(handle, key, modifier or Qt.KeyboardModifier.NoModifier)

    @property
    def changes(self) -> list[tuple[str, object]]:
        return [(e.name, e.value) for e in self.intents if isinstance(e, ChangeSetting)]

    def switch(self, name: str) -> SwitchField:
        field = self.page.fields[name]
        assert isinstance(field, SwitchField)
        return field

    def number(self, name: str) -> NumberField:
        field = self.page.fields[name]
        assert isinstance(field, NumberField)
        return field

    def persona(self) -> TextField:
        field = self.page.fields["llm.persona"]
        assert isinstance(field, TextField)
        return field

    def choice(self, name: str) -> ChoiceField | SegmentsField:
        field = self.page.fields[name]
        assert isinstance(field, ChoiceField | SegmentsField)
        return field


@pytest.fixture
def bench(qtbot: QtBot) -> Bench:
    return Bench(qtbot)


# --- the table ------------------------------------------------------------------------------


def test_every_row_is_a_setting_of_the_tree_with_words() -> None:
    known = leaves(Settings())
    rows = [row for group in groups() for row in group.rows]
    assert len({row.name for row in rows}) == len(rows) > 8
    for row in rows:
        assert row.kind in (Kind.KEYS, Kind.OLLAMA, Kind.LINK) or row.name in known
        assert row.title
        assert row.needs == "" or row.needs in known
        assert bool(row.options) == (row.kind in WITH_OPTIONS)
        assert "!" not in row.words


def test_every_value_of_a_choice_is_offered() -> None:
    for group in groups():
        for row in group.rows:
            if row.kind in (Kind.CHOICE, Kind.SEGMENTS):
                offered = [option.value for option in row.options]
                assert sorted(offered) == sorted(range_of(row.name).choices)


# --- in and out -----------------------------------------------------------------------------


def test_ctrl_comma_and_a_button_bring_it_up_and_escape_puts_it_away(
    bench: Bench, qtbot: QtBot
) -> None:
    bench.window.close_settings()
    assert not bench.page.isVisible()
    with qtbot.waitSignal(bench.window.covered) as told:
        bench.key(Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    assert told.args == [True]
    assert bench.page.isVisible()
    assert bench.page.search.hasFocus()
    assert not bench.window.composer.isVisible()
    with qtbot.waitSignal(bench.window.covered) as told:
        bench.key(Qt.Key.Key_Escape)
    assert told.args == [False]
    assert bench.window.composer.talk.hasFocus()
    bench.window.header.settings_button.click()
    assert bench.page.isVisible()
    bench.page.back.click()
    assert not bench.page.isVisible()


def test_escape_first_silences_parley(bench: Bench) -> None:
    bench.demo.put(StateChanged(state=State.SPEAKING))
    bench.key(Qt.Key.Key_Escape)
    assert bench.page.isVisible()
    assert isinstance(bench.intents[-1], StopReply)
    bench.demo.put(StateChanged(state=State.LISTENING))
    bench.key(Qt.Key.Key_Escape)
    assert isinstance(bench.intents[-1], DropListening)
    assert bench.page.isVisible()


def test_the_engines_panel_gives_way(bench: Bench) -> None:
    bench.window.close_settings()
    bench.window.pill.click()
    bench.window.panel.settings_button.click()
    assert bench.page.isVisible()
    bench.window.close_settings()
    assert not bench.window.panel.isVisible()
    assert not bench.window.pill.isChecked()


def test_what_goes_wrong_is_told_on_the_page_and_goes_back_with_its_reader(
    bench: Bench, qtbot: QtBot
) -> None:
    bench.demo.put(
        StageFailed(stage="settings", title="The settings could not be saved.", hint="No room.")
    )
    (card,) = bench.page.cards.cards
    qtbot.waitUntil(card.isVisible)
    bench.demo.put(Notice(title="Read and put away.", hint=""))
    bench.page.cards.cards[-1].close_button.click()
    bench.window.close_settings()
    assert [card.title for card in bench.window.cards.cards] == ["The settings could not be saved."]
    assert bench.page.cards.cards == []


# --- how settings stand ---------------------------------------------------------------------


def test_nothing_can_be_changed_before_it_is_known_how_it_stands(qtbot: QtBot) -> None:
    demo = Demo("light")
    qtbot.addWidget(demo.window)
    page = demo.window.settings
    assert not any(field.isEnabled() for field in page.fields.values())
    demo.put(SettingChanged(name="keepalive.enabled", value=True))
    assert page.fields["keepalive.enabled"].isEnabled()
    assert not page.fields["keepalive.interval_s"].isEnabled()
    demo.settings()
    assert all(field.isEnabled() for field in page.fields.values())


def test_every_row_shows_what_the_file_says(bench: Bench) -> None:
    bench.demo.settings(
        **{
            "llm.mode": "rich",
            "llm.persona": "Be a pirate.\nSay arr.",
            "llm.history_turns": 7,
            "keepalive.interval_s": 0.5,
            "keepalive.enabled": True,
            "llm.skills.first": False,
            "talk.mode": "toggle",
            "appearance.theme": "dark",
        }
    )
    assert bench.choice("llm.mode").buttons["rich"].isChecked()
    assert bench.persona().editor.toPlainText() == "Be a pirate.\nSay arr."
    assert bench.number("llm.history_turns").number.text() == "7"
    assert bench.number("keepalive.interval_s").number.text() == "0.5 s"
    assert not bench.switch("llm.skills.first").switch.isChecked()
    assert bench.choice("talk.mode").buttons["toggle"].isChecked()
    assert bench.choice("appearance.theme").buttons["dark"].isChecked()
    assert bench.changes == [], "being told is no wish"


def test_what_was_told_before_the_page_was_wanted_is_on_it(qtbot: QtBot) -> None:
    demo = Demo("light")
    qtbot.addWidget(demo.window)
    demo.services()
    demo.settings(**{"llm.mode": "balanced"})
    demo.put(SettingChanged(name="llm.mode", value="rich"))
    demo.put(StandingChanged(engine=GROQ, standing=Standing.FAILING, why="Groq is slow."))
    assert demo.window.findChild(SettingsPage) is None, "it is not built before it is wanted"
    page = demo.window.settings
    field = page.fields["llm.mode"]
    assert isinstance(field, ChoiceField)
    assert field.buttons["rich"].isChecked()
    assert page.order.order == ("ollama", "cerebras", "groq")
    assert "Groq is slow" in page.order.words
    assert set(page.keys.rows) == {"groq", "cerebras", "openai"}


# --- wishes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["llm.skills.first", "keepalive.enabled", "llm.local_only"])
def test_a_switch_leaves_as_a_wish(bench: Bench, name: str) -> None:
    switch = bench.switch(name).switch
    before = switch.isChecked()
    switch.click()
    assert bench.changes == [(name, not before)]


@pytest.mark.parametrize(
    ("name", "value"), [("llm.mode", "balanced"), ("talk.mode", "hybrid"),
                        ("appearance.theme", "dark")],
)  # fmt: skip
def test_a_choice_leaves_as_a_wish(bench: Bench, name: str, value: str) -> None:
    bench.choice(name).buttons[value].click()
    assert bench.changes == [(name, value)]


def test_arrow_keys_choose(bench: Bench) -> None:
    bench.choice("llm.mode").buttons["fast"].setFocus()
    bench.key(Qt.Key.Key_Down)
    bench.key(Qt.Key.Key_Down)
    assert bench.changes == [("llm.mode", "balanced"), ("llm.mode", "rich")]


def test_a_click_on_a_choices_sentence_chooses_it(bench: Bench, qtbot: QtBot) -> None:
    field = bench.choice("talk.mode")
    sentence = next(
        label
        for label in field.findChildren(QWidget)
        if getattr(label, "text", str)().startswith("One press starts")
    )
    bench.page.scroll_to(field)
    qtbot.mouseClick(sentence, Qt.MouseButton.LeftButton)
    assert bench.changes == [("talk.mode", "toggle")]


def test_a_number_is_taken_with_enter_and_kept_within_its_limits(bench: Bench) -> None:
    field = bench.number("keepalive.interval_s")
    field.number.setFocus()
    field.number.selectAll()
    QTest.keyClicks(field.number, "12.5")
    assert bench.changes == [], "half a number is none"
    bench.key(Qt.Key.Key_Return)
    assert bench.changes == [("keepalive.interval_s", 12.5)]
    field.number.setValue(9999)
    assert bench.changes[-1] == ("keepalive.interval_s", 300.0)
    field.number.setValue(0)
    assert bench.changes[-1] == ("keepalive.interval_s", 0.5)


def test_a_number_has_buttons_and_a_whole_one_stays_whole(bench: Bench) -> None:
    field = bench.number("llm.history_turns")
    field.more.click()
    field.less.click()
    field.number.setFocus()
    bench.key(Qt.Key.Key_Up)
    assert bench.changes == [("llm.history_turns", n) for n in (13, 12, 13)]
    assert all(isinstance(value, int) for _, value in bench.changes)


def test_what_needs_a_switch_is_grey_without_it(bench: Bench) -> None:
    interval = bench.number("keepalive.interval_s")
    bench.switch("keepalive.enabled").switch.click()
    assert not interval.number.isEnabled()
    bench.switch("keepalive.enabled").switch.click()
    assert interval.number.isEnabled()


# --- the persona ----------------------------------------------------------------------------


def test_the_persona_is_taken_when_its_writer_goes_elsewhere_or_pauses(
    bench: Bench, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = bench.persona()
    field.editor.setFocus()
    field.editor.selectAll()
    QTest.keyClicks(field.editor, "Be a pirate")
    bench.key(Qt.Key.Key_Return)
    assert bench.changes == []
    assert bench.window.composer.box.toPlainText() == ""
    bench.page.search.setFocus()
    assert bench.changes == [("llm.persona", "Be a pirate")]
    field._pause.setInterval(50)
    field.editor.setFocus()
    QTest.keyClicks(field.editor, "Say arr.")
    qtbot.waitUntil(lambda: len(bench.changes) == 2)
    assert bench.changes[-1] == ("llm.persona", "Be a pirate\nSay arr.")


def test_leaving_the_page_takes_the_persona(bench: Bench) -> None:
    field = bench.persona()
    field.editor.setFocus()
    QTest.keyClicks(field.editor, "X")
    bench.window.close_settings()
    assert bench.changes == [("llm.persona", f"X{DEFAULT_PERSONA}")]


def test_what_is_being_written_is_not_overwritten_by_news(bench: Bench) -> None:
    field = bench.persona()
    field.editor.setFocus()
    QTest.keyClicks(field.editor, "X")
    bench.demo.put(SettingChanged(name="llm.persona", value="From elsewhere."))
    assert field.editor.toPlainText() == f"X{DEFAULT_PERSONA}"


def test_the_default_persona_comes_back_and_can_be_undone(bench: Bench) -> None:
    field = bench.persona()
    assert not field.restore.isEnabled()
    bench.demo.put(SettingChanged(name="llm.persona", value="Be a pirate."))
    field.restore.click()
    assert field.editor.toPlainText() == DEFAULT_PERSONA
    assert bench.changes == [("llm.persona", DEFAULT_PERSONA)]
    field.editor.undo()
    field.flush()
    assert bench.changes[-1] == ("llm.persona", "Be a pirate.")


def test_the_persona_has_a_longest_length_and_says_how_long_it_is(bench: Bench) -> None:
    field = bench.persona()
    field.editor.setPlainText("")
    field.editor.insertPlainText("y" * 10)
    assert field.length.text() == "10 of 2,000 characters"
    field.editor.insertPlainText("z" * 5000)
    assert len(field.editor.toPlainText()) == LONGEST_PERSONA
    field.editor.moveCursor(field.editor.textCursor().MoveOperation.Start)
    field.editor.insertPlainText("a")
    assert field.editor.toPlainText()[0] == "y", "what was entered last is what is too much"
    field.flush()
    Settings.model_validate({"llm": {"persona": bench.changes[-1][1]}})


# --- echoes ---------------------------------------------------------------------------------


def test_the_echo_of_an_older_choice_does_not_undo_a_newer_one(bench: Bench) -> None:
    switch = bench.switch("llm.skills.first").switch
    for _ in range(3):
        switch.click()
    assert [value for _, value in bench.changes] == [False, True, False]
    for value in (False, True, False):
        bench.demo.put(SettingChanged(name="llm.skills.first", value=value))
        assert not switch.isChecked()
    bench.demo.put(SettingChanged(name="llm.skills.first", value=True))
    assert switch.isChecked(), "that was somebody else"


def test_the_two_switches_for_local_only_are_one(bench: Bench) -> None:
    on_the_page = bench.switch("llm.local_only").switch
    bench.window.panel.keys.local_only.click()
    bench.demo.put(SettingChanged(name="llm.local_only", value=True))
    assert on_the_page.isChecked()
    on_the_page.click()
    bench.demo.put(SettingChanged(name="llm.local_only", value=False))
    assert not bench.window.panel.keys.local_only.isChecked()


# --- what acts in the window ----------------------------------------------------------------


def test_the_theme_changes_at_the_click(bench: Bench) -> None:
    bench.choice("appearance.theme").buttons["dark"].click()
    assert bench.window.theme.tokens is DARK
    assert DARK.bg in bench.window.styleSheet()
    bench.choice("appearance.theme").buttons["light"].click()
    assert bench.window.theme.tokens is LIGHT


def test_the_talk_key_works_another_way_at_the_click(bench: Bench, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bench.window.talk_mode_chosen) as told:
        bench.choice("talk.mode").buttons["toggle"].click()
    assert told.args == ["toggle"]
    assert bench.window.empty.title == "Press space and talk"
    assert bench.window.composer.hint == "or press this button"
    with qtbot.assertNotEmitted(bench.window.talk_mode_chosen):
        bench.demo.put(SettingChanged(name="talk.mode", value="toggle"))


# --- the search, and the keyboard -----------------------------------------------------------


def shown(page: SettingsPage) -> set[str]:
    return {name for name, row in page.rows.items() if row.isVisibleTo(page)}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("persona", {"llm.persona"}),
        ("keepalive interval", {"keepalive.interval_s"}),
        ("dark", {"appearance.theme"}),
        ("qwen", {"llm.order"}),
        ("PRIVACY", {"llm.local_only"}),
        ("talk toggle", {"talk.mode"}),
        ("dark mode", {"appearance.theme"}),
        ("api key", {"llm.keys"}),
        ("voice speed", {"tts.speed"}),
    ],
)
def test_a_search_leaves_the_rows_with_its_words(bench: Bench, query: str, found: set[str]) -> None:
    bench.page.search.setText(query)
    assert shown(bench.page) == found
    headings = [group for group in bench.page.groups if group.isVisibleTo(bench.page)]
    assert len(headings) == 1
    assert not any(row.rule.isVisibleTo(row) for row in headings[0].rows if row.isVisible())
    bench.key(Qt.Key.Key_Escape)
    assert shown(bench.page) == set(bench.page.rows)
    assert bench.page.isVisible(), "the first Esc ends the search"


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("language", {"stt.language", "appearance.language"}),
        ("mic", {"audio.input"}),
        ("hotkey", {"talk.key", "desktop.shortcut"}),
        ("sound", {"audio.input", "audio.output"}),
        ("font", {"appearance.text_size"}),
        ("autostart", {"desktop.start_at_login"}),
    ],
)
def test_a_setting_is_found_by_what_others_call_it(
    bench: Bench, query: str, wanted: set[str]
) -> None:
    bench.page.search.setText(query)
    assert wanted <= shown(bench.page)
    assert len(shown(bench.page)) <= 6, "few enough to be seen at once"


def test_a_heading_stands_for_all_that_is_under_it_where_no_setting_is_called_so(
    bench: Bench,
) -> None:
    bench.page.search.setText("language models")
    (group,) = (group for group in bench.page.groups if group.title == "Language models")
    assert shown(bench.page) == {row.row.name for row in group.rows}


def test_the_language_is_found_in_french(qtbot: QtBot) -> None:
    translation.install("fr")
    try:
        bench = Bench(qtbot)
        bench.page.search.setText("langue")
        assert {"stt.language", "appearance.language"} <= shown(bench.page)
        assert len(shown(bench.page)) <= 6
    finally:
        translation.install("en")


def test_search_words_are_for_settings_that_are_there() -> None:
    rows = {row.name for group in groups() for row in group.rows}
    assert {name for name in rows if search_words(name)} == rows
    assert not search_words("no.such.setting")


def test_a_search_without_a_hit_says_so(bench: Bench) -> None:
    bench.page.search.setText("teapot")
    assert shown(bench.page) == set()
    assert bench.page.nothing.isVisible()
    assert "teapot" in bench.page.nothing.text()


def test_accents_and_capitals_do_not_matter_and_every_word_does() -> None:
    assert found_by("Réponses économes", "ECONO repon")
    assert not found_by("Réponses économes", "econo riche")
    assert found_by("anything", "")


def test_a_letter_typed_anywhere_on_the_page_searches_and_asks_nothing(bench: Bench) -> None:
    bench.switch("llm.skills.first").switch.setFocus()
    bench.key(Qt.Key.Key_P)
    assert bench.page.search.hasFocus()
    assert bench.page.search.text().lower() == "p"
    assert bench.window.composer.box.toPlainText() == ""
    assert not any(isinstance(intent, AskText) for intent in bench.intents)


def test_every_control_is_reached_by_tab_named_and_scrolled_into_view(
    bench: Bench, qtbot: QtBot
) -> None:
    area = bench.page.findChild(QScrollArea)
    assert isinstance(area, QScrollArea)
    bench.page.search.setFocus()
    reached: list[QWidget] = []
    for _ in range(160):
        bench.key(Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        if focus is None or focus is bench.page.search:
            break
        reached.append(focus)
        name = focus.accessibleName()
        assert name, f"{focus} has no name"
        if area.isAncestorOf(focus):
            assert not focus.visibleRegion().isEmpty(), f"{name} is out of sight"
    inside = [widget for widget in reached if area.isAncestorOf(widget)]
    heights = [widget.mapTo(area.widget(), widget.rect().center()).y() for widget in inside]
    assert all(below > above - 20 for above, below in pairwise(heights)), "from top to bottom"
    for name, field in bench.page.fields.items():
        assert any(field.isAncestorOf(widget) for widget in reached), name
    for row in bench.page.order.rows:
        assert row.switch in reached
    assert bench.page.back in reached
    buttons = [widget for widget in reached if isinstance(widget, QAbstractButton)]
    assert len(buttons) > 20


def test_enter_presses_the_button_with_the_keyboard(bench: Bench) -> None:
    bench.page.order.rows[0].switch.setFocus()
    bench.key(Qt.Key.Key_Return)
    assert bench.changes == [("llm.order", ("cerebras", "groq"))]


@pytest.mark.parametrize("size", [(900, 600), (640, 400), (427, 267)])
def test_nothing_is_wider_than_a_small_window(
    bench: Bench, qtbot: QtBot, size: tuple[int, int]
) -> None:
    bench.window.setMinimumSize(*size)
    bench.window.resize(*size)
    area = bench.page.findChild(QScrollArea)
    assert isinstance(area, QScrollArea)
    qtbot.waitUntil(lambda: bench.window.width() == size[0])
    body = area.widget()
    assert body is not None
    qtbot.waitUntil(lambda: body.width() == area.viewport().width())
    assert body.minimumSizeHint().width() <= area.viewport().width()
    assert area.horizontalScrollBar().maximum() == 0


def test_where_it_is_narrow_a_control_stands_under_its_words(bench: Bench, qtbot: QtBot) -> None:
    """The window of 1280 x 800 at 300 %."""
    field = bench.page.fields["history.keep_days"]
    row = bench.page.rows["history.keep_days"]
    title = next(label for label in row.findChildren(QLabel) if label.text() == "Delete after")

    def top(part: QWidget) -> int:
        return part.mapTo(row, QPoint(0, 0)).y()

    bench.window.resize(900, 600)
    qtbot.waitUntil(lambda: top(field) < top(title) + title.height())
    bench.window.setMinimumSize(300, 200)
    bench.window.resize(427, 267)
    qtbot.waitUntil(lambda: top(field) >= top(title) + title.height())
    assert field.mapTo(row, QPoint(0, 0)).x() == title.mapTo(row, QPoint(0, 0)).x()
    bench.window.resize(900, 600)
    qtbot.waitUntil(lambda: top(field) < top(title) + title.height())


# --- keys -----------------------------------------------------------------------------------


def test_a_model_without_a_key_leads_to_where_it_gets_one(bench: Bench, qtbot: QtBot) -> None:
    row = next(row for row in bench.page.order.rows if row.name == "cerebras")
    assert row.key.isVisible()
    row.key.click()
    key_row = bench.page.keys.rows["cerebras"]
    assert key_row.field.hasFocus()
    qtbot.waitUntil(lambda: not key_row.field.visibleRegion().isEmpty())
    assert sum(isinstance(intent, LookUpKeys) for intent in bench.intents) == 1
    key_row.test.click()
    assert isinstance(bench.intents[-1], CheckProvider)


# --- tests of a provider ----------------------------------------------------------------------


def test_every_model_has_a_test_that_says_in_one_line_what_is_wrong(bench: Bench) -> None:
    found = {row.name: row for row in bench.page.order.rows}
    assert not found["cerebras"].test.isVisible(), "it needs a key first"
    for name in ("ollama", "groq", "openai", "builtin"):
        found[name].test.click()
        assert bench.intents[-1].name == name  # type: ignore[attr-defined]
        assert isinstance(bench.intents[-1], CheckProvider)
        assert not found[name].test.isEnabled()
        assert "Testing" in found[name].text
    line = "Ollama is not running. Start it with: ollama serve"
    bench.demo.put(ProviderChecked(name="ollama", ok=False, line=line))
    assert line in found["ollama"].text
    assert found["ollama"].test.isEnabled()
    assert found["ollama"].test.accessibleDescription() == line
    assert "Testing" in found["builtin"].text


def test_a_verdict_goes_with_its_model(bench: Bench) -> None:
    bench.demo.put(ProviderChecked(name="ollama", ok=True, line="Ollama 0.33 has phi3:mini."))
    bench.page.order.rows[0].down.click()
    assert bench.page.order.rows[1].name == "ollama"
    assert "0.33" in bench.page.order.rows[1].text
    assert "0.33" not in bench.page.order.rows[0].text
