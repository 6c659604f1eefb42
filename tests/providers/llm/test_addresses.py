"""Which addresses are this computer."""

from __future__ import annotations

import socket

import pytest

from app.providers.llm.addresses import (
    http_options,
    is_usable,
    on_this_computer,
    without_login,
)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:1",
        "http://LOCALHOST/v1",
        "http://somebody:secret@localhost",
        "http://127.0.0.1:11434/v1",
        "http://127.9.9.9",
        "http://[::1]:80",
        "http://[::ffff:127.0.0.1]",
        "http://[::ffff:127.1.2.3]:1",
        "http://[::FFFF:7f00:1]",
        "http://0.0.0.0:11434",
        "http://[::]:11434",
    ],
)
def test_here(url: str) -> None:
    assert on_this_computer(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1",
        "http://192.0.2.1",
        "http://[2001:db8::1]",
        "http://localhost.example.com",
        "http://parley.localhost",
        "http://localhost.",
        "http://.localhost",
        "http://127.1",
        "http://2130706433",
        "http://[::ffff:192.0.2.1]",
        "http://126.255.255.255",
        "http://128.0.0.1",
        "http://127.0.0.1.example.com",
        "http://localhost@example.com",
        "",
        "http://[",
    ],
)
def test_elsewhere(url: str) -> None:
    assert not on_this_computer(url)


@pytest.mark.parametrize("url", ["http://a", "https://a:1/v1", "http://[::1]:1"])
def test_usable(url: str) -> None:
    assert is_usable(url)


UNREADABLE = [
    "ftp://a",
    "http://",
    "http://[",
    "http://a:99999",
    "http://me:1/2@a",
    "http://a/?to=me@b",
]


@pytest.mark.parametrize("url", ["", "a", *UNREADABLE])
def test_not_usable(url: str) -> None:
    assert not is_usable(url)


def test_an_address_of_a_network_card_may_be_anothers_tomorrow() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))  # sends nothing; chooses our address
        except OSError:
            pytest.skip("this computer has no network card")
        ours = sock.getsockname()[0]
    assert not on_this_computer(f"http://{ours}:11434")


@pytest.mark.parametrize(
    ("url", "bare", "login"),
    [
        ("http://box:1/v1?a=b", "http://box:1/v1?a=b", None),
        ("http://me:se%40cret@box:1/v1", "http://box:1/v1", ("me", "se@cret")),
        ("https://me@[::1]:1", "https://[::1]:1", ("me", "")),
        ("http://[", "http://[", None),
    ],
)
def test_a_login_goes_into_the_client_and_not_into_the_requests(
    url: str, bare: str, login: tuple[str, str] | None
) -> None:
    assert without_login(url) == bare
    assert http_options(url)["auth"] == login
