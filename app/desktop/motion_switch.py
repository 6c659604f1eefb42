"""The desktop's switch for less motion, where Qt does not pass it on: GNOME and others tell it
through the settings portal, on X11 as under Wayland."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, Slot

from app.desktop.bus import Answer, Bus, BusSignal, has_bus
from app.ui import motion

log = logging.getLogger(__name__)

SERVICE = "org.freedesktop.portal.Desktop"
PATH = "/org/freedesktop/portal/desktop"
SETTINGS = "org.freedesktop.portal.Settings"

_STILL: Mapping[tuple[str, str], object] = {
    ("org.freedesktop.appearance", "reduced-motion"): 1,
    ("org.gnome.desktop.interface", "enable-animations"): False,
    ("org.kde.kdeglobals.KDE", "AnimationDurationFactor"): "0",
}
"""Namespace and key of each desktop's switch, and its value when nothing is to move."""


class MotionSwitch(QObject):
    """Asks once, and hears of changes. A desktop that answers nothing changes nothing. Lives in
    the GUI thread and never waits there."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bus: Bus | None = None
        self._values: dict[tuple[str, str], object] = {}

    def start(self) -> None:
        """Look, and go on looking."""
        if self._bus is not None or not has_bus(os.environ):
            return
        try:
            bus = self._bus = Bus(self)
        except OSError as exc:
            log.info("%s", exc)
            return
        bus.heard.connect(self._on_signal)
        bus.listen(SETTINGS, path=PATH, member="SettingChanged")
        namespaces = sorted({namespace for namespace, _ in _STILL})
        bus.call(SERVICE, PATH, SETTINGS, "ReadAll", "as", (namespaces,), then=self._on_all)

    def close(self) -> None:
        """Hear no more."""
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.close()

    def _on_all(self, answer: Answer) -> None:
        if answer.error:
            log.info("the desktop does not tell whether things may move (%s)", answer.error)
            return
        (told,) = answer.body
        for namespace, keys in told.items():
            for key, value in keys.items():
                self._note(namespace, key, value)
        self._follow()

    @Slot(object)
    def _on_signal(self, signal: BusSignal) -> None:
        if signal.interface == SETTINGS and signal.member == "SettingChanged":
            self._note(*signal.body)
            self._follow()

    def _note(self, namespace: str, key: str, value: tuple[str, Any]) -> None:
        """`value` is a D-Bus variant: signature and content."""
        if (namespace, key) in _STILL:
            self._values[namespace, key] = value[1]

    def _follow(self) -> None:
        still = any(self._values.get(name) == value for name, value in _STILL.items())
        motion.follow_desktop(reduced=still)
