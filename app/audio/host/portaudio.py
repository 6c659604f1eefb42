"""The border to PortAudio. Every function here is called by the main thread of its process alone.

PortAudio is not thread-safe, and restarting it (the only way to see new devices) invalidates
every stream and index, so one owner makes all calls: `SoundSystem`.

A call that does not return (PortAudio's ALSA part can wait for ever when a device dies between two
calls, and so can the sound server's client below it) can be neither ended nor gone round, so it
ends the process; Parley starts another.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Literal

from app.audio.host.devices import SERVER_API, SOUND_SERVERS, Device
from app.audio.host.sound_server import routed, server_devices
from app.errors import AudioError

log = logging.getLogger(__name__)

Kind = Literal["input", "output"]

NOUN: dict[Kind, str] = {"input": "microphone", "output": "loudspeaker"}

LATENCY_S = 0.04
"""The buffer asked of the host. Measured through PulseAudio on 2 cores kept busy by Python, numpy
and other programs, in turn: 40 ms had no gap in 14 replies and was silent 56 ms after a flush;
30 ms had gaps in 3 of 20 (39 ms), 20 ms in 3 of 8 (26 ms), 12 ms in most."""

ALSA_INPUT_LATENCY_S = 0.16
"""ALSA calls back four times per buffer whatever the caller wants, and each call wakes the
processor: measured, a microphone that is always open costs 2.6 % of a core at 40 ms, 0.8 % at
160 ms and 0.3 % at 640 ms. Samples come 40 ms at a time then, but their arrival times are as exact
as before."""

RESTING_LATENCY_S = 0.64
"""The same for a microphone that nobody listens to: samples come 160 ms at a time."""

SERVER_RATE = 48_000
"""What to ask a Linux sound server for. ALSA says 44,100 for every plug-in, but PipeWire and
nearly all hardware run at 48,000, and what the server converts it converts cheaply."""

_ON_LINUX = sys.platform.startswith("linux")

CLOSE_TIMEOUT_S = 1.5 if _ON_LINUX else 3.0
"""Closing takes milliseconds here; devices that are slow to stop take a second or two. Giving up
too early costs half a second without devices."""

START_TIMEOUT_S = 1.2 if _ON_LINUX else 5.0
"""PortAudio's ALSA part gives its thread one second to start."""

OPEN_TIMEOUT_S = 3.0 if _ON_LINUX else 10.0
"""To open a device, or to start all of PortAudio. A Bluetooth device takes a second or two."""

HUNG = 70
"""What the process ends with when a call does not return."""

StreamCallback = Callable[[Any, int, Any, Any], None]
"""(samples shaped (frames, channels), frames, time info, status flags), called in PortAudio's
own thread."""


class OpenStream:
    """A stream that is open; started once by `start`. (Starting a stopped one again blocks for
    ever when its device has gone meanwhile, so streams are not stopped but closed.)

    Attributes:
        device: what it plays on or records from.
        rate: its sample rate.
        latency_s: the latency the host reports.
    """

    def __init__(self, stream: Any, kind: Kind, device: Device) -> None:
        self._stream = stream
        self._kind: Kind = kind
        self.device = device
        self.rate = int(stream.samplerate)
        self.latency_s = float(stream.latency)

    def start(self) -> None:
        """
        Raises:
            AudioError: the device refuses.
        """
        sounddevice = load()
        try:
            with _deadline(START_TIMEOUT_S, f"starting {self.device.name}"):
                self._stream.start()
        except sounddevice.PortAudioError as exc:
            self.close()
            raise _cannot_open(self._kind, self.device, exc) from exc

    @property
    def running(self) -> bool:
        """Whether the host still calls back."""
        return bool(self._stream.active)

    def close(self) -> None:
        """Give the device back, dropping what it has not played; errors mean it is gone."""
        with _deadline(CLOSE_TIMEOUT_S, f"closing {self.device.name}"):
            self._stream.close(True)


@contextmanager
def _deadline(limit_s: float, what: str) -> Iterator[None]:
    """End the process when the block takes longer."""
    timer = threading.Timer(limit_s, _end_process, [what])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _end_process(what: str) -> None:
    surely = threading.Timer(1.0, os._exit, [HUNG])
    surely.daemon = True
    surely.start()  # should nobody read what is logged
    log.error("%s does not return", what)
    os._exit(HUNG)  # whatever hangs would hang in an orderly end as well


