"""Speech to text: what is left to do after the key came up, beside a whole transcription.

A recording is fed to a session at the pace at which it was spoken, with partials in between as
the speech thread asks for them; the tail is the time from key-up, with the last word or a moment
after it, to the final transcript. Right after it faster-whisper's own `transcribe()` gets
the whole recording, with the same model, precision, threads and beam width. It is told the
language, so that it need not listen twice to detect it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.audio.format import read_speech
from app.bench import plain
from app.bench.budgets import Budget, worst
from app.bench.plain import Transcribe
from app.bench.plan import Plan, Progress
from app.bench.report import Cell, NotMeasured, Section, Table
from app.bench.statistics import median
from app.bench.subjects import Models, Subject
from app.bench.takes import released
from app.core.ports import SAMPLE_RATE, Audio, SttProvider, Transcript
from app.errors import AssistantError
from app.providers import registry

log = logging.getLogger(__name__)

SPAN = "stt_tail"

CHUNK_S = 0.02
"""As the listener hands them on."""

BUDGETED_S = (2.0, 10.0)
"""The lengths of utterance that SPEC section 3 sets the budget for."""

SETTLE_S = 0.1
"""Between two runs, so that the threads of one library have stopped spinning before the other
one is timed."""


@dataclass
class Tail:
    """Runs of one recording with one engine."""

    recording: str
    duration_s: float
    tails_ms: list[float] = field(default_factory=list)
    whole_ms: list[float] = field(default_factory=list)
    text: str = ""
    whole_text: str = ""
    after_ms: int = 0
    """How long after the last voiced sample the key came up."""

    @property
    def ratio(self) -> float | None:
        """Of the medians; None where there is nothing to hold it against."""
        return median(self.tails_ms) / median(self.whole_ms) if self.whole_ms else None

    @property
    def same_words(self) -> bool | None:
        if not self.whole_ms:
            return None
        return _words(self.text) == _words(self.whole_text)

    def as_data(self) -> Mapping[str, object]:
        return {
            "recording": self.recording,
            "duration_s": round(self.duration_s, 2),
            "key_up_after_last_word_ms": self.after_ms,
            "tail_ms": self.tails_ms,
            "tail_p50_ms": median(self.tails_ms),
            "transcribe_ms": self.whole_ms,
            "transcribe_p50_ms": median(self.whole_ms) if self.whole_ms else None,
            "ratio": self.ratio,
            "text": self.text,
            "same_words": self.same_words,
        }


def measure(models: Models, plan: Plan, progress: Progress) -> Section:
    """Whisper, and the stand-in."""
    spoken = [
        Utterance(path.name, after_ms, released(read_speech(path), after_ms))
        for after_ms in plan.releases_ms
        for path in plan.recordings
    ]
    spoken_at_once = [each for each in spoken if each.after_ms == plan.releases_ms[0]]
    tables: list[Table] = []
    data: list[Mapping[str, object]] = []
    budgets: list[Budget] = []
    for name, look, utterances in (
        ("whisper", _whisper, spoken),
        ("pocketsphinx", _pocketsphinx, spoken_at_once),
    ):
        try:
            with_engine = look(models)
        except AssistantError as exc:
            log.info("%s is not measured", name, exc_info=exc)
            tables.append(Table(f"Speech to text: {name}", (), (), [str(exc)]))
            data.append({"engine": {"stage": "stt", "name": name}, "error": str(exc)})
            continue
        try:
            subject = with_engine.subject
            tails = list(_tails(with_engine, utterances, plan.runs, progress))
        finally:
            with_engine.provider.close()
        tables.append(_table(with_engine, tails))
        data.append({"engine": subject.as_data(), "recordings": [t.as_data() for t in tails]})
        ratios = [
            tail.ratio
            for tail in tails
            if tail.ratio is not None
            and BUDGETED_S[0] <= round(tail.duration_s, 1) <= BUDGETED_S[1]
        ]
        if ratios:
            basis = (
                f"{subject.label}; the worst of {len(ratios)} utterance(s) of 2 to 10 s, key up "
                f"{' and '.join(map(str, plan.releases_ms))} ms after the last word"
            )
            budgets.append(Budget(SPAN, worst(ratios), basis))
    why = "Whisper was not measured on a recording of 2 to 10 s."
    missing = [] if budgets else [NotMeasured(SPAN, why)]
    return Section("stt", tables, {"engines": data}, budgets, missing)


@dataclass(frozen=True)
class Utterance:
    """A recording up to key-up."""

    name: str
    after_ms: int
    """How long after the last voiced sample the key comes up."""
    audio: Audio


@dataclass(frozen=True)
class _Engine:
    provider: SttProvider
    subject: Subject
    reason: str = ""
    whole: Transcribe | None = None


def _whisper(models: Models) -> _Engine:
    """
    Raises:
        ProviderUnavailable: no model is here and none can be made, or it cannot be loaded.
    """
    model = models.whisper
    settings = models.with_whisper(models.settings).stt
    provider = registry.build_stt("whisper", settings, models.paths.models_dir)
    provider.load()
    whole = plain.whisper(model.folder, settings.whisper, provider.engine.device)
    return _Engine(provider, model.subject(provider.engine), model.reason, whole)


def _pocketsphinx(models: Models) -> _Engine:
    """
    Raises:
        ProviderUnavailable: its package is damaged.
    """
    settings = models.settings.stt
    provider = registry.build_stt("pocketsphinx", settings, models.paths.models_dir)
    provider.load()
    return _Engine(provider, Subject(provider.engine))


def _tails(
    engine: _Engine, utterances: Sequence[Utterance], runs: int, progress: Progress
) -> Iterator[Tail]:
    for utterance in utterances:
        audio = utterance.audio
        progress(
            f"Speech to text, {engine.subject.engine.name}: {utterance.name}, "
            f"key up after {utterance.after_ms} ms"
        )
        tail = Tail(utterance.name, len(audio) / SAMPLE_RATE, after_ms=utterance.after_ms)
        for _ in range(runs):
            heard, tail_ms = hear_as_spoken(engine.provider, audio)
            tail.tails_ms.append(tail_ms)
            tail.text = heard.text
            if engine.whole is None:
                continue
            time.sleep(SETTLE_S)
            started = time.perf_counter()
            tail.whole_text = engine.whole(audio, heard.language)
            tail.whole_ms.append((time.perf_counter() - started) * 1000)
            time.sleep(SETTLE_S)
        yield tail


def hear_as_spoken(provider: SttProvider, audio: Audio) -> tuple[Transcript, float]:
    """Feed a recording at its own pace; the transcript, and how long it took after the end (ms).

    Partials come when all that has arrived is taken, and may make the next chunks wait, as in
    the speech thread.
    """
    session = provider.start(None)
    chunk = round(CHUNK_S * SAMPLE_RATE)
    position = 0
    started = time.perf_counter()
    ends_at = started + len(audio) / SAMPLE_RATE
    while position < len(audio):
        spoken_s = time.perf_counter() - started
        arrived = min(len(audio), int(spoken_s / CHUNK_S) * chunk)
        if time.perf_counter() >= ends_at:
            arrived = len(audio)
        if arrived == position:
            next_s = (position // chunk + 1) * CHUNK_S
            time.sleep(max(0.0, min(started + next_s, ends_at) - time.perf_counter()))
            continue
        while position < arrived:
            session.feed(audio[position : min(position + chunk, arrived)])
            position = min(position + chunk, arrived)
        if position < len(audio):
            session.partial()
    transcript = session.finish()
    return transcript, (time.perf_counter() - ends_at) * 1000


def _table(engine: _Engine, tails: list[Tail]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for tail in tails:
        heard = f"“{tail.text}”"
        if engine.whole is None:
            rows.append(
                (tail.recording, tail.duration_s, tail.after_ms, median(tail.tails_ms), heard)
            )
            continue
        words = {True: "same", False: "other", None: ""}[tail.same_words]
        rows.append(
            (
                tail.recording,
                tail.duration_s,
                tail.after_ms,
                median(tail.tails_ms),
                median(tail.whole_ms),
                tail.ratio,
                words,
                heard,
            )
        )
    runs = len(tails[0].tails_ms)
    compared = () if engine.whole is None else ("transcribe() ms", "ratio", "words")
    columns = ("recording", "s", "key up after ms", "tail ms", *compared, "heard")
    notes = [
        f"Median of {runs} run(s). Tail: key-up, so long after the last word, to final transcript."
    ]
    if engine.reason:
        notes.append(engine.reason)
    return Table(f"Speech to text: {engine.subject.label}", columns, rows, notes)


def _words(text: str) -> list[str]:
    """For comparing: case and punctuation do not count."""
    kept = "".join(c if c.isalnum() or c in "' " else " " for c in text.casefold())
    return kept.split()
