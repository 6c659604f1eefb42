"""Runs Parley with every attempt to reach another computer refused and written down.

    python -m tests.support.network_guard LOG main.py's arguments

Python reports each connect, look-up of a name and datagram to its audit hooks before it happens,
whichever library asks. LOG gets a line for each that is not for this computer.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from pathlib import Path
from typing import Any

LOCAL_NAMES = {"localhost", "", None}


def _is_here(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    if host in LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def guard(log: Path) -> None:
    """For the rest of this process."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        match event:
            case "socket.connect" | "socket.sendto" | "socket.sendmsg":
                address = arguments[1]
                inet = arguments[0].family in (socket.AF_INET, socket.AF_INET6)
                host = address[0] if inet and address else None
            case "socket.getaddrinfo" | "socket.gethostbyname":
                host = arguments[0]
            case _:
                return
        if not _is_here(host):
            with log.open("a") as file:
                file.write(f"{event} {host}\n")
            raise OSError(f"the guard keeps {host} from being reached")

    sys.addaudithook(hook)


if __name__ == "__main__":
    guard(Path(sys.argv[1]))
    from app.commandline import main

    sys.exit(main(sys.argv[2:]))
