"""Keyrings for tests, on the real interface."""

from __future__ import annotations

import threading

from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, PasswordDeleteError


class MemoryKeyring(KeyringBackend):
    """One that forgets everything with the process. Counts what it is asked."""

    priority = 1.0  # type: ignore[assignment]
    viable = False  # type: ignore[assignment]
    """`keyring` finds every viable class by itself: only who is given this one is to have it."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.asked: list[str] = []

    def get_password(self, service: str, username: str) -> str | None:
        self.asked.append(username)
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.kept:
            raise PasswordDeleteError("not there")
        del self.kept[service, username]


class BrokenKeyring(MemoryKeyring):
    """One whose errors quote what they were given."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringError(f"could not store {password}")


class WaitingKeyring(MemoryKeyring):
    """One that shows its user an unlock dialog; `answer` is the user's password."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        assert self.answer.wait(10.0), "nobody unlocked the keyring"
        return super().get_password(service, username)
