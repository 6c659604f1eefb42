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
MAIN = "main.py"
ROOT = Path(__file__).resolve().parents[2]

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
    releases_ms: Sequence[int] = (0, 250)
    """How long after the last voiced sample the key comes up: people let go with the last word,
    or hold on for a moment. Spoken turns are taken with each."""
    pause_s: float = 5.0
    """How long the language model is left alone before it is asked again."""
    barge_ins: int = 10
    stream_s: float = 4.0
    """How long a reply streams into the window."""
    idle_s: float = 20.0
    """How long the idle window is watched."""
    saved_turns: int = 100_000
    """Size of the history that is searched."""

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
        if not quick:
            return cls(runs or 5, 20, found)
        return cls(
            runs or 1,
            5,
            found,
            pause_s=1.0,
            barge_ins=3,
            stream_s=2.0,
            idle_s=5.0,
            saved_turns=10_000,
        )


def _samples() -> Path:
    """The recordings that come with Parley, in a checkout and in a package."""
    bundle = getattr(sys, "_MEIPASS", None)  # where a packaged Parley unpacks its files
    return (Path(bundle) if bundle else ROOT) / SAMPLES


def own_command() -> list[str]:
    """What starts another Parley like this one, before its arguments."""
    if getattr(sys, "frozen", False):  # a packaged Parley is its own program
        return [sys.executable]
    main = ROOT / MAIN
    if main.exists():
        return [sys.executable, str(main)]
    return [sys.executable, "-c", "import sys; from app.commandline import main; sys.exit(main())"]
