"""`parley` without a command: the window."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QSettings, QTimer, Slot
from PySide6.QtWidgets import QApplication, QWidget

from app.audio.system import SoundSystem
from app.bootstrap import Assistant, Sound
from app.commands.leaving import left_running
from app.commands.quit_signals import QuitSignals
from app.core.events import LookUpFigures, Notice
from app.errors import AssistantError
from app.paths import Paths
from app.secrets import Secrets
from app.settings import Settings
from app.ui.main_window import MainWindow
from app.ui.single_instance import SingleInstance
from app.ui.talk_key import TalkKey

log = logging.getLogger(__name__)

USABLE = "the window is painted and takes input"
"""Logged once; `bench` times the start by it."""


def run(settings: Settings, paths: Paths, secrets: Secrets, problems: list[str]) -> int:
    """Open the window and stay until it is closed.

    Args:
        problems: what was wrong with the settings file, one line each.

    Raises:
        AssistantError: there is no screen to open a window on.
    """
    _require_screen()
    QApplication.setDesktopFileName("parley")
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Parley")
    instance = SingleInstance(paths.data)
    if not instance.claim():
        return 0

    devices = SoundSystem(settings.audio)
    assistant = Assistant(
        settings, paths, secrets, Sound(devices.microphone, devices.speaker, devices)
    )
    window = MainWindow(
        settings.appearance,
        settings.talk,
        geometry=QSettings(str(paths.config / "window.ini"), QSettings.Format.IniFormat),
    )
    talk_key = TalkKey(settings.talk)
    app.installEventFilter(talk_key)

    # What the user wants goes to the assistant, what happens comes back to the window.
    window.intent.connect(assistant.ask_for)
    talk_key.intent.connect(assistant.ask_for)
    window.talk_pressed.connect(talk_key.button_pressed)
    window.talk_released.connect(talk_key.button_released)
    assistant.happened.connect(window.handle)
    assistant.happened.connect(talk_key.on_event)
    window.listening_dropped.connect(talk_key.interrupt)
    window.talk_mode_chosen.connect(talk_key.use_mode)
    window.covered.connect(talk_key.rest)
    instance.asked_to_show.connect(window.come_to_front)

    def start_engines() -> None:
        assistant.start()
        assistant.ask_for(LookUpFigures())

    # When the window can be used: nobody waits for an import.
    _FirstPaint(window, then=start_engines)
    window.show()
    for problem in problems:
        window.handle(Notice(title=problem, hint=f"The file is {paths.settings_file}."))
    signals = QuitSignals(app.quit)  # as a click on the window's cross would
    code = app.exec()
    instance.release()  # who starts Parley now gets a window, not this one's end
    if not assistant.stop():
        left_running(app, window, assistant)
    signals.let_go()
    return code


class _FirstPaint(QObject):
    """Waits until the window, its parent, can be used: its first picture is on the screen and the
    event loop is free again."""

    LONGEST_MS = 2000
    """A window that opens minimised, or on another workspace, is not painted."""

    def __init__(self, window: QWidget, then: Callable[[], None]) -> None:
        """
        Args:
            then: called once, from the event loop.
        """
        super().__init__(window)
        self._then: Callable[[], None] | None = then
        window.installEventFilter(self)
        QTimer.singleShot(self.LONGEST_MS, self._go_on)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self._painted)  # after what is being painted
        return False

    @Slot()
    def _painted(self) -> None:
        log.info(USABLE)
        self._go_on()

    @Slot()
    def _go_on(self) -> None:
        then, self._then = self._then, None
        if then:
            then()


def _require_screen() -> None:
    on_linux = sys.platform.startswith("linux")
    has_screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if on_linux and not has_screen and not os.environ.get("QT_QPA_PLATFORM"):
        raise AssistantError(
            "There is no screen to open a window on.",
            'Try `parley ask "what time is it"` in the terminal.',
        )
