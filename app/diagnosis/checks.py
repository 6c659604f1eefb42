"""One small function per part that can be looked at.

Each returns what it found as `Check`s and may take seconds (models are really loaded, devices
really opened). `examine` is the border: a check that crashes becomes a failed check.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from app.core.diagnosis_events import Check
from app.core.ports import Stage
from app.errors import AssistantError, HistoryError
from app.paths import Paths
from app.secrets import ENVIRONMENT, Secrets, redact
from app.settings import AudioSettings, Settings, value_of

if TYPE_CHECKING:
    from app.audio.microphone import Microphone

log = logging.getLogger(__name__)

ROOM_LOW_BYTES = 2_000_000_000
"""Less free than this is worth a word: the speech model and one voice take about 1 GB while
they are fetched and converted."""
ROOM_NONE_BYTES = 50_000_000
"""With less than this free, history and settings will soon fail to be written."""

LISTEN_S = 0.5
"""How long the microphone is listened to: several blocks, even of a slow device."""

DRIVER_S = 3.0
"""How long the driver's tool may take; it usually answers in a fraction of a second."""


def examine(
    name: str, check: Callable[[], Iterable[Check]], *, essential: bool = False
) -> list[Check]:
    """Run a check. What it raises is a finding too; no key is in what comes back.

    Args:
        name: of the finding, should the check crash.
        essential: whether Parley cannot answer when the check crashes.
    """
    try:
        found = list(check())
    except Exception as exc:  # noqa: BLE001 - the border of all checks: see the docstring
        trouble = exc if isinstance(exc, AssistantError) else crashed(name, exc)
        found = [Check(name, "fail", trouble.title, trouble.hint, stops=essential)]
    return [replace(each, text=redact(each.text), hint=redact(each.hint)) for each in found]


def crashed(name: str, exc: Exception) -> AssistantError:
    """What a check raised that it should not, for the user; the traceback is in the log."""
    log.info("the check of %s failed", name, exc_info=exc)  # doctor itself says so on stdout
    reason = f"{type(exc).__name__}: {exc}".splitlines()[0]
    return AssistantError(f"This could not be checked ({reason}).", "The log has the details.")


def sound(settings: AudioSettings) -> Iterable[Check]:
    """Open both devices as the window would, listen for a moment, and name what else there is."""
    from app.audio.system import SoundSystem

    system = SoundSystem(settings)
    try:
        for report in system.open():
            name = "microphone" if report.kind == "input" else "speaker"
            if not report.name:
                yield Check(name, "fail", *_sentence_and_step(report.detail))
            elif report.detail:
                yield Check(name, "warn", report.detail)
            elif report.kind == "input" and not _hears_anything(system.microphone):
                yield Check(name, "warn", *_silence(report.name, system.microphone))
            else:
                yield Check(name, "ok", f"{report.name}.")
            choices = [f"{each.name} ({each.host_api})" for each in system.devices(report.kind)]
            if choices:
                yield Check(f"{name}s", "ok", f"To choose from: {', '.join(choices)}.")
    finally:
        system.close()


def gpu(settings: Callable[[], Settings] = Settings) -> Iterable[Check]:
    """Is there an NVIDIA card, can the two libraries that compute use it, and may they?

    Args:
        settings: as they are in the file; read only where there is a card to use.
    """
    cards = _nvidia_cards()
    using = []
    # Importing torch takes a second of everybody's time: only where there may be a card for it.
    may_compute = bool(cards) or "torch" in sys.modules
    if find_spec("ctranslate2") is not None:
        import ctranslate2

        if ctranslate2.get_cuda_device_count() > 0:
            using.append("speech recognition")
            may_compute = True
    if may_compute and find_spec("torch") is not None:
        import torch

        if torch.cuda.is_available():
            using.append("the voice")
            cards = cards or [torch.cuda.get_device_name(0)]
    if not cards and not using:
        yield Check("GPU", "ok", "No NVIDIA graphics card; everything runs on the processor.")
        return
    card = cards[0] if cards else "A graphics card"
    if len(using) == 2:
        yield Check("GPU", "ok", f"{card}, for {' and '.join(using)}.")
    else:
        unable = {"speech recognition", "the voice"} - set(using)
        step = "Install the NVIDIA driver and the CUDA builds of ctranslate2 and torch."
        if unable == {"the voice"} and find_spec("torch") is None:
            step = "This copy of Parley has no PyTorch, so the voice computes on the processor."
        yield Check(
            "GPU",
            "warn",
            f"{card} is there, but {' and '.join(sorted(unable))} cannot use it.",
            step,
        )
    if using:
        yield from _kept_off_the_gpu(settings(), using)


