"""Walks through a window as a screen reader, a keyboard and a ruler would.

`python -m tests.ui.walk SCENE LANGUAGE WIDTHxHEIGHT [OUT.png]` shows a scene of `tests.ui.demo`, or
a page by its name, and prints what does not fit; the answer is 1 when something does not.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QAccessible, QAction, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QLabel,
    QLineEdit,
    QMenu,
    QRadioButton,
    QScrollArea,
    QTextBrowser,
    QWidget,
)

from app.core.catalogue import BUILTIN, VOICES, WHISPER
from app.core.history_events import ConversationRow, ConversationsListed
from app.core.model_cards import Stock, cards
from app.core.model_events import ModelsListed
from app.model_settings import chosen
from app.settings import Settings
from app.ui import translation
from app.ui.elided_button import ElidedButton
from app.ui.labels import ElidedLabel
from app.ui.pages import Name
from tests.ui import demo as scenes
from tests.ui.demo import Demo, settle

MARGIN_PX = 4
"""What may lie on a neighbour: an edge to draw with the mouse is no wider."""

MOST_STOPS = 400
"""More presses of Tab than any window needs."""


def show(demo: Demo, what: str) -> None:
    """A scene of the demo, or another part of the window with something in it."""
    if what in scenes.SCENES:
        scenes.SCENES[what](demo)
    elif what in OTHERS:
        OTHERS[what](demo)
    else:
        demo.engines()
        demo.services()
        demo.settings()
        demo.put(_models())
        demo.window.open_page(Name(what))
    settle(100)


def _models() -> ModelsListed:
    """One is here, one is paused, the others can be had."""
    settings = chosen(Settings())
    first, second, *_ = offers = (*WHISPER, *VOICES, *BUILTIN)
    here = (Stock(first.id, True, 151_000_000), Stock(second.id, False, 60_000_000, 151_000_000))
    return ModelsListed(
        cards=cards(here, settings, offers), chosen=settings, free_bytes=12_500_000_000
    )


def _sidebar(demo: Demo) -> None:
    demo.engines()
    demo.talk_a_little()
    now = time.time()
    rows = tuple(
        ConversationRow(number, title, now - days * 86_400, now - days * 86_400, 3, number == 1)
        for number, (title, days) in enumerate(
            (
                ("A weekend in Lyon, and what to see there on a rainy Sunday", 3),
                ("What time is it in Paris?", 0),
                ("Boiling eggs", 1),
                ("", 40),
            ),
            start=1,
        )
    )
    demo.put(ConversationsListed(rows=rows, total=len(rows), current=2))
    demo.window.sidebar.set_open(True)


def _first_minute(demo: Demo) -> None:
    demo.stand_ins()
    demo.missing()
    offers = (*WHISPER, *VOICES, *BUILTIN)
    settings = chosen(Settings())
    demo.put(ModelsListed(cards=cards((), settings, offers), chosen=settings))


OTHERS = {"sidebar": _sidebar, "first minute": _first_minute}


def visible(window: QWidget) -> list[QWidget]:
    """Every part of the window that takes room on the screen now."""
    parts = window.findChildren(QWidget)
    return [part for part in parts if part.isVisible() and not part.size().isEmpty()]


def is_part_of_a_control(part: QWidget) -> bool:
    """A text line inside a number, the magnifying glass inside a search: none for itself."""
    above = part.parentWidget()
    return isinstance(above, QAbstractSpinBox) or (
        isinstance(above, QLineEdit) and part.focusPolicy() == Qt.FocusPolicy.NoFocus
    )


def controls(window: QWidget) -> list[QWidget]:
    """Everything visible that can be used."""
    return [
        part
        for part in visible(window)
        if part.isEnabled()
        and (part.focusPolicy() & Qt.FocusPolicy.TabFocus or isinstance(part, QAbstractButton))
        and not is_part_of_a_control(part)
    ]


def items(menu: QMenu) -> list[QAction]:
    """Everything in a menu that can be chosen."""
    return [action for action in menu.actions() if not action.isSeparator()]


def name_of(part: QWidget) -> str:
    """What a screen reader says."""
    interface = QAccessible.queryAccessibleInterface(part)
    return str(interface.text(QAccessible.Text.Name)).strip() if interface else ""


def told(part: QWidget) -> str:
    """For a person who reads a test's failure."""
    return f"{type(part).__name__} “{name_of(part)}” in {type(part.parentWidget()).__name__}"


def stops(window: QWidget, key: Qt.Key = Qt.Key.Key_Tab) -> Iterator[QWidget]:
    """Where the focus comes to, press by press, until it has been there before.

    A text goes through its links before it lets the focus go; nobody else keeps it.
    """
    seen: list[QWidget] = []
    for _ in range(MOST_STOPS):
        before = QApplication.focusWidget()
        QTest.keyClick(before or window, key)
        QApplication.processEvents()
        focused = QApplication.focusWidget()
        if focused is before and isinstance(focused, QTextBrowser):
            continue
        if focused is None or focused in seen:
            return
        seen.append(focused)
        yield focused


