"""What serves each stage now, what is missing for the chosen engine, and how to say it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QObject, Signal

from app.core.catalogue import ModelId
from app.core.diagnosis_events import ModelPlaced, Placing
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
from app.ui.engines.downloads import PausedDownload, PausedDownloads, here
from app.ui.engines.ollama_words import about_the_gpu, in_the_way, still_so, where_it_computes
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
        self.move: ModelPlaced | None = None
        """How the last move of Ollama's model to the GPU stands, as long as that is still so."""
        self._downloads = PausedDownloads()
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

    def asked_to_fetch(self, stage: Stage, model: ModelId | None = None) -> None:
        """The user clicked Download; the first news of it may take a moment.

        Args:
            model: the one that is meant; None for the one that the stage misses.
        """
        status = self.stages[stage]
        self._downloads.begun(model or self._missing_model(stage))
        status.fetching, status.progress = True, ""
        self.changed.emit()

    def handle(self, event: Event) -> None:
        """Take an event about engines or devices; others are let through."""
        is_news = self._downloads.handle(event)
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
                if self.move is not None and not still_so(self.move, event):
                    self.move = None
            case ModelPlaced():
                self.move = event
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
            case _ if not is_news:
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
        """What one click can do for the stage: "fetch", "resume" (a download), "start" (Ollama),
        "move" (its model to the GPU), "models" (choose another one), or nothing ("")."""
        status = self.stages[stage]
        ollama = self._wanted_ollama(stage)
        fetch = "fetch" if self.paused_wanted(stage) is None else "resume"
        if ollama is None:
            return fetch if status.missing is not None and status.missing.fetchable else ""
        if ollama.running:
            return self._help_for(ollama) if ollama.pulled else fetch
        if not ollama.local or ollama.starting:
            return ""
        return "start" if ollama.found else "models"

    def _help_for(self, ollama: OllamaChanged) -> str:
        """Where Ollama serves, and slowly."""
        if self.move is not None and self.move.placing == Placing.UNDER_WAY:
            return ""
        if not ollama.gpu:
            return ""
        no_room = self.move is not None and self.move.placing == Placing.NO_ROOM
        return "models" if no_room else "move"

    def paused(self, stage: Stage) -> list[PausedDownload]:
        """Downloads of this stage's models that wait to be gone on with, the wanted one first."""
        wanted = self.paused_wanted(stage)
        others = [each for each in self._downloads.paused(stage) if each != wanted]
        return [*([wanted] if wanted else []), *others]

    def paused_wanted(self, stage: Stage) -> PausedDownload | None:
        """The one that the stage misses, if a part of it is here and nobody is fetching it."""
        if self.stages[stage].fetching:
            return None
        wanted = self._missing_model(stage)
        for each in self._downloads.paused(stage):
            if wanted is not None and each.is_of(wanted):
                return each
        return None

    def _missing_model(self, stage: Stage) -> ModelId | None:
        """What a download of this stage is for, as the engines call it."""
        ollama, missing = self._wanted_ollama(stage), self.stages[stage].missing
        if ollama is not None:
            is_missing = ollama.running and not ollama.pulled
            return ModelId(stage, "ollama", ollama.model) if is_missing else None
        if missing is None or not missing.fetchable:
            return None
        return ModelId(stage, missing.engine.name, missing.engine.model)

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
        if any(self.paused_wanted(stage) for stage in STAGES):
            pieces.append(translate("EngineStatus", "download paused"))
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
        return "   ·   ".join(
            words.pair(words.stage_verb(stage), name) for stage, name in self._named().items()
        )

    def shorter_lines(self) -> tuple[str, ...]:
        """What the status line says where there is no room for all of it, the longest first: the
        engines, who hears and who answers, who answers."""
        named = self._named()
        said = [list(named.values())]
        for left_out in (Stage.TTS, Stage.STT):
            named.pop(left_out, None)
            said.append(list(named.values()))
        return tuple(" · ".join(names) for names in said if names)

    def _named(self) -> dict[Stage, str]:
        """The engine of each stage that has one."""
        named = {}
        for stage in STAGES:
            engine = self.stages[stage].serving
            if engine is None:
                continue
            name = words.short_label(engine)
            if engine.stand_in:
                name += " " + translate("EngineStatus", "(stand-in)")
            if not engine.local:
                name += " " + translate("EngineStatus", "(cloud)")
            named[stage] = name
        return named

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
            pieces += where_it_computes(self.ollama)
        if stage == Stage.LLM and self.loading == engine:
            pieces.append(translate("EngineStatus", "loading"))
        elif stage == Stage.LLM and not engine.stand_in and self.warm:
            pieces.append(translate("EngineStatus", "warm"))
        return " · ".join(pieces)

    def reason(self, stage: Stage) -> tuple[str, str]:
        """Why the chosen engine does not serve, or not well, and the next step; both may be
        empty. The button for it stands beside these words (`action`)."""
        missing = self.stages[stage].missing
        ollama = self._wanted_ollama(stage)
        title, hint = in_the_way(ollama) if ollama is not None else ("", "")
        if not title and missing is not None:
            title, hint = missing.title, missing.hint
        elif not title and ollama is not None:
            title, hint = self._about_the_gpu(ollama)
        if wanted := self._missing_model(stage):
            # An engine tells where in Parley its model is to be had: here, as it happens.
            hint = here(self._downloads.card_of(wanted), self.paused_wanted(stage)) or hint
        return title, hint

    def news(self, stage: Stage) -> str:
        """What a click has brought about; empty when there is nothing to tell."""
        if self.move is None or self._wanted_ollama(stage) is None:
            return ""
        return said(self.move.title) if self.move.placing == Placing.ON_GPU else ""

    def _about_the_gpu(self, ollama: OllamaChanged) -> tuple[str, str]:
        """Why replies are slow although there is a GPU, or what a move there has come to."""
        move = self.move
        if move is not None and move.placing != Placing.ON_GPU:
            return said(move.title), said(move.hint)
        return about_the_gpu(ollama)
