"""A command line that was mistyped is answered with what was probably meant."""

from __future__ import annotations

import argparse
import difflib
import re
import shlex
from collections.abc import Collection, Sequence
from typing import NoReturn

from app.errors import InputError

BAD_INPUT = 2


class Parser(argparse.ArgumentParser):
    """Explains in one line what is wrong, with a guess, instead of the whole usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {message}{self._guess(message)}\n{self._help()}\n")

    def refuse(self, words: Sequence[str]) -> NoReturn:
        """Nobody knows what these are for."""
        self.error(f"unrecognized arguments: {' '.join(words)}")

    def _guess(self, message: str) -> str:
        """The option or the choice that is nearest to the wrong one."""
        if wrong := re.search(r"invalid choice: '?([^' ]+)'? \(choose from (.+)\)", message):
            return did_you_mean(wrong[1], re.findall(r"[\w-]+", wrong[2]))
        if wrong := re.search(r"unrecognized arguments:.*?(--[\w-]+)", message):
            return did_you_mean(wrong[1], re.findall(r"--[\w-]+", self.format_help()))
        return ""

    def _help(self) -> str:
        return f"See: {self.prog} --help"


def did_you_mean(word: str, known: Collection[str]) -> str:
    """A question to put behind a sentence; empty when nothing is near."""
    near = difflib.get_close_matches(word, known, n=1)
    return f" Did you mean {near[0]}?" if near else ""


def no_such_command(words: Sequence[str], commands: Collection[str]) -> InputError:
    """The error for a command line that begins with none of the commands.

    Args:
        words: what it says, without options.
    """
    guess = did_you_mean(words[0], commands).strip()
    if not guess and len(" ".join(words).split()) > 1:
        guess = f"To ask something: {in_one_piece(words)}"
    return InputError(f"There is no command {words[0]}.", guess or "See: parley --help")


def in_one_piece(words: Sequence[str]) -> str:
    """How to ask this, as it is typed in a shell."""
    question = " ".join(words)
    quoted = shlex.quote(question) if set(question) & set('"$`\\!') else f'"{question}"'
    return f"parley ask {quoted}"
