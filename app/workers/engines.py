"""The engines' thread: loads and downloads models while the stand-ins already answer."""

from __future__ import annotations

import logging

from PySide6.QtCore import Signal, Slot

from app.core.events import (
    EngineMissing,
    Event,
    FetchModel,
    FetchProgressed,
    LocalOnlyChanged,
)
from app.core.ports import Fetchable, Loadable, Stage
from app.errors import AssistantError, downloads_are_off
from app.workers.worker import Worker

log = logging.getLogger(__name__)


class EnginesWorker(Worker):
    """Loads the chosen engine of each stage and hands it over to the stage's own thread.

    A provider belongs to this thread until its signal is emitted, and to the receiver after.

    Signals:
        vad_ready, stt_ready, tts_ready: a loaded provider, for the stage's `adopt`.
    """

    stage = "engines"

    vad_ready = Signal(object)
    stt_ready = Signal(object)
    tts_ready = Signal(object)

    def __init__(self, chosen: dict[Stage, Loadable], *, local_only: bool = False) -> None:
        """
        Args:
            local_only: whether nothing may be fetched from other computers.
            chosen: engines to load, in this order; stages served by their stand-in are left out.
        """
        super().__init__()
        self._local_only = local_only
        self._waiting = dict(chosen)
        self._ready = {
            Stage.VAD: self.vad_ready,
            Stage.STT: self.stt_ready,
            Stage.TTS: self.tts_ready,
        }
        self._last_reason: dict[Stage, str] = {}

    def on_begin(self) -> None:
        self._load_what_is_here()

    def on_end(self) -> None:
        for provider in self._waiting.values():
            provider.close()

    def on(self, event: Event) -> None:
        match event:
            case LocalOnlyChanged():
                self._local_only = event.on
            case FetchModel() if event.stage in self._waiting:
                if self._local_only:
                    raise downloads_are_off()
                self._fetch(event.stage)

    @Slot()
    def recheck(self) -> None:
        """Look again for models that were missing; somebody may have put them in place."""
        self.guard(self._load_what_is_here)

    def _load_what_is_here(self) -> None:
        for stage in list(self._waiting):
            self._load(stage)

    def _load(self, stage: Stage) -> None:
        provider = self._waiting[stage]
        try:
            provider.load()
        except AssistantError as exc:
            self._tell_missing(stage, provider, exc)
            return
        except Exception as exc:  # a bug in one engine must not keep the others away
            log.error("%s cannot be loaded", provider.engine.label, exc_info=exc)
            del self._waiting[stage]
            trouble = AssistantError(
                f"{provider.engine.name} cannot be loaded.",
                "The details are in the log file; the built-in engine goes on.",
            )
            self._tell_missing(stage, provider, trouble)
            return
        del self._waiting[stage]
        self._ready[stage].emit(provider)

    def _tell_missing(self, stage: Stage, provider: Loadable, exc: AssistantError) -> None:
        """The same news once."""
        if self._last_reason.get(stage) == str(exc):
            return
        self._last_reason[stage] = str(exc)
        log.info("%s: %s", stage, exc)
        self.happened.emit(
            EngineMissing(
                engine=provider.engine,
                title=exc.title,
                hint=exc.hint,
                fetchable=isinstance(provider, Fetchable),
            )
        )

    def _fetch(self, stage: Stage) -> None:
        provider = self._waiting[stage]
        if not isinstance(provider, Fetchable):
            return
        provider.fetch(lambda line: self.happened.emit(FetchProgressed(stage=stage, line=line)))
        self._load(stage)