def _kept_off_the_gpu(settings: Settings, using: Sequence[str]) -> Iterable[Check]:
    """The engines of Parley that could compute on the card and are told not to."""
    for library, name, stage, engine in (
        ("speech recognition", "speech to text", Stage.STT, "whisper"),
        ("the voice", "voice", Stage.TTS, "vits"),
    ):
        device = f"{stage.value}.{engine}.device"
        is_chosen = value_of(settings, f"{stage.value}.provider") == engine
        if library in using and is_chosen and value_of(settings, device) == "cpu":
            yield Check(
                name,
                "warn",
                "It runs on the processor because its settings say so, and the GPU could do it.",
                f'Write device = "auto" under [{stage.value}.{engine}] into the settings file.',
                stage=stage,
                change=(device, "auto"),
            )


def keys(secrets: Secrets, llm_provider: str) -> Iterable[Check]:
    """Which API keys are there; never the keys."""
    places = "; ".join(f"{name}: {secrets.present(name)}" for name in ENVIRONMENT)
    yield Check("keys", "ok", f"{places}.")
    if secrets.persistent:
        yield Check("keyring", "ok", "The system's keyring works.")
    else:
        needed = llm_provider in ENVIRONMENT
        step = f"Or set {ENVIRONMENT[llm_provider]} before you start Parley." if needed else ""
        yield Check("keyring", "warn" if needed else "ok", secrets.reason, step)


def disk(paths: Paths) -> Iterable[Check]:
    """Is there room for the history and for models?"""
    free = shutil.disk_usage(paths.data).free
    text = f"{free / 1e9:.1f} GB free in {paths.data}."
    if free < ROOM_NONE_BYTES:
        yield Check("disk", "fail", text, "Make room: what you say can soon not be saved.")
    elif free < ROOM_LOW_BYTES:
        yield Check("disk", "warn", text, "Make room before you download models.")
    else:
        yield Check("disk", "ok", text)


def settings_file(paths: Paths) -> Iterable[Check]:
    """Every problem in the settings file, line by line."""
    from app.settings_file import load

    _, problems = load(paths.settings_file)
    for problem in problems:
        yield Check("settings", "warn", problem, f"Correct {paths.settings_file}.")
    if not problems:
        there = paths.settings_file.exists()
        yield Check("settings", "ok", "The file is fine." if there else "All are the defaults.")


def history(paths: Paths) -> Iterable[Check]:
    """Can the history be read? A damaged one is left where it is."""
    from app.history.store import SqliteHistory

    if not paths.history_file.exists():
        yield Check("history", "ok", "Nothing has been said yet.")
        return
    store = SqliteHistory(paths.history_file)
    try:
        store.open(set_damaged_aside=False)
        sessions = store.sessions()
    except HistoryError as exc:
        yield Check("history", "fail", exc.title, exc.hint)
    else:
        turns = sum(row.turns for row in sessions)
        words = "1 turn kept" if turns == 1 else f"{turns:,} turns kept"
        size = paths.history_file.stat().st_size / 1e6
        yield Check("history", "ok", f"{words}, {size:.1f} MB.")
    finally:
        store.close()


def _hears_anything(microphone: Microphone) -> bool:
    """Whether more than zeros arrives: even a quiet room is not that quiet."""
    from app.audio.shared import START_GRACE_S

    until = time.monotonic() + START_GRACE_S
    while microphone.unproven and time.monotonic() < until:
        time.sleep(0.02)
    until = time.monotonic() + LISTEN_S
    while time.monotonic() < until:
        if not microphone.unproven and microphone.silent_for_s == 0:
            return True
        time.sleep(0.02)
    return False


def _silence(name: str, microphone: Microphone) -> tuple[str, str]:
    """A sentence and the next step."""
    if microphone.unproven:
        return f"{name} records nothing.", "Check it in the system's sound settings."
    return (
        f"{name} delivers only silence.",
        "Check that it is not muted and that Parley may use it, or choose another.",
    )


def _sentence_and_step(detail: str) -> tuple[str, str]:
    """ "It is gone. Plug it in." as a sentence and the step that follows."""
    sentence, stop, step = detail.partition(". ")
    return (sentence + stop.rstrip(), step)


def _nvidia_cards() -> Sequence[str]:
    """Name and memory of each card, as the driver's own tool tells."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    query = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    no_window: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # there on Windows only
    try:
        answer = subprocess.run(
            query,
            capture_output=True,
            text=True,
            timeout=DRIVER_S,
            check=True,
            creationflags=no_window,
        )
    except (OSError, subprocess.SubprocessError) as exc:
        log.info("nvidia-smi did not answer: %s", exc)
        return []
    cards = []
    for line in answer.stdout.splitlines():
        name, _, mebibytes = line.rpartition(", ")
        if name and mebibytes.strip().isdigit():
            cards.append(f"{name}, {int(mebibytes) / 1024:.0f} GB")
    return cards
