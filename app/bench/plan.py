"""How much is measured in one bench."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.errors import InputError

Progress = Callable[[str], None]
"""Takes short lines for the user while it runs."""

SAMPLES = "resources/samples"

MESSAGES = (
    "What can you do?",
    "Why is the sky blue?",
    "Tell me a fun fact about cats.",
    "Name three fruits that are red.",
    "Who wrote Romeo and Juliet?",
    "Say good morning in French.",
    "What is a good name for a dog?",
    "How do I boil an egg?",
    "Give me one reason to learn to swim.",
    "What rhymes with moon?",
)
"""Ten different short messages, none of which the skills answer for certain."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How often, and on what."""

    runs: int
    """Repeats of every stage that computes here, and spoken turns."""
    pairs: int
    """At most so many pairs of our read and a bare one for the overhead."""
    recordings: Sequence[Path]
    """Spoken utterances, at least one."""

    @classmethod
    def make(cls, *, runs: int | None, quick: bool, recordings: Path | None) -> Plan:
        """
        Raises:
            InputError: no recordings where they should be, or no runs.
        """
        if runs is not None and runs < 1:
            raise InputError("A bench needs at least one run.", "Give --runs 1 or more.")
        folder = recordings or _samples()
        found = sorted(folder.glob("*.wav"))
        if not found:
            raise InputError(
                f"There are no .wav files in {folder}.", "Give a folder with --recordings DIR."
            )
        usual_runs, pairs = (1, 5) if quick else (5, 20)
        return cls(runs or usual_runs, pairs, found)


def _samples() -> Path:
    """The recordings that come with Parley, in a checkout and in a package."""
    bundle = getattr(sys, "_MEIPASS", None)  # where a packaged Parley unpacks its files
    root = Path(bundle) if bundle else Path(__file__).resolve().parents[2]
    return root / SAMPLES
