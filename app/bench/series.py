"""Spoken turns as they were measured, and the arithmetic on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.bench.drafts import DraftTally
from app.bench.sequential import Steps
from app.bench.statistics import median, percentile
from app.bench.subjects import Subject
from app.core.latency import SPANS
from app.core.ports import Engine, Stage
from app.settings import Settings

WHOLE = "voice_to_voice"
LOUDSPEAKER = "first_audible"
"""The span from the first samples to the air: it is added to the baselines too."""

PARTS = tuple(kind for kind in SPANS if kind.part and kind.name != "request_to_voice")

SERVING = (Stage.STT, Stage.LLM, Stage.TTS)


@dataclass
class Series:
    """Turns in which the key came up so long after the last word."""

    after_ms: int
    spans: list[Mapping[str, float]] = field(default_factory=list)
    starts: list[Mapping[str, float]] = field(default_factory=list)
    recorded_ms: list[float] = field(default_factory=list)
    """Key-up to the first audible sample in a recording of the loudspeaker."""
    drafts: DraftTally = field(default_factory=DraftTally)

    def middle(self, span: str) -> float | None:
        """The span's median over the turns, milliseconds."""
        return _middle(self.spans, span)

    @property
    def voice_ms(self) -> list[float]:
        """Key-up to the first sound, as the stamps say."""
        return [spans[WHOLE] for spans in self.spans if WHOLE in spans]

    @property
    def waits_ms(self) -> list[float]:
        """Key-up to the first sound: as recorded at the loudspeaker where every turn was, else as
        the stamps say."""
        return self.recorded_ms if self._all_recorded else self.voice_ms

    @property
    def wait_ms(self) -> float | None:
        """The median of them."""
        return median(self.waits_ms) if self.waits_ms else None

    @property
    def _all_recorded(self) -> bool:
        return bool(self.spans) and len(self.recorded_ms) == len(self.spans)

    @property
    def in_words(self) -> str:
        if self.after_ms == 0:
            return "key up with the last word"
        return f"key up {self.after_ms} ms after the last word"


@dataclass
class Turns:
    """Turns of one set of engines."""

    title: str
    settings: Settings
    named: Mapping[str, tuple[str, bool]]
    """By stage: the name of the weights, and whether they are random; where that is known."""
    aloud: bool
    """Whether the reply may be played; noise from random weights may not."""
    series: Sequence[Series] = ()
    loudspeaker: str = ""
    """Its name; empty when nothing was played."""
    recorded: bool = False
    """Whether the loudspeaker's signal was recorded."""
    engines: Mapping[str, Engine] = field(default_factory=dict)
    steps: list[Steps] = field(default_factory=list)
    """The same engines one after another."""
    plain: list[Steps] = field(default_factory=list)
    """The plain libraries one after another; empty where they have no part in the turns."""
    plain_reads_bare: bool = True
    """Whether their reply was read by httpx; otherwise Parley's own provider fetched it."""
    notes: list[str] = field(default_factory=list)

    def note(self, line: str) -> None:
        """A sentence for under the table, once."""
        if line not in self.notes:
            self.notes.append(line)

    def subjects(self) -> list[Subject]:
        found = []
        for stage in SERVING:
            engine = self.engines.get(stage)
            if engine is None:
                continue
            name, random = self.named.get(stage, (engine.model, False))
            if engine.stand_in or not name:
                found.append(Subject(engine))
            else:
                found.append(Subject(replace(engine, model=name), random))
        return found

    @property
    def measured(self) -> list[Series]:
        return [series for series in self.series if series.spans]

    @property
    def on_gpu(self) -> bool:
        """Whether both engines that compute here use a GPU."""
        return all(
            stage in self.engines and self.engines[stage].device == "cuda"
            for stage in (Stage.STT, Stage.TTS)
        )

    @property
    def loudspeaker_ms(self) -> float:
        """The loudspeaker's share of our turns, the median; 0 when nothing was played."""
        spans = [spans for series in self.series for spans in series.spans]
        return _middle(spans, LOUDSPEAKER) or 0.0

    @property
    def sequential_ms(self) -> float | None:
        """The median of the first baseline, with the loudspeaker's share of our turns added."""
        return self._with_loudspeaker(self.steps)

    @property
    def plain_ms(self) -> float | None:
        """The same of the plain libraries."""
        return self._with_loudspeaker(self.plain)

    def _with_loudspeaker(self, steps: Sequence[Steps]) -> float | None:
        if not steps:
            return None
        return median([each.total_ms for each in steps]) + self.loudspeaker_ms

    def ratio(self, series: Series) -> float | None:
        """Of the medians: a turn over the same engines one after another."""
        ours, baseline = series.wait_ms, self.sequential_ms
        return ours / baseline if ours is not None and baseline else None

    @property
    def worst_ratio(self) -> float | None:
        """Whenever the key comes up."""
        ratios = [self.ratio(series) for series in self.measured]
        return max((ratio for ratio in ratios if ratio is not None), default=None)

    @property
    def worst_p95_ms(self) -> float | None:
        waits = [series.waits_ms for series in self.measured]
        return max((percentile(each, 95) for each in waits if each), default=None)


def _middle(rows: Sequence[Mapping[str, float]], name: str) -> float | None:
    values = [row[name] for row in rows if name in row]
    return median(values) if values else None
