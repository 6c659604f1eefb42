"""What the stand-in voice says to a text, made as Parley makes it, in a process of its own.

eSpeak NG keeps state from one text to the next (the same sentence comes out some samples longer or
shorter after another one), so a comparison needs the same texts in the same order from the start.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]


def reference_voice(text: str, folder: Path) -> tuple[list[NDArray[np.float32]], int]:
    """The clauses of a reply as samples, in order, and their rate."""
    file = folder / "reference.npz"
    subprocess.run(
        [sys.executable, "-m", "tests.support.reference_voice", str(file), text],
        cwd=ROOT,
        env={**os.environ},
        check=True,
        timeout=60,
    )
    with np.load(file) as made:
        rate = int(made["rate"])
        return [made[name] for name in sorted(made.files) if name != "rate"], rate


def main() -> None:
    """Write the clauses of a text to a file."""
    from app.core.sentences import ClauseSplitter
    from app.core.spoken_text import SpokenText
    from app.providers.tts.espeak import EspeakTts
    from app.settings import EspeakSettings

    file, text = sys.argv[1:]
    splitter = ClauseSplitter()
    for_the_ear = SpokenText("en")
    voice = EspeakTts(EspeakSettings(), Path(), 1.0)
    voice.load()
    clauses = {
        f"clause{index:03}": np.concatenate(
            list(voice.synthesize(for_the_ear.clause(clause), "en"))
        )
        for index, clause in enumerate([*splitter.feed(text), *splitter.flush()])
    }
    np.savez(file, rate=voice.sample_rate, **clauses)


if __name__ == "__main__":
    main()
