"""The window for everyone: named, reached and seen; in two themes, from both sides, at any size."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from app.core.events import (
    FinalTranscript,
    Notice,
    State,
    StateChanged,
    TurnStarted,
    UtteranceStarted,
)
from app.core.ports import Transcript
from app.core.turn import Turn
from app.desktop.overlay import Overlay
from app.desktop.tray import Tray
from app.ui import geometry, motion, notices, states, theme, translation
from app.ui.conversation.text_block import TextBlock
from app.ui.conversation.turn_view import TurnView
from app.ui.theme import DARK, LIGHT, Theme, Tokens, contrast
from tests.ui.demo import Demo, settle
from tests.ui.walk import (
    OwnWindows,
    controls,
    cut_off,
    differing,
    is_reached,
    items,
    name_of,
    overlapping,
    place,
    show,
    stops,
    told,
)

ROOT = Path(__file__).resolve().parents[2]

SCENES = (
    "empty",
    "finished",
    "waterfall",
    "figures",
    "error",
    "panel",
    "keys",
    "settings",
    "diagnosis",
    "models",
    "sidebar",
    "first minute",
)
"""Every page and panel that the window has."""


def a_window(
    qtbot: QtBot, what: str, look: str = "light", size: tuple[int, int] = (900, 600)
) -> Demo:
    demo = Demo(look)
    qtbot.addWidget(demo.window)
    demo.window.resize(*size)
    with qtbot.waitActive(demo.window):
        demo.window.show()
        demo.window.activateWindow()
    settle(50)
    show(demo, what)
    return demo


# --- names, Tab and focus -------------------------------------------------------------------


@pytest.mark.parametrize("what", SCENES)
def test_every_control_has_a_name(qtbot: QtBot, what: str) -> None:
    window = a_window(qtbot, what).window
    found = controls(window)
    assert len(found) >= 4
    assert [told(part) for part in found if not name_of(part)] == []


@pytest.mark.parametrize("what", SCENES)
def test_tab_reaches_every_control_and_comes_back(qtbot: QtBot, what: str) -> None:
    window = a_window(qtbot, what).window
    begin, wanted = QApplication.focusWidget(), controls(window)
    assert begin is not None, "somebody has the focus"
    forward = list(stops(window))
    assert QApplication.focusWidget() is forward[0], "no trap: Tab comes round"
    assert begin in forward
    # What a long conversation has above the part in sight is reached backwards.
    backward = list(stops(window, Qt.Key.Key_Backtab))
    reached = forward + backward
    left_out = [
        told(part)
        for part in wanted
        if part.focusPolicy() & Qt.FocusPolicy.TabFocus and not is_reached(part, reached)
    ]
    assert left_out == []


@pytest.mark.parametrize("what", SCENES)
def test_what_the_mouse_alone_can_press_has_a_twin_for_the_keyboard(
    qtbot: QtBot, what: str
) -> None:
    """The two buttons beside a number: its arrow keys do the same."""
    window = a_window(qtbot, what).window
    for part in controls(window):
        if not part.focusPolicy() & Qt.FocusPolicy.TabFocus and not is_reached(part, [part]):
            assert any(
                other.focusPolicy() & Qt.FocusPolicy.TabFocus
                and name_of(other)
                and name_of(part).endswith(name_of(other))
                for other in part.parentWidget().findChildren(QWidget)
            ), told(part)


def _goes_on(before: QRect, after: QRect) -> bool:
    """Whether the second lies where a reader looks next: further on in the line, or below."""
    same_line = before.top() < after.bottom() and after.top() < before.bottom()
    return after.left() >= before.left() if same_line else after.top() >= before.top()


@pytest.mark.parametrize("what", ["settings", "diagnosis", "models", "panel", "keys"])
def test_tab_follows_the_eye(qtbot: QtBot, what: str) -> None:
    """On a page and in a panel; among the parts of the window it goes round."""
    demo = a_window(qtbot, what, size=(900, 2400 if what in ("settings", "models") else 700))
    window = demo.window
    page = window.pages.shown
    around, first = (window.panel, window.panel.close_button) if page is None else (page, page.back)
    inside = [part for part in stops(window) if around.isAncestorOf(part)]
    at = inside.index(first)
    inside = inside[at:] + inside[:at]
    assert len(inside) >= 4
    back = [
        f"{told(one)} → {told(other)}"
        for one, other in itertools.pairwise(inside)
        if not _goes_on(place(one, window), place(other, window))
    ]
    assert back == []


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("what", ["finished", "figures", "keys", "settings", "diagnosis", "models"])
def test_the_focus_can_be_seen(qtbot: QtBot, what: str, look: str) -> None:
    window = a_window(qtbot, what, look).window
    unseen = []
    with_focus: list[Picture] = []
    for part in stops(window):
        # whoever had the focus a moment ago, without it now
        changed = [differing(before.image, before.taken_again()) for before in with_focus]
        if changed and max(changed) < LEAST_RING_PX:
            unseen.append(f"{with_focus[0].of}: {max(changed)} px")
        with_focus = list(pictures(part))
    assert unseen == []


LEAST_RING_PX = 60
"""Of the smallest button's frame; a blinking text cursor has 20."""


