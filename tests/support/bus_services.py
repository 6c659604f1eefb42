"""Small services on a session bus, as desktops have them. Each runs in a process of its own:

    python -m tests.support.bus_services portal|notifications|tray [option...]

It prints one JSON line per call it gets, and takes words on its standard input.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    new_error,
    new_method_call,
    new_method_return,
    new_signal,
)
from jeepney.io.threading import DBusConnection, open_dbus_connection


class Service:
    """Answers calls; subclasses say to what name and how."""

    name = ""
    options: tuple[str, ...] = ()

    def __init__(self, connection: DBusConnection) -> None:
        self.connection = connection

    def emit(self, path: str, interface: str, member: str, signature: str, body: tuple) -> None:
        where = DBusAddress(path, interface=interface)
        self.connection.send(new_signal(where, member, signature, body))

    def answer(self, call: Message, signature: str = "", body: tuple = ()) -> None:
        self.connection.send(new_method_return(call, signature or None, body))

    def refuse(self, call: Message) -> None:
        error = "org.freedesktop.DBus.Error.UnknownMethod"
        self.connection.send(new_error(call, error, "s", ("nobody does that here",)))

    def called(self, call: Message, method: str, *arguments: Any) -> None:
        raise NotImplementedError

    def told(self, word: str, *more: str) -> None:
        raise NotImplementedError


class Portal(Service):
    """XDG desktop portal with GlobalShortcuts.

    Options: "old" knows no app ids, "bare" knows no shortcuts, "decline" is a user who says no,
    "none" a user who takes the key away, "hasty" answers a request before its call.
    Words: "down MS", "up MS", "close".
    """

    name = "org.freedesktop.portal.Desktop"
    path = "/org/freedesktop/portal/desktop"
    shortcuts = "org.freedesktop.portal.GlobalShortcuts"
    session = ""

    def called(self, call: Message, method: str, *arguments: Any) -> None:
        match method:
            case "Register" if "old" not in self.options:
                self.answer(call)
            case "Get" if "bare" not in self.options:
                self.answer(call, "v", (("u", 1),))
            case "CreateSession":
                token = arguments[0]["session_handle_token"][1]
                self.session = f"{self.path}/session/{self._sender(call)}/{token}"
                self._respond(call, arguments[0], 0, {"session_handle": ("s", self.session)})
            case "BindShortcuts":
                code = 1 if "decline" in self.options else 0
                bound = [
                    (name, {"trigger_description": ("s", "Press the desktop's choice")})
                    for name, _ in arguments[1]
                    if "none" not in self.options
                ]
                self._respond(call, arguments[3], code, {"shortcuts": ("a(sa{sv})", bound)})
            case "Close":
                self.answer(call)
            case _:
                self.refuse(call)

    @staticmethod
    def _sender(call: Message) -> str:
        sender: str = call.header.fields[HeaderFields.sender]
        return sender.removeprefix(":").replace(".", "_")

    def _respond(self, call: Message, options: dict, code: int, results: dict) -> None:
        path = f"{self.path}/request/{self._sender(call)}/{options['handle_token'][1]}"
        request = "org.freedesktop.portal.Request"
        if "hasty" in self.options:
            self.emit(path, request, "Response", "ua{sv}", (code, results))
        self.answer(call, "o", (path,))
        if "hasty" not in self.options:
            self.emit(path, request, "Response", "ua{sv}", (code, results))

    def told(self, word: str, *more: str) -> None:
        if word == "close":
            self.emit(self.session, "org.freedesktop.portal.Session", "Closed", "", ())
            return
        member = {"down": "Activated", "up": "Deactivated"}[word]
        body = (self.session, "talk", int(more[0]), {})
        self.emit(self.path, self.shortcuts, member, "osta{sv}", body)


class Notifications(Service):
    """The desktop's notifications. Option "markup": it reads it. Words: "click ID ACTION"."""

    name = "org.freedesktop.Notifications"
    count = 0

    def called(self, call: Message, method: str, *arguments: Any) -> None:
        match method:
            case "Notify":
                self.count += 1
                self.answer(call, "u", (arguments[1] or self.count,))
            case "GetCapabilities":
                markup = ["body-markup"] if "markup" in self.options else []
                self.answer(call, "as", (["body", "actions", *markup],))
            case "CloseNotification":
                self.answer(call)
            case _:
                self.refuse(call)

    def told(self, word: str, *more: str) -> None:
        assert word == "click"
        path, body = "/org/freedesktop/Notifications", (int(more[0]), more[1])
        self.emit(path, self.name, "ActionInvoked", "us", body)


