"""Addresses in front of people: nothing secret is in them."""

from __future__ import annotations

import pytest

from app.core.addresses import shown_url, without_logins


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434"),
        ("http://user:secret@host:11434/v1", "http://host:11434/v1"),
        ("https://secret@host", "https://host"),
        ("user:secret@host:11434", "host:11434"),
        ("http://user:sec@ret@host", "http://host"),
        ("http://user:secret@[::1]:1/", "http://[::1]:1/"),
        ("http://host/v1?api-key=secret#secret", "http://host/v1"),
        ("http://user:sec/secret@host", "http://…"),
        ("http://user:sec?secret@host", "http://…"),
        ("http://host/?token=a@secret", "http://…"),
        ("http://[user:secret@", "http://"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_what_is_secret(url: str, shown: str) -> None:
    assert shown_url(url) == shown
    assert "secret" not in shown_url(url)


def test_a_text_loses_the_logins_and_nothing_else() -> None:
    text = "GET http://user:secret@host/a@b failed; write to me@example.com. https://a.b/c@d"
    assert without_logins(text) == (
        "GET http://host/a@b failed; write to me@example.com. https://a.b/c@d"
    )
