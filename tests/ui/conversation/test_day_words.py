"""The words above the first turn of a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from PySide6.QtCore import QLocale

from app.ui.conversation.day_words import day_line


@pytest.fixture(autouse=True)
def british() -> Iterator[None]:
    before = QLocale()
    QLocale.setDefault(QLocale("en_GB"))
    yield
    QLocale.setDefault(before)


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("when", "line"),
    [
        ("2026-03-10T08:05", "Today 08:05"),
        ("2026-03-09T23:59", "Yesterday 23:59"),
        ("2026-03-02T14:05", "Monday 2 March 14:05"),
        ("2025-12-24T18:00", "24 December 2025 18:00"),
    ],
)
def test_a_day_is_named_as_people_do(when: str, line: str) -> None:
    assert day_line(at(when), now=at("2026-03-10T12:00")) == line
