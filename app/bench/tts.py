"""Text to speech: how soon the first samples are there, beside a whole call of the voice, and
whether the rest comes in time.

Each text is spoken by the provider, in windows, and right after that by one whole `VitsModel`
call with the same weights. Where lengths are drawn, each draws its own: medians are compared.
Then the texts are begun a few more times, in turn: a whole text takes seconds and has one first
sample, and of a handful of those one busy moment of another program would decide.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from app.bench import plain
from app.bench.budgets import Budget, flatness, worst
from app.bench.plan import Plan, Progress
from app.bench.report import Cell, NotMeasured, Section, Table
from app.bench.statistics import median
from app.bench.subjects import Models, Subject
from app.core.ports import TtsProvider
from app.errors import AssistantError
from app.providers import registry
from app.providers.tts.vits import VitsTts

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

BEGINNINGS = 5
"""Of each text, in each run, that are not gone on with."""

SPANS = ("tts_first_audio", "tts_flatness")


@dataclass
class Spoken:
    """Runs of one text with one voice; times in milliseconds."""

    text: str
    firsts_ms: list[float] = field(default_factory=list)
    totals_ms: list[float] = field(default_factory=list)
    audio_s: list[float] = field(default_factory=list)
    windows: list[int] = field(default_factory=list)
    slack_ms: list[float] = field(default_factory=list)
    """Of sound still to be played when the next piece came, if each is played as soon as the one
    before it is over; the least of each run. Below 0 the listener heard a gap."""
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

    @property
    def least_slack_ms(self) -> float | None:
        """Of all runs; None when each came in one piece."""
        return min(self.slack_ms, default=None)

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
            "windows": self.windows,
            "least_slack_ms": self.slack_ms,
            "whole_call_ms": self.whole_ms,
            "whole_call_p50_ms": median(self.whole_ms) if self.whole_ms else None,
            "ratio": self.ratio,
        }


@dataclass(frozen=True)
class _Voice:
    provider: TtsProvider
    subject: Subject
    reason: str = ""
    decoding: str = ""
    """How the voice decodes; empty where there is one way only."""
    whole: Callable[[str], None] | None = None


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
            {
                "engine": voice.subject.as_data(),
                "decoding": voice.decoding,
                "texts": [text.as_data() for text in texts],
            }
        )
        ratios = [text.ratio for text in texts if text.ratio is not None]
        if ratios:
            label = voice.subject.label
            budgets.append(Budget(SPANS[0], worst(ratios), f"{label}; the worst of 3 texts"))
            firsts = [median(text.firsts_ms) for text in texts]
            budgets.append(Budget(SPANS[1], flatness(firsts), label))
    why = "VITS was not measured."
    missing = [] if budgets else [NotMeasured(span, why) for span in SPANS]
    return Section("tts", tables, {"engines": data}, budgets, missing)


def _vits(models: Models) -> _Voice:
    """
    Raises:
        ProviderUnavailable: no voice is here and none can be made, or it cannot be loaded.
    """
    model = models.voice
    settings = models.with_voice(models.settings)
    provider = registry.build_tts("vits", settings.tts, models.paths.models_dir)
    provider.load()
    whole = None
    if plain.has_voice():
        whole = plain.voice(model.folder, settings.tts.speed, provider.engine.device)
        whole(TEXTS[0])  # once, so that neither side is cold
    subject = model.subject(provider.engine)
    decoding = provider.decoding if isinstance(provider, VitsTts) else ""
    return _Voice(provider, subject, model.reason, decoding, whole)


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
            _speak(voice.provider, spoken)
            if voice.whole is not None:
                started = time.perf_counter()
                voice.whole(spoken.text)
                spoken.whole_ms.append((time.perf_counter() - started) * 1000)
        for _ in range(BEGINNINGS):
            for spoken in texts:
                _begin(voice.provider, spoken)
    return texts


def _begin(provider: TtsProvider, spoken: Spoken) -> None:
    started = time.perf_counter()
    next(iter(provider.synthesize(spoken.text, LANGUAGE)), None)
    spoken.firsts_ms.append((time.perf_counter() - started) * 1000)


def _speak(provider: TtsProvider, spoken: Spoken) -> None:
    arrivals: list[tuple[float, float]] = []
    """When each piece was there, and how long it plays; in ms."""
    started = time.perf_counter()
    for piece in provider.synthesize(spoken.text, LANGUAGE):
        if piece.any():  # the pause after a clause is no work
            at_ms = (time.perf_counter() - started) * 1000
            arrivals.append((at_ms, len(piece) / provider.sample_rate * 1000))
    spoken.totals_ms.append((time.perf_counter() - started) * 1000)
    spoken.firsts_ms.append(arrivals[0][0] if arrivals else spoken.totals_ms[-1])
    spoken.audio_s.append(sum(length for _, length in arrivals) / 1000)
    spoken.windows.append(len(arrivals))
    spoken.slack_ms += least_slack(arrivals)


def least_slack(arrivals: Sequence[tuple[float, float]]) -> list[float]:
    """The least that was still to be played when the next piece came, as a list of one; none when
    there was no next piece. All in ms."""
    slacks: list[float] = []
    played_until: float | None = None
    for at_ms, plays_ms in arrivals:
        if played_until is not None:
            slacks.append(played_until - at_ms)
        played_until = max(at_ms, played_until or 0.0) + plays_ms
    return [min(slacks)] if slacks else []


def _table(voice: _Voice, texts: list[Spoken]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            len(text.text),
            median(text.firsts_ms),
            median(text.totals_ms),
            median(text.audio_s),
            text.rtf,
            round(median(text.windows)),
            text.least_slack_ms,
            median(text.whole_ms) if text.whole_ms else None,
            text.ratio,
        )
        for text in texts
    ]
    columns: tuple[str, ...] = (
        *("characters", "first PCM ms", "whole text ms", "audio s", "RTF"),
        *("windows", "least slack ms"),
        *("VitsModel call ms", "ratio"),
    )
    runs, firsts = len(texts[0].totals_ms), len(texts[0].firsts_ms)
    notes = [f"Median of {runs} run(s), of first PCM of {firsts}."]
    if voice.whole is None:
        columns, rows = columns[:5], [row[:5] for row in rows]
    else:
        notes.append("Ratio: first PCM over the VitsModel call.")
        off = flatness([median(text.firsts_ms) for text in texts])
        notes.append(f"First PCM is at most {off:.0%} off its mean, whatever the length.")
        notes.append(_gaps(texts))
    if voice.decoding:
        notes.append(f"Decoded in {voice.decoding}.")
    if voice.reason:
        notes.append(voice.reason)
    return Table(f"Text to speech: {voice.subject.label}", columns, rows, notes)


def _gaps(texts: Sequence[Spoken]) -> str:
    runs = [slack for text in texts for slack in text.slack_ms]
    gaps = sum(slack < 0 for slack in runs)
    if not runs or not gaps:
        return "Each window was there before the one before it had been played."
    return f"In {gaps} of {len(runs)} run(s) a window came late, by {-min(runs):.0f} ms at most."
