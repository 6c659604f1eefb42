"""The icon in the desktop's tray: what Parley does now, and what one wants without the window."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from app.core.events import (
    ChangeSetting,
    DeviceChanged,
    Event,
    Notice,
    SettingChanged,
    StageFailed,
    State,
    StateChanged,
)
from app.core.history_events import NewConversation
from app.desktop.tray_host import TrayHost
from app.ui import icons, states
from app.ui.theme import DARK, LIGHT, Tokens
from app.ui.translation import said

LOCAL_ONLY = "llm.local_only"

WAIT_S = 5.0
"""A panel that starts anew takes a second or two."""

SAYS_FOR_MS = 10_000
"""How long a message beside the icon stays, where the desktop lets programs say so."""


class Tray(QObject):
    """The icon with its menu. Lives in the GUI thread.

    On a desktop without a tray nothing is shown and nothing fails.

    Signals:
        settled: it is known whether there is a tray (`available`); once after `show`.
        show_wanted: the window shall come to the front.
        talk_toggled: begin to talk, or end it.
        quit_wanted: Parley shall end.
        intent: what else the user wants (`app.core.events.Intent`).

    Attributes:
        menu: the icon's; the desktop draws it.
    """

    settled = Signal()
    show_wanted = Signal()
    talk_toggled = Signal()
    quit_wanted = Signal()
    intent = Signal(object)

    def __init__(
        self, parent: QObject | None = None, *, is_seen: Callable[[], bool] = lambda: False
    ) -> None:
        """
        Args:
            is_seen: whether the window has the keyboard; what it tells then needs no icon.
        """
        super().__init__(parent)
        self._is_seen = is_seen
        self._waiting = ""
        """What the window tells to somebody who has not looked yet."""
        self._state: str = State.READY
        self._has_microphone = True
        self._icon: QSystemTrayIcon | None = None
        """Made when the desktop has had its time to make a place for it."""
        self._wanted = False
        self._host = TrayHost(self)
        self._host.settled.connect(self._appear)
        self._waits = False
        self._tool_tip = ""
        self._picture = QIcon()
        self.menu = QMenu()
        self.show_action = self.menu.addAction(self.tr("Show Parley"))
        self.talk_action = self.menu.addAction("")
        self.new_action = self.menu.addAction(self.tr("New conversation"))
        self.menu.addSeparator()
        self.stay_action = self.menu.addAction(self.tr("Stay on this computer"))
        self.stay_action.setCheckable(True)
        self.menu.addSeparator()
        self.quit_action = self.menu.addAction(self.tr("Quit"))
        self.show_action.triggered.connect(self.show_wanted)
        self.talk_action.triggered.connect(self.talk_toggled)
        self.new_action.triggered.connect(self._begin_anew)
        self.stay_action.triggered.connect(self._stay)
        self.quit_action.triggered.connect(self.quit_wanted)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._dress)
        self._dress()

    @property
    def available(self) -> bool:
        """Whether the icon can be seen: it is wanted, and the desktop has a tray."""
        icon = self._icon
        return icon is not None and icon.isVisible() and QSystemTrayIcon.isSystemTrayAvailable()

    @property
    def tool_tip(self) -> str:
        """What stands beside the icon under the pointer."""
        return self._tool_tip

    @property
    def picture(self) -> QIcon:
        """The icon as it is now."""
        return self._picture

    def show(self, wanted: bool, wait_s: float = WAIT_S) -> None:
        """The setting `desktop.tray`.

        Args:
            wait_s: how long a desktop that has no tray yet may take to have one.
        """
        self._wanted = wanted
        if self._icon is not None:
            self._icon.setVisible(wanted)
            self.settled.emit()
        elif wanted and not self._waits:
            self._waits = True
            self._host.wait(wait_s)
        elif not wanted:
            self.settled.emit()

    @Slot()
    def _appear(self) -> None:
        icon = self._icon = QSystemTrayIcon(self)
        icon.setContextMenu(self.menu)
        icon.activated.connect(self._on_activated)
        icon.messageClicked.connect(self.show_wanted)
        self._dress()
        icon.setVisible(self._wanted)
        self.settled.emit()

    def say(self, title: str, text: str) -> None:
        """A message beside the icon; a click on it shows the window."""
        if self._icon is not None:
            self._icon.showMessage(title, text, icons.app_icon(), SAYS_FOR_MS)

    def close(self) -> None:
        """Take the icon away; it would stay until the pointer passes, on some systems."""
        self._host.stop()
        if self._icon is not None:
            self._icon.hide()
        self.menu.deleteLater()

    @Slot(object)
    def handle(self, event: Event) -> None:
        """Take any event of the app. Cheap."""
        match event:
            case StateChanged(state=state) if state != self._state:
                self._state = state
                self._dress()
            case DeviceChanged(kind="input", name=name):
                self._has_microphone = bool(name)
                self._dress()
            case Notice(level="warn" | "error") | StageFailed(recovered_by=""):
                if not self._is_seen():
                    self._wait_with(said(event.title))
            case ChangeSetting(name=name, value=bool(on)) if name == LOCAL_ONLY:
                self.stay_action.setChecked(on)
            case SettingChanged(name=name, value=bool(on)) if name == LOCAL_ONLY:
                self.stay_action.setChecked(on)

    def look(self) -> None:
        """Somebody looks at the window: nothing waits any more."""
        self._wait_with("")

    def _wait_with(self, words: str) -> None:
        if words != self._waiting:
            self._waiting = words
            self._dress()

    @property
    def _shown(self) -> str:
        if self._state == State.READY and (self._waiting or not self._has_microphone):
            return states.ATTENTION
        return self._state

    @Slot()
    def _dress(self) -> None:
        tokens = DARK if is_dark(os.environ) else LIGHT
        shown = self._shown
        picture = icons.tray_icon(_colour(shown, tokens), listening=shown == State.LISTENING)
        picture.setIsMask(shown == State.READY)  # macOS inks it as it does all others up there
        self._picture = picture
        self._tool_tip = self.tr("Parley – %1").replace("%1", states.word(shown))
        if self._waiting:
            self._tool_tip += f"\n{self._waiting}"
        if self._icon is not None:
            self._icon.setIcon(picture)
            self._icon.setToolTip(self._tool_tip)
        listens = shown == State.LISTENING
        self.talk_action.setText(self.tr("Stop and send") if listens else self.tr("Talk"))

    @Slot()
    def _begin_anew(self) -> None:
        self.intent.emit(NewConversation())
        self.show_wanted.emit()

    @Slot(bool)
    def _stay(self, on: bool) -> None:
        self.intent.emit(ChangeSetting(name=LOCAL_ONLY, value=on))

    @Slot(QSystemTrayIcon.ActivationReason)
    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        match reason:
            case QSystemTrayIcon.ActivationReason.Trigger:
                self.show_wanted.emit()
            case QSystemTrayIcon.ActivationReason.DoubleClick:
                self.show_wanted.emit()
            case QSystemTrayIcon.ActivationReason.MiddleClick:
                self.talk_toggled.emit()


def is_dark(environment: Mapping[str, str]) -> bool:
    """Whether the icon lies on a dark ground. GNOME's bar is dark in its light style, too."""
    if "GNOME" in environment.get("XDG_CURRENT_DESKTOP", ""):
        return True
    return QGuiApplication.styleHints().colorScheme() != Qt.ColorScheme.Light


def _colour(state: str, tokens: Tokens) -> str:
    """The mark is the colour of its neighbours until there is something to see."""
    if state == State.READY:
        return tokens.text
    return str(getattr(tokens, states.FACES[state].colour))
