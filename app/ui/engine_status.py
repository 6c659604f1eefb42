"""What serves each stage now, what is missing for the chosen engine, and how to say it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QObject, Signal

from app.core.events import (
    DeviceChanged,
    EngineMissing,
    EngineReady,
    Event,
    FetchProgressed,
    ModelWarmed,
    StageFailed,
    StageStarted,
)
from app.core.ports import Engine, Stage
from app.ui import words

translate = QCoreApplication.translate

STAGES = (Stage.STT, Stage.LLM, Stage.TTS)
"""The stages the user knows as Parley's: it hears, answers and speaks."""

FETCHING_STAGE = "engines"
"""Whose `StageFailed` means that a download failed."""


@dataclass(slots=True)
class StageStatus:
    """One stage."""

    stage: Stage
    serving: Engine | None = None
    """From the next turn on; None until the first engine reported."""
    missing: EngineMissing | None = None
    """The chosen engine that cannot serve yet, and why."""
    progress: str = ""
    """The latest line of a download."""
    fetching: bool = False

    @property
    def on_stand_in(self) -> bool:
        return self.serving is not None and self.serving.stand_in


@dataclass(frozen=True, slots=True)
class Summary:
    """The state of all engines in one glance: words, a shape and a colour."""

    text: str
    icon: str
    colour: str
    """Name of a token."""


class EngineStatus(QObject):
    """Follows the events about engines and devices. Lives in the GUI thread.

    Signals:
        changed: something to show is different now.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.stages = {stage: StageStatus(stage) for stage in (*STAGES, Stage.VAD)}
        self.warm: bool | None = None
        """Whether the language model is loaded; None while nobody knows."""
        self.microphone: str | None = None
        """Name of the device; empty when there is none, None while nobody knows."""
        self.loudspeaker: str | None = None

    @property
    def has_microphone(self) -> bool:
        """False once it is known that there is none."""
        return self.microphone != ""

    def asked_to_fetch(self, stage: Stage) -> None:
        """The user clicked Download; the first news of it may take a moment."""
        status = self.stages[stage]
        status.fetching, status.progress = True, ""
        self.changed.emit()

    def handle(self, event: Event) -> None:
        """Take an event about engines or devices; others are let through."""
        match event:
            case EngineReady():
                self._serve(event.engine, from_now_on=True)
            case StageStarted():
                self._serve(event.engine, from_now_on=False)
            case EngineMissing():
                status = self.stages[event.engine.stage]
                status.missing = event
                status.fetching, status.progress = False, ""
            case FetchProgressed():
                status = self.stages[event.stage]
                status.fetching, status.progress = True, event.line
            case StageFailed() if event.stage == FETCHING_STAGE:
                for status in self.stages.values():
                    status.fetching, status.progress = False, ""
            case ModelWarmed():
                self.warm = True
            case DeviceChanged(kind="input"):
                self.microphone = event.name
            case DeviceChanged(kind="output"):
                self.loudspeaker = event.name
            case _:
                return
        self.changed.emit()

    def _serve(self, engine: Engine, *, from_now_on: bool) -> None:
        status = self.stages[engine.stage]
        if not from_now_on and status.serving is not None and status.serving != engine:
            # One turn was served by another (skills knew the time): no news about the stage.
            return
        if engine.stage == Stage.LLM and engine != status.serving:
            self.warm = None
        status.serving = engine
        if not engine.stand_in:
            status.missing = None
            status.fetching, status.progress = False, ""

    # --- in words -------------------------------------------------------------------------

    def summary(self) -> Summary:
        """The pill: where the words go, who answers, and what state that is in."""
        known = [self.stages[stage] for stage in STAGES]
        serving = [status.serving for status in known if status.serving is not None]
        answering = self.stages[Stage.LLM].serving
        if not serving:
            return Summary(translate("EngineStatus", "Getting ready"), "hourglass", "muted")
        local = all(engine.local for engine in serving)
        pieces = [
            translate("EngineStatus", "On this computer")
            if local
            else translate("EngineStatus", "Uses the cloud")
        ]
        if answering is not None:
            pieces.append(words.short_label(answering))
        if any(status.fetching for status in known):
            pieces.append(translate("EngineStatus", "downloading"))
            return Summary(" · ".join(pieces), "download", "accent")
        stand_ins = sum(status.on_stand_in for status in known)
        if stand_ins == 1:
            pieces.append(translate("EngineStatus", "1 stand-in"))
        elif stand_ins:
            pieces.append(translate("EngineStatus", "%1 stand-ins").replace("%1", str(stand_ins)))
        elif self.warm:
            pieces.append(translate("EngineStatus", "warm"))
        if not local:
            return Summary(" · ".join(pieces), "cloud", "warn")
        if stand_ins:
            return Summary(" · ".join(pieces), "half-circle", "muted")
        return Summary(" · ".join(pieces), "check-circle", "speaking")

    def line(self) -> str:
        """The status line: the engine of each stage, and whether it is a stand-in."""
        pieces = []
        for stage in STAGES:
            status = self.stages[stage]
            if status.serving is None:
                continue
            piece = f"{words.stage_verb(stage)}: {words.short_label(status.serving)}"
            if status.serving.stand_in:
                piece += " " + translate("EngineStatus", "(stand-in)")
            if not status.serving.local:
                piece += " " + translate("EngineStatus", "(cloud)")
            pieces.append(piece)
        return "   ·   ".join(pieces)

    def standing(self, stage: Stage) -> str:
        """One stage's engine in a line: real or stand-in, where, on what."""
        engine = self.stages[stage].serving
        if engine is None:
            return translate("EngineStatus", "Not ready yet")
        kind = (
            translate("EngineStatus", "Stand-in")
            if engine.stand_in
            else translate("EngineStatus", "Chosen engine")
        )
        pieces = [kind, words.place(engine), *words.device_names(engine)]
        if stage == Stage.LLM and not engine.stand_in and self.warm:
            pieces.append(translate("EngineStatus", "warm"))
        return " · ".join(pieces)
