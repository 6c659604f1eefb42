"""Which ways to listen for the shortcut there are here, the best first, and which one does."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QCoreApplication, QObject, Signal, Slot

from app.core.desktop_events import ShortcutChanged
from app.desktop.bus import has_bus
from app.desktop.shortcuts import evdev
from app.desktop.shortcuts.backend import Backend, Standing
from app.desktop.shortcuts.combination import Combination, parse
from app.desktop.shortcuts.evdev import EvdevShortcut
from app.desktop.shortcuts.portal import PortalShortcut
from app.desktop.shortcuts.x11 import X11Shortcut

log = logging.getLogger(__name__)

translate = QCoreApplication.translate

By = Literal["auto", "portal", "x11", "evdev"]


@dataclass(frozen=True, slots=True)
class Way:
    """A way to listen, as it stands on this computer before it was tried."""

    name: str
    make: Callable[[QObject], Backend] | None
    """None for the command, for which the desktop itself listens."""
    can_hold: bool
    """Whether a release is told of, as far as is known before."""
    why_not: str = ""
    """Why it cannot be used here; empty when it can be tried."""
    permission: str = ""
    """What has to be allowed for it, and what that means."""
    is_offered: bool = True
    """False when it is used only if the user chose it by name."""


def ways(environment: Mapping[str, str], platform: str = sys.platform) -> list[Way]:
    """Every way, the best for this desktop first."""
    command = Way(
        "command",
        None,
        can_hold=False,
        permission=translate(
            "Shortcuts",
            "In the desktop's keyboard settings, give a key to the command: parley toggle. Where "
            "the desktop can run a command when the key goes down and another when it comes up, "
            "use parley press and parley release.",
        ),
    )
    if not platform.startswith("linux"):
        from app.desktop.shortcuts.system import SystemShortcut, permission

        own = Way("system", SystemShortcut, can_hold=True, permission=permission())
        return [own, command]
    portal = Way(
        "portal",
        PortalShortcut,
        can_hold=True,
        why_not="" if has_bus(environment) else _no_bus(),
        permission=translate("Shortcuts", "The desktop asks once whether Parley may have the key."),
    )
    x11 = Way("x11", X11Shortcut, can_hold=True, why_not=_no_x11(environment))
    keyboards = Way(
        "evdev",
        EvdevShortcut,
        can_hold=True,
        why_not=evdev.obstacle(),
        permission=translate(
            "Shortcuts",
            "Your account must be in the group “input”. Every program of yours can read every "
            "key then.",
        ),
        is_offered=False,
    )
    first = [x11, portal] if not x11.why_not else [portal, x11]
    return [*first, keyboards, command]


class GlobalShortcut(QObject):
    """The talk key of the whole desktop, whoever listens for it. GUI thread.

    Signals:
        pressed, released: it went down, it came up.
        toggled: it was pressed, and nobody can tell when it comes up.
        changed: `ShortcutChanged`, whenever what it can do is different.
    """

    pressed = Signal()
    released = Signal()
    toggled = Signal()
    changed = Signal(object)

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        list_ways: Callable[[], list[Way]] = lambda: ways(os.environ),
    ) -> None:
        """
        Args:
            list_ways: what there is here, asked anew for every shortcut.
        """
        super().__init__(parent)
        self._list_ways = list_ways
        self._shortcut = ""
        self._combination: Combination | None = None
        self._left: list[Way] = []
        """Those that are tried when this one does not work."""
        self._way: Way | None = None
        self._backend: Backend | None = None
        self._can_hold = True
        self._troubles: list[str] = []
        self._listed: list[Way] = []
        """What there was to choose from."""
        self._obstacles: dict[str, str] = {}
        """Why each of them that was looked at does not work, in the words of the system."""

    def use(self, shortcut: str, by: By = "auto") -> None:
        """Listen for this from now on; empty for nothing.

        Args:
            shortcut: as Qt writes keys ("Ctrl+Alt+Space").
            by: who listens; auto takes the best that works here.
        """
        self._drop()
        self._shortcut = shortcut
        self._troubles = []
        self._left = []
        self._listed, self._obstacles = [], {}
        if not shortcut:
            self._tell(works=False)
            return
        self._combination = parse(shortcut)
        if self._combination is None:
            self._tell(works=False, why=translate("Shortcuts", "There is no such key."))
            return
        listed = self._listed = [way for way in self._list_ways() if way.make is not None]
        if by == "auto":
            self._left = [way for way in listed if way.is_offered]
        else:
            self._left = [way for way in listed if way.name == by]
            if not self._left:
                self._troubles = [translate("Shortcuts", "This system has no such way to listen.")]
        self._try_next()

    def stop(self) -> None:
        """Listen no more."""
        self._left = []
        self._drop()

    def _try_next(self) -> None:
        self._drop()
        while self._left:
            way = self._left.pop(0)
            if way.why_not:
                self._note(way, way.why_not, way.why_not)
                continue
            assert way.make is not None
            assert self._combination is not None
            self._way, self._can_hold = way, way.can_hold
            backend = self._backend = way.make(self)
            backend.pressed.connect(self._on_pressed)
            backend.released.connect(self._on_released)
            backend.stands.connect(self._on_stands)
            backend.start(self._combination)
            return
        self._tell(works=False, why=" ".join(self._troubles[:1]))

    def _drop(self) -> None:
        backend, self._backend = self._backend, None
        self._way = None
        if backend is not None:
            backend.stop()
            backend.disconnect(self)
            backend.deleteLater()

    @Slot()
    def _on_pressed(self) -> None:
        (self.pressed if self._can_hold else self.toggled).emit()

    @Slot()
    def _on_released(self) -> None:
        if self._can_hold:
            self.released.emit()

    @Slot(object)
    def _on_stands(self, standing: Standing) -> None:
        if self.sender() is not self._backend or self._way is None:
            return
        if standing.works:
            self._can_hold = standing.can_hold
            self._tell(works=True, shortcut=standing.shortcut)
            return
        self._note(self._way, standing.why, standing.detail or standing.why)
        if self._left:
            self._try_next()
        else:
            # It is kept: a portal that comes back says so.
            self._tell(works=False, why=self._troubles[0])

    def _note(self, way: Way, why: str, detail: str) -> None:
        """It does not work: for the user, and for the log and the report."""
        log.info("no shortcut by %s: %s", way.name, detail)
        self._troubles.append(why)
        self._obstacles[way.name] = detail

    def _tell(self, *, works: bool, shortcut: str = "", why: str = "") -> None:
        by = self._way.name if self._way else ""
        if works:
            log.info("the shortcut is listened for by %s", by)
        self.changed.emit(
            ShortcutChanged(
                by=by,
                shortcut=shortcut or self._shortcut,
                can_hold=works and self._can_hold,
                works=works,
                why=why,
                others=tuple(
                    (way.name, self._why_not(way))
                    for way in self._listed
                    if way.name != by or not works
                ),
            )
        )

    def _why_not(self, way: Way) -> str:
        if way.name in self._obstacles:
            return self._obstacles[way.name]
        if way.why_not:
            return way.why_not
        return "not tried" if way.is_offered else "only when it is chosen by name"


def _no_bus() -> str:
    return translate(
        "Shortcuts", "There is no session bus (D-Bus), which the desktop's portal needs."
    )


def _no_x11(environment: Mapping[str, str]) -> str:
    """X11 programs under Wayland hear keys only while such a program is in front."""
    if environment.get("WAYLAND_DISPLAY") or environment.get("XDG_SESSION_TYPE") == "wayland":
        return translate("Shortcuts", "This desktop runs on Wayland, where X11 hears no such keys.")
    if not environment.get("DISPLAY"):
        return translate("Shortcuts", "There is no X11 screen.")
    return ""
