"""The rows of the services: what they say, what they want, and what they never show."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from app.core.events import (
    ChangeSetting,
    CheckProvider,
    ForgetKey,
    KeyChanged,
    LookUpKeys,
    ProviderChecked,
    SaveKey,
    SettingChanged,
)
from app.core.secret import Secret
from app.ui.engines.provider_keys import ProviderKeys
from app.ui.theme import Theme
from tests.ui.demo import GROQ, VLLM, Demo

KEY = "gsk-0123456789abcdef-secret"


class Bench:
    def __init__(self, qtbot: QtBot) -> None:
        self.keys = ProviderKeys(Theme("light"))
        qtbot.addWidget(self.keys)
        self.intents: list[object] = []
        self.keys.intent.connect(self.intents.append)

    def groq(self, place: str, remark: str = "") -> None:
        self.keys.handle(
            KeyChanged(engine=GROQ, address="https://api.groq.com", place=place, remark=remark)
        )

    def unfold(self) -> None:
        self.keys.resize(400, 500)
        self.keys.show()
        self.keys.unfold.click()


@pytest.fixture
def bench(qtbot: QtBot) -> Bench:
    return Bench(qtbot)


def test_nothing_is_shown_before_a_service_is_known(bench: Bench) -> None:
    assert bench.keys.isHidden()
    bench.groq("not set")
    assert not bench.keys.isHidden()


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("in the keyring", "cloud · llama-3.1-8b-instant · key in the keyring"),
        ("from GROQ_API_KEY", "cloud · llama-3.1-8b-instant · key from GROQ_API_KEY"),
        ("until Parley quits", "cloud · llama-3.1-8b-instant · key kept until Parley quits"),
        ("not set", "cloud · llama-3.1-8b-instant · no key"),
        ("", "cloud · llama-3.1-8b-instant"),
    ],
)
def test_a_row_says_where_words_go_and_where_the_key_is(
    bench: Bench, place: str, words: str
) -> None:
    bench.groq(place)
    assert bench.keys.rows["groq"].text == f"Groq\n{words}"
    ours = place in ("in the keyring", "until Parley quits")
    assert bench.keys.rows["groq"].forget.isHidden() != ours


def test_a_server_on_this_computer_has_its_address_and_needs_no_key(bench: Bench) -> None:
    bench.keys.handle(KeyChanged(engine=VLLM, address="http://127.0.0.1:8000/v1", place="not set"))
    row = bench.keys.rows["openai"]
    assert row.text == "OpenAI-style server\nthis computer · 127.0.0.1:8000 · needs no key"


def test_keys_are_looked_up_when_they_are_wanted_to_be_seen_and_once(bench: Bench) -> None:
    bench.groq("")
    assert bench.intents == []
    bench.unfold()
    bench.keys.unfold.click()
    bench.keys.unfold.click()
    (intent,) = bench.intents
    assert isinstance(intent, LookUpKeys)


@pytest.mark.parametrize("by", ["button", "enter"])
def test_a_pasted_key_leaves_as_an_intent_and_is_gone_from_the_window(
    bench: Bench, by: str
) -> None:
    bench.groq("not set")
    bench.unfold()
    row = bench.keys.rows["groq"]
    row.edit.click()
    assert row.field.echoMode() == QLineEdit.EchoMode.Password
    assert not row.save.isEnabled()
    row.field.insert(f"  {KEY}\n")
    assert row.field.displayText() != KEY
    if by == "button":
        row.save.click()
    else:
        QTest.keyClick(row.field, Qt.Key.Key_Return)
    intent = bench.intents[-1]
    assert isinstance(intent, SaveKey)
    assert (intent.name, intent.key) == ("groq", Secret(KEY))
    assert KEY not in repr(intent)
    assert row.field.text() == ""
    assert not row.field.isVisible()
    row.field.undo()
    assert row.field.text() == ""
    shown = [label.text() for label in bench.keys.findChildren(QLabel)]
    assert KEY not in repr(shown) + row.accessibleDescription()


def test_a_key_left_in_the_field_does_not_wait_behind_a_closed_panel(bench: Bench) -> None:
    bench.groq("not set")
    bench.unfold()
    row = bench.keys.rows["groq"]
    row.edit.click()
    row.field.insert(KEY)
    bench.keys.hide()
    assert row.field.text() == ""
    bench.keys.show()
    assert not row.field.isVisible()


def test_forget(bench: Bench) -> None:
    bench.groq("in the keyring")
    bench.unfold()
    row = bench.keys.rows["groq"]
    row.edit.click()
    row.forget.click()
    intent = bench.intents[-1]
    assert isinstance(intent, ForgetKey)
    assert intent.name == "groq"
    bench.groq("not set")
    assert "no key" in row.text
    assert row.forget.isHidden()


def test_a_test_waits_and_then_says_what_it_found(bench: Bench) -> None:
    bench.groq("in the keyring")
    row = bench.keys.rows["groq"]
    row.test.click()
    assert isinstance(bench.intents[-1], CheckProvider)
    assert not row.test.isEnabled()
    assert row.text.endswith("\nTesting")
    line = "Groq does not accept the key (401)."
    bench.keys.handle(ProviderChecked(name="groq", ok=False, line=line))
    assert row.test.isEnabled()
    assert row.text.endswith(f"\n{line}")
    assert line in row.accessibleDescription()
    row.edit.setChecked(True)
    row.field.insert(KEY)
    row.save.click()
    assert line not in row.text, "it was said of another key"


def test_without_a_keyring_that_is_said_once_for_all(bench: Bench) -> None:
    remark = "This computer has no keyring that Parley can use."
    bench.groq("until Parley quits", remark)
    bench.unfold()
    shown = [label.text() for label in bench.keys.findChildren(QLabel) if label.isVisible()]
    assert shown.count(remark) == 1


def test_the_switch_follows_the_settings_and_changes_them(bench: Bench) -> None:
    bench.groq("not set")
    bench.keys.show()
    switch = bench.keys.local_only
    bench.keys.handle(SettingChanged(name="llm.local_only", value=True))
    assert switch.isChecked()
    assert bench.intents == [], "what was read is not written back"
    switch.click()
    intent = bench.intents[-1]
    assert isinstance(intent, ChangeSetting)
    assert (intent.name, intent.value) == ("llm.local_only", False)
    assert "not asked" not in bench.keys.rows["groq"].text
    QTest.keyClick(switch, Qt.Key.Key_Space)
    assert bench.keys.rows["groq"].text.endswith("not asked now")
    assert switch.isChecked()
    assert bench.intents[-1].value is True  # type: ignore[attr-defined]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_switch_looks_different_when_it_is_on(qtbot: QtBot, theme: str) -> None:
    demo = Demo(theme)
    qtbot.addWidget(demo.window)
    switch = demo.window.panel.keys.local_only
    switch.resize(switch.sizeHint())
    off = switch.grab().toImage()
    switch.setChecked(True)
    assert switch.grab().toImage() != off


def test_the_window_passes_wishes_on_and_events_in(qtbot: QtBot) -> None:
    demo = Demo()
    qtbot.addWidget(demo.window)
    intents: list[object] = []
    demo.window.intent.connect(intents.append)
    demo.put(KeyChanged(engine=GROQ, address="https://api.groq.com", place="not set"))
    demo.window.show()
    demo.window.pill.click()
    demo.window.panel.keys.unfold.click()
    assert isinstance(intents[-1], LookUpKeys)
    row = demo.window.panel.keys.rows["groq"]
    assert row.isVisible()
    row.edit.click()
    QTest.keyClicks(row.field, "a b")
    assert row.field.text() == "a b", "the talk key and the question box leave it alone"
    assert demo.window.composer.box.toPlainText() == ""


@pytest.mark.parametrize("name", ["groq", "cerebras", "openai"])
def test_an_unfolded_field_is_scrolled_into_view(qtbot: QtBot, name: str) -> None:
    demo = Demo()
    qtbot.addWidget(demo.window)
    demo.stand_ins()
    demo.missing()
    demo.services()
    demo.window.resize(900, 600)
    demo.window.show()
    panel = demo.window.panel
    demo.window.pill.click()
    panel.keys.unfold.click()
    row = panel.keys.rows[name]
    row.edit.click()

    def seen() -> bool:
        return row.field.visibleRegion().boundingRect().height() == row.field.height()

    qtbot.waitUntil(seen)
    row.edit.click()
    assert not row.field.isVisible()