class Picture(NamedTuple):
    of: str
    widget: QWidget
    area: QRect
    image: QImage

    def taken_again(self) -> QImage:
        return self.widget.grab(self.area).toImage()


def pictures(part: QWidget) -> Iterator[Picture]:
    """Of the control, and of the frame that another widget draws around it."""
    above = part.parentWidget()
    framed = [(part, part.rect())]
    if above.objectName() == "field":
        framed.append((above, above.rect()))
    turn = above
    while turn is not None and not isinstance(turn, TurnView):
        turn = turn.parentWidget()
    if turn is not None and isinstance(part, TextBlock):
        framed.append((turn, place(part, turn).adjusted(-20, -8, 20, 8)))
    for widget, area in framed:
        yield Picture(told(part), widget, area, widget.grab(area).toImage())


@pytest.mark.parametrize("what", SCENES)
def test_nothing_appears_as_a_window_of_its_own(qtbot: QtBot, what: str) -> None:
    """Shown before it stands in the window, a part flashes up and takes the focus."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    watch = OwnWindows(app)
    a_window(qtbot, what)
    app.removeEventFilter(watch)
    assert watch.found == []


# --- outside the window ---------------------------------------------------------------------

OVERLAY_STATES = (State.LISTENING, State.FINISHING, State.THINKING, State.SPEAKING, State.READY)


def an_overlay(qtbot: QtBot, state: State, look: str = "light") -> Overlay:
    """In the middle of a turn, with words in it."""
    overlay = Overlay(Theme("dark" if look == "dark" else "light"))
    qtbot.addWidget(overlay)
    question = Transcript("What is the weather going to be like in Lisbon?", "en")
    for event in (
        TurnStarted(turn_id=1, source="voice"),
        StateChanged(state=State.LISTENING),
        UtteranceStarted(turn_id=1, turn=Turn(1, "voice"), microphone="Built-in"),
        FinalTranscript(turn_id=1, transcript=question),
        StateChanged(state=state),
    ):
        overlay.handle(event)
    settle(150)  # "Finishing" waits until the key did not only bounce
    assert overlay.isVisible()
    return overlay


@pytest.mark.parametrize("state", OVERLAY_STATES)
def test_the_overlay_and_all_in_it_have_names(qtbot: QtBot, state: State) -> None:
    overlay = an_overlay(qtbot, state)
    assert states.word(state).lower() in name_of(overlay)
    assert overlay.accessibleDescription() == "What is the weather going to be like in Lisbon?"
    found = controls(overlay)
    assert bool(found) == (state != State.READY)
    assert [told(part) for part in found if not name_of(part)] == []
    assert name_of(overlay.face)


@pytest.mark.parametrize("state", OVERLAY_STATES)
def test_the_overlay_takes_no_focus_since_the_keyboard_has_other_ways(
    qtbot: QtBot, state: State
) -> None:
    """It lies over a window in which somebody works, and must not take the keyboard from there.
    So nothing in it is reached by Tab; what its one button does, Esc and the talk key do."""
    overlay = an_overlay(qtbot, state)
    assert overlay.windowFlags() & Qt.WindowType.WindowDoesNotAcceptFocus
    parts = [overlay, *overlay.findChildren(QWidget)]
    assert [told(part) for part in parts if part.focusPolicy() != Qt.FocusPolicy.NoFocus] == []
    assert len(controls(overlay)) <= 1
    by_button: list[object] = []
    overlay.intent.connect(lambda intent: by_button.append(type(intent)))
    for part in controls(overlay):
        QTest.mouseClick(part, Qt.MouseButton.LeftButton)
    demo = a_window(qtbot, "empty")
    demo.put(StateChanged(state=state))
    by_key: list[object] = []
    demo.window.intent.connect(lambda intent: by_key.append(type(intent)))
    QTest.keyClick(demo.window, Qt.Key.Key_Escape)
    assert set(by_button) <= set(by_key)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("state", OVERLAY_STATES)
def test_every_word_of_the_overlay_has_its_room(
    qtbot: QtBot, state: State, language: translation.Choice
) -> None:
    translation.install(language)
    try:
        overlay = an_overlay(qtbot, state)
        assert list(cut_off(overlay)) == []
        assert overlapping(overlay) == set()
    finally:
        translation.install("en")


def test_the_overlay_is_whole_from_right_to_left(qtbot: QtBot, right_to_left: None) -> None:
    overlay = an_overlay(qtbot, State.SPEAKING)
    assert list(cut_off(overlay)) == []
    assert overlapping(overlay) == set()
    assert place(overlay.face, overlay).left() > place(overlay.stop, overlay).right()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_item_of_the_tray_is_named(qtbot: QtBot, language: translation.Choice) -> None:
    """The desktop draws the menu and walks through it: from here it needs the words."""
    translation.install(language)
    try:
        tray = Tray()
        for state in OVERLAY_STATES:
            tray.handle(StateChanged(state=state))
            names = [action.text().replace("&", "").strip() for action in items(tray.menu)]
            assert len(names) >= 5
            assert all(names)
            assert len(set(names)) == len(names)
            assert states.word(state) in tray.tool_tip
        assert [action for action in items(tray.menu) if action.isCheckable()] == [tray.stay_action]
        tray.close()
    finally:
        translation.install("en")


# --- what is said aloud ---------------------------------------------------------------------


class Announced:
    """Stands where the window tells the platform's screen reader, and keeps what it told."""

    Event = QAccessible.Event

    def __init__(self) -> None:
        self.words: list[str] = []

    @staticmethod
    def isActive() -> bool:
        return True

    def updateAccessibility(self, event: object) -> None:
        assert isinstance(event, QAccessibleAnnouncementEvent)
        self.words.append(event.message())


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> Announced:
    reader = Announced()
    monkeypatch.setattr(notices, "QAccessible", reader)
    return reader


