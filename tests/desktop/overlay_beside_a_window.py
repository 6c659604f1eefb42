"""A process for the screen's tests: a window with a text box, and the overlay beside it.

`python -m tests.desktop.overlay_beside_a_window SETTINGS.ini` prints one line for each thing that
happens: "overlay LEFT TOP", "text …", "intent …", "focus …".
"""

from __future__ import annotations

import sys

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication, QLineEdit

from app.core.events import Event, State, StateChanged, TurnStarted
from app.desktop.overlay import Overlay
from app.ui.theme import Theme


def say(*words: object) -> None:
    print(*words, flush=True)


def main(settings: str) -> None:
    app = QApplication([])
    window = QLineEdit()
    window.setWindowTitle("Somebody else's window")
    window.textChanged.connect(lambda text: say("text", text))
    overlay = Overlay(Theme("light"), QSettings(settings, QSettings.Format.IniFormat))

    def told(intent: Event) -> None:
        say("intent", type(intent).__name__)

    overlay.intent.connect(told)
    overlay.window_wanted.connect(lambda: say("window"))
    app.focusWindowChanged.connect(
        lambda focused: say("focus", "window" if focused is window.windowHandle() else "elsewhere")
    )

    def begin() -> None:
        if not window.isActiveWindow():
            return
        begun.stop()
        overlay.handle(TurnStarted(turn_id=1, source="timer"))
        overlay.handle(StateChanged(state=State.SPEAKING))
        QTimer.singleShot(300, lambda: say("overlay", overlay.x(), overlay.y()))

    window.show()
    begun = QTimer()
    begun.timeout.connect(begin)
    begun.start(20)
    app.exec()


if __name__ == "__main__":
    main(sys.argv[1])
