"""`parley ask`: one turn without a window, through the same worker threads."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from app.audio.files import WavInput, WavOutput
from app.audio.system import SoundSystem
from app.bootstrap import Assistant, Sound
from app.commands.session import Session
from app.commands.terminal import event_as_json, latency_table, remark, say
from app.core.events import (
    EngineMissing,
    Event,
    FinalTranscript,
    LevelMeasured,
    Notice,
    Outcome,
    ReplyDelta,
    StageFailed,
    TurnEnded,
)
from app.errors import InputError
from app.paths import Paths
from app.secrets import Secrets
from app.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="?", help="the question, in words")
    parser.add_argument("--wav", type=Path, metavar="FILE", help="the question, as a recording")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the spoken reply here")
    parser.add_argument("--json", action="store_true", help="print one event per line as JSON")
    parser.add_argument(
        "--fast", action="store_true", help="hear the recording at once, not at its own pace"
    )


def run(args: argparse.Namespace, settings: Settings, paths: Paths, secrets: Secrets) -> int:
    """Returns 0 when a reply was spoken, 1 when an engine failed, 2 when nothing was heard.

    Raises:
        InputError: no question, two questions, or a recording that cannot be read.
    """
    text = (args.text or "").strip()
    if not text and args.wav is None:
        raise InputError("There is no question.", "Give it in words, or with --wav FILE.")
    if text and args.wav:
        raise InputError("There are two questions.", "Give either words or --wav FILE.")
    recording = WavInput(args.wav, realtime=not args.fast) if args.wav else None
    QCoreApplication.instance() or QCoreApplication(sys.argv[:1])
    devices = SoundSystem(settings.audio, listens=False)
    sound = Sound(
        source=recording or devices.microphone,
        output=WavOutput(args.out) if args.out else devices.speaker,
        devices=None if args.out else devices,
    )
    printer = _JsonPrinter() if args.json else _Printer()
    assistant = Assistant(settings, paths, secrets, sound, keeps_timers=False)
    with Session(assistant, printer.watch) as session:
        session.wait_for_engines()
        ended = session.ask_recording(recording) if recording else session.ask_text(text)
    if isinstance(sound.output, WavOutput):
        sound.output.save()
    return _exit_code(ended)


def _exit_code(ended: TurnEnded) -> int:
    return {Outcome.REPLIED: 0, Outcome.UNHEARD: 2}.get(ended.outcome, 1)


class _JsonPrinter:
    """One line per event, from the turn's start to its end."""

    def __init__(self) -> None:
        self._started_at = time.perf_counter()
        self._ended = False

    def watch(self, event: Event) -> None:
        if not self._ended and not isinstance(event, LevelMeasured):
            say(event_as_json(event, self._started_at))
        self._ended |= isinstance(event, TurnEnded)


class _Printer:
    """For people: what was heard, the reply as it streams, and where the time went."""

    def __init__(self) -> None:
        self._in_reply = False

    def watch(self, event: Event) -> None:
        match event:
            case EngineMissing():
                remark(f"{event.title} {event.hint}".strip())
            case FinalTranscript():
                say(f"You: {event.transcript.text or '(nothing)'}")
            case ReplyDelta():
                sys.stdout.write(event.text if self._in_reply else f"Parley: {event.text}")
                sys.stdout.flush()
                self._in_reply = True
            case StageFailed() | Notice():
                remark(f"{event.title} {event.hint}".strip())
            case TurnEnded():
                if self._in_reply:
                    say("")
                if event.spans:
                    say("")
                    say(latency_table(event.spans, event.engines))
