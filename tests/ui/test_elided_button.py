from __future__ import annotations

import pytest

from app.ui.elided_button import ElidedButton

LONG = "Hears: PocketSphinx (stand-in)   ·   Answers: Built-in skills (stand-in)"


@pytest.fixture
def button(qtbot):
    button = ElidedButton()
    button.setText(LONG)
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


def test_where_there_is_no_room_it_says_less(button):
    forms = (LONG, "PocketSphinx (stand-in) · Built-in skills (stand-in)", "Built-in skills")
    button.say(*forms)
    button.show()
    widest, high = button.sizeHint().width(), button.sizeHint().height()
    seen = []
    for width in range(widest, button.minimumSizeHint().width() // 2, -5):
        button.resize(width, high)
        if button.text() not in seen:
            seen.append(button.text())
        assert button.shown == button.text() or button.text() == forms[-1]
    assert tuple(seen) == forms
    assert button.shown.endswith("…")
    button.resize(widest, high)
    assert button.shown == LONG, "and all of it again"
