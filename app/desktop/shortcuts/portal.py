"""The shortcut through the desktop portal (XDG GlobalShortcuts): the way under Wayland.

The desktop asks its user once which keys are to be Parley's, and may give others than wanted;
its settings are where they are changed later. Both ends of a press are told
(`Activated`, `Deactivated`), so the key can be held; desktops that tell of one end alone are
found out and said to.
"""

from __future__ import annotations

import itertools
import logging
import os
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, Slot

from app.desktop.bus import Answer, Bus, BusSignal
from app.desktop.shortcuts.backend import Backend, Standing
from app.desktop.shortcuts.combination import Combination

log = logging.getLogger(__name__)

translate = QCoreApplication.translate

APP_ID = "parley"
"""The name of the .desktop file: the desktop keeps the keys for this name."""

TALK = "talk"
"""The shortcut's name, the same at every start, so that the desktop asks once."""

SERVICE = "org.freedesktop.portal.Desktop"
PATH = "/org/freedesktop/portal/desktop"
SHORTCUTS = "org.freedesktop.portal.GlobalShortcuts"
REGISTRY = "org.freedesktop.host.portal.Registry"
REQUEST = "org.freedesktop.portal.Request"
SESSION = "org.freedesktop.portal.Session"
BUS = "org.freedesktop.DBus"

INSTANT_MS = 15
"""No finger is down for less: a desktop that tells of the end so soon knows of presses alone."""

INSTANT_PRESSES = 2
"""How many such presses in a row are believed."""

_tokens = itertools.count(1)


