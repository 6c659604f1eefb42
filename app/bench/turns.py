"""Whole spoken turns through the real assistant, beside the same engines one after another.

A recording is heard at its own pace through the same workers as in the window, by the same
session as `ask --wav`. Between two turns the baseline takes its own. History is off and no
turn is shown the ones before it, so that every turn asks the same question.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QCoreApplication

from app.audio.files import NullOutput, WavInput
from app.audio.format import read_speech
from app.audio.system import SoundSystem
from app.bench.budgets import Budget
from app.bench.plan import Plan, Progress
from app.bench.report import Cell, Section, Table
from app.bench.sequential import Sequential, Steps
from app.bench.statistics import Summary, median
from app.bench.subjects import Models, Subject
from app.bootstrap import Assistant, Sound
from app.commands.session import Session
from app.core.events import Event, Outcome, TurnEnded
from app.core.latency import SPANS
from app.core.ports import Engine, Stage
from app.errors import AssistantError, ProviderError
from app.secrets import Secrets
from app.settings import Settings

log = logging.getLogger(__name__)

WHOLE = "voice_to_voice"
LOUDSPEAKER = "first_audible"
"""The span from the first samples to the air: it is added to the baseline too."""

PARTS = tuple(kind for kind in SPANS if kind.part and kind.name != "request_to_voice")

BAR_CHARACTERS = 40

SERVING = (Stage.STT, Stage.LLM, Stage.TTS)


@dataclass
class Turns:
    """Turns of one set of engines."""

    title: str
    settings: Settings
    named: Mapping[str, tuple[str, bool]]
    """By stage: the name of the weights, and whether they are random; where that is known."""
    aloud: bool
    """Whether the reply may be played; noise from random weights may not."""
    loudspeaker: str = ""
    """Its name; empty when nothing was played."""
    engines: Mapping[str, Engine] = field(default_factory=dict)
    spans: list[Mapping[str, float]] = field(default_factory=list)
    steps: list[Steps] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

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

    def middle(self, span: str) -> float | None:
        """The span's median over the turns, milliseconds."""
        values = [spans[span] for spans in self.spans if span in spans]
        return median(values) if values else None

    @property
    def sequential_ms(self) -> float | None:
        """The baseline's median, with the loudspeaker's share of our turns added."""
        if not self.steps:
            return None
        return median([steps.total_ms for steps in self.steps]) + (self.middle(LOUDSPEAKER) or 0.0)

    @property
    def ratio(self) -> float | None:
        ours, baseline = self.middle(WHOLE), self.sequential_ms
        return ours / baseline if ours is not None and baseline else None


def measure(models: Models, secrets: Secrets, plan: Plan, progress: Progress) -> Section:
    """The engines as they would serve now; and, where a stand-in does, the real shapes."""
    QCoreApplication.instance() or QCoreApplication(sys.argv[:1])
    tables: list[Table] = []
    data: list[Mapping[str, object]] = []
    budget: Budget | None = None
    for turns in _sets(models):
        try:
            _take(turns, models, secrets, plan, progress)
        except AssistantError as exc:
            log.info("turns with %s are not measured", turns.title, exc_info=exc)
            turns.notes.append(f"Not measured further: {exc}")
        tables += _tables(turns)
        data.append(_data(turns))
        # of two sets the later one, whose shapes are the real ones, is held to the budget
        if turns.ratio is not None:
            basis = "; ".join(subject.label for subject in turns.subjects())
            budget = Budget(WHOLE, turns.ratio, basis)
    return Section("turns", tables, {"sets": data}, [budget] if budget else [])


def _sets(models: Models) -> Sequence[Turns]:
    """What to take turns with.

    Raises nothing: a set whose models cannot be made says so when it is taken.
    """
    settings = _same_question_every_turn(models.settings)
    now = Turns("engines as they serve now", settings, {}, aloud=True)
    wanted = (settings.stt.provider, settings.tts.provider)
    if wanted != ("whisper", "vits"):
        return [now]
    try:
        whisper, voice = models.whisper, models.voice
        shaped = models.with_voice(models.with_whisper(settings))
    except ProviderError as exc:
        now.notes.append(str(exc))
        return [now]
    named = {
        Stage.STT.value: (whisper.name, whisper.random),
        Stage.TTS.value: (voice.name, voice.random),
    }
    real = Turns("Whisper and VITS", shaped, named, aloud=not voice.random)
    if whisper.random or voice.random:
        return [now, real]
    return [real]


def _same_question_every_turn(settings: Settings) -> Settings:
    """No history, and the model answers what the skills could, when there is a model."""
    skills = settings.llm.skills.model_copy(update={"first": False})
    llm = settings.llm.model_copy(update={"history_turns": 0, "skills": skills})
    history = settings.history.model_copy(update={"enabled": False})
    return settings.model_copy(update={"llm": llm, "history": history})


