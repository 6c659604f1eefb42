"""Which addresses are this computer."""

from __future__ import annotations

import pytest

from app.providers.llm.addresses import is_usable, on_this_computer


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:1",
        "http://parley.localhost",
        "http://127.0.0.1:11434/v1",
        "http://127.9.9.9",
        "http://[::1]:80",
        "http://[::ffff:127.0.0.1]",
        "http://0.0.0.0:11434",
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


@pytest.mark.parametrize("url", ["", "a", "ftp://a", "http://", "http://[", "http://a:99999"])
def test_not_usable(url: str) -> None:
    assert not is_usable(url)