class PortalShortcut(Backend):
    """One session with the portal at a time."""

    name = "portal"

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bus: Bus | None = None
        self._combination: Combination | None = None
        self._session = ""
        self._request = ""
        """The request whose answer is awaited; the user may take hours to give it."""
        self._pressed_at_ms = 0
        self._instant = 0
        self._can_hold = True
        self._standing = Standing(works=False)

    def start(self, combination: Combination) -> None:
        self.stop()
        self._combination = combination
        self._can_hold, self._instant = True, 0
        try:
            bus = self._bus = Bus(self)
        except OSError as exc:
            self._stand(works=False, why=_no_portal(), detail=str(exc))
            return
        bus.heard.connect(self._on_signal)
        bus.lost.connect(self._on_lost)
        bus.listen(SHORTCUTS, path=PATH)
        bus.listen(REQUEST, member="Response")
        bus.listen(SESSION, member="Closed")
        bus.listen(BUS, member="NameOwnerChanged")
        # Before anything else is asked; portals older than 1.20 do not have it, and take the
        # name from the desktop file of the process.
        bus.call(SERVICE, PATH, REGISTRY, "Register", "sa{sv}", (APP_ID, {}), then=self._registered)

    def stop(self) -> None:
        bus, self._bus = self._bus, None
        if bus is not None:
            if self._session:
                bus.call(SERVICE, self._session, SESSION, "Close")
            bus.close()
            bus.deleteLater()
        self._session = self._request = ""
        self._up()

    # --- the way to a session -----------------------------------------------------------------

    def _registered(self, answer: Answer) -> None:
        if answer.error:
            log.info("the portal keeps no names: %s", answer.error)
        assert self._bus is not None
        self._bus.call(
            SERVICE,
            PATH,
            "org.freedesktop.DBus.Properties",
            "Get",
            "ss",
            (SHORTCUTS, "version"),
            then=self._found,
        )

    def _found(self, answer: Answer) -> None:
        if answer.error:
            self._stand(works=False, why=_no_portal(), detail=answer.error)
            return
        options = {"session_handle_token": ("s", _token())}
        self._ask("CreateSession", "a{sv}", (options,))

    def _ask(self, method: str, signature: str, body: tuple[Any, ...]) -> None:
        """Call one of the portal's methods that answer through a request of their own. The
        options are the last of the arguments."""
        assert self._bus is not None
        token = _token()
        sender = self._bus.name.removeprefix(":").replace(".", "_")
        # Known before the call is answered: the response may come first.
        path = self._request = f"{PATH}/request/{sender}/{token}"
        *before, options = body
        self._bus.call(
            SERVICE,
            PATH,
            SHORTCUTS,
            method,
            signature,
            (*before, {**options, "handle_token": ("s", token)}),
            then=lambda answer: self._asked(path, answer),
        )

    def _asked(self, path: str, answer: Answer) -> None:
        if self._request != path:
            return  # the response came before the answer
        if answer.error:
            self._request = ""
            self._stand(works=False, why=_refused(), detail=answer.error)
        elif answer.body:
            self._request = answer.body[0]  # portals older than 0.9 choose the place

    @Slot(object)
    def _on_signal(self, signal: BusSignal) -> None:
        match signal:
            case BusSignal(path=path, member="Response") if path == self._request:
                self._request = ""
                self._responded(*signal.body)
            case BusSignal(path=path, interface=interface, member="Closed") if (
                interface == SESSION and path == self._session
            ):
                self._session = ""
                self._up()
                self._stand(works=False, why=_taken_back())
            case BusSignal(interface=interface, member="NameOwnerChanged") if (
                interface == BUS and signal.body[0] == SERVICE
            ):
                self._portal_changed(is_there=bool(signal.body[2]))
            case BusSignal(interface=interface) if (
                interface == SHORTCUTS and self._session and signal.body[0] == self._session
            ):
                self._told(signal)

    def _responded(self, code: int, results: dict[str, Any]) -> None:
        if code != 0:
            why = _declined() if code == 1 else _refused()
            self._stand(works=False, why=why, detail=f"the portal's answer is {code}")
        elif "session_handle" in results:
            self._session = _plain(results["session_handle"])
            self._bind()
        else:
            self._bound(_plain(results.get("shortcuts", [])))

    def _bind(self) -> None:
        assert self._combination is not None
        talk = {
            "description": ("s", translate("Shortcuts", "Talk to Parley")),
            "preferred_trigger": ("s", self._combination.for_portal),
        }
        self._ask("BindShortcuts", "oa(sa{sv})sa{sv}", (self._session, [(TALK, talk)], "", {}))

    def _bound(self, shortcuts: list[tuple[str, dict[str, Any]]]) -> None:
        found = dict(shortcuts).get(TALK)
        if found is None:
            self._stand(works=False, why=_declined())
            return
        trigger = _plain(found.get("trigger_description", ""))
        self._stand(works=True, shortcut=trigger)

    # --- what is told of it ---------------------------------------------------------------------

    def _told(self, signal: BusSignal) -> None:
        match signal.member, signal.body:
            case "Activated", (_, str(name), int(at_ms), *_) if name == TALK:
                self._activated(at_ms)
            case "Deactivated", (_, str(name), int(at_ms), *_) if name == TALK:
                self._deactivated(at_ms)
            case "ShortcutsChanged", (_, shortcuts):
                self._bound(shortcuts)

    def _activated(self, at_ms: int) -> None:
        if self._is_down and self._can_hold:
            # Pressed twice and never let go: this desktop tells of presses alone.
            self._up()
            self._knows_presses_alone()
        self._pressed_at_ms = at_ms
        self._down()
        if not self._can_hold:
            self._up()

    def _deactivated(self, at_ms: int) -> None:
        if self._pressed_at_ms and at_ms - self._pressed_at_ms < INSTANT_MS:
            self._instant += 1
        else:
            self._instant = 0
        self._up()
        if self._instant >= INSTANT_PRESSES:
            self._knows_presses_alone()

    def _knows_presses_alone(self) -> None:
        if self._can_hold:
            log.warning("this desktop tells of presses alone: the shortcut cannot be held")
            self._can_hold = False
            self._stand(works=True, shortcut=self._standing.shortcut)

    def _portal_changed(self, *, is_there: bool) -> None:
        """The portal's process ended, or another one took its place."""
        if not is_there:
            self._session = self._request = ""
            self._up()
            if self._standing.works:
                self._stand(works=False, why=_taken_back())
        elif self._bus is None:
            return  # told before the bus was left, and read after
        elif not self._session and not self._request and self._standing.why:
            self._bus.call(
                SERVICE, PATH, REGISTRY, "Register", "sa{sv}", (APP_ID, {}), then=self._registered
            )

    @Slot()
    def _on_lost(self) -> None:
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.close()
            bus.deleteLater()
        self._session = self._request = ""
        self._up()
        self._stand(works=False, why=_no_portal())

    def _stand(self, *, works: bool, shortcut: str = "", why: str = "", detail: str = "") -> None:
        self._standing = Standing(works, shortcut, why, self._can_hold, detail)
        self.stands.emit(self._standing)


def _token() -> str:
    """Part of a path on the bus, not used twice by this process."""
    return f"parley_{os.getpid()}_{next(_tokens)}"


def _plain(value: Any) -> Any:
    """A variant arrives with its signature."""
    match value:
        case (str(), inner):
            return inner
        case _:
            return value


def _no_portal() -> str:
    return translate(
        "Shortcuts",
        "This desktop does not let programs listen for a key of the whole desktop. In its own "
        "keyboard settings, give a key to the command: parley toggle",
    )


def _declined() -> str:
    return translate(
        "Shortcuts",
        "The desktop gave Parley no key. Choose the shortcut again here, and agree when the "
        "desktop asks.",
    )


def _refused() -> str:
    return translate(
        "Shortcuts",
        "The desktop refuses the shortcut. Give a key to the command “parley toggle” in its own "
        "keyboard settings.",
    )


def _taken_back() -> str:
    return translate(
        "Shortcuts", "The desktop has ended the shortcut. Choose it again here to have it back."
    )
