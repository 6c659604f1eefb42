"""Ollama's models on the settings page: what is there, which one answers, and being rid of one."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.core.events import DeleteModel, OllamaChanged, SettingChanged
from app.ui.settings.ollama import OllamaModelRow
from tests.ui.settings.test_page import Bench

MODELS = ("phi3:mini", "qwen2.5:0.5b", "llama3.1:latest")
SIZES = (2_200_000_000, 398_000_000, 4_900_000_000)


def told(models: tuple[str, ...] = MODELS, **changed: object) -> OllamaChanged:
    values: dict[str, object] = {
        "model": "phi3:mini",
        "local": True,
        "found": True,
        "running": True,
        "models": models,
        "sizes": SIZES[: len(models)],
        "pulled": "phi3:mini" in models,
    }
    return OllamaChanged(**(values | changed))  # type: ignore[arg-type]


@pytest.fixture
def bench(qtbot: QtBot) -> Bench:
    opened = Bench(qtbot)
    opened.demo.put(told())
    return opened


def rows(bench: Bench) -> list[OllamaModelRow]:
    return [row for row in bench.page.ollama.rows if row.isVisible()]


def deleted(bench: Bench) -> list[str]:
    return [intent.model for intent in bench.intents if isinstance(intent, DeleteModel)]


def test_the_models_are_listed_with_their_size_and_the_one_that_answers(bench: Bench) -> None:
    assert [row.text for row in rows(bench)] == [
        "phi3:mini · 2.2 GB · answers your questions",
        "qwen2.5:0.5b · 398 MB",
        "llama3.1:latest · 4.9 GB",
    ]
    bench.demo.put(told(model="llama3.1"))
    assert rows(bench)[2].text.endswith("answers your questions"), "no tag means latest"


def test_a_model_is_deleted_at_the_second_click_only(bench: Bench) -> None:
    row = rows(bench)[1]
    assert not row.confirm.isVisible()
    row.delete.click()
    assert row.confirm.text() == "Delete 398 MB"
    assert "downloaded again" in row.text
    assert row.keep.hasFocus(), "Enter must delete nothing"
    assert deleted(bench) == []
    row.confirm.click()
    assert deleted(bench) == ["qwen2.5:0.5b"]
    assert not row.delete.isEnabled()
    bench.demo.put(told(("phi3:mini", "llama3.1:latest")))
    assert [row.name for row in rows(bench)] == ["phi3:mini", "llama3.1:latest"]
    assert all(row.delete.isEnabled() for row in rows(bench))


@pytest.mark.parametrize("size", [(900, 600), (427, 267)])
def test_a_double_click_keeps_the_model(bench: Bench, qtbot: QtBot, size: tuple[int, int]) -> None:
    row = rows(bench)[1]
    bench.window.setMinimumSize(*size)
    bench.window.resize(*size)
    qtbot.waitUntil(lambda: bench.window.width() == size[0])
    qtbot.wait(50)  # laid out

    def place(button: QWidget) -> QRect:
        return QRect(button.mapTo(row, QPoint(0, 0)), button.size())

    qtbot.waitUntil(lambda: place(row.delete).x() > 0)
    clicked = place(row.delete).center()
    QTest.mouseClick(row.delete, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: place(row.keep).left() <= clicked.x() <= place(row.keep).right())
    assert not place(row.confirm).contains(clicked)
    under = row.childAt(clicked)
    QTest.mouseClick(under, Qt.MouseButton.LeftButton)
    if size == (900, 600):
        assert under is row.keep
    else:  # the question has more lines, and pushes the buttons down
        assert row.confirm.isVisible()
        row.keep.click()
    assert deleted(bench) == []
    assert not row.confirm.isVisible()


def test_who_deletes_the_one_that_answers_is_told_what_follows(bench: Bench) -> None:
    row = rows(bench)[0]
    row.delete.click()
    assert "the next in the order answers" in row.text
    assert "the next in the order answers" in row.confirm.accessibleDescription()
    row.keep.click()
    assert row.text == "phi3:mini · 2.2 GB · answers your questions"
    assert row.delete.hasFocus()


def test_by_keyboard_alone(bench: Bench) -> None:
    row = rows(bench)[2]
    row.delete.setFocus()
    bench.key(Qt.Key.Key_Return)
    bench.key(Qt.Key.Key_Backtab)
    focused = QApplication.focusWidget()
    assert focused is row.confirm
    assert focused.accessibleName() == "Really delete llama3.1:latest"
    bench.key(Qt.Key.Key_Space)
    assert deleted(bench) == ["llama3.1:latest"]


def test_a_question_left_open_is_not_open_when_the_page_comes_back(bench: Bench) -> None:
    rows(bench)[1].delete.click()
    bench.window.close_settings()
    bench.window.open_settings()
    assert not rows(bench)[1].confirm.isVisible()


def test_a_server_that_keeps_the_model_can_be_asked_again(bench: Bench, qtbot: QtBot) -> None:
    row = rows(bench)[1]
    row._patience.setInterval(30)
    row.delete.click()
    row.confirm.click()
    bench.demo.put(told(loaded=True))
    assert not row.delete.isEnabled(), "news of something else"
    qtbot.waitUntil(row.delete.isEnabled)


def test_under_local_only_nothing_is_deleted_on_a_server_elsewhere(bench: Bench) -> None:
    bench.demo.put(told(local=False))
    rows(bench)[1].delete.click()
    bench.demo.put(SettingChanged(name="llm.local_only", value=True))
    assert not any(row.delete.isEnabled() or row.confirm.isVisible() for row in rows(bench))
    bench.demo.put(told())
    assert all(row.delete.isEnabled() for row in rows(bench))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"running": False, "starting": True}, "as soon as Ollama answers"),
        ({"running": False}, "not running"),
        ({"running": False, "wanted": False}, "switched off"),
        ({}, "no models yet"),
    ],
)
def test_an_empty_list_says_why(bench: Bench, changed: dict[str, object], said: str) -> None:
    bench.demo.put(told((), **changed))
    assert rows(bench) == []
    assert said in bench.page.ollama.words


def test_a_model_is_found_by_its_name(bench: Bench) -> None:
    bench.page.search.setText("llama3.1:latest")
    assert bench.page.rows["llm.ollama.models"].isVisible()
