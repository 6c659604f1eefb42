"""`parley keys`: keep, drop and try the API keys of language-model services."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys

from app import settings_file
from app.commands.terminal import remark, say
from app.errors import AssistantError, InputError
from app.paths import Paths
from app.secrets import ENVIRONMENT, Secrets
from app.settings import Settings

OK, FAILED = 0, 1

LONGEST_KEY = 1000
"""Characters; keys have about 60. More is a file that was piped in by mistake."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe `keys` to the command line. A key is never an argument: other users of this
    computer can read those."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    parser.set_defaults(action="list")
    actions.add_parser("list", help="say where each key is; also done without an action")
    keep = actions.add_parser("set", help="ask for a key (or read it from a pipe) and keep it")
    keep.add_argument("name", choices=tuple(ENVIRONMENT))
    forget = actions.add_parser("forget", help="drop a key from the keyring")
    forget.add_argument("name", choices=tuple(ENVIRONMENT))
    test = actions.add_parser("test", help="say in one line whether a service would answer")
    test.add_argument("name", choices=("ollama", *ENVIRONMENT))


def run(args: argparse.Namespace, settings: Settings, paths: Paths, secrets: Secrets) -> int:
    """Returns 1 when the key could not be kept or dropped, or the service would not answer.

    Raises:
        InputError: no key, or something that is none.
    """
    match args.action:
        case "list":
            for name in ENVIRONMENT:
                say(f"{name}: {secrets.present(name)}")
            if secrets.reason:
                remark(secrets.reason)
            return OK
        case "set":
            return _keep(args.name, settings, paths, secrets)
        case "forget":
            return _forget(args.name, settings, paths, secrets)
        case _:
            return _test(args.name, settings, secrets)


def _keep(name: str, settings: Settings, paths: Paths, secrets: Secrets) -> int:
    key = _read_key(name)
    secrets.set(name, key)
    place = secrets.present(name)
    variable = ENVIRONMENT[name]
    if not secrets.persistent:
        # "until Parley quits" is over at once in a command
        remark(f"The key for {name} was not kept: this computer has no keyring that works.")
        remark(f"Set {variable} before you start Parley instead.")
        return FAILED
    _note_kept(settings, paths, (*settings.llm.keyring, name))
    say(f"The key for {name} is in the keyring.")
    if place == f"from {variable}":
        remark(f"As long as {variable} is set, the key from there is used instead.")
    return OK


def _forget(name: str, settings: Settings, paths: Paths, secrets: Secrets) -> int:
    secrets.delete(name)
    place = secrets.present(name)
    if secrets.reason:
        remark(secrets.reason)
        return FAILED
    _note_kept(settings, paths, tuple(one for one in settings.llm.keyring if one != name))
    if place == "not set":
        say(f"There is no key for {name} any more.")
    else:
        say(f"The key for {name} is still there: {place}.")
    return OK


def _note_kept(settings: Settings, paths: Paths, kept: tuple[str, ...]) -> None:
    """So that the window looks the key up at its start."""
    names = tuple(dict.fromkeys(kept))
    if names == settings.llm.keyring:
        return
    try:
        settings_file.change(paths.settings_file, "llm.keyring", names)
    except AssistantError as exc:  # the key is kept all the same
        remark(str(exc))


def _test(name: str, settings: Settings, secrets: Secrets) -> int:
    from app.providers.llm.check import check_by_name

    key = secrets.get(name)
    local_only = settings.llm.local_only
    verdict = asyncio.run(check_by_name(name, settings.llm, key, local_only=local_only))
    say(verdict.line)
    return OK if verdict.ok else FAILED


def _read_key(name: str) -> str:
    """From the terminal without echo, or the first line of a pipe.

    Raises:
        InputError: there is none, or it cannot be one.
    """
    hint = "Paste the key as the service shows it."
    try:
        if sys.stdin.isatty():
            key = getpass.getpass(f"Key for {name} (not shown): ")
        else:
            key = sys.stdin.readline(LONGEST_KEY + 2)
    except (EOFError, UnicodeDecodeError) as exc:
        raise InputError("There is no key.", hint) from exc
    key = key.strip()
    if not key:
        raise InputError("There is no key.", hint)
    if len(key) > LONGEST_KEY or not (key.isascii() and key.isprintable() and " " not in key):
        raise InputError("This is not a key.", hint)
    return key
