"""Whole spoken turns through the real assistant, beside two baselines.

A recording is heard at its own pace through the same workers as in the window, by the same
session as `ask --wav`, with the key released at the end of the last word and a moment after it.
Between two turns the baselines take theirs: the same engines one after another, and the plain
libraries. History is off and no turn is shown the ones before it, so that every turn asks the
same question.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from app.audio.files import NullOutput
from app.audio.system import SoundSystem
from app.bench import offscreen
from app.bench.budgets import Budget
from app.bench.drafts import DraftTally
from app.bench.loopback import NothingRecorded, Recording, find_monitor, first_sound
from app.bench.plain import PlainLibraries, has_voice
from app.bench.plan import Plan, Progress
from app.bench.report import NotMeasured, Section
from app.bench.sequential import Sequential
from app.bench.series import SERVING, Series, Turns
from app.bench.subjects import Models
from app.bench.takes import Microphone, Take
from app.bench.turn_report import as_data, chart, tables
from app.bootstrap import Assistant, Sound
from app.commands.session import Session
from app.core.events import Event, Outcome, TurnEnded
from app.core.ports import Stage
from app.errors import AssistantError, ProviderError
from app.secrets import Secrets
from app.settings import Settings

log = logging.getLogger(__name__)


def measure(models: Models, secrets: Secrets, plan: Plan, progress: Progress) -> Section:
    """The engines as they would serve now; and, where a stand-in does, the real shapes."""
    offscreen.event_loop()
    taken = _sets(models, plan)
    for turns in taken:
        try:
            _Taking(turns, models, secrets, plan, progress).take()
        except AssistantError as exc:
            log.info("turns with %s are not measured", turns.title, exc_info=exc)
            turns.note(f"Not measured further: {exc}")
    budgets, missing = _budgets(taken)
    return Section(
        "turns",
        [table for turns in taken for table in tables(turns)],
        {"sets": [as_data(turns) for turns in taken]},
        budgets,
        missing,
        chart=next((chart(turns) for turns in reversed(taken) if turns.measured), None),
    )


def _sets(models: Models, plan: Plan) -> Sequence[Turns]:
    """What to take turns with.

    Raises nothing: a set whose models cannot be made says so when it is taken.
    """
    settings = _same_question_every_turn(models.settings)

    def series() -> list[Series]:
        return [Series(after_ms) for after_ms in plan.releases_ms]

    now = Turns("engines as they serve now", settings, {}, aloud=True, series=series())
    wanted = (settings.stt.provider, settings.tts.provider)
    if wanted != ("whisper", "vits"):
        return [now]
    try:
        whisper, voice = models.whisper, models.voice
        shaped = models.with_voice(models.with_whisper(settings))
    except ProviderError as exc:
        now.note(str(exc))
        return [now]
    named = {
        Stage.STT.value: (whisper.name, whisper.random),
        Stage.TTS.value: (voice.name, voice.random),
    }
    real = Turns("Whisper and VITS", shaped, named, aloud=not voice.random, series=series())
    if whisper.random or voice.random:
        return [now, real]
    return [real]


def _same_question_every_turn(settings: Settings) -> Settings:
    """No history, and the model answers what the skills could, when there is a model."""
    skills = settings.llm.skills.model_copy(update={"first": False})
    llm = settings.llm.model_copy(update={"history_turns": 0, "skills": skills})
    history = settings.history.model_copy(update={"enabled": False})
    return settings.model_copy(update={"llm": llm, "history": history})


@dataclass
class _Ahead:
    """Watches the session's events for whoever takes turns now. Main thread."""

    tally: DraftTally = field(default_factory=DraftTally)

    def __call__(self, event: Event) -> None:
        self.tally.observe(event)