def _take(turns: Turns, models: Models, secrets: Secrets, plan: Plan, progress: Progress) -> None:
    """One turn that warms everything up, then as many as planned, the baseline after each.

    Raises:
        AssistantError: a recording or an engine failed.
    """
    recording = WavInput(plan.recordings[0])
    audio = read_speech(plan.recordings[0])
    sound = _sound(turns, recording)
    assistant = Assistant(turns.settings, models.paths, secrets, sound, keeps_timers=False)
    with Session(assistant, _ignore) as session:
        progress(f"Turns, {turns.title}: loading")
        session.wait_for_engines()
        turns.engines = session.ask_recording(recording).engines
        turns.loudspeaker = sound.output.name
        missing = [stage for stage in SERVING if stage not in turns.engines]
        if missing:
            turns.notes.append(f"The first turn did not reach {', '.join(missing)}.")
            return
        key = secrets.get(turns.engines[Stage.LLM].name)
        with Sequential(turns.settings, models.paths, key, turns.engines) as baseline:
            baseline.turn(audio)
            for number in range(1, plan.runs + 1):
                progress(f"Turns, {turns.title}: {number} of {plan.runs}")
                _note(turns, session.ask_recording(recording))
                turns.steps.append(baseline.turn(audio))


def _sound(turns: Turns, recording: WavInput) -> Sound:
    """The recording, and the loudspeaker if there is one to be used."""
    if turns.aloud:
        devices = SoundSystem(turns.settings.audio, listens=False)
        if any(report.name for report in devices.open()):
            devices.close()  # the sound thread opens it again and owns it
            devices = SoundSystem(turns.settings.audio, listens=False)
            return Sound(source=recording, output=devices.speaker, devices=devices)
        devices.close()
    return Sound(source=recording, output=NullOutput())


def _note(turns: Turns, ended: TurnEnded) -> None:
    if ended.outcome != Outcome.REPLIED:
        turns.notes.append(f"A turn ended as “{ended.outcome}” and is left out.")
    elif {stage: e.name for stage, e in ended.engines.items()} != {
        stage: e.name for stage, e in turns.engines.items()
    }:
        turns.notes.append("A turn was served by other engines and is left out.")
    else:
        turns.spans.append(ended.spans)


def _ignore(event: Event) -> None:
    """The spans come with the end of the turn."""


def _tables(turns: Turns) -> list[Table]:
    notes = [f"{subject.engine.stage}: {subject.label}" for subject in turns.subjects()]
    if turns.loudspeaker:
        notes.append(f"Played on {turns.loudspeaker}.")
    else:
        notes.append("Nothing was played: first sound is when the first samples were handed over.")
    notes += turns.notes
    title = f"Spoken turns, {turns.title}"
    if not turns.spans:
        return [Table(title, (), (), [*notes, "No turn was measured."])]
    names = [kind.name for kind in PARTS] + [WHOLE]
    rows: list[list[Cell]] = [
        [str(number), *(spans.get(name) for name in names)]
        for number, spans in enumerate(turns.spans, 1)
    ]
    rows.append(["median", *(turns.middle(name) for name in names)])
    tables = [Table(f"{title} (ms)", ["turn", *names], rows, notes), _waterfall(turns)]
    if turns.steps:
        tables.append(_baseline_table(turns))
    return tables


def _waterfall(turns: Turns) -> Table:
    """The medians as bars, one under the other."""
    parts = [(kind.label, turns.middle(kind.name) or 0.0) for kind in PARTS]
    whole = sum(value for _, value in parts) or 1.0
    rows: list[list[Cell]] = []
    start = 0.0
    for label, value in parts:
        left = round(BAR_CHARACTERS * start / whole)
        right = max(left + 1, round(BAR_CHARACTERS * (start + value) / whole))
        rows.append([label, " " * left + "█" * (right - left), value])
        start += value
    title = f"Waterfall of the medians, {turns.title}"
    return Table(title, ("", "from key-up", "ms"), rows)


def _baseline_table(turns: Turns) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            "one after another",
            median([steps.stt_ms for steps in turns.steps]),
            median([steps.llm_ms for steps in turns.steps]),
            median([steps.tts_ms for steps in turns.steps]),
            turns.sequential_ms,
        ),
        ("Parley", None, None, None, turns.middle(WHOLE)),
        ("ratio", None, None, None, turns.ratio),
    ]
    columns = ("", "whole STT ms", "whole reply ms", "whole TTS ms", "key-up to first sound ms")
    return Table(f"Beside the same engines one after another, {turns.title}", columns, rows)


def _data(turns: Turns) -> Mapping[str, object]:
    voice_ms = [spans[WHOLE] for spans in turns.spans if WHOLE in spans]
    return {
        "title": turns.title,
        "engines": [subject.as_data() for subject in turns.subjects()],
        "loudspeaker": turns.loudspeaker,
        "notes": turns.notes,
        "turns": [dict(spans) for spans in turns.spans],
        "median_ms": {kind.name: turns.middle(kind.name) for kind in SPANS},
        "voice_to_voice_ms": Summary.of(voice_ms).as_data() if voice_ms else None,
        "sequential": [steps.as_data() for steps in turns.steps],
        "sequential_p50_ms": turns.sequential_ms,
        "ratio": turns.ratio,
    }
