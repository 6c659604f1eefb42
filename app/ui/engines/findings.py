"""What the diagnosis page says: every part of Parley, how it is, and what one click can do."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from PySide6.QtCore import QCoreApplication, qVersion

from app import __version__
from app.core.catalogue import ModelId
from app.core.diagnosis_events import Check, Status
from app.core.ports import Stage
from app.ui import words
from app.ui.engines.downloads import PausedDownload
from app.ui.engines.status import STAGES, EngineStatus
from app.ui.translation import said

translate = QCoreApplication.translate


class Fix(StrEnum):
    """What one click can do about it."""

    START_OLLAMA = "start ollama"
    FETCH = "fetch"
    RESUME = "resume"
    MOVE_TO_GPU = "move to the GPU"
    USE_GPU = "use the GPU"
    CHOOSE_MICROPHONE = "choose a microphone"
    CHOOSE_SPEAKER = "choose a loudspeaker"
    MANAGE_MODELS = "manage models"
    ADD_KEY = "add a key"


@dataclass(frozen=True, slots=True)
class Finding:
    """One part."""

    name: str
    """For the user."""
    status: Status
    text: str
    """One sentence."""
    hint: str = ""
    fixes: tuple[Fix, ...] = ()
    stage: Stage | None = None
    """Whose model `Fix.FETCH` gets."""
    model: ModelId | None = None
    """What `Fix.RESUME` goes on with; None for the one that the stage misses."""
    change: tuple[str, str] | None = None
    """The setting that `Fix.USE_GPU` changes, and to what."""


def findings(engines: EngineStatus, checks: Sequence[Check]) -> list[Finding]:
    """All parts: what the threads have told, then what was looked at."""
    about = {check.stage: check for check in checks if check.change is not None}
    return [
        _microphone(engines),
        _loudspeaker(engines),
        *(_with_change(_stage(engines, stage), about.get(stage)) for stage in STAGES),
        *(_paused(each) for each in _other_downloads(engines)),
        *(_looked_at(check) for check in checks if check.change is None),
    ]


def fix_label(fix: Fix) -> str:
    """What the button says."""
    return {
        Fix.START_OLLAMA: translate("Diagnosis", "Start Ollama"),
        Fix.FETCH: translate("Diagnosis", "Download"),
        Fix.RESUME: translate("Diagnosis", "Resume"),
        Fix.MOVE_TO_GPU: translate("Diagnosis", "Move the model to the GPU"),
        Fix.USE_GPU: translate("Diagnosis", "Use the GPU"),
        Fix.CHOOSE_MICROPHONE: translate("Diagnosis", "Pick another microphone"),
        Fix.CHOOSE_SPEAKER: translate("Diagnosis", "Pick another loudspeaker"),
        Fix.MANAGE_MODELS: translate("Diagnosis", "Show the models"),
        Fix.ADD_KEY: translate("Diagnosis", "Add a key"),
    }[fix]


def summary(found: Sequence[Finding]) -> str:
    """All of it in a sentence."""
    faults = sum(finding.status == "fail" for finding in found)
    remarks = sum(finding.status == "warn" for finding in found)
    if faults:
        return (
            translate("Diagnosis", "One part does not work.")
            if faults == 1
            else translate("Diagnosis", "%1 parts do not work.").replace("%1", str(faults))
        )
    if remarks:
        return (
            translate("Diagnosis", "Parley works. One part could be better.")
            if remarks == 1
            else translate("Diagnosis", "Parley works. %1 parts could be better.").replace(
                "%1", str(remarks)
            )
        )
    return translate("Diagnosis", "Everything works.")


def report(found: Sequence[Finding], desktop: Sequence[str] = ()) -> str:
    """All of it as text, to be sent to somebody: what is said to Parley is not in it.

    Args:
        desktop: lines about the desktop (`desktop_report`).
    """
    lines = [
        f"Parley {__version__}, Python {platform.python_version()}, Qt {qVersion()}",
        f"{platform.system()} {platform.release()}, {platform.machine()}",
        *desktop,
        "",
    ]
    for finding in found:
        lines.append(f"{finding.status:<4}  {finding.name}: {finding.text} {finding.hint}".rstrip())
    return "\n".join(lines) + "\n"


def _microphone(engines: EngineStatus) -> Finding:
    gone = (
        translate("Diagnosis", "No microphone is connected."),
        translate("Diagnosis", "Plug one in, or type your question."),
    )
    name = translate("Diagnosis", "Microphone")
    device = (engines.microphone, engines.microphone_detail)
    return _device(name, *device, gone, Fix.CHOOSE_MICROPHONE)


def _loudspeaker(engines: EngineStatus) -> Finding:
    gone = (
        translate("Diagnosis", "No loudspeaker is there."),
        translate("Diagnosis", "Plug one in. Replies are shown as text meanwhile."),
    )
    name = translate("Diagnosis", "Loudspeaker")
    device = (engines.loudspeaker, engines.loudspeaker_detail)
    return _device(name, *device, gone, Fix.CHOOSE_SPEAKER)


def _device(name: str, device: str | None, detail: str, gone: tuple[str, str], fix: Fix) -> Finding:
    """
    Args:
        device: what is in use, empty when there is none, None while nobody knows.
        gone: what to say when there is none, and the next step.
    """
    if device is None:
        return Finding(name, "warn", translate("Diagnosis", "Nobody has looked for it yet."))
    if not device:
        return Finding(name, "fail", *gone, (fix,))
    return Finding(name, "warn" if detail else "ok", detail or f"{device}.", fixes=(fix,))


def _stage(engines: EngineStatus, stage: Stage) -> Finding:
    name = {
        Stage.STT: translate("Diagnosis", "Speech to text"),
        Stage.LLM: translate("Diagnosis", "Language model"),
        Stage.TTS: translate("Diagnosis", "Voice"),
    }[stage]
    status = engines.stages[stage]
    if status.serving is None:
        return Finding(name, "warn", translate("Diagnosis", "Not ready yet."), stage=stage)
    serves = f"{words.pair(words.engine_label(status.serving), engines.standing(stage))}."
    title, hint = engines.reason(stage)
    if title and status.on_stand_in:
        meanwhile = translate("Diagnosis", "%1 stands in meanwhile.")
        serves = meanwhile.replace("%1", words.engine_label(status.serving))
    fixes = _FIXES.get(engines.action(stage), ())
    needs_key = (
        stage == Stage.LLM and status.missing is not None and not status.missing.engine.local
    )
    if needs_key:
        fixes = (*fixes, Fix.ADD_KEY)
    if status.fetching:
        return Finding(name, "warn", status.progress or serves, stage=stage)
    return Finding(
        name,
        "warn" if title or status.on_stand_in else "ok",
        f"{title or engines.news(stage)} {serves}".strip(),
        hint,
        fixes,
        stage,
    )


_FIXES = {
    "fetch": (Fix.FETCH,),
    "resume": (Fix.RESUME,),
    "start": (Fix.START_OLLAMA,),
    "move": (Fix.MOVE_TO_GPU,),
    "models": (Fix.MANAGE_MODELS,),
}
"""By `EngineStatus.action`."""


def _with_change(finding: Finding, check: Check | None) -> Finding:
    """The finding of a stage, with what a setting keeps its engine from."""
    if check is None or finding.status != "ok":
        return finding  # what is wrong with it comes first
    return replace(
        finding,
        status=check.status,
        text=f"{finding.text} {check.text}",
        fixes=(*finding.fixes, Fix.USE_GPU),
        change=check.change,
    )


def _other_downloads(engines: EngineStatus) -> list[PausedDownload]:
    """Those that were stopped, but for the models that are missed: these stand with their part."""
    return [
        each
        for stage in STAGES
        for each in engines.paused(stage)
        if each != engines.paused_wanted(stage)
    ]


def _paused(download: PausedDownload) -> Finding:
    return Finding(
        translate("Diagnosis", "Download", "name of a row"),
        "warn",
        download.line,
        fixes=(Fix.RESUME,),
        stage=download.id.stage,
        model=download.id,
    )


def _looked_at(check: Check) -> Finding:
    fixes = (Fix.MANAGE_MODELS,) if check.name == "disk" and check.status != "ok" else ()
    # A check's words are those of `doctor`; its name begins a line here.
    return Finding(
        said(check.name[:1].upper() + check.name[1:]), check.status, check.text, check.hint, fixes
    )
