"""API keys: from the environment, the system's keyring, or this run's memory. Nowhere else.

This is the one module that reads `os.environ` for keys. A key never goes to a file, a log or an
exception text: `redact` knows every key that was handed out, and the log passes through it.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from app.core.addresses import without_logins

log = logging.getLogger(__name__)

SERVICE = "parley"
"""Under this name the keyring keeps our keys; the user name is the key's name."""

ENVIRONMENT: Mapping[str, str] = {
    "groq": "GROQ_API_KEY",
    "cerebras": "CEREBRAS_API_KEY",
    "openai": "OPENAI_API_KEY",
}
"""The services that need a key, and where their own tools look for it."""

_PLAIN_BACKENDS = ("keyrings.alt.", "keyring.backends.null.", "keyring.backends.fail.")
"""Backends that write keys to a plain file, or forget them without a word."""

_Answer = TypeVar("_Answer")

_handed_out: set[str] = set()
_handed_out_lock = threading.Lock()
# Of the process, not of one Secrets: the log is the process's too, and must know them all.

_LOOKS_LIKE_A_KEY = re.compile(
    r"\b(?:sk|gsk|csk)[-_][A-Za-z0-9_-]{16,}|(?<=Bearer )[A-Za-z0-9._~+/=-]{8,}"
)


def redact(text: str) -> str:
    """The text without any API key: those handed out, and what has the shape of one; and
    without the logins in addresses."""
    text = without_logins(text)
    with _handed_out_lock:
        known = sorted(_handed_out, key=len, reverse=True)
    for key in known:
        text = text.replace(key, "[key]")
    return _LOOKS_LIKE_A_KEY.sub("[key]", text)


class Secrets:
    """Finds and keeps API keys by name ("groq", "cerebras", "openai").

    Thread-safe as far as the keyring is. A keyring may ask the user to unlock it and wait for
    that: not for the GUI thread. It is imported and opened at the first question.
    """

    def __init__(self, environ: Mapping[str, str] | None = None, backend: Any = None) -> None:
        """`environ` and `backend` (a keyring backend) default to this process's own."""
        self._environ = os.environ if environ is None else environ
        self._backend = backend
        self._opening = threading.Lock()
        self._opened = backend is not None
        self._memory: dict[str, str] = {}
        self._reason = ""

    def __repr__(self) -> str:
        return "Secrets(...)"

    @property
    def persistent(self) -> bool:
        """False when keys are kept only until Parley quits."""
        return self._keyring() is not None and not self._reason

    @property
    def reason(self) -> str:
        """Why not persistent, one line for the user; empty when all is well."""
        self._keyring()
        return self._reason

    def get(self, name: str) -> str | None:
        """The key, or None. The environment comes first: it was set for this run."""
        key = self._from_environment(name) or self._memory.get(name) or self._from_keyring(name)
        if key:
            _remember(key)
        return key or None

    def at_hand(self, name: str) -> str | None:
        """The key, as far as it is known without asking the keyring. Never blocks."""
        key = self._from_environment(name) or self._memory.get(name)
        if key:
            _remember(key)
        return key or None

    def place_at_hand(self, name: str) -> str:
        """`present`, as far as it is known without asking the keyring; empty when it is not."""
        if self._from_environment(name):
            return f"from {ENVIRONMENT[name]}"
        return "until Parley quits" if name in self._memory else ""

    def set(self, name: str, key: str) -> None:
        """Keep a key: in the keyring, or in memory when there is none that works."""
        key = key.strip()
        if not key:
            self.delete(name)
            return
        _remember(key)
        backend = self._keyring()

        def keep() -> bool:
            backend.set_password(SERVICE, name, key)
            return True

        if backend is not None and self._ask(keep, False):
            self._memory.pop(name, None)
        else:
            self._memory[name] = key

    def delete(self, name: str) -> None:
        """Forget a key. One in the environment is not ours to forget."""
        self._memory.pop(name, None)
        backend = self._keyring()
        if backend is not None and self._from_keyring(name) is not None:
            self._ask(lambda: backend.delete_password(SERVICE, name), None)

    def present(self, name: str) -> str:
        """Where the key is, never the key: for the window and `doctor`."""
        if self._from_environment(name):
            return f"from {ENVIRONMENT[name]}"
        if name in self._memory:
            return "until Parley quits"
        return "in the keyring" if self._from_keyring(name) else "not set"

    def _from_environment(self, name: str) -> str:
        return self._environ.get(ENVIRONMENT.get(name, ""), "").strip()

    def _from_keyring(self, name: str) -> str | None:
        backend = self._keyring()
        if backend is None:
            return None
        key = self._ask(lambda: backend.get_password(SERVICE, name), None)
        return str(key) if key else None

    def _keyring(self) -> Any:
        """The backend to use, or None with `_reason` set."""
        with self._opening:
            if not self._opened:
                self._backend = self._ask(_system_backend, None)
                if self._backend is None and not self._reason:
                    self._reason = (
                        "This computer has no keyring that Parley can use, so API keys are kept "
                        "until Parley quits."
                    )
                self._opened = True
        return self._backend

    def _ask(self, question: Callable[[], _Answer], otherwise: _Answer) -> _Answer:
        """Ask the keyring; on failure note the reason and answer `otherwise`.

        The border to the keyring: its backends raise whatever their platform raises (D-Bus,
        ctypes, RuntimeError), so everything is caught. Only the type is kept: the text of such
        an error may quote the key.
        """
        try:
            answer = question()
        except Exception as exc:  # noqa: BLE001 - a stated border, see above
            self._reason = (
                f"The system's keyring did not work ({type(exc).__name__}), so API keys are kept "
                "until Parley quits."
            )
            log.warning("%s", self._reason)
            return otherwise
        if not self._memory:  # the user unlocked it after all, and no key is left outside
            self._reason = ""
        return answer


def _remember(key: str) -> None:
    if len(key) >= 4:  # shorter is no key, and would blot out half of a log
        with _handed_out_lock:
            _handed_out.add(key)


def _system_backend() -> Any:
    """The best backend that keeps keys safely, or None."""
    import keyring

    chosen = keyring.get_keyring()
    # "chainer" stands for several, some of which may be plain files.
    candidates = list(getattr(chosen, "backends", None) or [chosen])
    for backend in candidates:
        kind = f"{type(backend).__module__}."
        if not kind.startswith(_PLAIN_BACKENDS) and backend.priority > 0:
            return backend
    return None
