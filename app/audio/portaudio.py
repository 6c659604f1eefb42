"""The border to PortAudio. Every function here is called by the sound thread alone.

PortAudio is not thread-safe, and restarting it (the only way to see new devices) invalidates
every stream and index, so one owner makes all calls: `app.audio.system.SoundSystem`.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import sys
import threading
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any, Literal

from app.audio.devices import SOUND_SERVERS, Device
from app.audio.quiet import put_loops_to_sleep, quiet, silence_alsa, silence_for_good
from app.audio.second_copy import load_second_copy
from app.errors import AudioError

log = logging.getLogger(__name__)

Kind = Literal["input", "output"]

NOUN: dict[Kind, str] = {"input": "microphone", "output": "loudspeaker"}

LATENCY_S = 0.04
"""The buffer asked of the host. Measured through PulseAudio on 2 cores, loudspeaker included:
40 ms is silent 50 ms after a flush and plays on without a gap while torch computes on both
cores; 20 ms gaps as soon as Python is busy as well, "low" (9 ms) more often."""

ALSA_INPUT_LATENCY_S = 0.16
"""ALSA calls back four times per buffer whatever the caller wants, and each call wakes the
processor: measured, a microphone that is always open costs 3 % of a core at 40 ms and 0.7 % at
160 ms. Samples come 40 ms at a time then, but their arrival times are as exact as before."""

SERVER_RATE = 48_000
"""What to ask a Linux sound server for. ALSA says 44,100 for every plug-in, but PipeWire and
nearly all hardware run at 48,000, and what the server converts it converts cheaply."""

_ON_LINUX = sys.platform.startswith("linux")

CLOSE_TIMEOUT_S = 1.5 if _ON_LINUX else 3.0
"""Closing takes milliseconds here; devices that are slow to stop take a second or two. On Linux
giving up too early costs little: PortAudio is loaded anew, and the device opened again."""

LOST_CLOSE_TIMEOUT_S = 0.3
"""When PortAudio is lost already; nobody waits for long for the rest of it."""

START_TIMEOUT_S = 1.2 if _ON_LINUX else 5.0
"""PortAudio's ALSA part gives its thread one second to start."""

OPEN_TIMEOUT_S = 3.0 if _ON_LINUX else 10.0
"""To open a device, or to start all of PortAudio. A Bluetooth device takes a second or two."""

_hangs = False
"""Whether PortAudio was lost to a call that did not return, and not loaded anew since."""

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
            with quiet():
                _in_time(self._stream.start, START_TIMEOUT_S, f"starting {self.device.name}")
        except TimeoutError as exc:
            raise _cannot_open(self._kind, self.device, exc) from exc
        except sounddevice.PortAudioError as exc:
            self.close()
            raise _cannot_open(self._kind, self.device, exc) from exc

    @property
    def running(self) -> bool:
        """Whether the host still calls back."""
        return bool(self._stream.active)

    def close(self) -> None:
        """Give the device back, dropping what it has not played; errors mean it is gone.

        Never blocks for long: PortAudio's ALSA part can wait for ever when a device dies before it
        has delivered its first block. Then `load` fails until `restart` has loaded it anew.
        """
        with quiet(), contextlib.suppress(TimeoutError):
            limit_s = min(CLOSE_TIMEOUT_S, LOST_CLOSE_TIMEOUT_S) if _hangs else CLOSE_TIMEOUT_S
            _in_time(lambda: self._stream.close(True), limit_s, f"closing {self.device.name}")


def _in_time(call: Callable[[], object], limit_s: float, what: str) -> None:
    """Call it in a thread of its own, which is left behind when it does not return.

    Raises:
        TimeoutError: it did not return; PortAudio is lost.
        Exception: whatever the call raised.
    """
    global _hangs
    failures: list[Exception] = []

    def run() -> None:
        try:
            call()
        except Exception as exc:  # noqa: BLE001 - raised again below, in the thread that asked
            failures.append(exc)

    thread = threading.Thread(target=run, name=what, daemon=True)
    thread.start()
    thread.join(limit_s)
    if thread.is_alive():
        log.error("%s does not return", what)
        _hangs = True
        silence_for_good()
        put_loops_to_sleep()
        atexit.unregister(_import()._exit_handler)  # which would wait for it too
        raise TimeoutError(f"{what} does not return")
    if failures:
        raise failures[0]


def hangs() -> bool:
    """Whether PortAudio is lost, and only a `restart` can bring it back."""
    return _hangs


def load() -> ModuleType:
    """The `sounddevice` module, which starts PortAudio when it is first imported.

    Raises:
        AudioError: PortAudio is not installed, does not start, or hangs.
    """
    if _hangs:
        raise AudioError("The sound system does not answer any more.", "Start Parley again.")
    module = _import()
    silence_alsa()
    return module


def _import() -> ModuleType:
    try:
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
    global _hangs
    if _hangs and load_second_copy(_import()):
        _hangs = False
    sounddevice = load()

    def start_anew() -> None:
        if sounddevice._initialized:
            sounddevice._terminate()
        sounddevice._initialize()

    try:
        with quiet():
            _in_time(start_anew, OPEN_TIMEOUT_S, "starting the sound system")
    except (sounddevice.PortAudioError, TimeoutError) as exc:
        raise AudioError(
            "The sound system does not start.", "Check that sound works in other programs."
        ) from exc


def list_devices() -> list[Device]:
    """All devices, as of the last `restart`.

    Raises:
        AudioError: there is no PortAudio.
    """
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


def open_stream(kind: Kind, device: Device, callback: StreamCallback) -> OpenStream:
    """Open a device at its native rate, not started; mono, or stereo where mono is refused.

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
    waits = kind == "input" and device.host_api == "ALSA"
    failure: Exception | None = None
    for channels in sorted({1, min(2, most)}):
        try:
            with quiet():
                stream = _open_in_time(
                    partial(
                        stream_class,
                        samplerate=device.rate,
                        device=device.index,
                        channels=channels,
                        dtype="float32",
                        latency=ALSA_INPUT_LATENCY_S if waits else LATENCY_S,
                        extra_settings=extra,
                        callback=callback,
                    ),
                    device,
                )
        except TimeoutError as exc:
            raise _cannot_open(kind, device, exc) from exc
        except (sounddevice.PortAudioError, ValueError) as exc:
            failure = exc
        else:
            return OpenStream(stream, kind, device)
    assert failure is not None
    raise _cannot_open(kind, device, failure) from failure


def _open_in_time(make: Callable[[], Any], device: Device) -> Any:
    made: list[Any] = []
    _in_time(lambda: made.append(make()), OPEN_TIMEOUT_S, f"opening {device.name}")
    return made[0]


def _cannot_open(kind: Kind, device: Device, exc: Exception) -> AudioError:
    log.debug("cannot open %s (%s): %s", device.name, device.host_api, exc)
    return AudioError(
        f"{device.label} cannot be opened.",
        f"Check that a {NOUN[kind]} is plugged in and that no other program keeps it.",
    )
