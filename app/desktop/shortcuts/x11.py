"""The shortcut under X11: a grab of one combination, which nobody else hears then.

A grab and no listening to all keys: Parley is told of nothing but this combination.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, QSocketNotifier

from app.desktop.shortcuts.backend import Backend, Standing
from app.desktop.shortcuts.combination import Combination

log = logging.getLogger(__name__)

translate = QCoreApplication.translate

LOCK_KEYS = ("Num_Lock", "Scroll_Lock")
"""Their lights must not matter, nor Caps Lock's, which has a bit of its own."""


class X11Shortcut(Backend):
    """Owns a connection to the X server of its own, read when its socket has something."""

    name = "x11"

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._display: Any = None
        self._notifier: QSocketNotifier | None = None
        self._combination: Combination | None = None
        self._keycode = 0
        self._waiting: deque[Any] = deque()
        """Events that were looked at and belong to what comes next."""
        self._taken: tuple[int, list[int]] = (0, [])
        """What is grabbed: the keycode, and the modifiers it is grabbed with."""

    def start(self, combination: Combination) -> None:
        self.stop()
        self._combination = combination
        try:
            from Xlib import display
        except ImportError as exc:
            self.stands.emit(Standing(works=False, why=_not_installed(), detail=str(exc)))
            return
        try:
            self._display = display.Display()
        except _failures() as exc:
            self.stands.emit(Standing(works=False, why=_no_server(), detail=_line(exc)))
            return
        why = self._grab()
        if why:
            self.stop()
            self.stands.emit(Standing(works=False, why=why))
            return
        self._notifier = QSocketNotifier(self._display.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_readable)
        self.stands.emit(Standing(works=True))
        self._on_readable()  # what came while the grab was made

    def stop(self) -> None:
        if self._notifier is not None:
            self._notifier.setEnabled(False)
            self._notifier.deleteLater()
            self._notifier = None
        display, self._display = self._display, None
        self._waiting.clear()
        if display is not None:
            try:
                display.close()  # which ends its grabs
            except _failures() as exc:
                log.info("the X server is gone: %s", exc)
        self._up()

    def _grab(self) -> str:
        """Take the combination; says why when it cannot."""
        from Xlib import XK, X, error

        assert self._combination is not None
        keysym = XK.string_to_keysym(self._combination.keysym)
        self._keycode = self._display.keysym_to_keycode(keysym) if keysym else 0
        if not self._keycode:
            return translate("Shortcuts", "This keyboard has no such key. Choose another one.")
        taken = error.CatchError(error.BadAccess)
        root = self._display.screen().root
        masks = self._masks()
        self._taken = (self._keycode, masks)
        for mask in masks:
            root.grab_key(
                self._keycode, mask, False, X.GrabModeAsync, X.GrabModeAsync, onerror=taken
            )
        self._display.sync()
        if taken.get_error():
            return translate(
                "Shortcuts", "Another program has these keys. Choose others, or quit that program."
            )
        return ""

    def _masks(self) -> list[int]:
        """The modifiers, with every state of the keys whose lights must not matter."""
        from Xlib import XK, X

        assert self._combination is not None
        bits = {"Ctrl": X.ControlMask, "Shift": X.ShiftMask, "Alt": X.Mod1Mask, "Meta": X.Mod4Mask}
        wanted = 0
        for modifier in self._combination.modifiers:
            wanted |= bits[modifier]
        locks = [X.LockMask]
        mapping = self._display.get_modifier_mapping()
        for name in LOCK_KEYS:
            keycode = self._display.keysym_to_keycode(XK.string_to_keysym(name))
            locks += [1 << row for row, codes in enumerate(mapping) if keycode and keycode in codes]
        masks = {wanted}
        for lock in locks:
            masks |= {mask | lock for mask in masks}
        return sorted(masks)

    def _on_readable(self) -> None:
        from Xlib import X

        try:
            while self._display is not None and (event := self._next()) is not None:
                if event.type == X.MappingNotify:
                    self._keyboard_changed(event)
                elif event.type == X.KeyPress and event.detail == self._keycode:
                    self._down()
                elif event.type == X.KeyRelease and event.detail == self._keycode:
                    self._came_up(event)
        except _failures() as exc:
            log.info("lost the X server: %s", exc)
            self.stop()
            self.stands.emit(Standing(works=False, why=_no_server(), detail=_line(exc)))

    def _next(self) -> Any:
        if self._waiting:
            return self._waiting.popleft()
        return self._display.next_event() if self._display.pending_events() else None

    def _came_up(self, event: Any) -> None:
        """Believe a release unless the server made it up: while a key is held, there is one before
        every repeat, stamped like it."""
        from Xlib import X

        keys = self._display.query_keymap()
        if keys[self._keycode // 8] >> self._keycode % 8 & 1:
            return
        following = self._next()  # the answer came after whatever was sent before it
        if following is not None:
            is_repeat = following.type == X.KeyPress and following.detail == self._keycode
            if is_repeat and following.time == event.time:
                return
            self._waiting.appendleft(following)
        self._up()

    def _keyboard_changed(self, event: Any) -> None:
        """Another layout may have the key elsewhere."""
        from Xlib import XK, X

        self._display.refresh_keyboard_mapping(event)
        assert self._combination is not None
        keysym = XK.string_to_keysym(self._combination.keysym)
        if (self._display.keysym_to_keycode(keysym), self._masks()) == self._taken:
            return  # and a key that is held stays held
        self._display.screen().root.ungrab_key(X.AnyKey, X.AnyModifier)
        self._up()
        why = self._grab()
        self.stands.emit(Standing(works=not why, why=why))


def _failures() -> tuple[type[Exception], ...]:
    """What Xlib raises when the server cannot be reached any more, or never could."""
    from Xlib import error

    return (OSError, error.ConnectionClosedError, error.DisplayError, error.XError)


def _line(exc: Exception) -> str:
    """What the server said, one line."""
    return " ".join(f"{type(exc).__name__}: {exc}".split())


def _not_installed() -> str:
    return translate(
        "Shortcuts", "The library python-xlib is missing. Install Parley's requirements again."
    )


def _no_server() -> str:
    return translate("Shortcuts", "The screen's X server does not answer.")
