"""`parley` without a command: the window."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QSettings, QTimer, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QWidget

from app.audio.system import SoundSystem
from app.bootstrap import Assistant, Sound
from app.commands.leaving import left_running
from app.commands.quit_signals import QuitSignals
from app.commands.restart import start_again
from app.core.events import LookUpFigures, Notice
from app.core.model_events import LookUpModels
from app.desktop.motion_switch import MotionSwitch
from app.desktop.overlay import Overlay
from app.desktop.presence import Presence
from app.errors import AssistantError
from app.paths import Paths
from app.secrets import Secrets
from app.settings import Settings
from app.ui import translation
from app.ui.main_window import MainWindow
from app.ui.single_instance import SingleInstance
from app.ui.talk_key import TalkKey

log = logging.getLogger(__name__)

USABLE = "the window is painted and takes input"
"""Logged once; `bench` times the start by it."""


def run(
    settings: Settings,
    paths: Paths,
    secrets: Secrets,
    problems: list[str],
    *,
    background: bool = False,
) -> int:
    """Open the window and stay until it is closed.

    Args:
        problems: what was wrong with the settings file, one line each.
        background: open no window where the tray can bring it (start at login).

    Raises:
        AssistantError: there is no screen to open a window on.
    """
    _require_screen()
    QApplication.setDesktopFileName("parley")
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Parley")
    translation.install(settings.appearance.language)
    instance = SingleInstance(paths.data)
    if not instance.claim():
        return 0

    devices = SoundSystem(settings.audio)
    assistant = Assistant(
        settings, paths, secrets, Sound(devices.microphone, devices.speaker, devices)
    )
    remembered = QSettings(str(paths.config / "window.ini"), QSettings.Format.IniFormat)
    window = MainWindow(settings.appearance, settings.talk, geometry=remembered)
    presence = Presence(settings.desktop, window, overlay=Overlay(window.theme, remembered))
    talk_key = TalkKey(settings.talk)
    motion_switch = MotionSwitch()
    app.installEventFilter(talk_key)

    # What the user wants goes to the assistant, what happens comes back to the window.
    for wishes in (window.intent, talk_key.intent, presence.intent):
        wishes.connect(assistant.ask_for)
    for watcher in (window.handle, talk_key.on_event, presence.handle):
        assistant.happened.connect(watcher)
    window.intent.connect(talk_key.on_event)
    window.intent.connect(presence.handle)
    window.talk_pressed.connect(talk_key.button_pressed)
    window.talk_released.connect(talk_key.button_released)
    window.listening_dropped.connect(talk_key.interrupt)
    window.talk_mode_chosen.connect(talk_key.use_mode)
    window.covered.connect(talk_key.rest)
    window.data_folder_wanted.connect(lambda: _open_folder(paths))
    presence.happened.connect(window.handle)
    presence.listening_dropped.connect(talk_key.interrupt)
    presence.show_wanted.connect(window.come_to_front)
    presence.quit_wanted.connect(window.quit)
    window.stay_wanted.connect(presence.put_window_away)
    instance.asked_to_show.connect(window.come_to_front)
    for source in (instance, presence):
        source.pressed.connect(talk_key.outside_pressed)
        source.released.connect(talk_key.outside_released)
        source.toggled.connect(talk_key.outside_toggled)

    def start_engines() -> None:
        assistant.start()
        assistant.ask_for(LookUpFigures())
        assistant.ask_for(LookUpModels())
        presence.start(background=background)
        motion_switch.start()

    # When the window can be used: nobody waits for an import.
    _FirstPaint(window, then=start_engines)
    if not background:
        window.show()
    for problem in problems:
        window.handle(Notice(title=problem, hint=f"The file is {paths.settings_file}."))
    signals = QuitSignals(app.quit)  # without the question that a click on the cross may bring
    code = app.exec()
    presence.stop()
    motion_switch.close()
    instance.release()  # who starts Parley now gets a window, not this one's end
    if not assistant.stop():
        left_running(app, window, assistant)
    signals.let_go()
    if window.restarts and signals.caught is None:
        start_again()
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


def _open_folder(paths: Paths) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(paths.data)))


def _require_screen() -> None:
    on_linux = sys.platform.startswith("linux")
    has_screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if on_linux and not has_screen and not os.environ.get("QT_QPA_PLATFORM"):
        raise AssistantError(
            "There is no screen to open a window on.",
            'Try `parley ask "what time is it"` in the terminal.',
        )
