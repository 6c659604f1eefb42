"""The Ollama thread: looks after the server and its models, never on a turn's path.

It asks how the server is at an interval, starts the program when it is installed and nothing
answers, starts it again when it stops, and gives up after a few times. Downloads run beside that,
one after another.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import Signal

from app.core.diagnosis_events import MoveToGpu, RunChecks
from app.core.events import (
    CancelFetch,
    DeleteModel,
    EngineMissing,
    Event,
    FetchModel,
    LocalOnlyChanged,
    Notice,
    OllamaChanged,
    StartOllama,
    UseModels,
    WarmUp,
)
from app.core.model_events import UseOllamaModel
from app.core.ollama import ModelKeeper, OllamaState, ServerProgram, same_model
from app.core.ports import Engine, Stage
from app.errors import STAY, AssistantError, ProviderUnavailable
from app.settings import OllamaSettings
from app.workers.loop import LoopWorker
from app.workers.placing import Mover, PlacesModels
from app.workers.pulls import PullPace, Pulls
from app.workers.worker import failure

log = logging.getLogger(__name__)

LOOK_AFTER_FAILURE_S = 10.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How often and how long, in seconds."""

    look_s: float = 10.0
    """Between two looks at a server that answers. One look takes a few ms of the processor."""
    look_stopped_s: float = 2.0
    """Between two looks for a server that does not: somebody may have started it."""
    look_starting_s: float = 0.25
    """Between two looks at one we have just started."""
    start_patience_s: float = 30.0
    """A server that does not answer by then is ended. It answers before any model is loaded:
    in under a second on an idle machine, in several while a disk wakes up."""
    back_off_s: tuple[float, ...] = (1.0, 4.0, 16.0)
    """Waits before it is started again; after as many failures in a row we tell the user."""
    others_s: float = 5.0
    """When a server that is not ours goes away, its owner (a service, an updater) gets this long
    to bring it back before we start one."""
    silent_s: float = 60.0
    """A server of ours that takes connections and answers nothing for this long hangs."""
    watch_s: float = 1.0
    """Between two looks at whether the process we started still runs: no more than asking the
    system for its exit code."""
    steady_s: float = 600.0
    """A server that ran this long has recovered; failures count anew."""