def test_a_whole_reply_is_announced_once(qtbot: QtBot, announced: Announced) -> None:
    demo = a_window(qtbot, "empty")
    announced.words.clear()
    number = demo.begin("text", "What time is it?")
    demo.stream(number, "It is twenty past four.")
    settle(60)
    assert announced.words == [], "not word by word: nobody could follow"
    demo.end(number, "What time is it?", "It is twenty past four.", spoken=False)
    assert announced.words == ["It is twenty past four."]


def test_a_notice_is_announced_with_its_next_step(qtbot: QtBot, announced: Announced) -> None:
    demo = a_window(qtbot, "empty")
    announced.words.clear()
    demo.put(Notice(title="Ollama is not running.", hint="I can start it."))
    assert announced.words == ["Ollama is not running. I can start it."]


def test_a_notice_on_a_page_is_announced_too(qtbot: QtBot, announced: Announced) -> None:
    demo = a_window(qtbot, "settings")
    announced.words.clear()
    demo.put(Notice(title="The disk is full.", hint="Make room."))
    assert announced.words == ["The disk is full. Make room."]


# --- colours --------------------------------------------------------------------------------

RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
INK_ON_ITS_OWN_GROUND = re.compile(
    r"(?<![-\w])(selection-)?(color|background(?:-color)?):\s*@(\w+)"
)

GROUNDS = ("bg", "surface")


def rules() -> Iterator[tuple[str, dict[str, str]]]:
    """Selector and declarations of the stylesheet; token names instead of colours."""
    for selector, body in RULE.findall(theme._SHEET):
        declared = {}
        for declaration in body.split(";"):
            name, colon, value = declaration.partition(":")
            if colon:
                declared[name.strip()] = value.strip()
        yield " ".join(selector.split()), declared


def _token(value: str) -> str:
    found = re.search(r"@(\w+)", value)
    return found[1] if found else ""


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_every_rule_s_text_reads_on_its_ground(tokens: Tokens) -> None:
    """4.5:1 (WCAG 2.2, AA). What names no ground stands on the page or on a card."""
    checked = 0
    for selector, declared in rules():
        for ink_name, ground_name in (
            ("color", "background"),
            ("selection-color", "selection-background-color"),
            ("placeholder-text-color", "background"),
        ):
            ink = _token(declared.get(ink_name, ""))
            if not ink:
                continue
            ground = _token(declared.get(ground_name, ""))
            for under in (
                [ground] if ground else [*GROUNDS, "sunk"] if "hover" in selector else GROUNDS
            ):
                ratio = contrast(getattr(tokens, ink), getattr(tokens, under))
                assert ratio >= 4.5, f"{selector}: {ink} on {under} is {ratio:.2f}"
                checked += 1
    assert checked > 20


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_focus_rings_and_the_outlines_of_fields_are_seen(tokens: Tokens) -> None:
    """3:1 against the page and against cards (WCAG 2.2, 1.4.11)."""
    rings = 0
    for selector, declared in rules():
        border = declared.get("border", "") + declared.get("border-color", "")
        colour = _token(border)
        is_focus = ":focus" in selector or "focused" in selector
        is_field = re.match(r"QLineEdit|QComboBox$|QDoubleSpinBox$|#field|QRadioButton::", selector)
        if not colour or not (is_focus or is_field) or ":disabled" in selector:
            continue
        if colour == "accent_ink":
            continue
        for under in GROUNDS:
            ratio = contrast(getattr(tokens, colour), getattr(tokens, under))
            assert ratio >= 3, f"{selector}: {colour} on {under} is {ratio:.2f}"
            rings += 1
    assert rings > 20


