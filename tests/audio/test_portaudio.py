from __future__ import annotations

import ctypes
import os
import sys
import threading

import pytest

from app.audio import portaudio
from app.audio.devices import Device
from app.audio.portaudio import OpenStream
from app.audio.quiet import quiet
from app.errors import AudioError

DEVICE = Device(0, "Yeti", "ALSA", inputs=1, outputs=0, rate=48_000)


class DeadStream:
    """A stream whose closing never returns, as PortAudio's does after some losses."""

    samplerate = 48_000.0
    latency = 0.04

    def __init__(self) -> None:
        self.released = threading.Event()

    def close(self, ignore_errors: bool) -> None:
        self.released.wait(30)


@pytest.mark.sound
def test_a_close_that_hangs_is_left_behind_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portaudio, "CLOSE_TIMEOUT_S", 0.05)
    monkeypatch.setattr(portaudio, "_hangs", False)
    monkeypatch.setattr(portaudio, "silence_for_good", lambda: None)
    stream = DeadStream()
    try:
        OpenStream(stream, "input", DEVICE).close()
        with pytest.raises(AudioError, match="Start Parley again"):
            portaudio.list_devices()
    finally:
        stream.released.set()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="C output is kept on Linux only")
def test_c_output_is_kept_off_the_terminal_and_python_output_is_not(
    capfd: pytest.CaptureFixture[str],
) -> None:
    libc = ctypes.CDLL(None)

    def print_from_c(text: bytes) -> None:
        libc.fputs(text, ctypes.c_void_p.in_dll(libc, "stderr"))
        libc.fflush(None)

    with quiet():
        print_from_c(b"chatter\n")
        os.write(2, b"a traceback\n")
    print_from_c(b"after\n")
    assert capfd.readouterr().err == "a traceback\nafter\n"
