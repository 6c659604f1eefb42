"""Keys: where they are found, and everywhere they must not appear."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from keyring.backends.fail import Keyring as FailKeyring
from keyring.errors import KeyringError

import app.secrets
from app.secrets import Secrets, redact
from tests.support.keyrings import MemoryKeyring

KEY = "gsk-test-0123456789abcdef"


class LockedKeyring(MemoryKeyring):
    """One whose user closed the unlock dialog, and whose error is as unlucky as can be."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringError(f"locked while reading {KEY}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"could not store {password}")


@pytest.fixture
def backend() -> MemoryKeyring:
    return MemoryKeyring()


def test_a_key_goes_to_the_keyring_and_comes_back_in_the_next_run(backend: MemoryKeyring) -> None:
    Secrets({}, backend).set("groq", f" {KEY}\n")
    assert backend.kept == {("parley", "groq"): KEY}
    later = Secrets({}, backend)
    assert later.get("groq") == KEY
    assert later.present("groq") == "in the keyring"
    assert later.persistent
    assert later.reason == ""


def test_a_deleted_key_is_gone_and_deleting_twice_is_no_error(backend: MemoryKeyring) -> None:
    secrets = Secrets({}, backend)
    secrets.set("groq", KEY)
    secrets.delete("groq")
    secrets.delete("groq")
    assert secrets.get("groq") is None
    assert secrets.present("groq") == "not set"
    assert secrets.persistent


def test_setting_an_empty_key_deletes_it(backend: MemoryKeyring) -> None:
    secrets = Secrets({}, backend)
    secrets.set("groq", KEY)
    secrets.set("groq", "  ")
    assert secrets.get("groq") is None


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("groq", "GROQ_API_KEY"),
        ("cerebras", "CEREBRAS_API_KEY"),
        ("openai", "OPENAI_API_KEY"),
    ],
)
def test_the_environment_comes_first(backend: MemoryKeyring, name: str, variable: str) -> None:
    secrets = Secrets({variable: " from-outside "}, backend)
    secrets.set(name, KEY)
    assert secrets.get(name) == "from-outside"
    assert secrets.present(name) == f"from {variable}"


def test_an_empty_variable_does_not_count(backend: MemoryKeyring) -> None:
    secrets = Secrets({"GROQ_API_KEY": ""}, backend)
    assert secrets.get("groq") is None


def test_the_process_environment_is_read_when_none_is_given(
    backend: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "of-the-process")
    assert Secrets(backend=backend).get("groq") == "of-the-process"


def test_without_a_keyring_keys_last_for_this_run_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import keyring

    monkeypatch.setattr(keyring, "get_keyring", FailKeyring)
    secrets = Secrets({})
    secrets.set("groq", KEY)
    assert secrets.get("groq") == KEY
    assert secrets.present("groq") == "until Parley quits"
    assert not secrets.persistent
    assert "until Parley quits" in secrets.reason
    assert Secrets({}).get("groq") is None, "memory is this object's alone"


def test_a_backend_that_writes_plain_files_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring

    plain = type("PlaintextKeyring", (MemoryKeyring,), {"__module__": "keyrings.alt.file"})()
    safe = MemoryKeyring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: plain)
    assert not Secrets({}).persistent
    chain = type("ChainerBackend", (), {"backends": [plain, safe], "priority": 10})()
    monkeypatch.setattr(keyring, "get_keyring", lambda: chain)
    secrets = Secrets({})
    secrets.set("groq", KEY)
    assert plain.kept == {}
    assert safe.kept == {("parley", "groq"): KEY}


def test_a_keyring_that_fails_costs_neither_the_key_nor_its_secrecy(
    caplog: pytest.LogCaptureFixture,
) -> None:
    secrets = Secrets({}, LockedKeyring())
    with caplog.at_level(logging.DEBUG):
        secrets.set("groq", KEY)
        assert secrets.get("groq") == KEY
        assert secrets.get("openai") is None
    assert not secrets.persistent
    assert "RuntimeError" in caplog.text
    assert KEY not in caplog.text + secrets.reason + repr(secrets) + str(secrets)


def test_a_key_is_redacted_once_it_was_handed_out(backend: MemoryKeyring) -> None:
    backend.kept["parley", "openai"] = "plain-words-as-key"
    assert redact("plain-words-as-key") == "plain-words-as-key"
    Secrets({}, backend).get("openai")
    assert redact("url?key=plain-words-as-key&x") == "url?key=[key]&x"


@pytest.mark.parametrize(
    "text",
    ["sk-proj-abcdefghijklmnop123", "Authorization: Bearer abcdef123456", "gsk_abcdefghijklmnop12"],
)
def test_what_looks_like_a_key_is_redacted_unseen(text: str) -> None:
    assert "[key]" in redact(text)
    assert "abcdef" not in redact(text)


def test_ordinary_words_are_left_alone() -> None:
    text = "task_list sk-1 risk-assessment-of-something-long: the bearer of news"
    assert redact(text) == text


def test_importing_the_module_does_not_import_keyring() -> None:
    import subprocess
    import sys

    code = "import sys, app.secrets; print('keyring' in sys.modules)"
    root = Path(app.secrets.__file__).parents[1]
    out = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert out.stdout.strip() == "False"


def test_what_is_at_hand_is_known_without_asking_the_keyring(backend: MemoryKeyring) -> None:
    backend.kept["parley", "groq"] = KEY
    secrets = Secrets({"CEREBRAS_API_KEY": "from-outside"}, backend)
    assert secrets.at_hand("groq") is None
    assert secrets.place_at_hand("groq") == ""
    assert secrets.at_hand("cerebras") == "from-outside"
    assert secrets.place_at_hand("cerebras") == "from CEREBRAS_API_KEY"
    unkept = Secrets({}, LockedKeyring())
    unkept.set("groq", KEY)
    assert unkept.at_hand("groq") == KEY
    assert unkept.place_at_hand("groq") == "until Parley quits"


def test_a_keyring_that_was_unlocked_after_all_keeps_keys_again() -> None:
    backend = LockedKeyring()
    secrets = Secrets({}, backend)
    assert secrets.get("groq") is None
    assert not secrets.persistent
    backend.__class__ = MemoryKeyring  # the user gave the password
    secrets.set("groq", KEY)
    assert secrets.persistent
    assert secrets.present("groq") == "in the keyring"
    assert secrets.reason == ""


def test_the_keyrings_of_tests_are_nobodys_by_accident() -> None:
    from keyring.backend import get_all_keyring

    assert not [each for each in get_all_keyring() if isinstance(each, MemoryKeyring)]
