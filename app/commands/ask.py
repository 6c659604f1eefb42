"""`parley ask`: one turn without a window, through the same worker threads."""

from __future__ import annotations

import argparse
import re
import sys
import time
from contextlib import nullcontext
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from app.audio.files import WavInput, WavOutput
from app.audio.system import SoundSystem
from app.bootstrap import Assistant, Sound
from app.chosen_engines import keys_at_start
from app.commands.own_ollama import running_ollama
from app.commands.session import Session
from app.commands.terminal import event_as_json, latency_table, remark, say
from app.core.events import (
    DeviceChanged,
    EngineMissing,
    Event,
    FinalTranscript,
    LevelMeasured,
    MouthMoved,
    Notice,
    Outcome,
    ReplyDelta,
    StageFailed,
    TurnEnded,
)
from app.core.ports import MayBeAbsent, Stage
from app.errors import InputError
from app.paths import Paths
from app.providers import registry
from app.providers.llm.skills import SkillsLlm
from app.secrets import Secrets
from app.settings import Settings

LLM_ANSWERS_S = 1.0
"""A model that is there and loaded says so within this, one that is missing too. The load of a
cold one is part of the turn, as in the window: not every question is for the model."""

WAV_SUFFIXES = ("", ".wav", ".wave")

STAGE_NAMES = {
    Stage.VAD: "voice detector",
    Stage.STT: "speech recognition",
    Stage.LLM: "language model",
    Stage.TTS: "voice",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="?", help="the question, in words")
    parser.add_argument("--wav", type=Path, metavar="FILE", help="the question, as a recording")
    parser.add_argument(
        "--out", type=Path, metavar="FILE.wav", help="write the spoken reply here, as a WAV file"
    )
    parser.add_argument(
        "--details", action="store_true", help="say who served each stage and where the time went"
    )
    parser.add_argument("--json", action="store_true", help="print one event per line as JSON")
    parser.add_argument(
        "--fast", action="store_true", help="hear the recording at once, not at its own pace"
    )


def run(args: argparse.Namespace, settings: Settings, paths: Paths, secrets: Secrets) -> int:
    """Returns 0 when a reply was spoken, 1 when an engine failed, 2 when nothing was heard.

    Raises:
        InputError: no question, two questions, a recording that cannot be read, or a reply that
            cannot be written.
        Interrupted: Ctrl-C or SIGTERM.
    """
    text = _readable(args.text or "").strip()
    if not text and args.wav is None:
        raise InputError("There is no question.", "Give it in words, or with --wav FILE.")
    if text and args.wav:
        raise InputError("There are two questions.", "Give either words or --wav FILE.")
    if args.out and args.out.suffix.lower() not in WAV_SUFFIXES:
        raise InputError(
            f"The reply is written as a WAV file, and {args.out.name} is named as another kind.",
            f"Write --out {args.out.with_suffix('.wav')}",
        )
    recording = WavInput(args.wav, realtime=not args.fast) if args.wav else None
    reply = WavOutput(args.out) if args.out else None
    if recording and recording.duration_s > settings.talk.max_utterance_s:
        remark(
            f"Only the first {settings.talk.max_utterance_s:g} seconds of {recording.name} are "
            "heard. The settings file can allow more: talk.max_utterance_s."
        )
    QCoreApplication.instance() or QCoreApplication(sys.argv[:1])
    devices = SoundSystem(settings.audio, listens=False)
    sound = Sound(
        source=recording or devices.microphone,
        output=reply or devices.speaker,
        devices=None if reply else devices,
    )
    printer = _JsonPrinter() if args.json else _Printer(details=args.details)
    wants_ollama = _may_need_ollama(text, settings, paths, secrets)
    with running_ollama(settings, paths) if wants_ollama else nullcontext():
        assistant = Assistant(settings, paths, secrets, sound, keeps_timers=False)
        with Session(assistant, printer.watch) as session:
            _wait_for_engines(session, spoken=recording is not None)
            ended = session.ask_recording(recording) if recording else session.ask_text(text)
    if reply:
        reply.save()
    return _exit_code(ended)