def load() -> ModuleType:
    """The `sounddevice` module, which starts PortAudio when it is first imported.

    Raises:
        AudioError: PortAudio is not installed, or does not start.
    """
    if "sounddevice" in sys.modules:
        return sys.modules["sounddevice"]
    try:
        with _deadline(OPEN_TIMEOUT_S, "starting the sound system"):
            import sounddevice
    except OSError as exc:
        raise AudioError(
            "The sound library PortAudio is not installed.",
            "On Debian and Ubuntu: sudo apt install libportaudio2. Then start Parley again.",
        ) from exc
    except Exception as exc:
        # PortAudioError, a class that cannot be named while the import of its module fails.
        raise AudioError(
            "The sound system does not start.", "Check that sound works in other programs."
        ) from exc
    module: ModuleType = sounddevice
    return module


def restart() -> None:
    """Read the system's devices anew. No stream may be open.

    Raises:
        AudioError: PortAudio does not start again.
    """
    sounddevice = load()
    try:
        with _deadline(OPEN_TIMEOUT_S, "starting the sound system"):
            if sounddevice._initialized:
                sounddevice._terminate()
            sounddevice._initialize()
    except sounddevice.PortAudioError as exc:
        raise AudioError(
            "The sound system does not start.", "Check that sound works in other programs."
        ) from exc


def list_devices() -> list[Device]:
    """All devices: PortAudio's as of the last `restart`, the sound server's as of now.

    Raises:
        AudioError: there is no PortAudio.
    """
    listed = _list_own()
    return listed + (server_devices(listed) or [])


def list_server_devices() -> list[Device] | None:
    """The sound server's alone; None when it does not say.

    Raises:
        AudioError: there is no PortAudio.
    """
    return server_devices(_list_own())


def _list_own() -> list[Device]:
    sounddevice = load()
    try:
        hosts = sounddevice.query_hostapis()
        found = sounddevice.query_devices()
    except sounddevice.PortAudioError as exc:
        log.info("no sound devices: %s", exc)
        return []
    return [
        Device(
            index=int(entry["index"]),
            name=str(entry["name"]),
            host_api=str(hosts[entry["hostapi"]]["name"]),
            inputs=int(entry["max_input_channels"]),
            outputs=int(entry["max_output_channels"]),
            rate=SERVER_RATE
            if entry["name"] in SOUND_SERVERS
            else int(entry["default_samplerate"]),
            default_input=hosts[entry["hostapi"]]["default_input_device"] == entry["index"],
            default_output=hosts[entry["hostapi"]]["default_output_device"] == entry["index"],
        )
        for entry in found
    ]


def open_stream(
    kind: Kind, device: Device, callback: StreamCallback, *, rests: bool = False
) -> OpenStream:
    """Open a device at its native rate, not started; mono, or stereo where mono is refused.

    Args:
        rests: a microphone that nobody listens to now: where that is cheaper, samples may come late
            and many at a time.

    Raises:
        AudioError: busy, unplugged, or refused for another reason.
    """
    sounddevice = load()
    stream_class = sounddevice.InputStream if kind == "input" else sounddevice.OutputStream
    most = device.inputs if kind == "input" else device.outputs
    extra = None
    if device.host_api == "Windows WASAPI":
        # shared mode takes the mixer's own format only, unless Windows converts
        extra = sounddevice.WasapiSettings(auto_convert=True)
    latency_s = LATENCY_S
    if kind == "input" and device.host_api in ("ALSA", SERVER_API):
        latency_s = RESTING_LATENCY_S if rests else ALSA_INPUT_LATENCY_S
    failure: Exception | None = None
    for channels in sorted({1, min(2, most)}):
        try:
            with _deadline(OPEN_TIMEOUT_S, f"opening {device.name}"), routed(device, kind):
                stream = stream_class(
                    samplerate=device.rate,
                    device=device.index,
                    channels=channels,
                    dtype="float32",
                    latency=latency_s,
                    extra_settings=extra,
                    callback=callback,
                )
        except (sounddevice.PortAudioError, ValueError) as exc:
            failure = exc
        else:
            if stream.samplerate > 0:
                return OpenStream(stream, kind, device)
            # ALSA opened a device whose sound server is just taking it away
            OpenStream(stream, kind, device).close()
            failure = ValueError("it has no sample rate")
    assert failure is not None
    raise _cannot_open(kind, device, failure) from failure


def _cannot_open(kind: Kind, device: Device, exc: Exception) -> AudioError:
    log.debug("cannot open %s (%s): %s", device.name, device.host_api, exc)
    return AudioError(
        f"{device.label} cannot be opened.",
        f"Check that a {NOUN[kind]} is plugged in and that no other program keeps it.",
    )
