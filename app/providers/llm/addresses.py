"""Servers' addresses: whether one can be used, and whether it is this computer."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from typing import TypedDict
from urllib.parse import urlsplit


class HttpOptions(TypedDict):
    """Arguments of an httpx client that follow from the address."""

    trust_env: bool
    follow_redirects: bool
    verify: bool | ssl.SSLContext


def http_options(url: str) -> HttpOptions:
    """How a client for `url` is to be made.

    Words for this computer never take the way through a proxy, whatever the environment says.
    A client for plain http gets a TLS context that trusts nobody: reading the certificates of
    all authorities takes 24 ms, and would serve only a redirect that we do not want.
    """
    plain = url.startswith("http://")
    return {
        "trust_env": not on_this_computer(url),
        # a server on this computer could send the question to another one
        "follow_redirects": False,
        "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else True,
    }


def is_usable(url: str) -> bool:
    """Whether `url` is an http(s) address with a host and a port that can exist."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises when it is no port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def on_this_computer(url: str) -> bool:
    """Whether requests to `url` stay on this computer.

    Names other than localhost are never looked up: what a name server says today is no
    promise about tomorrow, and asking would itself be a packet that leaves.
    """
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return address.is_loopback or address.is_unspecified or _is_own(address)


def _is_own(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether a network interface of this computer has the address.

    Only an own address can be bound, and binding sends nothing.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.bind((str(address), 0))
    except OSError:
        return False
    return True
