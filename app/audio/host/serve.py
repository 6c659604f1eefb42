"""The process that owns the sound devices.

A process of its own, because what lies below PortAudio hangs and crashes when devices come and go,
and because audio callbacks should not wait for an interpreter that is busy with models. Its main
thread obeys Parley's sound thread, one request at a time; another thread takes in what is to be
played. The microphone's samples and what others want to know of either device lie in shared memory.
"""

from __future__ import annotations

import logging
import os
import signal
import struct
import threading
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Literal

import numpy as np

from app.audio.host.devices import Choice
from app.audio.host.speaker import SpeakerDevice
from app.audio.host.system import DeviceReport, SoundSystem, Wanted
from app.audio.shared import OutputState, SharedSound

log = logging.getLogger(__name__)

BROKEN = 71
"""What the process ends with when audio cannot be taken in."""

PUBLISH_S = 0.01
"""How often the loudspeaker's account is brought up to date while there is something to play."""

AUDIO = struct.Struct("=qqi4x")
"""Before the samples of a message: its number, the flushes that came before, the sample rate. A
rate of 0 means that no more audio follows."""


@dataclass(frozen=True, slots=True)
class Request:
    """What Parley's sound thread wants."""

    what: Literal["open", "check", "devices", "use", "close"]
    busy: bool = False
    watched: bool = False
    kind: Literal["input", "output"] = "input"
    microphone: Choice | None = None
    speaker: Choice | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    reports: tuple[DeviceReport, ...] = ()
    devices: tuple[Choice, ...] = ()
    microphone: str = ""
    """What the user calls it; empty when there is none."""
    speaker: str = ""
    failure: str = ""
    """The traceback of what should not have happened."""


def serve(
    wanted: Wanted,
    shared: SharedSound,
    requests: Connection,
    audio: Connection,
    words: Connection,
    log_level: int,
) -> None:
    """Own the devices until the other side is gone.

    Args:
        requests: a `Request` in, an `Answer` out.
        audio: messages for the loudspeaker (`AUDIO`).
        words: for the log: (logger, level, text).
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for Parley, which ends this process
    _print_nowhere()
    logging.basicConfig(level=log_level, handlers=[_Words(words)], format="%(message)s", force=True)
    system = SoundSystem(wanted, shared)
    threading.Thread(
        target=_take_audio, args=(audio, system.speaker, shared.output), name="audio", daemon=True
    ).start()
    while True:
        try:
            request = requests.recv()
        except (EOFError, OSError):
            os._exit(0)  # Parley is gone; nothing here is worth an orderly end that may hang
        requests.send(_answer(system, request))


def _answer(system: SoundSystem, request: Request) -> Answer:
    reports: list[DeviceReport] = []
    devices: list[Choice] = []
    failure = ""
    try:
        match request.what:
            case "open":
                reports = system.open()
            case "check":
                reports = system.check(busy=request.busy, watched=request.watched)
            case "devices":
                devices = system.devices(request.kind)
            case "use":
                reports = system.use(request.microphone, request.speaker)
            case "close":
                system.close()
    except Exception:  # noqa: BLE001 - logged on the other side, which starts another process
        failure = traceback.format_exc()
    return Answer(
        tuple(reports),
        tuple(devices),
        microphone=system.microphone.label,
        speaker=system.speaker.label,
        failure=failure,
    )


def _take_audio(audio: Connection, speaker: SpeakerDevice, state: OutputState) -> None:
    """Queue what comes, and keep the account up to date. A thread of its own."""
    try:
        _queue_audio(audio, speaker, state)
    except Exception:
        log.exception("audio is not taken in any more")
        os._exit(BROKEN)  # a reply would never end


def _queue_audio(audio: Connection, speaker: SpeakerDevice, state: OutputState) -> None:
    done = 0
    while True:
        state.publish(progress := speaker.progress(done))
        try:
            if not audio.poll(PUBLISH_S if progress.queued_s > 0 else None):
                continue
            message = audio.recv_bytes()
        except (EOFError, OSError):
            return
        done, flushes, rate = AUDIO.unpack_from(message)
        if rate:
            speaker.play(np.frombuffer(message, np.float32, offset=AUDIO.size), rate, flushes)
        else:
            speaker.end()


class _Words(logging.Handler):
    """Sends what is logged to where the log is written."""

    def __init__(self, pipe: Connection) -> None:
        super().__init__()
        self._pipe = pipe

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._pipe.send((record.name, record.levelno, self.format(record)))
        except OSError:
            return  # nobody is left to read it


def _print_nowhere() -> None:
    """PortAudio's usual build, ALSA and JACK print every attempt that failed, dozens of lines for
    one missing device; PortAudio's ALSA part prints without end when a device dies early."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
