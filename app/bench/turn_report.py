"""The turns as tables, as data and as a chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.bench.chart import STAGES, Bar, Chart, Row
from app.bench.report import Cell, Table
from app.bench.sequential import Steps
from app.bench.series import LOUDSPEAKER, PARTS, WHOLE, Series, Turns
from app.bench.statistics import Summary, median
from app.core.latency import SPANS
from app.core.ports import Stage

BAR_CHARACTERS = 40

AHEAD = ("prefill", "draft")

STAGE_OF = {
    "stt_tail": "stt",
    "llm_queue": "llm",
    "ttft": "llm",
    "first_clause": "llm",
    "prefill": "llm",
    "draft": "llm",
    "ttfa": "tts",
    LOUDSPEAKER: "loudspeaker",
}
"""Stage of the chart, by the name of the span."""


def tables(turns: Turns) -> list[Table]:
    """For the terminal."""
    notes = [f"{subject.engine.stage}: {subject.label}" for subject in turns.subjects()]
    if turns.loudspeaker:
        notes.append(f"Played on {turns.loudspeaker}.")
    else:
        notes.append("Nothing was played: first sound is when the first samples were handed over.")
    if Stage.LLM in turns.engines and turns.engines[Stage.LLM].name == "skills":
        notes.append("The built-in skills act, so they are never asked ahead.")
    notes += turns.notes
    title = f"Spoken turns, {turns.title}"
    if not turns.measured:
        return [Table(title, (), (), [*notes, "No turn was measured."])]
    found = []
    for number, series in enumerate(turns.measured):
        lines = [series.drafts.in_words(len(series.spans)), *_recorded_note(series)]
        if number == 0:
            lines = [*notes, *lines]
        found.append(_spans_table(f"{title}, {series.in_words} (ms)", series, lines))
    found.append(_waterfall(turns))
    if turns.steps:
        found.append(_baseline_table(turns))
    return found


def _spans_table(title: str, series: Series, notes: Sequence[str]) -> Table:
    names = [kind.name for kind in PARTS] + [WHOLE]
    rows: list[list[Cell]] = [
        [str(number), *(spans.get(name) for name in names)]
        for number, spans in enumerate(series.spans, 1)
    ]
    rows.append(["median", *(series.middle(name) for name in names)])
    return Table(title, ["turn", *names], rows, notes)


def _recorded_note(series: Series) -> list[str]:
    if not series.recorded_ms:
        return []
    recorded, stamped = median(series.recorded_ms), median(series.voice_ms)
    return [
        f"In the recording of the loudspeaker the first sound came {recorded:.0f} ms after key-up "
        f"(median of {len(series.recorded_ms)}), {recorded - stamped:+.0f} ms off the stamps."
    ]


def _waterfall(turns: Turns) -> Table:
    """The medians of the first series as bars, one under the other."""
    series = turns.measured[0]
    parts = [(kind.label, series.middle(kind.name) or 0.0) for kind in PARTS]
    whole = sum(value for _, value in parts) or 1.0
    rows: list[list[Cell]] = []
    start = 0.0
    for label, value in parts:
        left = round(BAR_CHARACTERS * start / whole)
        right = max(left + 1, round(BAR_CHARACTERS * (start + value) / whole))
        rows.append([label, " " * left + "█" * (right - left), value])
        start += value
    title = f"Waterfall of the medians, {turns.title}, {series.in_words}"
    return Table(title, ("", "from key-up", "ms"), rows)


def _baseline_table(turns: Turns) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (f"Parley, {series.in_words}", None, None, None, series.wait_ms, turns.ratio(series))
        for series in turns.measured
    ]
    rows.append(_steps_row("the same engines one after another", turns.steps, turns.sequential_ms))
    notes = ["Ratio: Parley over the same engines one after another."]
    if turns.plain:
        rows.append(_steps_row("plain libraries", turns.plain, turns.plain_ms))
        notes.append(_plain_note(turns))
    if turns.loudspeaker:
        notes.append(
            f"The loudspeaker's {turns.loudspeaker_ms:.0f} ms are in all of them: Parley's own "
            "are added to the others."
        )
    columns = (
        *("", "whole STT ms", "whole reply ms", "whole TTS ms"),
        *("key-up to first sound ms", "ratio"),
    )
    return Table(f"Beside the baselines, {turns.title}", columns, rows, notes)


def _plain_note(turns: Turns) -> str:
    read = "the reply read by httpx" if turns.plain_reads_bare else "the same reply"
    return f"Plain libraries: faster-whisper's transcribe(), {read}, one VitsModel call."


def _steps_row(name: str, steps: Sequence[Steps], total_ms: float | None) -> tuple[Cell, ...]:
    stages = _medians(steps)
    return (name, stages["stt"], stages["llm"], stages["tts"], total_ms, None)


def _medians(steps: Sequence[Steps]) -> dict[str, float]:
    return {
        "stt": median([step.stt_ms for step in steps]),
        "llm": median([step.llm_ms for step in steps]),
        "tts": median([step.tts_ms for step in steps]),
    }


# --- as data ------------------------------------------------------------------------------


def as_data(turns: Turns) -> Mapping[str, object]:
    """For the JSON."""
    return {
        "title": turns.title,
        "engines": [subject.as_data() for subject in turns.subjects()],
        "loudspeaker": turns.loudspeaker,
        "recorded": turns.recorded,
        "notes": turns.notes,
        "series": [_series_data(turns, series) for series in turns.series],
        "sequential": [steps.as_data() for steps in turns.steps],
        "sequential_p50_ms": turns.sequential_ms,
        "plain_libraries": [steps.as_data() for steps in turns.plain],
        "plain_libraries_p50_ms": turns.plain_ms,
        "plain_reply": "httpx" if turns.plain_reads_bare else "the provider",
        "ratio": turns.worst_ratio,
    }


def _series_data(turns: Turns, series: Series) -> Mapping[str, object]:
    recorded, voice = series.recorded_ms, series.voice_ms
    return {
        "key_up_after_last_word_ms": series.after_ms,
        "turns": [dict(spans) for spans in series.spans],
        "starts": [dict(starts) for starts in series.starts],
        "median_ms": {kind.name: series.middle(kind.name) for kind in SPANS},
        "voice_to_voice_ms": Summary.of(voice).as_data() if voice else None,
        "recorded_ms": Summary.of(recorded).as_data() if recorded else None,
        "ratio": turns.ratio(series),
        "drafts": series.drafts.as_data(),
    }


# --- as a chart ---------------------------------------------------------------------------


def chart(turns: Turns) -> Chart:
    """The medians, on one axis."""
    rows = [_our_row(series) for series in turns.measured]
    for name, detail, steps, total_ms in (
        ("One after another", "the same engines", turns.steps, turns.sequential_ms),
        ("Plain libraries", "one after another", turns.plain, turns.plain_ms),
    ):
        if total_ms is not None:
            lengths = _medians(steps) | {"loudspeaker": turns.loudspeaker_ms}
            rows.append(Row(name, detail, _stacked(lengths), total_ms))
    count = min(len(series.spans) for series in turns.measured)
    lines = [
        ", ".join(f"{each.engine.label} ({each.engine.device})" for each in turns.subjects()),
        "One turn each." if count == 1 else f"Median of {count} turns each.",
    ]
    if any(subject.random_weights for subject in turns.subjects()):
        lines[1] += " Where the weights are missing, random ones of the real shape: timing only."
    return Chart("From key-up to the first sound", lines, rows)


def _our_row(series: Series) -> Row:
    lengths = dict.fromkeys(STAGES, 0.0)
    for kind in PARTS:
        lengths[STAGE_OF[kind.name]] += series.middle(kind.name) or 0.0
    bars = [*_ahead(series), *_stacked(lengths)]
    return Row("Parley", series.in_words, bars, series.wait_ms or sum(lengths.values()))


def _ahead(series: Series) -> list[Bar]:
    """What most of the turns did before key-up, up to key-up."""
    bars = []
    for name in AHEAD:
        begun = [
            (starts[name], min(spans[name], -starts[name]))
            for spans, starts in zip(series.spans, series.starts, strict=True)
            if name in spans and starts.get(name, 0.0) < 0
        ]
        if 2 * len(begun) > len(series.spans):
            start, length = (median(values) for values in zip(*begun, strict=True))
            bars.append(Bar(STAGE_OF[name], start, length, ahead=True))
    return bars


def _stacked(lengths: Mapping[str, float]) -> list[Bar]:
    """Bars that follow one another from key-up on, by stage."""
    bars: list[Bar] = []
    at_ms = 0.0
    for stage, length in lengths.items():
        bars.append(Bar(stage, at_ms, length))
        at_ms += length
    return bars