def is_reached(part: QWidget, reached: list[QWidget]) -> bool:
    """Radio buttons that belong together have one stop; the arrow keys do the rest."""
    if part in reached or part.focusProxy() in reached:
        return True
    if not isinstance(part, QAbstractButton) or not (
        isinstance(part, QRadioButton) or (part.group() and part.group().exclusive())
    ):
        return False
    together = part.group().buttons() if part.group() else part.parentWidget().children()
    return any(each in reached for each in together)


def place(part: QWidget, window: QWidget) -> QRect:
    """Where it stands in the window; what is scrolled as if it were not."""
    where = QRect(part.mapTo(window, QPoint(0, 0)), part.size())
    above = part.parentWidget()
    while above is not None:
        if isinstance(above, QScrollArea):
            where.translate(0, above.verticalScrollBar().value())
        above = above.parentWidget()
    return where


# --- a ruler --------------------------------------------------------------------------------


def cut_off(window: QWidget) -> Iterator[str]:
    """Words that have less room than they need, and parts that reach out of their place."""
    for part in visible(window):
        if isinstance(part, QLabel) and part.text() and part.wordWrap():
            needed = part.heightForWidth(part.width())
            if needed > part.height() + 1:
                yield f"{part.text()!r} needs {needed} px of height and has {part.height()}"
        elif isinstance(part, QLabel | QAbstractButton) and not isinstance(
            part, ElidedButton | ElidedLabel
        ):
            needed = part.sizeHint().width()
            if part.text() and needed > part.width() + 1:
                yield f"{part.text()!r} needs {needed} px and has {part.width()}"
        above = part.parentWidget()
        scrolls = isinstance(above, QAbstractScrollArea) or (
            above is not None and isinstance(above.parentWidget(), QAbstractScrollArea)
        )
        if above is not None and not part.isWindow() and not scrolls:
            where = part.geometry()
            if where.left() < -1 or where.right() > above.width() + 1:
                yield f"{told(part)} reaches out of it: {where} in {above.size()}"


def overlapping(window: QWidget) -> set[tuple[str, str]]:
    """Neighbours that lie on one another."""
    found = set()
    for above in [window, *visible(window)]:
        inside = [
            part
            for part in above.findChildren(QWidget, options=Qt.FindDirectChildrenOnly)
            if part.isVisible() and not part.size().isEmpty() and not part.isWindow()
        ]
        for at, one in enumerate(inside):
            for other in inside[at + 1 :]:
                shared = one.geometry().intersected(other.geometry())
                if min(shared.width(), shared.height()) > MARGIN_PX:
                    found.add((told(one), told(other)))
    return found


class OwnWindows(QObject):
    """Notes every widget that appears as a window of its own, as one does that is shown before it
    stands in the window."""

    def __init__(self, app: QApplication) -> None:
        super().__init__()
        self.found: list[str] = []
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.Show
            and isinstance(watched, QWidget)
            and watched.isWindow()
            and watched.windowType() == Qt.WindowType.Window
            and watched.metaObject().className() != "MainWindow"
        ):
            words = watched.text() if isinstance(watched, QLabel | QAbstractButton) else ""
            self.found.append(f"{type(watched).__name__} {words!r}")
        return False


def differing(one: QImage, other: QImage) -> int:
    """How many pixels are others."""
    if one.size() != other.size():
        return max(one.width() * one.height(), other.width() * other.height())
    first, second = (
        picture.convertToFormat(QImage.Format.Format_RGB32) for picture in (one, other)
    )
    pixels = [np.frombuffer(each.constBits(), dtype=np.uint32) for each in (first, second)]
    return int((pixels[0] != pixels[1]).sum())


def main(arguments: list[str]) -> int:
    what, language, size, *out = arguments
    _app = QApplication.instance() or QApplication(sys.argv[:1])
    translation.install("fr" if language == "fr" else "en")
    demo = Demo()
    window = demo.window
    window.show()
    settle(100)
    show(demo, what)
    window.resize(1080, 720)
    settle(50)
    lies_over = overlapping(window)  # panels over the page; nothing else should
    width, _, height = size.partition("x")
    window.resize(int(width), int(height))
    settle(100)
    if out:
        window.grab().save(str(Path(out[0])))
    faults = list(cut_off(window))
    faults += [f"{one} lies on {other}" for one, other in overlapping(window) - lies_over]
    room = window.screen().availableSize()
    if window.width() > room.width() or window.height() > room.height():
        faults.append(f"the window is {window.size()} on a screen of {room}")
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