class Tray(Service):
    """A desktop's tray: takes icons, and reports what they show. Words: "look", "activate"."""

    name = "org.kde.StatusNotifierWatcher"
    item = ("", "")

    def called(self, call: Message, method: str, *arguments: Any) -> None:
        match method:
            case "Get" if arguments[1] == "IsStatusNotifierHostRegistered":
                self.answer(call, "v", (("b", True),))
            case "Get" if arguments[1] == "ProtocolVersion":
                self.answer(call, "v", (("i", 0),))
            case "GetAll":
                everything = {
                    "IsStatusNotifierHostRegistered": ("b", True),
                    "ProtocolVersion": ("i", 0),
                    "RegisteredStatusNotifierItems": ("as", []),
                }
                self.answer(call, "a{sv}", (everything,))
            case "RegisterStatusNotifierItem":
                owner = call.header.fields[HeaderFields.sender]
                named = arguments[0].startswith((":", "org."))
                service, path = (
                    (arguments[0], "/StatusNotifierItem") if named else (owner, arguments[0])
                )
                self.item = (service, path)
                self.answer(call)
            case _:
                self.refuse(call)

    def told(self, word: str, *more: str) -> None:
        service, path = self.item
        interface = "org.kde.StatusNotifierItem"
        if word == "activate":
            address = DBusAddress(path, bus_name=service, interface=interface)
            self.connection.send(new_method_call(address, "Activate", "ii", (0, 0)))
            return
        properties = DBusAddress(
            path, bus_name=service, interface="org.freedesktop.DBus.Properties"
        )
        self.connection.send(new_method_call(properties, "GetAll", "s", (interface,)))

    def seen(self, reply: Message) -> None:
        """What the icon shows: its properties, less the pictures."""
        if reply.header.message_type == MessageType.method_return and reply.body:
            shown = reply.body[0]
            words = {
                name: value
                for name, (_, value) in shown.items()
                if "Pixmap" not in name and isinstance(value, str | list | tuple)
            }
            words["ToolTip"] = shown.get("ToolTip", ("", ()))[1][2:]
            picture = shown.get("IconPixmap", ("", []))[1]
            words["picture"] = str(hash(bytes(picture[0][2]))) if picture else ""
            print(json.dumps(["seen", words], default=str), flush=True)


KINDS: dict[str, type[Service]] = {
    "portal": Portal,
    "notifications": Notifications,
    "tray": Tray,
}


def main() -> None:
    kind, *options = sys.argv[1:]
    connection = open_dbus_connection("SESSION")
    service = KINDS[kind](connection)
    service.options = tuple(options)
    bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
    connection.send(new_method_call(bus, "RequestName", "su", (service.name, 4)))

    def obey() -> None:
        for line in sys.stdin:
            service.told(*line.split())
        os._exit(0)

    has_name = False
    while True:
        message = connection.receive()
        match message.header.message_type:
            case MessageType.method_return if not has_name:
                has_name = True
                print(json.dumps("ready"), flush=True)
                threading.Thread(target=obey, daemon=True).start()
            case MessageType.method_call:
                method = message.header.fields[HeaderFields.member]
                print(json.dumps([method, *message.body], default=str), flush=True)
                service.called(message, method, *message.body)
            case MessageType.method_return if isinstance(service, Tray):
                service.seen(message)


if __name__ == "__main__":
    main()
