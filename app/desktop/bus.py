"""The session's D-Bus: calls out, answers and signals in, never waiting in the GUI thread.

Through jeepney, because Qt's own D-Bus classes cannot write most signatures from Python.
"""

from __future__ import annotations

import itertools
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

log = logging.getLogger(__name__)

ADDRESS = "DBUS_SESSION_BUS_ADDRESS"

ANSWER_S = 15.0
"""How long an answer may take. A service that is started for the call takes a second or two."""

LEAVE_S = 1.0
"""How long the reading thread may take to end; it waits for nothing but its connection."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call."""

    body: tuple[Any, ...] = ()
    error: str = ""
    """The error's name and text; empty when the call was answered."""


@dataclass(frozen=True, slots=True)
class BusSignal:
    """A signal that somebody on the bus emitted."""

    path: str
    interface: str
    member: str
    body: tuple[Any, ...]


Then = Callable[[Answer], None]


class Bus(QObject):
    """One connection. Lives in the GUI thread; a thread of its own reads and hands on.

    Signals:
        heard: a `BusSignal` of those that were asked for with `listen`.
        lost: the bus has gone; nothing will ever be answered.
    """

    heard = Signal(object)
    lost = Signal()
    _read = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        """
        Raises:
            OSError: there is no bus, or it does not answer.
        """
        super().__init__(parent)
        self._connection = _connect()
        self._serial = itertools.count(1000)
        self._pending: dict[int, tuple[Then, QTimer]] = {}
        self._read.connect(self._on_read)
        self._thread = threading.Thread(target=self._reading, name="d-bus", daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """The connection's unique name, such as ":1.42"."""
        return str(self._connection.unique_name)

    def call(
        self,
        service: str,
        path: str,
        interface: str,
        method: str,
        signature: str = "",
        body: tuple[Any, ...] = (),
        *,
        then: Then | None = None,
        within_s: float = ANSWER_S,
    ) -> None:
        """Call a method.

        Args:
            then: gets the answer, later and in this thread; also when there is none in time.
        """
        from jeepney import DBusAddress, new_method_call

        address = DBusAddress(path, bus_name=service, interface=interface)
        message = new_method_call(address, method, signature or None, body)
        serial = next(self._serial)
        if then is not None:
            timer = QTimer(self)
            timer.setSingleShot(True)
            timer.timeout.connect(lambda: self._answer(serial, Answer(error="no answer in time")))
            timer.start(round(within_s * 1000))
            self._pending[serial] = (then, timer)
        try:
            self._connection.send(message, serial=serial)
        except OSError as exc:
            log.info("the session bus is gone (%s)", exc)
            gone = Answer(error=str(exc))
            QTimer.singleShot(0, self, lambda: self._answer(serial, gone))

    def listen(self, interface: str, *, path: str = "", member: str = "") -> None:
        """Hear of these signals from now on, whoever emits them."""
        rule = f"type='signal',interface='{interface}'"
        if path:
            rule += f",path='{path}'"
        if member:
            rule += f",member='{member}'"
        self.call(*_DRIVER, "AddMatch", "s", (rule,))

    def close(self) -> None:
        """No more calls; what was asked is not answered any more."""
        for _, timer in self._pending.values():
            timer.stop()
        self._pending.clear()
        self._connection.interrupt()
        self._thread.join(LEAVE_S)
        self._connection.close()

    def _reading(self) -> None:
        from jeepney.io.threading import ReceiveStopped

        while True:
            try:
                message = self._connection.receive()
            except ReceiveStopped:
                return
            except (OSError, EOFError, ValueError) as exc:
                # ValueError: bytes that are no message; nothing after them can be read
                log.info("the session bus is gone (%s)", exc)
                self._read.emit(None)
                return
            self._read.emit(message)

    @Slot(object)
    def _on_read(self, message: Any) -> None:
        from jeepney import HeaderFields, MessageType

        if message is None:
            for serial in list(self._pending):
                self._answer(serial, Answer(error="the session bus is gone"))
            self.lost.emit()
            return
        fields: Mapping[Any, Any] = message.header.fields
        serial = fields.get(HeaderFields.reply_serial, 0)
        match message.header.message_type:
            case MessageType.signal:
                self.heard.emit(
                    BusSignal(
                        path=fields.get(HeaderFields.path, ""),
                        interface=fields.get(HeaderFields.interface, ""),
                        member=fields.get(HeaderFields.member, ""),
                        body=message.body,
                    )
                )
            case MessageType.method_return:
                self._answer(serial, Answer(body=message.body))
            case MessageType.error:
                name = fields.get(HeaderFields.error_name, "")
                said = message.body[0] if message.body else ""
                self._answer(serial, Answer(error=f"{name}: {said}"))

    def _answer(self, serial: int, answer: Answer) -> None:
        then, timer = self._pending.pop(serial, (None, None))
        if timer is not None:
            timer.stop()
            timer.deleteLater()
        if then is not None:
            then(answer)


_DRIVER = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")


def has_bus(environment: Mapping[str, str]) -> bool:
    """Whether there is a session bus to connect to."""
    return sys.platform.startswith("linux") and bool(_address(environment))


def _address(environment: Mapping[str, str]) -> str:
    if environment.get(ADDRESS):
        return environment[ADDRESS]
    usual = Path(environment.get("XDG_RUNTIME_DIR") or "/nowhere") / "bus"
    return f"unix:path={usual}" if usual.exists() else ""


def _connect() -> Any:
    from jeepney.io.threading import open_dbus_connection

    address = _address(os.environ)
    if not address:
        raise OSError("there is no session bus")
    try:
        return open_dbus_connection(address)
    except OSError:
        raise
    except Exception as exc:
        # what answers nonsense is no bus, whatever it is
        raise OSError(f"the session bus does not answer ({exc})") from exc
