"""The engines' thread: loads and downloads models while the stand-ins already answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from PySide6.QtCore import Signal, Slot

from app.core.events import (
    FETCHED,
    CancelFetch,
    EngineMissing,
    Event,
    FetchEnded,
    FetchModel,
    FetchProgressed,
    LocalOnlyChanged,
    WarmUp,
)
from app.core.ports import Fetchable, Loadable, Stage
from app.core.turn import Cancelled, CancelToken
from app.errors import AssistantError, downloads_are_off
from app.workers.worker import Worker

log = logging.getLogger(__name__)

LOCAL_ONLY = "local-only"
"""Why a download was stopped."""


@dataclass(frozen=True, slots=True)
class _Download:
    """The one that runs."""

    stage: Stage
    token: CancelToken


class EnginesWorker(Worker):
    """Loads the chosen engine of each stage and hands it over to the stage's own thread.

    A provider belongs to this thread until its signal is emitted, and to the receiver after.

    Signals:
        vad_ready, stt_ready, tts_ready: a loaded provider, for the stage's `adopt`.
        warm_up: a `WarmUp` for the language models' thread: the model of one is here now.
    """

    stage = "engines"

    vad_ready = Signal(object)
    stt_ready = Signal(object)
    tts_ready = Signal(object)
    warm_up = Signal(object)

    def __init__(
        self,
        chosen: dict[Stage, Loadable],
        *,
        language_models: Mapping[str, Fetchable] = MappingProxyType({}),
        local_only: bool = False,
    ) -> None:
        """
        Args:
            chosen: engines to load, in this order; stages served by their stand-in are left out.
            language_models: those that run inside Parley, by name; fetched here, and loaded in a
                thread of their own.
            local_only: whether nothing may be fetched from other computers.
        """
        super().__init__()
        self._local_only = local_only  # written by any thread
        self._download: _Download | None = None  # written here, read by any thread
        self._language_models = language_models
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
            case FetchModel(stage=Stage.LLM) if event.engine in self._language_models:
                provider = self._language_models[event.engine]
                self._fetch(Stage.LLM, provider, lambda: self.warm_up.emit(WarmUp(reason=FETCHED)))
            case FetchModel(stage=stage) if stage in self._waiting:
                waiting = self._waiting[stage]
                if isinstance(waiting, Fetchable):
                    self._fetch(stage, waiting, lambda: self._load(stage))

    @Slot(object)
    def interrupt(self, event: Event) -> None:
        """End the download that runs, if this event says so. Connect directly: it keeps this
        thread busy."""
        download = self._download
        match event:
            case LocalOnlyChanged():
                self._local_only = event.on
                if event.on and download:
                    download.token.cancel(LOCAL_ONLY)
            case CancelFetch() if download and download.stage == event.stage:
                download.token.cancel("the user wants it so")

    def request_end(self) -> None:
        if self._download:
            self._download.token.cancel("Parley ends")
        super().request_end()

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

    def _fetch(self, stage: Stage, provider: Fetchable, then: Callable[[], None]) -> None:
        """
        Args:
            then: what to do once it is here; the window shows the download as running until that
                is done.

        Raises:
            ProviderUnavailable: it failed, or nothing may be fetched (any more).
            Cancelled: somebody wanted it to end.
        """
        download = self._download = _Download(stage, CancelToken())
        complete = False

        def progress(line: str) -> None:
            download.token.raise_if_cancelled()
            self.happened.emit(FetchProgressed(stage=stage, line=line))

        try:
            if self._local_only:  # looked at after `interrupt` knows the download
                raise downloads_are_off()
            provider.fetch(progress)
            self._download, complete = None, True
            then()
        except Cancelled as exc:
            log.info("the download for %s was stopped: %s", stage, exc)
            if download.token.reason == LOCAL_ONLY:
                raise downloads_are_off() from exc
            raise
        finally:
            self._download = None
            self.happened.emit(FetchEnded(stage=stage, complete=complete))
