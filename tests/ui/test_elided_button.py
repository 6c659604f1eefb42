from __future__ import annotations

import pytest

from app.ui.elided_button import ElidedButton

LONG = "Hears: PocketSphinx (stand-in)   ·   Answers: Built-in skills (stand-in)"


@pytest.fixture
def button(qtbot):
    button = ElidedButton(LONG)
    qtbot.addWidget(button)
    return button


def test_a_line_that_does_not_fit_ends_with_dots(button):
    button.resize(button.sizeHint().width() // 2, button.sizeHint().height())
    assert button.shown.endswith("…")
    assert LONG.startswith(button.shown.rstrip("…"))
    assert len(button.shown) > len(LONG) / 4
    assert button.text() == LONG, "whoever asks is told all of it"


def test_a_line_that_fits_is_shown_whole_and_drawn_as_a_button_draws_it(button):
    button.resize(button.sizeHint())
    assert button.shown == LONG
    whole = button.grab().toImage()
    button.setText("")
    assert button.grab().toImage() != whole
