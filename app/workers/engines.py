"""The engines' thread: loads models while others already answer, and has them downloaded."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from PySide6.QtCore import Qt, Signal, Slot

from app.core.catalogue import BUILTIN, VOICES, WHISPER, ModelId
from app.core.downloads import ProgressLine
from app.core.events import (
    FETCHED,
    CancelFetch,
    DeleteModel,
    EngineMissing,
    Event,
    FetchEnded,
    FetchModel,
    FetchProgressed,
    LocalOnlyChanged,
    StageFailed,
    UseEngine,
    WarmUp,
)
from app.core.model_cards import Chosen, Shelf, cards
from app.core.model_events import LookUpModels, ModelsChosen, ModelsListed
from app.core.ports import Fetchable, Loadable, Stage
from app.core.turn import Cancelled
from app.errors import STAY, AssistantError, ProviderUnavailable, downloads_are_off
from app.workers.downloads import Downloads, Job
from app.workers.worker import Worker, failure

log = logging.getLogger(__name__)

LOCAL_ONLY = "local-only"
"""Why a download was stopped."""

OFFERS = (*WHISPER, *VOICES, *BUILTIN)
"""What Parley itself can fetch; Ollama fetches its own."""


class EnginesWorker(Worker):
    """Loads the chosen engine of each stage and hands it over to the stage's own thread.

    A provider belongs to this thread until its signal is emitted, and to the receiver after; the
    old one serves until the new one is loaded. Downloads run beside this thread (`Downloads`), so
    an engine can be changed meanwhile.

    Signals:
        vad_ready, stt_ready, tts_ready: a loaded provider, for the stage's `adopt`.
        warm_up: a `WarmUp` for the language models' thread: the model of one is here now.
    """

    stage = "engines"

    vad_ready = Signal(object)
    stt_ready = Signal(object)
    tts_ready = Signal(object)
    warm_up = Signal(object)
    _fetched = Signal(object)
    _settled = Signal()
    _replaced = Signal()

    def __init__(
        self,
        chosen: dict[Stage, Loadable],
        *,
        language_models: Mapping[str, Fetchable] = MappingProxyType({}),
        local_only: bool = False,
        shelf: Shelf | None = None,
        models: Chosen | None = None,
        surroundings: Callable[[], tuple[str, str, int]] = lambda: ("", "", 0),
    ) -> None:
        """
        Args:
            chosen: engines to load, in this order; stages served by their stand-in are left out.
            language_models: those that run inside Parley, by name; fetched here, and loaded in a
                thread of their own.
            local_only: whether nothing may be fetched from other computers.
            shelf: the models on the disk; None lists, fetches and deletes none by name.
            models: which of them the settings name.
            surroundings: why nothing can be downloaded, where downloads come from when that is
                not the hub itself, and the room on the disk in bytes. May block.
        """
        super().__init__()
        self._local_only = local_only  # written by any thread
        self._language_models = language_models
        self._shelf = shelf
        self._models = models or Chosen()
        self._surroundings = surroundings
        self._waiting = dict(chosen)
        self._not_tried: set[Stage] = set()
        """Of those that wait: wanted since the last load."""
        self._unwanted: set[ModelId] = set()
        """To be deleted once nobody writes them."""
        self._ready = {
            Stage.VAD: self.vad_ready,
            Stage.STT: self.stt_ready,
            Stage.TTS: self.tts_ready,
        }
        self._last_reason: dict[Stage, str] = {}
        self._downloads = Downloads(
            progressed=self._tell_progress,
            queued=self._tell_queued,
            ended=self._download_ended,
            settled=self._settled.emit,
        )
        self._fetched.connect(self._take_fetched)
        self._settled.connect(self._look_again)
        # behind what is in the queue already, where a newer wish may be
        self._replaced.connect(self._load_replaced, Qt.ConnectionType.QueuedConnection)

    def on_begin(self) -> None:
        self._load_what_is_here()

    def on_end(self) -> None:
        self._downloads.close("Parley ends")
        for provider in self._waiting.values():
            provider.close()
        self._delete_settled()

    def on(self, event: Event) -> None:
        match event:
            case FetchModel():
                self._fetch(event)
            case CancelFetch():
                self._stop_fetch(event)  # once more: it may have come before its download
            case UseEngine():
                self._replace(event)
            case LookUpModels() | LocalOnlyChanged():  # which says what can be had
                self._list()
            case ModelsChosen():
                self._models = event.chosen
                self._list()
            case DeleteModel() if event.engine != "ollama":
                self._delete(event)

    @Slot(object)
    def interrupt(self, event: Event) -> None:
        """End downloads, if this event says so. Connect directly: this thread may be loading a
        model."""
        match event:
            case LocalOnlyChanged():
                self._local_only = event.on
                if event.on:
                    self._downloads.stop(lambda _: True, LOCAL_ONLY)
            case CancelFetch():
                self._stop_fetch(event)

    def request_end(self) -> None:
        self._downloads.stop(lambda _: True, "Parley ends")
        super().request_end()

    # --- engines ------------------------------------------------------------------------------

    @Slot()
    def recheck(self) -> None:
        """Look again for models that were missing; somebody may have put them in place."""
        self.guard(self._load_what_is_here)

    def _load_what_is_here(self) -> None:
        for stage in list(self._waiting):
            self._load(stage)

    @Slot()
    def _load_replaced(self) -> None:
        """Those that were wanted last; a key held down asks for many, one after another."""
        for stage in list(self._not_tried):
            self._load(stage)

    def _replace(self, command: UseEngine) -> None:
        """The one that serves goes on until this one is loaded, and when it cannot be."""
        before = self._waiting.pop(command.stage, None)
        if before is not None:
            before.close()
        self._last_reason.pop(command.stage, None)
        self._waiting[command.stage] = command.provider
        self._not_tried.add(command.stage)
        self._replaced.emit()

    def _load(self, stage: Stage) -> None:
        self._not_tried.discard(stage)
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

    # --- downloads ----------------------------------------------------------------------------

    def _fetch(self, event: FetchModel) -> None:
        self._load_replaced()  # it may be here
        job = self._job(event)
        if job is None:
            return
        if self._is_barred():
            self._tell_failed(job, downloads_are_off())
            return
        self._unwanted.discard(job.wanted)
        self._downloads.add(job)
        if self._is_barred():  # since we looked
            self._downloads.stop(lambda _: True, LOCAL_ONLY)

    def _is_barred(self) -> bool:
        return self._local_only

    def _job(self, event: FetchModel) -> Job | None:
        """What is to be fetched; None when that is nothing of ours."""
        stage, engine = event.stage, event.engine
        waiting = self._waiting.get(stage)
        if event.model and engine and self._shelf is not None:
            wanted = ModelId(stage, engine, event.model)
            fetch: Callable[[Callable[[str], None]], None] = partial(self._shelf.fetch, wanted)
        elif stage == Stage.LLM and engine in self._language_models:
            provider = self._language_models[engine]
            wanted = self._wanted(stage, engine, "")
            fetch = provider.fetch
        elif waiting is not None and isinstance(waiting, Fetchable):
            wanted = self._wanted(stage, waiting.engine.name, waiting.engine.model)
            fetch = waiting.fetch
        else:
            return None
        then: Callable[[], None] = partial(self._load_fetched, stage)
        if stage == Stage.LLM:
            then = partial(self.warm_up.emit, WarmUp(reason=FETCHED))
        throw_away = partial(self._throw_away, wanted) if self._shelf is not None else None
        return Job(wanted, fetch, then, throw_away)

    def _wanted(self, stage: Stage, engine: str, model: str) -> ModelId:
        """The chosen model of this engine by its full name: engines tell a short one."""
        chosen = [self._models.stt, *self._models.llm]
        for one in chosen:
            if one is not None and (one.stage, one.engine) == (stage, engine):
                return one
        return ModelId(stage, engine, model)

    def _load_fetched(self, stage: Stage) -> None:
        if stage in self._waiting:
            self._load(stage)

    def _stop_fetch(self, event: CancelFetch) -> None:
        def fits(one: ModelId) -> bool:
            return (
                one.stage == event.stage
                and event.engine in ("", one.engine)
                and event.model in ("", one.model)
            )

        self._downloads.stop(fits, "the user wants it so", discard=event.discard)

    @Slot(object)
    def _take_fetched(self, job: Job) -> None:
        """A model is here. The window shows its download as running until it is loaded too."""
        self.guard(job.then)
        self._tell_ended(job, complete=True)
        self.guard(self._list)

    @Slot()
    def _look_again(self) -> None:
        self.guard(self._delete_settled)
        self.guard(self._list)

    # Called in the downloads' threads.

    def _throw_away(self, one: ModelId, is_whole: bool) -> None:
        if self._shelf is not None:
            self._shelf.delete(one, part_only=not is_whole)

    def _tell_progress(self, job: Job, line: str) -> None:
        here = line.download if isinstance(line, ProgressLine) else None
        self.happened.emit(
            FetchProgressed(
                stage=job.wanted.stage,
                line=str(line),
                done_bytes=here.done_bytes if here else 0,
                total_bytes=here.total_bytes if here else 0,
                bytes_per_s=here.bytes_per_s if here else 0.0,
                engine=job.wanted.engine,
                model=job.wanted.model,
            )
        )

    def _tell_queued(self, job: Job) -> None:
        self.happened.emit(
            FetchProgressed(
                stage=job.wanted.stage,
                line="Waiting for the download before it",
                engine=job.wanted.engine,
                model=job.wanted.model,
                waiting=True,
            )
        )

    def _download_ended(self, job: Job, exc: BaseException | None) -> None:
        if exc is None:
            self._fetched.emit(job)
            return
        if isinstance(exc, Cancelled):
            log.info("the download of %s was stopped: %s", job.wanted.model, exc)
            if job.token.reason == LOCAL_ONLY:
                self._tell_failed(job, downloads_are_off())
            else:
                self._tell_ended(job, complete=False)
        else:
            self._tell_failed(job, exc)
        self._settled.emit()

    def _tell_failed(self, job: Job, exc: BaseException) -> None:
        told = failure(self.stage, exc, turn_id=0)
        if isinstance(exc, ProviderUnavailable):  # an expected state: one line, no traceback
            log.info("no download: %s", exc)
            self.happened.emit(told)
        else:
            self.report(exc, turn_id=0)
        self._tell_ended(job, complete=False, why=told)

    def _tell_ended(self, job: Job, *, complete: bool, why: StageFailed | None = None) -> None:
        self.happened.emit(
            FetchEnded(
                stage=job.wanted.stage,
                complete=complete,
                engine=job.wanted.engine,
                model=job.wanted.model,
                title=why.title if why else "",
                hint=why.hint if why else "",
            )
        )

    # --- the shelf ----------------------------------------------------------------------------

    def _list(self) -> None:
        if self._shelf is None:
            return
        blocked, mirror, free_bytes = self._surroundings()
        if self._local_only:
            blocked = f"Nothing is downloaded while {STAY} is on."
        self.happened.emit(
            ModelsListed(
                cards=cards(self._shelf.look(), self._models, OFFERS),
                chosen=self._models,
                blocked=blocked,
                mirror=mirror,
                free_bytes=free_bytes,
            )
        )

    def _delete(self, event: DeleteModel) -> None:
        """Whoever has it loaded goes on with what is in memory; it is told so elsewhere."""
        if self._shelf is None:
            return
        unwanted = ModelId(event.stage, event.engine, event.model)
        self._load_replaced()  # a stand-in, maybe, for the one that goes
        self._downloads.stop(lambda one: one == unwanted, "it is deleted", discard=True)
        self._unwanted.add(unwanted)
        try:
            self._delete_settled()
        finally:
            self._list()

    def _delete_settled(self) -> None:
        """Those whose download has come to its end, if there was one."""
        for one in [each for each in self._unwanted if not self._downloads.writes(each)]:
            self._unwanted.discard(one)
            if self._shelf is not None:
                self._shelf.delete(one)
