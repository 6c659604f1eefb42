"""What serves each stage now, what is missing for the chosen engine, and how to say it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QObject, Signal

from app.core.events import (
    DeviceChanged,
    EngineMissing,
    EngineReady,
    Event,
    FetchEnded,
    FetchProgressed,
    LoadEnded,
    LoadStarted,
    ModelDisplaced,
    ModelWarmed,
    OllamaChanged,
    OrderChanged,
    StageFailed,
    StageStarted,
)
from app.core.ports import Engine, Stage
from app.ui import words
from app.ui.translation import said

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
        self.loading: Engine | None = None
        """The language model that is being loaded now: a cold start."""
        self.ollama: OllamaChanged | None = None
        """The Ollama server, while Parley looks after one."""
        self.microphone: str | None = None
        """Name of the device; empty when there is none, None while nobody knows."""
        self.microphone_detail = ""
        """What is to be said about it; empty when all is well."""
        self.loudspeaker: str | None = None
        self.loudspeaker_detail = ""

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
                if self.loading is not None and self.loading.name == event.engine.name:
                    self.loading = None
                status.fetching, status.progress = False, ""
            case FetchProgressed():
                status = self.stages[event.stage]
                status.fetching, status.progress = True, said(event.line)
            case StageFailed() if event.stage == FETCHING_STAGE:
                for status in self.stages.values():
                    status.fetching, status.progress = False, ""
            case FetchEnded():
                status = self.stages[event.stage]
                status.fetching, status.progress = False, ""
            case OllamaChanged():
                self.ollama = event if event.wanted else None
            case OrderChanged():
                # what was missed was the first choice until now; who is missed now is told next
                self.stages[Stage.LLM].missing = None
                if self.loading is not None and self.loading.name not in event.order:
                    self.loading = None
            case LoadStarted():
                self.loading = event.engine
                self.warm = False
            case LoadEnded():
                if self.loading is not None and self.loading.name == event.engine.name:
                    self.loading = None
            case ModelWarmed():
                self._take_warmth(event)
            case ModelDisplaced():
                self.warm = False
            case DeviceChanged(kind="input"):
                self.microphone, self.microphone_detail = event.name, event.detail
            case DeviceChanged(kind="output"):
                self.loudspeaker, self.loudspeaker_detail = event.name, event.detail
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
        missing = status.missing
        if missing is not None and missing.engine.name == engine.name:
            # not when another model fills in: the first choice is missed still
            status.missing = None
        if not engine.stand_in:
            status.fetching, status.progress = False, ""

    def _take_warmth(self, event: ModelWarmed) -> None:
        warmed, serving = event.engine, self.stages[Stage.LLM].serving
        if warmed is None or serving is None or warmed.name == serving.name:
            self.warm = True
        if warmed is None or (self.loading is not None and warmed.name == self.loading.name):
            self.loading = None

    def action(self, stage: Stage) -> str:
        """What one click can do for the stage: "fetch", "start" (Ollama), or nothing ("")."""
        status = self.stages[stage]
        ollama = self._wanted_ollama(stage)
        if ollama is None:
            return "fetch" if status.missing is not None and status.missing.fetchable else ""
        if ollama.running:
            return "" if ollama.pulled else "fetch"
        can_start = ollama.local and ollama.found and not ollama.starting
        return "start" if can_start else ""

    def wanted_label(self, stage: Stage) -> str:
        """What the "fetch" of this stage gets."""
        ollama = self._wanted_ollama(stage)
        if ollama is not None:
            return ollama.model
        missing = self.stages[stage].missing
        return words.engine_label(missing.engine) if missing is not None else ""

    def _wanted_ollama(self, stage: Stage) -> OllamaChanged | None:
        """The Ollama server if it serves the stage, or is what is missing for it.

        None when another engine was chosen and serves: then Ollama is nobody's concern.
        """
        status = self.stages[stage]
        wanted = status.missing.engine if status.missing is not None else status.serving
        other = wanted is not None and not wanted.stand_in and wanted.name != "ollama"
        return self.ollama if stage == Stage.LLM and not other else None

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
        if self.loading is not None:
            what = "" if self.loading == answering else words.short_label(self.loading)
            pieces.append(f"{translate('EngineStatus', 'loading')} {what}".rstrip())
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
            piece = words.pair(words.stage_verb(stage), words.short_label(status.serving))
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
        missing = self.stages[stage].missing
        kind = translate("EngineStatus", "Chosen engine")
        if engine.stand_in:
            kind = translate("EngineStatus", "Stand-in")
        elif missing is not None and missing.engine.name != engine.name:
            kind = translate("EngineStatus", "Fills in")
        pieces = [kind, words.place(engine), *words.device_names(engine)]
        if stage == Stage.LLM and engine.name == "ollama" and self.ollama is not None:
            pieces += _where_it_computes(self.ollama)
        if stage == Stage.LLM and self.loading == engine:
            pieces.append(translate("EngineStatus", "loading"))
        elif stage == Stage.LLM and not engine.stand_in and self.warm:
            pieces.append(translate("EngineStatus", "warm"))
        return " · ".join(pieces)

    def reason(self, stage: Stage) -> tuple[str, str]:
        """Why the chosen engine does not serve, or not well, and the next step; both may be
        empty."""
        missing = self.stages[stage].missing
        ollama = self._wanted_ollama(stage)
        title, hint = _in_the_way(ollama) if ollama is not None else ("", "")
        if not title and missing is not None:
            title, hint = missing.title, missing.hint
        if not title and ollama is not None:
            title, hint = _about_the_gpu(ollama)
        return title, hint


def _where_it_computes(ollama: OllamaChanged) -> list[str]:
    """A loaded model is on the GPU, on the processor, or on both."""
    if not ollama.local or ollama.gpu_share is None:
        return []
    if ollama.gpu_share in (0, 1):
        return [translate("Words", "GPU") if ollama.gpu_share else translate("Words", "CPU")]
    return [translate("EngineStatus", "GPU and CPU")]


def _in_the_way(ollama: OllamaChanged) -> tuple[str, str]:
    """What is in the way of Ollama, and the next step."""
    if not ollama.running:
        return _about_stopped(ollama)
    if not ollama.pulled:
        title = translate("EngineStatus", "Ollama does not have the model %1.")
        hint = translate("EngineStatus", "Download it here. You can go on talking meanwhile.")
        return title.replace("%1", ollama.model), hint
    return "", ""


def _about_the_gpu(ollama: OllamaChanged) -> tuple[str, str]:
    """Why replies are slow although there is a GPU."""
    if ollama.gpu and not ollama.gpu_share:
        title = translate("EngineStatus", "It runs on the processor: the %1 is not used.")
    elif ollama.gpu:
        title = translate("EngineStatus", "It runs in part on the processor: the %1 is full.")
    else:
        return "", ""
    hint = translate(
        "EngineStatus", "Close what else uses the GPU and restart Ollama, or use a smaller model."
    )
    return title.replace("%1", ollama.gpu), hint


def _about_stopped(ollama: OllamaChanged) -> tuple[str, str]:
    if not ollama.local:
        return "", ""  # the language model's own words say where it was looked for
    if ollama.starting:
        return translate("EngineStatus", "Ollama is starting."), ""
    if ollama.found:
        title = translate("EngineStatus", "Ollama is not running.")
        return title, translate("EngineStatus", "I can start it.")
    title = translate("EngineStatus", "Ollama is not installed.")
    hint = translate(
        "EngineStatus", "Install it from https://ollama.com/download. I notice by myself."
    )
    return title, hint
