"""A window on the bench: what it sends is kept, keys go to it as from a keyboard."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.ui.demo import Demo


class Bench:
    """A demo window and what it emitted."""

    def __init__(self, qtbot: QtBot) -> None:
        self.demo = Demo("light")
        self.window = self.demo.window
        qtbot.addWidget(self.window)
        self.intents: list[object] = []
        self.window.intent.connect(self.intents.append)
        self.window.show()
        self.window.activateWindow()
        qtbot.waitUntil(lambda: QGuiApplication.focusWindow() is self.window.windowHandle())

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier | None = None) -> None:
        handle = self.window.windowHandle()
        QTest.keyClick(handle, key, modifier or Qt.KeyboardModifier.NoModifier)

    def type(self, text: str) -> None:
        QTest.keyClicks(self.window.composer.box, text)
