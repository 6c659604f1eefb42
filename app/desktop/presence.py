"""Parley outside its window: one object that owns all of it, follows events and settings."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from pydantic import ValidationError
from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication, QWidget

from app.core.desktop_events import ShortcutChanged
from app.core.events import ChangeSetting, Event, Notice, SettingChanged, SettingValue
from app.desktop.backends import GlobalShortcut
from app.desktop.login_item import BACKGROUND, LoginItem, login_item, own_command
from app.desktop.notifications import Notifications
from app.desktop.overlay import Overlay
from app.desktop.tray import WAIT_S, Tray
from app.errors import AssistantError
from app.settings import DesktopSettings

log = logging.getLogger(__name__)

BRANCH = "desktop."
START_AT_LOGIN = "desktop.start_at_login"

AT_LOGIN_S = 30.0
"""How long a desktop that is just starting may take to have a tray."""

SAID_AFTER_MS = 500
"""After the window was closed."""


class Presence(QObject):
    """Tray, notifications, shortcut, start at login and overlay. Lives in the GUI thread.

    Signals:
        pressed, released, toggled: the shortcut of the whole desktop, or the tray's menu.
        show_wanted: the window shall come to the front.
        quit_wanted: Parley shall end.
        listening_dropped: the user dropped the utterance (a reason, str).
        intent: what else the user wants (`app.core.events.Intent`).
        happened: what the window is to know (`ShortcutChanged`, `Notice`).
    """

    pressed = Signal()
    released = Signal()
    toggled = Signal()
    show_wanted = Signal()
    quit_wanted = Signal()
    listening_dropped = Signal(str)
    intent = Signal(object)
    happened = Signal(object)

    def __init__(
        self,
        settings: DesktopSettings,
        window: QWidget,
        *,
        overlay: Overlay | None = None,
        shortcut: GlobalShortcut | None = None,
        at_login: LoginItem | None = None,
        command: Sequence[str] = (),
    ) -> None:
        """
        Args:
            window: the window that comes to the front; its closing is watched.
            overlay: the small panel; None for none.
            shortcut, at_login: replaced by tests.
            command: starts this Parley; empty for what started it now.
        """
        super().__init__()
        self._settings = settings
        self._window = window
        self._started = False
        self._said_hidden = False
        self.overlay = overlay
        self.tray = Tray(self, is_seen=window.isActiveWindow)
        self.shortcut = shortcut or GlobalShortcut(self)
        self.notifications = Notifications(
            is_seen=window.isActiveWindow,
            is_hidden=self._is_hidden,
            fallback=self._say_in_tray,
            parent=self,
        )
        self._at_login = at_login or login_item([*(command or own_command()), BACKGROUND])
        self._standing: ShortcutChanged | None = None
        self._hidden_since = QTimer(self)
        self._hidden_since.setSingleShot(True)
        self._hidden_since.setInterval(SAID_AFTER_MS)
        self._hidden_since.timeout.connect(self._say_hidden)
        self._connect()
        window.installEventFilter(self)

    def _connect(self) -> None:
        self.tray.settled.connect(self._follow_closing)
        self.tray.show_wanted.connect(self.show_wanted)
        self.tray.talk_toggled.connect(self.toggled)
        self.tray.quit_wanted.connect(self.quit_wanted)
        self.tray.intent.connect(self.intent)
        self.notifications.show_wanted.connect(self.show_wanted)
        self.shortcut.pressed.connect(self.pressed)
        self.shortcut.released.connect(self.released)
        self.shortcut.toggled.connect(self.toggled)
        self.shortcut.changed.connect(self._on_shortcut)
        if self.overlay is not None:
            self.overlay.window_wanted.connect(self.show_wanted)
            self.overlay.intent.connect(self.intent)
            self.overlay.listening_dropped.connect(self.listening_dropped)

    def start(self, *, background: bool = False) -> None:
        """Appear, and listen for the shortcut: once the window can be used.

        Args:
            background: the window is not shown; it is asked for (`show_wanted`) when no tray
                could bring it back.
        """
        if self._started:
            return
        self._started = True
        if background:
            self.tray.settled.connect(self._show_without_tray)
        self.tray.show(self._settings.tray, wait_s=AT_LOGIN_S if background else WAIT_S)
        self.notifications.enable(self._settings.notifications)
        if self.overlay is not None:
            self.overlay.enabled = self._settings.overlay
            self.overlay.window_active = self._window.isActiveWindow()
        self._use_shortcut()
        self._look_at_login()
        self._follow_closing()

    def stop(self) -> None:
        """Disappear, and let go of the shortcut."""
        self._window.removeEventFilter(self)
        self._hidden_since.stop()
        self.shortcut.stop()
        self.notifications.close()
        self.tray.close()
        if self.overlay is not None:
            self.overlay.close()

    @property
    def can_hide(self) -> bool:
        """Whether the window can be closed and come back by a click."""
        return self.tray.available

    @Slot()
    def put_window_away(self) -> None:
        """Hide it where a click on the tray brings it back; elsewhere it stays."""
        if self.can_hide:
            self._window.hide()
            self._hidden_since.start()

    # --- events and settings in -----------------------------------------------------------------

    @Slot(object)
    def handle(self, event: Event) -> None:
        """Take any event of the app, and the window's intents. Cheap."""
        match event:
            case ChangeSetting(name=name, value=value) | SettingChanged(name=name, value=value):
                self.apply(name, value)
        self.tray.handle(event)
        self.notifications.handle(event)
        if self.overlay is not None:
            self.overlay.handle(event)

    @Slot(str, object)
    def apply(self, name: str, value: SettingValue) -> None:
        """A setting is this now; those of others are left alone."""
        if not name.startswith(BRANCH):
            if name == "appearance.face" and self.overlay is not None:
                self.overlay.show_face(bool(value))
            return
        before = self._settings
        key = name.removeprefix(BRANCH)
        try:
            after = DesktopSettings.model_validate({**before.model_dump(), key: value})
        except ValidationError:
            log.info("%s cannot be %r", name, value)  # whoever writes it says so
            return
        if after == before:
            return
        self._settings = after
        if self._started:
            self._act_on(key)

    def _act_on(self, key: str) -> None:
        settings = self._settings
        match key:
            case "shortcut" | "shortcut_by":
                self._use_shortcut()
            case "tray":
                self.tray.show(settings.tray)
            case "notifications":
                self.notifications.enable(settings.notifications)
            case "overlay" if self.overlay is not None:
                self.overlay.enabled = settings.overlay
            case "start_at_login":
                self._switch_login(settings.start_at_login)
        if key in ("tray", "close_to_tray"):
            self._follow_closing()
            if settings.close_to_tray and not self.can_hide:
                self._say_no_tray()

    # --- shortcut -------------------------------------------------------------------------------

    def _use_shortcut(self) -> None:
        self.shortcut.use(self._settings.shortcut, self._settings.shortcut_by)

    @Slot(object)
    def _on_shortcut(self, news: ShortcutChanged) -> None:
        before, self._standing = self._standing, news
        self.happened.emit(news)
        if news.why and (before is None or before.why != news.why):
            title = self.tr("The shortcut %1 does not work.").replace("%1", news.shortcut)
            self.happened.emit(Notice(title=title, hint=news.why))

    # --- start at login -------------------------------------------------------------------------

    def _look_at_login(self) -> None:
        """Make the system agree with the settings; its own switch wins, since it is later."""
        if not self._settings.start_at_login:
            return
        if self._at_login.is_on() is None:
            self._tell_login(False)
        else:
            self._switch_login(True)  # written anew: Parley may have moved

    def _switch_login(self, on: bool) -> None:
        try:
            self._at_login.switch(on)
        except AssistantError as exc:
            self.happened.emit(Notice(title=exc.title, hint=exc.hint))
            self._tell_login(self._at_login.is_on() is True)

    def _tell_login(self, on: bool) -> None:
        """Say how it is where the settings say otherwise."""
        if on != self._settings.start_at_login:
            self._settings = self._settings.model_copy(update={"start_at_login": on})
            self.intent.emit(ChangeSetting(name=START_AT_LOGIN, value=on))

    # --- the window -----------------------------------------------------------------------------

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Watch the window come, go and close."""
        match event.type():
            case QEvent.Type.WindowActivate | QEvent.Type.WindowDeactivate:
                active = event.type() == QEvent.Type.WindowActivate
                if active:
                    self.tray.look()
                if self.overlay is not None:
                    self.overlay.window_active = active
            case QEvent.Type.Close:
                self._follow_closing()
                # By then it has ended, when it was to end.
                self._hidden_since.start()
        return False

    def _is_hidden(self) -> bool:
        window = self._window
        return not window.isVisible() or bool(window.windowState() & Qt.WindowState.WindowMinimized)

    @Slot()
    def _follow_closing(self) -> None:
        """Without a tray nothing could bring a closed window back, so Parley ends with it."""
        stays = self._settings.close_to_tray and self.can_hide
        QApplication.setQuitOnLastWindowClosed(not stays)

    @Slot()
    def _show_without_tray(self) -> None:
        self.tray.settled.disconnect(self._show_without_tray)
        if not self.can_hide and not self._window.isVisible():
            self.show_wanted.emit()

    @Slot()
    def _say_hidden(self) -> None:
        """Once, so that nobody thinks it has ended."""
        if self._said_hidden or not self._is_hidden() or not self.can_hide:
            return
        self._said_hidden = True
        if self._settings.notifications:
            self.tray.say(
                self.tr("Parley is still there"),
                self.tr("Its icon is in the tray. Choose “Quit” there to end it."),
            )

    def _say_no_tray(self) -> None:
        self.happened.emit(
            Notice(
                title=self.tr("There is no tray icon to bring the window back."),
                hint=self.tr("Closing the window ends Parley, as before.")
                if self._settings.tray
                else self.tr("Switch the tray icon on, too."),
                level="info",
            )
        )

    def _say_in_tray(self, title: str, text: str) -> None:
        if self.tray.available:
            self.tray.say(title, text)