class OllamaWorker(LoopWorker):
    """Supervises one Ollama server.

    Signals:
        warm_up: a `WarmUp` for the language model's thread, the moment the model can be used.
    """

    stage = "ollama"

    warm_up = Signal(object)

    def __init__(
        self,
        options: OllamaSettings,
        keeper: ModelKeeper,
        program: ServerProgram,
        find_gpus: Callable[[], tuple[str, ...]],
        pace: Pace | None = None,
        *,
        wanted: bool = True,
        first_choice: bool = True,
        local_only: bool = False,
        free_bytes: Callable[[], int | None] = lambda: None,
        free_gpu_bytes: Callable[[], int | None] = lambda: None,
        pull_pace: PullPace | None = None,
    ) -> None:
        """
        Args:
            wanted: whether it is asked at all; while it is not, nothing is started or asked.
            local_only: whether nothing may be fetched from other computers.
            first_choice: whether Ollama is asked before all others; only then is it missed.
            options: the chosen model, and whether to start the program.
            find_gpus: names of the GPUs that work; may block, called in a thread of its own.
            free_bytes: room on the disk where the server keeps its models; None when that is not
                known. May block.
            free_gpu_bytes: room on the GPUs; None when that is not known. May block.
        """
        super().__init__()
        self._options = options
        self._keeper = keeper
        self._program = program
        self._find_gpus = find_gpus
        self._pace = pace or Pace()
        self._wanted = wanted
        self._first_choice = first_choice
        self._now: OllamaChanged | None = None  # as told last
        self._woken = asyncio.Event()
        self._failures = 0
        self._gave_up = False
        self._may_start = options.start
        self._forbidden = (
            local_only and not keeper.local
        )  # the server is elsewhere, and local-only is on
        self._ours = False  # what runs, or is about to, was started by us
        self._up_since: float | None = None
        self._last_refusal = ""  # logged once
        self._silent_since: float | None = None
        self._start_at = 0.0  # time.monotonic(), as all of these: not before
        self._started_at = 0.0
        self._gpus: tuple[str, ...] | None = None  # None: not looked for yet
        self._told_about_gpu = False
        self._pulls = Pulls(
            emit=self.happened.emit,
            report=self._report,
            start=self._start,
            woken=self._woken.set,
            free_bytes=free_bytes,
            pace=pull_pace or PullPace(),
            local_only=local_only,
        )
        self._mover = Mover(
            emit=self.happened.emit, warm_up=self.warm_up.emit, free_bytes=free_gpu_bytes
        )
        self._old_keepers: list[ModelKeeper] = []  # one of them may be downloading still

    # --- the border: any thread --------------------------------------------------------------

    def on_begin(self) -> None:
        self._hand_over(self._supervise())

    def on(self, event: Event) -> None:
        match event:
            case StartOllama():
                self._hand_over(self._try_anew())
            case MoveToGpu():
                self._hand_over(self._move())
            case RunChecks():
                self._loop.call_soon_threadsafe(self._woken.set)
            case FetchModel(stage=Stage.LLM) if event.engine in ("", "ollama"):
                self._hand_over(self._fetch(event.model))
            case CancelFetch(stage=Stage.LLM) if event.engine in ("", "ollama"):
                self._loop.call_soon_threadsafe(self._pulls.stop, event.model)
            case DeleteModel(engine="ollama"):
                self._hand_over(self._delete(event.model))
            case UseOllamaModel():
                self._hand_over(self._use_model(event))
            case LocalOnlyChanged():
                self._hand_over(self._keep_local(event))
            case UseModels():
                self._hand_over(self._take_place(event))

    def _report(self, exc: BaseException, *, turn_id: int) -> None:
        """A download that cannot be had now is an expected state: one line, and no traceback."""
        if not isinstance(exc, ProviderUnavailable):
            self.report(exc, turn_id=turn_id)
            return
        log.info("no download: %s", exc)
        self.happened.emit(failure(self.stage, exc, turn_id=turn_id))

    # --- the loop's thread: the server -------------------------------------------------------

    async def on_loop_end(self) -> None:
        for keeper in (self._keeper, *self._old_keepers):
            await keeper.close()
        self._program.stop()

    async def _supervise(self) -> None:
        while True:
            self._woken.clear()
            look_again_at = time.monotonic() + await self._look_safely()
            while (left_s := look_again_at - time.monotonic()) > 0:
                try:
                    async with asyncio.timeout(min(left_s, self._pace.watch_s)):
                        await self._woken.wait()
                        break
                except TimeoutError:
                    if self._ours and not self._program.running:
                        break

    async def _look_safely(self) -> float:
        """A look that failed in an unforeseen way must not be the last one."""
        try:
            return await self._look()
        except Exception as exc:
            self.report(exc, turn_id=0)
            return LOOK_AFTER_FAILURE_S

    async def _keep_local(self, command: LocalOnlyChanged) -> None:
        """Under local-only a server elsewhere is not even asked how it is."""
        self._forbidden = command.on and not self._keeper.local
        # The server would fetch a model from another computer.
        self._pulls.keep_local(on=command.on)
        self._woken.set()

    async def _take_place(self, command: UseModels) -> None:
        """Somebody put Ollama into the order, took it out or moved it. A server of ours goes on
        until Parley ends: it may be in the middle of a reply, and be wanted again."""
        self._first_choice = command.order[:1] == ("ollama",)
        if self._wanted != ("ollama" in command.order):
            self._wanted = not self._wanted
            self._gave_up, self._up_since = False, None
            self._woken.set()

    async def _try_anew(self) -> None:
        self._failures = 0
        self._gave_up = False
        self._may_start = True
        self._start_at = 0.0
        self._woken.set()

    async def _look(self) -> float:
        """See how the server is and do what is to be done; seconds until the next look."""
        if not self._wanted:
            self._tell(
                OllamaChanged(
                    model=self._options.model,
                    local=self._keeper.local,
                    found=self._is_found(),
                    running=False,
                    wanted=False,
                )
            )
            return self._pace.look_s
        if self._forbidden:
            return self._pace.look_s
        try:
            state = await self._keeper.describe()
        except AssistantError as exc:
            # Somebody answers, but not as Ollama should: busy, a login, another program. A
            # second server could not have the address; the language model tells the user why.
            if str(exc) != self._last_refusal:
                log.info("Ollama at %s: %s", self._keeper.url, exc)
                self._last_refusal = str(exc)
            return self._is_silent()
        self._silent_since, self._last_refusal = None, ""
        if state.running:
            await self._is_up(state)
            return self._pace.look_s
        return self._is_down()

    def _is_silent(self) -> float:
        """A hung server of ours is started anew; a busy one gets time."""
        now_s = time.monotonic()
        self._silent_since = self._silent_since or now_s
        if self._program.running and now_s - self._silent_since >= self._pace.silent_s:
            self._silent_since = None
            self._restart(now_s, "went silent")
            return 0.0
        return self._pace.look_s

    async def _is_up(self, state: OllamaState) -> None:
        before = self._now
        now_s = time.monotonic()
        self._up_since = self._up_since or now_s
        self._ours = self._program.running
        if not self._ours or now_s - self._up_since >= self._pace.steady_s:
            self._failures = 0
        self._gave_up = False
        gpu = await self._unused_gpu(state)
        self._tell(
            OllamaChanged(
                model=self._options.model,
                local=self._keeper.local,
                found=self._is_found(),
                running=True,
                started_by_us=self._ours,
                version=state.version,
                models=state.models,
                sizes=state.sizes,
                pulled=state.pulled,
                loaded=state.loaded,
                gpu_share=state.gpu_share,
                gpu=gpu,
            )
        )
        was_usable = before is None or (before.running and before.pulled)
        if state.pulled and not was_usable:
            self.warm_up.emit(WarmUp(reason="Ollama can answer now"))

    def _is_down(self) -> float:
        """Start the server when that is ours to do; seconds until the next look."""
        now_s = time.monotonic()
        self._note_end(now_s)
        found = self._is_found()
        is_news = self._now is None or self._now.found or not self._now.wanted
        if not found and is_news and self._keeper.local and self._first_choice:
            self.happened.emit(_not_installed(self._options.model))
        may_start = found and self._keeper.local and self._may_start and not self._gave_up
        if may_start and not self._program.running and now_s >= self._start_at:
            try:
                self._program.start()
                self._ours = True
                self._started_at = now_s
            except AssistantError as exc:
                self.report(exc, turn_id=0)
                self._gave_up = True
                may_start = False
        elif self._program.running and now_s - self._started_at > self._pace.start_patience_s:
            self._restart(now_s, "does not answer")
            may_start = not self._gave_up
        self._tell(
            OllamaChanged(
                model=self._options.model,
                local=self._keeper.local,
                found=found,
                running=False,
                starting=may_start,
                started_by_us=self._program.running,
            )
        )
        if self._program.running:
            return self._pace.look_starting_s
        wait_s = self._start_at - now_s if may_start else self._pace.look_stopped_s
        return min(max(wait_s, self._pace.look_starting_s), self._pace.look_stopped_s)

    def _note_end(self, now_s: float) -> None:
        """A server that is gone: whose turn is it to bring it back?"""
        up_since, self._up_since = self._up_since, None
        if self._ours and not self._program.running:
            log.warning("the Ollama we started ended (exit code %s)", self._program.exit_code)
            if up_since is not None and now_s - up_since >= self._pace.steady_s:
                self._failures = 0
            self._count_failure(now_s)
        elif up_since is not None and not self._ours:
            log.warning("Ollama at %s was stopped", self._keeper.url)
            self._start_at = now_s + self._pace.others_s

    def _restart(self, now_s: float, why: str) -> None:
        """End a server of ours that is no use, to be started again."""
        log.warning("the Ollama we started %s", why)
        self._program.stop()
        self._count_failure(now_s)

    def _count_failure(self, now_s: float) -> None:
        self._ours = False
        waits = self._pace.back_off_s
        if self._failures < len(waits):
            self._start_at = now_s + waits[self._failures]
            self._failures += 1
            return
        self._gave_up = True
        self.happened.emit(
            Notice(
                title="Ollama keeps stopping.",
                hint=f"Start it again in the engines panel. Its log: {self._program.log_file}",
                level="error",
            )
        )

    def _is_found(self) -> bool:
        return self._program.running or self._program.path is not None

    async def _unused_gpu(self, state: OllamaState) -> str:
        """The GPU that works and is not used, or only in part; told once."""
        share = state.gpu_share
        if share is None or share >= 1 or not self._keeper.local:
            return ""
        if self._gpus is None:
            self._gpus = await asyncio.to_thread(self._find_gpus)
        if not self._gpus:
            return ""
        if not self._told_about_gpu:
            self._told_about_gpu = True
            self.happened.emit(_slow_notice(self._options.model, share, self._gpus[0]))
        return self._gpus[0]

    def _tell(self, now: OllamaChanged) -> None:
        """The same news once."""
        if self._now is not None and replace(now, at=self._now.at) == self._now:
            return
        self._now = now
        log.info(
            "Ollama: %s%s",
            "running" if now.running else "starting" if now.starting else "not running",
            " (started by Parley)" if now.started_by_us else "",
        )
        self.happened.emit(now)

    # --- the loop's thread: the models -------------------------------------------------------

    async def _use_model(self, command: UseOllamaModel) -> None:
        """Look after another model; the server, and what it downloads, go on."""
        self._old_keepers.append(self._keeper)
        self._keeper = command.keeper
        self._options = self._options.model_copy(update={"model": command.model})
        self._told_about_gpu = False
        if self._pulls.idle:
            await self._close_old_keepers()
        self._woken.set()

    async def _close_old_keepers(self) -> None:
        old, self._old_keepers = self._old_keepers, []
        for keeper in old:
            await keeper.close()

    async def _fetch(self, model: str) -> None:
        await self._pulls.fetch(model or self._options.model, self._keeper)
        if self._pulls.idle:
            await self._close_old_keepers()
        self._woken.set()  # look at once: the model may be there now

    async def _move(self) -> None:
        """Have the model that was chosen placed anew."""
        keeper = self._keeper
        if self._wanted and not self._forbidden and isinstance(keeper, PlacesModels):
            await self._mover.move(self._options.model, keeper, looked=partial(self._moved, keeper))

    async def _moved(self, keeper: object, state: OllamaState) -> None:
        if keeper is self._keeper:  # or another model was chosen meanwhile
            await self._is_up(state)

    async def _delete(self, model: str) -> None:
        if self._forbidden:
            self.happened.emit(_not_deleted(model))
            return
        self._pulls.stop(model)
        await self._keeper.delete(model)
        self._woken.set()
        if same_model(model, self._options.model):
            self.warm_up.emit(WarmUp(reason="its model was deleted"))  # somebody else answers now


def _not_installed(model: str) -> EngineMissing:
    return EngineMissing(
        engine=Engine(Stage.LLM, "ollama", model, "server"),
        title="Ollama is not installed.",
        hint="Install it from https://ollama.com/download. Parley notices by itself.",
    )


def _not_deleted(model: str) -> Notice:
    """Under local-only a server elsewhere is not asked, for this neither."""
    return Notice(
        title=f"{model} was not deleted: its server is not asked while {STAY} is on.",
        hint="Turn it off in the engines panel, and try again.",
    )


def _slow_notice(model: str, share: float, gpu: str) -> Notice:
    """Why replies are slow although there is a GPU."""
    if share > 0:
        title = f"Only {share:.0%} of {model} fits on the GPU."
    else:
        title = f"{model} runs on the processor, not on the GPU."
    return Notice(
        title=title,
        hint=f"Close what else uses the {gpu} and move the model there in Parley's settings, under "
        "Diagnosis; or choose a smaller one.",
    )
