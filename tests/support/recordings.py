"""Recordings as Parley hears them, and how wrong a transcript is."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from num2words import num2words

from app.core.ports import SAMPLE_RATE, Audio, Partial, SttSession
from tests.support.shared import shared_data


@dataclass(frozen=True)
class Clip:
    name: str
    transcript: str
    audio: Audio

    @property
    def seconds(self) -> float:
        return len(self.audio) / SAMPLE_RATE


def read(path: Path) -> Audio:
    """A sound file, mixed to mono and brought to 16 kHz."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    return np.asarray(soxr.resample(mono, rate, SAMPLE_RATE), dtype=np.float32)


def shared_clips(folder: str) -> list[Clip]:
    """The recordings of a folder with their transcripts, or skip."""
    manifest = shared_data("manifest.tsv")
    with manifest.open(encoding="utf-8", newline="") as lines:
        rows = [
            row for row in csv.DictReader(lines, delimiter="\t") if row["file"].startswith(folder)
        ]
    return [
        Clip(Path(row["file"]).name, row["transcript"] or "", read(shared_data(row["file"])))
        for row in rows
        if row["file"].endswith((".wav", ".ogg"))
    ]


def words(text: str) -> list[str]:
    """Lower case, numbers as words, no punctuation."""
    spelt = re.sub(r"\d+", lambda number: f" {num2words(int(number[0]))} ", text.lower())
    return re.findall(r"[a-z']+", spelt.replace("’", "'"))


def word_errors(wanted: list[str], heard: list[str]) -> int:
    """Substitutions, insertions and deletions (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for i, one in enumerate(wanted, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (one != other))
    return row[-1]


def partials(session: SttSession, audio: Audio, chunk_ms: float = 20.0) -> list[Partial]:
    """Feed as a microphone does; what was heard on the way."""
    size = round(chunk_ms / 1000 * SAMPLE_RATE)
    heard = []
    for start in range(0, len(audio), size):
        session.feed(audio[start : start + size])
        partial = session.partial()
        if partial is not None:
            heard.append(partial)
    return heard


def feed(session: SttSession, audio: Audio, chunk_ms: float = 20.0) -> list[str]:
    """Feed as a microphone does; the words on the way, each wording once in a row."""
    texts = [partial.text for partial in partials(session, audio, chunk_ms)]
    return [text for text, before in zip(texts, ["", *texts], strict=False) if text != before]
