"""Servers' addresses: whether one can be used, and whether it is this computer."""

from __future__ import annotations

import ipaddress
import ssl
from typing import TypedDict
from urllib.parse import unquote, urlsplit


class HttpOptions(TypedDict):
    """Arguments of an httpx client that follow from the address."""

    auth: tuple[str, str] | None
    trust_env: bool
    follow_redirects: bool
    verify: bool | ssl.SSLContext


def http_options(url: str) -> HttpOptions:
    """How a client for `url` is to be made.

    Words for this computer never take the way through a proxy, whatever the environment says.
    A client for plain http gets a TLS context that trusts nobody: reading the certificates of
    all authorities takes 24 ms, and would serve only a redirect that we do not want.

    A name and a password in `url` go into the client, so that the requests themselves, which
    libraries log and quote in exceptions, are made to an address `without_login`.
    """
    plain = url.startswith("http://")
    return {
        "auth": _login(url),
        "trust_env": not on_this_computer(url),
        # a server on this computer could send the question to another one
        "follow_redirects": False,
        "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else True,
    }


def is_usable(url: str) -> bool:
    """Whether `url` is an http(s) address with a host and a port that can exist.

    An @ behind the host means that a password with a slash in it was not percent-encoded: the
    "host" is a piece of the login, and the rest would be sent there and logged.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises when it is no port
    except ValueError:
        return False
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def host_of(url: str) -> str:
    """The name or number of the server; empty when it cannot be read."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def without_login(url: str) -> str:
    """`url` less the name and the password in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def on_this_computer(url: str) -> bool:
    """Whether requests to `url` stay on this computer, today and tomorrow.

    That is `localhost` itself, the loopback addresses, and the unspecified one (0.0.0.0), which
    connects to the loopback interface. Not names below `.localhost`: a resolver may look them
    up elsewhere. Not another address of this computer: a router may give it to somebody else
    while Parley runs. Other names are never looked up: what a name server says now is no
    promise either, and asking would itself be a packet that leaves.
    """
    host = host_of(url)
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def _login(url: str) -> tuple[str, str] | None:
    """Name and password, as written before percent encoding."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.username is None and parts.password is None:
        return None
    return unquote(parts.username or ""), unquote(parts.password or "")