class _Taking:
    """Takes the turns of one set."""

    def __init__(
        self, turns: Turns, models: Models, secrets: Secrets, plan: Plan, progress: Progress
    ) -> None:
        self._turns = turns
        self._models = models
        self._secrets = secrets
        self._plan = plan
        self._progress = progress
        self._ahead = _Ahead()
        self._monitor = ""

    def take(self) -> None:
        """One turn that warms everything up, then as many as planned with each key-up, with the
        baselines in between.

        Raises:
            AssistantError: a recording or an engine failed.
        """
        turns, paths = self._turns, self._models.paths
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="parley-bench-"))
            takes = [
                [Take(path, series.after_ms, Path(folder)) for path in self._plan.recordings]
                for series in turns.series
            ]
            microphone = Microphone(takes[0][0])
            sound = _sound(turns, microphone)
            assistant = Assistant(turns.settings, paths, self._secrets, sound, keeps_timers=False)
            session = stack.enter_context(Session(assistant, self._ahead))
            self._progress(f"Turns, {turns.title}: loading")
            session.wait_for_engines()
            turns.engines = session.ask_recording(takes[0][0].input).engines
            turns.loudspeaker = sound.output.name
            missing = [stage for stage in SERVING if stage not in turns.engines]
            if missing:
                turns.note(f"The first turn did not reach {', '.join(missing)}.")
                return
            self._look_for_monitor()
            baselines = self._baselines(stack)
            for baseline in baselines:
                baseline(takes[0][0])
            turns.steps.clear()
            turns.plain.clear()
            for number in range(self._plan.runs):
                for position, series in enumerate(turns.series):
                    self._progress(
                        f"Turns, {turns.title}: {number + 1} of {self._plan.runs}, "
                        f"{series.in_words}"
                    )
                    take = takes[position][number % len(takes[position])]
                    microphone.insert(take)
                    self._ahead.tally = series.drafts
                    self._one_turn(session, series, take)
                    if position < len(baselines):
                        baselines[position](take)
                for baseline in baselines[len(turns.series) :]:
                    baseline(takes[0][number % len(takes[0])])

    def _look_for_monitor(self) -> None:
        if not self._turns.loudspeaker:
            return
        try:
            self._monitor = find_monitor()
        except NothingRecorded as exc:
            self._turns.note(f"The loudspeaker was not recorded: {exc}")

    def _baselines(self, stack: ExitStack) -> list[Callable[[Take], None]]:
        """What is run between the turns: each takes one turn and notes it."""
        turns, settings = self._turns, self._turns.settings
        paths = self._models.paths
        key = self._secrets.get(turns.engines[Stage.LLM].name)
        sequential = stack.enter_context(Sequential(settings, paths, key, turns.engines))
        baselines: list[Callable[[Take], None]] = [
            lambda take: turns.steps.append(sequential.turn(take.audio))
        ]
        heard_and_spoken = [turns.engines[stage].name for stage in (Stage.STT, Stage.TTS)]
        if heard_and_spoken == ["whisper", "vits"] and has_voice():
            plain = stack.enter_context(PlainLibraries(settings, paths, key, turns.engines))
            turns.plain_reads_bare = plain.reads_bare
            baselines.append(lambda take: turns.plain.append(plain.turn(take.audio)))
        return baselines

    def _one_turn(self, session: Session, series: Series, take: Take) -> None:
        if not self._monitor:
            self._note(series, session.ask_recording(take.input))
            return
        with Recording(self._monitor) as recording:
            ended = session.ask_recording(take.input)
        if not self._note(series, ended):
            return
        key_up = take.input.ends_at
        try:
            sounds = first_sound(recording.samples, recording.index_at(key_up))
        except NothingRecorded as exc:
            self._turns.note(str(exc))
            return
        self._turns.recorded = True
        series.recorded_ms.append((recording.time_of(sounds) - key_up) * 1000)

    def _note(self, series: Series, ended: TurnEnded) -> bool:
        """Keep the figures of a turn; False when it is one that does not count."""
        turns = self._turns
        if ended.outcome != Outcome.REPLIED:
            turns.note(f"A turn ended as “{ended.outcome}” and is left out.")
            return False
        served = {stage: engine.name for stage, engine in ended.engines.items()}
        if served != {stage: engine.name for stage, engine in turns.engines.items()}:
            turns.note("A turn was served by other engines and is left out.")
            return False
        series.spans.append(ended.spans)
        series.starts.append(ended.starts)
        return True


def _sound(turns: Turns, microphone: Microphone) -> Sound:
    """The recording, and the loudspeaker if there is one to be used."""
    if turns.aloud:
        devices = SoundSystem(turns.settings.audio, listens=False)
        if any(report.name for report in devices.open()):
            devices.close()  # the sound thread opens it again and owns it
            devices = SoundSystem(turns.settings.audio, listens=False)
            return Sound(source=microphone, output=devices.speaker, devices=devices)
        devices.close()
    return Sound(source=microphone, output=NullOutput())


def _budgets(taken: Sequence[Turns]) -> tuple[list[Budget], list[NotMeasured]]:
    """Of two sets the later one, whose shapes are the real ones, is held to the budgets."""
    budgets: list[Budget] = []
    missing: list[NotMeasured] = []
    turns = next((each for each in reversed(taken) if each.worst_ratio is not None), None)
    if turns is None or turns.worst_ratio is None:
        reason = taken[-1].notes[-1] if taken[-1].notes else "No turn was measured."
        return [], [NotMeasured("voice_to_voice", reason), _no_gpu()]
    engines = "; ".join(subject.label for subject in turns.subjects())
    worst = f"the worst of {len(turns.measured)} moments of key-up"
    budgets.append(Budget("voice_to_voice", turns.worst_ratio, f"{engines}; {worst}"))
    if turns.on_gpu and turns.worst_p95_ms is not None:
        budgets.append(Budget("voice_to_voice_gpu", turns.worst_p95_ms, f"{engines}; {worst}"))
    else:
        missing.append(_no_gpu())
    return budgets, missing


def _no_gpu() -> NotMeasured:
    return NotMeasured("voice_to_voice_gpu", "Speech and voice were not computed on a GPU.")
