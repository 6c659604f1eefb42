"""Text to speech: how soon the first samples are there, beside a whole call of the voice.

Each text is spoken by the provider, in windows, and right after that by one whole `VitsModel`
call with the same weights, seed and threads.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.bench.budgets import Budget, flatness, worst
from app.bench.plan import Plan, Progress
from app.bench.report import Cell, Section, Table
from app.bench.statistics import median
from app.bench.subjects import Models, Subject
from app.core.ports import TtsProvider
from app.errors import AssistantError
from app.providers import registry

log = logging.getLogger(__name__)

TEXTS = (
    "it is ten past three",
    "the weather in paris is mild today with a little rain expected later this evening",
    "you asked me for a short story so here is one about a sailor who crossed the whole sea in a "
    "very small boat only to find that the light he had followed for so many days and nights was "
    "his own window",
)
"""About 20, 80 and 200 characters, in letters that every English voice has."""

LANGUAGE = "en"


@dataclass
class Spoken:
    """Runs of one text with one voice; times in milliseconds."""

    text: str
    firsts_ms: list[float] = field(default_factory=list)
    totals_ms: list[float] = field(default_factory=list)
    audio_s: list[float] = field(default_factory=list)
    whole_ms: list[float] = field(default_factory=list)
    """Whole calls of the model."""

    @property
    def ratio(self) -> float | None:
        """First PCM over a whole call, of the medians."""
        return median(self.firsts_ms) / median(self.whole_ms) if self.whole_ms else None

    @property
    def rtf(self) -> float:
        """Compute time over audio time."""
        return median(self.totals_ms) / 1000 / median(self.audio_s)

    def as_data(self) -> Mapping[str, object]:
        return {
            "text": self.text,
            "characters": len(self.text),
            "first_pcm_ms": self.firsts_ms,
            "first_pcm_p50_ms": median(self.firsts_ms),
            "total_ms": self.totals_ms,
            "total_p50_ms": median(self.totals_ms),
            "audio_s": round(median(self.audio_s), 3),
            "rtf": self.rtf,
            "whole_call_ms": self.whole_ms,
            "whole_call_p50_ms": median(self.whole_ms) if self.whole_ms else None,
            "ratio": self.ratio,
        }


@dataclass(frozen=True)
class _Voice:
    provider: TtsProvider
    subject: Subject
    reason: str = ""
    whole: Callable[[str], None] | None = None
    seed: Callable[[int], object] = lambda _: None


def measure(models: Models, plan: Plan, progress: Progress) -> Section:
    """VITS, and the stand-in."""
    tables: list[Table] = []
    data: list[Mapping[str, object]] = []
    budgets: list[Budget] = []
    for name, look in (("vits", _vits), ("espeak", _espeak)):
        try:
            voice = look(models)
        except AssistantError as exc:
            log.info("%s is not measured", name, exc_info=exc)
            tables.append(Table(f"Text to speech: {name}", (), (), [str(exc)]))
            data.append({"engine": {"stage": "tts", "name": name}, "error": str(exc)})
            continue
        try:
            texts = _speak_all(voice, plan.runs, progress)
        finally:
            voice.provider.close()
        tables.append(_table(voice, texts))
        data.append(
            {"engine": voice.subject.as_data(), "texts": [text.as_data() for text in texts]}
        )
        ratios = [text.ratio for text in texts if text.ratio is not None]
        if ratios:
            label = voice.subject.label
            budgets.append(
                Budget("tts_first_audio", worst(ratios), f"{label}; the worst of 3 texts")
            )
            firsts = [median(text.firsts_ms) for text in texts]
            budgets.append(Budget("tts_flatness", flatness(firsts), label))
    return Section("tts", tables, {"engines": data}, budgets)


def _vits(models: Models) -> _Voice:
    """
    Raises:
        ProviderUnavailable: no voice is here and none can be made, or it cannot be loaded.
    """
    model = models.voice
    settings = models.with_voice(models.settings)
    provider = registry.build_tts("vits", settings.tts, models.paths.models_dir)
    provider.load()
    import torch
    from transformers import VitsModel, VitsTokenizer

    device = provider.engine.device
    tokenizer: Any = VitsTokenizer.from_pretrained(model.folder, local_files_only=True)
    plain: Any = VitsModel.from_pretrained(model.folder, local_files_only=True)
    plain = plain.to(device).eval()
    plain.speaking_rate *= settings.tts.speed

    def whole(text: str) -> None:
        tokens = tokenizer(text, return_tensors="pt").input_ids.to(device)
        with torch.inference_mode():
            plain(tokens).waveform.float().cpu()

    whole(TEXTS[0])  # once, so that neither side is cold
    subject = model.subject(provider.engine)
    return _Voice(provider, subject, model.reason, whole, torch.manual_seed)


def _espeak(models: Models) -> _Voice:
    """
    Raises:
        ProviderUnavailable: its package is damaged.
    """
    settings = models.settings.tts
    provider = registry.build_tts("espeak", settings, models.paths.models_dir)
    provider.load()
    for _ in provider.synthesize(TEXTS[0], LANGUAGE):
        pass
    return _Voice(provider, Subject(provider.engine))


def _speak_all(voice: _Voice, runs: int, progress: Progress) -> list[Spoken]:
    texts = [Spoken(text) for text in TEXTS]
    for run in range(runs):
        progress(f"Text to speech, {voice.subject.engine.name}: run {run + 1} of {runs}")
        for spoken in texts:
            voice.seed(run)  # the lengths are drawn at random: the same for both
            _speak(voice.provider, spoken)
            if voice.whole is not None:
                voice.seed(run)
                started = time.perf_counter()
                voice.whole(spoken.text)
                spoken.whole_ms.append((time.perf_counter() - started) * 1000)
    return texts


def _speak(provider: TtsProvider, spoken: Spoken) -> None:
    first_ms: float | None = None
    samples = 0
    started = time.perf_counter()
    for piece in provider.synthesize(spoken.text, LANGUAGE):
        if first_ms is None:
            first_ms = (time.perf_counter() - started) * 1000
        samples += len(piece) if piece.any() else 0  # the pause after a clause is no work
    spoken.totals_ms.append((time.perf_counter() - started) * 1000)
    spoken.firsts_ms.append(first_ms if first_ms is not None else spoken.totals_ms[-1])
    spoken.audio_s.append(samples / provider.sample_rate)


def _table(voice: _Voice, texts: list[Spoken]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            len(text.text),
            median(text.firsts_ms),
            median(text.totals_ms),
            median(text.audio_s),
            text.rtf,
            median(text.whole_ms) if text.whole_ms else None,
            text.ratio,
        )
        for text in texts
    ]
    columns: tuple[str, ...] = (
        *("characters", "first PCM ms", "whole text ms", "audio s", "RTF"),
        *("VitsModel call ms", "ratio"),
    )
    notes = [f"Median of {len(texts[0].firsts_ms)} run(s)."]
    if voice.whole is None:
        columns, rows = columns[:5], [row[:5] for row in rows]
    else:
        notes.append("Ratio: first PCM over the VitsModel call.")
    if voice.reason:
        notes.append(voice.reason)
    return Table(f"Text to speech: {voice.subject.label}", columns, rows, notes)
