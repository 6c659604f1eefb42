"""The face as a widget: what it paints, when, and what it says to who does not see it."""

from __future__ import annotations

import random

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QProxyStyle, QStyle, QWidget
from pytestqt.qtbot import QtBot

from app.core.events import State
from app.core.mouth import CLOSED, MouthShape
from app.ui import states
from app.ui.face import LARGEST_PX, SMALLEST_PX, Face
from app.ui.face_expression import CALM_AFTER_S, POSES, Expression
from app.ui.theme import DARK, LIGHT, Theme, contrast
from tests.ui.walk import differing


class Paints(QObject):
    """Counts how often a widget is painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


class Still(QProxyStyle):
    """A desktop that asks for no animation."""

    def styleHint(self, hint: QStyle.StyleHint, *rest: object) -> int:
        if hint == QStyle.StyleHint.SH_Widget_Animation_Duration:
            return 0
        return super().styleHint(hint, *rest)


class Patient(random.Random):
    """Waits as long as it may, and looks straight ahead."""

    def uniform(self, least: float, most: float) -> float:
        return 0.0 if least < 0 else most


@pytest.fixture
def theme(qapp) -> Theme:
    return Theme("light")


@pytest.fixture
def still_desktop(qapp):
    before = qapp.style().objectName()
    qapp.setStyle(Still(before))
    yield
    qapp.setStyle(before)


def shown(qtbot: QtBot, theme: Theme, size: int = 96, expression: Expression | None = None) -> Face:
    face = Face(theme, expression=expression or Expression(random.Random(7)))
    face.setFixedSize(size, size)
    qtbot.addWidget(face)
    face.show()
    qtbot.waitExposed(face)
    return face


def ink(picture: QImage, where: tuple[float, float, float, float], colour: str) -> int:
    """Pixels of nearly this colour in a part of the picture (left, top, right, bottom; 0 to 1)."""
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    left, top, right, bottom = (round(part * picture.width()) for part in where)
    count = 0
    for y in range(top, bottom):
        for x in range(left, right):
            pixel = picture.pixelColor(x, y)
            near = zip((pixel.red(), pixel.green(), pixel.blue()), wanted, strict=True)
            count += all(abs(one - other) < 40 for one, other in near)
    return count


MOUTH = (0.25, 0.55, 0.75, 0.95)
EYES = (0.2, 0.25, 0.8, 0.55)


@pytest.mark.parametrize("size", [SMALLEST_PX, 96, LARGEST_PX])
def test_two_eyes_and_a_mouth_are_painted_at_every_size(qtbot, theme, size, still_desktop):
    picture = shown(qtbot, theme, size).grab().toImage()
    assert ink(picture, EYES, LIGHT.accent) > 0.008 * size * size
    assert ink(picture, MOUTH, LIGHT.accent) > 0.004 * size * size
    assert picture.pixelColor(0, 0) != picture.pixelColor(size // 2, size // 4), "it is round"


def test_an_open_mouth_is_larger_than_a_closed_one(qtbot, theme):
    face = shown(qtbot, theme)
    face.show_state(State.SPEAKING)
    qtbot.waitUntil(lambda: face.pose.smile == pytest.approx(POSES[State.SPEAKING].smile, abs=0.02))
    closed = ink(face.grab().toImage(), MOUTH, LIGHT.speaking)
    face.show_mouth(MouthShape(open=1.0, wide=0.5))
    qtbot.waitUntil(lambda: face.pose.open > 0.95)
    assert ink(face.grab().toImage(), MOUTH, LIGHT.speaking) > 2 * closed
    face.show_mouth(CLOSED)
    qtbot.waitUntil(lambda: face.pose.open == 0)
    assert ink(face.grab().toImage(), MOUTH, LIGHT.speaking) == pytest.approx(closed, rel=0.2)


def test_every_state_is_named_for_who_does_not_see_it(qtbot, theme):
    face = shown(qtbot, theme)
    names = set()
    for state in states.FACES:
        face.show_state(state)
        assert states.word(state).lower() in face.accessibleName()
        names.add(face.accessibleName())
    assert len(names) == len(states.FACES)
    assert face.accessibleDescription()


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("state", list(states.FACES))
def test_its_features_stand_out_from_it(qtbot, tokens, state, still_desktop):
    """3:1, as a picture needs (WCAG 2.2, 1.4.11), where it is darkest and lightest."""
    face = shown(qtbot, Theme("dark" if tokens.dark else "light"))
    face.show_state(state)
    picture = face.grab().toImage()
    colour = getattr(tokens, states.FACES[state].colour)
    for y in (0.06, 0.94):
        ground = picture.pixelColor(picture.width() // 2, round(y * picture.height())).name()
        assert contrast(colour, ground) >= 3.0


def test_it_is_painted_anew_when_the_theme_changes(qtbot, theme, still_desktop):
    face = shown(qtbot, theme)
    light = face.grab().toImage()
    theme.choose("dark")
    assert face.grab().toImage() != light
    assert ink(face.grab().toImage(), EYES, DARK.accent) > 50


def calm(qtbot: QtBot, theme: Theme, state: State) -> Face:
    """A face in this state that has long stopped to breathe, and has just blinked."""
    expression = Expression(Patient(7))
    face = shown(qtbot, theme, expression=expression)
    face.show_state(state)
    expression.step(CALM_AFTER_S)  # (and what was due in the meantime begins)
    qtbot.waitUntil(lambda: not expression.breathing and not expression.moving)
    QApplication.processEvents()
    return face


def test_nothing_is_painted_while_nothing_moves(qtbot, theme):
    face = calm(qtbot, theme, State.FINISHING)
    paints = Paints(face)
    qtbot.wait(300)
    assert paints.count == 0
    face.show_state(State.THINKING)
    qtbot.waitUntil(lambda: paints.count > 3)


def test_a_mouth_that_does_not_change_is_not_painted_again(qtbot, theme):
    face = calm(qtbot, theme, State.SPEAKING)
    paints = Paints(face)
    for _ in range(15):
        face.show_mouth(CLOSED)
        qtbot.wait(20)
    assert paints.count == 0
    face.show_mouth(MouthShape(open=0.5, wide=0.5))
    qtbot.waitUntil(lambda: paints.count > 0)


def test_what_is_kept_from_picture_to_picture_is_what_would_be_painted_anew(qtbot, theme):
    face = calm(qtbot, theme, State.SPEAKING)
    for shape in (MouthShape(open=0.9, wide=0.9), MouthShape(open=0.6, wide=0.2)):
        face.show_mouth(shape)
        qtbot.waitUntil(lambda wide=shape.wide: face.pose.wide == pytest.approx(wide, abs=0.005))
    face.grab()
    kept = face.grab().toImage()
    theme.choose("dark")
    theme.choose("light")  # nothing is kept now
    assert face.grab().toImage() == kept


def test_what_is_painted_alone_is_what_would_be_painted_with_all_the_rest(qtbot, theme):
    """Eyes, brows and mouth stay inside what is painted anew, wherever they go."""
    face = shown(qtbot, theme, LARGEST_PX)
    for state in (State.THINKING, State.LISTENING, State.SPEAKING, states.ATTENTION, State.READY):
        face.show_state(state)
        face.show_mouth(MouthShape(open=1.0, wide=1.0))
        for wait_ms in (50, 250, 400):  # while it changes, and when it has
            qtbot.wait(wait_ms)
            assert shows_all(face), state


def test_a_blink_is_painted(qtbot, theme):
    expression = Expression(Patient(7))
    face = shown(qtbot, theme, LARGEST_PX, expression)
    face.show_state(State.FINISHING)
    expression.step(CALM_AFTER_S)
    qtbot.waitUntil(lambda: not expression.breathing and not expression.moving)
    expression.step(expression.idle_s + 0.001)
    face.show_level(0.0)
    for eyes in (0.7, 0.3):
        qtbot.waitUntil(lambda eyes=eyes: face.pose.eyes < eyes)
        assert shows_all(face)
    qtbot.waitUntil(lambda: face.pose.eyes > 1.0)
    assert shows_all(face)


def shows_all(face: Face) -> bool:
    """Whether its window shows what it would with everything painted anew."""
    # No event in between: it lives, and would move.
    QApplication.sendEvent(face, QEvent(QEvent.Type.UpdateRequest))
    kept = on_screen(face)
    face.repaint()
    return differing(kept, on_screen(face)) == 0


def on_screen(face: Face) -> QImage:
    """What its window shows, without having it painted."""
    return face.screen().grabWindow(face.winId()).toImage()


def test_it_lives_on_in_a_window_with_the_keyboard_alone(qtbot, theme):
    """Nobody looks at another one: Parley waits beside the work, perhaps all day."""
    face = shown(qtbot, theme)
    face.activateWindow()
    qtbot.waitUntil(face.isActiveWindow)
    assert face.animating
    other = QWidget()
    qtbot.addWidget(other)
    other.show()
    other.activateWindow()
    qtbot.waitUntil(lambda: not face.isActiveWindow() and not face.animating, timeout=5000)
    face.show_state(State.THINKING)
    assert face.animating, "what it does is shown everywhere"
    face.show_state(State.READY)
    qtbot.waitUntil(lambda: not face.animating)
    face.activateWindow()
    qtbot.waitUntil(lambda: face.animating)


def test_it_is_painted_a_few_times_a_second_while_it_only_breathes(qtbot, theme):
    expression = Expression(Patient(7))
    face = shown(qtbot, theme, 64, expression)
    face.activateWindow()
    qtbot.waitUntil(lambda: not expression.moving)
    paints = Paints(face)
    qtbot.wait(1500)
    assert paints.count <= 6


def test_a_hidden_face_rests(qtbot, theme):
    face = shown(qtbot, theme)
    face.show_state(State.LISTENING)
    assert face.animating
    face.hide()
    assert not face.animating
    face.show_level(0.5)
    face.show_mouth(MouthShape(1.0, 0.5))
    face.show_state(State.THINKING)
    assert not face.animating
    assert face.pose == POSES[State.THINKING]
    face.show()
    assert face.animating


def test_under_reduced_motion_it_changes_with_the_state_alone(qtbot, theme, still_desktop):
    face = shown(qtbot, theme)
    for state in states.FACES:
        face.show_state(state)
        assert face.pose == POSES[state]
        face.show_level(0.9)
        face.show_mouth(MouthShape(1.0, 0.0))
        assert face.pose == POSES[state]
        assert not face.animating


def test_motion_ends_when_the_desktop_asks_for_none(qtbot, theme, qapp):
    face = shown(qtbot, theme)
    face.show_state(State.LISTENING)
    assert face.animating
    before = qapp.style().objectName()
    qapp.setStyle(Still(before))
    try:
        qtbot.waitUntil(lambda: not face.animating)
        assert face.pose == POSES[State.LISTENING]
    finally:
        qapp.setStyle(before)


def test_it_is_sharp_on_a_fine_screen(qtbot, theme, still_desktop):
    """What is kept of the head has the screen's own pixels."""
    face = shown(qtbot, theme)
    face.grab()
    assert face._head.width() == round(face.width() * face.devicePixelRatioF())
