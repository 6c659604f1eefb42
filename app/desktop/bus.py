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

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance, Slot

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
    """One connection. Lives in the GUI thread; a thread of its own connects, reads and hands on.

    What is asked before the connection stands waits for it. A bus that cannot be had is lost.

    Signals:
        heard: a `BusSignal` of those that were asked for with `listen`.
        lost: the bus has gone, or does not answer; nothing will ever be answered.
    """

    heard = Signal(object)
    lost = Signal()
    _connected = Signal(object)
    _read = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        """
        Raises:
            OSError: there is no bus.
        """
        super().__init__(parent)
        address = _address(os.environ)
        if not address:
            raise OSError("there is no session bus")
        self._connection: Any = None
        """What calls go out through; None until `_on_connected`."""
        self._is_lost = False
        self._waiting: list[tuple[int, Any]] = []
        """Serials and messages that were to be sent before."""
        self._serial = itertools.count(1000)
        self._pending: dict[int, tuple[Then, QTimer]] = {}
        self._lock = threading.Lock()  # for the two that both threads use
        self._opened: Any = None
        self._is_closed = False
        self._connected.connect(self._on_connected)
        self._read.connect(self._on_read)
        self._thread = threading.Thread(
            target=self._reading, args=(address,), name="d-bus", daemon=True
        )
        self._thread.start()

    @property
    def name(self) -> str:
        """The connection's unique name, such as ":1.42"; empty before anything was answered."""
        return str(self._connection.unique_name) if self._connection is not None else ""

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
        if self._is_lost:
            self._fail(serial, _GONE)
        elif self._connection is None:
            self._waiting.append((serial, message))
        else:
            self._send(serial, message)

    def _send(self, serial: int, message: Any) -> None:
        try:
            self._connection.send(message, serial=serial)
        except OSError as exc:
            log.info("the session bus is gone (%s)", exc)
            self._fail(serial, str(exc))

    def _fail(self, serial: int, why: str) -> None:
        """Answered later, as every call."""
        gone = Answer(error=why)
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
        self._waiting.clear()
        with self._lock:
            self._is_closed, opened = True, self._opened
        if opened is None:
            return  # a thread that connects still is left behind
        opened.interrupt()
        self._thread.join(LEAVE_S)
        opened.close()

    def _reading(self, address: str) -> None:
        from jeepney.io.threading import ReceiveStopped

        try:
            connection = _connect(address)
        except OSError as exc:
            log.info("the session bus cannot be had (%s)", exc)
            self._hand_on(self._read, None)
            return
        with self._lock:
            is_closed = self._is_closed
            if not is_closed:
                self._opened = connection
        if is_closed:
            connection.close()
            return
        self._hand_on(self._connected, connection)
        while True:
            try:
                message = connection.receive()
            except ReceiveStopped:
                return
            except (OSError, EOFError, ValueError) as exc:
                # ValueError: bytes that are no message; nothing after them can be read
                log.info("the session bus is gone (%s)", exc)
                self._hand_on(self._read, None)
                return
            self._hand_on(self._read, message)

    def _hand_on(self, signal: SignalInstance, what: Any) -> None:
        """To the GUI thread; not when it has closed the bus, and perhaps deleted it."""
        with self._lock:
            if not self._is_closed:
                signal.emit(what)

    @Slot(object)
    def _on_connected(self, connection: Any) -> None:
        if self._is_closed:
            return
        self._connection = connection
        waiting, self._waiting = self._waiting, []
        for serial, message in waiting:
            self._send(serial, message)

    @Slot(object)
    def _on_read(self, message: Any) -> None:
        from jeepney import HeaderFields, MessageType

        if self._is_closed:
            return  # read before it was closed
        if message is None:
            self._is_lost = True
            self._waiting.clear()
            for serial in list(self._pending):
                self._answer(serial, Answer(error=_GONE))
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


_GONE = "the session bus is gone"

_DRIVER = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")


def has_bus(environment: Mapping[str, str]) -> bool:
    """Whether there is a session bus to connect to."""
    return sys.platform.startswith("linux") and bool(_address(environment))


def _address(environment: Mapping[str, str]) -> str:
    if environment.get(ADDRESS):
        return environment[ADDRESS]
    usual = Path(environment.get("XDG_RUNTIME_DIR") or "/nowhere") / "bus"
    return f"unix:path={usual}" if usual.exists() else ""


def _connect(address: str) -> Any:
    """Waits up to 11 s for a bus that does not answer. Raises OSError."""
    from jeepney.io.threading import open_dbus_connection

    try:
        return open_dbus_connection(address)
    except OSError:
        raise
    except Exception as exc:
        # what answers nonsense is no bus, whatever it is
        raise OSError(f"the session bus does not answer ({exc})") from exc
