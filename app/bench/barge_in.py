"""Barge-in: how long Parley goes on speaking after the talk key went down.

Parley is asked what it can do, which takes it many seconds to say, and interrupted in the middle
of a word while the loudspeaker's signal is recorded: silence begins after the last audible
sample. No language model is needed, and the voice is the one that serves now.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEventLoop, QTimer

from app.audio.files import WavInput
from app.audio.system import SoundSystem
from app.bench import offscreen
from app.bench.budgets import Budget
from app.bench.loopback import (
    RATE,
    NothingRecorded,
    Recording,
    audible_from,
    find_monitor,
    last_sound,
)
from app.bench.plan import Plan, Progress
from app.bench.report import NotMeasured, Section, Table
from app.bench.statistics import median, percentile
from app.bench.subjects import Models, Subject
from app.bootstrap import Assistant, Sound
from app.commands.session import Session
from app.core.events import DropListening, Event, PlaybackStarted, StartListening
from app.core.ports import Engine, Stage
from app.errors import AssistantError
from app.secrets import Secrets
from app.settings import Settings

log = logging.getLogger(__name__)

SPAN = "barge_in"

QUESTION = "What can you do?"
"""The built-in skills know the answer for certain."""

SPEAKS_FIRST_MS = (700, 1300, 1000)
"""How long it speaks before it is interrupted, one after the other."""

SETTLES_MS = 600
"""Between key-down and the end of the recording: five times the budget."""

RESTS_MS = 300
"""Until the next question, so that nothing of this one is left."""

IN_A_WORD_S = 0.03
"""Sound this shortly before key-down means that a word was cut, not a pause."""


def measure(models: Models, secrets: Secrets, plan: Plan, progress: Progress) -> Section:
    """So many interruptions, where the loudspeaker can be recorded."""
    offscreen.event_loop()
    settings = _settings(models.settings)
    try:
        monitor = find_monitor()
        loudspeaker = SoundSystem(settings.audio, listens=False)
        found = [report.name for report in loudspeaker.open() if report.name]
        loudspeaker.close()
        if not found:
            raise NothingRecorded("There is no loudspeaker.")
        run = _Interruptions(settings, models, secrets, plan, progress)
        silences_ms = run.take(monitor)
    except AssistantError as exc:
        log.info("barge-in is not measured", exc_info=exc)
        return Section(
            SPAN, [], {"silence_ms": [], "note": str(exc)}, [], [NotMeasured(SPAN, str(exc))]
        )
    assert run.voice is not None
    label = Subject(run.voice).label
    return Section(
        SPAN,
        [_table(label, silences_ms)],
        {"engine": Subject(run.voice).as_data(), "silence_ms": silences_ms, "note": ""},
        [Budget(SPAN, percentile(silences_ms, 95), f"{label}; {len(silences_ms)} runs")],
    )


def _settings(settings: Settings) -> Settings:
    """Skills first, no history, and nothing loaded that listens."""
    skills = settings.llm.skills.model_copy(update={"first": True})
    llm = settings.llm.model_copy(update={"skills": skills, "order": ()})
    stt = settings.stt.model_copy(update={"provider": "pocketsphinx"})
    history = settings.history.model_copy(update={"enabled": False})
    return settings.model_copy(update={"llm": llm, "stt": stt, "history": history})


class _Interruptions:
    """Asks, and interrupts the answer. Main thread.

    Attributes:
        voice: who spoke.
    """

    def __init__(
        self, settings: Settings, models: Models, secrets: Secrets, plan: Plan, progress: Progress
    ) -> None:
        self._plan = plan
        self._progress = progress
        devices = SoundSystem(settings.audio, listens=False)
        # Nobody speaks: a recording that is never started is a silent microphone.
        silence = WavInput(plan.recordings[0])
        sound = Sound(source=silence, output=devices.speaker, devices=devices)
        self._assistant = Assistant(settings, models.paths, secrets, sound, keeps_timers=False)
        self._interrupts_after_ms: int | None = None
        self._key_down = 0.0
        self.voice: Engine | None = None

    def take(self, monitor: str) -> list[float]:
        """Milliseconds from key-down to silence, one figure for each time a word was cut.

        Raises:
            NothingRecorded: the loudspeaker's signal cannot be recorded.
        """
        silences_ms: list[float] = []
        with Session(self._assistant, self._watch) as session:
            session.wait_for_engines([Stage.TTS, Stage.LLM])
            for attempt in range(2 * self._plan.barge_ins):
                if len(silences_ms) == self._plan.barge_ins:
                    break
                self._progress(f"Barge-in: {len(silences_ms) + 1} of {self._plan.barge_ins}")
                self._interrupts_after_ms = SPEAKS_FIRST_MS[attempt % len(SPEAKS_FIRST_MS)]
                with Recording(monitor) as recording:
                    self.voice = session.ask_text(QUESTION).engines.get(Stage.TTS, self.voice)
                    _wait(SETTLES_MS)
                self._assistant.ask_for(DropListening())
                _wait(RESTS_MS)
                if _was_in_a_word(recording, self._key_down):
                    ends = recording.time_of(last_sound(recording.samples))
                    silences_ms.append((ends - self._key_down) * 1000)
        if not silences_ms or self.voice is None:
            raise NothingRecorded("Nothing was heard at the loudspeaker.")
        return silences_ms

    def _watch(self, event: Event) -> None:
        if isinstance(event, PlaybackStarted) and self._interrupts_after_ms is not None:
            QTimer.singleShot(self._interrupts_after_ms, self._press)
            self._interrupts_after_ms = None

    def _press(self) -> None:
        intent = StartListening()
        self._key_down = intent.at
        self._assistant.ask_for(intent)


def _was_in_a_word(recording: Recording, key_down: float) -> bool:
    samples = recording.samples
    at = recording.index_at(key_down)
    before = samples[max(0, at - round(IN_A_WORD_S * RATE)) : at]
    return bool(len(before) and np.abs(before).max() > audible_from(samples))


def _wait(milliseconds: int) -> None:
    """Let events come in for so long."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def _table(label: str, silences_ms: Sequence[float]) -> Table:
    row = (
        len(silences_ms),
        median(silences_ms),
        percentile(silences_ms, 95),
        max(silences_ms),
    )
    return Table(
        f"Barge-in: {label}",
        ("runs", "p50 ms", "p95 ms", "longest ms"),
        [row],
        ["From key-down in the middle of a word to silence in the recording of the loudspeaker."],
    )