# --- motion ---------------------------------------------------------------------------------


@pytest.fixture
def own_motion() -> Iterator[None]:
    yield
    motion.choose("system")


def test_the_choice_goes_before_what_the_desktop_says(qapp: QApplication, own_motion: None) -> None:
    motion.choose("reduced")
    assert motion.reduced_motion()
    motion.choose("full")
    assert not motion.reduced_motion()


def test_nothing_moves_when_it_should_not(qtbot: QtBot, own_motion: None) -> None:
    demo = a_window(qtbot, "empty")
    motion.choose("full")
    demo.put(StateChanged(state=State.THINKING))
    assert demo.window.composer.talk.animating
    demo.put(StateChanged(state=State.READY))
    motion.choose("reduced")
    for state in (State.THINKING, State.SPEAKING, State.READY):
        demo.put(StateChanged(state=state))
        settle(50)
        assert not demo.window.face.animating, state
    demo.put(StateChanged(state=State.THINKING))
    assert not demo.window.composer.talk.animating


def test_the_setting_acts_at_once(qtbot: QtBot, own_motion: None) -> None:
    from app.core.events import SettingChanged

    demo = a_window(qtbot, "empty")
    demo.put(SettingChanged(name="appearance.motion", value="reduced"))
    assert motion.reduced_motion()


# --- right to left --------------------------------------------------------------------------


@pytest.fixture
def right_to_left(qapp: QApplication) -> Iterator[None]:
    QGuiApplication.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    yield
    QGuiApplication.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


@pytest.mark.parametrize("what", SCENES)
def test_nothing_overlaps_from_right_to_left(qtbot: QtBot, what: str, right_to_left: None) -> None:
    mirrored = a_window(qtbot, what).window
    lies_over = overlapping(mirrored)
    assert list(cut_off(mirrored)) == []
    mirrored.hide()
    QGuiApplication.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
    # Panels lie over the page from both sides; nothing else may.
    assert lies_over <= overlapping(a_window(qtbot, what).window)


def test_the_way_back_points_to_where_it_leads(qtbot: QtBot, right_to_left: None) -> None:
    mirrored = a_window(qtbot, "settings").window.settings.back
    from_the_right = mirrored.icon().pixmap(20, 20).toImage()
    assert mirrored.mapTo(mirrored.window(), QPoint(0, 0)).x() > 450
    QGuiApplication.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
    usual = a_window(qtbot, "settings").window.settings.back
    assert usual.mapTo(usual.window(), QPoint(0, 0)).x() < 450
    from_the_left = usual.icon().pixmap(20, 20).toImage()
    assert from_the_right != from_the_left


# --- sizes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("what", SCENES)
def test_every_word_has_its_room_at_900_by_600(
    qtbot: QtBot, what: str, language: translation.Choice
) -> None:
    translation.install(language)
    try:
        window = a_window(qtbot, what).window
        assert list(cut_off(window)) == []
    finally:
        translation.install("en")


@pytest.mark.parametrize("what", ["empty", "error", "settings"])
def test_the_smallest_window_is_whole(qtbot: QtBot, what: str) -> None:
    """It scrolls only on a screen that is smaller still."""
    demo = a_window(qtbot, what, size=geometry.SMALLEST.toTuple())
    around = demo.window.centralWidget()
    assert isinstance(around, QScrollArea)
    assert around.verticalScrollBar().maximum() == 0
    assert list(cut_off(demo.window)) == []


@pytest.fixture
def small_screen(tmp_path: Path) -> dict[str, str]:
    """The environment of a process that has a screen of 1280 x 800 pixels."""
    screen = {"name": "small", "x": 0, "y": 0, "width": 1280, "height": 800}
    dots = {"logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}
    file = tmp_path / "screens.json"
    file.write_text(json.dumps({"screens": [screen | dots]}), encoding="utf-8")
    return os.environ | {"QT_QPA_PLATFORM": f"offscreen:configfile={file}"}


@pytest.mark.parametrize("scale", [1, 2, 3])
@pytest.mark.parametrize("what", ["empty", "finished", "settings"])
def test_it_fits_a_small_screen_at_any_scale(
    small_screen: dict[str, str], what: str, scale: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.ui.walk", what, "fr", f"{1280 // scale}x{800 // scale - 32}"],
        env=small_screen | {"QT_SCALE_FACTOR": str(scale)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
