"""Addresses of servers, made fit to be shown."""

from __future__ import annotations

import re

_LOGIN = re.compile(r"(?<=://)[^\s/?#@]+@")


def shown_url(url: str) -> str:
    """The address for messages and logs: no name, no password, no query.

    An address that can be read in two ways, because there is an @ behind its first slash, is
    not shown at all: the slash may be part of a password.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "", url
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in rest[len(authority) :]:
        return f"{scheme}{separator}…"
    host = authority.rpartition("@")[2]
    path = re.split(r"[?#]", rest[len(authority) :], maxsplit=1)[0]
    return f"{scheme}{separator}{host}{path}"


def without_logins(text: str) -> str:
    """A text of any kind, names and passwords taken out of the addresses in it."""
    return _LOGIN.sub("", text)