def _readable(text: str) -> str:
    """Bytes of the command line that are no text arrive as surrogates, which no engine, file or
    terminal takes."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def _may_need_ollama(text: str, settings: Settings, paths: Paths, secrets: Secrets) -> bool:
    """Whether Ollama is the first who could answer, as far as can be told before the turn.

    Args:
        text: a typed question; the skills may know its answer.
    """
    skills = registry.build_llm("skills", settings.llm, None)
    assert isinstance(skills, SkillsLlm)
    if text and settings.llm.skills.first and skills.answers(text, settings.stt.language or "en"):
        return False
    for name in settings.llm.order:
        model = registry.build_llm(name, settings.llm, None, paths.models_dir)
        local = model.engine.local
        if name == "ollama":
            return local or not settings.llm.local_only
        absent = isinstance(model, MayBeAbsent) and not model.is_here()
        if absent or (not local and settings.llm.local_only):
            continue
        # Where the assistant asks the keyring, this does too; elsewhere nobody wakes it.
        look_up = secrets.get if name in keys_at_start(settings) else secrets.at_hand
        if local or look_up(name):
            return False
    return False


def _wait_for_engines(session: Session, *, spoken: bool) -> None:
    """What this turn needs: a typed question is not transcribed."""
    needed = [Stage.TTS, *((Stage.VAD, Stage.STT) if spoken else ())]
    late = session.wait_for_engines(needed)
    session.wait_for_engines([Stage.LLM], longest_s=LLM_ANSWERS_S)
    for stage in needed:
        if stage in late:
            remark(f"The {STAGE_NAMES[stage]} is still loading. Parley goes on without it.")


def _exit_code(ended: TurnEnded) -> int:
    return {Outcome.REPLIED: 0, Outcome.UNHEARD: 2}.get(ended.outcome, 1)


class _JsonPrinter:
    """One line per event, from the engines' first news to the end of the turn, which is the last.
    Level meters and mouths are left out."""

    def __init__(self) -> None:
        self._started_at = time.perf_counter()
        self._ended = False

    def watch(self, event: Event) -> None:
        if not self._ended and not isinstance(event, LevelMeasured | MouthMoved):
            say(event_as_json(event, self._started_at))
        self._ended |= isinstance(event, TurnEnded)


class _Printer:
    """For people: what was heard and the reply as it streams; on stderr what went wrong, and
    whether the question left this computer."""

    def __init__(self, *, details: bool) -> None:
        """
        Args:
            details: also print which engines are missing, who served and where the time went.
        """
        self._details = details
        self._in_reply = False
        self._hints: dict[str, str] = {}  # by the reason why an engine is missing
        self._remarks: set[str] = set()

    def watch(self, event: Event) -> None:
        match event:
            case EngineMissing():
                self._hints[event.title] = event.hint
                if self._details:
                    self._remark(event.title, event.hint)
            case FinalTranscript():
                say(f"You: {event.transcript.text or '(nothing)'}")
            case ReplyDelta():
                if event.takes_back:  # what is printed stays: show that it is begun anew
                    sys.stdout.write("… ")
                sys.stdout.write(event.text if self._in_reply else f"Parley: {event.text}")
                sys.stdout.flush()
                self._in_reply = True
            case DeviceChanged(kind="output", name=""):
                remark(f"{event.detail} The reply cannot be heard.")
            case StageFailed() | Notice():
                self._remark(event.title, event.hint)
            case TurnEnded():
                self._end(event)

    def _end(self, turn: TurnEnded) -> None:
        if self._in_reply:
            say("")
        if turn.why_not_first:
            self._remark(turn.why_not_first, self._hints.get(turn.why_not_first, ""))
        names = {engine.name for engine in turn.asked if not engine.local}
        elsewhere = [title for name, title in registry.LLM_TITLES.items() if name in names]
        if elsewhere:
            self._remark(f"The question went to {' and '.join(elsewhere)}, outside this computer.")
        if self._details and turn.spans:
            say("")
            say(latency_table(turn.spans, turn.engines))

    def _remark(self, title: str, hint: str = "") -> None:
        """The same thing once."""
        if title not in self._remarks:
            self._remarks.add(title)
            remark(f"{title} {hint}".strip())
